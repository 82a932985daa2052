//! A filled-in file, row by row: what is decided by it, what was decided already, and what is refused and why.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use truecount_billing::{BillingMonth, ClientId};
use truecount_reports::sanitize;
use truecount_store::{CreateOutcome, IgnoreReason, MappingDecision, MappingRecord, SnapshotAccount};

use super::decide::{decision, unknown_values};
use super::sheet::{self, CLIENT, DECIDED, DECISION, FROM_MONTH, KEY, NAME, PROPOSAL, SPLIT, WHY, WORDS};
use super::table::{self, Table, TableRow};
use super::{MappingRequest, MappingWorkspace, WorkspaceSource};
use crate::environment::Environment;
use crate::{AccountMapping, AppError};

/// Whether one bad row keeps all others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Good rows are kept.
    GoodRows,
    /// Every row, or none.
    AllOrNothing,
}

/// What came of a file.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// What was decided by it, in the order of its rows.
    pub decided: Vec<MappingRecord>,
    /// Rows that say what was decided already.
    pub already: usize,
    /// Rows without anything filled in.
    pub untouched: usize,
    /// Rows that are refused.
    pub refused: Vec<Refused>,
    /// What a person should know beside that.
    pub notes: Vec<String>,
}

/// A row that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number as a spreadsheet counts: the header is row 1.
    pub row: usize,
    /// The column where the mistake is; empty: the whole row or file.
    pub column: &'static str,
    /// The account as the row names it.
    pub key: String,
    /// What is wrong and what to do.
    pub why: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {}", self.row)?;
        if !self.column.is_empty() {
            write!(f, ", column `{}`", self.column)?;
        }
        write!(f, ": {}", self.why)
    }
}

/// An account of the book.
#[derive(Clone, Copy)]
struct Found<'a> {
    source: &'a WorkspaceSource,
    entry: &'a SnapshotAccount,
    mapping: &'a AccountMapping,
}

/// A row that may be decided.
struct Ready<'a> {
    row: usize,
    key: String,
    decision: MappingRecord,
    last: i64,
    found: Found<'a>,
}

/// Reads a file, checks each row, and appends what is good.
///
/// # Errors
/// [`AppError`] if a decision cannot be stored; what was appended before stays, and the same file again goes on.
pub async fn import(
    env: &Environment,
    book: &MappingWorkspace,
    bytes: &[u8],
    who: &str,
    strictness: Strictness,
) -> Result<Imported, AppError> {
    let table = match table::read(bytes, KEY) {
        Ok(table) => table,
        Err(wrong) => return Ok(whole(wrong.row, wrong.why)),
    };
    if let Some(why) = wrong_header(&table) {
        return Ok(Imported { notes: table.notes, ..whole(1, why) });
    }
    let (mut imported, ready) = check(book, table, who, env.clock.now());
    let mut good = Vec::with_capacity(ready.len());
    for ready in ready {
        match split_fault(env, &ready).await? {
            Ok(notes) => {
                imported.notes.extend(notes.into_iter().map(|note| format!("row {}: {note}", ready.row)));
                good.push(ready);
            }
            Err(why) => imported.refused.push(Refused { row: ready.row, column: SPLIT, key: ready.key, why }),
        }
    }
    imported.refused.sort_by_key(|refused| refused.row);
    if strictness == Strictness::AllOrNothing && !imported.refused.is_empty() {
        imported.notes.push(format!("nothing was kept: {} rows would have been good", good.len()));
        return Ok(imported);
    }
    for ready in good {
        match ready.decision.append_after(&env.store, ready.last).await? {
            CreateOutcome::Created => imported.decided.push(MappingRecord { number: ready.last + 1, ..ready.decision }),
            CreateOutcome::AlreadyExists => imported.refused.push(Refused {
                row: ready.row,
                column: DECIDED,
                key: ready.key,
                why: "somebody is deciding about it at this moment; export it again".to_owned(),
            }),
        }
    }
    Ok(imported)
}

fn whole(row: usize, why: String) -> Imported {
    let refused = Refused { row, column: "", key: String::new(), why };
    Imported { refused: vec![refused], ..Imported::default() }
}

