//! One request to a vendor and its answer, as both are archived.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, FetchFailure};

/// One request: a GET, or a POST to a search path that the stream declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The stream that it belongs to, such as `devices`.
    pub stream: Cow<'static, str>,
    /// A path with its query, below the source's base URL (`/v2/organizations?pageSize=500`), or a link that the
    /// vendor gave (absolute; refused unless its scheme, host and port are the base's).
    pub target: String,
    /// The JSON body of a search; `None`: a GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// The account that the request is about: if it fails, only this account was not read. `None`: the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Which token to ask with, where a source needs several (Microsoft: the customer's tenant id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What the list hangs on: the variables of its path and headers, such as the id of its agreement.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// How many pages of the same list came before.
    #[serde(default)]
    pub page: u32,
    /// Rows on those pages.
    #[serde(default)]
    pub rows_before: u64,
    /// How often the whole list was read before, because it changed while it was read.
    #[serde(default)]
    pub round: u8,
    /// The vendor's own count of the list's rows, where that was asked for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// A short hash of the list's page before, set by the engine: a page that repeats it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// One answer, as it is archived: status, the headers that paging needs, and the vendor's text without the redacted
/// fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The request.
    pub request: Request,
    /// The HTTP status; 0 for a page of a file, and where there was no answer.
    #[serde(default)]
    pub status: u16,
    /// The target of the `Link` header with `rel="next"`; empty where the header has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The answer's text, numbers as they were written. Empty without an answer.
    pub body: String,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Which part of a file it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<FilePart>,
}

/// Why a request has no answer that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Missing {
    /// It failed: what it is about was not read.
    Failed(FetchFailure),
    /// The vendor refuses it, and the source does without.
    Refused(Refusal),
}

/// A 4xx answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The vendor's own error code, where the body has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Of which file a page is a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// The file's name.
    pub file: String,
    /// How the page's body holds the bytes.
    pub form: PartForm,
}

/// How text holds the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartForm {
    /// As they are, where they are UTF-8.
    Text,
    /// In Base64.
    Base64,
}

impl Request {
    /// A list's first request.
    pub(crate) fn new(stream: &'static str, target: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            target: target.into(),
            search: None,
            account: None,
            scope: None,
            variables: BTreeMap::new(),
            page: 0,
            rows_before: 0,
            round: 0,
            total: None,
            before: None,
        }
    }

    /// The value of a variable of its path.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// What tells its list from the other lists of the source.
    pub(crate) fn list(&self) -> ListKey {
        ListKey {
            stream: self.stream.to_string(),
            scope: self.scope.clone(),
            variables: self.variables.clone().into_iter().collect(),
        }
    }
}

impl Page {
    /// The answer to a request, with status 200.
    pub(crate) fn new(request: Request, body: impl Into<String>) -> Self {
        Self { request, status: 200, link: None, body: body.into(), missing: None, part: None }
    }

    /// A request without an answer.
    pub(crate) fn missing(request: Request, missing: Missing) -> Self {
        let status = match &missing {
            Missing::Failed(failure) => failure.status.unwrap_or(0),
            Missing::Refused(refusal) => refusal.status,
        };
        Self { status, missing: Some(missing), ..Self::new(request, "") }
    }
}

/// One list of a source: a stream, with what it hangs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ListKey {
    pub(crate) stream: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variables: Vec<(String, String)>,
}
