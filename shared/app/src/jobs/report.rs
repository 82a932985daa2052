//! Report a run: its files written if absent, the lost outcome among them, then its mails.

mod client_sheets;

use std::io;

use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;
use truecount_reconciliation::{OutcomeLine, PortfolioRecord};
use truecount_reports::{
    InputRef, LINES_CSV, Oversight, REPORT_HTML, ReportFile, ReportPage, ReportWorkbook, RunHeader, RunReport,
    RunReportBuilder, revenue_compared, run_overview, totals_text,
};
use truecount_store::{
    Closing, FrozenRun, HISTORY_FILE, Lease, OUTCOMES_FILE, Run, RunFolder, RunManifest, RunState, RunSummary,
    StoreError, StoredOutcome, TemporaryFile, TemporaryFileWriter,
};

pub use self::client_sheets::client_sheets;
use self::client_sheets::write_client_sheets;
use super::reconcile::restore_outcome;
use super::runner::{JobContext, JobOutcome};
use crate::mail::{MailOutcome, ReportedRun, send_run_mails};
use crate::settings::frozen_oversight;
use crate::stored_outcome::outcome_of;
use crate::{AppError, Config, Deadline, Environment, Settings};

/// Whether mail goes out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailPolicy {
    /// Closing runs mail, drafts do not.
    #[default]
    Usual,
    /// A draft too.
    Always,
    /// No mail, whatever the run.
    Off,
}

/// What a report answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReportAnswer {
    /// Files are written and mails are sent.
    Reported {
        /// The run.
        run_id: String,
        /// Its month.
        month: BillingMonth,
        /// What it found.
        summary: RunSummary,
        /// The share of the revenue that was compared, and the totals, for people.
        #[serde(skip)]
        overview: String,
        /// Where the files are, for people.
        place: String,
        /// The mails.
        mails: Vec<MailOutcome>,
    },
    /// Another worker reports the month.
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
    let lease_name = Run::lease_name(month, run.manifest.closing.is_some());
    let job = JobContext { env, deadline };
    let outcome = job
        .exclusively(&lease_name, async |lease| {
            // Another worker may have moved it before the lease was ours.
            let mut run = find(env, month, Some(&run.run_id)).await?;
            write_and_mail(env, &config.settings, &mut run, mailing, lease).await
        })
        .await?;
    Ok(match outcome {
        JobOutcome::Done(answer) => answer,
        JobOutcome::Busy => ReportAnswer::Busy { month },
    })
}

async fn find(env: &Environment, month: BillingMonth, run_id: Option<&str>) -> Result<Run, AppError> {
    let store = &env.store;
    let wanted = match run_id {
        Some(run_id) => Some(run_id.to_owned()),
        None => Closing::current_run_id(store, month).await?,
    };
    let found = match &wanted {
        Some(run_id) => Run::load(store, month, run_id).await?,
        None => Run::list(store, month).await?.into_iter().max_by_key(Run::asked_at),
    };
    found.ok_or_else(|| {
        let what = wanted.map_or_else(|| "has no run".to_owned(), |run_id| format!("has no run `{run_id}`"));
        AppError::Refused(format!(
            "{month} {what}; `truecount runs list` shows the runs, `truecount reconcile` makes one"
        ))
    })
}