fn wrong_header(table: &Table) -> Option<String> {
    let names = table.header.iter().filter(|name| !name.is_empty());
    let shown = || {
        let header: String = table.header.join(", ").chars().take(300).collect();
        sanitize::visible(&header).into_owned()
    };
    if let Some(needed) = [KEY, DECISION, CLIENT, DECIDED].iter().find(|name| table.column(name).is_none()) {
        return Some(format!(
            "there is no column `{needed}`; the columns are: {}. Fill in a file of `truecount mappings export`",
            shown()
        ));
    }
    let mut seen = Vec::new();
    for name in names.filter(|name| sheet::COLUMNS.contains(&name.as_str())) {
        if seen.contains(&name) {
            return Some(format!("the column `{name}` is there twice; leave one"));
        }
        seen.push(name);
    }
    None
}

/// Everything that needs no home.
fn check<'a>(book: &'a MappingWorkspace, table: Table, who: &str, when: Timestamp) -> (Imported, Vec<Ready<'a>>) {
    let accounts = accounts(book);
    let clients = Clients::of(book);
    let columns = Columns::of(&table);
    let rows_of = rows_of(&table, &columns);
    let mut imported = Imported { notes: table.notes.clone(), ..Imported::default() };
    let mut ready = Vec::new();
    for row in &table.rows {
        if columns.is_untouched(row) {
            imported.untouched += 1;
            continue;
        }
        let key = row.cell(columns.key);
        let refuse =
            |(column, why): (&'static str, String)| Refused { row: row.number, column, key: key.to_owned(), why };
        let place = |found: &Found<'a>| {
            one_row(row, &columns, rows_of.get(key).map_or(&[][..], Vec::as_slice), found, table.header.len())
        };
        let known = match accounts.get(key) {
            Some(Some(found)) => Ok(*found),
            Some(None) => Err((
                KEY,
                "two vendor organizations are written so; decide them with `truecount mappings confirm`".to_owned(),
            )),
            None if key.is_empty() => Err((KEY, "it is empty; leave the column as it was exported".to_owned())),
            None => Err((KEY, "the last sync has no such vendor organization; export the file again".to_owned())),
        };
        let wish = known.and_then(|found| place(&found).map(|()| found)).and_then(|found| {
            let decided = mapping_decision(row, &columns, &clients, &found)?;
            let from = month(row.cell(columns.from)).map_err(|why| (FROM_MONTH, why))?;
            let wish = MappingRequest {
                source: found.source.id.clone(),
                account_id: found.entry.account.id.clone(),
                decision: decided,
                from,
                actor: who.to_owned(),
                note: row.cell(columns.why).to_owned(),
            };
            let decision = decision(wish, found.entry, found.mapping, when);
            let last = is_fresh(row.cell(columns.decided), &found, &decision)?;
            Ok((decision, last, found))
        });
        match wish {
            Ok((_, None, _)) => imported.already += 1,
            Ok((decision, Some(last), found)) => {
                ready.push(Ready { row: row.number, key: key.to_owned(), decision, last, found });
            }
            Err(why) => imported.refused.push(refuse(why)),
        }
    }
    (imported, ready)
}

/// Where the columns are.
struct Columns {
    key: Option<usize>,
    name: Option<usize>,
    proposal: Option<usize>,
    decision: Option<usize>,
    client: Option<usize>,
    split: Option<usize>,
    from: Option<usize>,
    why: Option<usize>,
    decided: Option<usize>,
}

impl Columns {
    fn of(table: &Table) -> Self {
        let at = |name: &str| table.column(name);
        Self {
            key: at(KEY),
            name: at(NAME),
            proposal: at(PROPOSAL),
            decision: at(DECISION),
            client: at(CLIENT),
            split: at(SPLIT),
            from: at(FROM_MONTH),
            why: at(WHY),
            decided: at(DECIDED),
        }
    }

    fn is_untouched(&self, row: &TableRow) -> bool {
        [self.decision, self.client, self.split, self.from, self.why].iter().all(|at| row.cell(*at).is_empty())
    }
}

/// Every row of a key, and whether something is filled in.
fn rows_of(table: &Table, columns: &Columns) -> HashMap<String, Vec<(usize, bool)>> {
    let mut rows = HashMap::<String, Vec<(usize, bool)>>::new();
    for row in &table.rows {
        let is_filled = !columns.is_untouched(row);
        rows.entry(row.cell(columns.key).to_owned()).or_default().push((row.number, is_filled));
    }
    rows
}

