//! The days before the count day of which a count takes the largest, and what is known of an account on one of them.
//!
//! What was there before and after a day or two on which nothing was read was there in between, too. What was there on
//! one side only may have been; of more days in a row nobody knows anything.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::columns::ItemNo;
use crate::run_inputs::{ItemsRead, RunInputs};

/// So many days in a row are told from those around them.
const GAP_DAYS_MAX: i32 = 2;

/// A month has no more days.
const MONTH_DAYS_MAX: u32 = 31;

/// Days before the count day that a peak can ask for: those of the longest month, and those from which its first are told.
pub const PEAK_DAYS_BACK: u32 = MONTH_DAYS_MAX + GAP_DAYS_MAX.unsigned_abs() + 1;

/// A day before the count day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DayBefore {
    pub(crate) day: Date,
    /// The first of the days that are looked at: what was before it makes no gap longer.
    pub(crate) first: Date,
}

/// What is known of an account's items on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OnDay {
    /// What its reading of now says: on the day of its source's snapshot or a later one, or where it was gone already.
    AsNow,
    /// All of them.
    Read(Range<ItemNo>),
    /// It was not read on a day or two; what it held before and after. Where only one of them is known, both are that.
    Between { from: Date, to: Date, before: Range<ItemNo>, after: Range<ItemNo> },
    /// It was not read on too many days in a row.
    Unread { from: Date, to: Date },
}

impl DayBefore {
    /// What is known of an account on this day.
    pub(crate) fn of_account(self, inputs: &RunInputs, number: usize) -> OnDay {
        let account = &inputs.accounts[number];
        let synced_on = inputs.sources[account.source].synced_on;
        let Self { day, first } = self;
        if day >= synced_on {
            return OnDay::AsNow;
        }
        let nothing = 0..0;
        // What its reading of now says of days: of one that is gone, that there was nothing from then on; of one that was
        // not read, what is taken for it.
        let now: Vec<(Date, &Range<ItemNo>)> = match &account.reading {
            ItemsRead::Complete(items) => vec![(synced_on, items)],
            ItemsRead::Failed { earlier: Some((day, items)) } => vec![(*day, items), (synced_on, items)],
            // Not read as empty: an undecided account may have taken its place.
            ItemsRead::Gone { confirmed: Some(since), .. } if *since <= day => return OnDay::AsNow,
            ItemsRead::Gone { confirmed: Some(since), .. } => vec![((*since).min(synced_on), &nothing)],
            _ => Vec::new(),
        };
        let of_days = account.days.range(..synced_on).map(|(day, items)| (*day, items));
        let read = || of_days.clone().chain(now.iter().copied());
        if let Some((_, items)) = read().find(|(on, _)| *on == day) {
            return OnDay::Read(items.clone());
        }
        let before = read().filter(|(on, _)| *on < day).max_by_key(|(on, _)| *on);
        let after = read().filter(|(on, _)| *on > day).min_by_key(|(on, _)| *on);
        let from = before.and_then(|(on, _)| on.tomorrow().ok()).map_or(first, |next| next.max(first));
        let to = after.map_or(synced_on, |(on, _)| on).yesterday().unwrap_or(day);
        let is_short = |from: Date| days_between(from, to) < GAP_DAYS_MAX;
        // What was read too long before the first day tells nothing of it.
        let before = before.filter(|(on, _)| is_short(on.tomorrow().unwrap_or(*on)));
        match after {
            Some((_, after)) if is_short(from) => {
                let before = before.map_or(after, |(_, items)| items);
                OnDay::Between { from, to, before: before.clone(), after: after.clone() }
            }
            // Of what is not known of now, nothing is known of the days before it.
            _ => OnDay::Unread { from, to },
        }
    }
}

/// From when on, up to a day, there is on each day an account that was not read, in a source that was read on other days;
/// where all were read on the day, that day.
pub(crate) fn unread_from(inputs: &RunInputs, day: Date) -> Date {
    let mut has_days = vec![false; inputs.sources.len()];
    inputs
        .accounts
        .iter()
        .filter(|account| !account.days.is_empty())
        .for_each(|account| has_days[account.source] = true);
    let is_unread = |day: Date| {
        let of_peaks = (0..inputs.accounts.len()).filter(|number| has_days[inputs.accounts[*number].source]);
        let mut known = of_peaks.map(|number| DayBefore { day, first: day }.of_account(inputs, number));
        known.any(|known| matches!(known, OnDay::Between { .. } | OnDay::Unread { .. }))
    };
    days_back(Date::MIN, day).take(MONTH_DAYS_MAX as usize).take_while(|day| is_unread(*day)).last().unwrap_or(day)
}

/// From the first day that a snapshot cannot tell, up to the day before the count day: whether it can be told all the same.
pub(crate) fn tail_gap(synced_on: Date, first: Date, count_day: Date) -> Option<(Date, Date, bool)> {
    let from = synced_on.tomorrow().ok()?.max(first);
    let to = count_day.yesterday().ok()?;
    (from <= to).then(|| (from, to, days_between(from, to) < GAP_DAYS_MAX))
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// The days from the first to the last, the last first.
pub(crate) fn days_back(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(last), |day| day.checked_sub(1.day()).ok()).take_while(move |day| *day >= first)
}
