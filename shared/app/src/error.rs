//! Why a use case could not answer. A difference is never one of these.

use truecount_platform::{ArchiveError, SecretError, TableError};

/// Why a use case stopped.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A credential.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A settings or rules file.
    #[error("{file}: {why}")]
    Settings {
        /// Which file.
        file: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The rules file.
    #[error(transparent)]
    Rules(#[from] truecount_reconciliation::RulesError),
    /// A word in a command or event names nothing.
    #[error("{0}")]
    Unknown(String),
    /// Something that was stored does not read as it was written.
    #[error("`{place}` does not read as it was written ({why}); restore it from a backup or run the sync again")]
    Damaged {
        /// The row or object.
        place: String,
        /// What was found.
        why: String,
    },
    /// A file of a run is there, and it says something else: it was changed, or another version wrote it.
    #[error(
        "`{0}` is there already with other content and was left as it is; move it away and try again, or make a new run (for a closed month: `--closing --replace RUN`)"
    )]
    Taken(String),
    /// A newer worker has taken over; nothing was written.
    #[error("{0} was taken over by a newer worker; this one stops")]
    Fenced(String),
    /// The reconciliation's own arithmetic.
    #[error(transparent)]
    Reconcile(#[from] truecount_reconciliation::ReconcileError),
    /// The report.
    #[error(transparent)]
    Report(#[from] truecount_reports::ReportError),
    /// A mail that was not sent, or may not have been; the next report tries again.
    #[error("{0}")]
    Mail(String),
    /// A mail whose outcome is not known, twice: nothing more is sent by itself.
    #[error("{0}")]
    MailGivenUp(String),
}

impl AppError {
    /// Something stored that does not read back.
    pub(crate) fn damaged(place: impl Into<String>, why: impl ToString) -> Self {
        Self::Damaged { place: place.into(), why: why.to_string() }
    }
}
