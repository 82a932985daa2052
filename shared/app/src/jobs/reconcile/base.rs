//! The history that a run goes on from: that of the last closing of an earlier month, with the numbers that a closing of
//! this month has given out.

use truecount_billing::BillingMonth;
use truecount_reconciliation::{HistoryJoin, PastClosing, base_of_history};
use truecount_store::{Closing, FrozenHistory, HistoryLines, HistoryWriter, LeftHistory, Run, RunState, sha256_hex};

use crate::stored_outcome::lost;
use crate::{AppError, Environment};

/// A closing run with the history that it left.
struct ClosedRun {
    run: Run,
    left: LeftHistory,
}

/// What a run of this month goes on from, as it is frozen; `None`: no closing has left anything yet. `rules_sha256`: of the
/// rules in force.
pub(super) async fn base(
    env: &Environment,
    month: BillingMonth,
    rules_sha256: &str,
) -> Result<Option<(FrozenHistory, Vec<u8>)>, AppError> {
    let (closings, runs) = closed_runs(env).await?;
    if closings.is_empty() {
        return Ok(None);
    }
    let base = base_of_history(&closings, month);
    let before = lines(env, base.before.map(|at| &runs[at])).await?;
    let same_month = lines(env, base.same_month.map(|at| &runs[at])).await?;
    let mut writer = HistoryWriter::default();
    for client in HistoryJoin::new(before, same_month, month) {
        writer.push(&client?)?;
    }
    let bytes = writer.into_bytes()?;
    let last_closing = base.before.map(|at| closings[at].month);
    let is_by_same_rules = base.before.is_some_and(|at| runs[at].run.manifest.rules_sha256 == rules_sha256);
    let (sha256, next_number) = (sha256_hex(&bytes), base.next_number);
    let frozen = FrozenHistory { sha256, next_number, last_closing, is_by_same_rules };
    Ok(Some((frozen, bytes)))
}

/// Every closing run that has left a history.
async fn closed_runs(env: &Environment) -> Result<(Vec<PastClosing>, Vec<ClosedRun>), AppError> {
    let (mut closings, mut runs) = (Vec::new(), Vec::new());
    for month in Run::months(&env.store).await? {
        for closing in Closing::list(&env.store, month).await? {
            let Some(run_id) = &closing.run_id else { continue };
            let Some(run) = Run::load(&env.store, month, run_id).await? else { continue };
            let Some(left) = run.history.clone().filter(|_| run.state >= RunState::Reconciled) else { continue };
            closings.push(PastClosing { month, closing: closing.number, next_number: left.next_number });
            runs.push(ClosedRun { run, left });
        }
    }
    Ok((closings, runs))
}

async fn lines(env: &Environment, closed: Option<&ClosedRun>) -> Result<HistoryLines, AppError> {
    let Some(ClosedRun { run, left }) = closed else { return Ok(HistoryLines::none()) };
    run.folder(&env.store).history(left).await.map_err(|error| lost(error, run))
}

#[cfg(test)]
mod tests;
