//! The port that reads the credentials of a source. Deliberately absent: which fields a connector needs, and any way to
//! print a value.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::SecretString;
use truecount_billing::{Remedy, SourceId};

use crate::PortErrorKind;

/// The fields of one source's secret, such as `client_id` and `client_secret`. `Debug` shows the names only.
pub type Fields = BTreeMap<String, SecretString>;

/// Error of reading a source's secret. Never contains a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It does not exist; `hint` says where it was looked for and how to create it.
    #[error("the source `{source_id}` has no secret: {hint}")]
    Missing {
        /// The source.
        source_id: SourceId,
        /// Where it belongs, and in which format.
        hint: String,
    },
    /// It exists, but its format or its protection is not acceptable.
    #[error("the secret of the source `{source_id}` at {place} is not usable: {why}")]
    Unusable {
        /// The source.
        source_id: SourceId,
        /// Where it is.
        place: String,
        /// What is wrong, without the content.
        why: String,
    },
    /// It could not be read.
    #[error("the secret of the source `{source_id}` at {place} could not be read: {cause}")]
    Unreadable {
        /// The source.
        source_id: SourceId,
        /// Where it is.
        place: String,
        /// What kind of failure it was.
        #[source]
        cause: PortErrorKind,
    },
}

impl SecretError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Missing { .. } | Self::Unusable { .. } => Remedy::FixCredentials,
            Self::Unreadable { cause, .. } => cause.remedy(),
        }
    }
}

/// Reads secrets.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current fields of a source's secret (a rotated secret is seen at the next call).
    ///
    /// # Errors
    /// [`SecretError`] if it is missing, unusable or unreadable.
    async fn source(&self, source: &SourceId) -> Result<Fields, SecretError>;
}

/// Parses a secret: a JSON object whose values are strings.
///
/// # Errors
/// What is wrong with the text, without quoting it.
pub fn fields_from_json(text: &str) -> Result<Fields, String> {
    // The parser's own message may quote a value, so only the position is reported, and the error is not kept.
    let fields: Fields = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it must be a JSON object whose values are strings (line {line}, column {column})")
    })?;
    if fields.is_empty() {
        return Err("it has no fields".to_owned());
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn an_object_of_strings_is_read() {
        let fields = fields_from_json(r#"{ "client_id": "a", "client_secret": "s3cr3t \u00e9" }"#).unwrap();
        assert_eq!(fields["client_id"].expose_secret(), "a");
        assert_eq!(fields["client_secret"].expose_secret(), "s3cr3t é");
    }

    #[test]
    fn a_value_is_never_printed() {
        let fields = fields_from_json(r#"{"client_secret":"hunter2"}"#).unwrap();
        assert!(!format!("{fields:?}").contains("hunter2"));
        for text in [
            "",
            "hunter2",
            r#""hunter2""#,
            r#"["hunter2"]"#,
            r#"{"a":{"b":"hunter2"}}"#,
            r#"{"a":"hunter2""#,
            r#"{"a":"hunter2"} hunter2"#,
            r#"{"hunter2":7}"#,
            "{}",
        ] {
            let why = fields_from_json(text).map(|_| ()).expect_err(text);
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
