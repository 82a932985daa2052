//! What was not reconciled, for the summary: grouped by what would settle it, with the first clients of each group; and
//! every account that was not read.

use std::{cmp::Reverse, collections::BTreeMap};

use rust_decimal::Decimal;
use truecount_billing::{ReadReason, ReadState, Side, SourceId};
use truecount_reconciliation::{AccountReadWord, IncompleteAccount, LinesReadWord, RowKind, SourceRecord};

use crate::{
    ExceptionRow, RunReport,
    exceptions::is_unknown,
    label,
    run_report::UnreadClient,
    sanitize,
    summary::{TextTarget, foreign, with_more},
};

/// How many groups are shown.
const GROUPS_MAX: usize = 5;
/// How many clients of each are named.
const CLIENTS_MAX: usize = 3;
/// How many sources with accounts that were not read are named, and how many accounts of each.
const SOURCES_MAX: usize = 6;
const ACCOUNTS_MAX: usize = 5;

/// What is unknown, and what would settle it.
pub(crate) struct NotReconciled {
    /// `12 not reconciled`, `3 accounts not read completely`.
    pub(crate) title: String,
    /// What that means, as a sentence.
    pub(crate) meaning: &'static str,
    /// As in the subject: `12 not reconciled`.
    pub(crate) short: String,
    pub(crate) groups: Vec<SettledGroup>,
    /// `2 more groups in exceptions.csv`.
    pub(crate) more: Option<String>,
    /// `microsoft-graph: 2 of 48 accounts are not known: Alder (not read), Birch (read in part)`.
    pub(crate) accounts: Vec<String>,
}

/// Rows that the same thing would settle.
pub(crate) struct SettledGroup {
    pub(crate) rows: String,
    /// `fix the sync and run again (sync admin)`.
    pub(crate) settled_by: String,
    /// `Alder Dental, Birch Engineering and 4 more`; `None`: no client is known.
    pub(crate) clients: Option<String>,
}

impl NotReconciled {
    /// `None`: everything was read, and everything was compared.
    pub(crate) fn of(report: &RunReport<'_>, target: TextTarget) -> Option<Self> {
        // A source, or an account of usage, that was not read is no comparison: it is named by itself.
        let (rows, unread): (Vec<_>, Vec<_>) =
            report.exceptions_of(RowKind::NotReconciled).partition(|row| row.is_comparison());
        let accounts = accounts(report, target);
        let (title, meaning) = match comparisons(&rows) {
            0 if !accounts.is_empty() => {
                ("Accounts not read completely".to_owned(), "What they hold beyond what is shown is unknown.")
            }
            0 if unread.is_empty() => return None,
            0 => ("Not everything was read".to_owned(), "What it would have shown is unknown."),
            rows => (format!("{} not reconciled", quantity(rows)), "Unknown, not zero: what is at stake stands above."),
        };
        let short = if rows.is_empty() { label::first_small(&title) } else { title.clone() };
        let mut groups = groups(&rows, target);
        let more = groups.len().saturating_sub(GROUPS_MAX) as u64;
        groups.truncate(GROUPS_MAX);
        let more =
            (more > 0).then(|| format!("{} in exceptions.csv", label::count(more, "more reason", "more reasons")));
        Some(Self { title, meaning, short, groups, more, accounts })
    }
}

/// The largest group first.
fn groups(rows: &[&ExceptionRow], target: TextTarget) -> Vec<SettledGroup> {
    let mut by_settling: BTreeMap<_, Vec<&ExceptionRow>> = BTreeMap::new();
    for row in rows {
        by_settling.entry((row.settled_by.unwrap_or("look at the row"), row.owner)).or_default().push(row);
    }
    let mut groups: Vec<_> = by_settling.into_iter().collect();
    groups.sort_by_key(|(_, rows)| Reverse(comparisons(rows)));
    let group = |((settled_by, owner), rows): ((&str, crate::WorkOwner), Vec<&ExceptionRow>)| SettledGroup {
        rows: quantity(comparisons(&rows)),
        settled_by: format!("{settled_by} ({})", owner.as_str()),
        clients: clients(&rows, target),
    };
    groups.into_iter().map(group).collect()
}

