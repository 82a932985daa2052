//! What only `doctor` asks AWS: who the caller is, whether mail may be sent, whether the daily run is enabled, who is
//! subscribed to the alarms. Deliberately absent: any call that changes something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ses::types::VerificationStatus;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sts::config::{ConfigBag, Credentials, Intercept, RuntimeComponents, SharedCredentialsProvider};
use aws_sdk_sts::error::{BoxError, ProvideErrorMetadata, SdkError};
use jiff::{SignedDuration, Timestamp};
use truecount_platform::{Detail, PortErrorKind, endpoint};
use url::Url;

/// Identities that SES accepts in one request.
const IDENTITIES_MAX: usize = 100;

/// The services in use, as `TRUECOUNT_ENDPOINT_…` names them.
const SERVICES: [&str; 4] = ["STS", "SES", "SCHEDULER", "SNS"];

/// Clients of the AWS services that no job calls.
#[derive(Debug, Clone)]
pub struct AwsInspector {
    config: SdkConfig,
    endpoints: BTreeMap<&'static str, Url>,
}

/// The identity behind the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The AWS account's number.
    pub account: String,
    /// The ARN of the user or role.
    pub arn: String,
    /// How far AWS's clock is ahead of this machine's; `None` if the response had no date.
    pub skew: Option<SignedDuration>,
}

/// How many mails SES sends for this account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendQuota {
    /// Mails allowed in 24 hours.
    pub per_day_max: u64,
    /// Mails allowed in a second.
    pub per_second_max: u64,
    /// Mails sent in the last 24 hours.
    pub sent: u64,
}

impl SendQuota {
    /// Whether this is the quota of the SES sandbox, in which only verified recipients get mail.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.per_day_max <= 200 && self.per_second_max <= 1
    }
}

/// The schedule that starts the daily run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailySchedule {
    /// Whether it starts anything.
    pub is_enabled: bool,
    /// The schedule expression, such as `cron(0 4 * * ? *)`.
    pub expression: String,
}

/// How many subscriptions a topic has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriptions {
    /// Confirmed: they receive the alarms.
    pub confirmed: u64,
    /// Not confirmed yet: they receive nothing.
    pub pending: u64,
}

impl AwsInspector {
    /// Loads region and credentials from AWS's usual places. `TRUECOUNT_ENDPOINT_STS`, `…_SES`, `…_SCHEDULER` and
    /// `…_SNS` replace AWS's own endpoints; `endpoint` replaces all.
    ///
    /// # Errors
    /// [`PortErrorKind::NotSetUp`] if an endpoint is neither HTTPS nor on loopback.
    pub async fn load(endpoint: Option<&str>) -> Result<Self, PortErrorKind> {
        let mut endpoints = BTreeMap::new();
        for service in SERVICES {
            if let Some(url) = named_endpoint(service, endpoint)? {
                endpoints.insert(service, url);
            }
        }
        let loaded = aws_config::defaults(BehaviorVersion::latest()).retry_config(retries()).timeout_config(limits());
        Ok(Self { config: loaded.load().await, endpoints })
    }

