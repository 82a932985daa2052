//! The days on which items came to count or ceased to, as far as the syncs between two closings tell, and the day on which
//! an exception began.
//!
//! Told only where one thing alone has happened to an item: of one that came and then changed, either may have made it
//! count.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{AccountId, ItemId, ItemMove, ItemMoveKind, SourceId};

use super::items::{CameItem, CountedItem, ItemsMoved};
use crate::item_record::ItemFateWord;
use crate::outcome::RowKind;
use crate::record::RowRecord;

/// What happened in so many days, between two readings, is told of the second's: a weekend may lie between them.
const BETWEEN_DAYS_MAX: i32 = 3;

/// What happened to the items of accounts from sync to sync.
#[derive(Debug, Clone, Default)]
pub struct KnownMoves(HashMap<SourceId, HashMap<AccountId, HashMap<ItemId, Vec<ItemMove>>>>);

impl KnownMoves {
    /// Adds those of an account, or what an earlier reading of it said.
    pub fn add(&mut self, source: &SourceId, account: &AccountId, moves: impl IntoIterator<Item = ItemMove>) {
        let mut moves = moves.into_iter().peekable();
        if moves.peek().is_none() {
            return;
        }
        let known = self.0.entry(source.clone()).or_default().entry(account.clone()).or_default();
        for one in moves {
            known.entry(one.item_id.clone()).or_default().push(one);
        }
    }

    fn of(&self, item: &CountedItem) -> &[ItemMove] {
        let of_account = self.0.get(&item.source).and_then(|source| source.get(&item.account_id));
        of_account.and_then(|account| account.get(item.item_id.as_str())).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What happened since a closing.
struct KnownSince<'k> {
    known: &'k KnownMoves,
    is_by_same_rules: bool,
    /// Its count day.
    since: Date,
}

impl KnownSince<'_> {
    /// The one thing that happened to an item, if it is of after the closing and of a day that is known.
    fn only(&self, item: &CountedItem) -> Option<&ItemMove> {
        let [one] = self.known.of(item) else { return None };
        let is_told = one.how != ItemMoveKind::Changed || self.is_by_same_rules;
        (is_told && one.on > self.since && (one.on - one.after).get_days() <= BETWEEN_DAYS_MAX).then_some(one)
    }

    /// From which day an item counts that did not count then. `first_seen`: as the vendor says.
    fn came(&self, item: &CountedItem, first_seen: Option<Date>) -> Option<Date> {
        let first_seen = first_seen.filter(|day| *day > self.since);
        match self.only(item).map(|one| (one.how, one.on)) {
            Some((ItemMoveKind::Came, on)) => first_seen.filter(|day| *day <= on).or(Some(on)),
            Some((ItemMoveKind::Changed, on)) => Some(on),
            Some((ItemMoveKind::Went, _)) => None,
            None => first_seen.filter(|_| self.known.of(item).is_empty()),
        }
    }

    /// From which day an item does not count that counted then.
    fn went(&self, item: &CountedItem, is_listed: bool) -> Option<Date> {
        let how = if is_listed { ItemMoveKind::Changed } else { ItemMoveKind::Went };
        self.only(item).filter(|one| one.how == how).map(|one| one.on)
    }
}

/// The first day of those up to now on which a row's difference had its sign, where the last closing found none and the
/// agreement bills what it billed then; `None`: nobody knows.
pub(super) fn began(row: &RowRecord) -> Option<Date> {
    let is_over = match row.kind {
        RowKind::Underbilled | RowKind::UnbilledUsage => false,
        RowKind::Overbilled | RowKind::BilledWithoutUsage => true,
        _ => return None,
    };
    let (moved, last) = (row.items_moved.as_ref()?, row.last_closings.last()?);
    let (now, then) = (row.counted.filter(|now| row.should_bill == Some(*now))?, last.counted?);
    if row.fault.is_some() || row.peak_on.is_some() || last.billed != Some(row.billed) || then != row.billed {
        return None;
    }
    let mut days: BTreeMap<Date, Decimal> = BTreeMap::new();
    for came in &moved.came {
        let change = days.entry(came.day?).or_default();
        *change = change.checked_add(units(row, came)?)?;
    }
    for went in &moved.went {
        let change = days.entry(went.day?).or_default();
        *change = change.checked_sub(Decimal::ONE)?;
    }
    let (mut count, mut began) = (then, None);
    for (day, change) in days {
        count = count.checked_add(change)?;
        let differs = if is_over { count < row.billed } else { count > row.billed };
        began = if differs { began.or(Some(day)) } else { None };
    }
    // What came and went must explain all of the difference.
    began.filter(|_| count == now)
}

