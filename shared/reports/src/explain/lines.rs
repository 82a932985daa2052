//! The billed lines of a service: agreement, quantity, price, dates.

use jiff::civil::Date;
use truecount_reconciliation::{LineRecord, RowRecord};

use super::Parts;
use crate::label::{day, money, quantity};

pub(super) fn lines(parts: &mut Parts, row: &RowRecord) {
    if row.lines.is_empty() {
        parts.labelled("line", "none stands");
    }
    for line in &row.lines {
        parts.labelled("line", &in_words(line));
    }
}

/// `L-7 on Managed Services: 12 at GBP 10.00 a month each, from 1 March 2026`.
fn in_words(line: &LineRecord) -> String {
    let LineRecord { line_id, agreement_id, agreement_name, product_code, .. } = line;
    let agreement = match agreement_name.is_empty() || agreement_name == agreement_id.as_str() {
        true => format!("agreement {agreement_id}"),
        false => format!("{agreement_name} [{agreement_id}]"),
    };
    let price = match line.unit_price {
        Some(price) => format!("at {} {}", money(price, line.currency), cycle(line.cycle_months)),
        None => "without a price".to_owned(),
    };
    let units = quantity(line.quantity);
    format!("{line_id} on {agreement}: {units} {product_code} {price}{}", dates(line.from, line.to))
}

/// What the price of one pays for.
fn cycle(months: Option<u32>) -> String {
    match months {
        Some(0 | 1) => "each a month".to_owned(),
        Some(12) => "each a year".to_owned(),
        Some(months) => format!("each for {months} months"),
        None => "each for a billing cycle that is not known".to_owned(),
    }
}

fn dates(from: Option<Date>, to: Option<Date>) -> String {
    let from = from.map(|from| format!(", from {}", day(from)));
    let to = to.map(|to| format!(", until {}", day(to)));
    [from, to].into_iter().flatten().collect()
}
