//! What is to be changed on agreements, line by line: `changes.csv`, whose sums are those of the totals.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    ActionKind, ChangeRecord, ClientRecord, InvoicedWhen, LineRecord, RowAction, RowRecord,
};

use crate::{
    ReportError, ReportFile, RunHeader, catch_up, cells,
    column::{self, Column, yes},
    exception_id,
};

/// The sheet of changes.
pub(crate) const CHANGES_CSV: &str = "changes.csv";

/// One line to change, with its cells as they came: foreign text is made harmless where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The client's name. Foreign text.
    pub client: String,
    /// The agreement's name; empty: the change is a new line, and no line of the agreement tells it. Foreign text.
    pub agreement: String,
    /// The line; empty: there is none yet.
    pub line_id: String,
    /// The product's name, else its code, else the service. Foreign text.
    pub product: String,
    /// What it bills now.
    pub from: Decimal,
    /// What it should bill.
    pub to: Decimal,
    /// The day of the first invoice that the change is on; `None`: the PSA tells none.
    pub effective_date: Option<Date>,
    /// What the change is worth a month, signed; `None`: no price is known.
    pub monthly_impact: Option<Decimal>,
    /// What that is on the invoice of that day: of a whole billing cycle. `None`: the cycle is not known either.
    pub invoice_amount: Option<Decimal>,
    /// Whether the PSA bills a part of a cycle by its days; `None`: it does not say.
    pub prorates: Option<bool>,
    /// What those that joined within periods already invoiced are worth there; `None`: none did, or nobody can say.
    pub catch_up: Option<Decimal>,
    /// Which those are, each from which day and with its amount. Foreign text.
    pub catch_up_for: String,
    /// Of which currency.
    pub currency: Option<Currency>,
    /// `calculated`, `estimated`, or empty: its exception has no single value, and is in no total.
    pub value_basis: &'static str,
    /// When it is invoiced.
    pub invoiced: InvoicedWhen,
    /// The same every month.
    pub exception_id: String,
    /// Who looks after the client, by the settings; empty: nobody is named.
    pub account_manager: String,
    /// Whether it needs approval, by the settings.
    pub needs_approval: bool,
    /// Who approved it, or another quantity; empty: nobody yet.
    pub approved_by: String,
    /// The ticket or purchase order that it is worked under. Foreign text.
    pub ticket: String,
    /// Its short number, if a closing has found it.
    pub number: Option<u32>,
    /// The client's id.
    pub client_id: String,
    /// The agreement's id; empty: the client has none that bills it.
    pub agreement_id: String,
    /// The product's code; the service's where there is no line yet.
    pub product_code: String,
    /// Whether the exception is worth more: by volume, more units can be less money. `None`: nobody knows.
    is_more: Option<bool>,
}

impl ChangeRow {
    /// The changes of a client, those of exceptions that nobody has set aside.
    pub(crate) fn of_client(client: &ClientRecord) -> impl Iterator<Item = Self> {
        let is_set_aside = |row: &RowRecord| row.action.as_ref().is_some_and(RowAction::is_set_aside);
        let rows = client.rows.iter().filter(move |row| row.kind.changes_a_bill() && !is_set_aside(row));
        rows.flat_map(move |row| row.changes.iter().map(move |change| Self::of(client, row, change)))
    }

    fn of(client: &ClientRecord, row: &RowRecord, change: &ChangeRecord) -> Self {
        let is_of = |line: &&LineRecord| {
            change.line_id.as_ref() == Some(&line.line_id) && change.agreement_id.as_ref() == Some(&line.agreement_id)
        };
        let line = row.lines.iter().find(is_of);
        let sibling = cells::line_of(row, change);
        let code = line.map_or(&row.service, |line| &line.product_code).to_string();
        let (catch_up, catch_up_for) =
            catch_up::of_change(row, change).map(|found| (found.amount, found.items)).unzip();
        Self {
            client: client.client_name.clone(),
            agreement: line.or(sibling).map(|line| line.agreement_name.clone()).unwrap_or_default(),
            line_id: change.line_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            product: line.and_then(|line| line.product_name.clone()).unwrap_or_else(|| code.clone()),
            from: change.from,
            to: change.to,
            effective_date: row.due.or(row.next_invoice_date),
            monthly_impact: change.monthly_impact,
            invoice_amount: cells::invoice_amount(row, change),
            prorates: cells::line_of(row, change).and_then(|line| line.prorates),
            catch_up,
            catch_up_for: catch_up_for.unwrap_or_default(),
            // Of an exception in several currencies, which is in no total, each line still has its own.
            currency: row.currency.or_else(|| line.or(sibling).map(|line| line.currency)),
            value_basis: if change.monthly_impact.is_some() { cells::value_basis(row) } else { "" },
            invoiced: change.invoiced,
            account_manager: String::new(),
            needs_approval: false,
            approved_by: approved_by(row).unwrap_or_default().to_owned(),
            ticket: row.action.as_ref().map(|action| action.ticket.clone()).unwrap_or_default(),
            exception_id: exception_id::of_row(client, row),
            number: row.history.as_ref().and_then(|history| history.number),
            client_id: client.client_id.to_string(),
            agreement_id: change.agreement_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            product_code: code,
            is_more: row.monthly_impact.map(|impact| impact > Decimal::ZERO),
        }
    }
}

