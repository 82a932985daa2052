//! `exceptions.csv` of exceptions that are in order, and the same cells as JSON.

use std::io;

use serde::Serialize;
use truecount_billing::BillingMonth;

use crate::{
    ExceptionRow, ReportError, RunHeader,
    actions::{decision_word, standing_word},
    column::{Column, JsonRow, SheetWriter, yes},
    history::month_cell,
    sheets::EXCEPTIONS_CSV,
};

/// Writes `exceptions.csv`.
///
/// # Errors
/// [`ReportError::Sheet`] if the writer refuses.
pub fn write_exceptions(header: &RunHeader, rows: &[ExceptionRow], out: impl io::Write) -> Result<(), ReportError> {
    let mut sheet = SheetWriter::begin(&COLUMNS, header, out).map_err(refused)?;
    for row in rows.iter().flat_map(with_members) {
        sheet.row(&COLUMNS, row).map_err(refused)?;
    }
    sheet.finish().map_err(refused)
}

/// Writes `exceptions.csv` of what has no history row by row, and keeps none: the number of each is its place.
pub struct ExceptionsSheet<'h, W: io::Write> {
    writer: SheetWriter<'h, W>,
}

impl<'h, W: io::Write> ExceptionsSheet<'h, W> {
    /// Begins the file.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn begin(header: &'h RunHeader, out: W) -> Result<Self, ReportError> {
        Ok(Self { writer: SheetWriter::begin(&BY_PLACE, header, out).map_err(refused)? })
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn row(&mut self, row: &ExceptionRow) -> Result<(), ReportError> {
        self.writer.row(&BY_PLACE, row).map_err(refused)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn finish(self) -> Result<(), ReportError> {
        self.writer.finish().map_err(refused)
    }
}

/// An entry for several exceptions, and these below it.
fn with_members(row: &ExceptionRow) -> impl Iterator<Item = &ExceptionRow> {
    std::iter::once(row).chain(&row.members)
}

fn refused(source: csv::Error) -> ReportError {
    ReportError::Sheet { sheet: EXCEPTIONS_CSV, source }
}

/// The cells of `exceptions.csv`, one object for each exception, for a program: text as it came, numbers as text so that
/// no reader makes floats of them, `null` where nothing is known.
#[must_use]
pub fn exceptions_json<'a>(run_id: &'a str, month: BillingMonth, rows: &'a [ExceptionRow]) -> impl Serialize + use<'a> {
    (1..)
        .zip(rows.iter().flat_map(with_members))
        .map(move |(place, row)| JsonRow::new(&COLUMNS, row, place, (run_id, month)))
        .collect::<Vec<_>>()
}

/// The columns of `exceptions.csv` of a run.
pub(crate) const fn columns_of_run() -> &'static [Column<ExceptionRow>] {
    &COLUMNS
}

static COLUMNS: [Column<ExceptionRow>; 53] = columns(Column::whole("number", |row| row.number.map(u64::from)));

static BY_PLACE: [Column<ExceptionRow>; 53] = columns(Column::number("number"));

const fn columns(number: Column<ExceptionRow>) -> [Column<ExceptionRow>; 53] {
    [
        number,
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
        Column::text("account_manager", |row| Some(&row.account_manager)),
        Column::word("approval_needed", |row| yes(row.needs_approval)),
        Column::text("items_in", |row| Some(&row.items_in)),
        Column::text("items_out", |row| Some(&row.items_out)),
        Column::text("came", |row| Some(&row.came)),
        Column::text("went", |row| Some(&row.went)),
        Column::word("state", |row| row.state),
        Column::composed("since", |row| month_cell(row.since)),
        Column::day("began", |row| row.began),
        Column::whole("months_open", |row| row.months_open.map(u64::from)),
        Column::money("lost_so_far", |row| row.lost_so_far()),
        Column::word("confidence", |row| row.confidence),
        Column::text("doubts", |row| Some(&row.doubts)),
        Column::text("reason", |row| Some(&row.reason)),
        Column::day("next_invoice_date", |row| row.next_invoice_date),
        Column::day("effective_date", |row| row.effective_date),
        Column::day("counted_on", |row| row.counted_on),
        Column::text("source", |row| Some(&row.source)),
        Column::text("account", |row| Some(&row.account)),
        Column::word("decision", |row| decision_word(row.action.as_ref())),
        Column::word("standing", |row| standing_word(row.action.as_ref())),
        Column::composed("decided", ExceptionRow::decided),
        Column::empty("action"),
        Column::empty("quantity"),
        Column::empty("whom"),
        Column::empty("until"),
        Column::empty("note"),
        Column::empty("ticket"),
        Column::text("if_confirmed", |row| Some(&row.if_confirmed)),
        Column::text("exception_id", |row| Some(&row.exception_id)),
        Column::text("client_id", |row| Some(&row.client_id)),
        Column::text("agreement_id", |row| Some(&row.agreement_id)),
        Column::text("line_ids", |row| Some(&row.line_ids)),
        Column::text("product_code", |row| Some(&row.product_code)),
        Column::text("account_id", |row| Some(&row.account_id)),
        Column::text("part_of", |row| Some(&row.part_of)),
        Column::run_id("run_id"),
        Column::month("month"),
    ]
}
