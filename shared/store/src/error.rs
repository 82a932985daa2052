//! Why something could not be stored or read back, with its cause.

use truecount_billing::BillingMonth;
use truecount_platform::{ArchiveError, TableError};

/// Why a record or object could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table refused or could not be reached.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The archive refused or could not be reached.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is stored is not what Truecount writes.
    #[error("`{location}` is damaged; restore it from a backup, or run the sync again")]
    Corrupt {
        /// The row or object.
        location: String,
        /// What is wrong with it.
        #[source]
        source: Corruption,
    },
    /// A value has no form in which it can be stored.
    #[error("{what} cannot be stored")]
    Unwritable {
        /// What was to be stored.
        what: String,
        /// What stood in the way.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An object that never changes exists with other content: it was edited, or another version wrote it.
    #[error(
        "`{0}` already exists with other content and was not changed; move it away and try again, or make a new run (for a closed month: `--closing --replace RUN`)"
    )]
    Taken(String),
    /// A newer worker has taken over; nothing was written.
    #[error("{0} was taken over by a newer worker; this one stops")]
    Fenced(String),
    /// Others kept writing at the same moment.
    #[error("somebody else decides about `{0}` right now; look at what was decided, then try again")]
    Contended(String),
    /// A closing can only replace the month's present closing run.
    #[error("`{run_id}` is not the closing run of {month} (that is {current}); nothing was replaced")]
    NotTheClosingRun {
        /// The run that was to be replaced.
        run_id: String,
        /// The month.
        month: BillingMonth,
        /// The run that is in its place, or `none`.
        current: String,
    },
    /// The number of closings of one month is limited.
    #[error("{month} already has {closings_max} closing runs")]
    TooManyClosings {
        /// The month.
        month: BillingMonth,
        /// The limit.
        closings_max: u32,
    },
}

impl StoreError {
    pub(crate) fn corrupt(location: impl Into<String>, source: impl Into<Corruption>) -> Self {
        Self::Corrupt { location: location.into(), source: source.into() }
    }

    pub(crate) fn unwritable(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unwritable { what: what.into(), source: source.into() }
    }
}

/// What is wrong with something stored.
#[derive(Debug, thiserror::Error)]
pub enum Corruption {
    /// A row or object that others refer to does not exist.
    #[error("it is missing")]
    Missing,
    /// A row without the attribute that holds its record.
    #[error("its `{0}` is missing")]
    MissingAttribute(&'static str),
    /// Not the JSON that belongs there: a key, a word or a number is wrong.
    #[error("line {line} does not parse")]
    Json {
        /// The line, from 1.
        line: u64,
        /// What the parser found.
        #[source]
        source: serde_json::Error,
    },
    /// Not whole, or not compressed.
    #[error("it cannot be decompressed")]
    Gzip(#[source] std::io::Error),
    /// A record that belongs to another key.
    #[error("it holds the record of `{0}`")]
    Misplaced(String),
    /// Not as many entries as were counted when it was written.
    #[error("it holds {found} entries where {expected} were written")]
    Count {
        /// As many as there are.
        found: u64,
        /// As many as there were.
        expected: u64,
    },
    /// Not the bytes that were written.
    #[error("its SHA-256 is not the one that was recorded")]
    Hash,
    /// A value that the model refuses.
    #[error(transparent)]
    Value(Box<dyn std::error::Error + Send + Sync>),
}
