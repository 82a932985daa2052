//! From units that count to units that should be billed, step by step, each a part of the ledger. Every step keeps the
//! order of its numbers, so that the ends of a count become the ends of what should be billed.

use rust_decimal::{Decimal, RoundingStrategy};
use truecount_rules::{CountPart, ServiceBasis, ServiceRule};

use crate::billed_side::BilledSide;
use crate::count::{Parts, add};
use crate::evidence::LedgerReason;
use crate::exact;
use crate::interval::{TooManyDigits, minus, times};

/// Units that are multiplied or converted are rounded to so many places.
const UNIT_PLACES: u32 = 6;

/// One end of what should be billed.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// Units that should be billed.
    pub(crate) should: Decimal,
    /// Units that count.
    pub(crate) counted: Decimal,
    /// The same, each multiplied by the factor of its part.
    pub(crate) factored: Decimal,
    /// Units looked at.
    pub(crate) gross: Decimal,
    /// What lies between `gross` and `should`.
    pub(crate) parts: Parts,
}

/// What should be billed of what counts: in the unit that is billed, less what is included, then the minimum. The line's
/// own less included wins over the rule's.
pub(crate) fn should_bill(mut end: End, rule: &ServiceRule, side: &BilledSide<'_>) -> Result<End, TooManyDigits> {
    let counted = in_billed_unit(&mut end, rule)?;
    let after = match side.has_less_included() {
        true => side.less_included(counted)?,
        false => minus(counted, counted.max(Decimal::ZERO).min(rule.included))?,
    };
    add(&mut end.parts, LedgerReason::Included, minus(after, counted)?)?;
    end.should = after;
    let minimum = rule.minimum.filter(|minimum| !side.lines.is_empty() && after < *minimum);
    if let Some(minimum) = minimum {
        add(&mut end.parts, LedgerReason::Minimum, minus(minimum, after)?)?;
        end.should = minimum;
    }
    Ok(end)
}

/// Notes how the units that count become units of the kind that is billed; those.
fn in_billed_unit(end: &mut End, rule: &ServiceRule) -> Result<Decimal, TooManyDigits> {
    let ServiceBasis::Counted(spec) = &rule.basis else { return Ok(end.factored) };
    let units = converted(rule, end.factored)?;
    let factored = if spec.conversion.is_some() { end.factored } else { units };
    add(&mut end.parts, LedgerReason::Factor, minus(factored, end.counted)?)?;
    add(&mut end.parts, LedgerReason::Unit, minus(units, factored)?)?;
    Ok(units)
}

/// Units that count, multiplied by their factors, in the unit that is billed.
pub(crate) fn converted(rule: &ServiceRule, factored: Decimal) -> Result<Decimal, TooManyDigits> {
    let ServiceBasis::Counted(spec) = &rule.basis else { return Ok(factored) };
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
