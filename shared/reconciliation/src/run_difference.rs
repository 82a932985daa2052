//! What differs between two runs, and why: row by row, each part of a difference with its cause, and per currency what is to
//! be added and reduced before and after, with parts that add up to the difference.
//!
//! The cause of a part is the first along the way from the accounts of a client to its bill: mapping, usage, rules, the
//! day; and billing for what hangs on the lines. Where units and lines both moved, the part of the units is what they are
//! worth at the row's price, and the rest is the lines'.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{ClientId, Currency, Money, ProductCode, SourceId};

use crate::evidence_record::WideningRecord;
use crate::interval::{add, times};
use crate::outcome::{RowKind, RunTotals};
use crate::record::{ClientRecord, PortfolioRecord, RowRecord};

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
    /// How much more is to be added a month.
    pub to_add: Decimal,
    /// How much more is to be reduced a month.
    pub to_reduce: Decimal,
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

/// What is to be added and reduced a month, whenever it is invoiced, estimates among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AddAndReduce {
    /// To add.
    pub to_add: Decimal,
    /// To reduce; positive.
    pub to_reduce: Decimal,
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
    moved: [BTreeSet<(ClientId, ProductCode, Option<String>)>; 2],
}

type PartOf = (ProductCode, Option<String>);

impl RunDifference {
    /// The runs' portfolios, and which of their inputs differ.
    #[must_use]
    pub fn new(changed: ChangedInputs, before: &PortfolioRecord, after: &PortfolioRecord) -> Self {
        let mut currencies: BTreeMap<Currency, CurrencyDifference> = BTreeMap::new();
        for (currency, totals) in &before.totals {
            currencies.entry(*currency).or_default().before = AddAndReduce::of(totals);
        }
        for (currency, totals) in &after.totals {
            currencies.entry(*currency).or_default().after = AddAndReduce::of(totals);
        }
        Self { changed, currencies, moved: [moved(before), moved(after)] }
    }

    /// What differs at a client that at least one of the runs has.
    pub fn client(&mut self, before: Option<&ClientRecord>, after: Option<&ClientRecord>) -> Vec<RowDifference> {
        let Some(named) = after.or(before) else { return Vec::new() };
        let mut rows: BTreeMap<PartOf, [Vec<&RowRecord>; 2]> = BTreeMap::new();
        for (at, record) in [before, after].into_iter().enumerate() {
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
            let is_moved = self.moved.each_ref().map(|moved| moved.contains(&key));
            for (before, after) in pairs {
                let parts = self.parts(before, after, is_moved);
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
            let mut rest = AddAndReduce {
                to_add: of.after.to_add.saturating_sub(of.before.to_add),
                to_reduce: of.after.to_reduce.saturating_sub(of.before.to_reduce),
            };
            for part in of.parts.values() {
                add(&mut rest.to_add, -part.to_add);
                add(&mut rest.to_reduce, -part.to_reduce);
            }
            of.rest = rest;
        }
        self.currencies
    }

    fn note(&mut self, parts: &[DifferencePart]) {
        for part in parts {
            let Some(currency) = part.currency else { continue };
            let of = self.currencies.entry(currency).or_default().parts.entry(part.cause).or_default();
            add(&mut of.to_add, part.to_add);
            add(&mut of.to_reduce, part.to_reduce);
        }
    }

    /// The parts of what differs between two rows; none: they say the same.
    fn parts(&self, before: Option<&RowRecord>, after: Option<&RowRecord>, is_moved: [bool; 2]) -> Vec<DifferencePart> {
        let brief = [before.map(RowInBrief::of), after.map(RowInBrief::of)];
        if brief[0] == brief[1] {
            return Vec::new();
        }
        let [from, to] = [(before, is_moved[0]), (after, is_moved[1])].map(|(row, is_moved)| Worth::of(row, is_moved));
        let pair = Pair { before, after, changed: &self.changed };
        let currencies: BTreeSet<Currency> = [from.currency, to.currency].into_iter().flatten().collect();
        if currencies.len() != 1 || is_moved[0] != is_moved[1] {
            let cause = if is_moved[0] == is_moved[1] { pair.cause() } else { ChangeCause::Mapping };
            return whole(cause, &currencies, &from, &to);
        }
        match pair.split(&from, &to) {
            Some((units, cause, lines)) if units != Decimal::ZERO => {
                let mut rest = to.minus(&from);
                let of_units = if to.is_less(&from) { (Decimal::ZERO, -units) } else { (units, Decimal::ZERO) };
                add(&mut rest.0, -of_units.0);
                add(&mut rest.1, -of_units.1);
                let currency = from.currency.or(to.currency);
                [(cause, of_units), (lines, rest)]
                    .map(|(cause, (to_add, to_reduce))| DifferencePart { cause, currency, to_add, to_reduce })
                    .to_vec()
            }
            _ => whole(pair.cause(), &currencies, &from, &to),
        }
    }
}

fn of_kind<'a>(rows: &[&'a RowRecord], kind: RowKind) -> Option<&'a RowRecord> {
    rows.iter().find(|row| row.kind == kind).copied()
}

