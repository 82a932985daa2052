//! One row of a filled-in sheet: what it decides, or what is wrong with it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use truecount_billing::{BillingMonth, ClientId};
use truecount_reports::sanitize;
use truecount_store::{IgnoreReason, MappingDecision, MappingRecord, SnapshotAccount};

use super::columns::{self, CLIENT, DECISION, DECISIONS, FROM_MONTH, KEY, LAST_DECISION, NAME, NOTE, PROPOSAL, SPLIT};
use crate::AccountMapping;
use crate::filled_sheet::{Table, TableRow};
use crate::mapping::request::{MappingRequest, record};
use crate::mapping::{Candidates, MappingWorkspace, Proposal, WorkspaceSource};

/// An account of the workspace.
#[derive(Clone, Copy)]
pub(super) struct KnownAccount<'a> {
    pub(super) source: &'a WorkspaceSource,
    pub(super) entry: &'a SnapshotAccount,
    pub(super) mapping: &'a AccountMapping,
    /// Whose it may be; `None`: it is decided.
    pub(super) candidates: Option<&'a Candidates>,
}

/// What is wrong with a row; the column is empty if it is the row as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RowProblem {
    pub(super) column: &'static str,
    pub(super) reason: String,
}

impl RowProblem {
    pub(super) fn new(column: &'static str, reason: impl Into<String>) -> Self {
        Self { column, reason: reason.into() }
    }
}

/// The record that a row asks for and the number of the decision before it; `None`: that one says the same.
pub(super) fn read_row(
    row: &TableRow,
    columns: &Columns,
    clients: &Clients<'_>,
    account: KnownAccount<'_>,
    actor: &str,
    now: Timestamp,
) -> Result<Option<(MappingRecord, i64)>, RowProblem> {
    check_name(row.cell(columns.name), account.entry)?;
    let decision = decision(row, columns, clients, &account)?;
    let from = month(row.cell(columns.from)).map_err(|reason| RowProblem::new(FROM_MONTH, reason))?;
    let request = MappingRequest {
        source: account.source.id.clone(),
        account_id: account.entry.account.id.clone(),
        decision,
        from,
        actor: actor.to_owned(),
        note: row.cell(columns.note).to_owned(),
    };
    let record = record(request, account.entry, account.mapping, account.candidates, now);
    let after = decision_before(row.cell(columns.last_decision), &account, &record)?;
    Ok(after.map(|after| (record, after)))
}

/// The places of the columns.
pub(super) struct Columns {
    pub(super) key: Option<usize>,
    name: Option<usize>,
    proposal: Option<usize>,
    decision: Option<usize>,
    client: Option<usize>,
    split: Option<usize>,
    from: Option<usize>,
    note: Option<usize>,
    last_decision: Option<usize>,
}

impl Columns {
    pub(super) fn of(table: &Table) -> Self {
        let at = |name: &str| table.column(name);
        Self {
            key: at(KEY),
            name: at(NAME),
            proposal: at(PROPOSAL),
            decision: at(DECISION),
            client: at(CLIENT),
            split: at(SPLIT),
            from: at(FROM_MONTH),
            note: at(NOTE),
            last_decision: at(LAST_DECISION),
        }
    }

    pub(super) fn is_untouched(&self, row: &TableRow) -> bool {
        [self.decision, self.client, self.split, self.from, self.note].iter().all(|at| row.cell(*at).is_empty())
    }
}

/// The rows with the same key: their lines, and whether something is filled in.
pub(super) struct RowsOfKey(HashMap<String, Vec<(u64, bool)>>);

impl RowsOfKey {
    pub(super) fn of(table: &Table, columns: &Columns) -> Self {
        let mut rows = HashMap::<String, Vec<(u64, bool)>>::new();
        for row in &table.rows {
            let is_filled = !columns.is_untouched(row);
            rows.entry(row.cell(columns.key).to_owned()).or_default().push((row.line, is_filled));
        }
        Self(rows)
    }

    /// An account has one row.
    pub(super) fn check(&self, key: &str) -> Result<(), RowProblem> {
        let rows = self.0.get(key).map_or(&[][..], Vec::as_slice);
        if rows.len() > 1 {
            let is_decided_twice = rows.iter().filter(|(_, is_filled)| *is_filled).count() > 1;
            let shown = rows.iter().filter(|(_, is_filled)| *is_filled || !is_decided_twice);
            let lines: Vec<_> = shown.map(|(line, _)| line.to_string()).collect();
            let what = if is_decided_twice { "it is decided twice in this file" } else { "it is in this file twice" };
            return Err(RowProblem::new(KEY, format!("{what} (lines {}); remove one", lines.join(", "))));
        }
        Ok(())
    }
}

