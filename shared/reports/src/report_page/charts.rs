//! The charts: what is to be added and reduced by service, client, source and month, and what the recurring revenue is
//! made of. Each bar has its words beside it; its length is a share in thousandths.
//!
//! Deliberately absent: a sum over currencies, and one of what is calculated and what is estimated. Each currency has
//! charts of its own, and an estimate a bar of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use serde::Serialize;
use truecount_billing::{BillingMonth, Currency};
use truecount_reconciliation::RunTotals;

use super::row::shown;
use crate::{ExceptionRow, RunReport, label, workbook_sheets::of_revenue};

/// Bars of a chart, and currencies that have charts.
const BARS_MAX: usize = 8;
const CURRENCIES_MAX: usize = 6;
/// Characters of a name, and of what rows are filtered by.
const NAME_MAX: usize = 120;
const VALUE_MAX: usize = super::row::NAME_MAX;

/// A chart of one currency.
#[derive(Serialize)]
pub(super) struct Chart<'r> {
    title: &'static str,
    currency: String,
    bars: Vec<Bar<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
}

/// What is said of one name.
#[derive(Serialize)]
struct Bar<'r> {
    name: Cow<'r, str>,
    /// What the exceptions are filtered by to see those of the bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<(&'static str, Cow<'r, str>)>,
    parts: Vec<BarPart>,
}

#[derive(Serialize)]
struct BarPart {
    /// Which colour it has.
    kind: &'static str,
    text: String,
    /// Of the longest bar, in thousandths.
    share: u32,
}

pub(super) fn of<'r>(report: &'r RunReport<'_>) -> Vec<Chart<'r>> {
    let home = report.portfolio.home_currency;
    let known = report.portfolio.totals.keys().chain(report.portfolio.coverage.keys());
    let mut currencies: Vec<Currency> = known.copied().collect();
    currencies.sort_by_key(|currency| (*currency != home, *currency));
    currencies.dedup();
    currencies.into_iter().take(CURRENCIES_MAX).flat_map(|currency| of_currency(report, currency)).collect()
}

fn of_currency<'r>(report: &'r RunReport<'_>, currency: Currency) -> Vec<Chart<'r>> {
    // A first comparison shows no total.
    let exceptions = if report.portfolio.is_first_comparison() { &[][..] } else { &report.exceptions };
    let rows: Vec<(&ExceptionRow, &RunTotals)> = exceptions
        .iter()
        .flat_map(ExceptionRow::each)
        .filter(|row| !row.is_set_aside())
        .filter_map(|row| Some((row, &row.totals.iter().find(|(one, _)| *one == currency)?.1)))
        .collect();
    let by = |title, field, key: fn(&'r ExceptionRow) -> (&'r str, &'r str)| {
        let groups = grouped(&rows, |row| Some(key(row)));
        let bars = groups.into_iter().map(|((value, name), sums)| Group {
            name: Cow::Borrowed(name),
            filter: Some((field, shown(value, VALUE_MAX))),
            sums,
        });
        largest_first(title, currency, bars.collect())
    };
    let charts = [
        coverage(report, currency),
        by("By service", "service", |row| (&row.product_code, &row.product_code)),
        by("By client", "client", |row| (&row.client_id, &row.client)),
        by("By source", "source", |row| (&row.source, &row.source)),
        by_month(report, currency, &rows),
    ];
    charts.into_iter().flatten().collect()
}

/// What exceptions of one name come to.
struct Group<'r> {
    name: Cow<'r, str>,
    filter: Option<(&'static str, Cow<'r, str>)>,
    sums: Sums,
}

/// What is to be added and reduced, on whichever invoice.
#[derive(Default)]
struct Sums {
    add: Decimal,
    estimated_add: Decimal,
    reduce: Decimal,
    estimated_reduce: Decimal,
}

impl Sums {
    fn take(&mut self, of: &RunTotals) {
        for (sum, parts) in [
            (&mut self.add, [of.add, of.later_add]),
            (&mut self.estimated_add, [of.estimated_add, of.estimated_later_add]),
            (&mut self.reduce, [of.reduce, of.later_reduce]),
            (&mut self.estimated_reduce, [of.estimated_reduce, of.estimated_later_reduce]),
        ] {
            *sum = parts.iter().fold(*sum, |sum, part| sum.saturating_add(*part));
        }
    }

    const fn each(&self) -> [(&'static str, Decimal); 4] {
        [
            ("add", self.add),
            ("estimated-add", self.estimated_add),
            ("reduce", self.reduce),
            ("estimated-reduce", self.estimated_reduce),
        ]
    }

    fn size(&self) -> Decimal {
        self.each().iter().fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(amount.abs()))
    }
}