async fn write_and_mail(
    env: &Environment,
    settings: &Settings,
    run: &mut Run,
    mailing: MailPolicy,
    lease: &Lease,
) -> Result<ReportAnswer, AppError> {
    restore_outcome(env, run).await?;
    let stored = outcome_of(env, run).await?;
    let frozen = FrozenRun::open(run.folder(&env.store)).await?;
    let header = header_of_frozen(&frozen).await?;
    let sheets = write_client_sheets(env, run, &frozen, (&stored, &header)).await?;
    env.progress.step("writing the report");
    let history = match &run.history {
        Some(_) => run.folder(&env.store).read_file(HISTORY_FILE).await?,
        None => None,
    };
    let history = history.map(|bytes| InputRef::of(HISTORY_FILE, &bytes));
    let made = report_files(&stored, history, &header, sheets)?;
    write_files(env, run, &made).await?;
    let ReportFiles { report, files, .. } = made;
    if run.state < RunState::Reported {
        run.state = RunState::Reported;
        run.save(&env.store, lease.fence()).await?;
    }
    let mails = if mailing.wants_mail(run) {
        let whole = ReportedRun { stored: &stored, report: &report, files: &files };
        let sent = send_run_mails(env, settings, run, &whole).await;
        note_mails(env, run, &sent, lease).await?;
        sent.into_iter().collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    let summary = run.summary.clone().unwrap_or_default();
    let (run_id, month) = (run.run_id.clone(), run.manifest.month);
    let overview = run_overview(&report);
    Ok(ReportAnswer::Reported { run_id, month, summary, overview, place: header.archive_place.clone(), mails })
}

/// Notes whether a run is mailed, and why not.
async fn note_mails(
    env: &Environment,
    run: &mut Run,
    sent: &[Result<MailOutcome, AppError>],
    lease: &Lease,
) -> Result<(), AppError> {
    let is_mailed = run.is_mailed || sent.iter().all(is_final);
    let why: Vec<_> = sent.iter().filter_map(|one| one.as_ref().err()).map(ToString::to_string).collect();
    if (run.is_mailed, &run.unsent_because) != (is_mailed, &why) {
        (run.is_mailed, run.unsent_because) = (is_mailed, why);
        run.save(&env.store, lease.fence()).await?;
    }
    Ok(())
}

/// What a report is made of but its client sheets.
pub(crate) struct ReportFiles<'h> {
    pub(crate) report: RunReport<'h>,
    /// `lines.csv` and `report.html`, which may be large.
    pub(crate) large: [(&'static str, TemporaryFile); 2],
    /// The others; the last of them is `manifest.json`.
    pub(crate) files: Vec<ReportFile>,
}

/// Makes the files of a report but its client sheets, which `manifest.json` names too.
pub(crate) fn report_files<'h>(
    stored: &StoredOutcome,
    history: Option<InputRef>,
    header: &'h RunHeader,
    mut further: Vec<InputRef>,
) -> Result<ReportFiles<'h>, AppError> {
    let mut lines = TemporaryFileWriter::create().map_err(AppError::Temporary)?;
    let report = report_from(stored, header, &mut lines)?;
    let lines = lines.finish().map_err(AppError::Temporary)?;
    let mut files = truecount_reports::files(&report)?;
    let (book, page) = files_with_clients(&report, stored.lines())?;
    files.push(book);
    let large = [(LINES_CSV, lines), (REPORT_HTML, page)];
    further.extend(large.iter().map(|(name, file)| InputRef {
        name: (*name).to_owned(),
        sha256: file.sha256().to_owned(),
        bytes: file.bytes(),
    }));
    // They are stored already.
    further.push(InputRef::of(OUTCOMES_FILE, stored.bytes()));
    further.extend(history);
    let manifest = truecount_reports::manifest(header, &files, further)?;
    files.push(manifest);
    Ok(ReportFiles { report, large, files })
}

/// The workbook and the page: what they show is known when all clients are, so that these come once more.
fn files_with_clients(
    report: &RunReport<'_>,
    lines: impl Iterator<Item = Result<OutcomeLine, StoreError>>,
) -> Result<(ReportFile, TemporaryFile), AppError> {
    let page = TemporaryFileWriter::create().map_err(AppError::Temporary)?;
    let (mut book, mut page) = (ReportWorkbook::begin(report)?, ReportPage::begin(report, page)?);
    for line in lines {
        if let OutcomeLine::Client(client) = line? {
            book.client(&client)?;
            page.client(&client)?;
        }
    }
    Ok((book.finish()?, page.finish()?.finish().map_err(AppError::Temporary)?))
}

