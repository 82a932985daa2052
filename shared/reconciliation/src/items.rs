//! Which items were seen, each once per rule, told apart by their whole id. No rule is judged here.
//!
//! An item is kept once per account as its id and two masks: by which of sixteen rules it was seen, and by which of
//! these it counts. What tells the items of an account apart is kept only while the account's rows follow each
//! other; an account that comes back gets it again, and keeps it then.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use rust_decimal::Decimal;

use crate::{AccountNo, ReconcileError, arena::Arena, words::Words};

/// A rule within one source: sixteen to a group.
pub(crate) type LocalRule = u16;

/// Rules of one group: as many as a mask has bits.
pub(crate) const GROUP_RULES: u16 = 16;

/// A scratch table larger than this is not kept for the next account: emptying it would cost more than a new one.
const SCRATCH_MAX: usize = 1 << 10;

/// Why an item counts or does not; the lower wins when an id comes again, status words by the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Outcome(pub(crate) u16);

impl Outcome {
    pub(crate) const COUNTS: Self = Self(0);
    /// It would count, but nobody said how many it is.
    pub(crate) const UNKNOWN: Self = Self(1);
    pub(crate) const STALE: Self = Self(2);
    /// The first of the status words.
    pub(crate) const STATUS: u16 = 3;

    fn beats(self, other: Self, words: &Words) -> bool {
        if self.0 >= Self::STATUS && other.0 >= Self::STATUS {
            words.of(self) < words.of(other)
        } else {
            self.0 < other.0
        }
    }
}

/// One report of an item to the rules of one group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) group: u8,
    pub(crate) mask: u16,
    pub(crate) outcome: Outcome,
    /// How many units; one where unknown.
    pub(crate) quantity: Decimal,
}

/// Distinct items of one account and rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RuleCount {
    pub(crate) rule: LocalRule,
    /// All, whether they count or not: kept apart from the outcomes, so that their sum can be checked.
    pub(crate) raw: u32,
    pub(crate) counted: u32,
}

/// Distinct items of one account and rule that do not count, for one reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeftOut {
    pub(crate) rule: LocalRule,
    pub(crate) outcome: Outcome,
    pub(crate) items: u32,
}

/// Units beyond one for each item: what quantities other than one add to a count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extra {
    pub(crate) rule: LocalRule,
    /// `None`: of the raw count.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) units: Decimal,
}

/// What one account has.
#[derive(Debug, Default)]
pub(crate) enum AccountItems {
    #[default]
    None,
    /// Its rows are being read: everything is in the scratch.
    Current,
    /// Its rows are behind; they may come again.
    Parked(Parked),
    /// Its rows came again: it keeps its own tables.
    Own(Box<Tallies>),
}

/// Sums, and what is needed to go on with them.
#[derive(Debug)]
pub(crate) struct Parked {
    counts: Box<[RuleCount]>,
    left_out: Box<[LeftOut]>,
    items_left_out: Box<[(u32, u8, Outcome)]>,
    more: Option<Box<Quantities>>,
    /// Its records in the arena.
    first: u32,
    end: u32,
}

/// Quantities other than one.
#[derive(Debug)]
struct Quantities {
    extras: Vec<Extra>,
    by_item: Vec<((u32, u8), Decimal)>,
}

/// Sums, and what tells the items of one account apart.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    index: HashTable<u32>,
    counts: Vec<RuleCount>,
    left_out: Vec<LeftOut>,
    extras: Vec<Extra>,
    items_left_out: HashMap<(u32, u8), Outcome>,
    quantities: HashMap<(u32, u8), Decimal>,
    first: u32,
}

/// The items of all accounts.
#[derive(Debug, Default)]
pub(crate) struct SeenItems {
    arena: Arena,
    scratch: Tallies,
    current: Option<AccountNo>,
    hasher: DefaultHashBuilder,
}

impl SeenItems {
    /// Makes an account the one whose rows are read; its predecessor is parked.
    pub(crate) fn turn_to(&mut self, number: AccountNo, accounts: &mut [impl HasItems]) {
        if self.current == Some(number) {
            return;
        }
        self.park(accounts);
        let account = accounts[number.0 as usize].items();
        match std::mem::take(account) {
            AccountItems::None | AccountItems::Current => {
                self.scratch.first = self.arena.end();
                self.current = Some(number);
                *account = AccountItems::Current;
            }
            AccountItems::Parked(parked) => {
                *account = AccountItems::Own(Box::new(parked.restored(&self.arena, &self.hasher)));
            }
            own @ AccountItems::Own(_) => *account = own,
        }
    }