/// A name that is another shows a renamed account, or a column that was sorted without the others.
fn check_name(name: &str, entry: &SnapshotAccount) -> Result<(), RowProblem> {
    let now = sanitize::cell(&entry.account.name);
    if name.is_empty() || name == now.trim() || letters(name) == letters(&now) {
        return Ok(());
    }
    let reason = format!(
        "this vendor account is called `{now}` now; was it renamed, or was one column sorted without the others? \
         Export the file again"
    );
    Err(RowProblem::new(NAME, reason))
}

fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The decision of a row. A client alone is a confirmation, a split alone a split.
fn decision(
    row: &TableRow,
    columns: &Columns,
    clients: &Clients<'_>,
    account: &KnownAccount<'_>,
) -> Result<MappingDecision, RowProblem> {
    let (word, client, split) = (row.cell(columns.decision), row.cell(columns.client), row.cell(columns.split));
    let word = word.to_ascii_lowercase();
    let (first, rest) = word.split_once(' ').map_or((word.as_str(), ""), |(first, rest)| (first, rest.trim()));
    match (first, rest) {
        ("", _) if client.is_empty() && split.is_empty() => {
            Err(RowProblem::new(DECISION, format!("no decision; write one of: {}", DECISIONS.join(", "))))
        }
        ("", _) if !client.is_empty() => {
            must_be_empty("confirm", SPLIT, split)?;
            confirmed(clients, CLIENT, client)
        }
        ("confirm", "") => {
            must_be_empty("confirm", SPLIT, split)?;
            match (client, row.cell(columns.proposal)) {
                ("", "") => Err(RowProblem::new(CLIENT, "no client is proposed here; choose one")),
                ("", proposal) => {
                    let decision = confirmed(clients, PROPOSAL, proposal)?;
                    is_proposed(account, &decision)?;
                    Ok(decision)
                }
                (client, _) => confirmed(clients, CLIENT, client),
            }
        }
        ("split" | "", "") => {
            must_be_empty("split", CLIENT, client)?;
            let (by, parts) = parts(split, clients).map_err(|reason| RowProblem::new(SPLIT, reason))?;
            Ok(MappingDecision::Split { by, parts })
        }
        ("ignore", reason) => {
            must_be_empty("ignore", CLIENT, client)?;
            must_be_empty("ignore", SPLIT, split)?;
            let reason = IgnoreReason::parse(reason);
            reason.map(|reason| MappingDecision::Ignored { reason }).ok_or_else(|| {
                RowProblem::new(DECISION, "write why: ignore internal, ignore not_for_resale or ignore not_ours")
            })
        }
        ("undo", "") => {
            must_be_empty("undo", CLIENT, client)?;
            must_be_empty("undo", SPLIT, split)?;
            match account.source.last_number(&account.entry.account.id) {
                0 => Err(RowProblem::new(DECISION, "there is no decision about it to undo")),
                _ => Ok(MappingDecision::Undecided),
            }
        }
        _ => {
            let word: String = sanitize::visible(&word).chars().take(40).collect();
            Err(RowProblem::new(
                DECISION,
                format!("`{word}` is not a decision; write one of: {}", DECISIONS.join(", ")),
            ))
        }
    }
}

fn must_be_empty(decision: &str, column: &'static str, cell: &str) -> Result<(), RowProblem> {
    if cell.is_empty() {
        return Ok(());
    }
    Err(RowProblem::new(column, format!("it is filled in, but the decision is `{decision}`; clear one of the two")))
}

fn confirmed(clients: &Clients<'_>, column: &'static str, cell: &str) -> Result<MappingDecision, RowProblem> {
    let client_id = clients.find(cell).map_err(|reason| RowProblem::new(column, reason))?;
    Ok(MappingDecision::Confirmed { client_id })
}

/// The word `confirm` alone is for a client that is proposed and that nothing contradicts: another one is written out.
fn is_proposed(account: &KnownAccount<'_>, decision: &MappingDecision) -> Result<(), RowProblem> {
    // of an account that is decided nothing is proposed any more: whether the row is older is asked later
    let Some(candidates) = account.candidates else { return Ok(()) };
    let is_it =
        |one: &&Proposal| matches!(decision, MappingDecision::Confirmed { client_id } if *client_id == one.client_id);
    match candidates.proposals.iter().find(is_it) {
        Some(one) if !one.is_contradicted => Ok(()),
        Some(one) => {
            let why = sanitize::visible(&one.against.join("; ")).into_owned();
            Err(RowProblem::new(CLIENT, format!("evidence contradicts this proposal ({why}); write the client here")))
        }
        None => Err(RowProblem::new(CLIENT, "this client is not proposed for it now; write the client here")),
    }
}

