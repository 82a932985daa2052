//! Why a sync stops before it is done: the source cannot be read, the time is over, or our own side fails.

use truecount_billing::Remedy;
use truecount_store::StoreError;

use crate::AppError;

/// Why a source could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncFailure {
    /// In words, for a person.
    pub reason: String,
    /// What helps.
    pub remedy: Remedy,
}

impl SyncFailure {
    pub(super) fn new(reason: impl ToString, remedy: Remedy) -> Self {
        Self { reason: reason.to_string(), remedy }
    }

    pub(super) fn fix_configuration(reason: impl ToString) -> Self {
        Self::new(reason, Remedy::FixConfiguration)
    }
}

/// Why a step of a sync is the last one of this call.
#[derive(Debug)]
pub(super) enum Stop {
    /// The source cannot be read: an answer.
    Failed(SyncFailure),
    /// The next call continues: an answer.
    OutOfTime,
    /// Our own side fails: no answer.
    Error(AppError),
}

impl From<SyncFailure> for Stop {
    fn from(failure: SyncFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Error(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}
