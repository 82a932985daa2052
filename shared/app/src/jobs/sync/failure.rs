//! Why a sync stops before it is done: the source cannot be read, the time is over, or our own side fails.

use truecount_billing::{ReadReason, RefusedFile, Remedy, StreamReceipt};
use truecount_store::StoreError;

use crate::AppError;

/// Why a source could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncFailure {
    /// In words, for a person.
    pub reason: ReadReason,
    /// What helps.
    pub remedy: Remedy,
}

impl SyncFailure {
    /// The connector does not exist, or refuses its settings or secret.
    pub(super) fn cannot_build(error: impl ToString) -> Self {
        Self { reason: ReadReason::CannotBuild { detail: error.to_string() }, remedy: Remedy::FixConfiguration }
    }

    /// Whether another file was put in place of one that was read in part.
    pub(super) fn is_of_replaced_file(&self) -> bool {
        matches!(self.reason, ReadReason::FileReplaced { .. })
    }

    /// There is no file that can be read.
    pub(super) fn no_file(error: impl ToString) -> Self {
        Self { reason: ReadReason::NoUsableFile { detail: error.to_string() }, remedy: Remedy::FixConfiguration }
    }

    /// Files that were dropped cannot be read as they are.
    pub(super) fn refused(files: Vec<RefusedFile>) -> Self {
        Self {
            reason: ReadReason::FilesRefused { files: RefusedFile::shortened(files) },
            remedy: Remedy::FixConfiguration,
        }
    }

    /// Rows that are neither used nor left out: a fault of ours, and no count is better than one without them.
    pub(super) fn rows_unaccounted(stream: &str, receipt: &StreamReceipt) -> Self {
        let accounted = receipt.used + receipt.looked_up + receipt.left_out.values().sum::<u64>();
        let reason = ReadReason::RowsUnaccounted { stream: stream.to_owned(), rows: receipt.rows, accounted };
        Self { reason, remedy: Remedy::FixConfiguration }
    }

    /// The answer has another shape than the vendor documents.
    pub(super) fn unexpected_answer(error: impl ToString) -> Self {
        Self { reason: ReadReason::UnexpectedAnswer { detail: error.to_string() }, remedy: Remedy::FixConfiguration }
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
