//! Fast, exact parsing of decimals, days and timestamps in their usual forms. Every other form goes through the slow
//! parser, which also makes the error message.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{CountDay, Currency, ID_BYTES_MAX, IdError, decimal_from_text};
use truecount_tabular::is_scientific;

/// Numbers with at most this many digits always fit.
const DIGITS_SURE: usize = 18;

pub(super) fn decimal(text: &str) -> Result<Decimal, String> {
    match short_decimal(text.as_bytes()) {
        Some(number) => Ok(number),
        None => decimal_from_text(text).map_err(|e| e.to_string()),
    }
}

/// Empty: not stated, which is not zero.
pub(super) fn decimal_if_any(text: &str) -> Result<Option<Decimal>, String> {
    if text.trim().is_empty() { Ok(None) } else { decimal(text).map(Some) }
}

fn short_decimal(text: &[u8]) -> Option<Decimal> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > DIGITS_SURE {
        return None;
    }
    let (mut units, mut point) = (0_i64, None);
    for (place, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => units = units * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() && place > 0 => point = Some(place),
            _ => return None,
        }
    }
    let scale = match point {
        Some(place) if place + 1 == digits.len() => return None,
        Some(place) => digits.len() - place - 1,
        None => 0,
    };
    Some(Decimal::new(if is_negative { -units } else { units }, u32::try_from(scale).ok()?))
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    match plain_day(text.as_bytes()) {
        Some(day) => Ok(day),
        None => text.trim().parse::<CountDay>().map(|day| day.0).map_err(|e| e.to_string()),
    }
}

pub(super) fn day_if_any(text: &str) -> Result<Option<Date>, String> {
    if text.trim().is_empty() { Ok(None) } else { day(text).map(Some) }
}

/// `YYYY-MM-DD`.
fn plain_day(text: &[u8]) -> Option<Date> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text else { return None };
    let year = two(a, b)? * 100 + two(c, d)?;
    Date::new(year, i8::try_from(two(e, f)?).ok()?, i8::try_from(two(g, h)?).ok()?).ok()
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i16> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
}

/// A timestamp, or the start of a day; in UTC unless an offset is given.
pub(super) fn moment_if_any(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(moment) = plain_moment(text.as_bytes()) {
        return Ok(Some(moment));
    }
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let moment = text.parse::<Timestamp>().ok().or_else(|| {
        let midnight = format!("{text}T00:00:00Z");
        (text.len() == 10).then(|| midnight.parse().ok()).flatten()
    });
    let shown = || text.chars().take(40).flat_map(char::escape_debug).collect::<String>();
    moment
        .map(Some)
        .ok_or_else(|| format!("`{}` is not a date and time: write 2026-06-30T08:00:00Z, or leave it empty", shown()))
}

/// `YYYY-MM-DDTHH:MM:SSZ`.
fn plain_moment(text: &[u8]) -> Option<Timestamp> {
    let &[y, e, a, r, b'-', m, o, b'-', d, n, b'T', h, u, b':', i, t, b':', s, c, b'Z'] = text else { return None };
    let (year, month, day) = (i64::from(two(y, e)? * 100 + two(a, r)?), i64::from(two(m, o)?), i64::from(two(d, n)?));
    let (hour, minute, second) = (i64::from(two(h, u)?), i64::from(two(i, t)?), i64::from(two(s, c)?));
    // from the 31st on, and at the end of February, the calendar decides
    let is_sure = (1..=12).contains(&month) && (1..=if month == 2 { 28 } else { 30 }).contains(&day);
    if hour > 23 || minute > 59 || second > 59 || !(is_sure || plain_day(&text[..10]).is_some()) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Timestamp::from_second(seconds).ok()
}

/// Days of the Gregorian calendar, counted from March so that the leap day comes last. Years from 0.
#[inline]
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2) + 400;
    let months = if month <= 2 { month + 9 } else { month - 3 };
    let day_of_year = (153 * months + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468 - 146_097
}

pub(super) fn currency_if_any(text: &str) -> Result<Option<Currency>, String> {
    if text.trim().is_empty() { Ok(None) } else { Currency::new(text).map(Some).map_err(|e| e.to_string()) }
}

/// Why a text cannot be an id in a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListIdFault {
    /// It is none anywhere.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A spreadsheet has made one number of many.
    #[error(
        "`{0}` is what a spreadsheet makes of a long number, and many become one; export anew, and do not save from a \
         spreadsheet"
    )]
    Scientific(String),
}

/// Checks the grammar of an id without creating one.
#[inline]
pub(super) fn check_id(text: &str) -> Result<(), ListIdFault> {
    let bytes = text.as_bytes();
    if bytes.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong.into());
    }
    if is_scientific(text) {
        return Err(ListIdFault::Scientific(text.to_owned()));
    }
    // no early end: so it is done for many bytes at once
    let is_plain = bytes.iter().fold(!bytes.is_empty(), |plain, byte| plain & byte.is_ascii_graphic());
    if is_plain {
        return Ok(());
    }
    if text.trim().is_empty() {
        return Err(IdError::Empty.into());
    }
    if text.chars().any(char::is_control) { Err(IdError::Control.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same() {
        for text in ["0", "12", "-0.50", "7.1", "999999999999999999", "1234567890123456789.5", " 7 ", "-3"] {
            assert_eq!(decimal(text), decimal_from_text(text).map_err(|e| e.to_string()), "{text}");
            assert_eq!(decimal(text).unwrap().scale(), decimal_from_text(text).unwrap().scale(), "{text}");
        }
        for text in ["", "-", ".5", "5.", "1,5", "1e3", "--1", "1.2.3", "+1"] {
            assert!(short_decimal(text.as_bytes()).is_none(), "{text}");
            assert!(decimal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments() {
        for text in [
            "2026-06-30T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2000-02-29T12:00:01Z",
            "1969-12-31T23:59:59Z",
            "0000-02-29T00:00:00Z",
            "9999-12-29T23:59:59Z",
            "2100-03-01T00:00:00Z",
            "2026-01-31T01:02:03Z",
            "2026-04-30T01:02:03Z",
            "2024-02-29T01:02:03Z",
        ] {
            assert_eq!(plain_moment(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
        }
        assert_eq!(moment_if_any("2026-06-30").unwrap(), Some("2026-06-30T00:00:00Z".parse().unwrap()));
        assert_eq!(moment_if_any("2026-06-30T02:00:00+02:00").unwrap(), Some("2026-06-30T00:00:00Z".parse().unwrap()));
        assert_eq!(moment_if_any(""), Ok(None));
        for text in [
            "2026-02-30T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-06-30T24:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "yesterday",
            "2026-06-3",
            "30/06/2026",
        ] {
            assert!(moment_if_any(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days() {
        assert_eq!(day("2026-06-30").unwrap().to_string(), "2026-06-30");
        for text in ["2026-02-30", "2026-6-30", "30.06.2026", "", "2026-06-30T00:00:00Z"] {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_that_a_spreadsheet_has_made_a_number_is_none() {
        for text in ["9.91214E+15", "1e+05", "9.91214E+115"] {
            assert_eq!(check_id(text), Err(ListIdFault::Scientific(text.to_owned())), "{text}");
        }
        for text in ["a+15", "9.91214E15", "E+15", "+15", "1234567890123456", "x1E+05"] {
            assert_eq!(check_id(text), Ok(()), "{text}");
        }
    }
}
