//! Numbers as people and programs write them: with currency signs, grouping, either decimal mark, brackets or a minus
//! behind. Exact, in decimals.
//!
//! One thing a number alone does not always tell: whether `1.234` is a little more than one or more than a thousand.

mod around;
mod evidence;

use std::fmt;

use rust_decimal::Decimal;

pub use evidence::{NumberEvidence, NumberFinding};

/// What separates the whole part from the fraction; the other mark then groups digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl fmt::Display for DecimalMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Point => ".",
            Self::Comma => ",",
        })
    }
}

impl DecimalMark {
    fn byte(self) -> u8 {
        match self {
            Self::Point => b'.',
            Self::Comma => b',',
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// Digits that always fit into 64 bits.
const DIGITS_SURE: usize = 18;
/// Digits that always fit into a decimal.
const DIGITS_MAX: usize = 28;

/// Reads a number. `5 %` is 0.05.
pub(crate) fn number(text: &str, mark: DecimalMark) -> Option<Decimal> {
    if let Some(number) = short(text.as_bytes(), mark) {
        return Some(number);
    }
    let around = around::strip(text)?;
    let digits = Digits::of(around.digits, mark)?;
    let mut number = digits.decimal()?;
    number.set_sign_negative(around.is_negative && !number.is_zero());
    if around.is_percent {
        let scale = number.scale() + 2;
        number.set_scale(scale).ok()?;
    }
    Some(number)
}

/// Digits with at most a minus before them and a decimal mark among them.
fn short(text: &[u8], mark: DecimalMark) -> Option<Decimal> {
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
            byte if *byte == mark.byte() && point.is_none() && place > 0 => point = Some(place),
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

/// The digits of a number without its grouping.
struct Digits {
    digits: [u8; DIGITS_MAX],
    count: usize,
    scale: u32,
}

impl Digits {
    /// Digits as this decimal mark has them; `None` if they are none, or too many.
    fn of(text: &str, mark: DecimalMark) -> Option<Self> {
        let bytes = text.as_bytes();
        let (whole, fraction) = match bytes.iter().position(|byte| *byte == mark.byte()) {
            Some(at) => (&text[..at], Some(&bytes[at + 1..])),
            None => (text, None),
        };
        let mut digits = Self { digits: [0; DIGITS_MAX], count: 0, scale: 0 };
        if whole.is_empty() && fraction.is_none() {
            return None;
        }
        digits.whole(whole, mark)?;
        if let Some(fraction) = fraction {
            if fraction.is_empty() {
                return None;
            }
            for byte in fraction {
                digits.push(*byte)?;
            }
            digits.scale = u32::try_from(fraction.len()).ok()?;
        }
        Some(digits)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        if !byte.is_ascii_digit() || self.count == DIGITS_MAX {
            return None;
        }
        if self.count == 0 && byte == b'0' {
            return Some(());
        }
        self.digits[self.count] = byte;
        self.count += 1;
        Some(())
    }

    /// Digits before the decimal mark, in groups by one kind of separator or in none.
    fn whole(&mut self, whole: &str, mark: DecimalMark) -> Option<()> {
        let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else {
            return whole.bytes().try_for_each(|byte| self.push(byte));
        };
        let is_separator =
            separator == char::from(mark.other().byte()) || matches!(separator, ' ' | '\'' | '’') || is_thin(separator);
        if !is_separator || whole.starts_with('0') {
            return None;
        }
        let group_count = whole.split(separator).count();
        let mut small_groups = 0;
        for (at, group) in whole.split(separator).enumerate() {
            let (is_first, is_last) = (at == 0, at + 1 == group_count);
            // 12,34,567: groups of two before the last one, as in India
            let is_due = match group.len() {
                3 => true,
                2 if !is_last && mark == DecimalMark::Point => {
                    small_groups += usize::from(!is_first);
                    true
                }
                1 | 2 => is_first,
                _ => false,
            };
            if !is_due {
                return None;
            }
            group.bytes().try_for_each(|byte| self.push(byte))?;
        }
        let is_mixed = small_groups > 0 && (small_groups + 2 != group_count || whole.find(separator) > Some(2));
        (!is_mixed).then_some(())
    }

    fn decimal(&self) -> Option<Decimal> {
        let units = self.digits[..self.count].iter().fold(0_i128, |units, byte| units * 10 + i128::from(byte - b'0'));
        Decimal::try_from_i128_with_scale(units, self.scale).ok()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.scale == other.scale && self.digits[..self.count] == other.digits[..other.count]
    }
}

/// A blank that groups digits.
fn is_thin(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{202F}' | '\u{2009}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, point: Option<&str>, comma: Option<&str>) {
        let read = |mark| number(text, mark).map(|number| number.to_string());
        assert_eq!(read(DecimalMark::Point).as_deref(), point, "{text:?} with a point");
        assert_eq!(read(DecimalMark::Comma).as_deref(), comma, "{text:?} with a comma");
    }

    #[test]
    fn numbers_without_marks_are_the_same_either_way() {
        for (text, number) in [
            ("0", "0"),
            ("-12", "-12"),
            ("+7", "7"),
            (" 7\u{A0}", "7"),
            ("007", "7"),
            ("1 234 567", "1234567"),
            ("1\u{202F}234", "1234"),
            ("1'234", "1234"),
            ("1’234’567", "1234567"),
            ("(5)", "-5"),
            ("5-", "-5"),
            ("\u{2212}5", "-5"),
            ("$5", "5"),
            ("-$5", "-5"),
            ("$-5", "-5"),
            ("($5)", "-5"),
            ("$(5)", "-5"),
            ("5 €", "5"),
            ("EUR 5", "5"),
            ("5 EUR", "5"),
            ("CHF 1'000", "1000"),
            ("kr 5", "5"),
            ("5%", "0.05"),
            ("5 %", "0.05"),
            ("-0", "0"),
            ("1234567890123456789012345678", "1234567890123456789012345678"),
        ] {
            check(text, Some(number), Some(number));
        }
    }

    #[test]
    fn marks_have_one_meaning_or_the_other() {
        check("1.5", Some("1.5"), None);
        check("1,5", None, Some("1.5"));
        check("1.234", Some("1.234"), Some("1234"));
        check("1,234", Some("1234"), Some("1.234"));
        check("0.500", Some("0.500"), None);
        check("1234.567", Some("1234.567"), None);
        check("1,234.56", Some("1234.56"), None);
        check("1.234,56", None, Some("1234.56"));
        check("1.234.567", None, Some("1234567"));
        check("12,34,567.8", Some("1234567.8"), None);
        check("1,23,456", Some("123456"), None);
        check("1 234,5", None, Some("1234.5"));
        check("1'234.5", Some("1234.5"), None);
        check("-.50", Some("-0.50"), None);
        check(",5", None, Some("0.5"));
        check("€ 1.025,50", None, Some("1025.50"));
        check("12.50-", Some("-12.50"), None);
        check("12,5 %", None, Some("0.125"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "-",
            "–",
            "n/a",
            "1.",
            "1,",
            "5 5",
            "12 34",
            "1,2,3",
            "1.2.3",
            "--5",
            "(-5)",
            "(5",
            "5)",
            "-5-",
            "$",
            "$5$",
            "5%%",
            "1e3",
            "9.9E+15",
            "0x10",
            "٣",
            "1,234,56",
            "1.234.56",
            "1,23,4567",
            "123,45,678",
            "1 234'567",
            "2026-06-30",
            "1/2",
            "0,123,456",
            "12345678901234567890123456789",
            "$ - 5 USD -",
            "A5",
            "5A",
            "()",
            "%",
        ] {
            check(text, None, None);
        }
    }
}
