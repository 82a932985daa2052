//! Reconcile a month: claim it, freeze what it is based on, compare, store the outcome.
//!
//! Nothing is mailed and no report is written here.

mod base;
mod freeze;
mod frozen;

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{BillingMonth, CountDay, Side, SourceId};
use truecount_reconciliation::OutcomeLine;
use truecount_store::{
    Closing, FrozenRun, HISTORY_FILE, Lease, LeftHistory, Run, RunState, RunSummary, SETTINGS_FILE, SyncStatus,
    sha256_hex,
};

use super::daily::{is_compared, unread_now};
use super::report::overview;
use super::runner::{JobContext, JobOutcome};
use crate::stored_outcome::outcome_of;
use crate::{AppError, Calendar, Config, Deadline, Environment};

pub(crate) use freeze::{failure_of, freeze_sources};
pub(crate) use frozen::{ComparedRun, compare_run, restore_outcome};

/// A clock that is off by more seconds closes no month.
const CLOCK_OFF_SECONDS_MAX: i64 = 3_600;

/// Which run is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKind {
    /// Any time, as often as one likes; no mail unless asked.
    Draft,
    /// The run that counts for the month.
    Closing {
        /// The closing run that it replaces.
        replace: Option<String>,
        /// Whether the month may be closed before its closing day.
        early: bool,
        /// Whether the month may be closed with what there is, though its sources were not all read.
        incomplete: bool,
    },
}

impl RunKind {
    fn is_closing(&self) -> bool {
        matches!(self, Self::Closing { .. })
    }
}

/// What a reconcile answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReconcileAnswer {
    /// The outcome is stored.
    Reconciled {
        /// The run.
        run_id: String,
        /// Its month.
        month: BillingMonth,
        /// What it found.
        summary: RunSummary,
        /// The share of the revenue that was compared, and the totals, for people.
        #[serde(skip)]
        overview: String,
        /// Whether an earlier call had done it already.
        already: bool,
    },
    /// Another worker reconciles the month.
    Busy {
        /// The month.
        month: BillingMonth,
    },
}

/// One reconcile under its lease.
struct MonthReconcile<'a> {
    env: &'a Environment,
    config: &'a Config,
    month: BillingMonth,
    count_day: CountDay,
    /// Of a closing: whether something that it waits for was not read.
    is_incomplete: bool,
    lease: &'a Lease,
}

/// Reconciles a month. `None`: a draft is of the current month, a closing run of the newest whose closing day has come.
///
/// # Errors
/// [`AppError`] if the run could not be made; what is not known about a source is not an error but in the report.
pub async fn reconcile(
    env: &Environment,
    config: &Config,
    month: Option<BillingMonth>,
    kind: &RunKind,
    deadline: Deadline,
) -> Result<ReconcileAnswer, AppError> {
    let (month, count_day) = month_and_count_day(month, kind, &config.settings.closing, config.settings.today(env))?;
    if kind.is_closing() {
        require_right_clock(env, config).await?;
    }
    let lease_name = Run::lease_name(month, kind.is_closing());
    let job = JobContext { env, deadline };
    let outcome = job
        .exclusively(&lease_name, async |lease| {
            // Asked once nobody else can close the month any more.
            let is_incomplete = is_incomplete(env, config, month, kind).await?;
            let reconcile = MonthReconcile { env, config, month, count_day, is_incomplete, lease };
            // Each on the heap: together they would not fit on the stack of a thread.
            let run = Box::pin(reconcile.frozen_run(kind)).await?;
            Box::pin(reconcile.compare_and_store(run)).await
        })
        .await?;
    Ok(match outcome {
        JobOutcome::Done(answer) => answer,
        JobOutcome::Busy => ReconcileAnswer::Busy { month },
    })
}

/// The month and its count day: today within the current month, else the month's last day.
fn month_and_count_day(
    month: Option<BillingMonth>,
    kind: &RunKind,
    calendar: &Calendar,
    today: Date,
) -> Result<(BillingMonth, CountDay), AppError> {
    let current = BillingMonth::of(today);
    let usual = if kind.is_closing() { calendar.newest_by(today) } else { current };
    let month = month.unwrap_or(usual);
    if month > current {
        return Err(AppError::Refused(format!("{month} has not begun yet; today is {today}")));
    }
    let closing_day = calendar.closing_day(month);
    if matches!(kind, RunKind::Closing { early: false, .. }) && today < closing_day {
        let ask = format!(
            "the closing day of {month} is {closing_day}, and today is {today}: what is used until then would never be \
             compared. To close it now all the same, ask for it"
        );
        return Err(AppError::NotYet { ask, option: "early" });
    }
    Ok((month, CountDay(month.last_day().min(today))))
}

/// A closing by a clock that is wrong takes the wrong day, if not the wrong month, for good. One vendor's clock may be
/// wrong itself: all that told theirs must differ.
async fn require_right_clock(env: &Environment, config: &Config) -> Result<(), AppError> {
    let mut nearest: Option<(SourceId, i64)> = None;
    for source in config.settings.enabled() {
        let status = SyncStatus::last(&env.store, &source.id).await?;
        let Some(ahead) = status.and_then(|status| status.vendor_ahead_seconds) else { continue };
        if nearest.as_ref().is_none_or(|(_, known)| ahead.abs() < known.abs()) {
            nearest = Some((source.id.clone(), ahead));
        }
    }
    match nearest {
        Some((source, ahead)) if ahead.abs() > CLOCK_OFF_SECONDS_MAX => {
            let (minutes, direction) = (ahead.abs() / 60, if ahead > 0 { "behind" } else { "ahead of" });
            Err(AppError::Refused(format!(
                "this machine's clock is {minutes} minutes {direction} that of `{source}`: set it from the network \
                 (NTP), then `truecount sync`, and close the month again"
            )))
        }
        _ => Ok(()),
    }
}

