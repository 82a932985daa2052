//! The items that a service looks at: how many count, or each one with the reason.

use rust_decimal::Decimal;
use truecount_reconciliation::{ItemFateWord, ItemRecord, RowRecord};

use super::{ExplainedItems, Page};
use crate::{label::quantity, words::left_out_of};

/// What people read of each fate, in the order in which they are listed.
const FATES: [(ItemFateWord, &str); 3] =
    [(ItemFateWord::In, "counted"), (ItemFateWord::Out, "left out"), (ItemFateWord::Open, "not known")];

pub(super) fn items(page: &mut Page, row: &RowRecord, items: ExplainedItems) {
    if row.items.is_empty() {
        return;
    }
    let of = |fate| row.items.iter().filter(move |item| item.fate == fate);
    let numbers = FATES.iter().map(|(fate, word)| (of(*fate).count(), word)).filter(|(number, _)| *number > 0);
    let numbers = numbers.map(|(number, word)| format!("{number} {word}"));
    page.labelled("items", &numbers.collect::<Vec<_>>().join(", "));
    if items == ExplainedItems::Each {
        for (fate, word) in FATES {
            let mut each: Vec<&ItemRecord> = of(fate).collect();
            each.sort_by(|a, b| key(a).cmp(&key(b)));
            each.iter().for_each(|item| page.labelled(&format!("  {word}"), &in_words(item, row)));
        }
    }
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
