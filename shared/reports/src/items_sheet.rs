//! The items behind the comparisons of a run: each device, user or licence that a service looks at, and why it counts or not.

use truecount_billing::ClientId;
use truecount_reconciliation::{ItemRecord, RowRecord};

use crate::{
    cells,
    column::Column,
    explain::{FATES, items_in_order, why_of_item},
    lines_sheet::LineCells,
};

/// An item, as one service looks at it.
pub(crate) struct ItemCells<'a> {
    client_id: &'a ClientId,
    client_name: &'a str,
    row: &'a RowRecord,
    item: &'a ItemRecord,
    /// Its place in [`FATES`].
    fate: usize,
}

impl<'a> ItemCells<'a> {
    /// The items of a comparison: those that count, then the others, each by name.
    pub(crate) fn of(line: &LineCells<'a>) -> impl Iterator<Item = Self> {
        let LineCells { client_id, client_name, row, .. } = *line;
        items_in_order(row).map(move |(fate, item)| Self { client_id, client_name, row, item, fate })
    }
}

impl ItemCells<'_> {
    pub(crate) const COLUMNS: [Column<Self>; 14] = [
        Column::text("client", |one| Some(one.client_name)),
        Column::composed("product", |one| cells::product(one.row)),
        Column::text("item", |one| Some(one.item.name.as_deref().unwrap_or(&one.item.item_id))),
        Column::word("counts", |one| FATES[one.fate].1),
        Column::composed("why", |one| why_of_item(one.item, one.row)),
        Column::quantity("units", |one| one.item.units),
        Column::text("kind", |one| one.item.kind.as_deref()),
        Column::day("first_seen", |one| one.item.first_seen),
        Column::text("source", |one| Some(one.item.source.as_str())),
        Column::text("account_id", |one| Some(one.item.account_id.as_str())),
        Column::text("item_id", |one| Some(&one.item.item_id)),
        Column::text("client_id", |one| Some(one.client_id.as_str())),
        Column::text("product_code", |one| Some(one.row.service.as_str())),
        Column::word("mapping", |one| if one.item.is_unassigned { "not decided" } else { "" }),
    ];
}
