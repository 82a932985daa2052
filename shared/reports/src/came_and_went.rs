//! Which items came and went since an earlier closing, in words.

use truecount_reconciliation::{CountedItem, ItemsMoved, RowRecord};

use crate::{label, words::left_out_of};

/// How many names stand in one cell, or in one line; more are counted.
const NAMES_MAX: usize = 10;

/// `LT-21 (first seen 3 February 2026); WS-09`: those that count now and did not at the earlier closing.
pub(crate) fn came(row: &RowRecord) -> String {
    let Some(moved) = &row.items_moved else { return String::new() };
    let said = |seen: Option<jiff::civil::Date>| seen.map(|day| format!(" (first seen {})", label::day(day)));
    let names = moved.came.iter().map(|one| (&one.item, said(one.first_seen).unwrap_or_default()));
    named(names)
}

/// `WS-07 (not seen for over 30 days); WS-08 (no longer listed)`: those that counted then and do not now.
pub(crate) fn went(row: &RowRecord) -> String {
    let Some(moved) = &row.items_moved else { return String::new() };
    let why = |is_listed: bool, reason: Option<_>| match (is_listed, reason) {
        (false, _) => " (no longer listed)".to_owned(),
        (true, Some(reason)) => format!(" ({})", left_out_of(row, reason)),
        (true, None) => String::new(),
    };
    named(moved.went.iter().map(|one| (&one.item, why(one.is_listed, one.reason))))
}

/// `since 31 January 2026`.
pub(crate) fn since(moved: &ItemsMoved) -> String {
    format!("since {}", label::day(moved.since))
}

/// Names, each with what is said of it.
fn named<'a>(items: impl Iterator<Item = (&'a CountedItem, String)>) -> String {
    listed(items.map(|(item, said)| format!("{}{said}", name(item))).collect())
}

/// What a person calls an item, else the vendor's id of it.
pub(crate) fn name(item: &CountedItem) -> &str {
    item.name.as_deref().unwrap_or(&item.item_id)
}

/// The first of these in order, and how many more.
pub(crate) fn listed(mut names: Vec<String>) -> String {
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    match more {
        0 => names.join("; "),
        more => format!("{}; and {more} more", names.join("; ")),
    }
}
