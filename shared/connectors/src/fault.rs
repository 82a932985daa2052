//! Why a source or an account was not read: what happened, during which request, and whether waiting, new
//! credentials or a repair helps.
//!
//! Never a credential, a body or a query string.

use std::{fmt, time::Duration};

use truecount_billing::{AccountId, FetchFailure, FetchProblem, Remedy};

use crate::{error::PageError, mask::Mask};

/// A request that got no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{cause}", Prefix(.during, .account.as_ref()))]
pub struct SourceError {
    /// The stream of the request.
    pub during: String,
    /// The account that it was about; `None`: the whole source.
    pub account: Option<AccountId>,
    /// What happened.
    #[source]
    pub cause: ErrorKind,
}

struct Prefix<'a>(&'a str, Option<&'a AccountId>);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(account) => write!(f, "`{}` of account `{account}`: ", self.0),
            None => write!(f, "`{}`: ", self.0),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// No connection.
    #[error("`{host}` cannot be reached: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// In one clause.
        why: &'static str,
    },
    /// No whole answer in time.
    #[error("`{host}` did not answer within {seconds} s")]
    TimedOut {
        /// Host and port.
        host: String,
        /// The limit.
        seconds: u64,
    },
    /// 429 until the budget was spent, or a wait longer than we wait.
    #[error("the vendor asks us to slow down (429){}", After(*.after))]
    Throttled {
        /// How long the vendor wants us to wait, where it says.
        after: Option<Duration>,
    },
    /// 5xx until the budget was spent.
    #[error("the vendor's server fails (HTTP {status})")]
    ServerFails {
        /// The HTTP status.
        status: u16,
    },
    /// 401.
    #[error("the vendor does not accept the credential (HTTP 401): renew it")]
    NotAccepted,
    /// 403.
    #[error("the credential may not read this (HTTP 403{}): grant it the right at the vendor", Code(.code.as_deref()))]
    NotAllowed {
        /// The vendor's error code.
        code: Option<String>,
    },
    /// Any other status.
    #[error("the vendor refuses the request (HTTP {status}{})", Code(.code.as_deref()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The vendor's error code.
        code: Option<String>,
    },
    /// The token request was refused.
    #[error("no token: the vendor refuses the {proof} (HTTP {status}{})", Code(.code.as_deref()))]
    TokenRefused {
        /// By what the token was to be had.
        proof: &'static str,
        /// The HTTP status.
        status: u16,
        /// The vendor's error code.
        code: Option<String>,
    },
    /// The token's answer lacks a token.
    #[error("no token: the answer is not one")]
    TokenUnreadable,
    /// Redirects are never followed.
    #[error("the vendor redirects to `{host}`, which is not followed: is `base_url` right?")]
    Redirected {
        /// The host that it wants us to go to.
        host: String,
    },
    /// A next link to another scheme, host or port.
    #[error("the next page lies at `{host}`, which is not the source's own host: not followed")]
    ForeignLink {
        /// Its scheme, host and port.
        host: String,
    },
    /// A link or path that is none.
    #[error("the next link is not a URL")]
    BadLink,
    /// The same next page a second time.
    #[error("the next page is one that was read before: the list goes round in a circle")]
    RepeatedLink,
    /// A page whose content is that of the page before.
    #[error("page {page} repeats the page before it")]
    RepeatedPage {
        /// Counted from 1.
        page: u32,
    },
    /// HTML where JSON was due.
    #[error("the answer is a web page, not JSON: is `base_url` right, and is there a proxy or sign-in page between?")]
    WebPage,
    /// Neither JSON nor HTML.
    #[error("the answer is not JSON")]
    NotJson,
    /// The body ended too early.
    #[error("the answer is cut short")]
    CutShort,
    /// More than the cap, decompressed.
    #[error("the answer is larger than {bytes_max} bytes")]
    TooLarge {
        /// The cap.
        bytes_max: usize,
    },
    /// Nested too deeply.
    #[error("the answer is nested deeper than {depth_max} levels")]
    TooDeep {
        /// The cap.
        depth_max: usize,
    },
    /// A list without end.
    #[error("more than {pages_max} pages")]
    TooManyPages {
        /// The cap.
        pages_max: u64,
    },
    /// An error in an answer with status 200.
    #[error("the vendor answers with an error{}", Named(.code.as_deref()))]
    Answered {
        /// The vendor's error code.
        code: Option<String>,
    },
    /// The login exchange brought no session.
    #[error("no session: the answer to the sign-in has none")]
    NoSession,
    /// An answer of another shape than the vendor documents.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Account after account, nothing but waiting.
    #[error("{count} accounts in a row got no answer; the last: {last}")]
    ManyAccounts {
        /// How many.
        count: u32,
        /// The last one's cause.
        last: Box<ErrorKind>,
    },
}

