//! Numbers as a workbook stores them, and the days and times that some of them are.
//!
//! A spreadsheet computes in binary and keeps 15 significant digits of what is typed, but stores up to 17: `0.3` may
//! stand in the file as `0.30000000000000004`. Fractions are therefore rounded to 15 digits, in decimal. Whole numbers
//! that are written out are left as they are: a program that writes 18 digits means them.

use std::fmt::Write as _;

use jiff::{Span, civil};

use super::formats::CellForm;
use crate::CellKind;

/// Significant digits that a spreadsheet keeps.
const DIGITS_KEPT: usize = 15;
/// Exponents beyond this are no numbers of anybody's business.
const EXPONENT_MAX: i32 = 9999;
/// Places behind the point beyond which a number is written with an exponent.
const ZEROS_MAX: i32 = 30;
const DAY_MS: u128 = 86_400_000;
/// 9999-12-31 in the system that counts from 1900.
const LAST_DAY: i64 = 2_958_465;

/// The day that a workbook counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Epoch {
    /// Day 1 is 1900-01-01. A day 60 is counted that there never was, 1900-02-29.
    Year1900,
    /// Day 0 is 1904-01-01.
    Year1904,
}

/// A decimal number taken apart: 0.DIGITS times ten to the power of `point`.
#[derive(Debug, Default)]
pub(super) struct Digits {
    is_negative: bool,
    /// Without zeros at either end.
    digits: Vec<u8>,
    point: i32,
    has_exponent: bool,
}

/// Adds a stored number as the cell's format means it: a number, a day, a moment or a time. A date that there is none
/// for stays a number. `None` if it is not written as a number.
pub(super) fn write(
    text: &str,
    form: CellForm,
    epoch: Epoch,
    digits: &mut Digits,
    out: &mut String,
) -> Option<CellKind> {
    if form == CellForm::Plain && is_short(text) {
        out.push_str(text);
        return Some(CellKind::Number);
    }
    digits.take(text)?;
    if let Some(kind) = digits.write_day(form, epoch, out) {
        return Some(kind);
    }
    digits.round();
    digits.write_number(out);
    Some(CellKind::Number)
}

/// Adds a day or a moment that is written as such (ISO 8601). `None` if it is none, or has a zone.
pub(super) fn write_iso(text: &str, out: &mut String) -> Option<CellKind> {
    if text.len() == "2026-06-30".len() {
        let day: civil::Date = text.parse().ok()?;
        let _ = write!(out, "{day}");
        return Some(CellKind::Day);
    }
    let has_zone = !text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.T".contains(&byte));
    let moment: civil::DateTime = text.parse().ok().filter(|_| !has_zone && text.contains(':'))?;
    let _ = write!(out, "{moment}");
    Some(CellKind::Moment)
}

/// Whether a number is written as it stays: few digits, a point at most, no zero in front.
fn is_short(text: &str) -> bool {
    let positive = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let (whole, fraction) = match positive.iter().position(|byte| *byte == b'.') {
        Some(at) => (&positive[..at], &positive[at + 1..]),
        None => (positive, &[b'0'][..]),
    };
    let are_digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    positive.len() <= DIGITS_KEPT
        && are_digits(whole)
        && are_digits(fraction)
        && (whole[0] != b'0' || (whole.len() == 1 && text != "-0"))
}

