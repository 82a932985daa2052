//! The rows of one account, each item once for each product: it counts if one of its rows does.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::Timestamp;
use rust_decimal::Decimal;
use truecount_billing::{ItemState, LeftOutReason};
use truecount_reconciliation::{ItemColumns, ItemNo, ListedItem, TooManyItems};

use super::takers::{KindNo, Takers, TooManyKinds};

/// Why the rows of an account cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooMuch {
    Items,
    Kinds,
}

impl From<TooManyItems> for TooMuch {
    fn from(_: TooManyItems) -> Self {
        Self::Items
    }
}

impl From<TooManyKinds> for TooMuch {
    fn from(_: TooManyKinds) -> Self {
        Self::Kinds
    }
}

/// What a row says of its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// `None`: it counts by its state.
    pub(super) left_out: Option<LeftOutReason>,
    pub(super) last_seen: Option<Timestamp>,
    /// `None`: the list does not say.
    pub(super) units: Option<Decimal>,
}

impl Said {
    /// What two rows say of one item: the one that counts holds, the newest sighting before older ones; an item without
    /// any is never too old. Of units the most that either says.
    fn or(self, other: Self) -> Self {
        let order = |one: &Self| (one.left_out.is_none(), one.last_seen.is_none(), one.last_seen);
        let better = if order(&other) > order(&self) { other } else { self };
        Self { units: self.units.max(other.units), ..better }
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    /// Where its item's id stands in `ids`.
    id: (u32, u32),
    kind: KindNo,
    said: Said,
    /// The row before it of the same item.
    earlier: Option<u32>,
}

/// The rows of the account that is being read.
#[derive(Debug, Default)]
pub(super) struct AccountRows {
    ids: String,
    rows: Vec<Row>,
    /// The last row of each item.
    items: HashTable<u32>,
    /// Whether a rule takes an item by rows of different kinds.
    has_overlap: bool,
    hasher: DefaultHashBuilder,
}

impl AccountRows {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes a row.
    pub(super) fn add(&mut self, takers: &Takers, id: &str, kind: KindNo, said: Said) -> Result<(), TooMuch> {
        let hash = hash_of(&self.hasher, id);
        let Self { ids, rows, items, hasher, .. } = self;
        let text = |row: &u32| slice(ids, rows[*row as usize].id);
        let number = u32::try_from(rows.len()).map_err(|_| TooMuch::Items)?;
        let Some(last) = items.find_mut(hash, |row| text(row) == id) else {
            items.insert_unique(hash, number, |row| hash_of(hasher, text(row)));
            let start = u32::try_from(ids.len()).map_err(|_| TooMuch::Items)?;
            ids.push_str(id);
            let end = u32::try_from(ids.len()).map_err(|_| TooMuch::Items)?;
            rows.push(Row { id: (start, end), kind, said, earlier: None });
            return Ok(());
        };
        let mut earlier = Some(*last);
        while let Some(at) = earlier {
            let row = &mut rows[at as usize];
            if row.kind == kind {
                row.said = row.said.or(said);
                return Ok(());
            }
            self.has_overlap |= takers.overlap(row.kind, kind);
            earlier = row.earlier;
        }
        let id = rows[*last as usize].id;
        rows.push(Row { id, kind, said, earlier: Some(*last) });
        *last = number;
        Ok(())
    }

    /// Puts the items into the columns, and is empty again.
    pub(super) fn put(&mut self, takers: &mut Takers, columns: &mut ItemColumns) -> Result<Range<ItemNo>, TooMuch> {
        let start = columns.next_item()?;
        if self.has_overlap {
            self.put_each_rule_once(takers, columns)?;
        } else {
            for row in &self.rows {
                put(columns, slice(&self.ids, row.id), row.kind, row.said)?;
            }
        }
        self.ids.clear();
        self.rows.clear();
        self.items.clear();
        self.has_overlap = false;
        Ok(start..columns.next_item()?)
    }

    /// A rule that takes an item by two of its rows takes it once: its rows are put together anew, rule by rule.
    fn put_each_rule_once(&self, takers: &mut Takers, columns: &mut ItemColumns) -> Result<(), TooMuch> {
        let mut last_rows: Vec<u32> = self.items.iter().copied().collect();
        last_rows.sort_unstable();
        for last in last_rows {
            let chain = std::iter::successors(Some(last), |row| self.rows[*row as usize].earlier);
            let mut by_rule: Vec<(u16, Said)> = Vec::new();
            for row in chain.map(|row| &self.rows[row as usize]) {
                for rule in takers.rules_of(row.kind) {
                    match by_rule.iter_mut().find(|(known, _)| known == rule) {
                        Some((_, said)) => *said = said.or(row.said),
                        None => by_rule.push((*rule, row.said)),
                    }
                }
            }
            by_rule.sort_unstable_by_key(|(rule, _)| *rule);
            while let Some((_, said)) = by_rule.first().copied() {
                let (same, others): (Vec<_>, Vec<_>) = by_rule.into_iter().partition(|(_, one)| *one == said);
                let kind = takers.kind_of(same.into_iter().map(|(rule, _)| rule).collect())?;
                put(columns, slice(&self.ids, self.rows[last as usize].id), kind, said)?;
                by_rule = others;
            }
        }
        Ok(())
    }