struct Code<'a>(Option<&'a str>);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |code| write!(f, ", `{code}`"))
    }
}

struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |code| write!(f, ": `{code}`"))
    }
}

struct After(Option<Duration>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |after| write!(f, " for {} s", after.as_secs()))
    }
}

impl ErrorKind {
    /// What helps.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::ServerFails { .. }
            | Self::CutShort
            | Self::RepeatedPage { .. }
            | Self::RepeatedLink => Remedy::Retry,
            Self::NotAccepted | Self::NotAllowed { .. } | Self::TokenRefused { .. } => Remedy::FixCredentials,
            Self::Refused { .. }
            | Self::Answered { .. }
            | Self::NoSession
            | Self::TokenUnreadable
            | Self::Redirected { .. }
            | Self::ForeignLink { .. }
            | Self::BadLink
            | Self::WebPage
            | Self::NotJson
            | Self::TooLarge { .. }
            | Self::TooDeep { .. }
            | Self::TooManyPages { .. }
            | Self::Page(_) => Remedy::FixConfiguration,
            Self::ManyAccounts { last, .. } => last.remedy(),
        }
    }

    /// How long to wait before a retry: what the vendor asks for, else five minutes. `None` where waiting does not
    /// help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        const USUAL: Duration = Duration::from_secs(5 * 60);
        match self {
            Self::Throttled { after: Some(after) } => Some(*after),
            Self::ManyAccounts { last, .. } => last.retry_after(),
            other => (other.remedy() == Remedy::Retry).then_some(USUAL),
        }
    }

    /// The same as data. The account is left out where what holds the failure is the account's own.
    #[must_use]
    pub(crate) fn failure(&self, step: &str, account: Option<&AccountId>) -> FetchFailure {
        let (problem, status, vendor_code) = match self {
            Self::Unreachable { .. } => (FetchProblem::Unreachable, None, None),
            Self::TimedOut { .. } => (FetchProblem::TimedOut, None, None),
            Self::Throttled { .. } => (FetchProblem::Throttled, Some(429), None),
            Self::ServerFails { status } => (FetchProblem::ServerError, Some(*status), None),
            Self::NotAccepted => (FetchProblem::CredentialRefused, Some(401), None),
            Self::NotAllowed { code } => (FetchProblem::NotAllowed, Some(403), code.clone()),
            Self::Refused { status, code } => (FetchProblem::Refused, Some(*status), code.clone()),
            Self::Answered { code } => (FetchProblem::Refused, Some(200), code.clone()),
            Self::TokenRefused { status, code, .. } => (FetchProblem::CredentialRefused, Some(*status), code.clone()),
            Self::Redirected { .. }
            | Self::ForeignLink { .. }
            | Self::BadLink
            | Self::RepeatedLink
            | Self::RepeatedPage { .. }
            | Self::TooManyPages { .. } => (FetchProblem::BadLink, None, None),
            Self::TokenUnreadable
            | Self::NoSession
            | Self::WebPage
            | Self::NotJson
            | Self::CutShort
            | Self::TooLarge { .. }
            | Self::TooDeep { .. }
            | Self::Page(_) => (FetchProblem::BadAnswer, None, None),
            Self::ManyAccounts { .. } => (FetchProblem::ManyAccounts, None, None),
        };
        let (step, account) = (step.to_owned(), account.cloned());
        FetchFailure { step, account, problem, status, vendor_code, detail: self.to_string() }
    }

    /// Without secrets in what the vendor said.
    pub(crate) fn masked(self, mask: &Mask) -> Self {
        let code = |code: Option<String>| code.map(|code| mask.of_words(&code));
        match self {
            Self::NotAllowed { code: said } => Self::NotAllowed { code: code(said) },
            Self::Refused { status, code: said } => Self::Refused { status, code: code(said) },
            Self::TokenRefused { proof, status, code: said } => Self::TokenRefused { proof, status, code: code(said) },
            Self::Answered { code: said } => Self::Answered { code: code(said) },
            Self::Redirected { host } => Self::Redirected { host: mask.of_words(&host) },
            Self::ForeignLink { host } => Self::ForeignLink { host: mask.of_words(&host) },
            other => other,
        }
    }

    /// Whether asking again within the same call may help.
    pub(crate) fn passes(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::Throttled { .. }
                | Self::ServerFails { .. }
                | Self::CutShort
        )
    }
}

impl SourceError {
    /// The same as data.
    #[must_use]
    pub fn failure(&self) -> FetchFailure {
        self.cause.failure(&self.during, self.account.as_ref())
    }

    /// What helps.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        self.cause.remedy()
    }

    /// How long to wait before a retry; `None` where waiting does not help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.cause.retry_after()
    }
}