impl Digits {
    /// Takes a number apart.
    fn take(&mut self, text: &str) -> Option<()> {
        self.digits.clear();
        let bytes = text.trim().as_bytes();
        let (number, exponent) = match bytes.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
            None => (bytes, None),
        };
        let (is_negative, number) = signed(number);
        let mut point = None;
        for (at, byte) in number.iter().enumerate() {
            match byte {
                b'0'..=b'9' => self.digits.push(*byte),
                b'.' if point.is_none() => point = Some(at),
                _ => return None,
            }
        }
        if self.digits.is_empty() {
            return None;
        }
        let exponent_value = exponent.map_or(Some(0), exponent_of)?;
        let whole = i32::try_from(point.unwrap_or(self.digits.len())).ok()?;
        (self.is_negative, self.has_exponent) = (is_negative, exponent.is_some());
        self.point = whole.checked_add(exponent_value)?;
        self.trim();
        Some(())
    }

    fn trim(&mut self) {
        let end = self.digits.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1);
        self.digits.truncate(end);
        let zeros = self.digits.iter().position(|digit| *digit != b'0').unwrap_or(0);
        self.digits.drain(..zeros);
        self.point -= i32::try_from(zeros).unwrap_or(0);
    }

    fn is_whole(&self) -> bool {
        i32::try_from(self.digits.len()).is_ok_and(|length| length <= self.point)
    }

    /// Half away from zero, to the digits that a spreadsheet keeps.
    fn round(&mut self) {
        let Some(next) = self.digits.get(DIGITS_KEPT).copied() else { return };
        if self.is_whole() && !self.has_exponent {
            return;
        }
        self.digits.truncate(DIGITS_KEPT);
        if next >= b'5' {
            match self.digits.iter().rposition(|digit| *digit != b'9') {
                Some(at) => {
                    self.digits.truncate(at + 1);
                    self.digits[at] += 1;
                }
                None => {
                    self.digits.clear();
                    self.digits.push(b'1');
                    self.point += 1;
                }
            }
        }
        self.trim();
    }

    fn write_number(&self, out: &mut String) {
        if self.digits.is_empty() {
            out.push('0');
            return;
        }
        if self.is_negative {
            out.push('-');
        }
        let text = std::str::from_utf8(&self.digits).unwrap_or_default();
        let kept = i32::try_from(DIGITS_KEPT).unwrap_or(0);
        if (self.has_exponent && self.point > kept) || self.point < -ZEROS_MAX {
            let (first, rest) = text.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let exponent = self.point - 1;
            let _ = write!(out, "{first}{point}{rest}E{exponent:+}");
            return;
        }
        let whole = usize::try_from(self.point).unwrap_or(0);
        if whole == 0 {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', usize::try_from(-self.point).unwrap_or(0)));
            out.push_str(text);
        } else if whole >= text.len() {
            out.push_str(text);
            out.extend(std::iter::repeat_n('0', whole - text.len()));
        } else {
            let (before, behind) = text.split_at(whole);
            out.extend([before, ".", behind]);
        }
    }

    /// Whole days, and milliseconds of the day, without the sign.
    fn days(&self) -> Option<(i64, u32)> {
        const DIGITS_READ: usize = 22;
        if self.point > 8 {
            return None;
        }
        let read = &self.digits[..self.digits.len().min(DIGITS_READ)];
        let number = read.iter().fold(0_u128, |number, digit| number * 10 + u128::from(digit - b'0'));
        let places = i32::try_from(read.len()).ok()? - self.point;
        let ms = number * DAY_MS;
        let ms = match u32::try_from(places) {
            Ok(places @ 0..=37) => {
                let unit = 10_u128.pow(places);
                (ms + unit / 2) / unit
            }
            Ok(_) => 0,
            Err(_) => ms * 10_u128.pow(places.unsigned_abs()),
        };
        Some((i64::try_from(ms / DAY_MS).ok()?, u32::try_from(ms % DAY_MS).ok()?))
    }

    /// Adds a day or a time, if the format means one and there is one.
    fn write_day(&self, form: CellForm, epoch: Epoch, out: &mut String) -> Option<CellKind> {
        if form == CellForm::Plain {
            return None;
        }
        let (days, ms) = self.days()?;
        if form == CellForm::Elapsed {
            out.push_str(if self.is_negative { "-" } else { "" });
            write_clock(days * 24, ms, out);
            return Some(CellKind::Time);
        }
        if self.is_negative {
            return None;
        }
        if form == CellForm::Clock && days == 0 {
            write_clock(0, ms, out);
            return Some(CellKind::Time);
        }
        let day = day_of(days, epoch)?;
        let _ = write!(out, "{day}");
        if ms == 0 && form == (CellForm::Calendar { has_clock: false }) {
            return Some(CellKind::Day);
        }
        out.push('T');
        write_clock(0, ms, out);
        Some(CellKind::Moment)
    }
}

fn signed(number: &[u8]) -> (bool, &[u8]) {
    match number {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, number),
    }
}

fn exponent_of(bytes: &[u8]) -> Option<i32> {
    let (is_negative, digits) = signed(bytes);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent: i32 = std::str::from_utf8(digits).ok()?.parse().ok().filter(|exponent| *exponent <= EXPONENT_MAX)?;
    Some(if is_negative { -exponent } else { exponent })
}

fn day_of(days: i64, epoch: Epoch) -> Option<civil::Date> {
    let (first, count) = match epoch {
        Epoch::Year1900 => match days {
            1..=59 => (civil::date(1899, 12, 31), days),
            61..=LAST_DAY => (civil::date(1899, 12, 30), days),
            _ => return None,
        },
        Epoch::Year1904 => (civil::date(1904, 1, 1), Some(days).filter(|days| *days <= LAST_DAY)?),
    };
    first.checked_add(Span::new().try_days(count).ok()?).ok()
}

