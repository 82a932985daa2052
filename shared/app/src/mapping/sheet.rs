//! The file in which a person maps: one row for each vendor organization, with what is proposed and columns to fill.

use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format, Formula, Workbook, XlsxError,
};
use truecount_reports::sanitize;

use super::table::SHEET;
use super::{MappingRow, MappingWorkspace, Proposal};
use crate::AppError;

/// The columns of the file, in order. `decision` to `why` are for a person to fill in.
pub const COLUMNS: [&str; 19] = [
    KEY,
    "source",
    "account_id",
    NAME,
    "items",
    "monthly_worth",
    "state",
    "mapped_to",
    DECISION,
    CLIENT,
    SPLIT,
    FROM_MONTH,
    WHY,
    PROPOSAL,
    "score",
    "reasons",
    "against",
    "alternatives",
    DECIDED,
];

/// Names the account: `source#id`, which no spreadsheet takes for a number or a day.
pub(super) const KEY: &str = "key";
/// What the vendor called it.
pub(super) const NAME: &str = "account_name";
/// The client proposed.
pub(super) const PROPOSAL: &str = "proposal";
/// `confirm`, `ignore internal`, …
pub(super) const DECISION: &str = "decision";
/// The client that is confirmed.
pub(super) const CLIENT: &str = "client";
/// `site: 12=250; 13=251`.
pub(super) const SPLIT: &str = "split";
/// The first month that it holds for.
pub(super) const FROM_MONTH: &str = "from_month";
/// Why.
pub(super) const WHY: &str = "why";
/// The number of the last decision when the file was written.
pub(super) const DECIDED: &str = "decided";

/// The words that `decision` is filled with.
pub(super) const WORDS: [&str; 6] =
    ["confirm", "ignore internal", "ignore not_for_resale", "ignore not_ours", "split", "undo"];

/// The columns that are filled in.
const FILL: [usize; 5] = [8, 9, 10, 11, 12];

/// A program that reads a workbook stops at this many rows.
const XLSX_ROWS_MAX: usize = 1_048_575;

/// The rows of the file, in the order in which they are worked through, and the clients to choose from.
#[derive(Debug)]
pub struct MappingSheet {
    rows: Vec<Vec<String>>,
    clients: Vec<String>,
}

impl MappingSheet {
    /// Of everything, or of what nobody has decided.
    #[must_use]
    pub fn of(book: &MappingWorkspace, wanted: impl Fn(&MappingRow) -> bool) -> Self {
        let proposals = book.proposals();
        let none = Vec::new();
        let rows = book.rows().into_iter().filter(wanted).map(|row| {
            let proposed = proposals.get(&(row.source.clone(), row.account_id.clone())).unwrap_or(&none);
            cells(book, &row, proposed)
        });
        let mut clients: Vec<_> = book.clients.iter().map(|client| label(&client.name, client.id.as_str())).collect();
        clients.sort_by_key(|label| (label.to_lowercase(), label.clone()));
        Self { rows: rows.collect(), clients }
    }

    /// How many accounts it has.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// As CSV: UTF-8 with a byte order mark, commas.
    ///
    /// # Errors
    /// [`AppError::Unknown`] if it cannot be written.
    pub fn to_csv(&self) -> Result<Vec<u8>, AppError> {
        let write = || -> Result<Vec<u8>, csv::Error> {
            let mut writer =
                csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{FEFF}".as_bytes().to_vec());
            writer.write_record(COLUMNS)?;
            self.rows.iter().try_for_each(|row| writer.write_record(row))?;
            writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
        };
        write().map_err(|error| AppError::Unknown(format!("the file cannot be written: {error}")))
    }

