//! What is wrong with an answer, with one of its rows, or with a source's settings.

use truecount_billing::{AccountId, ReadReason, RefusedFile};

use crate::source_kind::known_connectors;

/// Why an answer or a dropped file could not be understood. Holds no part of an answer but field names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// An answer of another shape than the vendor documents.
    #[error("the answer to `{stream}` {why}")]
    Answer {
        /// The request's stream.
        stream: String,
        /// What is wrong, as the rest of a sentence.
        why: String,
    },
    /// Dropped files that cannot be read as they are.
    #[error("{}", in_words(.0))]
    Refused(Vec<RefusedFile>),
    /// Our own copy of a dropped file cannot be used.
    #[error("{file}: {why}")]
    Copy {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
}

fn in_words(files: &[RefusedFile]) -> String {
    files.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl PageError {
    /// An answer that cannot be understood; `why` is the rest of a sentence.
    pub(crate) fn of_answer(stream: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Answer { stream: stream.into(), why: why.into() }
    }

    /// A copy of a dropped file that cannot be used.
    pub(crate) fn of_copy(file: &str, why: impl Into<String>) -> Self {
        Self::Copy { file: file.to_owned(), why: why.into() }
    }
}

/// Why a row could not be read. What it belongs to is then not read completely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RowError {
    /// The row's account; `None`: that of the request, or the one that the row's stream says.
    pub account: Option<AccountId>,
    /// What is wrong.
    pub reason: ReadReason,
}

impl RowError {
    /// A field that does not hold what it must. `record` is the kind of row, `id` its id, unless that names a person.
    pub fn field(record: &str, id: Option<&str>, detail: impl Into<String>) -> Self {
        let (record, id) = (record.to_owned(), id.map(str::to_owned));
        Self { account: None, reason: ReadReason::BadField { record, id, detail: detail.into() } }
    }

    /// A row that belongs to nothing that was read.
    pub fn orphaned(record: &str, id: &str, parent: &str) -> Self {
        let (record, id, parent) = (record.to_owned(), id.to_owned(), parent.to_owned());
        Self { account: None, reason: ReadReason::Orphaned { record, id, parent } }
    }

    /// The same, of an account.
    #[must_use]
    pub fn of(self, account: &AccountId) -> Self {
        Self { account: Some(account.clone()), ..self }
    }
}

/// Why a source's settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No such connector.
    #[error("there is no connector `{0}`; there are: {known}", known = known_connectors())]
    UnknownConnector(String),
    /// An option is missing, misspelt or of the wrong form.
    #[error("connector `{connector}`: {why}")]
    Option {
        /// The connector.
        connector: &'static str,
        /// What is wrong with which option.
        why: String,
    },
    /// The source's secret lacks a field.
    #[error("the secret of this source has no field `{field}`; it needs: {needed}")]
    MissingSecret {
        /// The field.
        field: String,
        /// All fields that it needs.
        needed: String,
    },
    /// A field of the source's secret holds what no header can, such as the line break at the end of a file.
    #[error(
        "the field `{field}` of this source's secret holds a line break or another control character: write it again without"
    )]
    OddSecret {
        /// The field.
        field: String,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}