/// The share of the recurring revenue that was compared, then the totals.
pub(super) fn overview(portfolio: &PortfolioRecord) -> String {
    let mut lines = revenue_compared(portfolio);
    lines.push(totals_text(portfolio));
    lines.join("\n")
}

fn report_from<'h>(
    stored: &StoredOutcome,
    header: &'h RunHeader,
    lines_csv: impl io::Write,
) -> Result<RunReport<'h>, AppError> {
    let mut builder = RunReportBuilder::begin(header, lines_csv);
    for line in stored.lines() {
        builder.line(line?)?;
    }
    Ok(builder.finish()?)
}

/// What a run found, for people: everything but its lines.
///
/// # Errors
/// [`AppError`] if the run is not reconciled, or its outcome does not read back.
pub async fn run_report<'h>(env: &Environment, run: &Run, header: &'h RunHeader) -> Result<RunReport<'h>, AppError> {
    report_from(&outcome_of(env, run).await?, header, io::sink())
}

/// Whether no later report would send this mail: it was sent, or given up.
fn is_final(sent: &Result<MailOutcome, AppError>) -> bool {
    matches!(sent, Ok(_) | Err(AppError::MailGivenUp(_)))
}

impl MailPolicy {
    fn wants_mail(self, run: &Run) -> bool {
        match self {
            Self::Usual => run.manifest.closing.is_some(),
            Self::Always => true,
            Self::Off => false,
        }
    }
}

async fn write_files(env: &Environment, run: &Run, made: &ReportFiles<'_>) -> Result<(), StoreError> {
    let folder = run.folder(&env.store);
    // What was handed out stands, also where another version would write it differently.
    let is_handed_out = run.state == RunState::Reported;
    for (name, file) in &made.large {
        match is_handed_out {
            true => folder.restore_temporary(name, file).await?,
            false => folder.write_temporary(name, file).await?,
        }
    }
    for file in &made.files {
        match is_handed_out {
            true => folder.restore_file(file.name, &file.bytes).await?,
            false => folder.write_file(file.name, &file.bytes).await?,
        }
    }
    Ok(())
}

/// What a report says about its run.
///
/// # Errors
/// [`AppError`] if the inputs cannot be read.
pub async fn header_of(env: &Environment, run: &Run) -> Result<RunHeader, AppError> {
    header_of_frozen(&FrozenRun::open(run.folder(&env.store)).await?).await
}

/// Who looks after which clients, and what needs approval, as the run has it.
///
/// # Errors
/// [`AppError`] if its settings cannot be read.
pub async fn oversight_of(env: &Environment, run: &Run) -> Result<Oversight, AppError> {
    frozen_oversight(&FrozenRun::open(run.folder(&env.store)).await?).await
}

async fn header_of_frozen(frozen: &FrozenRun) -> Result<RunHeader, AppError> {
    let mut inputs = Vec::new();
    for name in frozen.input_names() {
        let bytes = frozen.stored_input(&name).await?;
        inputs.push(InputRef::of(&name, &bytes));
    }
    Ok(header(frozen.folder(), &frozen.manifest, inputs, frozen_oversight(frozen).await?))
}

/// What the report of a run says about it that reads these inputs.
pub(crate) fn header(
    folder: &RunFolder,
    manifest: &RunManifest,
    inputs: Vec<InputRef>,
    oversight: Oversight,
) -> RunHeader {
    RunHeader {
        run_id: folder.run_id().to_owned(),
        month: manifest.month,
        closing: manifest.closing,
        count_day: manifest.count_day,
        created_at: manifest.created_at,
        inputs,
        archive_place: folder.location(),
        replaces: manifest.replaces.clone(),
        missed: manifest.missed.clone(),
        oversight,
        is_incomplete: manifest.is_incomplete,
    }
}

#[cfg(test)]
mod tests;
