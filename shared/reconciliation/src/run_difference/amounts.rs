//! What is to be added and reduced: of a row, of several, and of a run.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::Currency;

use crate::interval::add;
use crate::outcome::RunTotals;
use crate::record::RowRecord;

/// What is to be added and reduced a month, whenever it is invoiced; of two runs, how much more. What is calculated and what
/// is estimated are never added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAndReduce {
    /// To add.
    pub to_add: Decimal,
    /// To reduce; positive.
    pub to_reduce: Decimal,
    /// To add, at prices that are a guess.
    pub estimated_to_add: Decimal,
    /// To reduce, at such prices.
    pub estimated_to_reduce: Decimal,
}

impl AddAndReduce {
    /// What one change of a bill comes to. `impact`: what it is worth a month, signed.
    #[must_use]
    pub fn of_change(impact: Decimal, is_estimated: bool) -> Self {
        let (to_add, to_reduce) = (impact.max(Decimal::ZERO), (-impact).max(Decimal::ZERO));
        match is_estimated {
            false => Self { to_add, to_reduce, ..Self::default() },
            true => Self { estimated_to_add: to_add, estimated_to_reduce: to_reduce, ..Self::default() },
        }
    }

    /// Those of a run.
    pub(super) fn of(totals: &RunTotals) -> Self {
        let sum = |one: Decimal, other: Decimal| {
            let mut sum = one;
            add(&mut sum, other);
            sum
        };
        Self {
            to_add: sum(totals.add, totals.later_add),
            to_reduce: sum(totals.reduce, totals.later_reduce),
            estimated_to_add: sum(totals.estimated_add, totals.estimated_later_add),
            estimated_to_reduce: sum(totals.estimated_reduce, totals.estimated_later_reduce),
        }
    }

    /// Adds others.
    pub fn take(&mut self, other: &Self) {
        for (sum, amount) in self.each_mut().into_iter().zip(other.each()) {
            add(sum, amount);
            *sum = unsigned_zero(*sum);
        }
    }

    pub(super) fn minus(mut self, other: &Self) -> Self {
        for (rest, amount) in self.each_mut().into_iter().zip(other.each()) {
            *rest = unsigned_zero(rest.saturating_sub(amount));
        }
        self
    }

    /// Each of the four.
    #[must_use]
    pub const fn each(&self) -> [Decimal; 4] {
        [self.to_add, self.to_reduce, self.estimated_to_add, self.estimated_to_reduce]
    }

    const fn each_mut(&mut self) -> [&mut Decimal; 4] {
        [&mut self.to_add, &mut self.to_reduce, &mut self.estimated_to_add, &mut self.estimated_to_reduce]
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.each().iter().all(Decimal::is_zero)
    }
}

/// A difference of nothing is told without a sign.
fn unsigned_zero(amount: Decimal) -> Decimal {
    if amount.is_zero() { amount.abs() } else { amount }
}

/// What a row adds to the totals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    pub(super) currency: Option<Currency>,
    /// Signed.
    impact: Decimal,
    is_estimated: bool,
}

impl Worth {
    pub(super) fn of(row: Option<&RowRecord>, is_moved: bool) -> Self {
        let row = row.filter(|row| row.kind.changes_a_bill() && !is_moved);
        let worth = row.and_then(|row| Some((row.currency?, row.monthly_impact?, row.is_estimated)));
        Self {
            currency: worth.map(|worth| worth.0),
            impact: worth.map(|worth| worth.1).unwrap_or_default(),
            is_estimated: worth.is_some_and(|worth| worth.2),
        }
    }

    pub(super) fn amounts(&self) -> AddAndReduce {
        AddAndReduce::of_change(self.impact, self.is_estimated)
    }

    pub(super) fn amounts_in(&self, currency: Currency) -> AddAndReduce {
        if self.currency == Some(currency) { self.amounts() } else { AddAndReduce::default() }
    }

    /// Whether the difference to the other can be told apart: both go one way, at prices of one kind.
    pub(super) fn may_be_parts_of(&self, other: &Self) -> bool {
        let is_one_way = self.impact.is_sign_negative() == other.impact.is_sign_negative();
        let is_one_kind = self.is_estimated == other.is_estimated;
        self.impact.is_zero() || other.impact.is_zero() || (is_one_way && is_one_kind)
    }

    /// What units more are worth, told as the amounts of both are. `units`: signed.
    pub(super) fn units_beside(&self, other: &Self, units: Decimal) -> AddAndReduce {
        let is_estimated = self.is_estimated || other.is_estimated;
        let is_less = self.impact < Decimal::ZERO || other.impact < Decimal::ZERO;
        match (is_less, is_estimated) {
            (false, false) => AddAndReduce { to_add: units, ..AddAndReduce::default() },
            (true, false) => AddAndReduce { to_reduce: -units, ..AddAndReduce::default() },
            (false, true) => AddAndReduce { estimated_to_add: units, ..AddAndReduce::default() },
            (true, true) => AddAndReduce { estimated_to_reduce: -units, ..AddAndReduce::default() },
        }
    }
}
