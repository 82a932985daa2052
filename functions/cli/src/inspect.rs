//! A person's questions about what is stored: sources, runs, one client.

use serde::Serialize;
use truecount_app::{Closing, Run, RunState, SnapshotManifest, SyncStatus, entries_of};
use truecount_billing::{BillingMonth, ClientId, Side, SourceId};
use truecount_connectors::connect;
use truecount_reconciliation::Comparison;
use truecount_reports as people;

use crate::args::{Cli, ClientsCommand, RunsCommand};
use crate::open::{Opened, open};
use crate::output::{Ending, json, say, table, tell};
use crate::pipeline::show_totals;

/// A source and how its last sync went.
#[derive(Serialize)]
struct SourceRow {
    id: SourceId,
    connector: String,
    evidence: &'static str,
    read_state: &'static str,
    reason: Option<String>,
    as_of: Option<String>,
    accounts: u64,
    items: u64,
}

pub(crate) async fn sources(cli: &Cli) -> anyhow::Result<Ending> {
    let opened = open(cli).await?;
    let mut rows = Vec::new();
    for source in &opened.config.settings.sources {
        let evidence = connect(&source.connector, &source.options)?.evidence();
        let seal =
            SnapshotManifest::newest(&opened.env.table, &source.id, opened.config.settings.today(&opened.env)).await?;
        let failure = SyncStatus::last(&opened.env.table, &source.id).await?.and_then(|attempt| attempt.failure);
        let state = seal.as_ref().map(SnapshotManifest::read_state);
        let (read_state, reason) = match (&state, failure) {
            (_, Some(why)) => ("failed", Some(why)),
            (Some(state), None) => (state.as_str(), state.reason().map(str::to_owned)),
            (None, None) => ("never_synced", None),
        };
        rows.push(SourceRow {
            id: source.id.clone(),
            connector: source.connector.clone(),
            evidence: evidence.as_str(),
            read_state,
            reason,
            as_of: seal.as_ref().map(|seal| seal.id.as_of.to_string()),
            accounts: seal.as_ref().map_or(0, |seal| seal.account_count),
            items: seal.as_ref().map_or(0, |seal| seal.item_count),
        });
    }
    if cli.json {
        json(&rows)?;
        return Ok(Ending::Clean);
    }
    let cells = |row: &SourceRow| {
        let synced = row.as_of.clone().unwrap_or_default();
        let state = row.read_state.replace('_', " ");
        vec![row.id.to_string(), row.evidence.to_owned(), state, synced, row.items.to_string()]
    };
    table(&["source", "side", "read", "sync of", "items"], &rows.iter().map(cells).collect::<Vec<_>>());
    for (id, reason) in rows.iter().filter_map(|row| Some((&row.id, row.reason.as_ref()?))) {
        tell(&format!("{id}: {reason}"));
    }
    Ok(Ending::Clean)
}

/// The PSA's clients by the newest sync.
async fn clients_of(opened: &Opened) -> anyhow::Result<Vec<(ClientId, String)>> {
    let mut clients = Vec::new();
    for source in opened.config.settings.enabled() {
        if connect(&source.connector, &source.options)?.evidence() == Side::Billed {
            for entry in entries_of(&opened.env, &source.id, opened.config.settings.today(&opened.env)).await? {
                clients.push((ClientId::new(entry.account.id.as_str())?, entry.account.name));
            }
        }
    }
    Ok(clients)
}

/// A run in the list.
#[derive(Serialize)]
struct RunRow {
    run_id: String,
    month: BillingMonth,
    closing: Option<u32>,
    counts_for_month: bool,
    state: String,
    created_at: String,
    exceptions: Option<u64>,
    not_compared: Option<u64>,
}

pub(crate) async fn runs(cli: &Cli, command: &RunsCommand) -> anyhow::Result<Ending> {
    let opened = open(cli).await?;
    match command {
        RunsCommand::List => list_runs(cli, &opened).await,
        RunsCommand::Show { run } => show_run(cli, &opened, run).await,
    }
}

