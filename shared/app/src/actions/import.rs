//! Imports a filled-in `exceptions.csv`, or a workbook of it, row by row: what it decides, what was decided already, and
//! which rows are rejected with everything that is wrong with each.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use truecount_reconciliation::{ActionFault, ActionField, ActionKind, ActionRecord, ActionRequest};
use truecount_reports::{action_fault, action_words, sanitize};
use truecount_store::{AppendedAction, RepeatOf};

use super::cells;
use super::{ActionBoard, BoardException, UnknownException};
use crate::filled_sheet::{self, Fault, OtherColumns, SheetShape, Table, TableRow};
use crate::{AppError, Environment};

const KEY: &str = "exception_id";
const CLIENT: &str = "client";
const ACTION: &str = "action";
const QUANTITY: &str = "quantity";
const WHOM: &str = "whom";
const UNTIL: &str = "until";
const NOTE: &str = "note";
const TICKET: &str = "ticket";
const FIGURES: [&str; 3] = ["billed", "should_bill", "variance"];

/// What of a sheet is read.
const SHAPE: SheetShape = SheetShape {
    sheet: "exceptions",
    columns: &[CLIENT, FIGURES[0], FIGURES[1], FIGURES[2], ACTION, QUANTITY, WHOM, UNTIL, NOTE, TICKET, KEY],
    needed: &[KEY, ACTION],
    origin: "the exceptions.csv of a run",
    others: OtherColumns::Kept,
};

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct ActionImport {
    /// The run that the rows were held against.
    pub run_id: String,
    /// The decisions that were appended, in the order of the rows.
    pub recorded: Vec<ActionRecord>,
    /// Rows that were recorded before.
    pub already: usize,
    /// Rows with nothing filled in.
    pub untouched: usize,
    /// Rows that were rejected; the file as a whole, if it cannot be read.
    pub rejected: Vec<RejectedRow>,
    /// What else a person should know.
    pub notes: Vec<String>,
    /// The name and the headings of each sheet of the file.
    #[serde(skip)]
    pub(super) sheets: Vec<(String, Vec<String>)>,
}

/// A row that was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedRow {
    /// The line of the file that it begins on, counted from 1; in a workbook the number of the row. `None`: it is about
    /// the whole file.
    pub line: Option<u64>,
    /// The sheet of a workbook with several; empty: the file has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sheet: String,
    /// The exception as the row names it.
    pub exception_id: String,
    /// Everything that is wrong, each with the column that it is about.
    pub reasons: Vec<String>,
    /// Its sheet, by its place.
    #[serde(skip)]
    pub(super) place: usize,
    /// Its cells.
    #[serde(skip)]
    pub(super) cells: Vec<String>,
}

/// Reads a sheet, checks each row against the run, and appends the decisions of the good ones in the name of `actor`.
///
/// # Errors
/// [`AppError`] if a decision cannot be stored. Those stored before stay; importing the file again continues after them.
pub async fn import(
    env: &Environment,
    board: &ActionBoard,
    bytes: &[u8],
    actor: &str,
    today: Date,
) -> Result<ActionImport, AppError> {
    let tables = match filled_sheet::read_each(bytes, &SHAPE) {
        Ok(tables) => tables,
        Err(faults) => {
            let rejected = faults.iter().map(RejectedRow::of_file).collect();
            return Ok(ActionImport { run_id: board.run_id.clone(), rejected, ..ActionImport::default() });
        }
    };
    let mut result = ActionImport { run_id: board.run_id.clone(), ..ActionImport::default() };
    let is_one = tables.len() == 1;
    for (name, table) in &tables {
        let name = if is_one { "" } else { name.as_str() };
        let sheet = ActionSheet::of(board, name, table, actor, (today, env.clock.now()));
        result.notes.extend(table.notes.clone());
        result.take(env, &sheet).await?;
        result.sheets.push((name.to_owned(), table.headings.clone()));
    }
    Ok(result)
}

