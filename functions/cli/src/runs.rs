//! `truecount runs`: lists the runs, shows one, compares two, says why one failed, and what the lines of an outcome are.

mod diff;
mod stored;
mod why;

use anyhow::Context as _;
use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_reconciliation::{OUTCOMES_SCHEMA, SourceReading};
use truecount_reports::{CsvFile, manifest_schema, run_schema, text_summary};
use truecount_store::{Closing, Run, RunState, Store};

use crate::args::{Cli, RunsArgs, RunsCommand, SchemaFile, WhichOutcomeArgs};
use crate::open::{Session, look};
use crate::output::{Ending, json, say, say_text, tell};
use crate::pipeline::show_totals;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

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
    not_reconciled: Option<u64>,
}

pub(crate) async fn runs(cli: &Cli, args: &RunsArgs) -> anyhow::Result<Ending> {
    match &args.command {
        RunsCommand::List => list_runs(cli, &look(&args.backend).await?).await,
        RunsCommand::Show { run } => show_run(cli, &look(&args.backend).await?, run).await,
        RunsCommand::Diff(diff) => diff::diff(cli, &look(&args.backend).await?, diff).await,
        RunsCommand::Why { run } => why::why(cli, &args.backend, run.as_deref()).await,
        RunsCommand::Schema { file } => {
            say(&schema_of(*file)?);
            Ok(Ending::Clean)
        }
    }
}

fn schema_of(file: SchemaFile) -> anyhow::Result<String> {
    Ok(match file {
        SchemaFile::Outcomes => OUTCOMES_SCHEMA.trim_end().to_owned(),
        SchemaFile::Run => run_schema()?,
        SchemaFile::Manifest => manifest_schema()?,
        SchemaFile::Exceptions => CsvFile::Exceptions.schema()?,
        SchemaFile::Lines => CsvFile::Lines.schema()?,
        SchemaFile::Changes => CsvFile::Changes.schema()?,
        SchemaFile::Closed => CsvFile::Closed.schema()?,
        SchemaFile::Coverage => CsvFile::Coverage.schema()?,
        SchemaFile::Setup => CsvFile::Setup.schema()?,
        SchemaFile::AgreementFindings => CsvFile::AgreementFindings.schema()?,
        SchemaFile::MappingSuggestions => CsvFile::MappingSuggestions.schema()?,
    })
}

async fn list_runs(cli: &Cli, session: &Session) -> anyhow::Result<Ending> {
    let mut rows = Vec::new();
    for month in Run::months(&session.env.store).await? {
        let counting = Closing::current_run_id(&session.env.store, month).await?;
        let mut runs = Run::list(&session.env.store, month).await?;
        runs.sort_by(|a, b| (a.asked_at(), &a.run_id).cmp(&(b.asked_at(), &b.run_id)));
        rows.extend(runs.into_iter().map(|run| RunRow {
            month,
            closing: run.manifest.closing,
            counts_for_month: counting.as_ref() == Some(&run.run_id),
            state: run.state.as_str().to_owned(),
            created_at: run.manifest.created_at.to_string(),
            exceptions: run.summary.as_ref().map(|summary| summary.exceptions),
            not_reconciled: run.summary.as_ref().map(|summary| summary.not_reconciled),
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
        vec![row.run_id.clone(), what.to_owned(), row.state.clone(), number(row.exceptions), number(row.not_reconciled)]
    };
    table(
        &[Key("run"), Text("kind"), Text("state"), Number("exceptions"), Number("not reconciled")],
        &rows.iter().map(cells).collect::<Vec<_>>(),
    );
    Ok(Ending::Clean)
}

async fn show_run(cli: &Cli, session: &Session, run_id: &str) -> anyhow::Result<Ending> {
    let run = run_named(&session.env.store, run_id).await?;
    if cli.json {
        json(&run)?;
        return Ok(Ending::Clean);
    }
    let manifest = &run.manifest;
    say(&format!("{}  counted on {}", run.run_id, manifest.count_day));
    if let (RunState::Reported, None, Some(summary)) = (run.state, &run.outcome_sha256, &run.summary) {
        show_totals(&summary.totals);
        tell("Recorded from an earlier month: only its totals are known.");
        return Ok(Ending::Clean);
    }
    let header = truecount_app::header_of(&session.env, &run).await?;
    let report = truecount_app::run_report(&session.env, &run, &header).await?;
    let cells = |source: &SourceReading| {
        let day = source.as_of.map_or_else(|| "none".to_owned(), |day| day.to_string());
        let (unread, all) = (source.accounts_incomplete, source.accounts);
        let note = match source.state.reason() {
            Some(reason) => reason.to_string(),
            None if source.unread_since.is_some() => "nothing newer since the last closing".to_owned(),
            None if unread > 0 => format!("{unread} of {all} not read completely"),
            None => String::new(),
        };
        let state = if unread > 0 && source.state.is_complete() { "partial" } else { source.state.as_str() };
        vec![source.source.to_string(), day, state.to_owned(), note]
    };
    table(
        &[Key("source"), Text("sync of"), Text("read"), Text("")],
        &report.sources.iter().map(cells).collect::<Vec<_>>(),
    );
    say("");
    say_text(text_summary(&report).trim_end());
    Ok(Ending::Clean)
}

/// The run of this id.
pub(crate) async fn run_named(store: &Store, run_id: &str) -> anyhow::Result<Run> {
    let month: Option<BillingMonth> = run_id.get(..7).and_then(|month| month.parse().ok());
    let run = match month {
        Some(month) => Run::load(store, month, run_id).await?,
        None => None,
    };
    run.ok_or_else(|| anyhow::anyhow!("there is no run `{run_id}`: `truecount runs list` shows all runs"))
}

/// The run that is named, else [`newest_run`].
pub(crate) async fn wanted_run(session: &Session, which: &WhichOutcomeArgs) -> anyhow::Result<Run> {
    if let Some(run_id) = &which.run {
        return run_named(&session.env.store, run_id).await;
    }
    let newest = newest_run(session, which.month).await?;
    newest.context("there is no run yet: start with `truecount run`")
}

/// The closing run of a month, else its newest; of the newest month if none is named.
pub(crate) async fn newest_run(session: &Session, month: Option<BillingMonth>) -> anyhow::Result<Option<Run>> {
    let wanted = month;
    let newest = || async { anyhow::Ok(Run::months(&session.env.store).await?.pop()) };
    let Some(month) = (if month.is_some() { month } else { newest().await? }) else { return Ok(None) };
    let counting = Closing::current_run_id(&session.env.store, month).await?;
    let mut runs = Run::list(&session.env.store, month).await?;
    runs.sort_by_key(Run::asked_at);
    let chosen = runs.iter().position(|run| Some(&run.run_id) == counting.as_ref());
    let run = chosen.map(|at| runs.swap_remove(at)).or_else(|| runs.pop());
    if run.is_none() && wanted.is_some() {
        anyhow::bail!("{month} has no run: `truecount runs list` shows all runs");
    }
    Ok(run)
}
