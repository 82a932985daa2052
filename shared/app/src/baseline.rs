//! Accepting the baseline: from then on the exceptions of a closing run are the list that the MSP starts from, and the totals
//! are shown.

use truecount_billing::BillingMonth;
use truecount_reports::open_exceptions;
use truecount_store::{BaselineRecord, CreateOutcome, Run, Store};

use crate::jobs::report::{header_of, run_report};
use crate::schedule::closing_run;
use crate::{AppError, Config, Environment};

/// Characters of a note.
const NOTE_MAX: usize = 1_000;

/// What somebody accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaselineRequest {
    /// The closing run; `None`: the newest.
    pub run_id: Option<String>,
    /// Who accepts it.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
}

/// The baseline that counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedNow {
    /// What was accepted.
    pub record: BaselineRecord,
    /// Whether that was so before, and nothing has changed.
    pub already: bool,
    /// The one that counted before; `None`: none did.
    pub before: Option<BaselineRecord>,
}

/// Accepts the exceptions of a closing run as the starting point.
///
/// # Errors
/// [`AppError::Refused`] if there is no such closing run, or it has compared nothing.
pub async fn accept_baseline(
    env: &Environment,
    config: &Config,
    request: &BaselineRequest,
) -> Result<AcceptedNow, AppError> {
    let note = request.note.trim();
    if note.chars().count() > NOTE_MAX {
        return Err(AppError::Refused(format!("the note is longer than {NOTE_MAX} characters")));
    }
    let run = match &request.run_id {
        Some(run_id) => closing_named(&env.store, run_id).await?,
        None => newest_closing(&env.store).await?,
    };
    let header = header_of(env, &run).await?;
    let report = run_report(env, &run, &header).await?;
    if !report.portfolio.has_compared() {
        let run_id = &run.run_id;
        return Err(AppError::Refused(format!(
            "run `{run_id}` has compared nothing: there is nothing to start from; `truecount runs show {run_id}` says why"
        )));
    }
    let before = BaselineRecord::current(&env.store).await?;
    let record = BaselineRecord {
        number: 0,
        month: run.manifest.month,
        run_id: run.run_id,
        exceptions: open_exceptions(&report),
        actor: request.actor.clone(),
        note: note.to_owned(),
        accepted_on: config.settings.today(env),
        accepted_at: env.clock.now(),
    };
    let (outcome, record) = record.append(&env.store).await?;
    let already = outcome == CreateOutcome::AlreadyExists;
    Ok(AcceptedNow { record, already, before: before.filter(|_| !already) })
}

/// The closing run of the newest month that has one of which more than totals are kept.
async fn newest_closing(store: &Store) -> Result<Run, AppError> {
    for month in Run::months(store).await?.into_iter().rev() {
        if let Some(run) = closing_run(store, month).await?.filter(|run| run.outcome_sha256.is_some()) {
            return Ok(run);
        }
    }
    Err(AppError::Refused(
        "no month was closed yet: the baseline is the list of a closing run, which `truecount run --closing` makes"
            .to_owned(),
    ))
}

/// The run of this id, if it is the closing run of its month.
async fn closing_named(store: &Store, run_id: &str) -> Result<Run, AppError> {
    let month: Option<BillingMonth> = run_id.get(..7).and_then(|month| month.parse().ok());
    let run = match month {
        Some(month) => Run::load(store, month, run_id).await?,
        None => None,
    };
    let unknown = || AppError::Refused(format!("there is no run `{run_id}`: `truecount runs list` shows all runs"));
    let run = run.ok_or_else(unknown)?;
    let month = run.manifest.month;
    match closing_run(store, month).await? {
        Some(closing) if closing.run_id == run_id => Ok(run),
        Some(closing) if run.manifest.closing.is_some() => Err(AppError::Refused(format!(
            "run `{run_id}` was replaced: the closing run of {month} is `{}`",
            closing.run_id
        ))),
        _ => Err(AppError::Refused(format!(
            "run `{run_id}` is a draft: only the list of a closing run can be accepted, which `truecount run --closing` makes"
        ))),
    }
}

#[cfg(test)]
mod tests;
