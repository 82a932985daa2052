//! Amounts, quantities, months and days as a person reads them; never for a column that a program reads.

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
