//! What all values of a column say about the form of its numbers.

use super::{DecimalMark, Digits, around};
use crate::{
    cell::CellKind,
    places::{Places, Tally},
};

/// Signs of currencies that are kept by name.
const CURRENCIES_MAX: usize = 4;

/// The values of a column as numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberEvidence {
    /// Numbers of the same value in either form.
    pub(crate) same_count: u64,
    only_point: Tally,
    only_comma: Tally,
    /// Numbers of another value in the other form.
    differing: Tally,
    /// Cells that are no numbers.
    pub(crate) others: Places,
    percents: Tally,
    plain: Tally,
    currencies: Vec<&'static str>,
    second_currency: Tally,
}

/// What the values of a column come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFinding {
    /// Every number has one value: with this mark.
    Sure(DecimalMark),
    /// Some value differs between the forms, and none settles it; the line of the first.
    Open {
        /// The line.
        line: u64,
    },
    /// Some values are numbers in one form only, others in the other only.
    Mixed {
        /// The first line with a decimal point.
        point_line: u64,
        /// The first line with a decimal comma.
        comma_line: u64,
    },
    /// No value is a number.
    NoNumbers,
}

/// The commonest forms of numbers, told at a glance.
enum Plain {
    Whole,
    /// A fraction that no group of three digits can be.
    Point,
    Other,
}

impl Plain {
    #[inline]
    fn of(text: &[u8]) -> Self {
        if text.len() > 18 || text.is_empty() {
            return Self::Other;
        }
        let mut point = None;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {}
                b'.' if point.is_none() && at > 0 => point = Some(at),
                _ => return Self::Other,
            }
        }
        match point.map(|at| text.len() - at - 1) {
            None => Self::Whole,
            Some(0 | 3) => Self::Other,
            Some(_) => Self::Point,
        }
    }
}

impl NumberEvidence {
    /// Takes the text of a cell that is not blank.
    #[inline]
    pub(crate) fn take(&mut self, text: &str, kind: CellKind, line: u64) {
        match kind {
            CellKind::Text => match Plain::of(text.as_bytes()) {
                Plain::Whole => {
                    self.same_count += 1;
                    self.plain.add(line);
                }
                Plain::Point => {
                    self.only_point.add(line);
                    self.plain.add(line);
                }
                Plain::Other => self.take_text(text, line),
            },
            CellKind::Number => self.same_count += 1,
            _ => self.others.add(line, text),
        }
    }

    fn take_text(&mut self, text: &str, line: u64) {
        let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
        let Some(around) = has_digit.then(|| around::strip(text)).flatten() else {
            self.others.add(line, text);
            return;
        };
        let point = Digits::of(around.digits, DecimalMark::Point);
        let comma = Digits::of(around.digits, DecimalMark::Comma);
        match (point, comma) {
            (None, None) => {
                self.others.add(line, text);
                return;
            }
            (Some(_), None) => self.only_point.add(line),
            (None, Some(_)) => self.only_comma.add(line),
            (Some(point), Some(comma)) if point.is_same(&comma) => self.same_count += 1,
            (Some(_), Some(_)) => self.differing.add(line),
        }
        if around.is_percent {
            self.percents.add(line)
        } else {
            self.plain.add(line)
        }
        let Some(currency) = around.currency else { return };
        if !self.currencies.contains(&currency) {
            if !self.currencies.is_empty() {
                self.second_currency.add(line);
            }
            if self.currencies.len() < CURRENCIES_MAX {
                self.currencies.push(currency);
            }
        }
    }

    /// How many values are numbers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.same_count + self.only_point.count + self.only_comma.count + self.differing.count
    }

    /// How many values are none.
    #[must_use]
    pub fn other_count(&self) -> u64 {
        self.others.count
    }

    /// What all values together say.
    #[must_use]
    pub fn finding(&self) -> NumberFinding {
        match (self.only_point.first(), self.only_comma.first(), self.differing.first()) {
            (Some(point_line), Some(comma_line), _) => NumberFinding::Mixed { point_line, comma_line },
            (Some(_), None, _) => NumberFinding::Sure(DecimalMark::Point),
            (None, Some(_), _) => NumberFinding::Sure(DecimalMark::Comma),
            (None, None, Some(line)) => NumberFinding::Open { line },
            (None, None, None) if self.same_count > 0 => NumberFinding::Sure(DecimalMark::Point),
            (None, None, None) => NumberFinding::NoNumbers,
        }
    }

    /// The first line whose number cannot be read with this mark.
    pub(crate) fn against(&self, mark: DecimalMark) -> Option<u64> {
        match mark {
            DecimalMark::Point => self.only_comma.first(),
            DecimalMark::Comma => self.only_point.first(),
        }
    }

    /// The signs of currencies among the values, at most four.
    #[must_use]
    pub fn currencies(&self) -> &[&'static str] {
        &self.currencies
    }

    /// The first line with a second currency.
    pub(crate) fn second_currency(&self) -> Option<u64> {
        self.second_currency.first()
    }

    /// The first line that is a percentage where others are not, or the other way round.
    pub(crate) fn mixed_percent(&self) -> Option<u64> {
        let (percent, plain) = (self.percents.first()?, self.plain.first()?);
        Some(percent.max(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(texts: &[&str]) -> NumberEvidence {
        let mut evidence = NumberEvidence::default();
        for (line, text) in (2..).zip(texts) {
            evidence.take(text, CellKind::Text, line);
        }
        evidence
    }

    #[test]
    fn all_values_together_decide_or_leave_it_open() {
        use DecimalMark::{Comma, Point};
        for (texts, finding) in [
            (&["1", "2"][..], NumberFinding::Sure(Point)),
            (&["1.234", "2"], NumberFinding::Open { line: 2 }),
            (&["5", "1,234"], NumberFinding::Open { line: 3 }),
            (&["1.234", "2.5"], NumberFinding::Sure(Point)),
            (&["1.234", "2,5"], NumberFinding::Sure(Comma)),
            (&["1.234", "1.234.567"], NumberFinding::Sure(Comma)),
            (&["1.234", "0.500"], NumberFinding::Sure(Point)),
            (&["1.5", "2,5"], NumberFinding::Mixed { point_line: 2, comma_line: 3 }),
            (&["a"], NumberFinding::NoNumbers),
        ] {
            assert_eq!(evidence(texts).finding(), finding, "{texts:?}");
        }
    }

    #[test]
    fn what_does_not_belong_together_is_told() {
        let mixed = evidence(&["5", "n/a", "$6", "€7", "5%"]);
        assert_eq!((mixed.count(), mixed.other_count()), (4, 1));
        assert_eq!((mixed.currencies(), mixed.second_currency()), (&["$", "€"][..], Some(5)));
        assert_eq!(mixed.mixed_percent(), Some(6));
        assert_eq!(evidence(&["5%", "6%"]).mixed_percent(), None);
        assert_eq!(mixed.others.first, [(3, "n/a".to_owned())]);
    }
}