/// For how many comparisons rows stand.
fn comparisons(rows: &[&ExceptionRow]) -> u64 {
    rows.iter().map(|row| row.rows).sum()
}

/// The first clients, in the order of the rows, each once.
fn clients(rows: &[&ExceptionRow], target: TextTarget) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    let rows = rows.iter().filter(|row| !row.client.is_empty() && seen.insert(&row.client_id));
    let names: Vec<_> = rows.map(|row| foreign(target, &row.client, 32)).collect();
    (!names.is_empty()).then(|| with_more(&names, CLIENTS_MAX))
}

/// Of the PSA the clients, and of each source that was used the accounts, of which something is not known.
fn accounts(report: &RunReport<'_>, target: TextTarget) -> Vec<String> {
    let of_usage = report.portfolio.sources.iter().filter_map(|source| of_source(source, target));
    let mut notes: Vec<_> = of_clients(report, target).into_iter().chain(of_usage).collect();
    let more = notes.len().saturating_sub(SOURCES_MAX) as u64;
    notes.truncate(SOURCES_MAX);
    if more > 0 {
        notes.push(format!("accounts of {} in exceptions.csv", label::count(more, "more source", "more sources")));
    }
    notes
}

/// The clients whose lines were not read completely; of a PSA that was read in part as a whole, those of which nothing more
/// is known than that are not named.
fn of_clients(report: &RunReport<'_>, target: TextTarget) -> Option<String> {
    let psa = report.sources.iter().find(|source| source.side == Side::Agreed && source.as_of.is_some())?;
    let is_whole = match &psa.state {
        ReadState::Partial(ReadReason::AccountsIncomplete { .. }) | ReadState::Complete => true,
        ReadState::Partial(_) | ReadState::Failed(_) | ReadState::Doubtful(_) => false,
    };
    let is_named = |one: &&UnreadClient| is_whole || one.read != LinesReadWord::Partial;
    let unread: Vec<_> = report.unread_clients.iter().filter(is_named).collect();
    let named: Vec<_> = unread.iter().map(|one| client(one)).collect();
    let has_fallen = unread.iter().any(|one| one.read == LinesReadWord::Fell);
    note(&psa.source, psa.accounts, &named, has_fallen, target)
}

fn client(one: &UnreadClient) -> String {
    let read = match one.read {
        LinesReadWord::Failed => "not read",
        LinesReadWord::Partial => "read in part",
        LinesReadWord::Fell => "suddenly has fewer lines",
        LinesReadWord::Complete => "read",
    };
    format!("{} ({read})", sanitize::shortened(&one.name, 32))
}

fn of_source(source: &SourceRecord, target: TextTarget) -> Option<String> {
    let unknown: Vec<_> = source.incomplete.iter().filter(|one| is_unknown(one)).map(account).collect();
    let has_fallen =
        source.incomplete.iter().any(|one| matches!(one.read, AccountReadWord::Fell | AccountReadWord::Gone));
    note(&source.source, source.accounts, &unknown, has_fallen, target)
}

/// `None`: there are none.
fn note(source: &SourceId, accounts: u64, unknown: &[String], has_fallen: bool, target: TextTarget) -> Option<String> {
    if unknown.is_empty() {
        return None;
    }
    let (number, accounts) = (quantity(unknown.len() as u64), label::count(accounts, "account", "accounts"));
    let named = with_more(unknown, ACCOUNTS_MAX);
    // Whoever knows that a fall is right need not wait for a second witness.
    let accept = if has_fallen { format!("; right? `truecount sources accept {source}`") } else { String::new() };
    Some(foreign(target, &format!("{source}: {number} of {accounts} not known: {named}{accept}"), 320))
}

fn account(one: &IncompleteAccount) -> String {
    let read = match one.read {
        AccountReadWord::Partial => "read in part",
        AccountReadWord::Failed => "not read",
        AccountReadWord::Doubtful => "contradicts itself",
        AccountReadWord::Fell => "suddenly holds less",
        AccountReadWord::Gone => "no longer listed",
    };
    format!("{} ({read})", sanitize::shortened(&one.account.account_name, 32))
}

fn quantity(number: u64) -> String {
    label::quantity(Decimal::from(number))
}
