//! Why a port could not do its work, in words of what to do about it. Deliberately absent: what a use case then does.

use std::error::Error;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use truecount_billing::Remedy;

/// What stood in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortErrorKind {
    /// A table or bucket that is not there. The text says which and what to do.
    #[error("{0}")]
    Missing(String),
    /// No region or credentials.
    #[error("{0}")]
    NotSetUp(String),
    /// A right that is lacking.
    #[error("access is denied ({0}): give this right to the role or key in use")]
    Denied(String),
    /// Too fast.
    #[error("asked to slow down, and still refused after several tries ({0})")]
    Throttled(String),
    /// No usable answer.
    #[error("no usable answer ({0})")]
    Unreachable(String),
    /// Refused as wrong.
    #[error("refused as not valid ({0})")]
    Invalid(String),
    /// What was read is not what Truecount writes.
    #[error("what is stored there cannot be read ({0})")]
    Unreadable(String),
    /// More than the named limit.
    #[error("more than the limit: {0}")]
    TooMuch(String),
    /// This machine's file system refuses.
    #[error("{0}")]
    Disk(String),
}

impl PortErrorKind {
    /// Who can help.
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

    /// The cause behind an SDK's error.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                Self::of_answer(service.err().code(), service.err().message(), service.raw().status().as_u16())
            }
            SdkError::ConstructionFailure(_) => Self::Invalid(chain(error)),
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Self::Unreachable(chain(error)),
            _ => Self::of_silence(error),
        }
    }

    /// The cause behind a service's answer: its error code, its message, its HTTP status.
    #[must_use]
    pub fn of_answer(code: Option<&str>, message: Option<&str>, status: u16) -> Self {
        of_service(code, message, status)
    }

    /// The cause behind a call that got no answer.
    #[must_use]
    pub fn of_silence(error: &(dyn Error + 'static)) -> Self {
        match chain(error) {
            text if text.contains("credential") => Self::NotSetUp(no_credentials(&text)),
            text => Self::Unreachable(text),
        }
    }
}

/// The chain's own words are long, and help only where it found something to try.
fn no_credentials(text: &str) -> String {
    let found = if text.contains("no credentials found in chain") { String::new() } else { format!(" ({text})") };
    format!(
        "no usable AWS credentials{found}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; after `aws sso login`, `aws configure export-credentials --format env` shows them"
    )
}

fn of_service(code: Option<&str>, message: Option<&str>, status: u16) -> PortErrorKind {
    let said = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => format!("status {status}"),
    };
    match code.unwrap_or_default() {
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
        | "UnrecognizedClientException" => PortErrorKind::Denied(said),
        "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException" => PortErrorKind::Throttled(said),
        _ if status == 429 => PortErrorKind::Throttled(said),
        _ if status == 403 => PortErrorKind::Denied(said),
        _ if status >= 500 || status == 408 => PortErrorKind::Unreachable(said),
        _ => PortErrorKind::Invalid(said),
    }
}

/// An error and what lies under it, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in links(error) {
        let text = error.to_string();
        if !texts.iter().any(|said| said.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// An error, then what lies under it, at most [`LINKS_MAX`] deep.
pub(crate) fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source()).take(LINKS_MAX)
}

const LINKS_MAX: usize = 16;
