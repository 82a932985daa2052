//! A page for each client, as HTML and CSV: its services, what is billed for each, and by name the users, devices and
//! licences that are in use. It may be handed to the client.
//!
//! Deliberately absent: exceptions, doubts, next steps, sources, and whatever may be another client's. Prices stand in it
//! only where they are asked for.

mod csv;
mod file_name;
mod page;
mod status;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::Currency;
use truecount_reconciliation::{
    ClientRecord, ItemRecord, LineRecord, OutcomeLine, PortfolioRecord, RowKind, RowRecord,
};

use crate::{InputRef, ReportError, RunHeader, cells, explain::restore_moved};
use status::ItemStatus;

/// The folder of a run's client sheets, below that of the run.
pub const CLIENT_SHEETS: &str = "clients/";

/// Whether a client's sheet says what its lines cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SheetPrices {
    /// Quantities only.
    Hidden,
    /// With the price of each line, and what the client pays in a month.
    Shown,
}

/// One of the two files of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSheetFile {
    /// Its name below the run's folder, such as `clients/harbour-dental_250.html`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl ClientSheetFile {
    /// What `manifest.json` says of it.
    #[must_use]
    pub fn reference(&self) -> InputRef {
        InputRef::of(&self.name, &self.bytes)
    }
}

/// Makes the sheets from the lines of a stored outcome, in the memory of one client.
pub struct ClientSheets<'h> {
    header: &'h RunHeader,
    prices: SheetPrices,
    /// Whose rows are not in the clients' own lines.
    portfolio: Option<Box<PortfolioRecord>>,
}

impl<'h> ClientSheets<'h> {
    /// Begins with the first line.
    #[must_use]
    pub const fn begin(header: &'h RunHeader, prices: SheetPrices) -> Self {
        Self { header, prices, portfolio: None }
    }

    /// Takes the next line. Answers the page and the list of a client; of one without any line or item, nothing.
    ///
    /// # Errors
    /// [`ReportError`] if the lines do not begin with the portfolio, or a file cannot be written.
    pub fn line(&mut self, line: OutcomeLine) -> Result<Option<[ClientSheetFile; 2]>, ReportError> {
        match line {
            OutcomeLine::Portfolio(portfolio) => self.portfolio = Some(portfolio),
            OutcomeLine::Client(client) => return self.client(*client),
            OutcomeLine::Source(_)
            | OutcomeLine::Setup(_)
            | OutcomeLine::Suggestion(_)
            | OutcomeLine::Action(_)
            | OutcomeLine::AgreementFinding(_) => {}
        }
        Ok(None)
    }

    fn client(&self, mut client: ClientRecord) -> Result<Option<[ClientSheetFile; 2]>, ReportError> {
        let portfolio = self.portfolio.as_ref();
        let portfolio = portfolio.ok_or(ReportError::Outcome { what: "its first line is not the portfolio" })?;
        // The sentences about it name the other client.
        drop(restore_moved(&mut client, portfolio));
        let sheet = ClientSheet::of(&client, portfolio.home_currency, self.prices);
        if sheet.services.is_empty() {
            return Ok(None);
        }
        let name = |extension| {
            let name = file_name::file_name(&client.client_name, client.client_id.as_str());
            format!("{CLIENT_SHEETS}{name}.{extension}")
        };
        let html = page::html(&sheet, self.header)?.into_bytes();
        let csv = csv::csv(&sheet, self.header)?;
        Ok(Some([
            ClientSheetFile { name: name("html"), bytes: html },
            ClientSheetFile { name: name("csv"), bytes: csv },
        ]))
    }
}

/// What a client's page says.
struct ClientSheet<'c> {
    client: &'c ClientRecord,
    services: Vec<Service<'c>>,
    /// What its lines bill in a month, the home currency first; `None`: prices are not shown.
    monthly: Option<Monthly>,
}

/// A sum of lines.
struct Monthly {
    totals: Vec<(Currency, Decimal)>,
    /// Lines whose price or cycle is not known.
    unknown: u64,
}

/// One service, or one product that is only billed.
struct Service<'c> {
    row: &'c RowRecord,
    /// The names of its products.
    name: String,
    /// The names of its agreements.
    agreement: String,
    /// Units that are billed; `None`: not known.
    billed: Option<Decimal>,
    /// Units in use; `None`: nothing is counted, or a vendor does not say how many an item stands for.
    in_use: Option<Decimal>,
    /// Whether both are sure.
    is_final: bool,
    /// What is in use, by name; then what is not counted, or not sure.
    items: Vec<(&'c ItemRecord, ItemStatus)>,
}

impl<'c> ClientSheet<'c> {
    fn of(client: &'c ClientRecord, home: Currency, prices: SheetPrices) -> Self {
        let services: Vec<_> = client.rows.iter().filter_map(|row| Service::of(client, row)).collect();
        let lines = services.iter().flat_map(|service| &service.row.lines);
        let monthly = (prices == SheetPrices::Shown).then(|| Monthly::of(lines, home));
        Self { client, services, monthly }
    }

    const fn prices(&self) -> SheetPrices {
        if self.monthly.is_some() { SheetPrices::Shown } else { SheetPrices::Hidden }
    }
}

impl Monthly {
    fn of<'l>(lines: impl Iterator<Item = &'l LineRecord>, home: Currency) -> Self {
        let mut totals: BTreeMap<Currency, Decimal> = BTreeMap::new();
        let mut unknown = 0;
        for line in lines {
            let total = totals.entry(line.currency).or_default();
            match line.monthly_amount().and_then(|amount| total.checked_add(amount)) {
                Some(sum) => *total = sum,
                None => unknown += 1,
            }
        }
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_by_key(|(currency, _)| (*currency != home, *currency));
        Self { totals, unknown }
    }
}

impl<'c> Service<'c> {
    /// `None`: there is nothing to say to the client.
    fn of(client: &'c ClientRecord, row: &'c RowRecord) -> Option<Self> {
        let mut items: Vec<_> =
            row.items.iter().filter_map(|item| Some((item, ItemStatus::of(item, row.stale_days)?))).collect();
        if items.is_empty() && row.lines.is_empty() {
            return None;
        }
        items.sort_by(|a, b| (&a.1, key(a.0)).cmp(&(&b.1, key(b.0))));
        let is_counted = row.at_least.is_some() && row.fault.is_none();
        let in_use = items.iter().filter(|(_, status)| *status == ItemStatus::InUse);
        let in_use = in_use.map(|(item, _)| item.units).try_fold(Decimal::ZERO, |sum, units| sum.checked_add(units?));
        Some(Self {
            row,
            name: cells::product(row),
            agreement: cells::agreements(row),
            billed: cells::billed(client.lines_read, row),
            in_use: in_use.filter(|_| is_counted),
            is_final: client.lines_read.is_complete()
                && row.fault.is_none()
                && row.kind != RowKind::NotReconciled
                && row.at_least == row.at_most,
            items,
        })
    }
}

/// By name; then whatever tells apart those that have the same.
fn key(item: &ItemRecord) -> (&str, &str, &str, &str) {
    (item_name(item), item.source.as_str(), item.account_id.as_str(), &item.item_id)
}

fn item_name(item: &ItemRecord) -> &str {
    item.name.as_deref().unwrap_or(&item.item_id)
}

/// What the price of a line pays for.
fn cycle(months: Option<u32>) -> String {
    match months {
        Some(0 | 1) => "a month".to_owned(),
        Some(12) => "a year".to_owned(),
        Some(months) => format!("for {months} months"),
        None => "for a billing cycle".to_owned(),
    }
}