    /// Uses one endpoint on this machine for all services, with credentials that are valid nowhere.
    #[must_use]
    pub fn local(endpoint: &Url) -> Self {
        let credentials = Credentials::new("local", "local", None, None, "this machine");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits())
            .build();
        Self { config, endpoints: SERVICES.map(|service| (service, endpoint.clone())).into() }
    }

    /// The region, or `no region`.
    #[must_use]
    pub fn region(&self) -> &str {
        self.config.region().map_or("no region", Region::as_ref)
    }

    /// The identity of the caller; this needs no permission.
    ///
    /// # Errors
    /// [`PortErrorKind`] if there are no credentials, or they are not accepted.
    pub async fn caller(&self) -> Result<CallerIdentity, PortErrorKind> {
        let mut builder = aws_sdk_sts::config::Builder::from(&self.config);
        builder.set_endpoint_url(self.endpoint("STS"));
        let seen = DateSeen::default();
        let asked = aws_sdk_sts::Client::from_conf(builder.build()).get_caller_identity();
        let answer = asked.customize().interceptor(seen.clone()).send().await.map_err(cause)?;
        Ok(CallerIdentity {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
            skew: *seen.0.lock().unwrap_or_else(PoisonError::into_inner),
        })
    }

    /// How many mails may be sent (`ses:GetSendQuota`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn send_quota(&self) -> Result<SendQuota, PortErrorKind> {
        let answer = self.ses().get_send_quota().send().await.map_err(cause)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "SES returns whole numbers as floats"
        )]
        let whole = |number: f64| number.max(0.0) as u64;
        Ok(SendQuota {
            per_day_max: whole(answer.max24_hour_send),
            per_second_max: whole(answer.max_send_rate),
            sent: whole(answer.sent_last24_hours),
        })
    }

    /// Which of these addresses and domains SES has verified (`ses:GetIdentityVerificationAttributes`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn verified(&self, identities: &BTreeSet<String>) -> Result<BTreeSet<String>, PortErrorKind> {
        let (mut verified, client) = (BTreeSet::new(), self.ses());
        let all: Vec<_> = identities.iter().cloned().collect();
        for some in all.chunks(IDENTITIES_MAX) {
            let asked = client.get_identity_verification_attributes().set_identities(Some(some.to_vec()));
            let answer = asked.send().await.map_err(cause)?;
            let good = answer.verification_attributes.into_iter();
            let good = good.filter(|(_, state)| state.verification_status == VerificationStatus::Success);
            verified.extend(good.map(|(identity, _)| identity));
        }
        Ok(verified)
    }

    /// The schedule of the daily run (`scheduler:GetSchedule`); `None` if it does not exist.
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn schedule(&self, group: &str, name: &str) -> Result<Option<DailySchedule>, PortErrorKind> {
        let mut builder = aws_sdk_scheduler::config::Builder::from(&self.config);
        builder.set_endpoint_url(self.endpoint("SCHEDULER"));
        let client = aws_sdk_scheduler::Client::from_conf(builder.build());
        match client.get_schedule().group_name(group).name(name).send().await {
            Ok(found) => Ok(Some(DailySchedule {
                is_enabled: found.state == Some(aws_sdk_scheduler::types::ScheduleState::Enabled),
                expression: found.schedule_expression.unwrap_or_default(),
            })),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(cause(error)),
        }
    }

    /// The subscriptions of the topic of the alarms (`sns:GetTopicAttributes`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn subscriptions(&self, topic: &str) -> Result<Subscriptions, PortErrorKind> {
        let mut builder = aws_sdk_sns::config::Builder::from(&self.config);
        builder.set_endpoint_url(self.endpoint("SNS"));
        let client = aws_sdk_sns::Client::from_conf(builder.build());
        let answer = client.get_topic_attributes().topic_arn(topic).send().await.map_err(cause)?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name: &str| attributes.get(name).and_then(|n| n.parse().ok()).unwrap_or(0);
        Ok(Subscriptions { confirmed: count("SubscriptionsConfirmed"), pending: count("SubscriptionsPending") })
    }

    fn ses(&self) -> aws_sdk_ses::Client {
        let mut builder = aws_sdk_ses::config::Builder::from(&self.config);
        builder.set_endpoint_url(self.endpoint("SES"));
        aws_sdk_ses::Client::from_conf(builder.build())
    }

    fn endpoint(&self, service: &str) -> Option<String> {
        self.endpoints.get(service).map(Url::to_string)
    }
}

/// The endpoint that `TRUECOUNT_ENDPOINT_<SERVICE>` names, else this one.
pub(crate) fn named_endpoint(service: &str, endpoint: Option<&str>) -> Result<Option<Url>, PortErrorKind> {
    let name = format!("TRUECOUNT_ENDPOINT_{service}");
    let named = std::env::var(&name).ok();
    let Some(text) = named.as_deref().or(endpoint) else { return Ok(None) };
    let checked = endpoint::checked(text);
    checked.map(Some).map_err(|error| PortErrorKind::NotSetUp(Detail::new(format!("{name}: {error}"), error)))
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

fn limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(20))
        .build()
}

/// Records how far the `Date` header of a response is from this machine's clock.
#[derive(Debug, Clone, Default)]
struct DateSeen(Arc<Mutex<Option<SignedDuration>>>);

impl Intercept for DateSeen {
    fn name(&self) -> &'static str {
        "DateSeen"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let parse = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
        let date = context.response().headers().get("date").and_then(parse);
        let skew = date.map(|date| date.duration_since(Timestamp::now()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = skew;
        Ok(())
    }
}

pub(crate) fn cause<E>(error: SdkError<E, HttpResponse>) -> PortErrorKind
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(service) => {
            let (meta, status) = (service.err().meta().clone(), service.raw().status().as_u16());
            PortErrorKind::from_response(meta.code(), meta.message(), status, error)
        }
        _ => PortErrorKind::from_no_response(error),
    }
}
