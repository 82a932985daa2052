//! What is behind one exception: the lines, the count step by step, the value, and each item with why it counts or not.
//! The same parts as `explain` has.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::Currency;
use truecount_reconciliation::{ClientRecord, ItemFateWord, ItemRecord, RowRecord};

use super::row::{NAME_MAX, shown};
use crate::{
    explain::{FATES, Part, Step, items_in_order, row_parts, why_of_item},
    label, words,
};

/// Characters of one text.
const TEXT_MAX: usize = 2_000;

/// What is behind one exception.
#[derive(Serialize)]
pub(super) struct Detail {
    parts: Vec<DetailPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<DetailItem>,
    /// Of more items than are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum DetailPart {
    /// A label, and a text beside it.
    Text(&'static str, String),
    /// Each number, what it is, and `1` where it is a sum.
    Count { steps: Vec<(String, String, u8)> },
}

/// Name, id (empty where it is the name), whether it counts, why not, units, kind, source, account: a list, for there are
/// many of them.
type DetailItem = (String, String, &'static str, String, String, String, String, String);

pub(super) fn of_row(client: &ClientRecord, row: &RowRecord, home: Currency, items_max: usize) -> Detail {
    let parts = row_parts(client, row, home).0.into_iter().map(|part| match part {
        Part::Labelled(label, text) => DetailPart::Text(label, owned(&text, TEXT_MAX)),
        Part::Count(steps) => DetailPart::Count { steps: steps.iter().map(step).collect() },
    });
    let more = row.items.len().saturating_sub(items_max) as u64;
    let command = || words::explain_command(&client.client_id, &row.service);
    Detail {
        parts: parts.collect(),
        items: items(row, items_max),
        more: (more > 0).then(|| format!("and {}: `{}`", label::count(more, "more", "more"), owned(&command(), 400))),
    }
}

fn step(step: &Step) -> (String, String, u8) {
    (step.number.clone(), owned(&step.what, TEXT_MAX), step.is_sum.into())
}

/// So many items, among them as many as do not count, up to half.
fn items(row: &RowRecord, items_max: usize) -> Vec<DetailItem> {
    let all = row.items.len();
    let counted = row.items.iter().filter(|item| item.fate == ItemFateWord::In).count();
    let counted_max = items_max - (all - counted).min(items_max / 2);
    let in_order = || items_in_order(row);
    let first = in_order().filter(|(_, item)| item.fate == ItemFateWord::In).take(counted_max);
    let others =
        in_order().filter(|(_, item)| item.fate != ItemFateWord::In).take(items_max - counted.min(counted_max));
    first.chain(others).map(|(fate, item)| of_item(FATES[fate].1, item, row)).collect()
}

fn of_item(fate: &'static str, item: &ItemRecord, row: &RowRecord) -> DetailItem {
    let name = item.name.as_deref().unwrap_or(&item.item_id);
    let id = if name == item.item_id { "" } else { &item.item_id };
    (
        owned(name, NAME_MAX),
        owned(id, NAME_MAX),
        fate,
        owned(&why_of_item(item, row), NAME_MAX),
        item.units.map_or_else(|| "unknown".to_owned(), |units: Decimal| label::quantity(units)),
        owned(item.kind.as_deref().unwrap_or("of an unknown kind"), NAME_MAX),
        owned(item.source.as_str(), NAME_MAX),
        owned(item.account_id.as_str(), NAME_MAX),
    )
}

fn owned(text: &str, characters_max: usize) -> String {
    Cow::into_owned(shown(text, characters_max))
}
