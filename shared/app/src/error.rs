//! Why a job stopped without an answer. A difference is never one of these.

use truecount_platform::{ArchiveError, SecretError};
use truecount_store::StoreError;

/// Why a job stopped.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Something could not be stored or read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings or rules could not be read.
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
    Rules(#[from] truecount_rules::RulesFileError),
    /// What is asked for is not done: it names nothing, or comes too early. Says what to do.
    #[error("{0}")]
    Refused(String),
    /// A closing that comes too early: what is missing, and that it is made all the same if that is asked for by this
    /// option.
    #[error("{ask}: `--{option}`")]
    NotYet {
        /// What is missing, and what would be done; ends before how it is asked for.
        ask: String,
        /// The option: of a command, and of a function's input.
        option: &'static str,
    },
    /// Something that was stored, or is to be, is not what it should be.
    #[error("{what} is damaged")]
    Damaged {
        /// What it is.
        what: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The outcome of a run is not there, or not what the run stored: where it should be, and what makes it again.
    #[error("{0}")]
    LostOutcome(String),
    /// A run with more items than it can hold.
    #[error(transparent)]
    TooManyItems(#[from] truecount_reconciliation::TooManyItems),
    /// The report.
    #[error(transparent)]
    Report(#[from] truecount_reports::ReportError),
    /// A file that is written here before it is stored.
    #[error("cannot write a temporary file")]
    Temporary(#[source] std::io::Error),
    /// A mail that was not sent, or may not have been; the next report tries again.
    #[error("{0}")]
    Mail(String),
    /// A mail whose outcome is not known, twice: nothing more is sent automatically.
    #[error("{0}")]
    MailGivenUp(String),
}

impl AppError {
    /// Something that is not what it should be, with the reason.
    pub(crate) fn damaged(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Damaged { what: what.into(), source: source.into() }
    }
}
