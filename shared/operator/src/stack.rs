//! A deployed stack, found by its name: its template stores the names of its resources in an SSM parameter.
//! Deliberately absent: CloudFormation, and anything that changes the stack.

use serde::Deserialize;
use truecount_platform::PortErrorKind;
use truecount_platform::aws::{Aws, AwsBackend};

/// The names of a stack's resources, as its template writes them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StackResources {
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of the archive and `config/`.
    pub bucket: String,
    /// The prefix of the SSM parameters with secrets.
    pub secrets: String,
    /// The state machine of the daily run.
    pub state_machine: String,
    /// The schedule that starts the daily run.
    pub schedule: String,
    /// The group of the schedule.
    pub schedule_group: String,
    /// The topic of the alarms.
    pub topic: String,
    /// The alarm that brings the others together.
    pub alarm: String,
    /// The only address that its functions may send as.
    pub sender: String,
    /// The SES configuration set of its mails.
    pub configuration_set: String,
    /// The KMS key of its data and secrets; empty: AWS's own keys.
    pub kms_key: String,
    /// The Lambda functions.
    pub functions: FunctionNames,
}

/// The names of the three Lambda functions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FunctionNames {
    /// Reads sources.
    pub sync: String,
    /// Compares.
    pub reconcile: String,
    /// Writes and mails.
    pub report: String,
}

/// Why a stack was not found.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// No stack can have this name.
    #[error("`{0}` is not a stack name: a letter, then letters, digits and hyphens, at most 128 in all")]
    InvalidName(String),
    /// There is no such stack in this account and region.
    #[error(
        "there is no stack `{name}` in {place}: SSM has no parameter `{parameter}`. Is it the right name (`--stack`), region (AWS_REGION) and account (AWS_PROFILE)?"
    )]
    NotFound {
        /// The name.
        name: String,
        /// The region that was searched.
        place: String,
        /// The parameter's name.
        parameter: String,
    },
    /// AWS did not give the parameter.
    #[error("reading `{parameter}` (ssm:GetParameter) in {place}")]
    Unreadable {
        /// The parameter's name.
        parameter: String,
        /// The region that was searched.
        place: String,
        /// Why.
        #[source]
        kind: PortErrorKind,
    },
    /// The parameter is not what this version's template writes.
    #[error("the parameter `{parameter}` is not as the template writes it")]
    Malformed {
        /// The parameter's name.
        parameter: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl StackResources {
    /// The resources that hold its data.
    #[must_use]
    pub fn aws_backend(&self) -> AwsBackend {
        AwsBackend {
            table: self.table.clone(),
            bucket: self.bucket.clone(),
            secrets: self.secrets.clone(),
            configuration_set: Some(self.configuration_set.clone()),
        }
    }
}

/// The SSM parameter in which the template of a stack stores its [`StackResources`].
///
/// # Errors
/// [`StackError::InvalidName`] if no stack can have this name.
pub fn parameter(name: &str) -> Result<String, StackError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !plain || name.len() > 128 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(StackError::InvalidName(name.chars().take(40).flat_map(char::escape_debug).collect()));
    }
    Ok(format!("/truecount/{name}/stack"))
}

/// Finds a stack by its name.
///
/// # Errors
/// [`StackError`] says what to do: another name, region, credential or permission.
pub async fn find(aws: &Aws, name: &str) -> Result<StackResources, StackError> {
    let parameter = parameter(name)?;
    let parameters = aws.parameters();
    match parameters.text(&parameter).await {
        Ok(Some(text)) => serde_json::from_str(&text).map_err(|source| StackError::Malformed { parameter, source }),
        Ok(None) => Err(StackError::NotFound { name: name.to_owned(), place: parameters.place(), parameter }),
        Err(kind) => Err(StackError::Unreadable { place: parameters.place(), parameter, kind }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_to_another_parameter() {
        assert_eq!(parameter("msp-prod").unwrap(), "/truecount/msp-prod/stack");
        for bad in ["", "-x", "1x", "a/b", "../a", "a b", "ä", &"x".repeat(129)] {
            assert!(matches!(parameter(bad), Err(StackError::InvalidName(_))), "{bad}");
        }
    }

    #[test]
    fn the_parameter_of_the_template_is_read() {
        let text = r#"{"table":"t","bucket":"b","secrets":"/truecount/p","state_machine":"arn:s","schedule":"daily",
            "schedule_group":"g","topic":"arn:t","alarm":"p","sender":"a@msp.example","configuration_set":"c","kms_key":"","functions":{"sync":"s","reconcile":"r","report":"p"},"more":1}"#;
        let stack: StackResources = serde_json::from_str(text).unwrap();
        assert_eq!(
            (stack.bucket.as_str(), stack.functions.report.as_str(), stack.sender.as_str()),
            ("b", "p", "a@msp.example")
        );
    }
}
