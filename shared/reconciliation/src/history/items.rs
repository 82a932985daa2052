//! Which items counted when a service was last surely compared: who came and who went since, also where their number is the
//! same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, ProductCode, SourceId};

use super::{Part, merge::Absence, moves::KnownMoves};
use crate::evidence::LedgerReason;
use crate::item_record::{ItemFateWord, ItemRecord};
use crate::outcome::RowKind;
use crate::record::RowRecord;

/// The items of a service at a client that counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedItems {
    /// The service's code.
    pub service: ProductCode,
    /// The section of the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The count day of the closing that counted them.
    pub day: Date,
    /// The items, in order.
    pub items: Vec<CountedItem>,
}

/// An item that counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedItem {
    /// The source.
    pub source: SourceId,
    /// The account that had it.
    pub account_id: AccountId,
    /// The vendor's id of it.
    pub item_id: String,
    /// What a person calls it. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What has changed of the items that count since an earlier closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemsMoved {
    /// The count day of that closing.
    pub since: Date,
    /// Those that count now and did not then, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub came: Vec<CameItem>,
    /// Those that counted then and do not now, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub went: Vec<WentItem>,
}

/// An item that counts now and did not then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameItem {
    /// The item.
    #[serde(flatten)]
    pub item: CountedItem,
    /// The day on which the vendor first saw it; `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Date>,
    /// The day from which it counts; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
}

/// An item that counted then and does not now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WentItem {
    /// The item.
    #[serde(flatten)]
    pub item: CountedItem,
    /// Whether it is still listed.
    pub is_listed: bool,
    /// Why it does not count, where it is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LedgerReason>,
    /// The day from which it does not; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
}

type ItemKey<'a> = (&'a SourceId, &'a AccountId, &'a str);

/// Puts into each row what came and went since the list before, with the days that are known, and answers the lists that the next closing compares with. A
/// service that is not reconciled keeps its list.
pub(super) fn compare_items(
    before: Vec<CountedItems>,
    rows: &mut [RowRecord],
    (day, known): (Date, (&KnownMoves, bool)),
    is_moved: impl Fn(&Part) -> bool,
    absence: impl Fn(&ProductCode, Option<&str>) -> Absence,
) -> Vec<CountedItems> {
    let mut before: BTreeMap<Part, CountedItems> =
        before.into_iter().map(|one| ((one.service.clone(), one.section.clone()), one)).collect();
    let mut kept = Vec::new();
    for (part, places) in places_of_parts(rows) {
        let earlier = before.remove(&part);
        let is_sure = places.iter().all(|at| is_sure(&rows[*at]));
        if !is_sure {
            kept.extend(earlier);
            continue;
        }
        let mut now: BTreeMap<ItemKey<'_>, &ItemRecord> = BTreeMap::new();
        for item in places.iter().flat_map(|at| &rows[*at].items) {
            // It counts if one of the rows counts it.
            let known = now.entry(key(item)).or_insert(item);
            if item.fate == ItemFateWord::In {
                *known = item;
            }
        }
        let items: Vec<CountedItem> =
            now.values().filter(|item| item.fate == ItemFateWord::In).map(|item| counted(item)).collect();
        let moved = earlier.and_then(|earlier| moved_items(&earlier, &now)).map(|moved| moved.with_days(known));
        for at in places {
            rows[at].items_moved.clone_from(&moved);
        }
        if !items.is_empty() {
            kept.push(CountedItems { service: part.0, section: part.1, day, items });
        }
    }
    let is_unknown = |(part, one): &(Part, CountedItems)| {
        is_moved(part) || absence(&one.service, one.section.as_deref()) == Absence::Unknown
    };
    kept.extend(before.into_iter().filter(is_unknown).map(|(_, one)| one));
    kept.sort_by(|a, b| (&a.service, &a.section).cmp(&(&b.service, &b.section)));
    kept
}

/// The rows in which items are looked at, by what they are about.
fn places_of_parts(rows: &[RowRecord]) -> BTreeMap<Part, Vec<usize>> {
    let mut parts: BTreeMap<Part, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.kind != RowKind::UncountedLine) {
        parts.entry((row.service.clone(), row.section.clone())).or_default().push(at);
    }
    parts
}

fn is_sure(row: &RowRecord) -> bool {
    row.kind != RowKind::NotReconciled && row.fault.is_none()
}

fn key(item: &ItemRecord) -> ItemKey<'_> {
    (&item.source, &item.account_id, &item.item_id)
}

fn counted(item: &ItemRecord) -> CountedItem {
    CountedItem {
        source: item.source.clone(),
        account_id: item.account_id.clone(),
        item_id: item.item_id.clone(),
        name: item.name.clone(),
    }
}

/// `None`: nothing came, and nothing went.
fn moved_items(before: &CountedItems, now: &BTreeMap<ItemKey<'_>, &ItemRecord>) -> Option<ItemsMoved> {
    let then: BTreeSet<ItemKey<'_>> =
        before.items.iter().map(|item| (&item.source, &item.account_id, item.item_id.as_str())).collect();
    let came = now.iter().filter(|(key, item)| item.fate == ItemFateWord::In && !then.contains(*key));
    let came: Vec<CameItem> =
        came.map(|(_, item)| CameItem { item: counted(item), first_seen: item.first_seen, day: None }).collect();
    let went = before.items.iter().filter_map(|item| {
        let found = now.get(&(&item.source, &item.account_id, item.item_id.as_str()));
        let still_counts = found.is_some_and(|found| found.fate == ItemFateWord::In);
        let reason = found.and_then(|found| found.reason);
        (!still_counts).then(|| WentItem { item: item.clone(), is_listed: found.is_some(), reason, day: None })
    });
    let went: Vec<WentItem> = went.collect();
    (!came.is_empty() || !went.is_empty()).then_some(ItemsMoved { since: before.day, came, went })
}
