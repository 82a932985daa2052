//! Amounts, quantities, months and days as people read them; never for a column that a program reads.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency, round_for_people};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `GBP 1,234.50`.
#[must_use]
pub fn money(value: Decimal, currency: Currency) -> String {
    format!("{currency} {}", amount(value))
}

/// `1,234.50`: two places, half away from zero, thousands apart.
#[must_use]
pub fn amount(value: Decimal) -> String {
    thousands(&round_for_people(value).to_string())
}

/// `1,200` or `0.25`: as many places as it has.
#[must_use]
pub fn quantity(value: Decimal) -> String {
    let value = if value.is_zero() { Decimal::ZERO } else { value.normalize() };
    thousands(&value.to_string())
}

/// `June 2026`.
#[must_use]
pub fn month(month: BillingMonth) -> String {
    let first = month.first_day();
    format!("{} {}", month_name(first), first.year())
}

/// `30 June 2026`.
pub(crate) fn day(day: Date) -> String {
    format!("{} {} {}", day.day(), month_name(day), day.year())
}

/// `1 exception`, `1,204 exceptions`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", thousands(&number.to_string()))
}

/// `GBP   420.00`: the blanks between the currency and the number, so that both stand in a column.
pub(crate) fn aligned(amount: &str, width: usize) -> String {
    let blanks = " ".repeat(width.saturating_sub(amount.chars().count()));
    match amount.split_once(' ') {
        Some((currency, number)) if currency.len() == 3 => format!("{currency} {blanks}{number}"),
        _ => format!("{blanks}{amount}"),
    }
}

fn month_name(day: Date) -> &'static str {
    usize::try_from(day.month()).ok().and_then(|at| MONTHS.get(at.saturating_sub(1))).copied().unwrap_or("?")
}

fn thousands(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut shown = String::with_capacity(number.len() + 6);
    shown.push_str(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

/// The same text with a small first letter.
pub(crate) fn first_small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn in_a_sentence(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truecount_billing::decimal_from_text;

    #[test]
    fn numbers_as_people_read_them() {
        let table = [
            ("0", "0.00", "0"),
            ("-0.004", "0.00", "-0.004"),
            ("1234.5", "1,234.50", "1,234.5"),
            ("-1234567.895", "-1,234,567.90", "-1,234,567.895"),
            ("999", "999.00", "999"),
            ("12.00", "12.00", "12"),
            ("100000", "100,000.00", "100,000"),
        ];
        for (exact, as_amount, as_quantity) in table {
            let exact = decimal_from_text(exact).unwrap();
            assert_eq!((amount(exact), quantity(exact)), (as_amount.to_owned(), as_quantity.to_owned()));
        }
    }

    #[test]
    fn days_and_counts_in_words() {
        assert_eq!(month("2026-06".parse().unwrap()), "June 2026");
        assert_eq!(day(jiff::civil::date(2026, 12, 1)), "1 December 2026");
        assert_eq!(count(1, "client", "clients"), "1 client");
        assert_eq!(count(1204, "client", "clients"), "1,204 clients");
        assert_eq!(count(0, "client", "clients"), "0 clients");
    }
}
