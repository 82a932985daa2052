//! What stands open besides the exceptions, in a sentence each: mappings to confirm, the setup, and what
//! the sources' receipts ask to be looked at.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{ControlTotals, Currency};
use truecount_reconciliation::{MappingSuggestion, SetupFinding, SourceCoverage};

use crate::{
    label,
    receipt::{totals, unknown_words},
    summary::{TextTarget, foreign},
};

/// `3 vendor accounts are not mapped to a client: about GBP 120.00 of monthly revenue at list price.`
pub(crate) fn mappings_to_confirm(suggestions: &[MappingSuggestion]) -> Option<String> {
    if suggestions.is_empty() {
        return None;
    }
    let mut values: BTreeMap<Currency, Decimal> = BTreeMap::new();
    let mut is_too_large = false;
    for money in suggestions.iter().flat_map(|suggestion| &suggestion.monthly_value) {
        let sum = values.entry(money.currency).or_default();
        match sum.checked_add(money.amount) {
            Some(more) => *sum = more,
            None => is_too_large = true,
        }
    }
    let unknown = suggestions.iter().filter(|suggestion| suggestion.monthly_value.is_empty()).count() as u64;
    let proposed = suggestions.iter().filter(|suggestion| suggestion.client_id.is_some()).count() as u64;
    let mut text = label::count(
        suggestions.len() as u64,
        "vendor account is not mapped to a client",
        "vendor accounts are not mapped to a client",
    );
    let amounts: Vec<_> = values.iter().map(|(currency, sum)| label::money(*sum, *currency)).collect();
    if !amounts.is_empty() && !is_too_large {
        text.push_str(&format!(": about {} of monthly revenue at list price", amounts.join(" and ")));
        if unknown > 0 {
            text.push_str(&format!(" (not known for {})", label::quantity(Decimal::from(unknown))));
        }
    }
    text.push('.');
    if proposed > 0 {
        text.push_str(&format!(" A client is proposed for {}.", label::quantity(Decimal::from(proposed))));
    }
    Some(text)
}

/// The first setup finding, and how many more there are.
pub(crate) fn setup_to_fix(findings: &[SetupFinding], target: TextTarget) -> Option<String> {
    let first = foreign(target, &findings.first()?.message, 120);
    Some(match findings.len() as u64 - 1 {
        0 => first,
        more => format!("{first} ({} in setup.csv)", label::count(more, "more finding", "more findings")),
    })
}

/// ``rmm: unknown words: status `OnHold` 2 (1 more note: …)``: words of a vendor's, and totals that differ or were refused.
pub(crate) fn receipts_to_check(coverage: &[SourceCoverage], target: TextTarget) -> Option<String> {
    let mut notes = Vec::new();
    for row in coverage {
        let Some(receipt) = &row.receipt else { continue };
        if !receipt.unknown_words.is_empty() {
            notes.push(format!("{}: unknown words: {}", row.source, unknown_words(&receipt.unknown_words)));
        }
        for (name, stream) in &receipt.streams {
            let wrong = ControlTotals { agreed: 0, none: 0, ..stream.totals };
            let wrong = totals(&wrong);
            if !wrong.is_empty() {
                notes.push(format!("{}: the vendor's totals of {name}: {wrong}", row.source));
            }
        }
    }
    let first = foreign(target, notes.first()?, 200);
    Some(match notes.len() as u64 - 1 {
        0 => first,
        more => format!("{first} ({}: `truecount sources show`)", label::count(more, "more note", "more notes")),
    })
}
