//! Mail through SES, with exactly one request per send. Deliberately absent: any retry: SES knows no idempotency token,
//! so a repeat after a lost answer is a second mail.

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

use super::{Aws, Lazy, Service, count::Count, timeouts};
use crate::{
    Mail, MailError, Mailer,
    mail::MAIL_BYTES_MAX,
    port_error::{chain, links},
};

/// How long an answer may take, unless said otherwise.
const LIMIT: Duration = Duration::from_secs(30);

/// Mail through SES.
pub struct SesMailer {
    client: Lazy<Client>,
    limit: Duration,
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
        Self { client: Lazy::new(aws, Service::Mailer, build), limit: LIMIT }
    }

    /// The same, but waiting at most so long for an answer.
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
            return Err(MailError::NotSent(format!("it has {length} bytes, more than {MAIL_BYTES_MAX}")));
        }
        let client = self.client.get().await.map_err(|cause| MailError::NotSent(cause.to_string()))?;
        let message = RawMessage::builder().data(Blob::new(mail.raw.as_slice())).build();
        let message = message.map_err(|error| MailError::NotSent(error.to_string()))?;
        let left = Left::default();
        let answer = client
            .send_raw_email()
            .source(&mail.from)
            .set_destinations(Some(mail.to.clone()))
            .raw_message(message)
            .customize()
            .config_override(Builder::default().timeout_config(timeouts(self.limit, self.limit)))
            .interceptor(left.clone())
            .send()
            .await;
        match answer {
            Ok(accepted) => Ok(accepted.message_id),
            Err(error) if left.is_certainly_refused(&error) => Err(MailError::NotSent(said(&error))),
            Err(error) => Err(MailError::Unknown(said(&error))),
        }
    }
}

/// Notes whether the request got as far as the wire.
#[derive(Debug, Clone, Default)]
struct Left(Arc<AtomicBool>);

impl Intercept for Left {
    fn name(&self) -> &'static str {
        "Left"
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

impl Left {
    /// Whether SES cannot have accepted the mail: it never left, no connection was made, or SES said no.
    fn is_certainly_refused<E>(&self, error: &SdkError<E, HttpResponse>) -> bool
    where
        E: std::error::Error + 'static,
    {
        match error {
            _ if !self.0.load(Ordering::SeqCst) => true,
            SdkError::DispatchFailure(_) => links(error).any(is_no_connection),
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                // 408: the server gave up waiting, at a moment that is not known.
                (400..500).contains(&status) && status != 408
            }
            _ => false,
        }
    }
}

/// Whether an error says that no connection came about: refused, no such host, no TLS, not in time. Anything that is
/// not recognised counts as a connection.
fn is_no_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        || matches!(error.to_string().as_str(), "client error (Connect)")
        || error.to_string().starts_with("HTTP connect timeout")
}

/// What SES, or the way to it, said.
fn said<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match (error, error.code(), error.message()) {
        (SdkError::ServiceError(_), Some(code), Some(message)) => format!("{code}: {message}"),
        (SdkError::ServiceError(_), Some(code), None) => code.to_owned(),
        (SdkError::ServiceError(service), ..) => format!("status {}", service.raw().status().as_u16()),
        _ => chain(error),
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
        assert!(matches!(&error, MailError::NotSent(why) if !why.contains("refused")), "{error}");
        let error = aws.mailer().send(&Mail { raw: vec![b'x'; MAIL_BYTES_MAX + 1], ..mail }).await.unwrap_err();
        assert!(matches!(&error, MailError::NotSent(why) if why.contains("10000001")), "{error}");
    }
}
