//! The ports' homes on AWS. Deliberately absent: making anything there (the template does), and a client for a service
//! that is not called: each is made at its first use.

mod archive;
mod mailer;
mod secrets;

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{
    Credentials, Region, SharedCredentialsProvider, retry::RetryConfig, timeout::TimeoutConfig,
};
use tokio::sync::OnceCell;
use url::Url;

pub use self::{archive::S3Archive, mailer::SesMailer, secrets::SsmSecrets};
use crate::{Cause, Table};

/// Addresses in place of AWS's own, each passed by [`crate::endpoint::checked`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// DynamoDB.
    pub table: Option<Url>,
    /// S3. Buckets are then named in the path.
    pub archive: Option<Url>,
    /// SES.
    pub mailer: Option<Url>,
    /// SSM.
    pub secrets: Option<Url>,
}

/// AWS as this process reaches it: region and credentials from the ordinary chain (environment, profile, container,
/// instance), looked for once, at the first call.
#[derive(Debug, Clone, Default)]
pub struct Aws {
    config: Arc<OnceCell<SdkConfig>>,
    endpoints: Endpoints,
}

impl Aws {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(endpoints: Endpoints) -> Self {
        Self { config: Arc::default(), endpoints }
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Table {
        let build = |config: &SdkConfig, endpoint: Option<&Url>| {
            let mut builder = aws_sdk_dynamodb::config::Builder::from(config)
                .retry_config(retries())
                .timeout_config(timeouts(Duration::from_secs(10), Duration::from_secs(60)));
            if let Some(endpoint) = endpoint {
                builder = builder.endpoint_url(endpoint.as_str());
            }
            aws_sdk_dynamodb::Client::from_conf(builder.build())
        };
        Table::new(name, Lazy::new(self, self.endpoints.table.clone(), build))
    }

    /// The archive in this bucket.
    #[must_use]
    pub fn archive(&self, bucket: &str) -> S3Archive {
        S3Archive::new(self, bucket)
    }

    /// Mail through SES.
    #[must_use]
    pub fn mailer(&self) -> SesMailer {
        SesMailer::new(self)
    }

    /// Secrets in SSM, one SecureString parameter per source at `PREFIX/sources/SOURCE`.
    #[must_use]
    pub fn secrets(&self, prefix: &str) -> SsmSecrets {
        SsmSecrets::new(self, prefix)
    }
}

/// AWS's protocols as something on this machine speaks them: with fixed credentials, which open nothing.
#[must_use]
pub fn local(endpoints: Endpoints) -> Aws {
    let credentials = Credentials::new("local", "local", None, None, "this machine");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Aws { config: Arc::new(OnceCell::new_with(Some(config))), endpoints }
}

/// A table behind an endpoint on this machine that asks for no real credentials.
#[must_use]
pub fn local_table(endpoint: &Url, name: &str) -> Table {
    local(Endpoints { table: Some(endpoint.clone()), ..Endpoints::default() }).table(name)
}

/// How often the SDK tries a call that may be repeated: after 0.1 s at first, then doubling, with jitter.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(6).with_initial_backoff(Duration::from_millis(100))
}

/// Limits of one try and of a call with all its tries.
fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// A client that is made at its first use.
pub(crate) struct Lazy<C> {
    aws: Aws,
    endpoint: Option<Url>,
    build: fn(&SdkConfig, Option<&Url>) -> C,
    client: OnceCell<C>,
}

impl<C> Lazy<C> {
    fn new(aws: &Aws, endpoint: Option<Url>, build: fn(&SdkConfig, Option<&Url>) -> C) -> Self {
        Self { aws: aws.clone(), endpoint, build, client: OnceCell::new() }
    }

    /// The client, or why there cannot be one.
    pub(crate) async fn get(&self) -> Result<&C, Cause> {
        let make = || async {
            let config = self.aws.config.get_or_init(|| aws_config::defaults(BehaviorVersion::latest()).load()).await;
            match config.region() {
                None => Err(Cause::NotSetUp(
                    "no AWS region is known: set AWS_REGION, or `region` in the AWS profile".to_owned(),
                )),
                Some(_) => Ok((self.build)(config, self.endpoint.as_ref())),
            }
        };
        self.client.get_or_try_init(make).await
    }

    /// Where the calls go, for people: a region, and the endpoint if one is set.
    pub(crate) fn place(&self) -> String {
        let region = self.aws.config.get().and_then(SdkConfig::region).map_or("no region", Region::as_ref);
        match &self.endpoint {
            Some(endpoint) => format!("region {region} at {endpoint}"),
            None => format!("region {region}"),
        }
    }
}
