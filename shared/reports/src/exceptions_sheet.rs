//! `exceptions.csv` of exceptions that are in order, and the same cells as JSON.

use std::io;

use serde::Serialize;
use truecount_billing::BillingMonth;

use crate::{
    ExceptionRow, ReportError, RunHeader,
    column::{self, Column, JsonRow, SheetWriter},
    sheets::EXCEPTIONS_CSV,
};

/// Writes `exceptions.csv`.
///
/// # Errors
/// [`ReportError::Sheet`] if the writer refuses.
pub fn write_exceptions(header: &RunHeader, rows: &[ExceptionRow], out: impl io::Write) -> Result<(), ReportError> {
    column::write(COLUMNS, header, rows, out).map_err(refused)
}

/// Writes `exceptions.csv` row by row, and keeps none.
pub struct ExceptionsSheet<'h, W: io::Write> {
    writer: SheetWriter<'h, W>,
}

impl<'h, W: io::Write> ExceptionsSheet<'h, W> {
    /// Begins the file.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn begin(header: &'h RunHeader, out: W) -> Result<Self, ReportError> {
        Ok(Self { writer: SheetWriter::begin(COLUMNS, header, out).map_err(refused)? })
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn row(&mut self, row: &ExceptionRow) -> Result<(), ReportError> {
        self.writer.row(COLUMNS, row).map_err(refused)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn finish(self) -> Result<(), ReportError> {
        self.writer.finish().map_err(refused)
    }
}

fn refused(source: csv::Error) -> ReportError {
    ReportError::Sheet { sheet: EXCEPTIONS_CSV, source }
}

/// The cells of `exceptions.csv`, one object for each exception, for a program: text as it came, numbers as text so that
/// no reader makes floats of them, `null` where nothing is known. `rows`: each with its number in the run.
#[must_use]
pub fn exceptions_json<'a>(
    run_id: &'a str,
    month: BillingMonth,
    rows: &'a [(usize, ExceptionRow)],
) -> impl Serialize + use<'a> {
    let row =
        move |(number, row): &'a (usize, ExceptionRow)| JsonRow::new(COLUMNS, row, *number as u64, (run_id, month));
    rows.iter().map(row).collect::<Vec<_>>()
}

const COLUMNS: &[Column<ExceptionRow>] = &[
    Column::number("number"),
    Column::text("client", |row| Some(&row.client)),
    Column::text("agreement", |row| Some(&row.agreement)),
    Column::text("product", |row| Some(&row.product)),
    Column::word("kind", |row| row.kind),
    Column::quantity("counted", |row| row.counted),
    Column::quantity("billed", |row| row.billed),
    Column::quantity("should_bill", |row| row.should_bill),
    Column::quantity("variance", |row| row.variance),
    Column::money("unit_price", |row| row.unit_price),
    Column::money("monthly_impact", |row| row.monthly_impact),
    Column::text("currency", |row| Some(row.currency.as_ref()?.as_str())),
    Column::word("value_basis", |row| row.value_basis),
    Column::word("next_step", |row| row.next_step.as_str()),
    Column::word("owner", |row| row.owner.as_str()),
    Column::text("items_in", |row| Some(&row.items_in)),
    Column::text("items_out", |row| Some(&row.items_out)),
    Column::empty("since"),
    Column::word("confidence", |row| row.confidence),
    Column::text("doubts", |row| Some(&row.doubts)),
    Column::text("reason", |row| Some(&row.reason)),
    Column::day("next_invoice_date", |row| row.next_invoice_date),
    Column::day("effective_date", |row| row.effective_date),
    Column::day("counted_on", |row| row.counted_on),
    Column::text("source", |row| Some(&row.source)),
    Column::text("account", |row| Some(&row.account)),
    Column::empty("action"),
    Column::empty("quantity"),
    Column::empty("note"),
    Column::text("exception_id", |row| Some(&row.exception_id)),
    Column::text("client_id", |row| Some(&row.client_id)),
    Column::text("agreement_id", |row| Some(&row.agreement_id)),
    Column::text("line_ids", |row| Some(&row.line_ids)),
    Column::text("product_code", |row| Some(&row.product_code)),
    Column::text("account_id", |row| Some(&row.account_id)),
    Column::run_id("run_id"),
    Column::month("month"),
];
