//! What a connector is: the requests it makes and the answers it reads.
//!
//! No IO and no retry logic: those are the engine's.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, FetchFailure, ReadReason};
use url::Url;

use crate::{
    auth::Auth, pace::RateLimit, reading::SnapshotBuilder, source_kind::known_connectors, vendors::csv::CsvFile,
};

/// One question to a vendor. There is no method: a question is always a GET.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The connector's own word for this kind of question, such as `devices`.
    pub step: Cow<'static, str>,
    /// A path with its query, below the source's base URL (`/v2/organizations?pageSize=500`), or a link that the
    /// vendor gave (absolute; refused unless its scheme, host and port are the base's).
    pub target: String,
    /// The account that the question is about: if it fails, only this account was not read. `None`: the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Which token to ask with, where a source needs several (Microsoft: the customer's tenant id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How many pages of the same list came before.
    #[serde(default)]
    pub page: u32,
    /// What `follow` and `read` must know besides the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// A short hash of the list's page before, set by the engine: a page that repeats it is a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

impl Request {
    /// A first question about the whole source.
    pub fn new(step: &'static str, target: impl Into<String>) -> Self {
        Self {
            step: step.into(),
            target: target.into(),
            account: None,
            scope: None,
            page: 0,
            context: None,
            before: None,
        }
    }

    /// The same question about one account.
    #[must_use]
    pub fn about(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }

    /// With the token of a scope.
    #[must_use]
    pub fn within(self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()), ..self }
    }

    /// With something to remember.
    #[must_use]
    pub fn with(self, context: impl Into<String>) -> Self {
        Self { context: Some(context.into()), ..self }
    }

    /// The next page of the same list.
    #[must_use]
    pub fn next(&self, target: impl Into<String>) -> Self {
        Self { target: target.into(), page: self.page.saturating_add(1), ..self.clone() }
    }

    /// The next kind of question about the same account, with the same token.
    #[must_use]
    pub fn then(&self, step: &'static str, target: impl Into<String>) -> Self {
        Self { step: step.into(), target: target.into(), page: 0, context: None, before: None, ..self.clone() }
    }
}

/// One answer, as it is archived: the vendor's text without the redacted fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The question.
    pub ask: Request,
    /// The answer's text, numbers as they were written. Empty if `failed` is set.
    pub body: String,
    /// Why there is no answer for the question's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FetchFailure>,
}

/// A 4xx answer that a connector may know a way around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The vendor's own error code, where the body has one.
    pub code: Option<String>,
}

/// Why an answer could not be understood. Holds no part of the answer but field names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer to `{step}` {why}")]
pub struct PageError {
    /// The question's step.
    pub step: String,
    /// What is wrong, as the rest of a sentence.
    pub why: String,
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

/// Where and how a vendor is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Scheme, host, port and the path below which all questions lie. Already checked: https, or loopback.
    pub base: Url,
    /// How a request proves who it is from.
    pub auth: Auth,
    /// Plain headers sent with every question.
    pub headers: Vec<(&'static str, String)>,
    /// How fast and how many at once.
    pub pace: RateLimit,
    /// Names of fields, at any depth, that are redacted from answers before anything is kept; a name may end in `*`.
    pub redacted_fields: &'static [&'static str],
}

/// One kind of source. No IO: questions out, answers in.
pub trait Connector: Send + Sync {
    /// The connector's name, as in the settings.
    fn name(&self) -> &'static str;

    /// Where the vendor is; `None` for a file.
    fn endpoint(&self) -> Option<&Endpoint>;

    /// The file side, for a source that is a dropped file instead of an API.
    fn file(&self) -> Option<&CsvFile> {
        None
    }

    /// The first questions.
    fn start(&self) -> Vec<Request>;

    /// What to ask after an answer, in order: the list's next page before anything that fans out.
    ///
    /// # Errors
    /// [`PageError`] if the answer cannot be understood.
    fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError>;

    /// A way around a refusal: other questions in its place, none at all (`Some(vec![])`: do without), or `None`:
    /// the refusal stands.
    fn instead(&self, _ask: &Request, _refusal: &Refusal) -> Option<Vec<Request>> {
        None
    }

    /// What is known before any answer, such as accounts that the settings name.
    fn begin(&self, _reading: &mut SnapshotBuilder) {}

    /// Takes what an answer says into a reading.
    ///
    /// # Errors
    /// [`PageError`] if the answer cannot be understood.
    fn read(&self, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError>;
}

/// Reads one archived page: an answer through its connector, or the note that an account could not be asked. An
/// answer about one account that cannot be understood leaves that account not read, and the others whole.
///
/// # Errors
/// [`PageError`] if an answer about the whole source cannot be understood.
pub fn read_page(connector: &dyn Connector, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
    match (&page.failed, &page.ask.account) {
        (Some(failure), Some(account)) => reading.fail(account, ReadReason::Fetch(failure.clone())),
        (Some(failure), None) => reading.source_partial(ReadReason::Fetch(failure.clone())),
        (None, account) => match (connector.read(page, reading), account) {
            (Err(error), Some(account)) => {
                reading.fail(account, ReadReason::UnexpectedAnswer { detail: error.to_string() });
            }
            (result, _) => return result,
        },
    }
    Ok(())
}
