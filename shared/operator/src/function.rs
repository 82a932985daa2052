//! Invokes a function of a stack and waits for its answer, with exactly one request: what a function does, such as
//! sending a mail, would be done twice by a second one.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;
use truecount_platform::PortErrorKind;
use url::Url;

use crate::inspector::{cause, named_endpoint};

/// How long a function may take to answer.
const LIMIT: Duration = Duration::from_secs(120);

/// The functions of this account and region.
#[derive(Debug, Clone)]
pub struct Functions {
    client: Client,
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// It could not be invoked.
    #[error("invoking the function `{function}` (lambda:InvokeFunction)")]
    NotInvoked {
        /// Its name.
        function: String,
        /// Why.
        #[source]
        kind: PortErrorKind,
    },
    /// It ended with an error.
    #[error("the function `{function}` answered: {message}")]
    Failed {
        /// Its name.
        function: String,
        /// What it said.
        message: String,
    },
    /// Its answer is not JSON.
    #[error("the answer of the function `{function}` cannot be read")]
    Unreadable {
        /// Its name.
        function: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Functions {
    /// Loads region and credentials from AWS's usual places. `TRUECOUNT_ENDPOINT_LAMBDA`, else `endpoint`, replaces AWS's
    /// own endpoint.
    ///
    /// # Errors
    /// [`PortErrorKind::NotSetUp`] if the endpoint is neither HTTPS nor on loopback.
    pub async fn load(endpoint: Option<&str>) -> Result<Self, PortErrorKind> {
        let endpoint = named_endpoint("LAMBDA", endpoint)?;
        let limits = TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_timeout(LIMIT).build();
        let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(limits).load().await;
        let mut builder = Builder::from(&config).retry_config(RetryConfig::disabled());
        builder.set_endpoint_url(endpoint.as_ref().map(Url::to_string));
        Ok(Self { client: Client::from_conf(builder.build()) })
    }

    /// The answer of a function to an event.
    ///
    /// # Errors
    /// [`FunctionError`] if it was not invoked, or ended with an error.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, FunctionError> {
        let payload = Blob::new(event.to_string());
        let sent = self.client.invoke().function_name(function).payload(payload).send().await;
        let answer =
            sent.map_err(|error| FunctionError::NotInvoked { function: function.to_owned(), kind: cause(error) })?;
        let bytes = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|source| FunctionError::Unreadable { function: function.to_owned(), source })?;
        match answer.function_error {
            None => Ok(value),
            Some(_) => {
                let message = value["errorMessage"].as_str().map_or_else(|| value.to_string(), str::to_owned);
                Err(FunctionError::Failed { function: function.to_owned(), message })
            }
        }
    }
}