fn moved(portfolio: &PortfolioRecord) -> BTreeSet<(ClientId, ProductCode, Option<String>)> {
    let mut found = BTreeSet::new();
    for moved in &portfolio.moved {
        for (used, billed) in &moved.services {
            found.insert((moved.from_id.clone(), used.service.clone(), used.section.clone()));
            found.insert((moved.to_id.clone(), billed.service.clone(), billed.section.clone()));
        }
    }
    found
}

/// The whole difference for one cause: a part for each currency, or one without.
fn whole(cause: ChangeCause, currencies: &BTreeSet<Currency>, from: &Worth, to: &Worth) -> Vec<DifferencePart> {
    if currencies.is_empty() {
        let (to_add, to_reduce) = (Decimal::ZERO, Decimal::ZERO);
        return vec![DifferencePart { cause, currency: None, to_add, to_reduce }];
    }
    let part = |currency: &Currency| {
        let (to_add, to_reduce) = to.in_currency(*currency).minus(&from.in_currency(*currency));
        DifferencePart { cause, currency: Some(*currency), to_add, to_reduce }
    };
    currencies.iter().map(part).collect()
}

/// What a row adds to the totals.
#[derive(Debug, Clone, Copy)]
struct Worth {
    currency: Option<Currency>,
    /// Signed.
    impact: Decimal,
}

impl Worth {
    fn of(row: Option<&RowRecord>, is_moved: bool) -> Self {
        let row = row.filter(|row| row.kind.changes_a_bill() && !is_moved);
        let worth = row.and_then(|row| row.currency.zip(row.monthly_impact));
        Self { currency: worth.map(|worth| worth.0), impact: worth.map(|worth| worth.1).unwrap_or_default() }
    }

    fn in_currency(&self, currency: Currency) -> Self {
        let is_it = self.currency == Some(currency);
        Self { currency: Some(currency), impact: if is_it { self.impact } else { Decimal::ZERO } }
    }

    fn added(self) -> Decimal {
        self.impact.max(Decimal::ZERO)
    }

    fn reduced(self) -> Decimal {
        (-self.impact).max(Decimal::ZERO)
    }

    /// What is to be added and reduced more than by the other.
    fn minus(&self, other: &Self) -> (Decimal, Decimal) {
        (self.added().saturating_sub(other.added()), self.reduced().saturating_sub(other.reduced()))
    }

    /// Whether it and the other are about what is to be reduced.
    fn is_less(&self, other: &Self) -> bool {
        self.impact < Decimal::ZERO || other.impact < Decimal::ZERO
    }
}

/// A row in both runs.
struct Pair<'a> {
    before: Option<&'a RowRecord>,
    after: Option<&'a RowRecord>,
    changed: &'a ChangedInputs,
}

