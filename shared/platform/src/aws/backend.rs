//! A deployed stack as a backend: the names that its template gave, and the endpoints that the environment may name.

use std::sync::Arc;

use super::{Aws, Endpoints};
use crate::endpoint::{self, EndpointError};
use crate::{Archive, Ports};

/// The names of a deployed stack's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsBackend {
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of the archive and `config/`.
    pub bucket: String,
    /// The prefix of the secrets' parameters.
    pub secrets: String,
    /// The SES configuration set of its mails, which tells what bounced.
    pub configuration_set: Option<String>,
}

impl AwsBackend {
    /// The ports of this stack. Nothing is called yet.
    #[must_use]
    pub fn ports(&self, aws: &Aws) -> Ports {
        let archive: Arc<dyn Archive> = Arc::new(aws.archive(&self.bucket));
        Ports {
            table: aws.table(&self.table),
            config: Arc::clone(&archive),
            archive,
            mailer: Arc::new(aws.mailer().in_configuration_set(self.configuration_set.clone())),
            secrets: Arc::new(aws.secrets(&self.secrets)),
        }
    }
}

/// An environment variable that names an endpoint which is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {source}")]
pub struct EndpointVariableError {
    /// The variable.
    pub variable: String,
    /// Why.
    #[source]
    pub source: EndpointError,
}

impl Endpoints {
    /// What `TRUECOUNT_ENDPOINT_DYNAMODB`, `…_S3`, `…_SES` and `…_SSM` name in place of AWS's own endpoints, or
    /// `TRUECOUNT_ENDPOINT` for all of them. `variable` looks one up.
    ///
    /// # Errors
    /// [`EndpointVariableError`] if an endpoint is neither HTTPS nor on loopback.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, EndpointVariableError> {
        const ALL: &str = "TRUECOUNT_ENDPOINT";
        let endpoint = |service: &str| {
            let own = format!("{ALL}_{service}");
            let found = variable(&own).map(|text| (own, text));
            let Some((variable, text)) = found.or_else(|| Some((ALL.to_owned(), variable(ALL)?))) else {
                return Ok(None);
            };
            endpoint::checked(&text).map(Some).map_err(|source| EndpointVariableError { variable, source })
        };
        Ok(Self {
            table: endpoint("DYNAMODB")?,
            archive: endpoint("S3")?,
            mailer: endpoint("SES")?,
            secrets: endpoint("SSM")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_own_variable_comes_before_the_common_one() {
        let named = |name: &str| match name {
            "TRUECOUNT_ENDPOINT" => Some("http://127.0.0.1:4566".to_owned()),
            "TRUECOUNT_ENDPOINT_S3" => Some("https://s3.example".to_owned()),
            _ => None,
        };
        let found = Endpoints::from_variables(named).unwrap();
        assert_eq!(found.archive.unwrap().as_str(), "https://s3.example/");
        for other in [found.table, found.mailer, found.secrets] {
            assert_eq!(other.unwrap().as_str(), "http://127.0.0.1:4566/");
        }
        assert_eq!(Endpoints::from_variables(|_| None), Ok(Endpoints::default()));
    }

    #[test]
    fn an_endpoint_that_is_refused_is_named_by_its_variable() {
        let named = |name: &str| (name == "TRUECOUNT_ENDPOINT_SSM").then(|| "http://example.com".to_owned());
        let error = Endpoints::from_variables(named).unwrap_err();
        assert_eq!(error.variable, "TRUECOUNT_ENDPOINT_SSM");
        assert_eq!(error.source, EndpointError::NotLoopback("example.com".to_owned()));
    }
}
