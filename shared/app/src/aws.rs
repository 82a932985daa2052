//! The AWS home of every port, by the names that a stack gives them.

use std::sync::Arc;

use truecount_platform::aws::{Aws, Endpoints};
use truecount_platform::{Clock, endpoint};

use crate::{AppError, Environment, Quiet};

/// The names of a deployed stack's data.
#[derive(Debug, Clone)]
pub struct AwsHome {
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of the archive and `config/`.
    pub bucket: String,
    /// The prefix of the secrets' parameters.
    pub secrets: String,
    /// Another endpoint than AWS's own for all services; `TRUECOUNT_ENDPOINT_DYNAMODB`, `…_S3`, `…_SES` and `…_SSM`
    /// name one for each.
    pub endpoint: Option<String>,
}

/// The environment of a deployed stack. Nothing is asked yet.
///
/// # Errors
/// [`AppError::Settings`] if an endpoint is neither HTTPS nor on loopback.
pub fn aws_environment(home: &AwsHome, clock: Arc<dyn Clock>) -> Result<Environment, AppError> {
    let endpoint = |service: &str| {
        let name = format!("TRUECOUNT_ENDPOINT_{service}");
        let (name, text) = match (std::env::var(&name), &home.endpoint) {
            (Ok(text), _) => (name, text),
            (Err(_), Some(text)) => ("endpoint".to_owned(), text.clone()),
            (Err(_), None) => return Ok(None),
        };
        endpoint::checked(&text).map(Some).map_err(|error| AppError::Settings { file: name, why: error.to_string() })
    };
    let aws = Aws::new(Endpoints {
        table: endpoint("DYNAMODB")?,
        archive: endpoint("S3")?,
        mailer: endpoint("SES")?,
        secrets: endpoint("SSM")?,
    });
    let archive = Arc::new(aws.archive(&home.bucket));
    Ok(Environment {
        table: aws.table(&home.table),
        archive: archive.clone(),
        config: archive,
        mailer: Arc::new(aws.mailer()),
        secrets: Arc::new(aws.secrets(&home.secrets)),
        clock,
        is_exclusive: false,
        progress: Arc::new(Quiet),
    })
}
