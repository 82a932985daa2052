//! Report a run: its files written if absent, then its mails.

use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_reconciliation::Reconciliation;
use truecount_reports::{FailedClosing, InputRef, MailSettings, ReportInput, RunHeader};

use crate::environment::Environment;
use crate::lease::{self, Lease, LeaseOutcome};
use crate::mail::outbox::{self, MailOutcome, OutgoingMail, Subject};
use crate::run::{Closing, Run, RunState, RunSummary};
use crate::settings::{Config, Settings};
use crate::{AppError, Deadline, jsonl_gz, keys, start_of};

/// Whether mail goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPolicy {
    /// Closing runs mail, drafts do not.
    Usual,
    /// A draft too.
    Always,
    /// Nobody, whatever the run.
    Off,
}

/// What a report answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReportAnswer {
    /// Files and mails are out.
    Reported {
        /// The run.
        run_id: String,
        /// Its month.
        month: BillingMonth,
        /// What it found.
        summary: RunSummary,
        /// Where the files are, for people.
        place: String,
        /// The mails.
        mails: Vec<MailOutcome>,
    },
    /// Another worker is at it.
    Busy {
        /// The month.
        month: BillingMonth,
    },
}

/// Reports a run of a month; `None`: its closing run, else its newest run.
///
/// # Errors
/// [`AppError`] if a file could not be written or a mail not be sent; running it again goes on from there.
pub async fn report(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    run_id: Option<&str>,
    mailing: MailPolicy,
    deadline: Deadline,
) -> Result<ReportAnswer, AppError> {
    let run = find(env, month, run_id).await?;
    let name = Run::lease_name(month, run.manifest.closing.is_some());
    let lease = match lease::acquire(&env.table, &name, deadline.at, env.is_exclusive).await? {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy => return Ok(ReportAnswer::Busy { month }),
    };
    let answer = match find(env, month, Some(&run.run_id)).await {
        Ok(run) => work(env, &config.settings, run, mailing, &lease).await,
        Err(error) => Err(error),
    };
    lease::release(&env.table, &lease).await?;
    answer
}

async fn find(env: &Environment, month: BillingMonth, run_id: Option<&str>) -> Result<Run, AppError> {
    let closing = Closing::of_month(&env.table, month).await?.into_iter().rev().find_map(|closing| closing.run_id);
    let wanted = run_id.map(str::to_owned).or(closing);
    let found = match &wanted {
        Some(run_id) => Run::load(&env.table, month, run_id).await?,
        None => {
            let mut runs = Run::of_month(&env.table, month).await?;
            runs.sort_by_key(|run| run.manifest.created_at);
            runs.pop()
        }
    };
    found.ok_or_else(|| {
        let what = wanted.map_or_else(|| "has no run".to_owned(), |run_id| format!("has no run `{run_id}`"));
        AppError::Unknown(format!(
            "{month} {what}; `truecount runs list` shows those there are, `truecount reconcile` makes one"
        ))
    })
}

async fn work(
    env: &Environment,
    settings: &Settings,
    mut run: Run,
    mailing: MailPolicy,
    lease: &Lease,
) -> Result<ReportAnswer, AppError> {
    let month = run.manifest.month;
    let reconciliation = findings_of(env, &run).await?;
    let header = header_of(env, &run).await?;
    let input = ReportInput { header: &header, reconciliation: &reconciliation };
    env.progress.step("writing the report");
    let mut files = truecount_reports::files(&input)?;
    files.push(truecount_reports::manifest(&input, &files)?);
    for file in &files {
        let key = keys::report(month, &run.run_id, file.name);
        if run.state == RunState::Reported {
            // What was handed out stands, also where another version would write it otherwise.
            env.archive.put_new(&key, file.bytes.clone()).await?;
        } else {
            env.archive_new(&key, file.bytes.clone()).await?;
        }
    }
    if run.state < RunState::Reported {
        run.state = RunState::Reported;
        run.save(&env.table, lease.number).await?;
    }
    let wants_mail = match mailing {
        MailPolicy::Usual => run.manifest.closing.is_some(),
        MailPolicy::Always => true,
        MailPolicy::Off => false,
    };
    let mut mails = Vec::new();
    if wants_mail {
        let exceptions = files.iter().find(|file| file.name == "exceptions.csv").map_or(&[][..], |file| &file.bytes);
        let sent = mail(env, settings, &run, &input, exceptions).await;
        let is_final =
            sent.iter().all(|sent| !matches!(sent, Err(error) if !matches!(error, AppError::MailGivenUp(_))));
        if is_final && !run.is_mailed {
            run.is_mailed = true;
            run.save(&env.table, lease.number).await?;
        }
        mails = sent.into_iter().collect::<Result<_, _>>()?;
    }
    let summary = run.summary.clone().unwrap_or_default();
    Ok(ReportAnswer::Reported { run_id: run.run_id, month, summary, place: header.archive_place, mails })
}

