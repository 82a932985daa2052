//! The AWS home of every port, by the names that a stack gives them.

use std::sync::Arc;

use truecount_platform::aws::{Aws, Endpoints};
use truecount_platform::{Clock, endpoint};

use crate::{AppError, Environment, Quiet};

/// The names of a deployed stack's data.
#[derive(Debug, Clone)]
pub struct AwsBackend {
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of the archive and `config/`.
    pub bucket: String,
    /// The prefix of the secrets' parameters.
    pub secrets: String,
}

/// AWS, with what `TRUECOUNT_ENDPOINT_DYNAMODB`, `…_S3`, `…_SES` and `…_SSM` name in place of its own endpoints, or
/// `endpoint` for all of them. Nothing is asked yet.
///
/// # Errors
/// [`AppError::Settings`] if an endpoint is neither HTTPS nor on loopback.
pub fn reach_aws(endpoint: Option<&str>) -> Result<Aws, AppError> {
    let of_service = |service: &str| {
        let name = format!("TRUECOUNT_ENDPOINT_{service}");
        let (name, text) = match (std::env::var(&name), endpoint) {
            (Ok(text), _) => (name, text),
            (Err(_), Some(text)) => ("TRUECOUNT_ENDPOINT".to_owned(), text.to_owned()),
            (Err(_), None) => return Ok(None),
        };
        endpoint::checked(&text).map(Some).map_err(|error| AppError::Settings { file: name, why: error.to_string() })
    };
    Ok(Aws::new(Endpoints {
        table: of_service("DYNAMODB")?,
        archive: of_service("S3")?,
        mailer: of_service("SES")?,
        secrets: of_service("SSM")?,
    }))
}

/// The environment of a deployed stack. Nothing is asked yet.
#[must_use]
pub fn aws_environment(aws: &Aws, home: &AwsBackend, clock: Arc<dyn Clock>) -> Environment {
    let archive = Arc::new(aws.archive(&home.bucket));
    Environment {
        table: aws.table(&home.table),
        archive: archive.clone(),
        config: archive,
        mailer: Arc::new(aws.mailer()),
        secrets: Arc::new(aws.secrets(&home.secrets)),
        clock,
        is_exclusive: false,
        progress: Arc::new(Quiet),
    }
}
