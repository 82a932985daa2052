//! Months from before there was a run here: their totals only, for questions about the past.

use truecount_billing::{BillingMonth, CountDay};
use truecount_platform::{CreateOutcome, Row};

use crate::run::{Closing, Run, RunManifest, RunState, RunSummary};
use crate::{AppError, Environment, keys, start_of};

/// Records what an earlier month's closing found. A month that has one already is left alone.
///
/// # Errors
/// [`AppError`] if it cannot be written.
pub async fn seed_month(
    env: &Environment,
    month: BillingMonth,
    summary: RunSummary,
) -> Result<CreateOutcome, AppError> {
    if !Closing::of_month(&env.table, month).await?.is_empty() {
        return Ok(CreateOutcome::AlreadyExists);
    }
    let count_day = CountDay(month.last_day());
    let created_at = start_of(count_day.0).unwrap_or_else(|| env.clock.now());
    let manifest = RunManifest {
        month,
        count_day,
        closing: Some(1),
        replaces: None,
        missed: Vec::new(),
        created_at,
        sources: Vec::new(),
        decisions_sha256: String::new(),
        rules_sha256: String::new(),
        settings_sha256: String::new(),
        inbox_sha256: None,
    };
    let run_id = format!("{month}-c1-earlier");
    let run = Run {
        run_id,
        manifest,
        state: RunState::Reported,
        is_mailed: true,
        summary: Some(summary),
        reconciliation_sha256: None,
    };
    run.save(&env.table, 0).await?;
    env.table.put_new(Row::new(keys::MONTHS, month.to_string())).await?;
    Closing { number: 1, claimed_at: created_at, replaces: None, run_id: Some(run.run_id.clone()) }
        .record(&env.table, month)
        .await
}
