//! Which items came and went since an earlier closing, in words.

use truecount_reconciliation::{CountedItem, ItemsMoved, RowRecord};

use crate::{label, words::left_out_of};

/// How many names stand in one cell, or in one line; more are counted.
const NAMES_MAX: usize = 10;

/// `LT-21 (first seen 3 February 2026); WS-09`: those that count now and did not at the earlier closing.
pub(crate) fn came(row: &RowRecord) -> String {
    let Some(moved) = &row.items_moved else { return String::new() };
    let name = |seen: Option<jiff::civil::Date>| seen.map(|day| format!(" (first seen {})", label::day(day)));
    let names = moved.came.iter().map(|one| (&one.item, name(one.first_seen).unwrap_or_default()));
    listed(names)
}

/// `WS-07 (not seen for over 30 days); WS-08 (no longer listed)`: those that counted then and do not now.
pub(crate) fn went(row: &RowRecord) -> String {
    let Some(moved) = &row.items_moved else { return String::new() };
    let why = |is_listed: bool, reason: Option<_>| match (is_listed, reason) {
        (false, _) => " (no longer listed)".to_owned(),
        (true, Some(reason)) => format!(" ({})", left_out_of(row, reason)),
        (true, None) => String::new(),
    };
    listed(moved.went.iter().map(|one| (&one.item, why(one.is_listed, one.reason))))
}

/// `since 31 January 2026`.
pub(crate) fn since(moved: &ItemsMoved) -> String {
    format!("since {}", label::day(moved.since))
}

/// The first names in order, each with what is said of it, and how many more.
fn listed<'a>(items: impl Iterator<Item = (&'a CountedItem, String)>) -> String {
    let name = |item: &CountedItem| item.name.clone().unwrap_or_else(|| item.item_id.clone());
    let mut names: Vec<String> = items.map(|(item, said)| format!("{}{said}", name(item))).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    match more {
        0 => names.join("; "),
        more => format!("{}; and {more} more", names.join("; ")),
    }
}
