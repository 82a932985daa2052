//! `mappings list`: vendor accounts by monthly revenue, and clients that have nothing in a source.

use serde::Serialize;
use truecount_app::mapping::{MappingProgress, MappingRow, MappingWorkspace, NoneRow, RowState};
use truecount_reports::amount;
use truecount_store::{NoneRecord, NoneScope};

use crate::args::Cli;
use crate::open::Session;
use crate::output::{Ending, json, say_wrapped, tell};
use crate::table::Column::{Key, Number, Prose, Text};
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
    // The id of an undecided account is copied into the next command, and its names are compared letter by letter.
    // Elsewhere a terminal needs the width, and a line for each.
    let (id, account, client) = match undecided {
        true => (Key("id"), Prose("vendor account"), Prose("client")),
        false => (Text("id"), Text("vendor account"), Text("client")),
    };
    let columns = [Key("source"), id, account].into_iter().chain(revenue).chain([client]);
    let cells = |row: &MappingRow| {
        let mut cells = vec![row.source.to_string(), row.account_id.to_string(), row.account_name.clone()];
        cells.extend(undecided.then(|| monthly_revenue(row)));
        cells.push(self::client(row));
        cells
    };
    table(&columns.collect::<Vec<_>>(), &rows.iter().map(cells).collect::<Vec<_>>());
}

/// `rmm: nothing for Quay Foods Ltd [251] (kim, 2026-06-30: asked them)`, and what opens it again.
fn show_none(workspace: &MappingWorkspace, row: &NoneRow) {
    let record = &row.record;
    let who = none_of(workspace, record);
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

/// `Quay Foods Ltd [251]`.
pub(super) fn none_of(workspace: &MappingWorkspace, record: &NoneRecord) -> String {
    match &record.scope {
        NoneScope::Client { client_id } => {
            let name = workspace.client(client_id).map_or("unknown client", |client| client.name.as_str());
            format!("{name} [{client_id}]")
        }
        NoneScope::Rest => "all clients without a vendor account".to_owned(),
    }
}

/// The client of a mapping, `Quay Legal? 97 %` where it is only proposed, else the state, such as `(ignored)`.
fn client(row: &MappingRow) -> String {
    let client = row.client_name.clone().or(row.client_id.as_ref().map(ToString::to_string));
    match client {
        Some(client) if row.state == RowState::Undecided => {
            let percent = row.score.map_or_else(String::new, |score| format!(" {} %", score.percent()));
            format!("{client}?{percent}")
        }
        Some(client) => client,
        None => format!("({})", row.state.as_str()),
    }
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
