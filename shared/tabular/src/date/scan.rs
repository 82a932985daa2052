//! Takes the text of a day or moment apart.

use jiff::{civil::Time, tz::Offset};

use super::names;
use crate::text::is_blank;

/// Longer texts are no days.
const TEXT_BYTES_MAX: usize = 80;

/// A day as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) numbers: Numbers,
    pub(super) time: Option<Time>,
    pub(super) offset: Option<Offset>,
}

/// The numbers of a day, as far as their form tells what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Year first in four digits, or the month by its name.
    Known { year: i16, month: i8, day: i8 },
    /// With points between: nobody writes the month first so.
    DayFirst { first: i8, second: i8, year: i16 },
    /// Any order.
    Open { first: Part, second: Part, third: Part },
}

/// A number, and how many digits it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) value: u32,
    pub(super) digits: usize,
}

impl Part {
    fn small(self) -> Option<i8> {
        (self.digits <= 2).then(|| i8::try_from(self.value).ok()).flatten()
    }

    /// The year; of two digits those from 1969 to 2068, as POSIX has it.
    pub(super) fn year(self) -> Option<i16> {
        let year = i16::try_from(self.value).ok()?;
        match self.digits {
            4 => Some(year),
            2 => Some(if year < 69 { year + 2000 } else { year + 1900 }),
            _ => None,
        }
    }
}

/// Reads a whole text.
pub(super) fn scan(text: &str) -> Option<Written> {
    if text.len() > TEXT_BYTES_MAX || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut rest = Rest(text.trim_matches(is_blank));
    let numbers = rest.numbers()?;
    rest.take('.');
    if rest.0.is_empty() {
        return Some(Written { numbers, time: None, offset: None });
    }
    let is_apart = rest.take('T') | rest.take(',') | rest.blanks();
    if !is_apart {
        return None;
    }
    let time = rest.time()?;
    let offset = rest.offset()?;
    rest.note();
    rest.0.is_empty().then_some(Written { numbers, time: Some(time), offset })
}

