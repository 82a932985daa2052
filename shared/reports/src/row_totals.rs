//! The totals of a choice of rows, added up as those of the run are.

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::RunTotals;

/// Totals by currency, of one row or of several.
pub(crate) type RowTotals = Vec<(Currency, RunTotals)>;

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
