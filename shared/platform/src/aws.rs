//! The ports implemented on AWS. Deliberately absent: creating resources (the template does), and a client for a
//! service that is not called: each is built at its first use.

mod archive;
mod backend;
mod count;
mod mailer;
mod parameters;
mod secrets;

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{
    Credentials, Region, SharedCredentialsProvider, retry::RetryConfig, timeout::TimeoutConfig,
};
use tokio::sync::OnceCell;
use url::Url;

pub use self::{
    archive::S3Archive,
    backend::{AwsBackend, EndpointVariableError},
    count::{Requests, requests},
    mailer::SesMailer,
    parameters::Parameters,
    secrets::SsmSecrets,
};
use crate::{Detail, PortErrorKind, Table, endpoint};

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

/// Access to AWS: region and credentials from the standard chain (environment, profile, container, instance), resolved
/// once, at the first call.
#[derive(Debug, Clone, Default)]
pub struct Aws {
    config: Arc<OnceCell<SdkConfig>>,
    endpoints: Endpoints,
}

impl Aws {
    /// Sends no request yet.
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
                .timeout_config(timeouts(Duration::from_secs(10), Duration::from_secs(60)))
                .interceptor(count::Count(Service::Table));
            // Set even when `None`: an endpoint that the SDK found on its own has not been checked.
            builder.set_endpoint_url(endpoint.map(Url::to_string));
            aws_sdk_dynamodb::Client::from_conf(builder.build())
        };
        Table::new(name, LazyClient::new(self, Service::Table, build))
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

    /// Single parameters in SSM.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        Parameters::new(self)
    }

    /// Secrets in SSM, one SecureString parameter per source at `PREFIX/sources/SOURCE`.
    #[must_use]
    pub fn secrets(&self, prefix: &str) -> SsmSecrets {
        SsmSecrets::new(self, prefix)
    }
}

/// Access to an emulator on this machine, with fixed credentials that are valid nowhere.
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

/// A table of an emulator on this machine.
#[must_use]
pub fn local_table(endpoint: &Url, name: &str) -> Table {
    local(Endpoints { table: Some(endpoint.clone()), ..Endpoints::default() }).table(name)
}

/// Retries of calls that may be repeated: after 0.1 s at first, then doubling, with jitter.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(6).with_initial_backoff(Duration::from_millis(100))
}

/// Time limits of one attempt and of a call with all its attempts.
fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// A client that is built at its first use.
pub(crate) struct LazyClient<C> {
    aws: Aws,
    service: Service,
    build: fn(&SdkConfig, Option<&Url>) -> C,
    client: OnceCell<(C, Option<Url>)>,
}

/// The AWS services in use.
#[derive(Debug, Clone, Copy)]
enum Service {
    Table,
    Archive,
    Mailer,
    Secrets,
}

impl Service {
    /// The endpoint configured for it, and the variable in which AWS's own tools look for one.
    fn endpoint(self, endpoints: &Endpoints) -> (Option<&Url>, &'static str) {
        match self {
            Self::Table => (endpoints.table.as_ref(), "AWS_ENDPOINT_URL_DYNAMODB"),
            Self::Archive => (endpoints.archive.as_ref(), "AWS_ENDPOINT_URL_S3"),
            Self::Mailer => (endpoints.mailer.as_ref(), "AWS_ENDPOINT_URL_SES"),
            Self::Secrets => (endpoints.secrets.as_ref(), "AWS_ENDPOINT_URL_SSM"),
        }
    }
}

impl<C> LazyClient<C> {
    fn new(aws: &Aws, service: Service, build: fn(&SdkConfig, Option<&Url>) -> C) -> Self {
        Self { aws: aws.clone(), service, build, client: OnceCell::new() }
    }

    /// The client, built at the first call.
    pub(crate) async fn get(&self) -> Result<&C, PortErrorKind> {
        let make = || async {
            let config = self.aws.config.get_or_init(|| aws_config::defaults(BehaviorVersion::latest()).load()).await;
            if config.region().is_none() {
                let why = "no AWS region is known: set AWS_REGION, or `region` in the AWS profile";
                return Err(PortErrorKind::NotSetUp(why.into()));
            }
            let (named, variable) = self.service.endpoint(&self.aws.endpoints);
            let endpoint =
                effective(named, (variable, std::env::var(variable).ok().as_deref()), config.endpoint_url())?;
            Ok(((self.build)(config, endpoint.as_ref()), endpoint))
        };
        self.client.get_or_try_init(make).await.map(|(client, _)| client)
    }

    /// Where the calls go, for messages: the region, and the endpoint if it is not AWS's own.
    pub(crate) fn place(&self) -> String {
        let region = self.aws.config.get().and_then(SdkConfig::region).map_or("no region", Region::as_ref);
        match self.client.get() {
            Some((_, Some(endpoint))) => format!("region {region} at {endpoint}"),
            _ => format!("region {region}"),
        }
    }
}

/// The endpoint to use: the configured one, else the service's variable, else what the SDK found for all services
/// (AWS_ENDPOINT_URL or the profile). All of them pass the same check.
fn effective(
    named: Option<&Url>,
    (variable, of_service): (&str, Option<&str>),
    of_all: Option<&str>,
) -> Result<Option<Url>, PortErrorKind> {
    let (place, text) = match (named, of_service, of_all) {
        (Some(named), ..) => return Ok(Some(named.clone())),
        (None, Some(text), _) => (variable, text),
        (None, None, Some(text)) => ("AWS_ENDPOINT_URL, or `endpoint_url` of the AWS profile", text),
        (None, None, None) => return Ok(None),
    };
    endpoint::checked(text)
        .map(Some)
        .map_err(|error| PortErrorKind::NotSetUp(Detail::new(format!("{place}: {error}"), error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_checked_and_the_most_specific_wins() {
        let named = Url::parse("http://127.0.0.1:1/").unwrap();
        let near = "http://127.0.0.1:2/";
        let far = "http://127.0.0.1:3/";
        for (named, of_service, of_all, expected) in [
            (Some(&named), Some(near), Some(far), Some("http://127.0.0.1:1/")),
            (None, Some(near), Some(far), Some(near)),
            (None, None, Some(far), Some(far)),
            (None, None, None, None),
            (Some(&named), Some("http://example.com"), None, Some("http://127.0.0.1:1/")),
        ] {
            let found = effective(named, ("AWS_ENDPOINT_URL_S3", of_service), of_all).unwrap();
            assert_eq!(found.as_ref().map(Url::as_str), expected);
        }
        for (of_service, of_all, place) in [
            (Some("http://example.com"), None, "AWS_ENDPOINT_URL_S3"),
            (Some("http://example.com"), Some(far), "AWS_ENDPOINT_URL_S3"),
            (None, Some("http://example.com"), "AWS_ENDPOINT_URL, or"),
        ] {
            let refused = effective(None, ("AWS_ENDPOINT_URL_S3", of_service), of_all).unwrap_err().to_string();
            assert!(refused.starts_with(place) && refused.contains("`example.com`"), "{refused}");
        }
    }
}
