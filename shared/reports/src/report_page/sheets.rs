//! The other sheets of the run as the page has them: the columns and cells of the CSV files, with numbers and days as
//! people read them.

use rust_decimal::Decimal;
use serde::Serialize;

use super::row::shown;
use crate::{
    RunReport, SETUP_CSV,
    agreement_findings::{AGREEMENT_FINDINGS, AGREEMENT_FINDINGS_CSV},
    column::{CellValue, Column, Place},
    history::{CLOSED, CLOSED_CSV},
    label,
    sheets::{COVERAGE_CSV, CoverageRow, MAPPING_SUGGESTIONS, MAPPING_SUGGESTIONS_CSV, SETUP, coverage},
    workbook::heading,
};

/// Rows of a sheet; the file has all.
const ROWS_MAX: usize = 1_000;
/// Characters of a cell.
const CELL_MAX: usize = 1_000;
/// Columns that say the same in each row.
const OF_RUN: [&str; 2] = ["run_id", "month"];

#[derive(Serialize)]
pub(super) struct PageSheet {
    title: &'static str,
    columns: Vec<PageColumn>,
    rows: Vec<Vec<String>>,
    /// Of more rows than are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
}

#[derive(Serialize)]
struct PageColumn {
    name: String,
    is_number: bool,
}

/// Those that have rows.
pub(super) fn of(report: &RunReport<'_>) -> Vec<PageSheet> {
    let coverage = coverage(report);
    let sheets = [
        sheet("Mapping proposals", MAPPING_SUGGESTIONS_CSV, MAPPING_SUGGESTIONS, &report.suggestions, report),
        sheet("In the PSA itself", AGREEMENT_FINDINGS_CSV, AGREEMENT_FINDINGS, &report.agreement_findings, report),
        sheet("Closed since the last closing, or not known", CLOSED_CSV, CLOSED, &report.earlier, report),
        sheet("Sources", COVERAGE_CSV, &CoverageRow::COLUMNS, &coverage, report),
        sheet("Setup", SETUP_CSV, SETUP, &report.setup, report),
    ];
    sheets.into_iter().filter(|sheet| !sheet.rows.is_empty()).collect()
}

/// Columns that no row fills are left out.
fn sheet<T>(title: &'static str, file: &str, columns: &[Column<T>], rows: &[T], report: &RunReport<'_>) -> PageSheet {
    let header = report.header;
    let mut of_row: Vec<&Column<T>> = columns.iter().filter(|column| !OF_RUN.contains(&column.name())).collect();
    let cell = |column: &Column<T>, (number, row): (u64, &T)| {
        text(column.value(row, Place { number, run_id: &header.run_id, month: header.month }))
    };
    let places = || (1_u64..).zip(rows.iter().take(ROWS_MAX));
    of_row.retain(|column| places().any(|place| !cell(column, place).0.is_empty()));
    let is_number = |column: &Column<T>| places().any(|place| cell(column, place).1);
    let more = rows.len().saturating_sub(ROWS_MAX) as u64;
    PageSheet {
        title,
        columns: of_row
            .iter()
            .map(|column| PageColumn { name: heading(column.name()), is_number: is_number(column) })
            .collect(),
        rows: places().map(|place| of_row.iter().map(|column| cell(column, place).0).collect()).collect(),
        more: (more > 0).then(|| format!("and {}: {file} has all", label::count(more, "more row", "more rows"))),
    }
}

/// What a person reads, and whether it is a number.
fn text(value: CellValue<'_>) -> (String, bool) {
    match value {
        CellValue::Foreign(text) | CellValue::Word(text) => (shown(&text, CELL_MAX).into_owned(), false),
        CellValue::Whole(whole) => (label::quantity(Decimal::from(whole)), true),
        CellValue::Quantity(units) => (label::quantity(units), true),
        CellValue::Money(amount) => (label::amount(amount), true),
        CellValue::Day(day) => (label::day(day), false),
        CellValue::Nothing => (String::new(), false),
    }
}