impl ActionImport {
    /// Records the good rows of a sheet, and keeps what is wrong with the others.
    async fn take(&mut self, env: &Environment, sheet: &ActionSheet<'_>) -> Result<(), AppError> {
        let place = self.sheets.len();
        for row in &sheet.table.rows {
            if sheet.is_untouched(row) {
                // What names no exception, such as a total, is no row to fill in.
                self.untouched += usize::from(!sheet.cell(row, KEY).is_empty());
                continue;
            }
            match sheet.check(row) {
                Err(reasons) => self.rejected.push(RejectedRow { place, ..sheet.rejected(row, reasons) }),
                Ok(action) => match env.store.append_action(&action, RepeatOf::Any).await? {
                    AppendedAction::Recorded(number) => self.recorded.push(ActionRecord { number, ..action }),
                    AppendedAction::Already => self.already += 1,
                },
            }
        }
        Ok(())
    }
}

impl RejectedRow {
    fn of_file(fault: &Fault) -> Self {
        let reasons = vec![in_column(&fault.column, &fault.reason)];
        let (sheet, exception_id) = (String::new(), String::new());
        Self { line: fault.line, sheet, exception_id, reasons, place: 0, cells: Vec::new() }
    }
}

/// `until: …`; without a column what is wrong with the whole row.
fn in_column(column: &str, reason: &str) -> String {
    if column.is_empty() { reason.to_owned() } else { format!("{column}: {reason}") }
}

/// A sheet beside the run that it is held against.
struct ActionSheet<'a> {
    board: &'a ActionBoard,
    /// Its name, where the file has several.
    name: &'a str,
    table: &'a Table,
    actor: &'a str,
    at: (Date, Timestamp),
    /// The lines of the filled-in rows about each exception.
    lines: HashMap<&'a str, Vec<u64>>,
}

impl<'a> ActionSheet<'a> {
    fn of(board: &'a ActionBoard, name: &'a str, table: &'a Table, actor: &'a str, at: (Date, Timestamp)) -> Self {
        let mut sheet = Self { board, name, table, actor, at, lines: HashMap::new() };
        for row in &table.rows {
            let key = sheet.cell(row, KEY);
            if !key.is_empty() && !sheet.is_untouched(row) {
                sheet.lines.entry(key).or_default().push(row.line);
            }
        }
        sheet
    }

