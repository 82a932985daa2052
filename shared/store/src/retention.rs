//! How long what the vendors answered is kept: snapshots in the table, and the pages that they were read from.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use truecount_billing::start_of_day;
use truecount_reconciliation::PEAK_DAYS_BACK;

/// The folder of all page batches.
const PAGES: &str = "raw/";

/// The days of a peak, and the count day.
const PEAK_DAYS: u32 = PEAK_DAYS_BACK + 1;

/// How many days a snapshot and its pages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    days: u32,
}

impl Retention {
    /// So many days, counted from the day that a snapshot is for.
    #[must_use]
    pub const fn of_days(days: u32) -> Self {
        Self { days }
    }

    /// The day on which what was read for `as_of` expires.
    pub(crate) fn until(self, as_of: Date) -> Date {
        as_of.saturating_add(Span::new().days(i64::from(self.days)))
    }

    /// When the rows of a snapshot expire, in seconds since 1970, as DynamoDB's TTL wants it.
    pub(crate) fn expires(self, as_of: Date) -> i64 {
        start_of_day(self.until(as_of)).map_or(i64::MAX, Timestamp::as_second)
    }

    /// Whether what is kept until a day can be referred to by a snapshot of today, instead of being written again: it
    /// is there for another quarter of the time and for the days of a peak, so that no run that uses the snapshot finds it gone.
    pub(crate) fn can_refer(self, kept_until: Date, today: Date) -> bool {
        let days = (self.days / 4).max(PEAK_DAYS);
        today.until(kept_until).is_ok_and(|left| i64::from(left.get_days()) >= i64::from(days))
    }

    /// The folder of the archive in which pages expire.
    #[must_use]
    pub fn folder() -> &'static str {
        PAGES.trim_end_matches('/')
    }

    /// Whether a file of the archive is a batch of pages that is no longer kept.
    #[must_use]
    pub fn is_expired(self, key: &str, today: Date) -> bool {
        let crawl = key.strip_prefix(PAGES).and_then(|key| key.split('/').nth(1));
        let as_of = crawl.and_then(|crawl| crawl.get(..10)).and_then(|day| day.parse().ok());
        as_of.is_some_and(|as_of| self.until(as_of) <= today)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use truecount_billing::SourceId;

    use super::*;
    use crate::{SnapshotId, object};

    #[test]
    fn pages_expire_by_the_day_they_were_read_for() {
        let retention = Retention::of_days(90);
        let id = SnapshotId { as_of: date(2026, 1, 31), lease: 7 };
        let key = object::page_batch(&SourceId::new("rmm").unwrap(), id, 0);
        assert!(key.starts_with(&format!("{}/", Retention::folder())), "{key}");
        assert!(!retention.is_expired(&key, date(2026, 4, 30)));
        assert!(retention.is_expired(&key, date(2026, 5, 1)));
    }

    #[test]
    fn nothing_else_expires() {
        let far = date(2099, 1, 1);
        for key in ["reports/2026-01/2026-01-31-000007/x", "raw/rmm", "raw/rmm/notes/1.txt", "raw/2026-01-31-000001.gz"]
        {
            assert!(!Retention::of_days(35).is_expired(key, far), "{key}");
        }
    }

    #[test]
    fn what_a_peak_of_the_coming_month_may_count_is_written_again_before_it_expires() {
        let short = Retention::of_days(90);
        let kept_until = short.until(date(2026, 1, 1));
        assert!(short.can_refer(kept_until, date(2026, 2, 25)));
        assert!(!short.can_refer(kept_until, date(2026, 2, 26)), "34 days are left of it");
    }

    #[test]
    fn a_longer_time_does_not_refer_to_what_is_kept_shorter() {
        let (short, long) = (Retention::of_days(90), Retention::of_days(400));
        let kept_until = short.until(date(2026, 1, 1));
        assert!(short.can_refer(kept_until, date(2026, 1, 2)));
        assert!(!long.can_refer(kept_until, date(2026, 1, 2)));
        assert!(!short.can_refer(kept_until, date(2026, 4, 1)));
    }
}
