//! Single parameters in SSM Parameter Store: plain ones are read, encrypted ones are written. Deliberately absent:
//! which parameters there are, and reading a secret (`secrets.rs`).

use std::{fmt, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_ssm::{Client, error::ProvideErrorMetadata, types::ParameterType};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Aws, LazyClient, Service, count::Count, retries, timeouts};
use crate::PortErrorKind;

/// SSM parameters by their whole names.
pub struct Parameters {
    client: LazyClient<Client>,
}

impl Parameters {
    pub(super) fn new(aws: &Aws) -> Self {
        Self { client: LazyClient::new(aws, Service::Secrets, client) }
    }

    /// A plain parameter's text; `None` if it does not exist.
    ///
    /// # Errors
    /// [`PortErrorKind`] if that could not be found out.
    pub async fn text(&self, name: &str) -> Result<Option<String>, PortErrorKind> {
        match self.client.get().await?.get_parameter().name(name).send().await {
            Ok(answer) => Ok(answer.parameter.and_then(|parameter| parameter.value)),
            Err(error) if error.code() == Some("ParameterNotFound") => Ok(None),
            Err(error) => Err(PortErrorKind::from_sdk(error)),
        }
    }

    /// Writes an encrypted parameter and replaces an existing one. Without `key`, AWS's own key for SSM encrypts it.
    ///
    /// # Errors
    /// [`PortErrorKind`] if it is not known to be written.
    pub async fn put_encrypted(
        &self,
        name: &str,
        value: &SecretString,
        key: Option<&str>,
    ) -> Result<(), PortErrorKind> {
        let request = self.client.get().await?.put_parameter().name(name).value(value.expose_secret());
        let request = request.r#type(ParameterType::SecureString).overwrite(true).set_key_id(key.map(str::to_owned));
        request.send().await.map_err(PortErrorKind::from_sdk)?;
        Ok(())
    }

    /// Where the calls go, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        self.client.place()
    }
}

/// A client of SSM.
pub(super) fn client(config: &SdkConfig, endpoint: Option<&Url>) -> Client {
    let mut builder = aws_sdk_ssm::config::Builder::from(config)
        .retry_config(retries())
        .timeout_config(timeouts(Duration::from_secs(10), Duration::from_secs(40)))
        .interceptor(Count(Service::Secrets));
    builder.set_endpoint_url(endpoint.map(Url::to_string));
    Client::from_conf(builder.build())
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters").finish_non_exhaustive()
    }
}
