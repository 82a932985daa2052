//! Runs a job under its lease: acquires it, hands its fence to the work, releases it whatever the work comes to.

use truecount_store::{Lease, LeaseOutcome};

use crate::{AppError, Deadline, Environment};

/// What every job is given.
pub(super) struct JobContext<'a> {
    pub(super) env: &'a Environment,
    pub(super) deadline: Deadline,
}

/// How a job ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JobOutcome<T> {
    /// It ran.
    Done(T),
    /// Another worker runs it now.
    Busy,
}

impl JobContext<'_> {
    /// Runs `work` as the only worker under this name until the deadline.
    ///
    /// # Errors
    /// What `work` answers; [`AppError::Store`] if the lease cannot be acquired or released.
    pub(super) async fn exclusively<T>(
        &self,
        lease_name: &str,
        work: impl AsyncFnOnce(&Lease) -> Result<T, AppError>,
    ) -> Result<JobOutcome<T>, AppError> {
        let store = &self.env.store;
        let LeaseOutcome::Held(lease) = Lease::acquire(store, lease_name, self.deadline.at).await? else {
            return Ok(JobOutcome::Busy);
        };
        let worked = work(&lease).await;
        let released = lease.release(store).await;
        // What went wrong with the work explains more than what went wrong afterwards.
        let worked = worked?;
        released?;
        Ok(JobOutcome::Done(worked))
    }
}