fn write_clock(hours: i64, ms: u32, out: &mut String) {
    let seconds = ms / 1000;
    let hours = hours + i64::from(seconds / 3600);
    let _ = write!(out, "{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if !ms.is_multiple_of(1000) {
        let _ = write!(out, ".{:03}", ms % 1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_form(text: &str, form: CellForm, epoch: Epoch) -> String {
        let mut out = String::new();
        match write(text, form, epoch, &mut Digits::default(), &mut out) {
            Some(kind) => format!("{kind:?} {out}"),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn a_number_is_what_was_typed() {
        for (stored, typed) in [
            ("0", "0"),
            ("-0", "0"),
            ("5", "5"),
            ("1.50", "1.50"),
            ("007", "7"),
            ("+.5", "0.5"),
            ("5.", "5"),
            ("0.30000000000000004", "0.3"),
            ("4.5199999999999996", "4.52"),
            ("0.99999999999999989", "1"),
            ("-999.99999999999989", "-1000"),
            ("0.33333333333333331", "0.333333333333333"),
            ("0.1234567890123455", "0.123456789012346"),
            ("0.1234567890123454", "0.123456789012345"),
            ("5.0000000000000002E-5", "0.00005"),
            ("1.2345678901234567E+17", "1.23456789012346E+17"),
            ("1E-7", "0.0000001"),
            ("1E-40", "1E-40"),
            ("1.5E3", "1500"),
            ("123456789012345", "123456789012345"),
            ("123456789012345678", "123456789012345678"),
            ("9007199254740993", "9007199254740993"),
            ("1234567890123456.7", "1234567890123460"),
            ("1.23456789012345E14", "123456789012345"),
            ("1.2345678901234E+15", "1.2345678901234E+15"),
            ("9.9E+15", "9.9E+15"),
            ("1e300", "1E+300"),
            ("0E5", "0"),
        ] {
            let plain = as_form(stored, CellForm::Plain, Epoch::Year1900);
            assert_eq!(plain, format!("Number {typed}"), "{stored}");
        }
        for text in ["", "-", ".", "1,5", "NaN", "1E", "1E99999999999", "1E20000", "0x1", "1 2", "--1", "1.2.3"] {
            assert_eq!(as_form(text, CellForm::Plain, Epoch::Year1900), "none", "{text}");
        }
    }

    #[test]
    fn a_day_may_be_written_as_such() {
        for (text, shown) in [
            ("2026-06-30", Some("Day 2026-06-30")),
            ("2026-06-30T08:00:00", Some("Moment 2026-06-30T08:00:00")),
            ("2026-06-30T08:00:00.25", Some("Moment 2026-06-30T08:00:00.25")),
            ("2026-06-30T08:00:00Z", None),
            ("2026-06-31", None),
            ("20260630", None),
            ("30.06.2026", None),
            ("", None),
        ] {
            let mut out = String::new();
            let kind = write_iso(text, &mut out);
            assert_eq!(kind.map(|kind| format!("{kind:?} {out}")).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn a_date_is_the_day_that_the_workbook_counts() {
        let (day, moment) = (CellForm::Calendar { has_clock: false }, CellForm::Calendar { has_clock: true });
        for (stored, form, epoch, shown) in [
            ("1", day, Epoch::Year1900, "Day 1900-01-01"),
            ("59", day, Epoch::Year1900, "Day 1900-02-28"),
            ("60", day, Epoch::Year1900, "Number 60"),
            ("61", day, Epoch::Year1900, "Day 1900-03-01"),
            ("46203", day, Epoch::Year1900, "Day 2026-06-30"),
            ("2958465", day, Epoch::Year1900, "Day 9999-12-31"),
            ("2958466", day, Epoch::Year1900, "Number 2958466"),
            ("0", day, Epoch::Year1900, "Number 0"),
            ("0.5", day, Epoch::Year1900, "Number 0.5"),
            ("-1", day, Epoch::Year1900, "Number -1"),
            ("0", day, Epoch::Year1904, "Day 1904-01-01"),
            ("44741", day, Epoch::Year1904, "Day 2026-06-30"),
            ("2957003", day, Epoch::Year1904, "Day 9999-12-31"),
            ("2957004", day, Epoch::Year1904, "Number 2957004"),
            ("46203.333333333336", day, Epoch::Year1900, "Moment 2026-06-30T08:00:00"),
            ("46203", moment, Epoch::Year1900, "Moment 2026-06-30T00:00:00"),
            ("46203.99999999999", moment, Epoch::Year1900, "Moment 2026-07-01T00:00:00"),
            ("46203.000001157409", moment, Epoch::Year1900, "Moment 2026-06-30T00:00:00.100"),
            ("4.6203E4", day, Epoch::Year1900, "Day 2026-06-30"),
            ("0.5", CellForm::Clock, Epoch::Year1900, "Time 12:00:00"),
            ("46203.5", CellForm::Clock, Epoch::Year1900, "Moment 2026-06-30T12:00:00"),
            ("1.5208333333333333", CellForm::Elapsed, Epoch::Year1900, "Time 36:30:00"),
            ("-0.0625", CellForm::Elapsed, Epoch::Year1904, "Time -01:30:00"),
            ("1E300", day, Epoch::Year1900, "Number 1E+300"),
            ("1E-300", CellForm::Clock, Epoch::Year1900, "Time 00:00:00"),
        ] {
            assert_eq!(as_form(stored, form, epoch), shown, "{stored} {form:?}");
        }
    }
}
