//! What one row adds to the totals of its run, so that any choice of rows can be added up as the run was.

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{AtStake, InvoicedWhen, RowRecord, RunTotals};

/// Totals by currency, of one row or of several.
pub(crate) type RowTotals = Vec<(Currency, RunTotals)>;

/// What a row adds: changes of bills, cost, and what is at stake. Nothing where no amount is known.
pub(crate) fn row_totals(row: &RowRecord) -> RowTotals {
    let mut totals = RowTotals::new();
    for (currency, cost) in &row.cost {
        add(&mut of(&mut totals, *currency).clean_up, *cost);
    }
    let Some(currency) = row.currency else { return totals };
    if let Some(impact) = row.monthly_impact.filter(|_| row.kind.changes_a_bill()) {
        // By volume, more units can be less money.
        let is_more = impact > Decimal::ZERO;
        for change in &row.changes {
            let amount = change.monthly_impact.unwrap_or_default();
            let sum = changed(of(&mut totals, currency), row.is_estimated, change.invoiced, is_more);
            add(sum, if is_more { amount } else { -amount });
        }
    }
    for (is_up, stake) in [(true, row.stake_up), (false, row.stake_down)] {
        if let Some(AtStake::Known(amount)) = stake.filter(|stake| *stake != AtStake::Known(Decimal::ZERO)) {
            let totals = of(&mut totals, currency);
            add(if is_up { &mut totals.not_reconciled_up } else { &mut totals.not_reconciled_down }, amount);
        }
    }
    totals
}

/// Which of the sums of changes.
fn changed(totals: &mut RunTotals, is_estimated: bool, when: InvoicedWhen, is_more: bool) -> &mut Decimal {
    match (is_estimated, when, is_more) {
        (false, InvoicedWhen::ThisRun, true) => &mut totals.add,
        (false, InvoicedWhen::ThisRun, false) => &mut totals.reduce,
        (false, InvoicedWhen::Later, true) => &mut totals.later_add,
        (false, InvoicedWhen::Later, false) => &mut totals.later_reduce,
        (true, InvoicedWhen::ThisRun, true) => &mut totals.estimated_add,
        (true, InvoicedWhen::ThisRun, false) => &mut totals.estimated_reduce,
        (true, InvoicedWhen::Later, true) => &mut totals.estimated_later_add,
        (true, InvoicedWhen::Later, false) => &mut totals.estimated_later_reduce,
    }
}

/// Each of a currency's sums by its name, in the order of the totals.
pub(crate) const fn named(totals: &RunTotals) -> [(&'static str, Decimal); 11] {
    [
        ("add", totals.add),
        ("later_add", totals.later_add),
        ("estimated_add", totals.estimated_add),
        ("estimated_later_add", totals.estimated_later_add),
        ("reduce", totals.reduce),
        ("later_reduce", totals.later_reduce),
        ("estimated_reduce", totals.estimated_reduce),
        ("estimated_later_reduce", totals.estimated_later_reduce),
        ("clean_up", totals.clean_up),
        ("up", totals.not_reconciled_up),
        ("down", totals.not_reconciled_down),
    ]
}

/// Adds what other rows add.
pub(crate) fn add_all(sums: &mut RowTotals, other: &RowTotals) {
    for (currency, more) in other {
        let own = of(sums, *currency);
        for (sum, amount) in [
            (&mut own.add, more.add),
            (&mut own.reduce, more.reduce),
            (&mut own.later_add, more.later_add),
            (&mut own.later_reduce, more.later_reduce),
            (&mut own.estimated_add, more.estimated_add),
            (&mut own.estimated_reduce, more.estimated_reduce),
            (&mut own.estimated_later_add, more.estimated_later_add),
            (&mut own.estimated_later_reduce, more.estimated_later_reduce),
            (&mut own.clean_up, more.clean_up),
            (&mut own.not_reconciled_up, more.not_reconciled_up),
            (&mut own.not_reconciled_down, more.not_reconciled_down),
        ] {
            add(sum, amount);
        }
    }
}

fn of(totals: &mut RowTotals, currency: Currency) -> &mut RunTotals {
    let at = totals.iter().position(|(one, _)| *one == currency).unwrap_or_else(|| {
        totals.push((currency, RunTotals::default()));
        totals.len() - 1
    });
    &mut totals[at].1
}

fn add(sum: &mut Decimal, amount: Decimal) {
    *sum = sum.saturating_add(amount);
}
