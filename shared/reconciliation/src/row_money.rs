//! What a row adds to what a run adds up, whether it was just worked out or is read from its record.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;

use crate::actions::ActionKind;
use crate::interval::add;
use crate::outcome::{AtStake, InvoicedWhen, OutcomeRow, RevenueCoverage, RowKind, RunOutcome, RunTotals};
use crate::record::RowRecord;

/// What a row says of money.
pub(crate) trait RowMoney {
    fn kind(&self) -> RowKind;
    fn has_fault(&self) -> bool;
    /// `None`: of several, or there is no money.
    fn currency(&self) -> Option<Currency>;
    /// What the change is worth, signed; `None`: not known, or there is no change.
    fn impact(&self) -> Option<Decimal>;
    fn is_estimated(&self) -> bool;
    /// At stake upwards, and downwards.
    fn stakes(&self) -> [Option<AtStake>; 2];
    /// Of each line to be changed, what that is worth and when it is invoiced.
    fn changes(&self) -> impl Iterator<Item = (Option<Decimal>, InvoicedWhen)>;
    fn cost(&self) -> impl Iterator<Item = (Currency, Decimal)>;

    /// Whether it changes a bill and is in no total.
    fn is_unpriced(&self) -> bool {
        self.kind().changes_a_bill() && (self.currency().is_none() || self.impact().is_none())
    }

    fn has_unknown_stake(&self) -> bool {
        self.has_fault() || self.stakes().contains(&Some(AtStake::Unknown))
    }
}

impl RowMoney for OutcomeRow {
    fn kind(&self) -> RowKind {
        self.kind
    }

    fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    fn currency(&self) -> Option<Currency> {
        self.value.as_ref().and_then(|value| value.currency)
    }

    fn impact(&self) -> Option<Decimal> {
        self.value.as_ref().and_then(|value| value.impact)
    }

    fn is_estimated(&self) -> bool {
        self.value.as_ref().is_some_and(|value| value.is_estimated)
    }

    fn stakes(&self) -> [Option<AtStake>; 2] {
        let stakes = self.value.as_ref().and_then(|value| value.stakes);
        [stakes.map(|(up, _)| up), stakes.map(|(_, down)| down)]
    }

    fn changes(&self) -> impl Iterator<Item = (Option<Decimal>, InvoicedWhen)> {
        let changes = self.value.iter().flat_map(|value| &value.changes);
        changes.map(|change| (change.amount, change.when))
    }

    fn cost(&self) -> impl Iterator<Item = (Currency, Decimal)> {
        self.value.iter().flat_map(|value| value.cost.iter().copied())
    }
}

impl RowMoney for RowRecord {
    fn kind(&self) -> RowKind {
        self.kind
    }

    fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    fn currency(&self) -> Option<Currency> {
        self.currency
    }

    fn impact(&self) -> Option<Decimal> {
        self.monthly_impact
    }

    fn is_estimated(&self) -> bool {
        self.is_estimated
    }

    fn stakes(&self) -> [Option<AtStake>; 2] {
        [self.stake_up, self.stake_down]
    }

    fn changes(&self) -> impl Iterator<Item = (Option<Decimal>, InvoicedWhen)> {
        self.changes.iter().map(|change| (change.monthly_impact, change.invoiced))
    }

    fn cost(&self) -> impl Iterator<Item = (Currency, Decimal)> {
        self.cost.iter().map(|(currency, cost)| (*currency, *cost))
    }
}

impl RowRecord {
    /// What the row adds to the totals of its run: changes of bills, cost, and what is at stake. Nothing where no amount is
    /// known.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Currency, RunTotals> {
        let mut totals = BTreeMap::new();
        add_row(&mut totals, self);
        totals.retain(|_, total| *total != RunTotals::default());
        totals
    }
}

impl RunOutcome {
    /// Adds what a row says by itself. `set_aside`: what was decided, so that it rests.
    pub(crate) fn note(&mut self, row: &impl RowMoney, set_aside: Option<ActionKind>) {
        *self.rows.entry(row.kind()).or_default() += 1;
        self.faults += u64::from(row.has_fault());
        self.unknown_stakes += u64::from(row.has_unknown_stake());
        let (unpriced, totals) = match set_aside {
            None => (&mut self.unpriced, &mut self.totals),
            Some(kind) => {
                *self.set_aside.rows.entry(kind).or_default() += 1;
                *self.set_aside.kinds.entry(row.kind()).or_default() += 1;
                (&mut self.set_aside.unpriced, &mut self.set_aside.totals)
            }
        };
        *unpriced += u64::from(row.is_unpriced());
        add_row(totals, row);
        totals.retain(|_, total| *total != RunTotals::default());
    }
}

impl RevenueCoverage {
    /// All of it; `None`: it has too many digits.
    #[must_use]
    pub fn total(&self) -> Option<Decimal> {
        let Self { compared, not_reconciled, flat, uncounted, ignored } = self;
        [not_reconciled, flat, uncounted, ignored].into_iter().try_fold(*compared, |sum, one| sum.checked_add(*one))
    }

    pub(crate) fn add(&mut self, one: &Self) {
        add(&mut self.compared, one.compared);
        add(&mut self.not_reconciled, one.not_reconciled);
        add(&mut self.flat, one.flat);
        add(&mut self.uncounted, one.uncounted);
        add(&mut self.ignored, one.ignored);
    }
}

/// Adds what a row itself says: changes of bills, cost, and what is at stake.
fn add_row(totals: &mut BTreeMap<Currency, RunTotals>, row: &impl RowMoney) {
    for (currency, cost) in row.cost() {
        add(&mut totals.entry(currency).or_default().clean_up, cost);
    }
    let Some(currency) = row.currency() else { return };
    let total = totals.entry(currency).or_default();
    if row.kind().changes_a_bill() {
        add_changes(total, row);
    }
    let [up, down] = row.stakes();
    for (sum, at_stake) in [(&mut total.not_reconciled_up, up), (&mut total.not_reconciled_down, down)] {
        if let Some(AtStake::Known(amount)) = at_stake {
            add(sum, amount);
        }
    }
}

/// Adds the changes of a bill.
pub(crate) fn add_changes(total: &mut RunTotals, row: &impl RowMoney) {
    let Some(impact) = row.impact() else { return };
    // By volume, more units can be less money.
    let is_more = impact > Decimal::ZERO;
    for (amount, when) in row.changes() {
        let amount = amount.unwrap_or_default();
        let sum = match (row.is_estimated(), when, is_more) {
            (false, InvoicedWhen::ThisRun, true) => &mut total.add,
            (false, InvoicedWhen::ThisRun, false) => &mut total.reduce,
            (false, InvoicedWhen::Later, true) => &mut total.later_add,
            (false, InvoicedWhen::Later, false) => &mut total.later_reduce,
            (true, InvoicedWhen::ThisRun, true) => &mut total.estimated_add,
            (true, InvoicedWhen::ThisRun, false) => &mut total.estimated_reduce,
            (true, InvoicedWhen::Later, true) => &mut total.estimated_later_add,
            (true, InvoicedWhen::Later, false) => &mut total.estimated_later_reduce,
        };
        add(sum, if is_more { amount } else { -amount });
    }
}
