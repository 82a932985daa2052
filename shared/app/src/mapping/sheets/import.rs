//! Imports a filled-in sheet row by row: what it decides, what was decided already, and which rows are refused and why.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use truecount_store::{CreateOutcome, MappingDecision, MappingRecord};

use super::columns::{self, KEY, LAST_DECISION, SPLIT};
use super::import_row::{Clients, Columns, KnownAccount, RowProblem, RowsOfKey, read_row};
use crate::filled_sheet::{self, Fault, Table};
use crate::mapping::MappingWorkspace;
use crate::mapping::request::{SplitCheck, check_split};
use crate::{AppError, Environment};

/// Whether one bad row keeps all others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Good rows are imported.
    GoodRows,
    /// All rows are imported, or none.
    AllOrNothing,
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct ImportResult {
    /// The decisions that were appended, in the order of the rows.
    pub decided: Vec<MappingRecord>,
    /// Rows that repeat the decision in force.
    pub already: usize,
    /// Rows with nothing filled in.
    pub untouched: usize,
    /// Rows that were refused.
    pub refused: Vec<RefusedRow>,
    /// What else a person should know.
    pub notes: Vec<String>,
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    /// The line of the file that it begins on, counted from 1; in a workbook the number of the row. `None`: it is about
    /// the whole file.
    pub line: Option<u64>,
    /// The column with the mistake; empty: the whole row or file.
    pub column: String,
    /// The account as the row names it; empty if the file as a whole cannot be read.
    pub key: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for RefusedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let column = (!self.column.is_empty()).then(|| format!("column `{}`", self.column));
        let place: Vec<String> = line.into_iter().chain(column).collect();
        if !place.is_empty() {
            write!(f, "{}: ", place.join(", "))?;
        }
        f.write_str(&self.reason)
    }
}

/// A row with a decision that may be appended.
struct ReadyRow<'a> {
    line: u64,
    key: String,
    record: MappingRecord,
    /// The number of the decision that it was made after.
    after: i64,
    account: KnownAccount<'a>,
}

impl ReadyRow<'_> {
    fn refused(self, column: &'static str, reason: String) -> RefusedRow {
        RefusedRow { line: Some(self.line), column: column.to_owned(), key: self.key, reason }
    }
}

/// Reads a sheet, checks each row, and appends the decisions of the good ones in the name of `actor`.
///
/// # Errors
/// [`AppError`] if a decision cannot be stored. Those stored before stay; importing the file again continues after them.
pub async fn import(
    env: &Environment,
    workspace: &MappingWorkspace,
    bytes: &[u8],
    actor: &str,
    strictness: Strictness,
) -> Result<ImportResult, AppError> {
    let table = match filled_sheet::read(bytes, &columns::SHAPE) {
        Ok(table) => table,
        Err(faults) => {
            let refused = faults.into_iter().map(|fault| refused(fault, String::new())).collect();
            return Ok(ImportResult { refused, ..ImportResult::default() });
        }
    };
    let (mut result, ready) = check(workspace, table, actor, env.clock.now());
    let mut good = Vec::with_capacity(ready.len());
    for row in ready {
        match split_of(env, &row).await? {
            SplitCheck::Possible(notes) => {
                result.notes.extend(notes.into_iter().map(|note| format!("line {}: {note}", row.line)));
                good.push(row);
            }
            SplitCheck::Refused(reason) => result.refused.push(row.refused(SPLIT, reason)),
        }
    }
    result.refused.sort_by_key(|refused| refused.line);
    if strictness == Strictness::AllOrNothing && !result.refused.is_empty() {
        result.notes.push(format!("nothing was imported; good rows: {}", good.len()));
        return Ok(result);
    }
    for row in good {
        match row.record.append_after(&env.store, row.after).await? {
            CreateOutcome::Created => result.decided.push(MappingRecord { number: row.after + 1, ..row.record }),
            CreateOutcome::AlreadyExists => {
                let reason = "somebody else has just decided about it; export the file again".to_owned();
                result.refused.push(row.refused(LAST_DECISION, reason));
            }
        }
    }
    Ok(result)
}

async fn split_of(env: &Environment, row: &ReadyRow<'_>) -> Result<SplitCheck, AppError> {
    match &row.record.decision {
        MappingDecision::Split { by, parts } => {
            check_split(env, row.account.source, row.account.entry, by, parts).await
        }
        _ => Ok(SplitCheck::Possible(Vec::new())),
    }
}

fn refused(fault: Fault, key: String) -> RefusedRow {
    RefusedRow { line: fault.line, column: fault.column, key, reason: fault.reason }
}

/// Checks everything that needs no backend.
fn check<'a>(
    workspace: &'a MappingWorkspace,
    table: Table,
    actor: &str,
    now: Timestamp,
) -> (ImportResult, Vec<ReadyRow<'a>>) {
    let accounts = accounts(workspace);
    let clients = Clients::of(workspace);
    let columns = Columns::of(&table);
    let rows_of_key = RowsOfKey::of(&table, &columns);
    let mut result = ImportResult { notes: table.notes.clone(), ..ImportResult::default() };
    let mut ready = Vec::new();
    for row in &table.rows {
        // of a row that is cut wrongly nobody knows what is filled in
        let is_cut_wrongly = row.faults.iter().any(|fault| fault.column.is_empty());
        if columns.is_untouched(row) && !is_cut_wrongly {
            result.untouched += 1;
            continue;
        }
        let key = row.cell(columns.key);
        if !row.faults.is_empty() {
            result.refused.extend(row.faults.iter().map(|fault| refused(fault.clone(), key.to_owned())));
            continue;
        }
        let read = known_account(&accounts, key).and_then(|account| {
            rows_of_key.check(key)?;
            read_row(row, &columns, &clients, account, actor, now).map(|read| (account, read))
        });
        match read {
            Ok((_, None)) => result.already += 1,
            Ok((account, Some((record, after)))) => {
                ready.push(ReadyRow { line: row.line, key: key.to_owned(), record, after, account });
            }
            Err(RowProblem { column, reason }) => {
                let fault = Fault { line: Some(row.line), column: column.to_owned(), reason };
                result.refused.push(refused(fault, key.to_owned()));
            }
        }
    }
    (result, ready)
}

/// Accounts by their key in the sheet; `None`: two accounts have the same.
type Accounts<'a> = HashMap<String, Option<KnownAccount<'a>>>;

fn accounts(workspace: &MappingWorkspace) -> Accounts<'_> {
    let mut accounts = Accounts::new();
    for source in &workspace.sources {
        let described = source.accounts.iter().zip(&source.mappings).zip(&source.candidates);
        for ((entry, mapping), candidates) in described {
            let key = columns::key(source.id.as_str(), entry.account.id.as_str()).trim().to_owned();
            let account = KnownAccount { source, entry, mapping, candidates: candidates.as_ref() };
            accounts.entry(key).and_modify(|one| *one = None).or_insert(Some(account));
        }
    }
    accounts
}

fn known_account<'a>(accounts: &Accounts<'a>, key: &str) -> Result<KnownAccount<'a>, RowProblem> {
    let reason = match accounts.get(key) {
        Some(Some(account)) => return Ok(*account),
        Some(None) => "two vendor accounts have this key; decide about them with `truecount mappings confirm`",
        None if key.is_empty() => "it is empty; leave the column as it was exported",
        None => "the last sync has no such vendor account; export the file again",
    };
    Err(RowProblem::new(KEY, reason))
}
