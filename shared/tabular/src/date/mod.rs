//! Days and moments as people and programs write them: ISO 8601, with slashes, points or dashes, with the month's name,
//! with a time of day, with an offset from UTC.
//!
//! One thing a day alone does not always tell: which of 1/2/2026 is the month. Names of time zones are not read: CST is
//! several of them.

mod evidence;
mod names;
mod scan;

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

pub use evidence::{DateEvidence, DateFinding};
use scan::Numbers;

/// In which order the numbers of a day stand, where its own form does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateOrder {
    /// 31/12/2026
    DayMonthYear,
    /// 12/31/2026
    MonthDayYear,
    /// 26-12-31; with four digits for the year it needs no telling.
    YearMonthDay,
}

impl DateOrder {
    pub(crate) const ALL: [Self; 3] = [Self::DayMonthYear, Self::MonthDayYear, Self::YearMonthDay];
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayMonthYear => "D/M/Y",
            Self::MonthDayYear => "M/D/Y",
            Self::YearMonthDay => "Y/M/D",
        })
    }
}

/// A day, with its time of day and offset where they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) date: Date,
    pub(crate) time: Option<Time>,
    pub(crate) offset: Option<Offset>,
}

impl Stamp {
    pub(crate) fn is_midnight(&self) -> bool {
        self.time.is_none_or(|time| time == Time::midnight())
    }

    /// The day in a zone. Without one, or without a time, the day as it is written.
    pub(crate) fn day(&self, zone: Option<&TimeZone>) -> Option<Date> {
        let (Some(zone), Some(_), Some(_)) = (zone, self.time, self.offset) else { return Some(self.date) };
        Some(zone.to_datetime(self.moment(None)?).date())
    }

    /// The moment; what has no offset is in the zone, and in UTC without one.
    pub(crate) fn moment(&self, zone: Option<&TimeZone>) -> Option<Timestamp> {
        let local = DateTime::from_parts(self.date, self.time.unwrap_or(Time::midnight()));
        match (self.offset, zone) {
            (Some(offset), _) => offset.to_timestamp(local).ok(),
            (None, Some(zone)) => zone.to_timestamp(local).ok(),
            (None, None) => Offset::UTC.to_timestamp(local).ok(),
        }
    }
}

/// Reads a day or a moment.
pub(crate) fn stamp(text: &str, order: DateOrder) -> Option<Stamp> {
    if let Some(stamp) = plain(text.as_bytes()) {
        return Some(stamp);
    }
    let written = scan::scan(text)?;
    Some(Stamp { date: written.numbers.date(order)?, time: written.time, offset: written.offset })
}

/// `2026-06-30` or `2026-06-30T08:00:00Z`.
#[inline]
pub(crate) fn plain(text: &[u8]) -> Option<Stamp> {
    let (date, time) = match text {
        [date @ .., b'T', h, i, b':', m, n, b':', s, t, b'Z'] if date.len() == 10 => {
            let two = |tens: u8, ones: u8| i8::try_from(two(tens, ones)?).ok();
            (date, Some(Time::new(two(*h, *i)?, two(*m, *n)?, two(*s, *t)?, 0).ok()?))
        }
        date => (date, None),
    };
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = date else { return None };
    let year = two(a, b)? * 100 + two(c, d)?;
    let date = Date::new(year, i8::try_from(two(e, f)?).ok()?, i8::try_from(two(g, h)?).ok()?).ok()?;
    Some(Stamp { date, time, offset: time.map(|_| Offset::UTC) })
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i16> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
}

