//! Sources' secrets in SSM Parameter Store: one SecureString per source, a JSON object of its fields. Deliberately
//! absent: writing one, and keeping one in memory between calls.

use std::fmt;

use async_trait::async_trait;
use aws_sdk_ssm::{Client, error::ProvideErrorMetadata, types::ParameterType};
use truecount_billing::SourceId;

use super::{Aws, LazyClient, Service};
use crate::{
    PortErrorKind, SecretError, Secrets,
    secret::{Fields, fields_from_json},
};

/// Secrets as SSM parameters under one prefix, such as `/truecount/prod`.
pub struct SsmSecrets {
    prefix: String,
    client: LazyClient<Client>,
}

impl SsmSecrets {
    pub(super) fn new(aws: &Aws, prefix: &str) -> Self {
        let prefix = prefix.trim_end_matches('/').to_owned();
        Self { prefix, client: LazyClient::new(aws, Service::Secrets, super::parameters::client) }
    }

    /// The parameter's name for a source.
    #[must_use]
    pub fn parameter(&self, source: &SourceId) -> String {
        format!("{}/sources/{source}", self.prefix)
    }
}

#[async_trait]
impl Secrets for SsmSecrets {
    async fn source(&self, source: &SourceId) -> Result<Fields, SecretError> {
        let place = self.parameter(source);
        let unreadable = |cause| SecretError::Unreadable { source_id: source.clone(), place: place.clone(), cause };
        let unusable = |why| SecretError::Unusable { source_id: source.clone(), place: place.clone(), why };
        let client = self.client.get().await.map_err(unreadable)?;
        let parameter = match client.get_parameter().name(&place).with_decryption(true).send().await {
            Ok(answer) => answer.parameter,
            Err(error) if error.code() == Some("ParameterNotFound") => None,
            Err(error) => return Err(unreadable(PortErrorKind::from_sdk(error))),
        };
        let Some(parameter) = parameter else {
            let hint = format!(
                "there is no SSM parameter `{place}` in {}: put its fields there as one JSON object, type SecureString",
                self.client.place()
            );
            return Err(SecretError::Missing { source_id: source.clone(), hint });
        };
        if parameter.r#type != Some(ParameterType::SecureString) {
            return Err(unusable("it is not encrypted: make it a parameter of the type SecureString".to_owned()));
        }
        fields_from_json(&parameter.value.unwrap_or_default()).map_err(unusable)
    }
}

impl fmt::Debug for SsmSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SsmSecrets").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
