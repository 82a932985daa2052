//! Which items were seen, each once per rule, told apart by their whole id. No rule is judged here.
//!
//! An item is kept once per account as its id and two masks: by which of sixteen rules it was seen, and by which of
//! these it counts. What tells the items of an account apart is kept only while the account's rows follow each
//! other; an account that comes back gets it again, and keeps it then.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use rust_decimal::Decimal;

use crate::{AccountNo, ReconcileError, arena::Arena, exact, words::Words};

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
    /// It counts all the same: a licence given to a user who may not sign in is still given.
    pub(crate) const DISABLED: Self = Self(1);
    /// It would count, but nobody said how many it is.
    pub(crate) const UNKNOWN: Self = Self(2);
    pub(crate) const STALE: Self = Self(3);
    /// The first of the status words.
    pub(crate) const STATUS: u16 = 4;

    /// Whether its units are used ones.
    pub(crate) fn is_used(self) -> bool {
        matches!(self, Self::COUNTS | Self::DISABLED)
    }

    fn beats(self, other: Self, words: &Words) -> bool {
        if self.0 >= Self::STATUS && other.0 >= Self::STATUS { words.is_before(self, other) } else { self.0 < other.0 }
    }
}

/// One report of an item to the rules of one group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) group: u8,
    pub(crate) mask: u16,
    /// Never [`Outcome::UNKNOWN`]: that follows from the quantities of all reports.
    pub(crate) outcome: Outcome,
    /// How many units; `None`: not told.
    pub(crate) quantity: Option<Decimal>,
}

/// What all reports of one item say to one rule: the best outcome, and the greatest quantity that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    outcome: Outcome,
    quantity: Option<Decimal>,
}

impl State {
    /// Where it is counted.
    fn place(self) -> Outcome {
        if self.outcome.is_used() && self.quantity.is_none() { Outcome::UNKNOWN } else { self.outcome }
    }

    /// Units beyond one.
    fn extra(self) -> Option<Decimal> {
        self.quantity.map_or(Some(Decimal::ZERO), |units| exact::difference(units, Decimal::ONE))
    }

    fn with(self, other: Self, words: &Words) -> Self {
        let outcome = if other.outcome.beats(self.outcome, words) { other.outcome } else { self.outcome };
        Self { outcome, quantity: self.quantity.max(other.quantity) }
    }
}

/// Distinct items of one account and rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RuleCount {
    pub(crate) rule: LocalRule,
    /// All, whether they count or not: kept apart from the outcomes, so that their sum can be checked.
    pub(crate) raw: u32,
    pub(crate) counted: u32,
}

/// Distinct items of one account and rule that do not count, or not as a matter of course, for one reason.
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
    by_item: Vec<((u32, u8), Option<Decimal>)>,
}

/// Sums, and what tells the items of one account apart.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    index: HashTable<u32>,
    counts: Vec<RuleCount>,
    left_out: Vec<LeftOut>,
    extras: Vec<Extra>,
    /// The best outcome of each that is not simply counted; with no quantity told, it is counted as unknown.
    items_left_out: HashMap<(u32, u8), Outcome>,
    /// Where it is not one; `None`: not told.
    quantities: HashMap<(u32, u8), Option<Decimal>>,
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
        let more = (!self.quantities.is_empty() || !self.extras.is_empty()).then(|| {
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
        let said = State { outcome: report.outcome, quantity: report.quantity };
        let is_usual = said.outcome == Outcome::COUNTS && said.quantity.is_some_and(is_one);
        if is_usual && report.mask & seen == 0 {
            for bit in bits(report.mask) {
                let count = self.count(local(report.group, bit));
                (count.raw, count.counted) = (count.raw + 1, count.counted + 1);
            }
            return Ok((counted | report.mask, seen | report.mask));
        }
        let mut now_counted = counted;
        for bit in bits(report.mask) {
            let rule = local(report.group, bit);
            let before = (seen >> bit & 1 == 1).then(|| self.state(at, bit, counted >> bit & 1 == 1));
            let after = before.map_or(said, |before| before.with(said, words));
            match before {
                Some(before) if before == after => continue,
                Some(before) => self.add(rule, before, -1)?,
                None => self.count(rule).raw += 1,
            }
            self.add(rule, after, 1)?;
            self.keep(at, bit, before, after);
            let is_counted = u16::from(after.place() == Outcome::COUNTS);
            now_counted = now_counted & !(1 << bit) | is_counted << bit;
        }
        Ok((now_counted, seen | report.mask))
    }

    fn state(&self, at: u32, bit: u8, is_counted: bool) -> State {
        let left_out = if is_counted { None } else { self.items_left_out.get(&(at, bit)) };
        let outcome = left_out.copied().unwrap_or(Outcome::COUNTS);
        State { outcome, quantity: self.quantities.get(&(at, bit)).copied().unwrap_or(Some(Decimal::ONE)) }
    }

    fn keep(&mut self, at: u32, bit: u8, before: Option<State>, after: State) {
        let usual = Some(Decimal::ONE);
        if after.quantity != usual {
            self.quantities.insert((at, bit), after.quantity);
        } else if before.is_some() {
            self.quantities.remove(&(at, bit));
        }
        if after.place() != Outcome::COUNTS {
            self.items_left_out.insert((at, bit), after.outcome);
        } else if before.is_some() {
            self.items_left_out.remove(&(at, bit));
        }
    }

    /// Adds an item's state to the sums, or takes it away again.
    fn add(&mut self, rule: LocalRule, state: State, by: i32) -> Result<(), ReconcileError> {
        match state.place() {
            Outcome::COUNTS => {
                let count = self.count(rule);
                count.counted = count.counted.saturating_add_signed(by);
            }
            outcome => self.leave_out(rule, outcome, by),
        }
        let add_extra = |tallies: &mut Self| {
            let extra = state.extra()?;
            let signed = if by < 0 { -extra } else { extra };
            if !extra.is_zero() {
                tallies.add_extra(rule, None, signed)?;
                tallies.add_extra(rule, Some(state.place()), signed)?;
            }
            Some(())
        };
        add_extra(self).ok_or_else(|| ReconcileError::TooLarge {
            subject: "a vendor account's items".into(),
            what: "the sum of their quantities",
        })
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

    fn add_extra(&mut self, rule: LocalRule, outcome: Option<Outcome>, more: Decimal) -> Option<()> {
        match self.extras.iter_mut().find(|one| one.rule == rule && one.outcome == outcome) {
            Some(one) => one.units = exact::sum(one.units, more)?,
            None => self.extras.push(Extra { rule, outcome, units: more }),
        }
        Some(())
    }
}

fn hash_of(hasher: &DefaultHashBuilder, id: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(id);
    state.finish()
}

/// The same as comparing, in a fraction of the time.
fn is_one(units: Decimal) -> bool {
    units.scale() == 0 && units.mantissa() == 1
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
