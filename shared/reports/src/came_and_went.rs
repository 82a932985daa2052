//! Which items came and went since an earlier closing, in words.

use rust_decimal::Decimal;
use truecount_reconciliation::{CameItem, CountedItem, ItemFateWord, ItemsMoved, RowKind, RowRecord, WentItem};

use crate::{cells, label, words::left_out_of};

/// How many names stand in one cell, or in one line; more are counted.
const NAMES_MAX: usize = 10;
/// How many of them in a mail.
const SHORT_MAX: usize = 5;

/// `LT-21 (first seen 3 February 2026); LT-30 (since 5 February 2026); WS-09`: those that count now and did not at the earlier closing.
pub(crate) fn came(row: &RowRecord) -> String {
    listed(came_items(row))
}

fn came_items(row: &RowRecord) -> Vec<String> {
    let Some(moved) = &row.items_moved else { return Vec::new() };
    let said = |one: &CameItem| match (one.day, one.first_seen) {
        (Some(day), seen) if seen != Some(day) => format!(" (since {})", label::day(day)),
        (_, Some(seen)) => format!(" (first seen {})", label::day(seen)),
        (_, None) => String::new(),
    };
    named(moved.came.iter().map(|one| (&one.item, said(one))))
}

/// `WS-07 (not seen for over 30 days); WS-08 (no longer listed since 5 February 2026)`: those that counted then and do not now.
pub(crate) fn went(row: &RowRecord) -> String {
    listed(went_items(row))
}

fn went_items(row: &RowRecord) -> Vec<String> {
    let Some(moved) = &row.items_moved else { return Vec::new() };
    let why = |one: &WentItem| {
        let since = one.day.map(|day| format!("since {}", label::day(day)));
        let why = match (one.is_listed, one.reason) {
            (false, _) => Some("no longer listed".to_owned()),
            (true, reason) => reason.map(|reason| left_out_of(row, reason).to_string()),
        };
        let told: Vec<_> = [why, since].into_iter().flatten().collect();
        if told.is_empty() { String::new() } else { format!(" ({})", told.join(" ")) }
    };
    named(moved.went.iter().map(|one| (&one.item, why(one))))
}

/// `since 31 January 2026`.
pub(crate) fn since(moved: &ItemsMoved) -> String {
    format!("since {}", label::day(moved.since))
}

/// `new since the last closing: LT-21 (first seen 3 February 2026)`: the names that a person looks for, who is to change
/// a bill. Where no earlier closing tells who came or went, those that count if they are few, or those that do not. Empty:
/// there is nothing to change, or no name helps.
pub(crate) fn to_look_for(row: &RowRecord) -> String {
    let is_more = match row.variance {
        Some(variance) if row.kind.changes_a_bill() => variance > Decimal::ZERO,
        _ if row.kind == RowKind::EndedAgreementInUse => true,
        _ => return String::new(),
    };
    let moved = if is_more { came_items(row) } else { went_items(row) };
    if !moved.is_empty() {
        let title = if is_more { "new since the last closing" } else { "no longer counted" };
        return format!("{title}: {}", listed_up_to(moved, SHORT_MAX));
    }
    let counting = row.items.iter().filter(|item| item.fate == ItemFateWord::In).count();
    let (title, names) = match (is_more, counting) {
        (true, 1..=SHORT_MAX) => ("counted", cells::items_in(row)),
        (true, _) => return String::new(),
        (false, _) => ("not counted", cells::items_out(row)),
    };
    if names.is_empty() { names } else { format!("{title}: {names}") }
}

/// Names, each with what is said of it.
fn named<'a>(items: impl Iterator<Item = (&'a CountedItem, String)>) -> Vec<String> {
    items.map(|(item, said)| format!("{}{said}", name(item))).collect()
}

/// What a person calls an item, else the vendor's id of it.
pub(crate) fn name(item: &CountedItem) -> &str {
    item.name.as_deref().unwrap_or(&item.item_id)
}

/// The first of these in order, and how many more.
pub(crate) fn listed(names: Vec<String>) -> String {
    listed_up_to(names, NAMES_MAX)
}

fn listed_up_to(mut names: Vec<String>, names_max: usize) -> String {
    names.sort_unstable();
    let more = names.len().saturating_sub(names_max);
    names.truncate(names_max);
    match more {
        0 => names.join("; "),
        more => format!("{}; and {more} more", names.join("; ")),
    }
}