/// The accounts by their key in the file; `None`: two are written alike.
fn accounts(book: &MappingWorkspace) -> HashMap<String, Option<Found<'_>>> {
    let mut accounts = HashMap::new();
    for source in &book.sources {
        for (entry, mapping) in source.accounts.iter().zip(&source.mappings) {
            let key = sheet::key(source.id.as_str(), entry.account.id.as_str()).trim().to_owned();
            let found = Found { source, entry, mapping };
            accounts.entry(key).and_modify(|one| *one = None).or_insert(Some(found));
        }
    }
    accounts
}

/// A row that stands for one account, once, as it was exported.
fn one_row(
    row: &TableRow,
    columns: &Columns,
    rows: &[(usize, bool)],
    found: &Found<'_>,
    column_count: usize,
) -> Result<(), (&'static str, String)> {
    if row.cells.iter().skip(column_count).any(|cell| !cell.trim().is_empty()) {
        return Err((
            "",
            "it has more cells than the header has columns: is a separator in a text without quotation marks?"
                .to_owned(),
        ));
    }
    if rows.len() > 1 {
        let numbers = |filled: bool| {
            let rows = rows.iter().filter(|(_, is_filled)| *is_filled || !filled);
            rows.map(|(number, _)| number.to_string()).collect::<Vec<_>>().join(", ")
        };
        let is_twice = rows.iter().filter(|(_, is_filled)| *is_filled).count() > 1;
        let what = if is_twice { "it is decided twice in this file" } else { "it is in this file twice" };
        return Err((KEY, format!("{what} (rows {}); leave one row", numbers(is_twice))));
    }
    let (told, is) = (row.cell(columns.name), sanitize::cell(&found.entry.account.name));
    if !told.is_empty() && told != is.trim() && letters(told) != letters(&is) {
        return Err((
            NAME,
            format!(
                "this vendor organization is called `{is}` now: was it renamed, or a column sorted by itself? Export the file again"
            ),
        ));
    }
    Ok(())
}

fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a row decides.
fn mapping_decision(
    row: &TableRow,
    columns: &Columns,
    clients: &Clients<'_>,
    found: &Found<'_>,
) -> Result<MappingDecision, (&'static str, String)> {
    let (word, client, split) = (row.cell(columns.decision), row.cell(columns.client), row.cell(columns.split));
    let word = word.to_ascii_lowercase();
    let only = |what: &str, column: &'static str, cell: &str| match cell {
        "" => Ok(()),
        _ => Err((column, format!("it is filled in, but the decision is `{what}`; leave one of the two"))),
    };
    match word.split_once(' ').map_or((word.as_str(), ""), |(first, rest)| (first, rest.trim())) {
        ("", _) if !client.is_empty() || split.is_empty() => {
            if client.is_empty() {
                return Err((DECISION, format!("nothing is decided; write one of: {}", WORDS.join(", "))));
            }
            only("confirm", SPLIT, split)?;
            Ok(MappingDecision::Confirmed { client_id: clients.find(client).map_err(|why| (CLIENT, why))? })
        }
        ("confirm", "") => {
            only("confirm", SPLIT, split)?;
            let (cell, column) =
                if client.is_empty() { (row.cell(columns.proposal), PROPOSAL) } else { (client, CLIENT) };
            if cell.is_empty() {
                return Err((CLIENT, "no client is proposed here; choose one".to_owned()));
            }
            Ok(MappingDecision::Confirmed { client_id: clients.find(cell).map_err(|why| (column, why))? })
        }
        ("split" | "", "") => {
            only("split", CLIENT, client)?;
            let (by, parts) = parts(split, clients).map_err(|why| (SPLIT, why))?;
            Ok(MappingDecision::Split { by, parts })
        }
        ("ignore", reason) => {
            only("ignore", CLIENT, client)?;
            only("ignore", SPLIT, split)?;
            let reason = IgnoreReason::parse(reason);
            reason.map(|reason| MappingDecision::Ignored { reason }).ok_or_else(|| {
                (DECISION, "say why: ignore internal, ignore not_for_resale or ignore not_ours".to_owned())
            })
        }
        ("undo", "") => {
            only("undo", CLIENT, client)?;
            only("undo", SPLIT, split)?;
            match found.source.last_number(&found.entry.account.id) {
                0 => Err((DECISION, "nobody has decided about it, so there is nothing to undo".to_owned())),
                _ => Ok(MappingDecision::Undecided),
            }
        }
        _ => {
            let word: String = sanitize::visible(&word).chars().take(40).collect();
            Err((DECISION, format!("`{word}` is no decision; write one of: {}", WORDS.join(", "))))
        }
    }
}

