//! The four totals of a run: to add, to reduce, to clean up at vendors, not reconciled. Never netted, never added over
//! currencies.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{AddAndReduce, PortfolioRecord, RowKind, RunTotals};

use crate::{actions, baseline::first_comparison, label};

/// One total, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalLine {
    /// `To add`.
    pub title: &'static str,
    /// One text for each currency, the home currency first.
    pub amounts: Vec<String>,
    /// What to say where there is no amount: `nothing`, unless there is something of which nobody knows the value, or
    /// nothing was compared at all.
    pub without_amount: &'static str,
}

/// The four totals, always all of them.
#[must_use]
pub fn run_totals(portfolio: &PortfolioRecord) -> [TotalLine; 4] {
    let mut totals: Vec<_> = portfolio.totals.iter().map(|(currency, totals)| (*currency, totals)).collect();
    totals.sort_by_key(|(currency, _)| (*currency != portfolio.home_currency, *currency));
    let is_compared = portfolio.rows.keys().any(|kind| kind.is_compared());
    let line = |title, text: fn(Currency, &RunTotals) -> Option<String>, is_unknown: bool| TotalLine {
        title,
        amounts: totals.iter().filter_map(|(currency, totals)| text(*currency, totals)).collect(),
        without_amount: if !is_compared {
            "not known"
        } else if is_unknown {
            "no known amount"
        } else {
            "nothing"
        },
    };
    let has_rows = |kinds: &[RowKind]| kinds.iter().any(|kind| portfolio.standing_rows(*kind) > 0);
    let adds = has_rows(&[RowKind::Underbilled, RowKind::UnbilledUsage]);
    let reduces = has_rows(&[RowKind::Overbilled, RowKind::BilledWithoutUsage]);
    [
        with_estimates(
            line("To add", |currency, totals| now_and_later(currency, totals.add, totals.later_add), adds),
            line("", |of, totals| now_and_later(of, totals.estimated_add, totals.estimated_later_add), adds),
        ),
        with_estimates(
            line("To reduce", |currency, totals| now_and_later(currency, totals.reduce, totals.later_reduce), reduces),
            line("", |of, totals| now_and_later(of, totals.estimated_reduce, totals.estimated_later_reduce), reduces),
        ),
        line("Clean up", clean_up, has_rows(&[RowKind::EndedAgreementInUse])),
        line("Not reconciled", at_stake, portfolio.unknown_stakes > 0 || has_rows(&[RowKind::NotReconciled])),
    ]
}

/// A total, and below it what is a guess: the two are never added.
fn with_estimates(mut total: TotalLine, estimates: TotalLine) -> TotalLine {
    total.amounts.extend(estimates.amounts.into_iter().map(|amount| format!("about {amount}, estimated")));
    total
}

fn clean_up(currency: Currency, totals: &RunTotals) -> Option<String> {
    let cost = totals.clean_up;
    (!cost.is_zero()).then(|| format!("{} a month at vendors (cost, not revenue)", label::money(cost, currency)))
}

/// Only the directions of which an amount is known: nothing is said of the other.
fn at_stake(currency: Currency, totals: &RunTotals) -> Option<String> {
    let (up, down) = (totals.not_reconciled_up, totals.not_reconciled_down);
    match (up.is_zero(), down.is_zero()) {
        (true, true) => None,
        (false, true) => Some(format!("{} up a month", label::money(up, currency))),
        (true, false) => Some(format!("{} down a month", label::money(down, currency))),
        (false, false) => Some(format!("{} up, {} down a month", label::money(up, currency), label::amount(down))),
    }
}

/// `USD 120.00 a month on these invoices, 30.00 later`.
fn now_and_later(currency: Currency, now: Decimal, later: Decimal) -> Option<String> {
    match (now.is_zero(), later.is_zero()) {
        (true, true) => None,
        (false, true) => Some(format!("{} a month on these invoices", label::money(now, currency))),
        (true, false) => Some(format!("{} a month on later invoices", label::money(later, currency))),
        (false, false) => {
            let (now, later) = (label::money(now, currency), label::amount(later));
            Some(format!("{now} a month on these invoices, {later} later"))
        }
    }
}

/// The totals as lines of at most 80 characters, and below them what they leave out. A first comparison shows none.
#[must_use]
pub fn totals_text(portfolio: &PortfolioRecord) -> String {
    if let Some(first) = first_comparison(portfolio) {
        return first;
    }
    let mut text = total_lines(&run_totals(portfolio));
    for note in totals_leave_out(portfolio) {
        text.push_str(&format!("{note}\n"));
    }
    text
}

