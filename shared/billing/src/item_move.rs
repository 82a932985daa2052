//! What happened to an item from one sync to the next: the day on which a difference began can be told by it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{ItemId, UsageItem};

/// Days for which what happened to an item is kept: more than lie between two closings, one of which may be missed.
pub const MOVES_KEPT_DAYS: i32 = 100;

/// An item that appeared, changed or went between two readings of its account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ItemMove {
    /// The vendor's id of it.
    pub item_id: ItemId,
    /// The day of the first reading that has it so.
    pub on: Date,
    /// The day of the reading before, which had it otherwise.
    pub after: Date,
    /// What happened.
    pub how: ItemMoveKind,
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemMoveKind {
    /// It was not listed before.
    Came,
    /// Its kind, state, quantity, product or an attribute is another: what rules select by.
    Changed,
    /// It is no longer listed.
    Went,
}

/// What is known of an account's items after a reading, sorted: what has happened since the reading before, and what was
/// known then and is not too long ago. Both readings are whole.
#[must_use]
pub fn item_moves(before: (Date, &[UsageItem]), known: &[ItemMove], now: (Date, &[UsageItem])) -> Vec<ItemMove> {
    let (after, on) = (before.0, now.0);
    let is_kept = |one: &&ItemMove| one.on.checked_add(MOVES_KEPT_DAYS.days()).is_ok_and(|until| until >= on);
    let mut moves: BTreeSet<ItemMove> = known.iter().filter(is_kept).cloned().collect();
    let mut add = |items: &[&UsageItem], how| {
        moves.extend(items.first().map(|item| ItemMove { item_id: item.item_id.clone(), on, after, how }));
    };
    let (then, listed) = (in_order(before.1), in_order(now.1));
    let mut then = then.chunk_by(is_one_id).peekable();
    let mut listed = listed.chunk_by(is_one_id).peekable();
    loop {
        let order = match (then.peek(), listed.peek()) {
            (Some(before), Some(now)) => before.first().map(id_of).cmp(&now.first().map(id_of)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let before = if order.is_le() { then.next().unwrap_or_default() } else { &[] };
        let now = if order.is_ge() { listed.next().unwrap_or_default() } else { &[] };
        match order {
            Ordering::Less => add(before, ItemMoveKind::Went),
            Ordering::Greater => add(now, ItemMoveKind::Came),
            Ordering::Equal if is_same(before, now) => {}
            Ordering::Equal => add(now, ItemMoveKind::Changed),
        }
    }
    moves.into_iter().collect()
}

/// Items of one id, which can be of several kinds, one after another.
fn in_order(items: &[UsageItem]) -> Vec<&UsageItem> {
    let mut items: Vec<_> = items.iter().collect();
    items.sort_by_key(|item| &item.item_id);
    items
}

fn is_one_id(one: &&UsageItem, other: &&UsageItem) -> bool {
    one.item_id == other.item_id
}

fn id_of<'i>(item: &&'i UsageItem) -> &'i ItemId {
    &item.item_id
}

fn is_same(before: &[&UsageItem], now: &[&UsageItem]) -> bool {
    let is_like = |one: &UsageItem, other: &UsageItem| {
        (&one.kind, &one.sku, &one.state, one.quantity, &one.attributes)
            == (&other.kind, &other.sku, &other.state, other.quantity, &other.attributes)
    };
    let mut left = now.to_vec();
    let mut take = |one: &UsageItem| left.iter().position(|other| is_like(one, other)).map(|at| left.swap_remove(at));
    before.len() == now.len() && before.iter().all(|one| take(one).is_some())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{ItemState, LeftOutReason};

    fn item(id: &str) -> UsageItem {
        UsageItem::new(ItemId::new(id).unwrap(), "user")
    }

    fn blocked(id: &str) -> UsageItem {
        UsageItem { state: ItemState::LeftOut(LeftOutReason::Disabled), ..item(id) }
    }

    fn told(moves: &[ItemMove]) -> Vec<String> {
        moves.iter().map(|one| format!("{} {:?} {} {}", one.item_id, one.how, one.after, one.on)).collect()
    }

    #[test]
    fn who_came_changed_and_went_is_told_by_day() {
        let (first, second, third) = (date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 12));
        let known =
            item_moves((first, &[item("ada"), blocked("bo")]), &[], (second, &[item("ada"), item("bo"), item("cy")]));
        assert_eq!(told(&known), ["bo Changed 2026-11-09 2026-11-10", "cy Came 2026-11-09 2026-11-10"]);
        let later =
            item_moves((second, &[item("ada"), item("bo"), item("cy")]), &known, (third, &[item("bo"), item("cy")]));
        let expected =
            ["ada Went 2026-11-10 2026-11-12", "bo Changed 2026-11-09 2026-11-10", "cy Came 2026-11-09 2026-11-10"];
        assert_eq!(told(&later), expected);
        let same = [item("bo"), item("cy")];
        assert_eq!(
            item_moves((third, &same), &later, (third, &same)),
            later,
            "the same reading again tells nothing new"
        );
        let much_later = date(2027, 2, 20);
        assert_eq!(told(&item_moves((third, &same), &later, (much_later, &same))), expected[..1], "kept for 100 days");
    }

    #[test]
    fn what_no_rule_selects_by_is_no_change() {
        let renamed =
            UsageItem { name: Some("Ada".to_owned()), last_seen: Some(jiff::Timestamp::UNIX_EPOCH), ..item("ada") };
        assert!(item_moves((date(2026, 11, 9), &[item("ada")]), &[], (date(2026, 11, 10), &[renamed])).is_empty());
    }

    #[test]
    fn items_of_one_id_are_compared_together() {
        let (day, next) = (date(2026, 11, 9), date(2026, 11, 10));
        let phone = UsageItem { kind: "mobile".to_owned(), ..item("ada") };
        let both = [item("ada"), phone.clone()];
        assert!(item_moves((day, &both), &[], (next, &[phone.clone(), item("ada")])).is_empty());
        assert_eq!(told(&item_moves((day, &both), &[], (next, &[phone]))), ["ada Changed 2026-11-09 2026-11-10"]);
    }
}