/// Mails every group, also those after one whose mail failed.
async fn mail(
    env: &Environment,
    settings: &Settings,
    run: &Run,
    input: &ReportInput<'_>,
    exceptions_csv: &[u8],
) -> Vec<Result<MailOutcome, AppError>> {
    let subject =
        Subject { month: run.manifest.month, name: run.mail_name(), key: run.mail_key(), run_id: &run.run_id };
    let mut sent = Vec::new();
    for group in &settings.mail.groups {
        env.progress.step("sending the mail");
        let from = match settings.sender() {
            Ok(from) => from,
            Err(error) => return vec![Err(error)],
        };
        let write = |attempt: u8| {
            let mail = MailSettings {
                from: from.to_owned(),
                to: group.to.clone(),
                group: group.id.clone(),
                attempt,
                exceptions_csv,
            };
            truecount_reports::email(input, &mail).map_err(AppError::from)
        };
        let letter = OutgoingMail { group: &group.id, from, to: &group.to, write: &write };
        sent.push(outbox::send(env, &subject, &letter).await);
    }
    sent
}

/// Tells every group, once a day, that the closing of a month did not finish.
///
/// # Errors
/// [`AppError`] if the settings name no sender, or a mail was not sent.
pub async fn tell_failed(
    env: &Environment,
    settings: &Settings,
    month: BillingMonth,
    step: &str,
    why: &str,
) -> Result<Vec<MailOutcome>, AppError> {
    let name = format!("failed-{}", settings.today(env));
    let at = start_of(settings.today(env)).unwrap_or_else(|| env.clock.now());
    let subject = Subject { month, name: name.clone(), key: name.clone(), run_id: "" };
    let mut sent = Vec::new();
    for group in &settings.mail.groups {
        let from = settings.sender()?;
        let failed = FailedClosing { month, step, cause: why, at, name: &format!("{month}-{name}") };
        let write = |attempt: u8| {
            truecount_reports::failure_email(&failed, from, &group.to, &group.id, attempt).map_err(AppError::from)
        };
        let letter = OutgoingMail { group: &group.id, from, to: &group.to, write: &write };
        sent.push(outbox::send(env, &subject, &letter).await);
    }
    sent.into_iter().collect()
}

/// The findings as the reconcile stored them.
///
/// # Errors
/// [`AppError`] if the run is not reconciled, or they do not read back.
pub async fn findings_of(env: &Environment, run: &Run) -> Result<Reconciliation, AppError> {
    let key = keys::reconciliation(run.manifest.month, &run.run_id);
    let Some(expected) = &run.reconciliation_sha256 else {
        let (run_id, month) = (&run.run_id, run.manifest.month);
        return Err(AppError::Unknown(if run.state == RunState::Reported {
            format!("of run `{run_id}` only the totals are kept: {month} is from before there were runs here")
        } else {
            format!("run `{run_id}` is not reconciled yet; `truecount reconcile --month {month}` goes on with it")
        }));
    };
    let bytes = jsonl_gz::gunzip(&key, &env.archive_get(&key).await?)?;
    if keys::sha256(&bytes) != *expected {
        return Err(AppError::damaged(env.archive.place(&key), "its hash is another than the run's"));
    }
    serde_json::from_slice(&bytes).map_err(|e| AppError::damaged(env.archive.place(&key), e))
}

/// What a report says about its run.
///
/// # Errors
/// [`AppError`] if the inputs cannot be read.
pub async fn header_of(env: &Environment, run: &Run) -> Result<RunHeader, AppError> {
    let manifest = &run.manifest;
    let folder = keys::report(manifest.month, &run.run_id, "");
    let mut inputs = Vec::new();
    for entry in env.archive.list(&format!("{folder}inputs/")).await? {
        let bytes = env.archive_get(&entry.key).await?;
        let name = entry.key[folder.len()..].to_owned();
        inputs.push(InputRef { name, sha256: keys::sha256(&bytes), bytes: bytes.len() as u64 });
    }
    Ok(RunHeader {
        run_id: run.run_id.clone(),
        month: manifest.month,
        closing: manifest.closing,
        count_day: manifest.count_day,
        created_at: manifest.created_at,
        inputs,
        archive_place: env.archive.place(&folder),
        replaces: manifest.replaces.clone(),
        missed: manifest.missed.clone(),
    })
}
