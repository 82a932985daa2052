//! `truecount sync`, `reconcile` and `report`, and `run`, which does all three.

use std::collections::BTreeMap;

use serde::Serialize;
use truecount_app::{
    Deadline, MailOutcome, MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SourceSettings, SyncAnswer,
    accept_command, fall_in_words, open_falls,
};
use truecount_billing::{BillingMonth, Currency, SourceId};
use truecount_reconciliation::RunTotals;
use truecount_reports::sanitize;
use truecount_store::{BegunClosing, LeaseMode, RunSummary, SETTINGS_FILE};

use crate::args::{Cli, MailPolicyArgs, ReconcileArgs, ReportArgs, RunArgs, SyncArgs, WhichRunArgs};
use crate::full_disk;
use crate::open::{Session, open};
use crate::output::{Ending, counted, json, say_text, tell};
use crate::schedule;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// The time limit in a data directory, where nobody waits for its lock: a day is still a limit.
const LOCAL_SECONDS_MAX: i64 = 24 * 3600;

/// The time limit on a stack, as for a Lambda function: if this process is killed, its lease blocks others no longer.
const STACK_SECONDS_MAX: i64 = 15 * 60;

/// How many falls of a source are named.
const FALLS_MAX: usize = 5;

/// How often a sync that ran out of time is continued within one command.
const ROUNDS_MAX: u32 = 1_000;

/// The answer of `run`.
#[derive(Serialize)]
struct RunAnswer {
    syncs: Vec<SyncAnswer>,
    /// Whether the run was there before, and nothing was compared anew.
    already: bool,
    report: ReportAnswer,
}

pub(crate) async fn run(cli: &Cli, args: &RunArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    schedule::report_crashes(&session).await?;
    if args.when_due {
        return schedule::run(cli, &session, args).await;
    }
    Ok(run_all(cli, &session, args).await?)
}

/// A run that did not finish: at which step, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}", full_disk::describe(error.as_ref()))]
pub(crate) struct Stopped {
    pub(crate) step: &'static str,
    pub(crate) error: anyhow::Error,
}

/// Syncs, reconciles and reports, and shows the results.
async fn run_all(cli: &Cli, session: &Session, args: &RunArgs) -> Result<Ending, Stopped> {
    let syncs = sync_enabled(session).await?;
    reconcile_and_report(cli, session, (&args.which, &args.mail), syncs, None).await
}

/// Syncs every enabled source.
pub(crate) async fn sync_enabled(session: &Session) -> Result<Vec<SyncAnswer>, Stopped> {
    let stopped = |error| Stopped { step: "sync", error };
    let sources = enabled(session).map_err(stopped)?;
    sync_all(session, &sources).await.map_err(stopped)
}

/// Reconciles and reports what was synced, and shows the results. What was begun is told which step it is in.
pub(crate) async fn reconcile_and_report(
    cli: &Cli,
    session: &Session,
    (which, mail): (&WhichRunArgs, &MailPolicyArgs),
    syncs: Vec<SyncAnswer>,
    mut begun: Option<&mut BegunClosing>,
) -> Result<Ending, Stopped> {
    let at = |step| move |error| Stopped { step, error };
    note(session, begun.as_deref_mut(), "reconcile").await?;
    let answer = reconcile_now(session, which.month, &which.kind()).await.map_err(at("reconcile"))?;
    let (month, run_id, already) = match answer {
        ReconcileAnswer::Reconciled { month, run_id, already, .. } => (month, run_id, already),
        ReconcileAnswer::Busy { month } => {
            let busy = anyhow::anyhow!("another run of {month} is in progress; try again when it has finished");
            return Err(at("reconcile")(busy));
        }
    };
    note(session, begun, "report").await?;
    let answer = report_now(session, month, Some(&run_id), mailing(mail)).await.map_err(at("report"))?;
    let synced = synced(&syncs);
    if cli.json {
        let ending = ending(&answer);
        json(&RunAnswer { syncs, already, report: answer }).map_err(at("report"))?;
        return Ok(ending.max(synced));
    }
    show_failed_syncs(session, &syncs).await;
    let ending = show_report(session, &answer);
    if let Some(replaced) = replaced_before(which, &run_id, already) {
        tell(&replaced);
    }
    if which.closing && !mail.no_mail && session.config.settings.mail.groups.is_empty() {
        tell("No mail was sent: the settings have no [[mail.groups]].");
    }
    Ok(ending.max(synced))
}