/// `site: 12=250; 13=Harbour Dental [251]`.
fn parts(text: &str, clients: &Clients<'_>) -> Result<(String, BTreeMap<String, ClientId>), String> {
    const FORM: &str = "write it like this: site: 12=250; 13=251";
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

/// A month, also as the date that a spreadsheet makes of it.
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

/// The number of the last decision, if the row was exported after it; `None`: the row repeats that decision.
fn decision_before(
    exported: &str,
    account: &KnownAccount<'_>,
    record: &MappingRecord,
) -> Result<Option<i64>, RowProblem> {
    let last = account.source.history.get(&account.entry.account.id).and_then(|all| all.last());
    let number = last.map_or(0, |last| last.number);
    let exported = exported.parse::<i64>().ok();
    match last {
        _ if exported == Some(number) && last.is_none_or(|last| !last.decides_the_same(record)) => Ok(Some(number)),
        Some(last) if last.decides_the_same(record) => Ok(None),
        Some(last) if exported.is_some() => {
            let when = last.decided_at.strftime("%Y-%m-%d %H:%M");
            let who = sanitize::visible(&last.actor);
            let reason = format!("{who} decided otherwise on {when}, after the export; export the file again");
            Err(RowProblem::new(LAST_DECISION, reason))
        }
        _ => {
            let reason = "it is not the number that was exported; leave the column as it was";
            Err(RowProblem::new(LAST_DECISION, reason))
        }
    }
}

/// Clients by what a person may write for them.
pub(super) struct Clients<'a> {
    by_id: HashMap<&'a str, &'a ClientId>,
    /// `None`: several clients are called so.
    by_text: HashMap<String, Option<&'a ClientId>>,
}

impl<'a> Clients<'a> {
    pub(super) fn of(workspace: &'a MappingWorkspace) -> Self {
        let mut clients = Self { by_id: HashMap::new(), by_text: HashMap::new() };
        for client in &workspace.clients {
            clients.add(&client.id, client.name.trim());
        }
        clients
    }

    fn add(&mut self, id: &'a ClientId, name: &str) {
        self.by_id.insert(id.as_str(), id);
        let label = columns::label(name, id.as_str());
        for text in [label, name.to_owned(), sanitize::cell(name).into_owned()] {
            let known = self.by_text.entry(text).or_insert(Some(id));
            if *known != Some(id) {
                *known = None;
            }
        }
    }

    /// By label (`Harbour Dental [250]`), id, or a name that only one client has.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_clients(read: impl FnOnce(&Clients<'_>)) {
        let ids = ["c1", "c2", "c3"].map(|id| id.parse::<ClientId>().unwrap());
        let mut clients = Clients { by_id: HashMap::new(), by_text: HashMap::new() };
        for (id, name) in ids.iter().zip(["Harbour", "Twin", "Twin"]) {
            clients.add(id, name);
        }
        read(&clients);
    }

    #[test]
    fn a_client_is_found_by_label_id_or_unique_name() {
        with_clients(|clients| {
            for (text, id) in [("Harbour [c1]", "c1"), ("c2", "c2"), ("Harbour", "c1"), ("Old name [c3]", "c3")] {
                assert_eq!(clients.find(text).unwrap().as_str(), id, "{text}");
            }
            assert_eq!(clients.find("Twin").unwrap_err(), "several clients are called `Twin`; write the id");
            let unknown = "the PSA has no client `Quay`; choose one from the list, or write its id";
            assert_eq!(clients.find("Quay").unwrap_err(), unknown);
        });
    }

    #[test]
    fn a_split_is_read_as_people_write_it() {
        with_clients(|clients| {
            let (by, found) = parts(" site : 12 = c1 ; a=b=Harbour; ", clients).unwrap();
            let found: Vec<_> = found.iter().map(|(value, id)| format!("{value}>{id}")).collect();
            assert_eq!((by.as_str(), found.join(" ").as_str()), ("site", "12>c1 a=b>c1"));
            for (text, reason) in [
                ("", "write it like this"),
                ("leeds c1", "write it like this"),
                (": 12=c1", "write it like this"),
                ("site:", "write it like this"),
                ("site: 12=c1; 12=c2", "`12` is named twice"),
                ("site: 12=c9", "the PSA has no client `c9`"),
            ] {
                let found = parts(text, clients).unwrap_err();
                assert!(found.starts_with(reason), "{text}: {found}");
            }
        });
    }

    #[test]
    fn a_month_is_read_also_from_the_date_that_a_spreadsheet_makes_of_it() {
        for (text, expected) in [("2026-07", "2026-07"), ("2026-07-01", "2026-07"), ("'2026-07", "2026-07")] {
            assert_eq!(month(text).unwrap().unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(month(""), Ok(None));
        for text in ["07/2026", "2026-7", "2026-13", "2026-07x"] {
            assert!(month(text).unwrap_err().contains("is not a month"), "{text}");
        }
    }
}
