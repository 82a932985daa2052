//! Which items were seen, each once per rule, told apart by their whole id. No rule is judged here.
//!
//! An item is kept once per account as its id and two masks: by which of sixteen rules it was seen, and by which
//! of these it counts. What is rarer (why it does not count, a quantity other than one) stands beside it.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use rust_decimal::Decimal;

use crate::{ReconcileError, words::Words};

/// A rule within one source: sixteen to a group.
pub(crate) type LocalRule = u16;

/// Rules of one group: as many as a mask has bits.
pub(crate) const GROUP_RULES: u16 = 16;

const CHUNK_BYTES: usize = 1 << 20;
const CHUNKS_MAX: usize = 1 << 14;
const HEADER_BYTES: usize = 8;

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
pub(crate) struct AccountItems {
    index: HashTable<u32>,
    pub(crate) counts: Vec<RuleCount>,
    pub(crate) left_out: Vec<LeftOut>,
    #[expect(clippy::box_collection, reason = "rare, and there are many accounts")]
    pub(crate) extras: Option<Box<Vec<Extra>>>,
}

/// The ids of all accounts' items, and what is rare about some.
#[derive(Debug, Default)]
pub(crate) struct SeenItems {
    chunks: Vec<Box<[u8]>>,
    used_bytes: usize,
    left_out: HashMap<(u32, u8), Outcome>,
    quantities: HashMap<(u32, u8), Decimal>,
    hasher: DefaultHashBuilder,
}

impl SeenItems {
    /// Takes a report; the same id again changes only what it says better.
    pub(crate) fn report(
        &mut self,
        account: &mut AccountItems,
        item_id: &str,
        report: Report,
        words: &Words,
    ) -> Result<(), ReconcileError> {
        let id = item_id.as_bytes();
        let hash = self.hash(id);
        let known = account.index.find(hash, |at| self.is(*at, report.group, id)).copied();
        let at = match known {
            Some(at) => at,
            None => {
                let at = self.keep(report.group, id)?;
                account.index.insert_unique(hash, at, |at| self.hash(self.id(*at)));
                at
            }
        };
        let (counted, seen) = self.masks(at);
        let (fresh, again) = (report.mask & !seen, report.mask & seen);
        let mut now_counted = counted;
        if report.outcome == Outcome::COUNTS {
            now_counted |= fresh;
        }
        for bit in bits(fresh) {
            self.first(account, at, bit, report)?;
        }
        for bit in bits(again) {
            let current = self.outcome(at, bit, counted);
            self.grow(account, at, bit, report, current)?;
            if report.outcome.beats(current, words) {
                self.change(account, at, bit, report, current)?;
                now_counted |= u16::from(report.outcome == Outcome::COUNTS) << bit;
            }
        }
        if (now_counted, seen | report.mask) != (counted, seen) {
            self.set_masks(at, now_counted, seen | report.mask);
        }
        Ok(())
    }

    fn first(&mut self, account: &mut AccountItems, at: u32, bit: u8, report: Report) -> Result<(), ReconcileError> {
        let rule = local(report.group, bit);
        let count = account.count(rule);
        count.raw += 1;
        if report.outcome == Outcome::COUNTS {
            count.counted += 1;
        } else {
            account.leave_out(rule, report.outcome, 1);
            self.left_out.insert((at, bit), report.outcome);
        }
        if report.quantity != Decimal::ONE {
            self.quantities.insert((at, bit), report.quantity);
            let more = report.quantity - Decimal::ONE;
            account.add_extra(rule, None, more)?;
            account.add_extra(rule, Some(report.outcome), more)?;
        }
        Ok(())
    }

    /// Two reports of one item that differ in quantity: the greater one is believed, in whatever order they come.
    fn grow(
        &mut self,
        account: &mut AccountItems,
        at: u32,
        bit: u8,
        report: Report,
        current: Outcome,
    ) -> Result<(), ReconcileError> {
        if report.outcome == Outcome::UNKNOWN {
            return Ok(());
        }
        let before = self.quantities.get(&(at, bit)).copied().unwrap_or(Decimal::ONE);
        if report.quantity <= before && current != Outcome::UNKNOWN {
            return Ok(());
        }
        let more = report.quantity - before;
        self.quantities.insert((at, bit), report.quantity);
        account.add_extra(local(report.group, bit), None, more)?;
        account.add_extra(local(report.group, bit), Some(current), more)
    }

