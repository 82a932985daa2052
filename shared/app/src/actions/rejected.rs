//! The rejected rows of a sheet as a file of the same columns, with the reasons beside each: to be mended and imported
//! again.

use rust_decimal::Decimal;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use truecount_reports::sanitize;

use super::ActionImport;
use crate::AppError;

/// The column with the reasons.
const REJECTED: &str = "rejected_because";

/// The column that it stands behind.
const BEFORE: &str = "note";

/// What the name of such a file ends with, but for its kind.
const REJECTED_STEM: &str = "-rejected";

/// What kind of file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedFormat {
    /// Comma-separated.
    Csv,
    /// A workbook.
    Xlsx,
}

impl RejectedFormat {
    /// That of the file with the rows that are rejected of a file, and its name. What was rejected, mended and rejected again
    /// stays one file.
    #[must_use]
    pub fn of_file(name: &str) -> (Self, String) {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let stem = stem.strip_suffix(REJECTED_STEM).unwrap_or(stem);
        let (format, extension) = match extension.eq_ignore_ascii_case("xlsx") {
            true => (Self::Xlsx, "xlsx"),
            false => (Self::Csv, "csv"),
        };
        (format, format!("{stem}{REJECTED_STEM}.{extension}"))
    }
}

impl ActionImport {
    /// The rejected rows as a file; `None`: none was, or the file as a whole could not be read.
    ///
    /// # Errors
    /// [`AppError::Refused`] if it cannot be written.
    pub fn rejected_file(&self, format: RejectedFormat) -> Result<Option<Vec<u8>>, AppError> {
        let sheets: Vec<_> = (0..self.sheets.len()).map(|place| self.rejected_rows(place)).collect();
        if sheets.iter().all(|rows| rows.len() < 2) {
            return Ok(None);
        }
        match format {
            // A file that is no workbook has one sheet.
            RejectedFormat::Csv => to_csv(&sheets.concat()).map_err(|error| refused("file", &error)),
            RejectedFormat::Xlsx => self.to_xlsx(&sheets).map_err(|error| refused("workbook", &error)),
        }
        .map(Some)
    }

    /// The header of a sheet, then each of its rows.
    fn rejected_rows(&self, place: usize) -> Vec<Vec<String>> {
        let headings = &self.sheets[place].1;
        let is = |heading: &str, name: &str| heading.replace(' ', "_").eq_ignore_ascii_case(name);
        let kept: Vec<usize> = (0..headings.len()).filter(|at| !is(&headings[*at], REJECTED)).collect();
        let behind = kept.iter().position(|at| is(&headings[*at], BEFORE));
        let behind = behind.map_or(kept.len(), |at| at + 1);
        let with = |cells: &[String], told: String| {
            let cell = |at: &usize| harmless(cells.get(*at).map_or("", String::as_str));
            let mut row: Vec<String> = kept.iter().map(cell).collect();
            row.insert(behind, sanitize::cell(&told).into_owned());
            row
        };
        let rows = self.rejected.iter().filter(|row| row.place == place && !row.cells.is_empty());
        std::iter::once(with(headings, REJECTED.to_owned()))
            .chain(rows.map(|row| with(&row.cells, row.reasons.join("; "))))
            .collect()
    }

    /// A workbook with those sheets that have rejected rows.
    fn to_xlsx(&self, sheets: &[Vec<Vec<String>>]) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        // A fixed date: the same content gives the same bytes, whenever it is written.
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?));
        let (text, bold) = (Format::new().set_num_format("@"), Format::new().set_bold());
        for ((name, _), rows) in self.sheets.iter().zip(sheets).filter(|(_, rows)| rows.len() > 1) {
            let sheet = workbook.add_worksheet().set_name(if name.is_empty() { "exceptions" } else { name })?;
            for (at, row) in (0_u32..).zip(rows) {
                for (column, cell) in (0_u16..).zip(row) {
                    let format = if at == 0 { &bold } else { &text };
                    match cell.as_str() {
                        "" => sheet.write_blank(at, column, format)?,
                        cell => sheet.write_string_with_format(at, column, cell, format)?,
                    };
                }
            }
            sheet.set_freeze_panes(1, 0)?;
        }
        workbook.save_to_buffer()
    }
}

/// A negative number is no formula.
fn harmless(cell: &str) -> String {
    if Decimal::from_str_exact(cell).is_ok() { cell.to_owned() } else { sanitize::cell(cell).into_owned() }
}

fn refused(what: &str, error: &dyn std::fmt::Display) -> AppError {
    AppError::Refused(format!("the {what} with the rejected rows cannot be written: {error}"))
}

fn to_csv(rows: &[Vec<String>]) -> Result<Vec<u8>, csv::Error> {
    let bytes = "\u{FEFF}".as_bytes().to_vec();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bytes);
    rows.iter().try_for_each(|row| writer.write_record(row))?;
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
