//! Decimals read from text exactly, or refused with the reason.
//!
//! No rounding, no thousands separators, no `NaN`, no digits of other scripts: a number that a vendor or a
//! person wrote is either taken as it stands or named as an error.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

/// The greatest number of digits, before and after the point together, that an exact decimal keeps.
pub const DIGITS_MAX: usize = 28;

/// Why a text is not an exact decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing was written. Missing is never zero.
    #[error("the number is empty")]
    Empty,
    /// More digits than are kept exactly.
    #[error("`{0}` has more than {DIGITS_MAX} digits")]
    TooManyDigits(String),
    /// Too large for the type.
    #[error("`{0}` is too large")]
    Overflow(String),
    /// `1,234.56`, `1_000`, `1 000`.
    #[error("`{0}` has a thousands separator or a decimal comma; write 1234.56")]
    Separator(String),
    /// `NaN`, `inf`, words, full-width digits.
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
}

/// Where a value stood: enough for a person to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, or the source and page.
    pub file: String,
    /// The line in it, counted from 1, where lines exist.
    pub line: Option<u64>,
    /// The column or field.
    pub field: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} line {line}, field `{}`", self.file, self.field),
            None => write!(f, "{}, field `{}`", self.file, self.field),
        }
    }
}

/// A field that does not hold what it must, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct FieldError {
    /// The file, line and field.
    pub place: Place,
    /// What is wrong, in one clause.
    pub why: String,
}

/// Reads `-12`, `0.5`, `1234.5600` exactly. The scale as written is kept.
///
/// # Errors
/// [`NumberError`] for everything that is not an optional minus, digits, and optionally a point and digits.
pub fn decimal_from_text(text: &str) -> Result<Decimal, NumberError> {
    let text = text.trim_matches([' ', '\t']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    check_grammar(text, digits)?;
    let significant = digits.bytes().filter(u8::is_ascii_digit).skip_while(|b| *b == b'0').count();
    let fraction = digits.split_once('.').map_or(0, |(_, f)| f.len());
    if significant > DIGITS_MAX || fraction > DIGITS_MAX {
        return Err(NumberError::TooManyDigits(shorten(text)));
    }
    Decimal::from_str_exact(text).map_err(|_| NumberError::Overflow(shorten(text)))
}

/// Reads a JSON number (or the text inside a JSON string) exactly; an exponent is allowed as long as the value
/// still fits: `1e2` is 100, `1e400` is refused.
///
/// # Errors
/// As [`decimal_from_text`].
pub fn decimal_from_json(text: &str) -> Result<Decimal, NumberError> {
    let text = text.trim();
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return decimal_from_text(text);
    };
    let mantissa = decimal_from_text(mantissa)?;
    let exponent: i32 = exponent.parse().map_err(|_| NumberError::NotANumber(shorten(text)))?;
    if exponent.unsigned_abs() as usize > DIGITS_MAX {
        return Err(NumberError::Overflow(shorten(text)));
    }
    scale_by_ten(mantissa, exponent).ok_or_else(|| NumberError::Overflow(shorten(text)))
}

/// The amount as a person reads it: two places, half away from zero. The only rounding there is.
#[must_use]
pub fn round_for_people(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    if rounded.is_zero() {
        rounded.set_sign_positive(true)
    }
    rounded
}

fn scale_by_ten(mantissa: Decimal, exponent: i32) -> Option<Decimal> {
    let mut value = mantissa;
    for _ in 0..exponent.unsigned_abs() {
        if exponent > 0 {
            value = value.checked_mul(Decimal::TEN)?;
        } else {
            value.set_scale(value.scale() + 1).ok()?;
        }
    }
    Some(value)
}

fn check_grammar(text: &str, digits: &str) -> Result<(), NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if plain(whole) && plain(fraction) {
        return Ok(());
    }
    let separated = digits.bytes().all(|b| b.is_ascii_digit() || b",._' ".contains(&b))
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().any(|b| b",_' ".contains(&b));
    Err(if separated { NumberError::Separator(shorten(text)) } else { NumberError::NotANumber(shorten(text)) })
}

/// At most 40 characters of a foreign text, for a message.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let got = decimal_from_text(text).map(|d| d.to_string()).map_err(|e| e.to_string());
        assert_eq!(got, expected.map(str::to_owned).map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn exact_or_refused() {
        check("12", Ok("12"));
        check("-0.50", Ok("-0.50"));
        check(" 7.1 ", Ok("7.1"));
        check("1.10", Ok("1.10"));
        check("79228162514264337593543950.335", Err("`79228162514264337593543950.335` has more than 28 digits"));
        check("0.1234567890123456789012345678", Ok("0.1234567890123456789012345678"));
        check("0.12345678901234567890123456789", Err("`0.12345678901234567890123456789` has more than 28 digits"));
        check("", Err("the number is empty"));
        check("1,234.56", Err("`1,234.56` has a thousands separator or a decimal comma; write 1234.56"));
        check("12,5", Err("`12,5` has a thousands separator or a decimal comma; write 1234.56"));
        check("1_000", Err("`1_000` has a thousands separator or a decimal comma; write 1234.56"));
        check("NaN", Err("`NaN` is not a decimal number"));
        check("1e3", Err("`1e3` is not a decimal number"));
        check("１２", Err("`１２` is not a decimal number"));
        check(".5", Err("`.5` is not a decimal number"));
        check("5.", Err("`5.` is not a decimal number"));
        check("+5", Err("`+5` is not a decimal number"));
        check("--5", Err("`--5` is not a decimal number"));
    }

    #[test]
    fn json_numbers() {
        assert_eq!(decimal_from_json("1e2").unwrap().to_string(), "100");
        assert_eq!(decimal_from_json("1.5E-3").unwrap().to_string(), "0.0015");
        assert_eq!(decimal_from_json("123456789012345678.91").unwrap().to_string(), "123456789012345678.91");
        assert_eq!(decimal_from_json("1e28").unwrap().to_string(), format!("1{}", "0".repeat(28)));
        assert!(matches!(decimal_from_json("1e400"), Err(NumberError::Overflow(_))));
        assert!(
            matches!(decimal_from_json("0e29"), Err(NumberError::Overflow(_))),
            "nothing is multiplied without end"
        );
        assert!(matches!(decimal_from_json("1e-40"), Err(NumberError::Overflow(_))));
    }

    #[test]
    fn half_goes_away_from_zero() {
        for (exact, read) in
            [("2.345", "2.35"), ("-2.345", "-2.35"), ("2.344", "2.34"), ("-0.001", "0.00"), ("7", "7.00")]
        {
            assert_eq!(round_for_people(decimal_from_text(exact).unwrap()).to_string(), read);
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_what_is_kept(whole in 0u64.., fraction in "[0-9]{1,8}", minus: bool) {
            let text = format!("{}{whole}.{fraction}", if minus { "-" } else { "" });
            let kept = decimal_from_text(&text).unwrap();
            let shown = kept.to_string();
            prop_assert_eq!(shown.trim_start_matches('-'), text.trim_start_matches('-'));
            prop_assert!(kept.is_zero() || kept.is_sign_negative() == minus);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = decimal_from_text(&text);
            let _ = decimal_from_json(&text);
        }
    }
}
