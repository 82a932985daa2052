//! The first line that anybody reads: which share of the recurring revenue was compared.

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{PortfolioRecord, RevenueCoverage, RowKind, ScopeRecord, SourceReadWord, SourceReading};

use crate::RunReport;
use crate::label::{self, amount, money};
use crate::sanitize::visible;

/// How many currencies have a share in a mail's subject.
const SHARES_MAX: usize = 3;

/// A sentence for each currency, the home currency first: `96 % of the recurring revenue was compared (USD 41,220.00 of
/// 42,900.00 a month); not reconciled USD 980.00, flat USD 700.00.` Amounts of two currencies are never added.
/// "Everything was compared" only where it is so.
#[must_use]
pub fn revenue_compared(portfolio: &PortfolioRecord) -> Vec<String> {
    compared(portfolio, &[])
}

/// The same of a report, which knows what was not read since the last closing.
pub(crate) fn revenue_compared_in(report: &RunReport<'_>) -> Vec<String> {
    compared(&report.portfolio, &report.sources)
}

fn compared(portfolio: &PortfolioRecord, sources: &[SourceReading]) -> Vec<String> {
    let mut lines = compared_revenue(portfolio, sources);
    // It says what the first line is about.
    lines.splice(1..1, portfolio.scope.as_ref().map(scope_told));
    lines
}

/// `Scope: 5 of 60 clients, services MNG-*; what is outside was not looked at.` Holds what the settings say.
pub(crate) fn scope_told(scope: &ScopeRecord) -> String {
    let number = |number: u64| label::quantity(Decimal::from(number));
    let clients = match scope.words.clients.is_empty() {
        true => format!("all {}", label::count(scope.clients_all, "client", "clients")),
        false => format!("{} of {}", number(scope.clients_in), label::count(scope.clients_all, "client", "clients")),
    };
    let lists = [("sources", &scope.words.sources), ("services", &scope.words.services)];
    let lists = lists.iter().filter(|(_, words)| !words.is_empty());
    let named = lists.map(|(what, words)| format!(", {what} {}", visible(&words.join(" "))));
    format!("Scope: {clients}{}; what is outside was not looked at.", named.collect::<String>())
}

fn compared_revenue(portfolio: &PortfolioRecord, sources: &[SourceReading]) -> Vec<String> {
    let is_of_month = sources.iter().all(|source| source.unread_since.is_none());
    let mut coverage: Vec<_> = portfolio.coverage.iter().filter(|(_, one)| !is_empty(one)).collect();
    if coverage.is_empty() {
        let nothing = "No recurring revenue is known: no line that was read has a price and a known billing cycle.";
        return std::iter::once(nothing.to_owned()).chain(not_in_it(portfolio)).collect();
    }
    coverage.sort_by_key(|(currency, _)| (**currency != portfolio.home_currency, **currency));
    if is_of_month && is_complete(portfolio) && coverage.iter().all(|(_, one)| one.compared == total(one)) {
        let amounts: Vec<_> = coverage.iter().map(|(currency, one)| money(one.compared, **currency)).collect();
        let all = if portfolio.scope.is_some() { "Everything in scope" } else { "Everything" };
        return vec![format!("{all} was compared: {} a month of recurring revenue.", amounts.join(" and "))];
    }
    let revenue = if portfolio.scope.is_some() { "recurring revenue in scope" } else { "recurring revenue" };
    let mut lines: Vec<_> = coverage.iter().map(|(currency, one)| of_currency(**currency, one, revenue)).collect();
    lines.extend(not_in_it(portfolio));
    lines
}