/// `site: 12=250; 13=Harbour Dental [251]`.
fn parts(text: &str, clients: &Clients<'_>) -> Result<(String, BTreeMap<String, ClientId>), String> {
    const FORM: &str = "write it so: site: 12=250; 13=251";
    let (by, rest) = text.split_once(':').ok_or(FORM)?;
    let mut parts = BTreeMap::new();
    for part in rest.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (value, client) = part.rsplit_once('=').ok_or(FORM)?;
        let (value, client) = (value.trim().to_owned(), clients.find(client.trim())?);
        if parts.insert(value.clone(), client).is_some() {
            return Err(format!("`{value}` is named twice"));
        }
    }
    if by.trim().is_empty() || parts.is_empty() { Err(FORM.to_owned()) } else { Ok((by.trim().to_owned(), parts)) }
}

/// A month, also as a spreadsheet makes a day of it.
fn month(text: &str) -> Result<Option<BillingMonth>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = text.trim_start_matches('\'');
    let month = match text.get(..7) {
        Some(month) if text.get(7..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')) => month,
        _ => text,
    };
    month.parse().map(Some).map_err(|_| format!("`{}` is not a month; write it as 2026-07", sanitize::visible(text)))
}

/// The number of the last decision, if the row was filled in with that one in view; `None`: the row says what that one
/// says.
fn is_fresh(told: &str, found: &Found<'_>, decision: &MappingRecord) -> Result<Option<i64>, (&'static str, String)> {
    let last = found.source.history.get(&found.entry.account.id).and_then(|all| all.last());
    let number = last.map_or(0, |last| last.number);
    let is_number = told.parse::<i64>().is_ok_and(|told| told == number);
    match last {
        _ if is_number && last.is_none_or(|last| !last.decides_the_same(decision)) => Ok(Some(number)),
        Some(last) if last.decides_the_same(decision) => Ok(None),
        Some(last) if told.parse::<i64>().is_ok() => {
            let when = last.decided_at.strftime("%Y-%m-%d %H:%M");
            let who = sanitize::visible(&last.actor);
            Err((DECIDED, format!("decided otherwise meanwhile, by {who} on {when}; export the file again")))
        }
        _ => Err((DECIDED, "it is not the number that was exported; leave the column as it was".to_owned())),
    }
}

/// What a split names must be there.
async fn split_fault(env: &Environment, ready: &Ready<'_>) -> Result<Result<Vec<String>, String>, AppError> {
    let MappingDecision::Split { by, parts } = &ready.decision.decision else { return Ok(Ok(Vec::new())) };
    match unknown_values(env, ready.found.source, ready.found.entry, by, parts).await {
        Ok(notes) => Ok(Ok(notes)),
        Err(AppError::Unknown(why)) => Ok(Err(why)),
        Err(error) => Err(error),
    }
}

/// Clients by what a person may write for them.
struct Clients<'a> {
    by_id: HashMap<&'a str, &'a ClientId>,
    by_text: HashMap<String, Option<&'a ClientId>>,
}

impl<'a> Clients<'a> {
    fn of(book: &'a MappingWorkspace) -> Self {
        let mut clients = Self { by_id: HashMap::new(), by_text: HashMap::new() };
        for client in &book.clients {
            clients.by_id.insert(client.id.as_str(), &client.id);
            let label = sheet::label(&client.name, client.id.as_str());
            for text in [label, client.name.trim().to_owned(), sanitize::cell(client.name.trim()).into_owned()] {
                let known = clients.by_text.entry(text).or_insert(Some(&client.id));
                if *known != Some(&client.id) {
                    *known = None;
                }
            }
        }
        clients
    }

    /// `Harbour Dental [250]` as the list offers it, an id, or a name that only one client has.
    fn find(&self, text: &str) -> Result<ClientId, String> {
        if let Some(Some(id)) = self.by_text.get(text) {
            return Ok((*id).clone());
        }
        let id = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')).map_or(text, |(_, id)| id);
        if let Some(id) = self.by_id.get(id) {
            return Ok((*id).clone());
        }
        let shown: String = sanitize::visible(text).chars().take(80).collect();
        Err(match self.by_text.get(text) {
            Some(None) => format!("several clients are called `{shown}`; write the id"),
            _ => format!("the PSA has no client `{shown}`; choose one from the list, or write its id"),
        })
    }
}
