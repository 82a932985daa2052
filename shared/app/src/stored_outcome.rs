//! The outcome of a run as the reconcile stored it, or how to get it again.

use truecount_store::{Corruption, Run, RunState, StoreError, StoredOutcome};

use crate::{AppError, Environment};

/// The outcome as the reconcile stored it.
///
/// # Errors
/// [`AppError`] if the run is not reconciled, or it is not what was stored.
pub async fn outcome_of(env: &Environment, run: &Run) -> Result<StoredOutcome, AppError> {
    let Some(expected) = &run.outcome_sha256 else {
        let (run_id, month) = (&run.run_id, run.manifest.month);
        return Err(AppError::Refused(if run.state == RunState::Reported {
            format!("of run `{run_id}` only the totals are kept: {month} is from before the first run here")
        } else {
            format!("run `{run_id}` is not reconciled yet; `truecount reconcile --month {month}` continues it")
        }));
    };
    run.folder(&env.store).outcome(expected).await.map_err(|error| lost(error, run))
}

/// A file of a reconciled run that cannot be read, with what makes it again.
pub(crate) fn lost(error: StoreError, run: &Run) -> AppError {
    let again = format!("truecount report --month {} --run {} --no-mail", run.manifest.month, run.run_id);
    match error {
        StoreError::Corrupt { location, source: Corruption::Missing } => {
            AppError::LostOutcome(format!("`{location}` is missing; `{again}` makes it again from the run's inputs"))
        }
        StoreError::Corrupt { location, source: Corruption::Hash } => AppError::LostOutcome(format!(
            "`{location}` is not what the run stored; move it away, then `{again}` makes it again from the run's inputs"
        )),
        error => error.into(),
    }
}
