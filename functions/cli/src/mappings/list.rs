//! `mappings list` and `history`: vendor accounts by monthly revenue, and the decisions about one.

use serde::Serialize;
use truecount_app::mapping::{MappingProgress, MappingRow, MappingWorkspace, NoneRow, RowState};
use truecount_billing::SourceId;
use truecount_reports::amount;
use truecount_store::{MappingDecision, MappingRecord, NoneScope};

use crate::args::Cli;
use crate::open::Session;
use crate::output::{Ending, json, say, say_wrapped, tell};
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// A row of the list in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum ListRow<'a> {
    Account(&'a MappingRow),
    None(&'a NoneRow),
}

pub(super) async fn list(cli: &Cli, session: &Session, undecided: bool) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let mut rows = workspace.rows();
    rows.retain(|row| !undecided || row.state <= RowState::Split);
    let mut nones = workspace.nones();
    nones.retain(|row| !undecided || !row.reopened.is_empty());
    if cli.json {
        let accounts = rows.iter().map(ListRow::Account);
        json(&accounts.chain(nones.iter().map(ListRow::None)).collect::<Vec<_>>())?;
        return Ok(Ending::Clean);
    }
    show(&rows, undecided);
    nones.iter().for_each(|row| show_none(&workspace, row));
    show_progress(&workspace.progress());
    Ok(Ending::Clean)
}

fn show(rows: &[MappingRow], undecided: bool) {
    let revenue = undecided.then_some(Number("monthly revenue"));
    // The id of an undecided account is copied into the next command. Elsewhere a terminal needs the width for the names.
    let id = if undecided { Key("id") } else { Text("id") };
    let columns = [Key("source"), id, Text("vendor account")].into_iter().chain(revenue).chain([Text("client")]);
    let cells = |row: &MappingRow| {
        let mut cells = vec![row.source.to_string(), row.account_id.to_string(), row.account_name.clone()];
        cells.extend(undecided.then(|| monthly_revenue(row)));
        cells.push(client(row));
        cells
    };
    table(&columns.collect::<Vec<_>>(), &rows.iter().map(cells).collect::<Vec<_>>());
}

/// `rmm: nothing for Quay Foods Ltd [251] (kim, 2026-06-30: asked them)`, and what opens it again.
fn show_none(workspace: &MappingWorkspace, row: &NoneRow) {
    let record = &row.record;
    let who = match &record.scope {
        NoneScope::Client { client_id } => {
            format!("{} [{client_id}]", row.client_name.as_deref().unwrap_or("unknown client"))
        }
        NoneScope::Rest => "all clients without a vendor account".to_owned(),
    };
    let from = record.from.map_or_else(String::new, |from| format!(" from {from}"));
    let note = if record.note.is_empty() { String::new() } else { format!(": {}", record.note) };
    let when = record.decided_at.strftime("%Y-%m-%d");
    let line = format!("{}: nothing for {who}{from} ({}, {when}{note})", record.source, record.actor);
    say_wrapped(&truecount_reports::sanitize::visible(&line), 2);
    for open in &row.reopened {
        let name = workspace.client(&open.for_client).map_or("", |client| client.name.as_str());
        let line =
            format!("  open again: the new vendor account {} may be {name} [{}]", open.by_account, open.for_client);
        say_wrapped(&truecount_reports::sanitize::visible(&line), 4);
    }
}

/// The client of a confirmed or proposed mapping, else the state, such as `(ignored)`.
fn client(row: &MappingRow) -> String {
    let client = row.client_name.clone().or(row.client_id.as_ref().map(ToString::to_string));
    client.unwrap_or_else(|| format!("({})", row.state.as_str()))
}

/// The monthly revenue that an account may explain, in whole units: for the order, not for the books.
pub(super) fn monthly_revenue(row: &MappingRow) -> String {
    let one = |money: &truecount_billing::Money| format!("{} {}", money.currency, money.amount.round());
    row.monthly_value.iter().map(one).collect::<Vec<_>>().join(" + ")
}