    /// Puts the sums of the account whose rows are read where they belong.
    pub(crate) fn park(&mut self, accounts: &mut [impl HasItems]) {
        let Some(number) = self.current.take() else { return };
        *accounts[number.0 as usize].items() = AccountItems::Parked(self.scratch.parked(self.arena.end()));
        self.scratch.clear();
    }

    /// Takes a report; the same id again changes only what it says better.
    pub(crate) fn report(
        &mut self,
        account: &mut AccountItems,
        item_id: &str,
        report: Report,
        words: &Words,
    ) -> Result<(), ReconcileError> {
        let tallies = match account {
            AccountItems::Own(own) => &mut **own,
            _ => &mut self.scratch,
        };
        let id = item_id.as_bytes();
        let hash = hash_of(&self.hasher, id);
        let known = tallies.index.find(hash, |at| self.arena.is(*at, report.group, id)).copied();
        let at = match known {
            Some(at) => at,
            None => {
                let at = self.arena.keep(report.group, id)?;
                let (arena, hasher) = (&self.arena, &self.hasher);
                tallies.index.insert_unique(hash, at, |at| hash_of(hasher, arena.id(*at)));
                at
            }
        };
        let (counted, seen) = self.arena.masks(at);
        let masks = tallies.take(at, report, (counted, seen), words)?;
        if masks != (counted, seen) {
            self.arena.set_masks(at, masks);
        }
        Ok(())
    }
}

/// Where an account keeps its items.
pub(crate) trait HasItems {
    fn items(&mut self) -> &mut AccountItems;
}

impl AccountItems {
    /// What every account's counts, left-out items and extras are once nothing more comes.
    pub(crate) fn sums(&self) -> (&[RuleCount], &[LeftOut], &[Extra]) {
        match self {
            Self::None | Self::Current => (&[], &[], &[]),
            Self::Parked(parked) => {
                let extras = parked.more.as_ref().map_or(&[][..], |more| &more.extras);
                (&parked.counts, &parked.left_out, extras)
            }
            Self::Own(own) => (&own.counts, &own.left_out, &own.extras),
        }
    }
}

impl Parked {
    fn restored(self, arena: &Arena, hasher: &DefaultHashBuilder) -> Tallies {
        let mut tallies = Tallies { first: self.first, ..Tallies::default() };
        for at in arena.records(self.first, self.end) {
            let hash = hash_of(hasher, arena.id(at));
            tallies.index.insert_unique(hash, at, |at| hash_of(hasher, arena.id(*at)));
        }
        tallies.counts = self.counts.into_vec();
        tallies.left_out = self.left_out.into_vec();
        tallies.items_left_out = self.items_left_out.iter().map(|(at, bit, outcome)| ((*at, *bit), *outcome)).collect();
        if let Some(more) = self.more {
            tallies.extras = more.extras;
            tallies.quantities = more.by_item.into_iter().collect();
        }
        tallies
    }
}

impl Tallies {
    fn parked(&self, end: u32) -> Parked {
        let more = (!self.extras.is_empty()).then(|| {
            let by_item = self.quantities.iter().map(|(item, units)| (*item, *units)).collect();
            Box::new(Quantities { extras: self.extras.clone(), by_item })
        });
        Parked {
            counts: self.counts.as_slice().into(),
            left_out: self.left_out.as_slice().into(),
            items_left_out: self.items_left_out.iter().map(|((at, bit), outcome)| (*at, *bit, *outcome)).collect(),
            more,
            first: self.first,
            end,
        }
    }

    fn clear(&mut self) {
        if self.index.capacity() > SCRATCH_MAX {
            *self = Self::default();
            return;
        }
        self.index.clear();
        self.counts.clear();
        self.left_out.clear();
        self.extras.clear();
        self.items_left_out.clear();
        self.quantities.clear();
    }

    /// The item's masks (counted, seen) after a report.
    fn take(
        &mut self,
        at: u32,
        report: Report,
        (counted, seen): (u16, u16),
        words: &Words,
    ) -> Result<(u16, u16), ReconcileError> {
        let (fresh, again) = (report.mask & !seen, report.mask & seen);
        let mut now_counted = counted;
        if report.outcome == Outcome::COUNTS {
            now_counted |= fresh;
        }
        for bit in bits(fresh) {
            self.first(at, bit, report)?;
        }
        for bit in bits(again) {
            let current = if counted >> bit & 1 == 1 { Outcome::COUNTS } else { self.outcome(at, bit) };
            self.grow(at, bit, report, current)?;
            if report.outcome.beats(current, words) {
                self.change(at, bit, report, current)?;
                now_counted |= u16::from(report.outcome == Outcome::COUNTS) << bit;
            }
        }
        Ok((now_counted, seen | report.mask))
    }

