//! What a plain list comes to: rows that somebody should act on, in the order of their value, and what they add up to.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
};

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AccountRecord, ClientRecord, LinesReadWord, RECORD_FORMAT, RowKind, RowRecord, RunOptions, RunOutcome,
    RunReconciler, SourceRecord, UnmappedUse, WideningRecord,
};
use truecount_reports::{ExceptionRow, ReportError, is_exception};

use super::{
    CheckEvidence,
    list::{ListSource, ReadList},
    output::TakeRow,
};

/// What exceptions of one currency are worth a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckTotal {
    /// The currency.
    pub currency: Currency,
    /// What is billed too little.
    pub underbilled: Decimal,
    /// What is billed too much; positive.
    pub overbilled: Decimal,
    /// Exceptions of which something is billed too little.
    pub underbilled_count: u64,
    /// Exceptions of which something is billed too much.
    pub overbilled_count: u64,
}

/// Everything that was found, in order.
pub(super) struct Findings<'l> {
    list: &'l ReadList,
    rows: Vec<Found>,
    unread_sources: Vec<SourceRecord>,
    /// How many there are of each kind, by the word in files.
    pub(super) kinds: BTreeMap<&'static str, u64>,
    /// Comparisons that could not be made.
    pub(super) not_reconciled: u64,
    pub(super) totals: Vec<CheckTotal>,
    /// Differences without a price, by product.
    pub(super) price_unknown: BTreeMap<String, u64>,
}

enum Found {
    /// A row of a client, by its number.
    Row(u32, Box<RowRecord>),
    Unmapped(UnmappedUse),
}

const UNMAPPED: &str = "unmapped_account";

impl<'l> Findings<'l> {
    /// Compares the list.
    pub(super) fn of(list: &'l ReadList, evidence: CheckEvidence) -> Self {
        let reconciler = RunReconciler::with_options(&list.inputs, &list.rules, list.context, RunOptions::PLAIN);
        let mut found = Self {
            list,
            rows: Vec::new(),
            unread_sources: reconciler.unread_sources(),
            kinds: BTreeMap::new(),
            not_reconciled: 0,
            totals: Vec::new(),
            price_unknown: BTreeMap::new(),
        };
        reconciler.each_row(is_exception, |client, row| found.take(client, row));
        if evidence == CheckEvidence::Items {
            found.add_items(&reconciler);
        }
        found.rows.extend(reconciler.undecided_accounts().into_iter().map(Found::Unmapped));
        found.rows.shrink_to_fit();
        let mut rows = std::mem::take(&mut found.rows);
        rows.sort_unstable_by(|one, other| found.order(one, other));
        found.rows = rows;
        found.count();
        found
    }

    /// Puts the lines and items behind each row; a client's rows stand together.
    fn add_items(&mut self, reconciler: &RunReconciler<'_>) {
        let outcome = RunOutcome::default();
        let mut of_client: Option<ClientRecord> = None;
        for found in &mut self.rows {
            let Found::Row(client, row) = found else { continue };
            let id = &self.list.inputs.clients[*client as usize].id;
            let record = match of_client.take().filter(|record| record.client_id == *id) {
                Some(record) => record,
                None => reconciler.client_record(*client as usize, &outcome),
            };
            let is_it = |one: &&RowRecord| (&one.service, one.kind) == (&row.service, row.kind);
            if let Some(whole) = record.rows.iter().find(is_it) {
                **row = whole.clone();
            }
            of_client = Some(record);
        }
    }

    fn take(&mut self, client: usize, row: RowRecord) {
        self.not_reconciled += u64::from(row.kind == RowKind::NotReconciled);
        let is_unread = |widening: &WideningRecord| matches!(widening, WideningRecord::SourceNotRead { .. });
        // what hangs on a whole source is told once, at the source
        if !row.widenings.iter().any(is_unread) {
            self.rows.push(Found::Row(u32::try_from(client).unwrap_or(u32::MAX), Box::new(row)));
        }
    }

    /// By |monthly impact|, the greatest first and unknown last; then kind, client, source, account and product.
    fn order(&self, one: &Found, other: &Found) -> Ordering {
        let impact = |found: &Found| Reverse(found.value().map(|(_, amount)| amount.abs()));
        let by_impact = impact(one).cmp(&impact(other));
        by_impact.then_with(|| self.place(one).cmp(&self.place(other)))
    }