    /// As a workbook, with the clients to choose from.
    ///
    /// # Errors
    /// [`AppError::Unknown`] if it cannot be written.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, AppError> {
        if self.rows.len() > XLSX_ROWS_MAX {
            return Err(AppError::Unknown("a workbook cannot hold so many rows; write .csv".to_owned()));
        }
        self.workbook().map_err(|error| AppError::Unknown(format!("the workbook cannot be written: {error}")))
    }

    fn workbook(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // the same content is the same file, whenever it is written
        book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?));
        let (text, bold) = (Format::new().set_num_format("@"), Format::new().set_bold());
        let fill = text.clone().set_background_color("FFF8DC");
        let sheet = book.add_worksheet().set_name(SHEET)?;
        for (column, name) in (0_u16..).zip(COLUMNS) {
            sheet.write_string_with_format(0, column, name, &bold)?;
            sheet.set_column_width(column, width(name))?;
        }
        for (at, row) in (1_u32..).zip(&self.rows) {
            for (column, cell) in (0_u16..).zip(row) {
                let format = if FILL.contains(&usize::from(column)) { &fill } else { &text };
                match cell.as_str() {
                    "" => sheet.write_blank(at, column, format)?,
                    cell => sheet.write_string_with_format(at, column, cell, format)?,
                };
            }
        }
        sheet.set_freeze_panes(1, 4)?;
        let last = u32::try_from(self.rows.len()).unwrap_or(u32::MAX).max(1);
        let last_column = u16::try_from(COLUMNS.len() - 1).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, last, last_column)?;
        let words = DataValidation::new().allow_list_strings(&WORDS)?;
        sheet.add_data_validation(1, 8, last, 8, &words)?;
        if !self.clients.is_empty() {
            let from = Formula::new(format!("=clients!$A$1:$A${}", self.clients.len()));
            let clients = DataValidation::new()
                .allow_list_formula(from)
                .set_error_style(DataValidationErrorStyle::Warning)
                .set_error_title("No such client")?
                .set_error_message("Choose one from the list, or write its id.")?;
            sheet.add_data_validation(1, 9, last, 9, &clients)?;
        }
        let list = book.add_worksheet().set_name("clients")?;
        for (at, client) in (0_u32..).zip(&self.clients) {
            list.write_string_with_format(at, 0, client, &text)?;
        }
        list.set_hidden(true);
        book.save_to_buffer()
    }
}

fn width(column: &str) -> u8 {
    match column {
        NAME | "mapped_to" | CLIENT | PROPOSAL | "reasons" | "against" => 32,
        "alternatives" => 48,
        KEY | DECISION | SPLIT | WHY | "monthly_worth" => 20,
        _ => 12,
    }
}

/// What names an account in the file.
pub(super) fn key(source: &str, account: &str) -> String {
    sanitize::cell(&format!("{source}#{account}")).into_owned()
}

/// A client as the file names it: `Harbour Dental [250]`.
#[must_use]
pub fn label(name: &str, id: &str) -> String {
    sanitize::cell(&format!("{} [{id}]", name.trim())).into_owned()
}

fn cells(book: &MappingWorkspace, row: &MappingRow, proposals: &[Proposal]) -> Vec<String> {
    let text = |text: &str| sanitize::cell(text).into_owned();
    let client = |proposal: &Proposal| label(&proposal.client_name, proposal.client_id.as_str());
    let worth: Vec<_> =
        row.worth.iter().map(|money| format!("{} {}", money.currency, money.amount.round_dp(2))).collect();
    let mapped_to = match (row.state, &row.client_id) {
        (super::RowState::Confirmed, Some(id)) => {
            label(book.client(id).map_or("", |client| client.name.as_str()), id.as_str())
        }
        _ => String::new(),
    };
    let best = proposals.first();
    let with_score = |proposal: &Proposal| match proposal.percent {
        Some(percent) => format!("{} {percent} %", client(proposal)),
        None => client(proposal),
    };
    let alternatives: Vec<_> = proposals.iter().skip(1).map(with_score).collect();
    vec![
        key(row.source.as_str(), row.account_id.as_str()),
        text(row.source.as_str()),
        text(row.account_id.as_str()),
        text(&row.account_name),
        row.items.to_string(),
        text(&worth.join("; ")),
        row.state.as_str().to_owned(),
        mapped_to,
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        best.map(client).unwrap_or_default(),
        best.and_then(|best| best.percent).map(|percent| format!("{percent} %")).unwrap_or_default(),
        best.map(|best| text(&best.reasons.join("; "))).unwrap_or_default(),
        best.map(|best| text(&best.against.join("; "))).unwrap_or_default(),
        text(&alternatives.join("; ")),
        row.decision.to_string(),
    ]
}
