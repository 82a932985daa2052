//! What a closing found of one exception, out of the rows that are about it.

use rust_decimal::Decimal;
use truecount_billing::{Currency, Money};

use super::{EarlierFigures, FoundFigures, SumsSoFar};
use crate::interval::add;
use crate::outcome::{InvoicedWhen, RowKind};
use crate::record::RowRecord;

impl FoundFigures {
    /// What one row says.
    pub(super) fn of(row: &RowRecord) -> Self {
        let units = row.to_correct.or(row.variance).unwrap_or(row.billed);
        let monthly_impact = row.currency.zip(row.monthly_impact);
        let monthly_impact = monthly_impact.map(|(currency, amount)| Money { amount, currency });
        Self { kind: row.kind, units, monthly_impact, invoiced: SumsSoFar::invoiced(row) }
    }

    /// Takes another row that is about the same exception: two agreements of one section.
    pub(super) fn add(&mut self, other: &Self) {
        add(&mut self.units, other.units);
        let both = self.monthly_impact.zip(other.monthly_impact);
        self.monthly_impact = both.filter(|(one, other)| one.currency == other.currency).map(|(mut one, other)| {
            add(&mut one.amount, other.amount);
            one
        });
        let unpriced_months = self.invoiced.unpriced_months.max(other.invoiced.unpriced_months);
        self.invoiced.add(&other.invoiced);
        // Both are of one closing.
        self.invoiced.unpriced_months = unpriced_months;
    }

    /// Whether units, worth or what it says has moved.
    pub(super) fn has_moved(&self, now: &Self) -> bool {
        (self.kind, self.units, self.monthly_impact) != (now.kind, now.units, now.monthly_impact)
            || self.invoiced.cost != now.invoiced.cost
    }

    pub(super) fn told(&self) -> EarlierFigures {
        EarlierFigures { units: self.units, monthly_impact: self.monthly_impact }
    }
}

impl SumsSoFar {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What of a row is on the invoices of its run, or costs the MSP.
    fn invoiced(row: &RowRecord) -> Self {
        let mut sums = Self { cost: row.cost.clone(), ..Self::default() };
        if !row.kind.changes_a_bill() {
            return sums;
        }
        let Some(currency) = row.currency.filter(|_| row.monthly_impact.is_some()) else {
            return Self { unpriced_months: 1, ..sums };
        };
        let of_kind = if row.is_estimated { &mut sums.estimated } else { &mut sums.lost };
        for change in row.changes.iter().filter(|change| change.invoiced == InvoicedWhen::ThisRun) {
            let amount = change.monthly_impact.unwrap_or_default();
            if !amount.is_zero() {
                add(of_kind.entry(currency).or_default(), amount);
            }
        }
        sums
    }

    pub(super) fn add(&mut self, other: &Self) {
        let parts =
            [(&mut self.lost, &other.lost), (&mut self.estimated, &other.estimated), (&mut self.cost, &other.cost)];
        for (sums, amounts) in parts {
            for (currency, amount) in amounts {
                add(sums.entry(*currency).or_default(), *amount);
            }
        }
        self.unpriced_months = self.unpriced_months.saturating_add(other.unpriced_months);
    }

    /// Of one currency: what is calculated and estimated together; `None`: nothing is.
    #[must_use]
    pub fn lost_in(&self, currency: Currency) -> Option<Decimal> {
        let (calculated, estimated) = (self.lost.get(&currency), self.estimated.get(&currency));
        let mut sum = *calculated.or(estimated)?;
        if let (Some(_), Some(estimated)) = (calculated, estimated) {
            add(&mut sum, *estimated);
        }
        Some(sum)
    }
}

/// The kinds of rows after which an exception of the service is gone, if no row is about it.
pub(super) const fn is_settled(kind: RowKind) -> bool {
    !matches!(kind, RowKind::NotReconciled)
}
