//! The items that a service looks at: how many count, or each one with the reason.

use rust_decimal::Decimal;
use truecount_reconciliation::{ItemFateWord, ItemRecord, RowRecord};

use super::{ExplainedItems, Parts};
use crate::{label::quantity, words::left_out_of};

/// What people read of each fate, in the order in which they are listed; and the label of one such item.
pub(crate) static FATES: [(ItemFateWord, &str, &str); 3] = [
    (ItemFateWord::In, "counted", "  counted"),
    (ItemFateWord::Out, "left out", "  left out"),
    (ItemFateWord::Open, "not known", "  not known"),
];

pub(super) fn items(parts: &mut Parts, row: &RowRecord, items: ExplainedItems) {
    if row.items.is_empty() {
        return;
    }
    let of = |fate| row.items.iter().filter(|item| item.fate == fate).count();
    let numbers = FATES.iter().map(|(fate, word, _)| (of(*fate), word)).filter(|(number, _)| *number > 0);
    let numbers = numbers.map(|(number, word)| format!("{number} {word}"));
    parts.labelled("items", &numbers.collect::<Vec<_>>().join(", "));
    if items == ExplainedItems::Each {
        for (label, item) in in_order(row) {
            parts.labelled(FATES[label].2, &in_words(item, row));
        }
    }
}

/// Each item with the place of its fate in [`FATES`]: by fate, then by name.
pub(crate) fn in_order(row: &RowRecord) -> impl Iterator<Item = (usize, &ItemRecord)> {
    FATES.iter().enumerate().flat_map(|(at, (fate, ..))| {
        let mut each: Vec<&ItemRecord> = row.items.iter().filter(|item| item.fate == *fate).collect();
        each.sort_by(|a, b| key(a).cmp(&key(b)));
        each.into_iter().map(move |item| (at, item))
    })
}

/// Why it does not count, or why nobody knows; empty: it counts.
pub(crate) fn why(item: &ItemRecord, row: &RowRecord) -> String {
    item.reason.map(|reason| left_out_of(row, reason)).unwrap_or_default()
}

/// By name; then whatever tells apart those that have the same.
fn key(item: &ItemRecord) -> (&str, &str, &str, &str) {
    let name = item.name.as_deref().unwrap_or(&item.item_id);
    (name, item.source.as_str(), item.account_id.as_str(), &item.item_id)
}

/// `SRV-01 [17], server in ninjaone, account A-7: not seen for over 30 days`.
fn in_words(item: &ItemRecord, row: &RowRecord) -> String {
    let ItemRecord { source, account_id, item_id, .. } = item;
    let name = match &item.name {
        Some(name) if name != item_id => format!("{name} [{item_id}]"),
        _ => item_id.clone(),
    };
    let kind = item.kind.as_deref().unwrap_or("of an unknown kind");
    let units = match item.units {
        Some(units) if units == Decimal::ONE => String::new(),
        Some(units) => format!(" × {}", quantity(units)),
        None => ", of unknown quantity".to_owned(),
    };
    let reason = item.reason.map(|reason| format!(": {}", left_out_of(row, reason))).unwrap_or_default();
    format!("{name}{units}, {kind} in {source}, account {account_id}{reason}")
}