fn approved_by(row: &RowRecord) -> Option<&str> {
    let decided = row.action.as_ref()?;
    matches!(decided.action.kind(), ActionKind::Approved | ActionKind::Adjusted).then_some(decided.actor.as_str())
}

/// In the order in which one works in the PSA: what is invoiced first, then client by client.
pub(crate) fn sort_changes(rows: &mut [ChangeRow]) {
    rows.sort_by(|a, b| {
        let day = |row: &ChangeRow| (row.effective_date.is_none(), row.effective_date);
        let place = |row: &ChangeRow| (row.client.to_lowercase(), row.client_id.clone());
        let line = |row: &ChangeRow| (row.agreement_id.clone(), row.product_code.clone(), row.line_id.clone());
        day(a).cmp(&day(b)).then_with(|| place(a).cmp(&place(b))).then_with(|| line(a).cmp(&line(b)))
    });
}

/// The sums of changes: one for each currency, direction, day of the invoice and basis, positive.
pub(crate) fn sums(rows: &[ChangeRow]) -> Option<BTreeMap<ChangeTotal, Decimal>> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let (Some(currency), Some(is_more)) = (row.currency, row.is_more) else { continue };
        let total = ChangeTotal {
            currency,
            is_more,
            is_later: row.invoiced == InvoicedWhen::Later,
            is_estimated: row.value_basis == "estimated",
        };
        let amount = row.monthly_impact.unwrap_or_default();
        let sum: &mut Decimal = sums.entry(total).or_default();
        *sum = sum.checked_add(if is_more { amount } else { -amount })?;
    }
    Some(sums)
}

/// One of the sums of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChangeTotal {
    pub(crate) currency: Currency,
    pub(crate) is_more: bool,
    pub(crate) is_later: bool,
    pub(crate) is_estimated: bool,
}

/// `changes.csv`.
pub(crate) fn changes_csv(header: &RunHeader, rows: &[ChangeRow]) -> Result<ReportFile, ReportError> {
    let mut bytes = Vec::new();
    let written = column::write(COLUMNS, header, rows, &mut bytes);
    written.map_err(|source| ReportError::Sheet { sheet: CHANGES_CSV, source })?;
    Ok(ReportFile { name: CHANGES_CSV, bytes })
}

/// The columns of `changes.csv`.
pub(crate) const COLUMNS: &[Column<ChangeRow>] = &[
    Column::whole("number", |row| row.number.map(u64::from)),
    Column::text("client", |row| Some(&row.client)),
    Column::text("agreement", |row| Some(&row.agreement)),
    Column::text("product", |row| Some(&row.product)),
    Column::quantity("from", |row| Some(row.from)),
    Column::quantity("to", |row| Some(row.to)),
    Column::day("effective_date", |row| row.effective_date),
    Column::money("monthly_impact", |row| row.monthly_impact),
    Column::text("currency", |row| Some(row.currency.as_ref()?.as_str())),
    Column::money("invoice_amount", |row| row.invoice_amount),
    Column::word("prorates", |row| row.prorates.map_or("", |prorates| if prorates { "yes" } else { "no" })),
    Column::money("catch_up", |row| row.catch_up),
    Column::text("catch_up_for", |row| Some(&row.catch_up_for)),
    Column::word("value_basis", |row| row.value_basis),
    Column::word("invoiced", |row| invoiced_word(row.invoiced)),
    Column::text("account_manager", |row| Some(&row.account_manager)),
    Column::word("approval_needed", |row| yes(row.needs_approval)),
    Column::text("approved_by", |row| Some(&row.approved_by)),
    Column::text("ticket", |row| Some(&row.ticket)),
    Column::text("client_id", |row| Some(&row.client_id)),
    Column::text("agreement_id", |row| Some(&row.agreement_id)),
    Column::text("line_id", |row| Some(&row.line_id)),
    Column::text("product_code", |row| Some(&row.product_code)),
    Column::text("exception_id", |row| Some(&row.exception_id)),
    Column::run_id("run_id"),
    Column::month("month"),
];

const fn invoiced_word(when: InvoicedWhen) -> &'static str {
    match when {
        InvoicedWhen::ThisRun => "this_run",
        InvoicedWhen::Later => "later",
    }
}
