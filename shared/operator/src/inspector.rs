//! What only a person at a prompt asks AWS: who the caller is, whether mail may be sent, whether the daily run is enabled, who is
//! subscribed to the alarms. Deliberately absent: any call that changes something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sesv2::types::{BehaviorOnMxFailure, DkimStatus, MailFromDomainStatus};
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sts::config::{ConfigBag, Credentials, Intercept, RuntimeComponents, SharedCredentialsProvider};
use aws_sdk_sts::error::{BoxError, ProvideErrorMetadata, SdkError};
use jiff::{SignedDuration, Timestamp};
use truecount_platform::{Detail, PortErrorKind, endpoint};
use url::Url;

use crate::aws_json::{CLOUDWATCH, LOGS, STATES};

/// The services in use, as `TRUECOUNT_ENDPOINT_…` names them.
const SERVICES: [&str; 7] = ["STS", "SES", "SCHEDULER", "SNS", CLOUDWATCH.name, LOGS.name, STATES.name];

/// Clients of the AWS services that no job calls.
#[derive(Debug, Clone)]
pub struct AwsInspector {
    pub(crate) config: SdkConfig,
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

/// What SES lets this account send in this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesAccount {
    /// `false`: it is in the SES sandbox, in which only verified recipients get mail.
    pub is_in_production: bool,
    /// `false`: SES has paused it.
    pub is_sending: bool,
    /// Mails allowed in 24 hours.
    pub per_day_max: u64,
    /// Mails sent in the last 24 hours.
    pub sent: u64,
    /// For which of `BOUNCE` and `COMPLAINT` an address is put on the suppression list.
    pub suppressed_reasons: Vec<String>,
}

/// An address or a domain that SES knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesIdentity {
    /// Whether mail may be sent from it, and in the sandbox to it.
    pub is_verified: bool,
    /// Whether SES signs its mail with a key of its own domain.
    pub is_signed: bool,
    /// Where its bounces go; `None`: to amazonses.com.
    pub mail_from: Option<MailFrom>,
}

/// The MAIL FROM domain of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFrom {
    /// The domain.
    pub domain: String,
    /// Whether SES has found its MX record.
    pub is_found: bool,
    /// Whether mail is refused without that record; else its bounces go to amazonses.com.
    pub is_required: bool,
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

    /// What this account may send (`ses:GetAccount`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn mail_account(&self) -> Result<SesAccount, PortErrorKind> {
        let answer = self.ses().get_account().send().await.map_err(cause)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "SES returns whole numbers as floats"
        )]
        let whole = |number: f64| number.max(0.0) as u64;
        let quota = answer.send_quota.as_ref();
        let reasons = answer.suppression_attributes.and_then(|found| found.suppressed_reasons).unwrap_or_default();
        Ok(SesAccount {
            is_in_production: answer.production_access_enabled,
            is_sending: answer.sending_enabled,
            per_day_max: quota.map_or(0, |quota| whole(quota.max24_hour_send)),
            sent: quota.map_or(0, |quota| whole(quota.sent_last24_hours)),
            suppressed_reasons: reasons.iter().map(|reason| reason.as_str().to_owned()).collect(),
        })
    }

    /// An address or domain (`ses:GetEmailIdentity`); `None`: SES does not know it.
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn mail_identity(&self, name: &str) -> Result<Option<SesIdentity>, PortErrorKind> {
        let found = match self.ses().get_email_identity().email_identity(name).send().await {
            Ok(found) => found,
            Err(error) if error.code() == Some("NotFoundException") => return Ok(None),
            Err(error) => return Err(cause(error)),
        };
        let is_signed = |dkim: &aws_sdk_sesv2::types::DkimAttributes| {
            dkim.signing_enabled && dkim.status == Some(DkimStatus::Success)
        };
        let mail_from = found.mail_from_attributes.filter(|found| !found.mail_from_domain.is_empty());
        Ok(Some(SesIdentity {
            is_verified: found.verified_for_sending_status,
            is_signed: found.dkim_attributes.as_ref().is_some_and(is_signed),
            mail_from: mail_from.map(|found| MailFrom {
                is_found: found.mail_from_domain_status == MailFromDomainStatus::Success,
                is_required: found.behavior_on_mx_failure == BehaviorOnMxFailure::RejectMessage,
                domain: found.mail_from_domain,
            }),
        }))
    }

    /// Why an address is on the suppression list (`ses:GetSuppressedDestination`): `BOUNCE` or `COMPLAINT`; `None`: it is
    /// not.
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn suppressed(&self, address: &str) -> Result<Option<String>, PortErrorKind> {
        match self.ses().get_suppressed_destination().email_address(address).send().await {
            Ok(found) => Ok(found.suppressed_destination.map(|found| found.reason.as_str().to_owned())),
            Err(error) if error.code() == Some("NotFoundException") => Ok(None),
            Err(error) => Err(cause(error)),
        }
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

    fn ses(&self) -> aws_sdk_sesv2::Client {
        let mut builder = aws_sdk_sesv2::config::Builder::from(&self.config);
        builder.set_endpoint_url(self.endpoint("SES"));
        aws_sdk_sesv2::Client::from_conf(builder.build())
    }

    pub(crate) fn endpoint(&self, service: &str) -> Option<String> {
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

pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

pub(crate) fn limits() -> TimeoutConfig {
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
