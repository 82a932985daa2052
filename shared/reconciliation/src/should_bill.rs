//! From units that count to units that should be billed, step by step, each a part of the ledger. Every step keeps the
//! order of its numbers, so that the ends of a count become the ends of what should be billed.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use truecount_rules::{CountPart, CountSpec, Rounding, ServiceRule};

use crate::billed_side::BilledSide;
use crate::count::{Parts, add};
use crate::evidence::LedgerReason;
use crate::exact;
use crate::interval::{TooManyDigits, minus, plus, times};
use crate::outer::TakenOff;

/// Units that are multiplied, converted or counted in packs are rounded to so many places.
const UNIT_PLACES: u32 = 6;

/// One end of what should be billed.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// Units that should be billed; where packs are billed, packs, and so it is with all that follows but `factored`.
    pub(crate) should: Decimal,
    /// Units that count.
    pub(crate) counted: Decimal,
    /// The same, each multiplied by the factor of its part.
    pub(crate) factored: Decimal,
    /// Of these, what would count more if no device had been replaced.
    pub(crate) replaced: Decimal,
    /// What the MSP is committed to, in the unit that is billed; `None`: to nothing that is known.
    pub(crate) committed: Option<Decimal>,
    /// Units looked at.
    pub(crate) gross: Decimal,
    /// What lies between `gross` and `should`.
    pub(crate) parts: Parts,
    /// Of a peak: the day of it.
    pub(crate) peak_on: Option<Date>,
}

impl End {
    /// The same, where nobody knows whether any of it should be billed.
    pub(crate) fn not_sure(mut self) -> Result<Self, TooManyDigits> {
        add(&mut self.parts, LedgerReason::Unknown, -self.should)?;
        Ok(Self { should: Decimal::ZERO, ..self })
    }
}

/// What should be billed of what counts: less what other services cover, in the unit that is billed, less what they grant,
/// less what is included, the minimum, what somebody is committed to, rounded up. The line's own less included wins over
/// the rule's.
pub(crate) fn should_bill(
    mut end: End,
    rule: &ServiceRule,
    side: &BilledSide<'_>,
    taken: TakenOff,
) -> Result<End, TooManyDigits> {
    let mut counted = match taken.is_covered {
        true => cover(&mut end)?,
        false => in_billed_unit(&mut end, rule)?,
    };
    if let Some(Rounding::Packs(size)) = rule.rounding {
        counted = in_packs(&mut end, counted, size)?;
    }
    let granted = taken.granted_of(counted);
    add(&mut end.parts, LedgerReason::Granted, -granted)?;
    counted = minus(counted, granted)?;
    let mut units = match side.has_less_included() {
        true => side.less_included(counted)?,
        false => minus(counted, counted.max(Decimal::ZERO).min(rule.included))?,
    };
    add(&mut end.parts, LedgerReason::Included, minus(units, counted)?)?;
    let minimum = rule.minimum.filter(|minimum| !side.lines.is_empty() && units < *minimum);
    if let Some(minimum) = minimum {
        add(&mut end.parts, LedgerReason::Minimum, minus(minimum, units)?)?;
        units = minimum;
    }
    let (at_vendor, by_contract) = commitments(&end, rule, side)?;
    if let Some(committed) = at_vendor.max(by_contract).filter(|committed| units < *committed) {
        add(&mut end.parts, LedgerReason::Commitment, minus(committed, units)?)?;
        units = committed;
    }
    let rounded_up = match rule.rounding {
        None => None,
        Some(Rounding::Packs(_)) => Some((LedgerReason::Pack, units.ceil())),
        Some(Rounding::Multiple(size)) => Some((LedgerReason::RoundUp, multiple(units, size)?)),
    };
    if let Some((reason, whole)) = rounded_up {
        add(&mut end.parts, reason, minus(whole, units)?)?;
        units = whole;
    }
    end.should = units;
    Ok(end)
}

