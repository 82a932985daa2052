//! Mail through SES, with exactly one request per send. Deliberately absent: retries. SES has no idempotency token, so a
//! repeat after a lost answer is a second mail.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_ses::{
    Client,
    config::{
        Builder, ConfigBag, Intercept, RuntimeComponents, http::HttpResponse,
        interceptors::BeforeTransmitInterceptorContextRef, retry::RetryConfig,
    },
    error::{BoxError, ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::RawMessage,
};
use url::Url;

use super::{Aws, LazyClient, Service, count::Count, timeouts};
use crate::{Detail, Mail, MailError, Mailer, describe, mail::MAIL_BYTES_MAX, port_error::links};

/// How long an answer may take by default.
const LIMIT: Duration = Duration::from_secs(30);

/// Mail through SES.
pub struct SesMailer {
    client: LazyClient<Client>,
    limit: Duration,
    configuration_set: Option<String>,
}

impl SesMailer {
    pub(super) fn new(aws: &Aws) -> Self {
        let build = |config: &SdkConfig, endpoint: Option<&Url>| {
            let mut builder = Builder::from(config)
                // In code, on this client: the environment's AWS_MAX_ATTEMPTS must not turn one mail into three.
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts(LIMIT, LIMIT))
                .interceptor(Count(Service::Mailer));
            builder.set_endpoint_url(endpoint.map(Url::to_string));
            Client::from_conf(builder.build())
        };
        Self { client: LazyClient::new(aws, Service::Mailer, build), limit: LIMIT, configuration_set: None }
    }

    /// Names the configuration set of each mail, in place of the sender's own.
    #[must_use]
    pub fn in_configuration_set(mut self, name: Option<String>) -> Self {
        self.configuration_set = name;
        self
    }

    /// Sets how long to wait for an answer.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        if mail.raw.len() > MAIL_BYTES_MAX {
            let length = mail.raw.len();
            return Err(MailError::NotSent(format!("it has {length} bytes, more than {MAIL_BYTES_MAX}").into()));
        }
        let client = self.client.get().await.map_err(|cause| MailError::NotSent(Detail::of(cause)))?;
        let message = RawMessage::builder().data(Blob::new(mail.raw.as_slice())).build();
        let message = message.map_err(|error| MailError::NotSent(Detail::of(error)))?;
        let sent = SentFlag::default();
        let answer = client
            .send_raw_email()
            .source(&mail.from)
            .set_destinations(Some(mail.to.clone()))
            .set_configuration_set_name(self.configuration_set.clone())
            .raw_message(message)
            .customize()
            .config_override(Builder::default().timeout_config(timeouts(self.limit, self.limit)))
            .interceptor(sent.clone())
            .send()
            .await;
        match answer {
            Ok(accepted) => Ok(accepted.message_id),
            Err(error) if sent.is_certainly_not_accepted(&error) => {
                Err(MailError::NotSent(Detail::new(summary(&error), error)))
            }
            Err(error) => Err(MailError::DeliveryUnknown(Detail::new(summary(&error), error))),
        }
    }
}

/// Records whether the request was transmitted.
#[derive(Debug, Clone, Default)]
struct SentFlag(Arc<AtomicBool>);

impl Intercept for SentFlag {
    fn name(&self) -> &'static str {
        "SentFlag"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.store(true, Ordering::SeqCst);
        Ok(())
    }
}

impl SentFlag {
    /// Whether SES cannot have accepted the mail: nothing was transmitted, no connection was made, or SES refused it.
    fn is_certainly_not_accepted<E>(&self, error: &SdkError<E, HttpResponse>) -> bool
    where
        E: std::error::Error + 'static,
    {
        match error {
            _ if !self.0.load(Ordering::SeqCst) => true,
            SdkError::DispatchFailure(_) => links(error).any(is_no_connection),
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                // 408: the server timed out, and how much it had read by then is not known.
                (400..500).contains(&status) && status != 408
            }
            _ => false,
        }
    }
}

/// Whether an error says that no connection was made: refused, no such host, no TLS, timed out. Anything that is not
/// recognised counts as a connection.
fn is_no_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        || matches!(error.to_string().as_str(), "client error (Connect)")
        || error.to_string().starts_with("HTTP connect timeout")
}

/// SES's error code and message, or why it could not be reached.
fn summary<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match (error, error.code(), error.message()) {
        (SdkError::ServiceError(_), Some(code), Some(message)) => format!("{code}: {message}"),
        (SdkError::ServiceError(_), Some(code), None) => code.to_owned(),
        (SdkError::ServiceError(service), ..) => format!("status {}", service.raw().status().as_u16()),
        _ => describe(error),
    }
}

impl fmt::Debug for SesMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SesMailer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use tokio::sync::OnceCell;

    use super::*;

    #[tokio::test]
    async fn without_credentials_nothing_was_sent() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-2"));
        let endpoints = crate::aws::Endpoints { mailer: Url::parse("http://127.0.0.1:9").ok(), ..Default::default() };
        let aws = Aws { config: Arc::new(OnceCell::new_with(Some(config.build()))), endpoints };
        let mail = Mail {
            key: "k".to_owned(),
            attempt: 1,
            from: "a@example.com".to_owned(),
            to: vec!["b@example.com".to_owned()],
            raw: b"Subject: x\r\n\r\nx".to_vec(),
        };
        let error = aws.mailer().send(&mail).await.unwrap_err();
        assert!(matches!(error, MailError::NotSent(_)) && !error.to_string().contains("refused"), "{error}");
        let error = aws.mailer().send(&Mail { raw: vec![b'x'; MAIL_BYTES_MAX + 1], ..mail }).await.unwrap_err();
        assert!(matches!(error, MailError::NotSent(_)) && error.to_string().contains("10000001"), "{error}");
    }
}