/// The same as short as a mail's subject: `96 % compared`; `GBP 96 %, EUR 100 % compared`; `None`: no revenue is known.
#[must_use]
pub fn share_compared(portfolio: &PortfolioRecord) -> Option<String> {
    let mut coverage: Vec<_> = portfolio.coverage.iter().filter(|(_, one)| !is_empty(one)).collect();
    coverage.sort_by_key(|(currency, _)| (**currency != portfolio.home_currency, **currency));
    let of = |one: &RevenueCoverage| label::first_small(&share(one.compared, total(one)));
    match coverage.as_slice() {
        [] => None,
        [(_, one)] => Some(format!("{} compared", of(one))),
        several => {
            let shown = several.iter().take(SHARES_MAX);
            let shares: Vec<_> = shown.map(|(currency, one)| format!("{currency} {}", of(one))).collect();
            let more = several.len().saturating_sub(SHARES_MAX) as u64;
            let more = if more > 0 { format!(" and {}", label::count(more, "more", "more")) } else { String::new() };
            Some(format!("{}{more} compared", shares.join(", ")))
        }
    }
}

fn of_currency(currency: Currency, one: &RevenueCoverage, revenue: &str) -> String {
    let total = total(one);
    let share = share(one.compared, total);
    // A line without a known price or cycle is in no amount, so that all of these is not yet everything.
    let known = if one.compared == total { "known " } else { "" };
    let mut line = format!(
        "{share} of the {known}{revenue} was compared ({} of {} a month)",
        money(one.compared, currency),
        amount(total)
    );
    let parts = [
        ("not reconciled", one.not_reconciled),
        ("flat", one.flat),
        ("not counted by any rule", one.uncounted),
        ("ignored", one.ignored),
    ];
    let parts = parts.iter().filter(|(_, part)| !part.is_zero());
    for (at, (name, part)) in parts.enumerate() {
        let separator = if at == 0 { "; " } else { ", " };
        line.push_str(&format!("{separator}{name} {}", money(*part, currency)));
    }
    line.push('.');
    line
}

/// Whole per cent, never rounded up: 100 % is all of it.
fn share(compared: Decimal, total: Decimal) -> String {
    let share = compared.checked_mul(Decimal::ONE_HUNDRED).and_then(|product| product.checked_div(total));
    match share {
        _ if total <= Decimal::ZERO => "An unknown share".to_owned(),
        None => "An unknown share".to_owned(),
        Some(share) if share > Decimal::ZERO && share < Decimal::ONE => "Less than 1 %".to_owned(),
        Some(share) => format!("{} %", share.floor()),
    }
}

fn total(one: &RevenueCoverage) -> Decimal {
    let parts = [one.compared, one.not_reconciled, one.flat, one.uncounted, one.ignored];
    parts.into_iter().fold(Decimal::ZERO, |sum, part| sum.saturating_add(part))
}

fn is_empty(one: &RevenueCoverage) -> bool {
    *one == RevenueCoverage::default()
}

/// Whether nothing is unknown beside the revenue.
fn is_complete(portfolio: &PortfolioRecord) -> bool {
    let is_read = portfolio.sources.iter().all(|one| one.read == SourceReadWord::Used && one.incomplete.is_empty());
    let without_comparison = [RowKind::NotReconciled, RowKind::UncountedLine, RowKind::Flat, RowKind::Ignored];
    is_read
        && portfolio.clients_incomplete == 0
        && portfolio.unknown_stakes == 0
        && portfolio.unmapped.is_empty()
        && without_comparison.iter().all(|kind| !portfolio.rows.contains_key(kind))
}