/// Notes the step of a closing that began.
async fn note(session: &Session, begun: Option<&mut BegunClosing>, step: &'static str) -> Result<(), Stopped> {
    let Some(begun) = begun else { return Ok(()) };
    step.clone_into(&mut begun.step);
    begun.note(&session.env.store).await.map_err(|error| Stopped { step, error: error.into() })
}

/// The enabled sources; it is an error if there are none.
fn enabled(session: &Session) -> anyhow::Result<Vec<SourceSettings>> {
    let sources: Vec<_> = session.config.settings.enabled().cloned().collect();
    if sources.is_empty() {
        let settings = session.env.config.place(SETTINGS_FILE);
        anyhow::bail!("no source is enabled: uncomment your PSA and your sources in `{settings}`");
    }
    Ok(sources)
}

/// How syncs ended.
pub(crate) fn synced(syncs: &[SyncAnswer]) -> Ending {
    if syncs.iter().all(is_complete) { Ending::Clean } else { Ending::NotRead }
}

/// Whether everything that the source was asked for is there.
fn is_complete(answer: &SyncAnswer) -> bool {
    matches!(answer, SyncAnswer::Committed { incomplete_accounts: 0, missing: None, .. })
}

pub(crate) async fn sync(cli: &Cli, args: &SyncArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    let settings = &session.config.settings;
    let sources: Vec<SourceSettings> = if args.sources.is_empty() {
        enabled(&session)?
    } else {
        args.sources.iter().map(|id| settings.source(id.as_str()).cloned()).collect::<Result<_, _>>()?
    };
    if let Some(file) = &args.file {
        let [source] = sources.as_slice() else {
            anyhow::bail!(
                "--file is for one source: name it, such as `truecount sync backup --file {}`",
                file.display()
            )
        };
        crate::inbox::put(&session, source, file).await?;
    }
    let syncs = sync_all(&session, &sources).await?;
    if cli.json {
        json(&syncs)?;
    } else {
        let rows: Vec<_> = syncs.iter().map(sync_row).collect();
        table(&[Key("source"), Text("sync of"), Number("pages"), Number("items"), Text("")], &rows);
        show_failed_syncs(&session, &syncs).await;
    }
    Ok(synced(&syncs))
}

pub(crate) async fn reconcile(cli: &Cli, args: &ReconcileArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    let answer = reconcile_now(&session, args.which.month, &args.which.kind()).await?;
    let ReconcileAnswer::Reconciled { run_id, summary, overview, already, month } = &answer else {
        anyhow::bail!("another run of this month is in progress; try again when it has finished")
    };
    if cli.json {
        json(&answer)?;
    } else {
        say_text(overview.trim_end());
        say_text(&format!("{run_id}: {}", summary_line(summary)));
        let usual = if *already { "These inputs were already reconciled." } else { "Reconciled." };
        let what = replaced_before(&args.which, run_id, *already).unwrap_or_else(|| usual.to_owned());
        tell(&format!("{what} `truecount report --month {month} --run {run_id}` writes the files."));
    }
    Ok(Ending::of(summary))
}

/// What is said where the run that was to be replaced has been replaced before: nothing was closed anew.
fn replaced_before(which: &WhichRunArgs, run_id: &str, already: bool) -> Option<String> {
    let replaced = which.replace.as_ref().filter(|_| already)?;
    Some(format!(
        "{replaced} was replaced before, by {run_id}: that one stands, and nothing new was closed. To close the month \
         once more, `--replace {run_id}`."
    ))
}