    fn place<'a>(&'a self, found: &'a Found) -> (&'a str, &'a str, &'a str, &'a str, &'a str) {
        let inputs = &self.list.inputs;
        match found {
            Found::Row(client, row) => {
                let source = row.sources.first().map_or("", |one| one.source.as_str());
                let client = inputs.clients[*client as usize].id.as_str();
                (row.kind.as_str(), client, source, "", row.service.as_str())
            }
            Found::Unmapped(one) => {
                let account = &inputs.accounts[one.account];
                (UNMAPPED, "", inputs.sources[account.source].id.as_str(), account.id.as_str(), "")
            }
        }
    }

    fn count(&mut self) {
        for found in &self.rows {
            *self.kinds.entry(found.kind()).or_default() += 1;
            if let Found::Row(_, row) = found
                && row.kind.changes_a_bill()
                && found.value().is_none()
            {
                *self.price_unknown.entry(row.service.to_string()).or_default() += 1;
            }
        }
        let unread = self.unread_sources.len() as u64;
        if unread > 0 {
            *self.kinds.entry(RowKind::NotReconciled.as_str()).or_default() += unread;
        }
        self.totals = add_up(self.rows.iter().filter_map(Found::value));
    }

    /// Whether everything could be compared.
    pub(super) fn is_complete(&self) -> bool {
        let unclear = |source: &ListSource| source.rows_without_quantity + source.rows_with_negative_quantity;
        let is_told =
            self.list.sources.iter().all(|source| unclear(source) == 0 && source.accounts_with_names.is_empty());
        is_told && self.not_reconciled == 0 && self.unread_sources.is_empty()
    }

    /// Each exception, in order, as a report tells it; sources that no file names at the end.
    pub(super) fn each_exception(&self, take: &mut TakeRow<'_>) -> Result<(), ReportError> {
        let home = self.list.context.home_currency;
        for found in &self.rows {
            match found {
                Found::Row(client, row) => {
                    if let Some(row) = ExceptionRow::of_row(&self.client(*client), row, home) {
                        take(&row)?;
                    }
                }
                Found::Unmapped(one) => take(&self.unmapped(one))?,
            }
        }
        self.unread_sources.iter().try_for_each(|source| take(&ExceptionRow::of_unread_source(source)))
    }

    /// A client without its rows.
    fn client(&self, number: u32) -> ClientRecord {
        let client = &self.list.inputs.clients[number as usize];
        ClientRecord {
            format: RECORD_FORMAT,
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            lines_read: LinesReadWord::Complete,
            rows: Vec::new(),
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        }
    }

    /// One row for an account: its counts over all products together.
    fn unmapped(&self, one: &UnmappedUse) -> ExceptionRow {
        let account = &self.list.inputs.accounts[one.account];
        let (source, account_id) = (self.list.inputs.sources[account.source].id.clone(), account.id.clone());
        let record = AccountRecord { source, account_id, account_name: account.name.clone(), in_file: true };
        let mut row = ExceptionRow::of_unmapped_account(&record);
        account.name.clone_into(&mut row.client);
        (row.counted, row.should_bill, row.variance) = (one.counted, one.counted, one.counted);
        row.billed = one.counted.map(|_| Decimal::ZERO);
        (row.currency, row.monthly_impact) = one.value.unzip();
        row.value_basis = if one.value.is_some() { "estimated" } else { "" };
        row.counted_on = Some(self.list.context.count_day);
        row
    }
}

impl Found {
    fn kind(&self) -> &'static str {
        match self {
            Self::Row(_, row) => row.kind.as_str(),
            Self::Unmapped(_) => UNMAPPED,
        }
    }

    fn value(&self) -> Option<(Currency, Decimal)> {
        match self {
            Self::Row(_, row) => row.currency.zip(row.monthly_impact),
            Self::Unmapped(one) => one.value,
        }
    }
}

/// What exceptions add up to, by currency.
pub(super) fn add_up(values: impl Iterator<Item = (Currency, Decimal)>) -> Vec<CheckTotal> {
    let mut totals = BTreeMap::<Currency, CheckTotal>::new();
    for (currency, amount) in values {
        totals.entry(currency).or_insert_with(|| CheckTotal::of(currency)).add(amount);
    }
    totals.into_values().collect()
}

impl CheckTotal {
    fn of(currency: Currency) -> Self {
        let (underbilled, overbilled) = (Decimal::ZERO, Decimal::ZERO);
        Self { currency, underbilled, overbilled, underbilled_count: 0, overbilled_count: 0 }
    }

    /// Beyond 28 digits a sum stays what it was; its rows are told by themselves.
    fn add(&mut self, amount: Decimal) {
        let (sum, count) = match amount.cmp(&Decimal::ZERO) {
            Ordering::Greater => (&mut self.underbilled, &mut self.underbilled_count),
            Ordering::Less => (&mut self.overbilled, &mut self.overbilled_count),
            Ordering::Equal => return,
        };
        *sum = sum.checked_add(amount.abs()).unwrap_or(*sum);
        *count += 1;
    }
}
