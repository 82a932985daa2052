//! The port that holds what a source needs to be let in. Deliberately absent: which fields a connector wants, and any
//! way to print a value.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::SecretString;
use truecount_billing::{Remedy, SourceId};

use crate::PortErrorKind;

/// The fields of one source's secret, such as `client_id` and `client_secret`. `Debug` shows the names only.
pub type Fields = BTreeMap<String, SecretString>;

/// Why a source's secret could not be had. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not there; `hint` says where it was looked for and how to put it there.
    #[error("the source `{source_id}` has no secret: {hint}")]
    Missing {
        /// Whose.
        source_id: SourceId,
        /// Where it belongs, and in which form.
        hint: String,
    },
    /// There, but not in a form, or not as safely kept, as it must be.
    #[error("the secret of the source `{source_id}` at {place} is not usable: {why}")]
    Unusable {
        /// Whose.
        source_id: SourceId,
        /// Where it is.
        place: String,
        /// What is wrong with it, without its content.
        why: String,
    },
    /// The place could not be read.
    #[error("the secret of the source `{source_id}` at {place} could not be read: {cause}")]
    Unread {
        /// Whose.
        source_id: SourceId,
        /// Where it is.
        place: String,
        /// Why.
        cause: PortErrorKind,
    },
}

impl SecretError {
    /// Who can help.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Missing { .. } | Self::Unusable { .. } => Remedy::FixCredentials,
            Self::Unread { cause, .. } => cause.remedy(),
        }
    }
}

/// Holds secrets.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The fields of one source's secret, as they are now (a rotated secret is seen at the next call).
    ///
    /// # Errors
    /// [`SecretError`] if it is missing, unusable or out of reach.
    async fn source(&self, source: &SourceId) -> Result<Fields, SecretError>;
}

/// The fields in a secret's text: a JSON object whose values are texts.
///
/// # Errors
/// What is wrong with the text, without any of it.
pub fn fields_from_json(text: &str) -> Result<Fields, String> {
    // The reader's own message may quote a value, so only the place is told.
    let fields: Fields = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it must be a JSON object whose values are texts (line {line}, column {column})")
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
    fn an_object_of_texts_is_read() {
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