/// Shows how much of the monthly revenue is mapped: what is not mapped whole, and one line for all the rest.
pub(super) fn show_progress(progress: &[MappingProgress]) {
    let (whole, open): (Vec<_>, Vec<_>) = progress.iter().partition(|row| row.mapped == row.billed);
    for row in &open {
        let percent = row.percent().map_or_else(String::new, |percent| format!(" ({percent} %)"));
        tell(&format!(
            "{}: {} {} of {} monthly revenue mapped{percent}",
            row.source,
            row.currency,
            amount(row.mapped),
            amount(row.billed)
        ));
    }
    if !whole.is_empty() {
        tell(if open.is_empty() { "All monthly revenue is mapped." } else { "All other monthly revenue is mapped." });
    }
}

/// A decision in the history, and whether it applies now.
#[derive(Serialize)]
struct HistoryRow<'a> {
    #[serde(flatten)]
    decision: &'a MappingRecord,
    holds: bool,
}

pub(super) async fn history(
    cli: &Cli,
    session: &Session,
    wanted: &str,
    source: Option<&SourceId>,
) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    if let Some(source) = source {
        workspace.source(source)?;
    }
    let rows: Vec<MappingRow> =
        workspace.rows().into_iter().filter(|row| source.is_none_or(|source| row.source == *source)).collect();
    let part = wanted.to_lowercase();
    let is_exact = rows.iter().any(|row| row.account_id.as_str() == wanted);
    let is_wanted = |row: &&MappingRow| {
        if is_exact { row.account_id.as_str() == wanted } else { row.account_name.to_lowercase().contains(&part) }
    };
    let found: Vec<&MappingRow> = rows.iter().filter(is_wanted).collect();
    if found.is_empty() {
        anyhow::bail!(
            "no vendor account has the id `{wanted}` or `{wanted}` in its name: `truecount mappings list` shows all"
        );
    }
    let mut all = Vec::new();
    for row in &found {
        let decisions = workspace.source(&row.source)?.history.get(&row.account_id).map_or(&[][..], Vec::as_slice);
        let holds = truecount_store::in_force(decisions, workspace.month).map(|held| held.number);
        if !cli.json {
            show_history(&workspace, row, decisions, holds);
        }
        all.extend(decisions.iter().map(|decision| HistoryRow { decision, holds: holds == Some(decision.number) }));
    }
    if cli.json {
        json(&all)?;
    }
    Ok(Ending::Clean)
}

fn show_history(workspace: &MappingWorkspace, row: &MappingRow, decisions: &[MappingRecord], holds: Option<i64>) {
    let client = row.client_name.as_deref().map_or_else(String::new, |name| format!(": {name}"));
    let line = format!(
        "{} {}  {}  {}{client} ({})",
        row.source,
        row.account_id,
        row.account_name,
        row.state.as_str(),
        row.reason
    );
    say(&truecount_reports::sanitize::visible(&line));
    for decision in decisions {
        let mark = if holds == Some(decision.number) { "*" } else { " " };
        let from = decision.from.map_or_else(String::new, |from| format!(" from {from}"));
        let why = if decision.note.is_empty() { String::new() } else { format!(": {}", decision.note) };
        let when = decision.decided_at.strftime("%Y-%m-%d %H:%M");
        let what = in_words(workspace, &decision.decision);
        let line = format!("{mark} {}. {when}  {}  {what}{from}{why}", decision.number, decision.actor);
        say(&truecount_reports::sanitize::visible(&line));
        for evidence in &decision.evidence {
            say(&truecount_reports::sanitize::visible(&format!("       {evidence}")));
        }
    }
}

/// A decision in words.
fn in_words(workspace: &MappingWorkspace, decision: &MappingDecision) -> String {
    let client = |id: &truecount_billing::ClientId| match workspace.client(id) {
        Some(client) => format!("{} [{id}]", client.name),
        None => format!("[{id}]"),
    };
    match decision {
        MappingDecision::Confirmed { client_id } => format!("confirmed {}", client(client_id)),
        MappingDecision::Ignored { reason } => format!("ignored, {}", reason.label()),
        MappingDecision::Split { by, parts } => {
            let parts: Vec<_> = parts.iter().map(|(value, id)| format!("{value} = {}", client(id))).collect();
            format!("split by {by}: {}", parts.join(", "))
        }
        MappingDecision::Undecided => "revoked".to_owned(),
    }
}