    fn first(&mut self, at: u32, bit: u8, report: Report) -> Result<(), ReconcileError> {
        let rule = local(report.group, bit);
        let count = self.count(rule);
        count.raw += 1;
        if report.outcome == Outcome::COUNTS {
            count.counted += 1;
        } else {
            self.leave_out(rule, report.outcome, 1);
            self.items_left_out.insert((at, bit), report.outcome);
        }
        if report.quantity != Decimal::ONE {
            self.quantities.insert((at, bit), report.quantity);
            let more = report.quantity - Decimal::ONE;
            self.add_extra(rule, None, more)?;
            self.add_extra(rule, Some(report.outcome), more)?;
        }
        Ok(())
    }

    /// Two reports of one item that differ in quantity: the greater one is believed, in whatever order they come.
    fn grow(&mut self, at: u32, bit: u8, report: Report, current: Outcome) -> Result<(), ReconcileError> {
        if report.outcome == Outcome::UNKNOWN {
            return Ok(());
        }
        let before = self.quantities.get(&(at, bit)).copied().unwrap_or(Decimal::ONE);
        if report.quantity <= before && current != Outcome::UNKNOWN {
            return Ok(());
        }
        let more = report.quantity - before;
        self.quantities.insert((at, bit), report.quantity);
        self.add_extra(local(report.group, bit), None, more)?;
        self.add_extra(local(report.group, bit), Some(current), more)
    }

    fn change(&mut self, at: u32, bit: u8, report: Report, current: Outcome) -> Result<(), ReconcileError> {
        let rule = local(report.group, bit);
        self.leave_out(rule, current, -1);
        if report.outcome == Outcome::COUNTS {
            self.count(rule).counted += 1;
            self.items_left_out.remove(&(at, bit));
        } else {
            self.leave_out(rule, report.outcome, 1);
            self.items_left_out.insert((at, bit), report.outcome);
        }
        if let Some(quantity) = self.quantities.get(&(at, bit)) {
            let more = *quantity - Decimal::ONE;
            self.add_extra(rule, Some(current), -more)?;
            self.add_extra(rule, Some(report.outcome), more)?;
        }
        Ok(())
    }

    fn outcome(&self, at: u32, bit: u8) -> Outcome {
        self.items_left_out.get(&(at, bit)).copied().unwrap_or(Outcome::COUNTS)
    }

    fn count(&mut self, rule: LocalRule) -> &mut RuleCount {
        let place = self.counts.iter().rposition(|count| count.rule == rule).unwrap_or_else(|| {
            self.counts.push(RuleCount { rule, ..RuleCount::default() });
            self.counts.len() - 1
        });
        &mut self.counts[place]
    }

    fn leave_out(&mut self, rule: LocalRule, outcome: Outcome, by: i32) {
        match self.left_out.iter_mut().rev().find(|one| one.rule == rule && one.outcome == outcome) {
            Some(one) => one.items = one.items.saturating_add_signed(by),
            None => self.left_out.push(LeftOut { rule, outcome, items: by.max(0).unsigned_abs() }),
        }
    }

    fn add_extra(&mut self, rule: LocalRule, outcome: Option<Outcome>, more: Decimal) -> Result<(), ReconcileError> {
        match self.extras.iter_mut().find(|one| one.rule == rule && one.outcome == outcome) {
            Some(one) => {
                one.units = one.units.checked_add(more).ok_or_else(|| ReconcileError::TooLarge {
                    subject: "an account's items".into(),
                    what: "the sum of quantities",
                })?;
            }
            None => self.extras.push(Extra { rule, outcome, units: more }),
        }
        Ok(())
    }
}

fn hash_of(hasher: &DefaultHashBuilder, id: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(id);
    state.finish()
}

fn local(group: u8, bit: u8) -> LocalRule {
    u16::from(group) * GROUP_RULES + u16::from(bit)
}

fn bits(mut mask: u16) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let bit = (mask != 0).then(|| mask.trailing_zeros() as u8)?;
        mask &= mask - 1;
        Some(bit)
    })
}
