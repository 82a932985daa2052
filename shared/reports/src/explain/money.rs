//! What a row is worth, what is to be changed, and on which invoice.

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{ChangeRecord, InvoicedWhen, RowKind, RowRecord};

use super::Parts;
use crate::{
    cells,
    label::{day, money, quantity},
    words,
};

pub(super) fn value(parts: &mut Parts, row: &RowRecord, home: Currency) {
    let currency = cells::currency(row).copied();
    if let (Some(price), Some(currency)) = (cells::unit_price(row), currency) {
        let whose = words::whose_price(row).map(|whose| format!(" ({whose})")).unwrap_or_default();
        parts.labelled("price", &format!("{} each a month{whose}", money(price, currency)));
    }
    match cells::monthly_impact(row) {
        Some((currency, amount)) if row.kind == RowKind::AgreementEnding => {
            parts.labelled("value", &format!("{} a month ends with the line", money(amount, currency)));
        }
        Some((currency, amount)) if row.kind == RowKind::UncountedLine => {
            parts.labelled("value", &format!("{} a month that nobody compares", money(amount, currency)));
        }
        Some((currency, amount)) => {
            parts.labelled("value", &format!("{}, {}", change_in_words(amount, currency), cells::value_basis(row)));
        }
        _ if row.kind.changes_a_bill() => parts.labelled("value", words::why_no_value(row)),
        _ => {}
    }
    if row.kind == RowKind::EndedAgreementInUse {
        let cost = match row.cost.is_empty() {
            true => "not known".to_owned(),
            false => format!("{} a month", words::money_by_currency(&row.cost, home)),
        };
        parts.labelled("cost", &cost);
    }
    let stakes = words::stakes(row);
    if !stakes.is_empty() {
        parts.labelled("at stake", &format!("{} a month", stakes.join(", ")));
    }
    for change in &row.changes {
        parts.labelled("change", &change_of_line(change, row.currency));
    }
    if let Some(when) = when_invoiced(row) {
        parts.labelled("invoice", &when);
    }
}

/// `GBP 12.00 more a month`.
fn change_in_words(amount: Decimal, currency: Currency) -> String {
    let direction = if amount.is_sign_negative() { "less" } else { "more" };
    format!("{} {direction} a month", money(amount.abs(), currency))
}

/// `L-7: 8 → 10`; `a new line on A-7: 0 → 5`.
fn change_of_line(change: &ChangeRecord, currency: Option<Currency>) -> String {
    let agreement = change.agreement_id.as_ref().map(|id| format!(" on agreement {id}")).unwrap_or_default();
    let line = change.line_id.as_ref().map_or_else(|| "a new line".to_owned(), ToString::to_string);
    let value = change.monthly_impact.zip(currency);
    let value = value.map(|(amount, currency)| format!(", {}", change_in_words(amount, currency))).unwrap_or_default();
    format!("{line}{agreement}: {} → {}{value}", quantity(change.from), quantity(change.to))
}

/// `of 1 July 2026, for 1 July 2026 to 31 July 2026`.
fn when_invoiced(row: &RowRecord) -> Option<String> {
    let date = row.due.or(row.next_invoice_date).map(|date| format!("of {}", day(date)));
    let mut text = match (row.invoiced, date) {
        (None, date) => date?,
        (Some(InvoicedWhen::ThisRun), date) => date.unwrap_or_else(|| "the next one".to_owned()),
        (Some(InvoicedWhen::Later), Some(date)) => format!("{date}, later than those of this run"),
        (Some(InvoicedWhen::Later), None) => "later than those of this run".to_owned(),
    };
    // The period is that of the usual invoice.
    if let (None, Some((first, last))) = (row.due, row.service_period) {
        text.push_str(&format!(", for {} to {}", day(first), day(last)));
    }
    Some(text)
}
