//! Months from before there was a run here: their totals only, for questions about the past.

use truecount_billing::{BillingMonth, CountDay, start_of_day};
use truecount_store::{Closing, CreateOutcome, Fence, Run, RunManifest, RunState, RunSummary};

use crate::{AppError, Environment};

/// The id of a month's run from before there was one here.
#[must_use]
pub fn seeded_run_id(month: BillingMonth) -> String {
    format!("{month}-c1-earlier")
}

/// Records what an earlier month's closing found. A month that has one already is left alone.
///
/// # Errors
/// [`AppError`] if it cannot be written.
pub async fn seed_month(
    env: &Environment,
    month: BillingMonth,
    summary: RunSummary,
) -> Result<CreateOutcome, AppError> {
    if !Closing::list(&env.store, month).await?.is_empty() {
        return Ok(CreateOutcome::AlreadyExists);
    }
    let count_day = CountDay(month.last_day());
    let created_at = start_of_day(count_day.0).unwrap_or_else(|| env.clock.now());
    let manifest = RunManifest {
        month,
        count_day,
        next_closing: month.next().last_day(),
        closing: Some(1),
        replaces: None,
        missed: Vec::new(),
        is_incomplete: false,
        created_at,
        sources: Vec::new(),
        mappings_sha256: String::new(),
        nones_sha256: String::new(),
        actions_sha256: None,
        words_sha256: String::new(),
        rules_sha256: String::new(),
        settings_sha256: String::new(),
        inbox_sha256: None,
        history: None,
        baseline: None,
    };
    let run_id = seeded_run_id(month);
    let run = Run {
        run_id,
        manifest,
        state: RunState::Reported,
        is_mailed: true,
        unsent_because: Vec::new(),
        summary: Some(summary),
        outcome_sha256: None,
        asked_again_at: None,
        history: None,
    };
    run.create(&env.store, Fence::NONE).await?;
    let run_id = Some(run.run_id);
    Ok(Closing { month, number: 1, claimed_at: created_at, replaces: None, run_id }.create(&env.store).await?)
}
