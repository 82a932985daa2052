//! What is wrong with an answer, with one of its rows, or with a source's settings.

use truecount_billing::{AccountId, ReadReason};

use crate::source_kind::known_connectors;

/// Why an answer could not be understood. Holds no part of the answer but field names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", if *is_file { why.clone() } else { format!("the answer to `{stream}` {why}") })]
pub struct PageError {
    /// The request's stream.
    pub stream: String,
    /// What is wrong, as the rest of a sentence; of a file, the whole sentence, which names file and line.
    pub why: String,
    /// Whether it is a dropped file that cannot be read, not an answer.
    pub is_file: bool,
}

impl PageError {
    /// An answer that cannot be understood; `why` is the rest of a sentence.
    pub(crate) fn of_answer(stream: impl Into<String>, why: impl Into<String>) -> Self {
        Self { stream: stream.into(), why: why.into(), is_file: false }
    }

    /// A dropped file that cannot be read; `why` names file and line.
    pub(crate) fn of_file(stream: impl Into<String>, why: impl Into<String>) -> Self {
        Self { stream: stream.into(), why: why.into(), is_file: true }
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
