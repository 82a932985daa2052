//! Values of cells: what a row must be able to tell, and what keys, days and words are.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    fmt::temporal::Pieces,
    tz::TimeZone,
};
use rust_decimal::Decimal;
use truecount_billing::{Currency, decimal_from_text};
use truecount_tabular::{Cell, CellKind, FileRow, Obstacle};

use crate::{
    field::Holds,
    profile::Target,
    profile_reader::{word_fault, word_kind},
};

/// A row whose columns' forms are settled.
pub trait ExportRow {
    /// Its line, counted from 1.
    fn line(&self) -> u64;

    /// What stands in a column, counted from 0.
    fn cell(&self, column: usize) -> Cell<'_>;

    /// A column's number; `None`: it is none.
    fn decimal(&self, column: usize) -> Option<Decimal>;

    /// A column's day or moment; `None`: it is neither.
    fn time(&self, column: usize) -> Option<WrittenTime>;

    /// What makes the row unreadable.
    fn obstacles(&self) -> &[Obstacle];
}

/// A day or moment as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenTime {
    /// A calendar day.
    Day(Date),
    /// A day and a time of day, of nobody knows which zone.
    Local(DateTime),
    /// A moment: the day and time that are written, and when that is.
    At(DateTime, Timestamp),
}

/// A row in plain form: numbers such as `-1234.5`, days and moments of ISO 8601.
impl ExportRow for FileRow<'_> {
    fn line(&self) -> u64 {
        FileRow::line(self)
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        FileRow::cell(self, column)
    }

    fn decimal(&self, column: usize) -> Option<Decimal> {
        decimal_from_text(FileRow::cell(self, column).text).ok()
    }

    fn time(&self, column: usize) -> Option<WrittenTime> {
        plain_time(FileRow::cell(self, column).text.trim())
    }

    fn obstacles(&self) -> &[Obstacle] {
        FileRow::obstacles(self)
    }
}

/// A day or moment of ISO 8601.
pub(crate) fn plain_time(text: &str) -> Option<WrittenTime> {
    if text.len() == 10 {
        return text.parse().ok().map(WrittenTime::Day);
    }
    match text.parse::<Timestamp>() {
        Ok(at) => Some(WrittenTime::At(local(Pieces::parse(text).ok()?)?, at)),
        Err(_) => text.parse().ok().map(WrittenTime::Local),
    }
}

fn local(pieces: Pieces<'_>) -> Option<DateTime> {
    Some(pieces.date().to_datetime(pieces.time()?))
}

/// Why a time does not tell what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeedsZone;

impl WrittenTime {
    /// The calendar day. Midnight, wherever it was written, is a day; any other time of day belongs to the day that it
    /// has in the zone.
    pub(crate) fn day(self, zone: Option<&TimeZone>) -> Result<Date, NeedsZone> {
        match self {
            Self::Day(day) => Ok(day),
            Self::Local(written) | Self::At(written, _) if written.time() == Time::midnight() => Ok(written.date()),
            Self::Local(written) => zone.map(|_| written.date()).ok_or(NeedsZone),
            Self::At(_, at) => zone.map(|zone| zone.to_datetime(at).date()).ok_or(NeedsZone),
        }
    }

    /// The moment. A day is its beginning.
    pub(crate) fn moment(self, zone: Option<&TimeZone>) -> Result<Timestamp, NeedsZone> {
        let (written, is_day) = match self {
            Self::At(_, at) => return Ok(at),
            Self::Day(day) => (day.to_datetime(Time::midnight()), true),
            Self::Local(written) => (written, written.time() == Time::midnight()),
        };
        let zone = match zone {
            Some(zone) => zone,
            None if is_day => &TimeZone::UTC,
            None => return Err(NeedsZone),
        };
        zone.to_timestamp(written).map_err(|_| NeedsZone)
    }
}