/// What would be billed of units that count, by their factors, if nothing of it were included.
pub(crate) fn billable(rule: &ServiceRule, factored: Decimal) -> Result<Decimal, TooManyDigits> {
    let Some(spec) = rule.count() else { return Ok(factored) };
    let units = converted(spec, factored)?;
    match rule.rounding {
        None => Ok(units),
        Some(Rounding::Packs(size)) => exact::quotient_up(units, size, 0).ok_or(TooManyDigits),
        Some(Rounding::Multiple(size)) => multiple(units, size),
    }
}

/// Takes out all that counts, before parts of the count are held against each other; what is left.
fn cover(end: &mut End) -> Result<Decimal, TooManyDigits> {
    end.parts.retain(|reason, _| !matches!(reason, LedgerReason::Same | LedgerReason::Smaller));
    end.counted = end.parts.values().try_fold(end.gross, |sum, units| plus(sum, *units))?;
    add(&mut end.parts, LedgerReason::Covered, -end.counted)?;
    Ok(Decimal::ZERO)
}

/// Notes how the units that count become units of the kind that is billed; those.
fn in_billed_unit(end: &mut End, rule: &ServiceRule) -> Result<Decimal, TooManyDigits> {
    let Some(spec) = rule.count() else { return Ok(end.factored) };
    let is_as_counted = end.factored == end.counted && end.factored.scale() <= UNIT_PLACES;
    if spec.conversion.is_none() && is_as_counted {
        return Ok(end.factored);
    }
    let units = converted(spec, end.factored)?;
    let factored = if spec.conversion.is_some() { end.factored } else { units };
    add(&mut end.parts, LedgerReason::Factor, minus(factored, end.counted)?)?;
    add(&mut end.parts, LedgerReason::Unit, minus(units, factored)?)?;
    Ok(units)
}

/// Units that count, by their factors, in the unit that is billed.
pub(crate) fn converted(spec: &CountSpec, factored: Decimal) -> Result<Decimal, TooManyDigits> {
    match spec.conversion {
        Some(conversion) => {
            let (multiplier, divisor) = conversion.ratio();
            exact::quotient(times(factored, multiplier)?, divisor, UNIT_PLACES).ok_or(TooManyDigits)
        }
        None if spec.parts.iter().any(CountPart::has_factor) => {
            Ok(factored.round_dp_with_strategy(UNIT_PLACES, RoundingStrategy::MidpointAwayFromZero))
        }
        None => Ok(factored),
    }
}

/// To how much the MSP is committed at a vendor, and the client by its contract, as it is billed.
pub(crate) fn commitments(
    end: &End,
    rule: &ServiceRule,
    side: &BilledSide<'_>,
) -> Result<(Option<Decimal>, Option<Decimal>), TooManyDigits> {
    let at_vendor = match (end.committed, rule.rounding) {
        (Some(units), Some(Rounding::Packs(size))) => {
            Some(exact::quotient_up(units, size, UNIT_PLACES).ok_or(TooManyDigits)?)
        }
        (units, _) => units,
    };
    let by_contract = rule.client_committed.map(|committed| committed.units.unwrap_or(side.total));
    Ok((at_vendor, by_contract))
}

/// Tells the ledger so far in packs; the packs that count, rounded up, so that the smallest part of a unit begins another
/// pack. What rounding takes or adds is the pack's.
fn in_packs(end: &mut End, units: Decimal, size: Decimal) -> Result<Decimal, TooManyDigits> {
    let in_packs = |units: Decimal| exact::quotient(units, size, UNIT_PLACES).ok_or(TooManyDigits);
    end.gross = in_packs(end.gross)?;
    end.counted = in_packs(end.counted)?;
    let mut told = end.gross;
    let mut parts = Parts::new();
    for (reason, units) in &end.parts {
        let packs = in_packs(*units)?;
        told = plus(told, packs)?;
        add(&mut parts, *reason, packs)?;
    }
    end.parts = parts;
    let packs = exact::quotient_up(units, size, UNIT_PLACES).ok_or(TooManyDigits)?;
    add(&mut end.parts, LedgerReason::Pack, minus(packs, told)?)?;
    Ok(packs)
}

/// The least multiple of a size that is not less.
fn multiple(units: Decimal, size: Decimal) -> Result<Decimal, TooManyDigits> {
    times(exact::quotient_up(units, size, 0).ok_or(TooManyDigits)?, size)
}
