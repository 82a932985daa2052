//! What differs between two runs, and why: row by row, each part of a difference with its cause, and per currency what is to
//! be added and reduced before and after, with parts that add up to the difference.
//!
//! The cause of a part is the first along the way from the accounts of a client to its bill: mapping, usage, rules, the
//! day; and billing for what hangs on the lines. What only one of the runs has read comes before all of them. Where units
//! and lines both moved, the part of the units is what they are worth at the row's price, and the rest is the lines'.
//! Estimates are never added to what is calculated.

mod amounts;
mod cause;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{ClientId, Currency, Money, ProductCode, SourceId};

use crate::outcome::RowKind;
use crate::record::{ClientRecord, PortfolioRecord, RowRecord};

pub use amounts::AddAndReduce;
use amounts::Worth;
use cause::{Pair, RunRead};

/// Which inputs of two runs differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChangedInputs {
    /// What the PSA bills.
    pub billing: bool,
    /// The sources of usage that say something else.
    pub usage: BTreeSet<SourceId>,
    /// Whose accounts are.
    pub mapping: bool,
    /// Rules and settings.
    pub rules: bool,
    /// What people decided about exceptions.
    pub decisions: bool,
    /// The day on which usage is counted.
    pub day: bool,
}

/// Why something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCause {
    /// Lines of the PSA.
    Billing,
    /// What is used.
    Usage,
    /// Whose accounts are.
    Mapping,
    /// Rules or settings.
    Rules,
    /// What people decided about the exception: what is set aside is in no total.
    Decision,
    /// How far something was read.
    Reading,
    /// The day: what begins, ends or goes stale.
    Day,
}

/// What of a difference has one cause, of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferencePart {
    /// Why.
    pub cause: ChangeCause,
    /// The currency; `None`: neither run knows what it is worth.
    pub currency: Option<Currency>,
    /// How much more is to be added and reduced a month.
    #[serde(flatten)]
    pub amounts: AddAndReduce,
}

/// What a run says of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowInBrief {
    /// What it says.
    pub kind: RowKind,
    /// Units that should be billed; `None`: not known.
    pub should_bill: Option<Decimal>,
    /// Units that are billed.
    pub billed: Decimal,
    /// What a change is worth a month, signed; `None`: there is none, or it is not known.
    pub monthly_impact: Option<Money>,
    /// Whether that is a guess.
    pub is_estimated: bool,
    /// Whether people have set it aside: it is in no total.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_set_aside: bool,
}

/// A row of which two runs say different things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// The service's code.
    pub service: ProductCode,
    /// The section of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What the first run says; `None`: it has no such row.
    pub before: Option<RowInBrief>,
    /// What the second says.
    pub after: Option<RowInBrief>,
    /// The parts, at least one.
    pub parts: Vec<DifferencePart>,
}

/// One currency of two runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CurrencyDifference {
    /// The first run's totals.
    pub before: AddAndReduce,
    /// The second's.
    pub after: AddAndReduce,
    /// What leads from the one to the other, by cause.
    pub parts: BTreeMap<ChangeCause, AddAndReduce>,
    /// What no row explains: nothing, unless a run's rows are not what its totals are made of.
    pub rest: AddAndReduce,
}

/// Compares two runs, client by client.
#[derive(Debug)]
pub struct RunDifference {
    changed: ChangedInputs,
    currencies: BTreeMap<Currency, CurrencyDifference>,
    runs: [RunRead; 2],
}

type PartOf = (ProductCode, Option<String>);

impl RunDifference {
    /// The runs' portfolios, and which of their inputs differ.
    #[must_use]
    pub fn new(changed: ChangedInputs, before: &PortfolioRecord, after: &PortfolioRecord) -> Self {
        let mut currencies: BTreeMap<Currency, CurrencyDifference> = BTreeMap::new();
        // What a first comparison leaves to the setup is in its rows.
        for (currency, totals) in before.totals.iter().chain(&before.setup_rows.totals) {
            currencies.entry(*currency).or_default().before.take(&AddAndReduce::of(totals));
        }
        for (currency, totals) in after.totals.iter().chain(&after.setup_rows.totals) {
            currencies.entry(*currency).or_default().after.take(&AddAndReduce::of(totals));
        }
        Self { changed, currencies, runs: [before, after].map(RunRead::of) }
    }