fn grouped<'r, K: Ord>(
    rows: &[(&'r ExceptionRow, &RunTotals)],
    key: impl Fn(&'r ExceptionRow) -> Option<K>,
) -> BTreeMap<K, Sums> {
    let mut groups: BTreeMap<K, Sums> = BTreeMap::new();
    for (row, totals) in rows {
        if let Some(key) = key(row) {
            groups.entry(key).or_default().take(totals);
        }
    }
    groups.retain(|_, sums| !sums.size().is_zero());
    groups
}

fn largest_first<'r>(title: &'static str, currency: Currency, mut groups: Vec<Group<'r>>) -> Option<Chart<'r>> {
    groups.sort_by(|a, b| b.sums.size().cmp(&a.sums.size()).then_with(|| a.name.cmp(&b.name)));
    let more = groups.len().saturating_sub(BARS_MAX) as u64;
    groups.truncate(BARS_MAX);
    let more = (more > 0).then(|| format!("and {}", label::count(more, "more", "more")));
    (!groups.is_empty()).then(|| Chart { more, ..chart(title, currency, groups) })
}

/// Since when it stands; nothing where all of it stands since the same month.
fn by_month<'r>(
    report: &'r RunReport<'_>,
    currency: Currency,
    rows: &[(&'r ExceptionRow, &RunTotals)],
) -> Option<Chart<'r>> {
    report.portfolio.last_closing?;
    let groups: BTreeMap<BillingMonth, Sums> = grouped(rows, |row| row.since);
    let newest = groups.len().saturating_sub(BARS_MAX);
    let groups: Vec<_> = groups
        .into_iter()
        .skip(newest)
        .map(|(month, sums)| Group {
            name: label::month(month).into(),
            filter: Some(("since", month.to_string().into())),
            sums,
        })
        .collect();
    (groups.len() > 1).then(|| chart("By the month since which it stands", currency, groups))
}

fn chart<'r>(title: &'static str, currency: Currency, groups: Vec<Group<'r>>) -> Chart<'r> {
    let longest = groups.iter().flat_map(|group| group.sums.each()).map(|(_, amount)| amount.abs()).max();
    let bar = |group: Group<'r>| Bar {
        name: Cow::Owned(shown(&group.name, NAME_MAX).into_owned()),
        // What several sources count together is no one's of them.
        filter: group.filter.filter(|(field, value)| !(value.is_empty() || *field == "source" && value.contains("; "))),
        parts: parts(&group.sums, currency, longest.unwrap_or_default()),
    };
    Chart { title, currency: currency.to_string(), bars: groups.into_iter().map(bar).collect(), more: None }
}

fn parts(sums: &Sums, currency: Currency, longest: Decimal) -> Vec<BarPart> {
    let part = |(kind, amount): (&'static str, Decimal)| {
        let money = label::money(amount, currency);
        let text = match kind {
            "add" => format!("{money} to add"),
            "reduce" => format!("{money} to reduce"),
            "estimated-add" => format!("about {money} to add, estimated"),
            _ => format!("about {money} to reduce, estimated"),
        };
        BarPart { kind, text, share: share(amount, longest) }
    };
    sums.each().into_iter().filter(|(_, amount)| !amount.is_zero()).map(part).collect()
}

/// What the recurring revenue is made of.
fn coverage<'r>(report: &'r RunReport<'_>, currency: Currency) -> Option<Chart<'r>> {
    const KINDS: [&str; 5] = ["compared", "flat", "unknown", "uncounted", "ignored"];
    let parts = of_revenue(report.portfolio.coverage.get(&currency)?);
    let total = parts.iter().fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(amount.abs()));
    let bar = |(kind, (name, amount)): (&'static str, (&'static str, Decimal))| Bar {
        name: name.into(),
        filter: None,
        parts: vec![BarPart { kind, text: label::money(amount, currency), share: share(amount, total) }],
    };
    let bars = KINDS.into_iter().zip(parts).filter(|(_, (_, amount))| !amount.is_zero()).map(bar);
    let currency = currency.to_string();
    (!total.is_zero()).then(|| Chart {
        title: "Recurring revenue a month, by whether it was compared",
        currency,
        bars: bars.collect(),
        more: None,
    })
}

/// In thousandths; what is not nothing can be seen.
fn share(amount: Decimal, whole: Decimal) -> u32 {
    let thousandths = amount.abs().checked_mul(Decimal::ONE_THOUSAND).and_then(|amount| amount.checked_div(whole));
    thousandths.and_then(|share| share.round().to_u32()).unwrap_or(0).clamp(2, 1000)
}