/// What the revenue does not show, because it was not read.
fn not_in_it(portfolio: &PortfolioRecord) -> Option<String> {
    match portfolio.clients_incomplete {
        0 => None,
        clients => {
            let clients = label::count(clients, "client", "clients");
            Some(format!(
                "The lines of {clients} were not read completely; what they were billed before counts as not reconciled, as far as it is \
                 known."
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portfolio(coverage: &[(&str, [&str; 5])]) -> PortfolioRecord {
        let number = |text: &str| Decimal::from_str_exact(text).unwrap();
        let of = |[compared, not_reconciled, flat, uncounted, ignored]: [&str; 5]| RevenueCoverage {
            compared: number(compared),
            not_reconciled: number(not_reconciled),
            flat: number(flat),
            uncounted: number(uncounted),
            ignored: number(ignored),
        };
        let coverage = coverage.iter().map(|(currency, parts)| (Currency::new(currency).unwrap(), of(*parts)));
        PortfolioRecord { coverage: coverage.collect(), ..PortfolioRecord::empty(Currency::new("USD").unwrap()) }
    }

    #[test]
    fn each_currency_by_itself_and_the_home_currency_first() {
        let lines = revenue_compared(&portfolio(&[
            ("EUR", ["990", "0.01", "0", "0", "0"]),
            ("USD", ["41220", "980", "500", "200", "0"]),
        ]));
        assert_eq!(
            lines,
            [
                "96 % of the recurring revenue was compared (USD 41,220.00 of 42,900.00 a month); not reconciled \
                 USD 980.00, flat USD 500.00, not counted by any rule USD 200.00.",
                "99 % of the recurring revenue was compared (EUR 990.00 of 990.01 a month); not reconciled EUR 0.01.",
            ]
        );
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        let share = |compared: &str, flat: &str| {
            let line = revenue_compared(&portfolio(&[("USD", [compared, "0", flat, "0", "0"])])).remove(0);
            line.split(" of the").next().unwrap().to_owned()
        };
        assert_eq!(share("99999.99", "0.01"), "99 %");
        assert_eq!(share("1", "1999"), "Less than 1 %");
        assert_eq!(share("0", "10"), "0 %");
        assert_eq!(share("5", "-10"), "An unknown share");
    }

    #[test]
    fn a_subject_has_the_share_of_each_currency() {
        let of = |codes: &[&str]| {
            let coverage: Vec<_> = codes.iter().map(|code| (*code, ["1", "0", "80", "0", "0"])).collect();
            share_compared(&portfolio(&coverage))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["EUR"]).unwrap(), "1 % compared");
        assert_eq!(of(&["EUR", "USD"]).unwrap(), "USD 1 %, EUR 1 % compared");
        assert_eq!(of(&["EUR", "USD", "GBP", "CHF"]).unwrap(), "USD 1 %, CHF 1 %, EUR 1 % and 1 more compared");
    }

    #[test]
    fn everything_was_compared_only_if_nothing_is_unknown() {
        let whole = portfolio(&[("EUR", ["10", "0", "0", "0", "0"]), ("USD", ["42900", "0", "0", "0", "0"])]);
        let line = "Everything was compared: USD 42,900.00 and EUR 10.00 a month of recurring revenue.";
        assert_eq!(revenue_compared(&whole), [line]);
        let with = |change: fn(&mut PortfolioRecord)| {
            let mut one = whole.clone();
            change(&mut one);
            revenue_compared(&one)
        };
        let not_whole: [fn(&mut PortfolioRecord); 5] = [
            |one| one.clients_incomplete = 1,
            |one| one.unknown_stakes = 1,
            |one| one.rows = [(RowKind::NotReconciled, 1)].into(),
            |one| one.rows = [(RowKind::UncountedLine, 1)].into(),
            |one| one.coverage.values_mut().for_each(|of| of.ignored = Decimal::ONE),
        ];
        let line = with(|one| one.unknown_stakes = 1).remove(0);
        assert!(line.starts_with("100 % of the known recurring revenue was compared"), "{line}");
        for change in not_whole {
            let lines = with(change);
            assert!(!lines.join(" ").contains("verything"), "{lines:?}");
            assert!(lines[0].contains('%'), "{lines:?}");
        }
        let lines = with(|one| one.clients_incomplete = 2);
        assert!(lines[2].starts_with("The lines of 2 clients were not read completely"), "{lines:?}");
        let nothing = "No recurring revenue is known: no line that was read has a price and a known billing cycle.";
        assert_eq!(revenue_compared(&portfolio(&[])), [nothing]);
        let unread = PortfolioRecord { clients_incomplete: 1, ..portfolio(&[]) };
        let lines = revenue_compared(&unread);
        assert!(lines[0] == nothing && lines[1].starts_with("The lines of 1 client were not read"), "{lines:?}");
        assert_eq!(revenue_compared(&portfolio(&[("USD", ["0"; 5])])), [nothing]);
    }
}
