//! What stands around the digits of a number: sign, brackets, currency, percent.

use crate::text::trimmed;

/// Signs that are written at either end of an amount. Longer ones first.
const SIGNS: &[&str] = &[
    "US$", "AU$", "CA$", "NZ$", "HK$", "A$", "C$", "S$", "R$", "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₪", "฿", "₫",
    "₴", "₦", "zł", "Kč", "kr.", "kr", "Kr.", "Kr", "Fr.", "SFr.", "Ft", "lei", "R",
];
/// Codes of ISO 4217 that amounts are written with.
const CODES: &[&str] = &[
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN",
    "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
];

/// A number's digits, and what was said around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around<'a> {
    pub(super) digits: &'a str,
    pub(super) is_negative: bool,
    pub(super) is_percent: bool,
    pub(super) currency: Option<&'static str>,
}

/// Takes off what is around the digits, each thing at most once; `None` if something else is left.
pub(super) fn strip(text: &str) -> Option<Around<'_>> {
    let mut around = Around { digits: trimmed(text), is_negative: false, is_percent: false, currency: None };
    let mut is_signed = false;
    loop {
        let rest = around.digits;
        let (first, last) = (*rest.as_bytes().first()?, *rest.as_bytes().last()?);
        let is_open = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
        if is_open(first) && last.is_ascii_digit() {
            return Some(around);
        }
        if let Some((inner, is_negative)) = sign(rest) {
            if std::mem::replace(&mut is_signed, true) {
                return None;
            }
            (around.digits, around.is_negative) = (trimmed(inner), is_negative);
        } else if let Some(inner) = rest.strip_suffix('%') {
            if std::mem::replace(&mut around.is_percent, true) {
                return None;
            }
            around.digits = trimmed(inner);
        } else {
            let (inner, currency) = currency(rest)?;
            if around.currency.replace(currency).is_some() {
                return None;
            }
            around.digits = trimmed(inner);
        }
    }
}

/// What is left of a number without its sign, and whether it is negative.
fn sign(text: &str) -> Option<(&str, bool)> {
    if let Some(inner) = text.strip_prefix('(') {
        return inner.strip_suffix(')').map(|inner| (inner, true));
    }
    let negative = text.strip_prefix(['-', '\u{2212}']).or_else(|| text.strip_suffix(['-', '\u{2212}']));
    negative.map(|inner| (inner, true)).or_else(|| text.strip_prefix('+').map(|inner| (inner, false)))
}

fn currency(text: &str) -> Option<(&str, &'static str)> {
    let of = |name: &&'static str| {
        let inner = text.strip_prefix(*name).or_else(|| text.strip_suffix(*name))?;
        Some((inner, *name))
    };
    // codes first: `EUR` ends like a South African amount begins
    CODES.iter().chain(SIGNS).find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_told() {
        for (text, currency) in
            [("$5", Some("$")), ("AU$ 5", Some("AU$")), ("5 USD", Some("USD")), ("(£5.00)", Some("£")), ("5", None)]
        {
            assert_eq!(strip(text).map(|around| around.currency), Some(currency), "{text}");
        }
        assert_eq!(strip("$5 USD"), None);
    }
}
