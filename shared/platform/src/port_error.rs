//! Why a port could not do its work, in terms of what to do about it. Deliberately absent: what a use case then does.

use std::{error::Error, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use truecount_billing::Remedy;

/// Any error that can cross threads.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// What happened, in words, and the error underneath where there is one.
///
/// The words already include what the underlying errors say, so [`describe`] stops here.
pub struct Detail {
    message: String,
    source: Option<BoxError>,
}

impl Detail {
    /// Words of our own for an underlying error.
    pub fn new(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }

    /// The underlying error in its own words, and those of its causes.
    pub fn of(source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self { message: describe(&*source), source: Some(source) }
    }

    /// Puts more words in front.
    #[must_use]
    pub fn context(self, words: impl fmt::Display) -> Self {
        Self { message: format!("{words}: {}", self.message), source: self.source }
    }
}

impl From<String> for Detail {
    fn from(message: String) -> Self {
        Self { message, source: None }
    }
}

impl From<&str> for Detail {
    fn from(message: &str) -> Self {
        Self { message: message.to_owned(), source: None }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Detail {
    // Not derived: an SDK error's `Debug` shows the raw response, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.message, f)
    }
}

impl Error for Detail {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// What kind of failure it was.
#[derive(Debug, thiserror::Error)]
pub enum PortErrorKind {
    /// A table or bucket does not exist. The text says which, and what to do.
    #[error("{0}")]
    Missing(#[source] Detail),
    /// No region, no credentials, or a refused endpoint.
    #[error("{0}")]
    NotSetUp(#[source] Detail),
    /// A permission is missing, or the credentials were rejected.
    #[error("access is denied ({0}): grant this permission to the role or key in use")]
    Denied(#[source] Detail),
    /// Rate limited.
    #[error("still rate limited after several attempts ({0})")]
    Throttled(#[source] Detail),
    /// No usable answer: the network, a timeout, or a fault at the server.
    #[error("no usable answer ({0})")]
    Unreachable(#[source] Detail),
    /// The request was rejected as invalid.
    #[error("rejected as invalid ({0})")]
    Invalid(#[source] Detail),
    /// The stored data is not in the form that Truecount writes.
    #[error("the stored data cannot be read ({0})")]
    Unreadable(#[source] Detail),
    /// A named limit was exceeded.
    #[error("more than the limit: {0}")]
    TooMuch(#[source] Detail),
    /// This machine's file system refused.
    #[error("{0}")]
    Disk(#[source] Detail),
}

impl PortErrorKind {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Throttled(_) | Self::Unreachable(_) => Remedy::Retry,
            Self::NotSetUp(_) | Self::Denied(_) => Remedy::FixCredentials,
            Self::Missing(_) | Self::Disk(_) | Self::Invalid(_) | Self::Unreadable(_) | Self::TooMuch(_) => {
                Remedy::FixConfiguration
            }
        }
    }

    /// Classifies an SDK's error.
    pub(crate) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(service) => {
                let (code, message) = (service.err().code(), service.err().message());
                let (kind, words) = classify(code, message, service.raw().status().as_u16());
                kind(Detail::new(words, error))
            }
            SdkError::ConstructionFailure(_) => Self::Invalid(Detail::of(error)),
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Self::Unreachable(Detail::of(error)),
            _ => Self::from_no_response(error),
        }
    }

    /// Classifies a service's error response by its error code, message and HTTP status.
    #[must_use]
    pub fn from_response(code: Option<&str>, message: Option<&str>, status: u16, source: impl Into<BoxError>) -> Self {
        let (kind, words) = classify(code, message, status);
        kind(Detail::new(words, source))
    }

    /// Classifies the error of a call that got no response.
    #[must_use]
    pub fn from_no_response(error: impl Into<BoxError>) -> Self {
        let error = error.into();
        let credentials = links(&*error).find_map(|link| link.downcast_ref::<CredentialsError>());
        match credentials.map(|credentials| no_credentials(credentials, &*error)) {
            Some(message) => Self::NotSetUp(Detail::new(message, error)),
            None => Self::Unreachable(Detail::of(error)),
        }
    }
}

/// What to do without usable credentials. The provider chain's own words are long, and help only where it found
/// something to try.
fn no_credentials(credentials: &CredentialsError, error: &(dyn Error + 'static)) -> String {
    let found = match credentials {
        CredentialsError::CredentialsNotLoaded(_) => String::new(),
        _ => format!(" ({})", describe(error)),
    };
    format!(
        "no usable AWS credentials{found}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; after `aws sso login`, `aws configure export-credentials --format env` shows them"
    )
}

/// The kind of a service's error response, and its words.
fn classify(code: Option<&str>, message: Option<&str>, status: u16) -> (fn(Detail) -> PortErrorKind, String) {
    let words = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => format!("status {status}"),
    };
    let kind: fn(Detail) -> PortErrorKind = match code.unwrap_or_default() {
        "AccessDenied"
        | "AccessDeniedException"
        | "AllAccessDisabled"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => PortErrorKind::Denied,
        "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException" => PortErrorKind::Throttled,
        _ if status == 429 => PortErrorKind::Throttled,
        _ if status == 403 => PortErrorKind::Denied,
        _ if status >= 500 || status == 408 => PortErrorKind::Unreachable,
        _ => PortErrorKind::Invalid,
    };
    (kind, words)
}

/// An error and its causes in one line, for people: each text once, outermost first.
#[must_use]
pub fn describe(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for link in links(error) {
        let text = link.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        if link.is::<Detail>() {
            break;
        }
    }
    texts.join(": ")
}

/// An error, then its causes, at most [`LINKS_MAX`] deep.
pub(crate) fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source()).take(LINKS_MAX)
}

/// How deep a chain of causes is followed: a cycle would otherwise never end.
const LINKS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn responses_are_classified_by_code_then_by_status() {
        for (code, status, remedy, words) in [
            (Some("ThrottlingException"), 400, Remedy::Retry, "still rate limited"),
            (Some("SlowDown"), 503, Remedy::Retry, "still rate limited"),
            (None, 429, Remedy::Retry, "still rate limited"),
            (None, 408, Remedy::Retry, "no usable answer (status 408)"),
            (Some("InternalServerError"), 500, Remedy::Retry, "no usable answer (InternalServerError: words)"),
            (Some("ExpiredToken"), 400, Remedy::FixCredentials, "access is denied (ExpiredToken: words)"),
            (Some("Anything"), 403, Remedy::FixCredentials, "access is denied"),
            (
                Some("ValidationException"),
                400,
                Remedy::FixConfiguration,
                "rejected as invalid (ValidationException: words)",
            ),
            (None, 404, Remedy::FixConfiguration, "rejected as invalid (status 404)"),
        ] {
            let kind = PortErrorKind::from_response(code, Some("words"), status, "the response");
            assert_eq!(kind.remedy(), remedy, "{code:?} {status}");
            assert!(kind.to_string().starts_with(words), "{code:?} {status}: {kind}");
        }
        let kind = PortErrorKind::from_response(Some("A"), None, 400, "the response");
        assert_eq!(kind.to_string(), "rejected as invalid (A)");
        assert_eq!(links(&kind).last().map(ToString::to_string).as_deref(), Some("the response"));
    }

    /// As the SDK wraps what its credentials provider answered.
    #[derive(Debug, thiserror::Error)]
    #[error("dispatch failure")]
    struct DispatchFailure(#[source] CredentialsError);

    #[test]
    fn missing_credentials_are_known_by_their_type_and_not_by_their_words() {
        let absent = PortErrorKind::from_no_response(CredentialsError::not_loaded("no providers"));
        assert!(matches!(absent, PortErrorKind::NotSetUp(_)), "{absent}");
        let text = absent.to_string();
        assert!(text.contains("AWS_PROFILE") && !text.contains("no providers"), "{text}");

        let wrapped = DispatchFailure(CredentialsError::provider_error("the SSO session has expired"));
        let unusable = PortErrorKind::from_no_response(wrapped);
        assert!(matches!(unusable, PortErrorKind::NotSetUp(_)), "{unusable}");
        assert!(unusable.to_string().contains("the SSO session has expired"), "{unusable}");

        let other = PortErrorKind::from_no_response(io::Error::other("a proxy wants credentials"));
        assert!(matches!(other, PortErrorKind::Unreachable(_)), "{other}");
    }

    #[test]
    fn a_cause_is_kept_and_described_once() {
        let kind = PortErrorKind::Disk(Detail::of(io::Error::new(io::ErrorKind::StorageFull, "no space left")));
        let full = links(&kind).find_map(|link| link.downcast_ref::<io::Error>()).expect("the cause is kept");
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert_eq!(describe(&kind), "no space left");
        let own = PortErrorKind::Denied(Detail::new("our words", io::Error::other("their words")));
        assert_eq!(describe(&own), own.to_string(), "nothing is added below a detail");
    }

    #[test]
    fn debug_shows_the_words_and_not_the_cause() {
        let detail = Detail::new("our words", io::Error::other("c4n4ry"));
        assert_eq!(format!("{detail:?}"), "\"our words\"");
    }
}