    fn change(
        &mut self,
        account: &mut AccountItems,
        at: u32,
        bit: u8,
        report: Report,
        current: Outcome,
    ) -> Result<(), ReconcileError> {
        let rule = local(report.group, bit);
        account.leave_out(rule, current, -1);
        if report.outcome == Outcome::COUNTS {
            account.count(rule).counted += 1;
            self.left_out.remove(&(at, bit));
        } else {
            account.leave_out(rule, report.outcome, 1);
            self.left_out.insert((at, bit), report.outcome);
        }
        if let Some(quantity) = self.quantities.get(&(at, bit)) {
            let more = *quantity - Decimal::ONE;
            account.add_extra(rule, Some(current), -more)?;
            account.add_extra(rule, Some(report.outcome), more)?;
        }
        Ok(())
    }

    fn outcome(&self, at: u32, bit: u8, counted: u16) -> Outcome {
        if counted >> bit & 1 == 1 {
            return Outcome::COUNTS;
        }
        self.left_out.get(&(at, bit)).copied().unwrap_or(Outcome::COUNTS)
    }

    fn hash(&self, id: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(id);
        hasher.finish()
    }

    fn keep(&mut self, group: u8, id: &[u8]) -> Result<u32, ReconcileError> {
        let too_many = || ReconcileError::TooMany { what: "bytes of item ids", max: (CHUNKS_MAX * CHUNK_BYTES) as u64 };
        let length = u16::try_from(id.len()).map_err(|_| too_many())?;
        let bytes = (HEADER_BYTES + id.len()).next_multiple_of(4);
        if self.chunks.is_empty() || self.used_bytes + bytes > CHUNK_BYTES {
            if self.chunks.len() == CHUNKS_MAX || bytes > CHUNK_BYTES {
                return Err(too_many());
            }
            self.chunks.push(vec![0; CHUNK_BYTES].into_boxed_slice());
            self.used_bytes = 0;
        }
        let at =
            u32::try_from((self.chunks.len() - 1) * (CHUNK_BYTES / 4) + self.used_bytes / 4).map_err(|_| too_many())?;
        let record = self.record_mut(at);
        record[4..6].copy_from_slice(&length.to_le_bytes());
        record[6] = group;
        record[HEADER_BYTES..HEADER_BYTES + id.len()].copy_from_slice(id);
        self.used_bytes += bytes;
        Ok(at)
    }

    fn record(&self, at: u32) -> &[u8] {
        let at = at as usize;
        &self.chunks[at / (CHUNK_BYTES / 4)][at % (CHUNK_BYTES / 4) * 4..]
    }

    fn record_mut(&mut self, at: u32) -> &mut [u8] {
        let at = at as usize;
        &mut self.chunks[at / (CHUNK_BYTES / 4)][at % (CHUNK_BYTES / 4) * 4..]
    }

    fn id(&self, at: u32) -> &[u8] {
        let record = self.record(at);
        &record[HEADER_BYTES..HEADER_BYTES + usize::from(u16::from_le_bytes([record[4], record[5]]))]
    }

    fn is(&self, at: u32, group: u8, id: &[u8]) -> bool {
        self.record(at)[6] == group && self.id(at) == id
    }

    fn masks(&self, at: u32) -> (u16, u16) {
        let record = self.record(at);
        (u16::from_le_bytes([record[0], record[1]]), u16::from_le_bytes([record[2], record[3]]))
    }

    fn set_masks(&mut self, at: u32, counted: u16, seen: u16) {
        let record = self.record_mut(at);
        record[0..2].copy_from_slice(&counted.to_le_bytes());
        record[2..4].copy_from_slice(&seen.to_le_bytes());
    }
}

impl AccountItems {
    /// Gives back what only telling items apart needs.
    pub(crate) fn forget_ids(&mut self) {
        self.index = HashTable::new();
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
        let extras = self.extras.get_or_insert_default();
        match extras.iter_mut().find(|one| one.rule == rule && one.outcome == outcome) {
            Some(one) => {
                one.units = one.units.checked_add(more).ok_or_else(|| ReconcileError::TooLarge {
                    subject: "an account's items".into(),
                    what: "the sum of quantities",
                })?;
            }
            None => extras.push(Extra { rule, outcome, units: more }),
        }
        Ok(())
    }
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