    /// What differs at a client that at least one of the runs has.
    pub fn client(&mut self, before: Option<&ClientRecord>, after: Option<&ClientRecord>) -> Vec<RowDifference> {
        let Some(named) = after.or(before) else { return Vec::new() };
        let clients = [before, after];
        let mut rows: BTreeMap<PartOf, [Vec<&RowRecord>; 2]> = BTreeMap::new();
        for (at, record) in clients.iter().enumerate() {
            for row in record.iter().flat_map(|record| &record.rows) {
                rows.entry((row.service.clone(), row.section.clone())).or_default()[at].push(row);
            }
        }
        let mut found = Vec::new();
        for ((service, section), [before, after]) in rows {
            // Of a service with several rows those of one kind stand beside each other.
            let mut kinds: Vec<RowKind> = before.iter().chain(&after).map(|row| row.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let pairs: Vec<_> = match before.len().max(after.len()) {
                ..=1 => vec![(before.first().copied(), after.first().copied())],
                _ => kinds.iter().map(|kind| (of_kind(&before, *kind), of_kind(&after, *kind))).collect(),
            };
            let key = (named.client_id.clone(), service.clone(), section.clone());
            let is_moved = self.runs.each_ref().map(|run| run.moved.contains(&key));
            for (before, after) in pairs {
                let pair = Pair { rows: [before, after], clients, runs: &self.runs, changed: &self.changed };
                let parts = parts(&pair, is_moved);
                if parts.is_empty() {
                    continue;
                }
                self.note(&parts);
                found.push(RowDifference {
                    client_id: named.client_id.clone(),
                    client_name: named.client_name.clone(),
                    service: service.clone(),
                    section: section.clone(),
                    before: before.map(RowInBrief::of),
                    after: after.map(RowInBrief::of),
                    parts,
                });
            }
        }
        found
    }

    /// Each currency, with what no row explains.
    #[must_use]
    pub fn finish(mut self) -> BTreeMap<Currency, CurrencyDifference> {
        for of in self.currencies.values_mut() {
            let mut rest = of.after.minus(&of.before);
            for part in of.parts.values() {
                rest = rest.minus(part);
            }
            of.rest = rest;
        }
        self.currencies
    }

    fn note(&mut self, parts: &[DifferencePart]) {
        for part in parts {
            let Some(currency) = part.currency else { continue };
            self.currencies.entry(currency).or_default().parts.entry(part.cause).or_default().take(&part.amounts);
        }
    }
}

/// The parts of what differs between two rows; none: they say the same.
fn parts(pair: &Pair<'_>, is_moved: [bool; 2]) -> Vec<DifferencePart> {
    let brief = pair.rows.map(|row| row.map(RowInBrief::of));
    if brief[0] == brief[1] {
        return Vec::new();
    }
    let is_set_aside = pair.rows.map(|row| row.is_some_and(RowRecord::is_set_aside));
    let is_out = [0, 1].map(|at| is_moved[at] || is_set_aside[at]);
    let [from, to] = [0, 1].map(|at| Worth::of(pair.rows[at], is_out[at]));
    let currencies: BTreeSet<Currency> = [from.currency, to.currency].into_iter().flatten().collect();
    let is_split = currencies.len() == 1 && is_out[0] == is_out[1] && from.may_be_parts_of(&to);
    if let Some((units, of_units, of_lines)) = pair.units_and_lines().filter(|_| is_split) {
        let currency = from.currency.or(to.currency);
        let all = to.amounts().minus(&from.amounts());
        let units = from.units_beside(&to, units);
        let both = [(of_units, units), (of_lines, all.minus(&units))];
        let parts = both.map(|(cause, amounts)| DifferencePart { cause, currency, amounts });
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.amounts.is_nothing()).collect();
        if !parts.is_empty() {
            return parts;
        }
    }
    let cause = match () {
        () if is_moved[0] != is_moved[1] => ChangeCause::Mapping,
        () if is_out[0] != is_out[1] => ChangeCause::Decision,
        () => pair.cause(),
    };
    whole(cause, &currencies, &from, &to)
}

fn of_kind<'a>(rows: &[&'a RowRecord], kind: RowKind) -> Option<&'a RowRecord> {
    rows.iter().find(|row| row.kind == kind).copied()
}

/// The whole difference for one cause: a part for each currency, or one without.
fn whole(cause: ChangeCause, currencies: &BTreeSet<Currency>, from: &Worth, to: &Worth) -> Vec<DifferencePart> {
    if currencies.is_empty() {
        return vec![DifferencePart { cause, currency: None, amounts: AddAndReduce::default() }];
    }
    let part = |currency: &Currency| {
        let amounts = to.amounts_in(*currency).minus(&from.amounts_in(*currency));
        DifferencePart { cause, currency: Some(*currency), amounts }
    };
    currencies.iter().map(part).collect()
}

impl RowInBrief {
    fn of(row: &RowRecord) -> Self {
        let worth = row.currency.zip(row.monthly_impact).filter(|_| row.kind.changes_a_bill());
        Self {
            kind: row.kind,
            should_bill: row.should_bill,
            billed: row.billed,
            monthly_impact: worth.map(|(currency, amount)| Money { amount, currency }),
            is_estimated: worth.is_some() && row.is_estimated,
            is_set_aside: row.is_set_aside(),
        }
    }
}

#[cfg(test)]
mod tests;