    /// Takes the items that an account had before into the rows, out of the columns.
    pub(super) fn take_back(
        &mut self,
        takers: &Takers,
        columns: &ItemColumns,
        items: Range<ItemNo>,
    ) -> Result<(), TooMuch> {
        for item in items {
            let Some(kind) = columns.kind(item).and_then(|kind| KindNo::try_from(kind).ok()) else { continue };
            let said = Said {
                left_out: columns.left_out(item),
                last_seen: columns.last_seen(item),
                units: columns.units_said(item),
            };
            self.add(takers, columns.id(item), kind, said)?;
        }
        Ok(())
    }
}

fn put(columns: &mut ItemColumns, id: &str, kind: KindNo, said: Said) -> Result<(), TooMuch> {
    let state = said.left_out.map_or(ItemState::Counts, ItemState::LeftOut);
    Ok(columns.add_listed(&ListedItem { id, kind, state, last_seen: said.last_seen, units: said.units })?)
}

fn slice(ids: &str, (start, end): (u32, u32)) -> &str {
    &ids[start as usize..end as usize]
}

fn hash_of(hasher: &DefaultHashBuilder, id: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(id.as_bytes());
    state.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::PlainRule;
    use truecount_billing::{ProductCode, SourceId};

    fn rule(code: &str, kinds: &[&str]) -> PlainRule {
        PlainRule {
            product: ProductCode::new(code).unwrap(),
            source: SourceId::new("rmm").unwrap(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            skus: Vec::new(),
            included: Decimal::ZERO,
            minimum: Decimal::ZERO,
            tolerance: Decimal::ZERO,
            list_price: None,
        }
    }

    fn said(day: Option<&str>, is_left_out: Option<LeftOutReason>, units: i64) -> Said {
        let last_seen = day.map(|day| format!("{day}T00:00:00Z").parse().unwrap());
        Said { left_out: is_left_out, last_seen, units: Some(Decimal::from(units)) }
    }

    /// What each rule takes: rule, units, whether it counts by its state, the day of the sighting.
    fn taken(takers: &Takers, columns: &ItemColumns) -> Vec<(u16, String, bool, String)> {
        let mut found = Vec::new();
        for item in 0..columns.next_item().unwrap() {
            let kind = KindNo::try_from(columns.kind(item).unwrap()).unwrap();
            for rule in takers.rules_of(kind) {
                let seen = columns.last_seen(item).map(|seen| seen.to_string()[..10].to_owned()).unwrap_or_default();
                let units = columns.units(item).unwrap().to_string();
                found.push((*rule, units, columns.left_out(item).is_none(), seen));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn an_item_is_once_for_each_product_however_its_rows_come() {
        let (servers, all) = (rule("SRV", &["server"]), rule("PATCH", &["server", "workstation"]));
        let rules = [(0, &servers), (1, &all)];
        let rows = [
            ("server", said(Some("2026-06-01"), None, 2)),
            ("workstation", said(Some("2026-06-20"), None, 1)),
            ("workstation", said(Some("2026-06-25"), Some(LeftOutReason::Deleted), 1)),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let (mut takers, mut columns) = (Takers::default(), ItemColumns::default());
            let mut account = AccountRows::default();
            for at in order {
                let (word, said) = rows[at];
                let kind = takers.kind(|| rules.iter().copied(), word, "").unwrap().unwrap();
                account.add(&takers, "x", kind, said).unwrap();
            }
            account.put(&mut takers, &mut columns).unwrap();
            let right = [(0, "2".into(), true, "2026-06-01".into()), (1, "2".into(), true, "2026-06-20".into())];
            assert_eq!(taken(&takers, &columns), right, "{order:?}");
        }
    }

    #[test]
    fn a_row_that_counts_holds_before_one_that_does_not_and_a_later_sighting_before_an_earlier() {
        let old = said(Some("2026-01-01"), None, 1);
        let new = said(Some("2026-06-01"), None, 1);
        let never = said(None, None, 1);
        let gone = said(Some("2026-06-29"), Some(LeftOutReason::Deleted), 3);
        for (one, other, right) in
            [(old, new, new), (new, never, never), (old, gone, Said { units: gone.units, ..old })]
        {
            assert_eq!(one.or(other), right);
            assert_eq!(other.or(one), right);
        }
    }
}
