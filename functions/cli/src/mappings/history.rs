//! `mappings history`: what was decided about vendor accounts, and about clients that have nothing in a source.

use serde::Serialize;
use truecount_app::mapping::{MappingRow, MappingWorkspace};
use truecount_billing::SourceId;
use truecount_store::{MappingDecision, MappingRecord, NoneDecision, NoneRecord};

use super::list::none_of;
use super::proposals::{Shown, account};
use crate::args::Cli;
use crate::open::Session;
use crate::output::{Ending, json, tell};

/// A decision, and whether it applies now.
#[derive(Serialize)]
struct HistoryRow<'a, R> {
    #[serde(flatten)]
    decision: &'a R,
    holds: bool,
}

/// A row of the answer in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum AnyRow<'a> {
    Account(HistoryRow<'a, MappingRecord>),
    None(HistoryRow<'a, NoneRecord>),
}

/// The decisions about accounts with an id or a part of a name; without one, all.
pub(super) async fn history(
    cli: &Cli,
    session: &Session,
    wanted: Option<&str>,
    source: Option<&SourceId>,
) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    if let Some(source) = source {
        workspace.source(source)?;
    }
    let rows = workspace.rows().into_iter();
    let rows: Vec<MappingRow> = rows.filter(|row| source.is_none_or(|source| row.source == *source)).collect();
    let mut all = Vec::new();
    for row in chosen(&rows, wanted)? {
        let decisions = workspace.source(&row.source)?.history.get(&row.account_id).map_or(&[][..], Vec::as_slice);
        let holds = truecount_store::in_force(decisions, workspace.month).map(|held| held.number);
        if !cli.json {
            show_account(&workspace, row, decisions, holds);
        }
        for decision in decisions {
            all.push(AnyRow::Account(HistoryRow { decision, holds: holds == Some(decision.number) }));
        }
    }
    if wanted.is_none() {
        for of in workspace.sources.iter().filter(|of| source.is_none_or(|source| of.id == *source)) {
            let held = truecount_store::nones_in_force(&of.nones, workspace.month);
            for decisions in of.nones.values() {
                let holds = |record: &NoneRecord| held.contains(&record);
                if !cli.json {
                    show_none(&workspace, decisions, holds);
                }
                for decision in decisions {
                    all.push(AnyRow::None(HistoryRow { decision, holds: holds(decision) }));
                }
            }
        }
    }
    if cli.json {
        json(&all)?;
    } else if all.is_empty() && wanted.is_none() {
        tell("Nobody has decided anything yet; `truecount mappings list` shows what is mapped automatically.");
    }
    Ok(Ending::Clean)
}

/// The accounts that were asked for; without a word those that somebody has decided about.
fn chosen<'r>(rows: &'r [MappingRow], wanted: Option<&str>) -> anyhow::Result<Vec<&'r MappingRow>> {
    let Some(wanted) = wanted else { return Ok(rows.iter().filter(|row| row.last_decision > 0).collect()) };
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
    Ok(found)
}

fn show_account(workspace: &MappingWorkspace, row: &MappingRow, decisions: &[MappingRecord], holds: Option<i64>) {
    let client = row.client_name.as_deref().map_or_else(String::new, |name| format!(": {name}"));
    Shown::AsResult.line(&format!("{}  {}{client} ({})", account(row), row.state.as_str(), row.reason), 4);
    for decision in decisions {
        let mark = if holds == Some(decision.number) { "*" } else { " " };
        let from = decision.from.map_or_else(String::new, |from| format!(" from {from}"));
        let why = if decision.note.is_empty() { String::new() } else { format!(": {}", decision.note) };
        let when = decision.decided_at.strftime("%Y-%m-%d %H:%M");
        let what = in_words(workspace, &decision.decision);
        Shown::AsResult.line(&format!("{mark} {}. {when}  {}  {what}{from}{why}", decision.number, decision.actor), 7);
        decision.evidence.iter().for_each(|evidence| Shown::AsResult.line(&format!("       {evidence}"), 9));
    }
}

fn show_none(workspace: &MappingWorkspace, decisions: &[NoneRecord], holds: impl Fn(&NoneRecord) -> bool) {
    let Some(first) = decisions.first() else { return };
    Shown::AsResult.line(&format!("{}: nothing for {}", first.source, none_of(workspace, first)), 4);
    for decision in decisions {
        let mark = if holds(decision) { "*" } else { " " };
        let from = decision.from.map_or_else(String::new, |from| format!(" from {from}"));
        let why = if decision.note.is_empty() { String::new() } else { format!(": {}", decision.note) };
        let when = decision.decided_at.strftime("%Y-%m-%d %H:%M");
        let what = match decision.decision {
            NoneDecision::None => "has nothing",
            NoneDecision::Undecided => "revoked",
        };
        Shown::AsResult.line(&format!("{mark} {}. {when}  {}  {what}{from}{why}", decision.number, decision.actor), 7);
        decision.evidence.iter().for_each(|evidence| Shown::AsResult.line(&format!("       {evidence}"), 9));
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