fn units(row: &RowRecord, came: &CameItem) -> Option<Decimal> {
    let CountedItem { source, account_id, item_id, .. } = &came.item;
    let mut of_item = row.items.iter().filter(|item| {
        item.fate == ItemFateWord::In
            && item.source == *source
            && item.account_id == *account_id
            && item.item_id == *item_id
    });
    of_item.next()?.units.filter(|_| of_item.next().is_none())
}

impl ItemsMoved {
    /// Puts in from which day each counts or does not, as far as that is known. `is_by_same_rules`: by other rules than
    /// then, what counts now may have counted by what it was before its change, too.
    pub(super) fn with_days(mut self, (known, is_by_same_rules): (&KnownMoves, bool)) -> Self {
        let known = KnownSince { known, is_by_same_rules, since: self.since };
        for came in &mut self.came {
            came.day = known.came(&came.item, came.first_seen);
        }
        for went in &mut self.went {
            went.day = known.went(&went.item, went.is_listed);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use truecount_billing::ProductCode;

    use super::super::items::WentItem;
    use super::super::{ClosingFigures, items::CountedItem};
    use super::*;
    use crate::item_record::ItemRecord;

    const SINCE: Date = date(2026, 10, 26);

    fn item(id: &str) -> CountedItem {
        CountedItem {
            source: "graph".parse().unwrap(),
            account_id: "alder".parse().unwrap(),
            item_id: id.to_owned(),
            name: None,
        }
    }

    fn one(id: &str, how: ItemMoveKind, after: Date, on: Date) -> ItemMove {
        ItemMove { item_id: id.parse().unwrap(), on, after, how }
    }

    fn known(moves: &[(&str, ItemMoveKind, i8, i8)]) -> KnownMoves {
        let mut known = KnownMoves::default();
        let day = |day| if day > 24 { date(2026, 10, day) } else { date(2026, 11, day) };
        let moves = moves.iter().map(|(id, how, after, on)| one(id, *how, day(*after), day(*on)));
        known.add(&item("").source, &item("").account_id, moves);
        known
    }

    #[test]
    fn the_day_is_told_where_one_thing_alone_has_happened() {
        use ItemMoveKind::{Came, Changed, Went};
        let seen = |day| Some(date(2026, 11, day));
        type Case<'a> = (&'a str, &'a [(&'a str, ItemMoveKind, i8, i8)], Option<Date>, Option<Date>);
        let cases: &[Case<'_>] = &[
            ("nothing is known", &[], None, None),
            ("another item", &[("b", Came, 9, 10)], None, None),
            ("listed since", &[("a", Came, 9, 10)], None, seen(10)),
            ("the vendor saw it earlier", &[("a", Came, 9, 10)], seen(8), seen(8)),
            ("the vendor says a day that it was not listed yet", &[("a", Came, 9, 10)], seen(11), seen(10)),
            ("the vendor knew it at the closing", &[("a", Came, 9, 10)], Some(date(2026, 1, 1)), seen(10)),
            ("only the vendor tells", &[], seen(8), seen(8)),
            ("only the vendor tells, of before the closing", &[], Some(SINCE), None),
            ("enabled again", &[("a", Changed, 11, 12)], Some(date(2026, 1, 1)), seen(12)),
            ("came, then changed: either", &[("a", Came, 9, 10), ("a", Changed, 11, 12)], seen(10), None),
            ("over a weekend", &[("a", Came, 6, 9)], None, seen(9)),
            ("not read for longer", &[("a", Came, 5, 9)], None, None),
            ("before the closing", &[("a", Came, 25, 26)], None, None),
            ("went, and it counts", &[("a", Went, 9, 10)], None, None),
        ];
        fn since(known: &KnownMoves, is_by_same_rules: bool) -> KnownSince<'_> {
            KnownSince { known, is_by_same_rules, since: SINCE }
        }
        for (why, moves, first_seen, expected) in cases {
            assert_eq!(since(&known(moves), true).came(&item("a"), *first_seen), *expected, "{why}");
        }
        let gone = known(&[("a", Went, 9, 10)]);
        assert_eq!(since(&gone, false).went(&item("a"), false), seen(10));
        assert_eq!(since(&gone, false).went(&item("a"), true), None, "listed all the same");
        let changed = known(&[("a", Changed, 9, 10)]);
        assert_eq!(since(&changed, true).went(&item("a"), true), seen(10));
        assert_eq!(since(&changed, true).went(&item("a"), false), None);
        // By other rules it may be these that count it now.
        assert_eq!(since(&changed, false).went(&item("a"), true), None);
        assert_eq!(since(&changed, false).came(&item("a"), None), None);
        assert_eq!(since(&known(&[("a", Came, 9, 10)]), false).came(&item("a"), None), seen(10));
    }

    /// Forty-one were counted and billed; now 42 count: two came on the tenth and the twenty-fourth, one went on the twelfth.
    fn row() -> RowRecord {
        let came = |id: &str, day| CameItem { item: item(id), first_seen: None, day: Some(date(2026, 11, day)) };
        let counting = |id: &str| ItemRecord {
            source: item("").source,
            account_id: item("").account_id,
            item_id: id.to_owned(),
            name: None,
            kind: None,
            units: Some(Decimal::ONE),
            first_seen: None,
            fate: ItemFateWord::In,
            reason: None,
            is_unassigned: false,
        };
        let went = WentItem { item: item("c"), is_listed: false, reason: None, day: Some(date(2026, 11, 12)) };
        RowRecord {
            billed: 41.into(),
            counted: Some(42.into()),
            should_bill: Some(42.into()),
            items: vec![counting("a"), counting("b")],
            items_moved: Some(ItemsMoved { since: SINCE, came: vec![came("a", 10), came("b", 24)], went: vec![went] }),
            last_closings: vec![ClosingFigures {
                month: "2026-10".parse().unwrap(),
                counted: Some(41.into()),
                billed: Some(41.into()),
            }],
            ..RowRecord::empty(RowKind::Underbilled, ProductCode::new("SEAT").unwrap())
        }
    }

    #[test]
    fn an_exception_began_with_the_last_stretch_of_days_that_have_it() {
        assert_eq!(began(&row()), Some(date(2026, 11, 24)), "on the twelfth the count was what is billed");
        let mut fewer = row();
        (fewer.kind, fewer.counted, fewer.should_bill) = (RowKind::Overbilled, Some(40.into()), Some(40.into()));
        let moved = fewer.items_moved.as_mut().unwrap();
        moved.came.clear();
        assert_eq!(began(&fewer), Some(date(2026, 11, 12)));
        let mut kept = row();
        kept.items_moved.as_mut().unwrap().went.clear();
        (kept.counted, kept.should_bill) = (Some(43.into()), Some(43.into()));
        assert_eq!(began(&kept), Some(date(2026, 11, 10)), "from the first of them on");
    }

    #[test]
    fn nobody_knows_when_what_cannot_be_explained_began() {
        type Set = fn(&mut RowRecord);
        let cases: &[(&str, Set)] = &[
            ("it agrees", |row| row.kind = RowKind::Agrees),
            ("nothing is compared with", |row| row.items_moved = None),
            ("no closing was before", |row| row.last_closings.clear()),
            ("the last closing did not count", |row| row.last_closings[0].counted = None),
            ("there was a difference already", |row| row.last_closings[0].counted = Some(40.into())),
            ("the bill was changed", |row| row.last_closings[0].billed = Some(40.into())),
            ("a minimum is billed", |row| row.should_bill = Some(50.into())),
            ("a peak counts", |row| row.peak_on = Some(date(2026, 11, 3))),
            ("who came nobody knows when", |row| row.items_moved.as_mut().unwrap().came[0].day = None),
            ("who went nobody knows when", |row| row.items_moved.as_mut().unwrap().went[0].day = None),
            ("more than came", |row| (row.counted, row.should_bill) = (Some(43.into()), Some(43.into()))),
            ("units are not known", |row| row.items[0].units = None),
            ("an item that is not counted", |row| row.items[1].fate = ItemFateWord::Out),
        ];
        for (why, set) in cases {
            let mut row = row();
            set(&mut row);
            assert_eq!(began(&row), None, "{why}");
        }
        assert!(began(&row()).is_some());
    }
}
