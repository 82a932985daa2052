//! What a variance is worth a month, and what that rests on. No price is unknown, never zero.

use rust_decimal::{Decimal, RoundingStrategy};
use truecount_billing::Currency;

use crate::{
    Profile, Rule, ValueBasis, exact,
    lines::{OwnPrice, RuleLines},
};

/// A third of something has no exact decimal; so many places can still be added up exactly.
const QUOTIENT_PLACES: u32 = 12;

/// The worth of a variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Worth {
    /// Of one unit a month.
    pub(crate) unit_price: Option<Decimal>,
    /// variance × price a month.
    pub(crate) impact: Option<Decimal>,
    pub(crate) currency: Option<Currency>,
    pub(crate) basis: Option<ValueBasis>,
}

impl Worth {
    /// The price's part of the confidence.
    pub(crate) fn points(&self) -> u8 {
        match self.basis {
            Some(ValueBasis::Calculated) => 100,
            Some(ValueBasis::Estimated) => 70,
            None => 40,
        }
    }
}

/// The newest active line's price; in full also that of a line that ended within a year, where none is active;
/// else the list price. The outer `None`: more digits than are kept exactly.
pub(crate) fn worth(profile: Profile, rule: &Rule, lines: Option<&RuleLines>, variance: Decimal) -> Option<Worth> {
    let own = lines.and_then(|lines| match profile {
        Profile::Full => lines.price().or_else(|| lines.ended_price()),
        Profile::Plain => lines.price(),
    });
    match (own, rule.list_price) {
        (Some(own), _) => of_line(own, rule, variance),
        (None, Some(list)) => Some(Worth {
            unit_price: Some(list.0.amount),
            impact: Some(exact::product(variance, list.0.amount)?),
            currency: Some(list.0.currency),
            basis: Some(ValueBasis::Estimated),
        }),
        (None, None) => Some(Worth::default()),
    }
}

fn of_line(own: &OwnPrice, rule: &Rule, variance: Decimal) -> Option<Worth> {
    let months = Decimal::from(own.cycle_months);
    let currency = own.currency.or(rule.currency());
    let whole = exact::product(variance, own.price)?;
    // brought to a month: the only quotients there are
    let (impact, unit_price) = if own.cycle_months == 1 {
        (whole, own.price)
    } else {
        let monthly = |amount: Decimal| {
            let quotient = amount.checked_div(months)?;
            Some(quotient.round_dp_with_strategy(QUOTIENT_PLACES, RoundingStrategy::MidpointAwayFromZero))
        };
        (monthly(whole)?, monthly(own.price)?)
    };
    Some(Worth {
        unit_price: Some(unit_price),
        // an amount of no known currency can be added to nothing
        impact: currency.map(|_| impact),
        currency,
        basis: Some(ValueBasis::Calculated),
    })
}