    fn cell(&self, row: &'a TableRow, column: &str) -> &'a str {
        row.cell(self.table.column(column)).trim()
    }

    /// Of a row that is cut wrongly nobody knows what is filled in.
    fn is_untouched(&self, row: &'a TableRow) -> bool {
        let is_cut_wrongly = row.faults.iter().any(|fault| fault.column.is_empty());
        let filled = [ACTION, QUANTITY, WHOM, UNTIL, NOTE];
        !is_cut_wrongly && filled.iter().all(|column| self.cell(row, column).is_empty())
    }

    /// The decision of a row, or everything that is wrong with it.
    fn check(&self, row: &'a TableRow) -> Result<ActionRecord, Vec<String>> {
        let mut reasons: Vec<String> = row.faults.iter().map(|fault| in_column(&fault.column, &fault.reason)).collect();
        if !reasons.is_empty() {
            return Err(reasons);
        }
        let exception = self.exception(row).map_err(|reason| reasons.push(reason)).ok();
        if let Some(exception) = exception {
            reasons.extend(self.other_row(row, exception));
        }
        let (request, unread) = self.request(row);
        let is_unread = |field: ActionField| unread.iter().any(|(other, _)| *other == field);
        reasons.extend(unread.iter().map(|(field, reason)| in_column(column_of(*field), reason)));
        let checked = exception.map(|one| self.board.check(one, &request, self.actor, self.at));
        match checked {
            Some(Ok(action)) if reasons.is_empty() => Ok(action),
            Some(Ok(_)) | None => Err(reasons),
            Some(Err(faults)) => {
                // What cannot be read is not missing.
                let told = faults.iter().filter(|fault| !is_unread(fault.field()) && !is_end_unread(fault, is_unread));
                reasons.extend(told.map(|fault| in_column(column_of(fault.field()), &action_fault(fault))));
                Err(reasons)
            }
        }
    }

    fn exception(&self, row: &'a TableRow) -> Result<&'a BoardException, String> {
        let key = self.cell(row, KEY);
        if key.is_empty() {
            return Err(in_column(KEY, "it is empty; leave the column as it was in the file"));
        }
        self.board.exception(key).map_err(|unknown| {
            let reason = match unknown {
                UnknownException::NotThere => {
                    format!("run {} has no such exception: it is gone, or the id was changed", self.board.run_id)
                }
                UnknownException::DecidedElsewhere(step) => {
                    format!("nothing is recorded about this one; what settles it: {step}")
                }
            };
            in_column(KEY, &reason)
        })
    }

    /// What shows that the row is not about the exception as the run has it.
    fn other_row(&self, row: &'a TableRow, exception: &BoardException) -> Vec<String> {
        let mut reasons = Vec::new();
        let lines = self.lines.get(self.cell(row, KEY)).map_or(&[][..], Vec::as_slice);
        if lines.len() > exception.rows.len() {
            let lines: Vec<_> = lines.iter().map(u64::to_string).collect();
            reasons.push(in_column(KEY, &format!("it is decided twice in this file (lines {})", lines.join(", "))));
        }
        let (name, now) = (self.cell(row, CLIENT), sanitize::cell(&exception.client_name));
        if !name.is_empty() && letters(name) != letters(&now) {
            let reason = format!("this exception is of `{now}`; was one column sorted without the others?");
            reasons.push(in_column(CLIENT, &reason));
        }
        reasons.extend(self.other_figures(row, exception));
        reasons
    }

    /// Figures that are not those of the run.
    fn other_figures(&self, row: &'a TableRow, exception: &BoardException) -> Vec<String> {
        let is_there = |column: &str| self.table.column(column).is_some();
        let mut told: Vec<(usize, Option<Decimal>)> = Vec::new();
        let mut reasons = Vec::new();
        for (at, column) in FIGURES.iter().enumerate().filter(|(_, column)| is_there(column)) {
            match cells::number(self.cell(row, column)) {
                Ok(number) => told.push((at, number)),
                Err(reason) => reasons.push(in_column(column, &reason)),
            }
        }
        let fits = |one: &[Option<Decimal>; 3]| told.iter().all(|(at, number)| one[*at] == *number);
        if exception.rows.iter().any(fits) {
            return reasons;
        }
        let Some(now) = exception.rows.first() else { return reasons };
        let shown =
            |number: Option<Decimal>| number.map_or("nothing".to_owned(), |number| number.normalize().to_string());
        let moved = told.iter().filter(|(at, number)| now[*at] != *number);
        reasons.extend(moved.map(|(at, number)| {
            let (before, now) = (shown(*number), shown(now[*at]));
            in_column(
                FIGURES[*at],
                &format!("{before} in the file, {now} in run {}; look at it anew", self.board.run_id),
            )
        }));
        reasons
    }

    /// What is filled in, and what of it cannot be read.
    fn request(&self, row: &'a TableRow) -> (ActionRequest, Vec<(ActionField, String)>) {
        let mut unread = Vec::new();
        let word = self.cell(row, ACTION);
        let kind = ActionKind::parse(word);
        if kind.is_none() && !word.is_empty() {
            let shown: String = sanitize::visible(word).chars().take(40).collect();
            unread.push((ActionField::Action, format!("`{shown}` is no action; write {}", action_words().join(", "))));
        }
        let quantity = cells::number(self.cell(row, QUANTITY)).unwrap_or_else(|reason| {
            unread.push((ActionField::Quantity, reason));
            None
        });
        let until = cells::day(self.cell(row, UNTIL)).unwrap_or_else(|reason| {
            unread.push((ActionField::Until, reason));
            None
        });
        let text = |column| self.cell(row, column).to_owned();
        let (whom, note, ticket) = (text(WHOM), text(NOTE), text(TICKET));
        (ActionRequest { kind, quantity, whom, until, note, ticket }, unread)
    }

    fn rejected(&self, row: &'a TableRow, reasons: Vec<String>) -> RejectedRow {
        let exception_id = self.cell(row, KEY).to_owned();
        let (sheet, cells) = (self.name.to_owned(), row.cells.clone());
        RejectedRow { line: Some(row.line), sheet, exception_id, reasons, place: 0, cells }
    }
}

/// Whether an end is only missing because it cannot be read.
fn is_end_unread(fault: &ActionFault, is_unread: impl Fn(ActionField) -> bool) -> bool {
    *fault == ActionFault::NeedsAnEnd && is_unread(ActionField::Quantity)
}

const fn column_of(field: ActionField) -> &'static str {
    match field {
        ActionField::Action => ACTION,
        ActionField::Quantity => QUANTITY,
        ActionField::Whom => WHOM,
        ActionField::Until => UNTIL,
        ActionField::Note => NOTE,
        ActionField::Ticket => TICKET,
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