impl Numbers {
    /// The day in this order; `None` if there is no such day.
    fn date(&self, order: DateOrder) -> Option<Date> {
        match *self {
            Self::Known { year, month, day } => Date::new(year, month, day).ok(),
            Self::DayFirst { first, second, year } if order == DateOrder::DayMonthYear => {
                Date::new(year, second, first).ok()
            }
            Self::Open { first, second, third } => {
                let (year, month, day) = match order {
                    DateOrder::DayMonthYear => (third, second, first),
                    DateOrder::MonthDayYear => (third, first, second),
                    DateOrder::YearMonthDay => (first, second, third),
                };
                let short =
                    |number: scan::Part| (number.digits <= 2).then(|| i8::try_from(number.value).ok()).flatten();
                Date::new(year.year()?, short(month)?, short(day)?).ok()
            }
            Self::DayFirst { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, order: DateOrder, expected: &str) {
        let shown = stamp(text, order).map(|stamp| {
            let time = stamp.time.map_or(String::new(), |time| format!("T{time}"));
            let offset = stamp.offset.map_or(String::new(), |offset| offset.to_string());
            format!("{}{time}{offset}", stamp.date)
        });
        assert_eq!(shown.as_deref().unwrap_or("none"), expected, "{text:?} as {order}");
    }

    #[test]
    fn a_day_whose_form_tells_is_the_same_in_every_order() {
        for (text, expected) in [
            ("2026-06-30", "2026-06-30"),
            ("2026/6/3", "2026-06-03"),
            ("2026.06.30.", "2026-06-30"),
            ("20260630", "2026-06-30"),
            ("2026-06-30T08:00:00Z", "2026-06-30T08:00:00+00"),
            ("2026-06-30 08:00", "2026-06-30T08:00:00"),
            ("2026-06-30T08:00:00.123456+02:00", "2026-06-30T08:00:00.123456+02"),
            ("2026-06-30T08:00:00-0530", "2026-06-30T08:00:00-05:30"),
            ("2026-06-30 08:00:00 UTC", "2026-06-30T08:00:00+00"),
            ("30 Jun 2026", "2026-06-30"),
            ("30-Jun-26", "2026-06-30"),
            ("Jun 30, 2026", "2026-06-30"),
            ("June 30th, 2026 2:30 PM", "2026-06-30T14:30:00"),
            ("30. Juni 2026", "2026-06-30"),
            ("30 juin 2026", "2026-06-30"),
            ("1er août 2026", "2026-08-01"),
            ("30 de junio de 2026", "2026-06-30"),
            ("Tuesday, June 30, 2026", "2026-06-30"),
            ("Tue, 30 Jun 2026 12:00:00 GMT", "2026-06-30T12:00:00+00"),
            ("2026-Jun-30", "2026-06-30"),
            ("Tue Jun 30 2026 14:30:00 GMT+0200 (CEST)", "2026-06-30T14:30:00+02"),
            ("9999-12-31", "9999-12-31"),
            ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ] {
            for order in DateOrder::ALL {
                check(text, order, expected);
            }
        }
    }

    #[test]
    fn the_order_decides_where_the_form_does_not_tell() {
        use DateOrder::{DayMonthYear as D, MonthDayYear as M, YearMonthDay as Y};
        for (text, d, m, y) in [
            ("1/2/2026", "2026-02-01", "2026-01-02", "none"),
            ("31/12/2026", "2026-12-31", "none", "none"),
            ("12/31/2026 11:59:59 PM", "none", "2026-12-31T23:59:59", "none"),
            ("30-06-2026", "2026-06-30", "none", "none"),
            ("1.2.2026", "2026-02-01", "none", "none"),
            ("1. 2. 2026 8:05", "2026-02-01T08:05:00", "none", "none"),
            ("30.06.26", "2026-06-30", "none", "none"),
            ("01/02/03", "2003-02-01", "2003-01-02", "2001-02-03"),
            ("12/31/99", "none", "1999-12-31", "none"),
            ("26-12-31", "2031-12-26", "none", "2026-12-31"),
            ("6/30/2026, 12:05 a.m.", "none", "2026-06-30T00:05:00", "none"),
        ] {
            check(text, D, d);
            check(text, M, m);
            check(text, Y, y);
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for text in [
            "",
            "2026",
            "06/2026",
            "Jun 2026",
            "2026-02-30",
            "2026-6",
            "32/13/2026",
            "1/2/3/4",
            "1/2-2026",
            "30 Foo 2026",
            "2026-06-30T25:00",
            "2026-06-30 08:00 CST",
            "2026-06-30T08:00:00+25:00",
            "2026-06-30x",
            "today",
            "12:00",
            "1.234",
            "1.234.567",
            "10.0.0.1",
            "1234567",
            "123456789",
            "99999999",
            "-1/2/2026",
            "2026-06-30 13:00 PM",
            "1/2/20261",
            "001/2/2026",
            "Jun Jun 30 2026",
            "30 June 30 2026",
            "2026-06-30 08",
            "2026--06-30",
            "26.06.30.",
            "Sun",
        ] {
            for order in DateOrder::ALL {
                check(text, order, "none");
            }
        }
    }

    #[test]
    fn a_day_is_that_of_the_zone_and_a_moment_needs_one() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        let stamp = |text| stamp(text, DateOrder::DayMonthYear).unwrap();
        assert_eq!(stamp("2025-12-31T23:00:00Z").day(Some(&berlin)).unwrap().to_string(), "2026-01-01");
        assert_eq!(stamp("2025-12-31T23:00:00").day(Some(&berlin)).unwrap().to_string(), "2025-12-31");
        assert_eq!(stamp("2025-12-31").moment(Some(&berlin)).unwrap().to_string(), "2025-12-30T23:00:00Z");
        assert_eq!(stamp("2025-12-31").moment(None).unwrap().to_string(), "2025-12-31T00:00:00Z");
    }
}
