//! The sheet in which a person maps: one row for each vendor account, with proposals and columns to fill in.

use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format, Formula, Workbook, XlsxError,
};
use truecount_reports::sanitize;

use super::columns::{
    AGAINST, ALTERNATIVES, CLIENT, COLUMNS, DECISION, DECISIONS, KEY, MAPPED_TO, NAME, NOTE, PROPOSAL, REASONS, SHEET,
    SPLIT, TO_FILL, VALUE, key, label,
};
use crate::AppError;
use crate::mapping::{Candidates, MappingRow, MappingWorkspace, Proposal, RowState};

/// The most rows that spreadsheet programs read from a workbook, below the header.
const XLSX_ROWS_MAX: usize = 1_048_575;

/// The rows in the order in which to work through them, and the clients to choose from.
#[derive(Debug)]
pub struct MappingSheet {
    rows: Vec<Vec<String>>,
    clients: Vec<String>,
}

impl MappingSheet {
    /// The rows of the workspace that are wanted.
    #[must_use]
    pub fn of(workspace: &MappingWorkspace, wanted: impl Fn(&MappingRow) -> bool) -> Self {
        let proposals = workspace.proposals();
        let rows = workspace
            .rows()
            .into_iter()
            .filter(wanted)
            .map(|row| cells(workspace, &row, proposals.get(&(&row.source, &row.account_id)).copied()));
        let mut clients: Vec<_> =
            workspace.clients.iter().map(|client| label(&client.name, client.id.as_str())).collect();
        clients.sort_by_key(|label| (label.to_lowercase(), label.clone()));
        Self { rows: rows.collect(), clients }
    }

    /// How many rows it has.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// As CSV: UTF-8 with a byte order mark, commas.
    ///
    /// # Errors
    /// [`AppError::Refused`] if it cannot be written.
    pub fn to_csv(&self) -> Result<Vec<u8>, AppError> {
        let write = || -> Result<Vec<u8>, csv::Error> {
            let mut writer =
                csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{FEFF}".as_bytes().to_vec());
            writer.write_record(COLUMNS)?;
            self.rows.iter().try_for_each(|row| writer.write_record(row))?;
            writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
        };
        write().map_err(|error| AppError::Refused(format!("the file cannot be written: {error}")))
    }

    /// As a workbook, with the clients to choose from.
    ///
    /// # Errors
    /// [`AppError::Refused`] if it cannot be written.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, AppError> {
        if self.rows.len() > XLSX_ROWS_MAX {
            return Err(AppError::Refused("a workbook cannot hold this many rows; export to .csv".to_owned()));
        }
        self.workbook().map_err(|error| AppError::Refused(format!("the workbook cannot be written: {error}")))
    }

    fn workbook(&self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        // A fixed date: the same content gives the same bytes, whenever it is written.
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?));
        let (text, bold) = (Format::new().set_num_format("@"), Format::new().set_bold());
        let fill = text.clone().set_background_color("FFF8DC");
        let sheet = workbook.add_worksheet().set_name(SHEET)?;
        for (column, name) in (0_u16..).zip(COLUMNS) {
            sheet.write_string_with_format(0, column, name, &bold)?;
            sheet.set_column_width(column, width(name))?;
        }
        for (at, row) in (1_u32..).zip(&self.rows) {
            for (column, cell) in (0_u16..).zip(row) {
                let format = if TO_FILL.contains(&usize::from(column)) { &fill } else { &text };
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
        let words = DataValidation::new().allow_list_strings(&DECISIONS)?;
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
        let list = workbook.add_worksheet().set_name("clients")?;
        for (at, client) in (0_u32..).zip(&self.clients) {
            list.write_string_with_format(at, 0, client, &text)?;
        }
        list.set_hidden(true);
        workbook.save_to_buffer()
    }
}

fn width(column: &str) -> u8 {
    match column {
        NAME | MAPPED_TO | CLIENT | PROPOSAL | REASONS | AGAINST => 32,
        ALTERNATIVES => 48,
        KEY | DECISION | SPLIT | NOTE | VALUE => 20,
        _ => 12,
    }
}

fn cells(workspace: &MappingWorkspace, row: &MappingRow, candidates: Option<&Candidates>) -> Vec<String> {
    let proposals = candidates.map_or(&[][..], |candidates| &candidates.proposals);
    let text = |text: &str| sanitize::cell(text).into_owned();
    let client = |proposal: &Proposal| label(&proposal.client_name, proposal.client_id.as_str());
    let value: Vec<_> =
        row.monthly_value.iter().map(|money| format!("{} {}", money.currency, money.amount.round_dp(2))).collect();
    let mapped_to = match (row.state, &row.client_id) {
        (RowState::Confirmed, Some(id)) => {
            label(workspace.client(id).map_or("", |client| client.name.as_str()), id.as_str())
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
        text(&value.join("; ")),
        row.state.as_str().to_owned(),
        mapped_to,
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        best.map(client).unwrap_or_default(),
        row.score.map(|score| format!("{} %", score.percent())).unwrap_or_default(),
        text(if candidates.is_some() { &row.reason } else { "" }),
        text(&row.against),
        text(&alternatives.join("; ")),
        row.last_decision.to_string(),
    ]
}