/// Whether an id was damaged by a spreadsheet: it is in scientific notation, or a number of more digits than a
/// spreadsheet keeps.
pub(crate) fn is_damaged_id(cell: &Cell<'_>) -> bool {
    const DIGITS_KEPT: usize = 15;
    let text = cell.text.trim();
    if cell.kind == CellKind::Number {
        let digits = text.trim_start_matches('-').trim_start_matches('0');
        return text.contains(['e', 'E']) || digits.bytes().filter(u8::is_ascii_digit).count() > DIGITS_KEPT;
    }
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (exponent, is_signed) = match exponent.strip_prefix(['+', '-']) {
        Some(exponent) => (exponent, true),
        None => (exponent, false),
    };
    match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => whole.len() == 1 && is_digits(whole) && is_digits(fraction) && is_digits(exponent),
        // `12E4` may well be an id; only a spreadsheet writes the sign.
        None => is_signed && is_digits(mantissa) && is_digits(exponent),
    }
}

/// Why a constant, or the meaning of a word, is none for its field.
pub(crate) fn plain_value_fault(target: &Target, text: &str) -> Option<String> {
    if let Some(kind) = word_kind(target) {
        return word_fault(kind, text);
    }
    let Target::Field(field) = target else { return None };
    match field.holds() {
        Holds::Number => decimal_from_text(text).err().map(|why| why.to_string()),
        Holds::Day | Holds::Moment if plain_time(text).is_none() => Some("write a day such as 2026-06-30".to_owned()),
        Holds::Currency => Currency::new(text).err().map(|why| why.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_a_spreadsheet_made_a_number_of_is_seen() {
        let of = |text, kind| is_damaged_id(&Cell { text, kind });
        for text in ["9.91214E+15", "9,91214E+15", "1E+15", "9.9e15", " 9.91214E+15 "] {
            assert!(of(text, CellKind::Text), "{text}");
        }
        for text in ["12E4", "1234567890123456789", "E+15", "9.9.1E+15", "12.34E+5", "AE15", "", "1E", "3E-mail"] {
            assert!(!of(text, CellKind::Text), "{text}");
        }
        assert!(of("9912140000000000", CellKind::Number) && of("9.9E+30", CellKind::Number));
        assert!(!of("991214000000000", CellKind::Number) && !of("0000000000000000012", CellKind::Number));
    }

    #[test]
    fn a_time_of_day_is_a_day_only_in_a_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, without, within) in [
            ("2026-11-30", Some("2026-11-30"), "2026-11-30"),
            ("2026-11-30T00:00:00", Some("2026-11-30"), "2026-11-30"),
            ("2026-11-30T00:00:00Z", Some("2026-11-30"), "2026-11-30"),
            ("2026-11-30T00:00:00+01:00", Some("2026-11-30"), "2026-11-30"),
            ("2026-11-29T23:00:00Z", None, "2026-11-30"),
            ("2026-11-29T23:00:00", None, "2026-11-29"),
        ] {
            let time = plain_time(text).unwrap();
            assert_eq!(time.day(None).ok(), without.map(|day| day.parse().unwrap()), "{text}");
            assert_eq!(time.day(Some(&berlin)), Ok(within.parse().unwrap()), "{text}");
        }
        assert_eq!(plain_time("30/11/2026"), None);
    }

    #[test]
    fn a_moment_needs_a_zone_or_an_offset() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, without, within) in [
            ("2026-11-30", Some("2026-11-30T00:00:00Z"), "2026-11-29T23:00:00Z"),
            ("2026-11-30T08:00:00", None, "2026-11-30T07:00:00Z"),
            ("2026-11-30T08:00:00+02:00", Some("2026-11-30T06:00:00Z"), "2026-11-30T06:00:00Z"),
        ] {
            let time = plain_time(text).unwrap();
            assert_eq!(time.moment(None).ok(), without.map(|at| at.parse().unwrap()), "{text}");
            assert_eq!(time.moment(Some(&berlin)), Ok(within.parse().unwrap()), "{text}");
        }
    }
}