/// What was not read yet.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, c: char) -> bool {
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches(is_blank);
        let is_any = rest.len() < self.0.len();
        self.0 = rest;
        is_any
    }

    fn part(&mut self) -> Option<Part> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        if digits == 0 || digits > 8 {
            return None;
        }
        self.0 = rest;
        Some(Part { value: number.parse().ok()?, digits })
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self.0.find(|c: char| !c.is_alphabetic()).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn numbers(&mut self) -> Option<Numbers> {
        if self.0.starts_with(|c: char| c.is_ascii_digit()) {
            return self.numbers_from_digit();
        }
        let mut word = self.word()?;
        if names::is_weekday(word) {
            self.take('.');
            self.take(',');
            self.blanks();
            if self.0.starts_with(|c: char| c.is_ascii_digit()) {
                return self.numbers_from_digit();
            }
            word = self.word()?;
        }
        // June 30, 2026
        let month = names::month(word)?;
        self.between()?;
        let day = self.part()?.small()?;
        self.ordinal();
        self.take(',');
        self.between()?;
        Some(Numbers::Known { year: self.year()?, month, day })
    }

    fn numbers_from_digit(&mut self) -> Option<Numbers> {
        let first = self.part()?;
        if first.digits == 8 {
            let (year, month, day) = (first.value / 10_000, first.value / 100 % 100, first.value % 100);
            let numbers = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            let (year, month, day) = numbers;
            return (1900..2200).contains(&year).then_some(Numbers::Known { year, month, day });
        }
        let mut separated = *self;
        if let Some(separator @ ('/' | '.' | '-')) = separated.0.chars().next() {
            separated.0 = &separated.0[1..];
            if separator == '.' {
                separated.blanks();
            }
            if separated.0.starts_with(|c: char| c.is_ascii_digit()) {
                *self = separated;
                return self.numbers_behind(first, separator);
            }
        }
        // 30 June 2026, 30. Juni 2026, 30-Jun-26, 2026-Jun-30
        self.ordinal();
        self.between()?;
        let mut word = self.word()?;
        if matches!(word, "de" | "of") {
            self.blanks();
            word = self.word()?;
        }
        let month = names::month(word)?;
        self.between()?;
        if first.digits == 4 {
            return Some(Numbers::Known { year: first.year()?, month, day: self.part()?.small()? });
        }
        if self.0.starts_with("de ") {
            self.0 = &self.0[3..];
        }
        Some(Numbers::Known { year: self.year()?, month, day: first.small()? })
    }

    /// Two more numbers, behind the first and its separator.
    fn numbers_behind(&mut self, first: Part, separator: char) -> Option<Numbers> {
        let second = self.part()?;
        if !self.take(separator) {
            return None;
        }
        if separator == '.' {
            self.blanks();
        }
        let third = self.part()?;
        if self.0.starts_with(separator) && !(separator == '.' && self.0.len() == 1) {
            return None;
        }
        if first.digits == 4 {
            return Some(Numbers::Known { year: first.year()?, month: second.small()?, day: third.small()? });
        }
        // 26.06.30. is the year first in Hungary, and the day first in Latvia
        if separator == '.' && third.digits == 2 && self.0.starts_with('.') {
            return None;
        }
        if separator == '.' {
            return Some(Numbers::DayFirst { first: first.small()?, second: second.small()?, year: third.year()? });
        }
        let is_able = first.digits <= 2 && second.digits <= 2 && matches!(third.digits, 2 | 4);
        is_able.then_some(Numbers::Open { first, second, third })
    }

    fn year(&mut self) -> Option<i16> {
        self.part()?.year()
    }

    /// What stands between number, month's name and number: a point, then blanks or a dash.
    fn between(&mut self) -> Option<()> {
        let has_point = self.take('.') | self.take(',');
        let is_apart = self.blanks() || self.take('-') || self.take('/');
        (has_point || is_apart).then_some(())
    }

    /// The letters of 30th and 1er.
    fn ordinal(&mut self) {
        for ending in ["st", "nd", "rd", "th", "er"] {
            if let Some(rest) = self.0.strip_prefix(ending)
                && !rest.starts_with(char::is_alphabetic)
            {
                self.0 = rest;
                return;
            }
        }
    }

    fn time(&mut self) -> Option<Time> {
        self.blanks();
        let hour = self.part()?.small()?;
        if !self.take(':') {
            return None;
        }
        let minute = self.part()?.small()?;
        let (mut second, mut nanosecond) = (0, 0);
        if self.take(':') {
            second = self.part()?.small()?;
            if self.take('.') || self.take(',') {
                nanosecond = self.fraction()?;
            }
        }
        Time::new(self.hour_of_day(hour)?, minute, second, nanosecond).ok()
    }

    fn fraction(&mut self) -> Option<i32> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let kept = fraction.get(..9).unwrap_or(fraction);
        let nanoseconds: i32 = kept.parse().ok()?;
        Some(nanoseconds * 10_i32.pow(u32::try_from(9 - kept.len()).ok()?))
    }

    /// The hour, with the AM or PM that may stand behind the time.
    fn hour_of_day(&mut self, hour: i8) -> Option<i8> {
        let mut ahead = *self;
        ahead.blanks();
        for (names, from_noon) in [(["AM", "am", "a.m.", "A.M."], 0), (["PM", "pm", "p.m.", "P.M."], 12)] {
            for name in names {
                if let Some(rest) = ahead.0.strip_prefix(name)
                    && !rest.starts_with(char::is_alphanumeric)
                {
                    self.0 = rest;
                    return (1..=12).contains(&hour).then_some(hour % 12 + from_noon);
                }
            }
        }
        Some(hour)
    }

    /// The offset from UTC, if there is one; `None` if there is something else.
    #[expect(clippy::option_option, reason = "no offset is an answer, too")]
    fn offset(&mut self) -> Option<Option<Offset>> {
        self.blanks();
        if self.take('Z') {
            return Some(Some(Offset::UTC));
        }
        let named = self.0.strip_prefix("UTC").or_else(|| self.0.strip_prefix("GMT"));
        if let Some(rest) = named {
            self.0 = rest;
        }
        let sign = match self.0.chars().next() {
            Some('+') => 1,
            Some('-' | '\u{2212}') => -1,
            _ => return Some(named.map(|_| Offset::UTC)),
        };
        self.0 = &self.0[self.0.chars().next().map_or(0, char::len_utf8)..];
        let hours = self.part()?;
        let (hours, minutes) = match hours.digits {
            4 => (hours.value / 100, hours.value % 100),
            1 | 2 if self.take(':') => (hours.value, u32::from(self.part()?.small()?.unsigned_abs())),
            1 | 2 => (hours.value, 0),
            _ => return None,
        };
        if hours > 15 || minutes > 59 {
            return None;
        }
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Offset::from_seconds(sign * seconds).ok().map(Some)
    }

    /// The name of the zone in brackets behind an offset.
    fn note(&mut self) {
        self.blanks();
        if self.0.starts_with('(') && self.0.ends_with(')') {
            self.0 = "";
        }
    }
}