async fn list_runs(cli: &Cli, opened: &Opened) -> anyhow::Result<Ending> {
    let mut rows = Vec::new();
    for month in Run::months(&opened.env.table).await? {
        let counting = Closing::of_month(&opened.env.table, month).await?.into_iter().rev().find_map(|c| c.run_id);
        let mut runs = Run::of_month(&opened.env.table, month).await?;
        runs.sort_by(|a, b| (a.manifest.created_at, &a.run_id).cmp(&(b.manifest.created_at, &b.run_id)));
        rows.extend(runs.into_iter().map(|run| RunRow {
            month,
            closing: run.manifest.closing,
            counts_for_month: counting.as_ref() == Some(&run.run_id),
            state: format!("{:?}", run.state).to_lowercase(),
            created_at: run.manifest.created_at.to_string(),
            exceptions: run.summary.as_ref().map(|summary| summary.exceptions),
            not_compared: run.summary.as_ref().map(|summary| summary.not_compared),
            run_id: run.run_id,
        }));
    }
    if cli.json {
        json(&rows)?;
        return Ok(Ending::Clean);
    }
    let cells = |row: &RunRow| {
        let number = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
        let what = if row.counts_for_month {
            "closing"
        } else if row.closing.is_some() {
            "replaced"
        } else {
            "draft"
        };
        vec![row.run_id.clone(), what.to_owned(), row.state.clone(), number(row.exceptions), number(row.not_compared)]
    };
    table(&["run", "kind", "state", "exceptions", "not reconciled"], &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(Ending::Clean)
}

async fn show_run(cli: &Cli, opened: &Opened, run_id: &str) -> anyhow::Result<Ending> {
    let month: Option<BillingMonth> = run_id.get(..7).and_then(|month| month.parse().ok());
    let run = match month {
        Some(month) => Run::load(&opened.env.table, month, run_id).await?,
        None => None,
    };
    let Some(run) = run else {
        anyhow::bail!("there is no run `{run_id}`; `truecount runs list` shows those there are")
    };
    if cli.json {
        json(&run)?;
        return Ok(Ending::Clean);
    }
    let manifest = &run.manifest;
    say(&format!("{}  counted on {}", run.run_id, manifest.count_day));
    if let (RunState::Reported, None, Some(summary)) = (run.state, &run.reconciliation_sha256, &run.summary) {
        show_totals(&summary.totals);
        tell("From before there were runs here: only the totals are kept.");
        return Ok(Ending::Clean);
    }
    let reconciliation = truecount_app::findings_of(&opened.env, &run).await?;
    let cells = |source: &truecount_app::PinnedSource| {
        let day = source.as_of.map_or_else(|| "none".to_owned(), |day| day.to_string());
        let row = reconciliation.coverage.iter().find(|row| row.source == source.source);
        let (unread, all) = row.map_or((0, 0), |row| (row.account_incomplete_count, row.account_count));
        let note = match source.read_state.reason() {
            Some(reason) => reason.to_owned(),
            None if unread > 0 => format!("{unread} of {all} not read completely"),
            None => String::new(),
        };
        let state = if unread > 0 && source.read_state.is_complete() { "partial" } else { source.read_state.as_str() };
        vec![source.source.to_string(), day, state.to_owned(), note]
    };
    table(&["source", "sync of", "read", ""], &manifest.sources.iter().map(cells).collect::<Vec<_>>());
    say("");
    let header = truecount_app::header_of(&opened.env, &run).await?;
    let input = people::ReportInput { header: &header, reconciliation: &reconciliation };
    say(people::text_summary(&input).trim_end());
    Ok(Ending::Clean)
}

pub(crate) async fn clients(cli: &Cli, command: &ClientsCommand) -> anyhow::Result<Ending> {
    let ClientsCommand::Show { client, month } = command;
    let opened = open(cli).await?;
    let run = newest_run(&opened, *month).await?;
    let compared = match &run {
        Some(run) => truecount_app::findings_of(&opened.env, run).await?.comparisons,
        None => Vec::new(),
    };
    let rows = of_client(&compared, client);
    if !rows.is_empty() {
        return show_client(cli, &rows);
    }
    let known = clients_of(&opened).await?;
    let exact = known.iter().any(|(id, _)| id.as_str() == client);
    let part = client.to_lowercase();
    let is_wanted =
        |id: &ClientId, name: &str| if exact { id.as_str() == client } else { name.to_lowercase().contains(&part) };
    let known: Vec<_> = known.iter().filter(|(id, name)| is_wanted(id, name)).collect();
    if known.is_empty() {
        anyhow::bail!(
            "neither the PSA's last sync nor a run has a client `{client}`: give its id in the PSA, or a part of its name"
        );
    }
    if cli.json {
        json(&compared[..0])?;
    } else {
        table(
            &["id", "client"],
            &known.iter().map(|(id, name)| vec![id.to_string(), name.clone()]).collect::<Vec<_>>(),
        );
    }
    tell(&match run {
        Some(run) => format!("Nothing of it was compared in run {}.", run.run_id),
        None => "There is no run yet; `truecount run` makes one.".to_owned(),
    });
    Ok(Ending::Clean)
}

/// The closing run of a month, else its newest; of the newest month if none is named.
pub(crate) async fn newest_run(opened: &Opened, month: Option<BillingMonth>) -> anyhow::Result<Option<Run>> {
    let wanted = month;
    let newest = || async { anyhow::Ok(Run::months(&opened.env.table).await?.pop()) };
    let Some(month) = (if month.is_some() { month } else { newest().await? }) else { return Ok(None) };
    let counting = Closing::of_month(&opened.env.table, month).await?.into_iter().rev().find_map(|c| c.run_id);
    let mut runs = Run::of_month(&opened.env.table, month).await?;
    runs.sort_by_key(|run| run.manifest.created_at);
    let chosen = runs.iter().position(|run| Some(&run.run_id) == counting.as_ref());
    let run = chosen.map(|at| runs.swap_remove(at)).or_else(|| runs.pop());
    if run.is_none() && wanted.is_some() {
        anyhow::bail!("{month} has no run; `truecount runs list` shows those there are");
    }
    Ok(run)
}

/// One client's comparisons: by its id, else by a part of its name.
fn of_client<'a>(compared: &'a [Comparison], wanted: &str) -> Vec<&'a Comparison> {
    let part = wanted.to_lowercase();
    let exact = compared.iter().any(|c| c.client_id.as_str() == wanted);
    let is_wanted = |c: &&Comparison| {
        if exact { c.client_id.as_str() == wanted } else { c.client_name.to_lowercase().contains(&part) }
    };
    let mut rows: Vec<_> = compared.iter().filter(is_wanted).collect();
    rows.sort_by(|a, b| (&a.client_name, &a.client_id, &a.rule_id).cmp(&(&b.client_name, &b.client_id, &b.rule_id)));
    rows
}

fn show_client(cli: &Cli, rows: &[&Comparison]) -> anyhow::Result<Ending> {
    if cli.json {
        json(rows)?;
        return Ok(Ending::Clean);
    }
    let number = |n: Option<rust_decimal::Decimal>| n.map_or_else(|| "?".to_owned(), people::quantity);
    let cells = |c: &&Comparison| {
        let what = c.kind.map_or("equal", |kind| kind.for_people());
        vec![
            c.client_id.to_string(),
            c.client_name.clone(),
            c.product_code.to_string(),
            number(c.used),
            number(c.billed),
            number(c.expected),
            what.to_owned(),
        ]
    };
    table(
        &["id", "client", "product", "used", "billed", "should bill", ""],
        &rows.iter().map(cells).collect::<Vec<_>>(),
    );
    Ok(Ending::Clean)
}