/// Whether something was not read that a closing waits for. Until its latest day it is refused then, unless it is asked
/// for.
async fn is_incomplete(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    kind: &RunKind,
) -> Result<bool, AppError> {
    let RunKind::Closing { replace, incomplete, .. } = kind else { return Ok(false) };
    let calendar = &config.settings.closing;
    // What replaces a closing is read anew.
    if replace.is_none() && is_compared(env, month).await? {
        return Ok(false);
    }
    let Some(unread) = unread_now(env, config, month).await? else { return Ok(false) };
    let latest_day = calendar.latest_day(month);
    if *incomplete || replace.is_some() || config.settings.today(env) >= latest_day {
        return Ok(true);
    }
    let ask = format!(
        "{month} is not ready to be closed: {}. Once that is read, the daily run closes it; on {latest_day} at the latest. \
         To close it now with what there is, ask for it",
        unread.missing(calendar.ready_percent()).unwrap_or_default()
    );
    Err(AppError::NotYet { ask, option: "incomplete" })
}

impl MonthReconcile<'_> {
    /// The run to work on, with its inputs frozen: now, or by an earlier call.
    async fn frozen_run(&self, kind: &RunKind) -> Result<Run, AppError> {
        match kind {
            RunKind::Draft => {
                exactly_one_psa(self.config)?;
                let of = (self.month, self.count_day);
                freeze::freeze_inputs(self.env, self.config, of, None, self.lease).await
            }
            RunKind::Closing { replace, .. } => self.frozen_closing(replace.as_deref()).await,
        }
    }

    async fn frozen_closing(&self, replace: Option<&str>) -> Result<Run, AppError> {
        let (store, month) = (&self.env.store, self.month);
        let last = Closing::list(store, month).await?.pop();
        let is_closed = last.is_some_and(|last| last.run_id.is_some());
        if !is_closed || replace.is_some() {
            exactly_one_psa(self.config)?;
        }
        let mut closing = Closing::claim(store, month, replace, self.env.clock.now()).await?;
        if let Some(run_id) = &closing.run_id
            && let Some(run) = Run::load(store, month, run_id).await?
            && run.state >= RunState::Reconciled
        {
            return Ok(run);
        }
        // Nothing of an attempt that failed was mailed: what was mended since counts. Without a change it is the same run.
        exactly_one_psa(self.config)?;
        let of = freeze::ClosingToFreeze { closing: &closing, is_incomplete: self.is_incomplete };
        let days = (month, self.count_day);
        let run = freeze::freeze_inputs(self.env, self.config, days, Some(of), self.lease).await?;
        if closing.run_id.as_ref() != Some(&run.run_id) {
            closing.set_run(store, &run.run_id, self.lease.fence()).await?;
        }
        Ok(run)
    }

    /// Compares and stores the outcome, unless that is done.
    async fn compare_and_store(&self, mut run: Run) -> Result<ReconcileAnswer, AppError> {
        let (env, month) = (self.env, self.month);
        if let (true, Some(summary)) = (run.state >= RunState::Reconciled, &run.summary) {
            restore_outcome(env, &run).await?;
            let (summary, overview) = (summary.clone(), overview_of(env, &run).await?);
            return Ok(ReconcileAnswer::Reconciled { run_id: run.run_id, month, summary, overview, already: true });
        }
        let frozen = FrozenRun::open(run.folder(&env.store)).await?;
        let ComparedRun { outcome, portfolio, readings, history } = compare_run(&frozen, &*env.progress).await?;
        let summary = RunSummary::of(&portfolio, &readings);
        if let Some((bytes, next_number)) = history {
            frozen.folder().write_file(HISTORY_FILE, &bytes).await?;
            run.history = Some(LeftHistory { sha256: sha256_hex(&bytes), next_number });
        }
        run.outcome_sha256 = Some(outcome.write(frozen.folder()).await?);
        run.summary = Some(summary.clone());
        run.state = RunState::Reconciled;
        run.save(&env.store, self.lease.fence()).await?;
        let overview = overview(&portfolio);
        Ok(ReconcileAnswer::Reconciled { run_id: run.run_id, month, summary, overview, already: false })
    }
}

/// What the first line of a stored outcome says.
async fn overview_of(env: &Environment, run: &Run) -> Result<String, AppError> {
    let stored = outcome_of(env, run).await?;
    match stored.lines().next().transpose()? {
        Some(OutcomeLine::Portfolio(portfolio)) => Ok(overview(&portfolio)),
        _ => Ok(String::new()),
    }
}

/// A run compares what one PSA bills. None, or two, is a mistake in the settings and no result.
fn exactly_one_psa(config: &Config) -> Result<(), AppError> {
    let psas = config.settings.enabled().filter(|source| source.side() == Side::Agreed);
    let psas: Vec<_> = psas.map(|source| format!("`{}`", source.id)).collect();
    let found = match psas.as_slice() {
        [_] => return Ok(()),
        [] => "no enabled source gives billed lines".to_owned(),
        many => format!("{} enabled sources give billed lines ({})", many.len(), many.join(", ")),
    };
    let why = format!("{found}; a run compares exactly one PSA with its usage: enable the right one");
    Err(AppError::Settings { file: SETTINGS_FILE.to_owned(), why })
}

#[cfg(test)]
mod tests;