pub(crate) async fn report(cli: &Cli, args: &ReportArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    let month = args.month.unwrap_or_else(|| BillingMonth::of(session.config.settings.today(&session.env)));
    let answer = report_now(&session, month, args.run.as_deref(), mailing(&args.mail)).await?;
    if cli.json {
        json(&answer)?;
        return Ok(ending(&answer));
    }
    Ok(show_report(&session, &answer))
}

/// Syncs sources one after the other, each until it is committed or fails.
pub(crate) async fn sync_all(session: &Session, sources: &[SourceSettings]) -> anyhow::Result<Vec<SyncAnswer>> {
    let mut answers = Vec::new();
    for source in sources {
        let mut rounds = 0;
        let answer = loop {
            let settings = &session.config.settings;
            let answer = truecount_app::sync(&session.env, settings, source.id.as_str(), deadline(session)).await?;
            rounds += 1;
            if !matches!(answer, SyncAnswer::Continue { .. }) || rounds >= ROUNDS_MAX {
                break answer;
            }
        };
        answers.push(answer);
    }
    session.delete_expired()?;
    Ok(answers)
}

pub(crate) async fn reconcile_now(
    session: &Session,
    month: Option<BillingMonth>,
    wanted: &RunKind,
) -> anyhow::Result<ReconcileAnswer> {
    Ok(truecount_app::reconcile(&session.env, &session.config, month, wanted, deadline(session)).await?)
}

pub(crate) async fn report_now(
    session: &Session,
    month: BillingMonth,
    run_id: Option<&str>,
    mailing: MailPolicy,
) -> anyhow::Result<ReportAnswer> {
    Ok(truecount_app::report(&session.env, &session.config, month, run_id, mailing, deadline(session)).await?)
}

/// When a job of this command must be done.
pub(crate) fn deadline(session: &Session) -> Deadline {
    Deadline::in_seconds(match session.env.store.lease_mode() {
        LeaseMode::SingleProcess => LOCAL_SECONDS_MAX,
        LeaseMode::Shared => STACK_SECONDS_MAX,
    })
}

fn mailing(args: &MailPolicyArgs) -> MailPolicy {
    match (args.mail, args.no_mail) {
        (true, _) => MailPolicy::Always,
        (_, true) => MailPolicy::Off,
        _ => MailPolicy::Usual,
    }
}

pub(crate) fn ending(answer: &ReportAnswer) -> Ending {
    match answer {
        ReportAnswer::Reported { summary, .. } => Ending::of(summary),
        ReportAnswer::Busy { .. } => Ending::NotRead,
    }
}

/// Says first what could not be read, and what fell.
pub(crate) async fn show_failed_syncs(session: &Session, syncs: &[SyncAnswer]) {
    for answer in syncs {
        match answer {
            SyncAnswer::Failed { source, reason, .. } => tell(&format!("NOT READ    {source}: {reason}")),
            SyncAnswer::Busy { source } => tell(&format!("NOT READ    {source}: another sync of it is in progress")),
            SyncAnswer::Committed { source, missing: Some(why), .. } => tell(&format!("INCOMPLETE  {source}: {why}")),
            SyncAnswer::Committed { source, incomplete_accounts, accounts, .. } if *incomplete_accounts > 0 => {
                let of = counted(*accounts, "vendor account", "vendor accounts");
                tell(&format!("INCOMPLETE  {source}: {incomplete_accounts} of {of} not read completely"));
                show_falls(session, source).await;
            }
            _ => {}
        }
    }
}

