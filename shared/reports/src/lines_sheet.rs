//! `lines.csv` of a stream of records: every row of every client, one client at a time.

use std::io;

use rust_decimal::Decimal;
use truecount_billing::{ClientId, Currency};
use truecount_reconciliation::{ClientRecord, LinesReadWord, MovedRecord, PortfolioRecord, RowHistory, RowRecord};

use crate::{
    ReportError, RunHeader,
    came_and_went::{came, went},
    cells,
    column::{Column, SheetWriter},
    history::{month_cell, state_word},
    sheets::LINES_CSV,
    words,
};

/// Writes `lines.csv`, in the memory of one client.
pub struct LinesSheet<'h, W: io::Write> {
    writer: SheetWriter<'h, W>,
    home: Currency,
}

impl<'h, W: io::Write> LinesSheet<'h, W> {
    /// Begins the file. `home`: the currency that is told first.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn begin(header: &'h RunHeader, home: Currency, out: W) -> Result<Self, ReportError> {
        let writer = SheetWriter::begin(&LineCells::COLUMNS, header, out).map_err(refused)?;
        Ok(Self { writer, home })
    }

    /// Writes the rows of one client.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn client(&mut self, client: &ClientRecord) -> Result<(), ReportError> {
        LineCells::of_client(client, self.home).try_for_each(|cells| self.row(&cells))
    }

    /// Writes the rows that are told once for two clients, and ends the file.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn finish(mut self, portfolio: &PortfolioRecord) -> Result<(), ReportError> {
        for cells in LineCells::of_moved(&portfolio.moved, self.home) {
            self.row(&cells)?;
        }
        self.writer.finish().map_err(refused)
    }

    fn row(&mut self, row: &LineCells<'_>) -> Result<(), ReportError> {
        self.writer.row(&LineCells::COLUMNS, row).map_err(refused)
    }
}

fn refused(source: csv::Error) -> ReportError {
    ReportError::Sheet { sheet: LINES_CSV, source }
}

/// One row of the sheet.
pub(crate) struct LineCells<'a> {
    pub(crate) client_id: &'a ClientId,
    pub(crate) client_name: &'a str,
    lines_read: LinesReadWord,
    pub(crate) row: &'a RowRecord,
    home: Currency,
    /// The client whose agreement ended, and the one that is billed for it: the row is in no total.
    moved_with: Option<(&'a str, &'a str)>,
}

impl<'a> LineCells<'a> {
    /// The rows of a client.
    pub(crate) fn of_client(client: &'a ClientRecord, home: Currency) -> impl Iterator<Item = Self> {
        client.rows.iter().map(move |row| Self {
            client_id: &client.client_id,
            client_name: &client.client_name,
            lines_read: client.lines_read,
            row,
            home,
            moved_with: None,
        })
    }

    /// The rows that are told once for two clients.
    pub(crate) fn of_moved(moved: &'a [MovedRecord], home: Currency) -> impl Iterator<Item = Self> {
        moved.iter().flat_map(move |one| {
            let from = (&one.from_id, one.from_name.as_str());
            let to = (&one.to_id, one.to_name.as_str());
            let rows = one.services.iter().flat_map(move |(used, billed)| [(from, used), (to, billed)]);
            rows.map(move |((client_id, client_name), row)| Self {
                client_id,
                client_name,
                lines_read: LinesReadWord::Complete,
                row,
                home,
                moved_with: Some((from.1, to.1)),
            })
        })
    }
}