impl<'a> Pair<'a> {
    fn rows(&self) -> impl Iterator<Item = &'a RowRecord> {
        [self.before, self.after].into_iter().flatten()
    }

    fn differs<T: PartialEq>(&self, of: impl Fn(&'a RowRecord) -> T) -> bool {
        self.before.map(&of) != self.after.map(of)
    }

    /// What a month the units alone are worth, signed as the totals are, with the causes of units and lines; `None`: only
    /// one of both moved, or it cannot be told apart.
    fn split(&self, from: &Worth, to: &Worth) -> Option<(Decimal, ChangeCause, ChangeCause)> {
        let flips = from.impact.is_sign_negative() != to.impact.is_sign_negative();
        if self.is_unknown() || (flips && !from.impact.is_zero() && !to.impact.is_zero()) {
            return None;
        }
        let should_bill = |row: Option<&RowRecord>| row.map_or(Some(Decimal::ZERO), |row| row.should_bill);
        let units = should_bill(self.after)?.checked_sub(should_bill(self.before)?)?;
        if units.is_zero() || !self.has_other_lines() {
            return None;
        }
        let price = self.after.and_then(|row| row.unit_price).or_else(|| self.before?.unit_price)?;
        Some((times(units, price).ok()?, self.cause_of_count(), self.cause_of_lines()))
    }

    /// The first cause.
    fn cause(&self) -> ChangeCause {
        if let Some(cause) = self.cause_of_doubt() {
            return cause;
        }
        if self.has_other_count() { self.cause_of_count() } else { self.cause_of_lines() }
    }

    fn is_unknown(&self) -> bool {
        self.rows().any(|row| row.kind == RowKind::NotReconciled)
    }

    fn has_other_lines(&self) -> bool {
        self.differs(|row| row.billed) || self.differs(|row| &row.lines)
    }

    fn has_other_count(&self) -> bool {
        self.differs(|row| (row.at_least, row.at_most, row.should_bill))
            || self.differs(|row| (row.counted_gross, &row.explained))
    }

    /// What keeps one of the two from being reconciled.
    fn cause_of_doubt(&self) -> Option<ChangeCause> {
        let open = self.rows().filter(|row| row.kind == RowKind::NotReconciled);
        if !self.differs(|row| &row.widenings) {
            return None;
        }
        let widening = open.flat_map(|row| &row.widenings).next()?;
        Some(match widening {
            WideningRecord::AccountUndecided { .. }
            | WideningRecord::AnyUndecided { .. }
            | WideningRecord::NoAccountByGrant { .. }
            | WideningRecord::NoAccountInFile { .. }
            | WideningRecord::ItemNotSplit { .. } => ChangeCause::Mapping,
            WideningRecord::WordNeverSeen { .. } | WideningRecord::UnwantedNeverSeen { .. } => ChangeCause::Rules,
            WideningRecord::SourceNotRead { .. }
            | WideningRecord::SourceTooOld { .. }
            | WideningRecord::AccountFailed { .. }
            | WideningRecord::AccountPartial { .. }
            | WideningRecord::AccountDoubtful { .. }
            | WideningRecord::AccountFell { .. }
            | WideningRecord::AccountGone { .. }
            | WideningRecord::DaysUnread { .. }
            | WideningRecord::ChangedUnread { .. } => ChangeCause::Reading,
            _ => ChangeCause::Usage,
        })
    }

    /// The first along the way from the accounts to what should be billed.
    fn cause_of_count(&self) -> ChangeCause {
        let accounts = |row: &'a RowRecord| -> BTreeSet<_> {
            row.items.iter().map(|item| (&item.source, &item.account_id)).collect()
        };
        let items = |row: &'a RowRecord| -> BTreeSet<_> {
            row.items.iter().map(|item| (&item.source, &item.account_id, &item.item_id, item.units)).collect()
        };
        let has_usage = self.rows().flat_map(|row| &row.sources).any(|one| self.changed.usage.contains(&one.source));
        let has_usage = has_usage || (self.rows().count() < 2 && !self.changed.usage.is_empty());
        let has_items = self.differs(items) || self.differs(|row| row.counted_gross);
        if self.changed.mapping && self.differs(accounts) {
            return ChangeCause::Mapping;
        }
        if has_usage && (has_items || !self.changed.rules) {
            return ChangeCause::Usage;
        }
        match self.changed {
            ChangedInputs { rules: true, .. } => ChangeCause::Rules,
            ChangedInputs { mapping: true, .. } => ChangeCause::Mapping,
            // What a service counts can hang on lines: of a service that it lives in, or of its group.
            ChangedInputs { billing: true, day: false, .. } => ChangeCause::Billing,
            _ => ChangeCause::Day,
        }
    }

    fn cause_of_lines(&self) -> ChangeCause {
        match self.changed {
            ChangedInputs { billing: true, .. } => ChangeCause::Billing,
            ChangedInputs { rules: true, .. } => ChangeCause::Rules,
            _ => ChangeCause::Day,
        }
    }
}

impl RowInBrief {
    fn of(row: &RowRecord) -> Self {
        let worth = row.currency.zip(row.monthly_impact).filter(|_| row.kind.changes_a_bill());
        Self {
            kind: row.kind,
            should_bill: row.should_bill,
            billed: row.billed,
            monthly_impact: worth.map(|(currency, amount)| Money { amount, currency }),
        }
    }
}

impl AddAndReduce {
    fn of(totals: &RunTotals) -> Self {
        let sum = |parts: [Decimal; 4]| {
            let mut sum = Decimal::ZERO;
            parts.into_iter().for_each(|part| add(&mut sum, part));
            sum
        };
        Self {
            to_add: sum([totals.add, totals.later_add, totals.estimated_add, totals.estimated_later_add]),
            to_reduce: sum([
                totals.reduce,
                totals.later_reduce,
                totals.estimated_reduce,
                totals.estimated_later_reduce,
            ]),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.to_add.is_zero() && self.to_reduce.is_zero()
    }
}

#[cfg(test)]
mod tests;