/// The accounts of a source that fell, each with the command that accepts it.
async fn show_falls(session: &Session, source: &SourceId) {
    let falls = match open_falls(&session.env, &session.config.settings, source).await {
        Ok(falls) => falls,
        Err(error) => return tell(&format!("FELL        {source}: what fell cannot be read: {error}")),
    };
    for fall in falls.iter().take(FALLS_MAX) {
        tell(&sanitize::visible(&format!(
            "FELL        {source}: {}; if that is right: `{}`",
            fall_in_words(fall),
            accept_command(source, &fall.account_id)
        )));
    }
    if let Some(more) = falls.len().checked_sub(FALLS_MAX).filter(|more| *more > 0) {
        tell(&format!("FELL        {source}: and {more} more: `truecount sources accept {source}` lists them"));
    }
}

/// Shows what a run found and where its files are.
pub(crate) fn show_report(session: &Session, answer: &ReportAnswer) -> Ending {
    let ReportAnswer::Reported { run_id, summary, overview, place, mails, .. } = answer else {
        tell("Another report of this month is in progress; try again when it has finished.");
        return Ending::NotRead;
    };
    say_text(overview.trim_end());
    say_text(&format!("{run_id}: {}", summary_line(summary)));
    tell(&format!("Files: {place}"));
    for mail in mails {
        tell(&format!("Mail to `{}`: {}", mail.group, mail_in_words(session, mail)));
    }
    Ending::of(summary)
}

/// What became of a mail: without a mail server none is sent.
pub(crate) fn mail_in_words(session: &Session, mail: &MailOutcome) -> String {
    match (session.unsent_mails(), mail.outcome) {
        (None, outcome) => outcome.replace('_', " "),
        (Some(outbox), "already_sent") => format!("kept in `{}` already", outbox.display()),
        (Some(outbox), _) => format!("not sent, the settings have no mail server: kept in `{}`", outbox.display()),
    }
}

/// Shows the totals of a month of which nothing else is known, by currency.
pub(crate) fn show_totals(totals: &BTreeMap<Currency, RunTotals>) {
    let amount = truecount_reports::amount;
    let cells = |(currency, totals): (&Currency, &RunTotals)| {
        vec![currency.to_string(), amount(totals.add), amount(totals.reduce)]
    };
    if !totals.is_empty() {
        table(
            &[Key("per month"), Number("to add"), Number("to reduce")],
            &totals.iter().map(cells).collect::<Vec<_>>(),
        );
    }
}

fn summary_line(summary: &RunSummary) -> String {
    let mut parts = vec![counted(summary.exceptions, "exception", "exceptions")];
    if summary.unmapped > 0 {
        parts.push(counted(summary.unmapped, "vendor account to map", "vendor accounts to map"));
    }
    if summary.not_reconciled > 0 {
        parts.push(format!("{} NOT RECONCILED", summary.not_reconciled));
    }
    if !summary.is_complete {
        parts.push("NOT everything was read".to_owned());
    } else if summary.exceptions + summary.unmapped + summary.not_reconciled == 0 {
        return "nothing to correct".to_owned();
    }
    parts.join(", ")
}

fn sync_row(answer: &SyncAnswer) -> Vec<String> {
    let cells = |source: &truecount_billing::SourceId, what: &str, pages: String, items: String, note: String| {
        vec![source.to_string(), what.to_owned(), pages, items, note]
    };
    match answer {
        SyncAnswer::Committed { source, as_of, pages, items, incomplete_accounts, missing, unchanged, .. } => {
            let note = match (incomplete_accounts, unchanged) {
                (0, _) if missing.is_some() => "incomplete".to_owned(),
                (0, false) => String::new(),
                (0, true) => "unchanged".to_owned(),
                (n, _) => counted(*n, "vendor account NOT READ", "vendor accounts NOT READ"),
            };
            cells(source, &as_of.to_string(), pages.to_string(), items.to_string(), note)
        }
        SyncAnswer::Continue { source, pages, .. } => {
            cells(source, "not finished", pages.to_string(), String::new(), String::new())
        }
        SyncAnswer::Busy { source } => {
            cells(source, "busy", String::new(), String::new(), "another sync is in progress".to_owned())
        }
        SyncAnswer::Failed { source, .. } => cells(source, "FAILED", String::new(), String::new(), String::new()),
    }
}