impl LineCells<'_> {
    pub(crate) const COLUMNS: [Column<Self>; 41] = [
        Column::text("client", |one| Some(one.client_name)),
        Column::composed("agreement", |one| cells::agreements(one.row)),
        Column::composed("product", |one| cells::product(one.row)),
        Column::text("service", |one| Some(one.row.service.as_str())),
        Column::word("result", |one| one.result()),
        Column::quantity("counted", |one| one.row.counted),
        Column::quantity("at_least", |one| one.row.at_least),
        Column::quantity("at_most", |one| one.row.at_most),
        Column::quantity("billed", |one| cells::billed(one.lines_read, one.row)),
        Column::quantity("should_bill", |one| one.row.should_bill),
        Column::quantity("variance", |one| one.row.variance),
        Column::quantity("to_correct", |one| one.row.to_correct),
        Column::quantity("left_alone", |one| one.row.left_alone),
        Column::word("direction", |one| direction(one.row.variance)),
        Column::money("unit_price", |one| cells::unit_price(one.row)),
        Column::money("monthly_impact", |one| one.monthly_impact()),
        Column::text("currency", |one| Some(cells::currency(one.row)?.as_str())),
        Column::word("value_basis", |one| one.value_basis()),
        Column::word("confidence", |one| cells::confidence(one.row)),
        Column::composed("doubts", |one| cells::doubts(one.row)),
        Column::composed("items", |one| cells::items(one.row)),
        Column::composed("came", |one| came(one.row)),
        Column::composed("went", |one| went(one.row)),
        Column::whole("number", |one| one.history()?.number.map(u64::from)),
        Column::word("state", |one| one.history().map_or("", |history| state_word(history.state))),
        Column::composed("since", |one| month_cell(one.history().map(|history| history.since))),
        Column::whole("months_open", |one| Some(one.history()?.months_open.into())),
        Column::money("lost_so_far", |one| one.history()?.so_far.lost_in(*cells::currency(one.row)?)),
        Column::day("counted_on", |one| cells::counted_on(one.row)),
        Column::composed("service_period", |one| cells::service_period(one.row)),
        Column::day("next_invoice_date", |one| one.row.next_invoice_date),
        Column::composed("reason", |one| one.reason()),
        Column::composed("source", |one| cells::sources(one.row)),
        Column::quantity("counted_gross", |one| one.row.counted_gross),
        Column::composed("explained", |one| cells::explained(one.row)),
        Column::text("client_id", |one| Some(one.client_id.as_str())),
        Column::composed("agreement_id", |one| cells::agreement_ids(one.row)),
        Column::composed("line_ids", |one| cells::line_ids(one.row)),
        Column::text("product_code", |one| Some(one.row.service.as_str())),
        Column::run_id("run_id"),
        Column::month("month"),
    ];

    /// As the workbook has them: without what only programs read, an interval in one cell.
    pub(crate) const OF_WORKBOOK: [Column<Self>; 23] = [
        Column::text("client", |one| Some(one.client_name)),
        Column::composed("agreement", |one| cells::agreements(one.row)),
        Column::composed("product", |one| cells::product(one.row)),
        Column::word("result", |one| if one.moved_with.is_some() { "client moved" } else { words::kind(one.row.kind) }),
        Column::quantity("counted", |one| one.row.counted),
        Column::quantity("billed", |one| cells::billed(one.lines_read, one.row)),
        Column::quantity("should_bill", |one| one.row.should_bill),
        Column::composed("possible", |one| cells::possible(one.row)),
        Column::quantity("variance", |one| one.row.variance),
        Column::money("unit_price", |one| cells::unit_price(one.row)),
        Column::money("monthly_impact", |one| one.monthly_impact()),
        Column::text("currency", |one| Some(cells::currency(one.row)?.as_str())),
        Column::word("value_basis", |one| one.value_basis()),
        Column::word("confidence", |one| cells::confidence(one.row)),
        Column::composed("reason", |one| one.reason()),
        Column::composed("doubts", |one| cells::doubts(one.row)),
        Column::composed("items", |one| cells::items(one.row)),
        Column::day("counted_on", |one| cells::counted_on(one.row)),
        Column::day("next_invoice_date", |one| one.row.next_invoice_date),
        Column::composed("source", |one| cells::sources(one.row)),
        Column::text("client_id", |one| Some(one.client_id.as_str())),
        Column::composed("agreement_id", |one| cells::agreement_ids(one.row)),
        Column::text("product_code", |one| Some(one.row.service.as_str())),
    ];

    fn history(&self) -> Option<&RowHistory> {
        self.row.history.as_ref()
    }

    fn result(&self) -> &'static str {
        if self.moved_with.is_some() { "moved" } else { self.row.kind.as_str() }
    }

    /// What a reader may add up: of a client that moved nothing is to be changed on a bill.
    fn monthly_impact(&self) -> Option<Decimal> {
        let of_row = cells::monthly_impact(self.row).map(|(_, amount)| amount);
        of_row.filter(|_| self.moved_with.is_none())
    }

    fn value_basis(&self) -> &'static str {
        if self.moved_with.is_some() { "" } else { cells::value_basis(self.row) }
    }

    fn reason(&self) -> String {
        let reason = words::row(self.lines_read, self.row, self.home);
        match self.moved_with {
            Some((from, to)) => format!("{reason}; {}", words::moved(from, to)),
            None => reason,
        }
    }
}

/// The word beside the sign: `under` where more should be billed than is.
fn direction(variance: Option<Decimal>) -> &'static str {
    match variance {
        None => "",
        Some(variance) if variance.is_zero() => "none",
        Some(variance) if variance.is_sign_positive() => "under",
        Some(_) => "over",
    }
}
