//! Whether a count that fell is relied on: a pure function of what was relied on before, what is counted now, and on
//! whose word. A large fall is doubted until a second witness says the same; a rise is never doubted.
//!
//! Not here: how a person accepts a fall, and what doubtful accounts mean for a reconciliation.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Measure, ReadReason};
use truecount_store::{Base, Count, SeenFall, Witness};

/// A fall by more than this many items or units, and …
const FALL_MAX: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// … by more than one in this many (20 %), is not relied on at once.
const FALL_SHARE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// By kind, what was last relied on of an account.
pub(super) type Bases = BTreeMap<String, Base>;

/// On whose word, and for which day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting<'a> {
    pub(super) witness: &'a Witness,
    pub(super) as_of: Date,
}

/// What becomes of an account's counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// They are relied on, and are the next base.
    Relied,
    /// They are not; the next sync is held against these.
    Doubted { reason: ReadReason, bases: Bases },
}

/// Judges an account that was read completely.
pub(super) fn judge(before: &Bases, now: &BTreeMap<String, Count>, seen: Sighting<'_>) -> Judgement {
    let mut bases: Bases =
        now.iter().map(|(kind, count)| (kind.clone(), Base { count: *count, as_of: seen.as_of, fall: None })).collect();
    let mut first = None;
    for (kind, base) in before {
        let is = now.get(kind).copied().unwrap_or_default();
        let Some((measure, fall)) = doubted(base, is, seen.witness) else { continue };
        first = first.or_else(|| Some(reason(kind, measure, base, is)));
        bases.insert(kind.clone(), Base { fall: Some(fall), ..base.clone() });
    }
    match first {
        Some(reason) => Judgement::Doubted { reason, bases },
        None => Judgement::Relied,
    }
}

/// Judges an account that is no longer listed: what the next sync is held against; `None`: there was nothing in it, or
/// a second witness does not list it either.
pub(super) fn judge_missing(before: &Bases, seen: Sighting<'_>) -> Option<Bases> {
    let is_settled = |base: &Base| {
        let earlier = base.fall.as_ref().filter(|fall| fall.count.is_zero());
        base.count.is_zero() || earlier.is_some_and(|fall| fall.witness.is_another(seen.witness))
    };
    if before.values().all(is_settled) {
        return None;
    }
    let keep = |(kind, base): (&String, &Base)| {
        let earlier = base.fall.clone().filter(|fall| fall.count.is_zero());
        let none = || SeenFall { count: Count::default(), witness: seen.witness.clone() };
        (kind.clone(), Base { fall: Some(earlier.unwrap_or_else(none)), ..base.clone() })
    };
    Some(before.iter().map(keep).collect())
}

/// What is remembered of a count that is not relied on; `None`: it is.
fn doubted(base: &Base, now: Count, witness: &Witness) -> Option<(Measure, SeenFall)> {
    let measure = fallen(base.count, now)?;
    match base.fall.as_ref().filter(|earlier| agree(earlier.count, now)) {
        Some(earlier) if earlier.witness.is_another(witness) => None,
        Some(earlier) => Some((measure, earlier.clone())),
        None => Some((measure, SeenFall { count: now, witness: witness.clone() })),
    }
}

/// What fell too far to be believed on one word.
fn fallen(was: Count, is: Count) -> Option<Measure> {
    if is_far(Decimal::from(was.items), Decimal::from(is.items)) {
        return Some(Measure::Items);
    }
    is_far(was.units, is.units).then_some(Measure::Units)
}

/// Whether two counts say the same, as nearly as a count that is believed at once.
fn agree(one: Count, other: Count) -> bool {
    fallen(one, other).is_none() && fallen(other, one).is_none()
}

fn is_far(was: Decimal, is: Decimal) -> bool {
    // Where credits outweigh everything else, there is nothing to fall from.
    let Some(fall) = was.checked_sub(is).filter(|_| was > Decimal::ZERO) else { return false };
    fall > FALL_MAX && fall.checked_mul(FALL_SHARE).is_none_or(|times| times > was)
}

fn reason(kind: &str, measure: Measure, base: &Base, is: Count) -> ReadReason {
    let (before, now) = match measure {
        Measure::Items => (Decimal::from(base.count.items), Decimal::from(is.items)),
        Measure::Units => (base.count.units, is.units),
    };
    ReadReason::Dropped { kind: kind.to_owned(), measure, before, now, as_of: base.as_of }
}

#[cfg(test)]
mod tests;
