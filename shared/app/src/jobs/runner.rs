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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use truecount_embedded::{Durability, LocalBackend};
    use truecount_platform::SystemClock;

    use super::*;

    async fn with_job<T>(test: impl AsyncFnOnce(&JobContext<'_>) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let env = Environment::shared(backend.ports(), Arc::new(SystemClock));
        test(&JobContext { env: &env, deadline: Deadline::in_seconds(60) }).await
    }

    #[tokio::test]
    async fn a_job_runs_alone_and_the_next_one_has_a_newer_lease() {
        with_job(async |job| {
            let outer = job
                .exclusively("psa", async |lease| {
                    let inner = job.exclusively("psa", async |_| Ok(())).await?;
                    assert_eq!(inner, JobOutcome::Busy, "another worker waits");
                    let other = job.exclusively("rmm", async |_| Ok(())).await?;
                    assert_eq!(other, JobOutcome::Done(()), "another name is another job");
                    Ok(lease.number())
                })
                .await;
            assert_eq!(outer.unwrap(), JobOutcome::Done(1));
            let next = job.exclusively("psa", async |lease| Ok(lease.number())).await;
            assert_eq!(next.unwrap(), JobOutcome::Done(2));
        })
        .await;
    }

    #[tokio::test]
    async fn work_that_fails_gives_its_lease_back() {
        with_job(async |job| {
            let failed = job.exclusively("psa", async |_| Err::<(), _>(AppError::Refused("no".to_owned()))).await;
            assert_eq!(failed.unwrap_err().to_string(), "no");
            let next = job.exclusively("psa", async |_| Ok(())).await;
            assert_eq!(next.unwrap(), JobOutcome::Done(()));
        })
        .await;
    }
}
