//! The first month: until an MSP has accepted the exceptions that it starts from, a run is a first comparison. A service that
//! is wrong at many clients is then probably a mistake of the setup, and its rows are in no total.
//!
//! Deliberately absent: who accepts what, and where that is kept.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, Currency};

use crate::outcome::{RowKind, RunTotals};
use crate::record::PortfolioRecord;

/// Where a run stands to the exceptions that the MSP accepted as its starting point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BaselineState {
    /// None are accepted: the run is a first comparison.
    NotAccepted,
    /// They are.
    Accepted(AcceptedBaseline),
}

/// The accepted starting point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedBaseline {
    /// The month whose closing run found them.
    pub month: BillingMonth,
    /// How many exceptions it had open.
    pub exceptions: u64,
    /// Who accepted it.
    pub actor: String,
    /// The day on which it was accepted.
    pub accepted_on: Date,
}

/// Rows of a first comparison that probably come of the setup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupRows {
    /// How many, by what they say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<RowKind, u64>,
    /// Of these, rows whose value is not known.
    #[serde(default)]
    pub unpriced: u64,
    /// What the others come to, by currency; what is at stake in them while something is not known stays where it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<Currency, RunTotals>,
}

impl SetupRows {
    /// Whether there are none.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.kinds.is_empty()
    }
}

impl PortfolioRecord {
    /// Whether the run is a first comparison, which nobody has confirmed. One that has compared nothing is none.
    #[must_use]
    pub fn is_first_comparison(&self) -> bool {
        self.baseline == Some(BaselineState::NotAccepted) && self.has_compared()
    }

    /// Whether any comparison came to a result.
    #[must_use]
    pub fn has_compared(&self) -> bool {
        self.rows.iter().any(|(kind, rows)| kind.is_compared() && *rows > 0)
    }

    /// The starting point of a run that came after it, and whose history goes back to it. A run of its month, or of an
    /// earlier one, has nothing new since.
    #[must_use]
    pub fn opening(&self, month: BillingMonth) -> Option<&AcceptedBaseline> {
        match &self.baseline {
            Some(BaselineState::Accepted(accepted)) if accepted.month < month => {
                Some(accepted).filter(|accepted| self.last_closing.is_some_and(|last| last >= accepted.month))
            }
            _ => None,
        }
    }
}

impl RunTotals {
    /// The sums of what is to be added and reduced.
    pub(crate) const fn changes_mut(&mut self) -> [&mut Decimal; 8] {
        [
            &mut self.add,
            &mut self.reduce,
            &mut self.later_add,
            &mut self.later_reduce,
            &mut self.estimated_add,
            &mut self.estimated_reduce,
            &mut self.estimated_later_add,
            &mut self.estimated_later_reduce,
        ]
    }
}

/// Takes the changes of one out of the other.
pub(crate) fn take_out(totals: &mut BTreeMap<Currency, RunTotals>, out: &BTreeMap<Currency, RunTotals>) {
    for (currency, out) in out {
        let Some(left) = totals.get_mut(currency) else { continue };
        let mut out = *out;
        for (sum, part) in left.changes_mut().into_iter().zip(out.changes_mut()) {
            let left = sum.saturating_sub(*part);
            *sum = if left.is_zero() { Decimal::ZERO } else { left };
        }
    }
    totals.retain(|_, total| *total != RunTotals::default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd() -> Currency {
        Currency::new("USD").unwrap()
    }

    #[test]
    fn a_baseline_is_the_start_of_the_months_after_it() {
        let accepted = AcceptedBaseline {
            month: "2026-06".parse().unwrap(),
            exceptions: 4,
            actor: "kim".to_owned(),
            accepted_on: jiff::civil::date(2026, 7, 2),
        };
        let last_closing = Some(accepted.month);
        let of = |baseline| PortfolioRecord { baseline, last_closing, ..PortfolioRecord::empty(usd()) };
        let after = of(Some(BaselineState::Accepted(accepted.clone())));
        for (month, expected) in [("2026-05", None), ("2026-06", None), ("2026-07", Some(&accepted))] {
            assert_eq!(after.opening(month.parse().unwrap()), expected, "{month}");
        }
        let without_history = PortfolioRecord { last_closing: None, ..after.clone() };
        assert_eq!(without_history.opening("2026-07".parse().unwrap()), None);
        assert!(!after.is_first_comparison());
        let compared = |baseline| PortfolioRecord { rows: [(RowKind::Agrees, 1)].into(), ..of(baseline) };
        assert!(compared(Some(BaselineState::NotAccepted)).is_first_comparison());
        assert!(!of(Some(BaselineState::NotAccepted)).is_first_comparison(), "nothing was compared");
        assert!(!compared(None).is_first_comparison(), "nobody asks, such as of two files");
    }

    #[test]
    fn what_is_at_stake_stays_when_the_changes_are_taken_out() {
        let number = Decimal::from;
        let all = RunTotals {
            add: number(30),
            later_reduce: number(7),
            not_reconciled_up: number(5),
            ..RunTotals::default()
        };
        let out = RunTotals { add: number(10), later_reduce: number(7), ..RunTotals::default() };
        let mut totals = [(usd(), all)].into();
        take_out(&mut totals, &[(usd(), out)].into());
        let left = RunTotals { add: number(20), not_reconciled_up: number(5), ..RunTotals::default() };
        assert_eq!(totals, [(usd(), left)].into());
        take_out(&mut totals, &[(usd(), RunTotals { add: number(20), ..RunTotals::default() })].into());
        assert_eq!(totals[&usd()].add, Decimal::ZERO);
    }
}