/// `GBP 60.00 to add and GBP 50.00 to reduce a month`, the home currency first; `None`: nothing of it is known.
pub(crate) fn worth(sums: &BTreeMap<Currency, AddAndReduce>, home: Currency) -> Option<String> {
    let mut sums: Vec<_> = sums.iter().collect();
    sums.sort_by_key(|(currency, _)| (**currency != home, **currency));
    let what = ["to add", "to reduce", "to add (estimated)", "to reduce (estimated)"];
    let told: Vec<_> = (sums.iter())
        .flat_map(|(currency, sums)| sums.each().into_iter().zip(what).map(move |one| (**currency, one)))
        .filter(|(_, (amount, _))| !amount.is_zero())
        .map(|(currency, (amount, what))| format!("{} {what}", label::money(amount, currency)))
        .collect();
    (!told.is_empty()).then(|| format!("{} a month", label::in_a_sentence(&told)))
}

/// A line for each amount, the titles in a column.
pub(crate) fn total_lines(lines: &[TotalLine]) -> String {
    let width = lines.iter().map(|line| line.title.len()).max().unwrap_or(0) + 2;
    let mut text = String::with_capacity(320);
    for TotalLine { title, amounts, without_amount } in lines {
        let amounts: Vec<&str> =
            if amounts.is_empty() { vec![without_amount] } else { amounts.iter().map(String::as_str).collect() };
        for (at, amount) in amounts.iter().enumerate() {
            let title = if at == 0 { title.to_uppercase() } else { String::new() };
            text.push_str(&format!("{title:<width$}{amount}\n"));
        }
    }
    text
}

/// What is in no total, a sentence each.
pub(crate) fn totals_leave_out(portfolio: &PortfolioRecord) -> Vec<String> {
    let mut notes = Vec::new();
    if portfolio.unpriced > 0 {
        let (has, is) = if portfolio.unpriced == 1 { ("has", "is") } else { ("have", "are") };
        let rows = label::count(portfolio.unpriced, "exception", "exceptions");
        notes.push(format!("{rows} {has} no single known value and {is} in no total."));
    }
    if portfolio.unknown_stakes > 0 {
        let rows = label::count(portfolio.unknown_stakes, "row has", "rows have");
        notes.push(format!("{rows} no known limit: what is at stake may be more."));
    }
    notes.extend(actions::set_aside(portfolio));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portfolio(totals: &[(&str, RunTotals)]) -> PortfolioRecord {
        PortfolioRecord {
            totals: totals.iter().map(|(currency, totals)| (Currency::new(currency).unwrap(), *totals)).collect(),
            ..PortfolioRecord::empty(Currency::new("USD").unwrap())
        }
    }

    #[test]
    fn four_totals_by_currency_never_netted() {
        let number = Decimal::from;
        let home = RunTotals {
            add: number(1234),
            reduce: number(300),
            later_add: number(20),
            later_reduce: Decimal::ZERO,
            estimated_add: number(55),
            estimated_reduce: Decimal::ZERO,
            estimated_later_add: number(6),
            estimated_later_reduce: number(3),
            clean_up: number(45),
            not_reconciled_up: number(380),
            not_reconciled_down: number(120),
        };
        let other = RunTotals { later_reduce: number(7), not_reconciled_down: number(9), ..RunTotals::default() };
        let mut portfolio = portfolio(&[("EUR", other), ("USD", home)]);
        (portfolio.unpriced, portfolio.unknown_stakes) = (1, 2);
        let text = totals_text(&portfolio);
        assert_eq!(
            text,
            "TO ADD          USD 1,234.00 a month on these invoices, 20.00 later\n\
             \u{20}               about USD 55.00 a month on these invoices, 6.00 later, estimated\n\
             TO REDUCE       USD 300.00 a month on these invoices\n\
             \u{20}               EUR 7.00 a month on later invoices\n\
             \u{20}               about USD 3.00 a month on later invoices, estimated\n\
             CLEAN UP        USD 45.00 a month at vendors (cost, not revenue)\n\
             NOT RECONCILED  USD 380.00 up, 120.00 down a month\n\
             \u{20}               EUR 9.00 down a month\n\
             1 exception has no single known value and is in no total.\n\
             2 rows have no known limit: what is at stake may be more.\n"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn a_total_that_is_nothing_is_said_only_where_something_was_compared() {
        let mut one = portfolio(&[]);
        assert_eq!(totals_text(&one).matches("not known").count(), 4);
        one.rows = [(RowKind::Flat, 1)].into();
        assert_eq!(totals_text(&one).matches("not known").count(), 4);
        one.rows = [(RowKind::Agrees, 1)].into();
        assert_eq!(totals_text(&one).matches("nothing").count(), 4);
    }

    #[test]
    fn what_nobody_knows_the_value_of_is_not_nothing() {
        let mut unpriced = portfolio(&[]);
        unpriced.rows = [(RowKind::Overbilled, 2), (RowKind::NotReconciled, 1)].into();
        let lines = run_totals(&unpriced).map(|line| line.without_amount);
        assert_eq!(lines, ["nothing", "no known amount", "nothing", "no known amount"]);
    }
}
