//! A deployed stack, found by its name: the parameter in which its template wrote what its parts are called.
//! Deliberately absent: CloudFormation, and anything that changes the stack.

use serde::Deserialize;
use truecount_platform::PortErrorKind;
use truecount_platform::aws::{Aws, AwsBackend};

/// What the parts of a stack are called, as its template wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StackResources {
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of the archive and `config/`.
    pub bucket: String,
    /// The prefix of the secrets' parameters.
    pub secrets: String,
    /// The state machine of the daily run.
    pub state_machine: String,
    /// The schedule that starts it.
    pub schedule: String,
    /// The group that the schedule is in.
    pub schedule_group: String,
    /// The topic that the alarms go to.
    pub topic: String,
    /// The sender of the mails where the settings name none.
    #[serde(default)]
    pub sender: Option<String>,
    /// The functions.
    pub functions: FunctionNames,
}

/// What the three functions are called.
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    /// The name cannot be one.
    #[error("`{0}` is no name of a stack: letters, digits and hyphens, at most 128, a letter first")]
    Name(String),
    /// There is no such stack here.
    #[error(
        "there is no stack `{name}` in {place}: SSM has no parameter `{parameter}`. Is it the right name (`--stack`), region (AWS_REGION) and account (AWS_PROFILE)?"
    )]
    Unknown {
        /// The name.
        name: String,
        /// Where it was looked for.
        place: String,
        /// The parameter's name.
        parameter: String,
    },
    /// It could not be asked for.
    #[error("reading `{parameter}` (ssm:GetParameter) in {place}: {cause}")]
    Unread {
        /// The parameter's name.
        parameter: String,
        /// Where it was looked for.
        place: String,
        /// Why.
        cause: PortErrorKind,
    },
    /// It is there, and not what the template writes.
    #[error("the parameter `{parameter}` is not as the template writes it ({why}): deploy the stack again")]
    Odd {
        /// The parameter's name.
        parameter: String,
        /// What is wrong with it.
        why: String,
    },
}

impl StackResources {
    /// The homes of its data.
    #[must_use]
    pub fn aws_backend(&self) -> AwsBackend {
        AwsBackend { table: self.table.clone(), bucket: self.bucket.clone(), secrets: self.secrets.clone() }
    }
}

/// The parameter in which the template of a stack wrote what its parts are called.
///
/// # Errors
/// [`StackError::Name`] if no stack can have this name.
pub fn parameter(name: &str) -> Result<String, StackError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !plain || name.len() > 128 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(StackError::Name(name.chars().take(40).flat_map(char::escape_debug).collect()));
    }
    Ok(format!("/truecount/{name}/home"))
}

/// Finds a stack by its name.
///
/// # Errors
/// [`StackError`] says what to do: another name, region, credential or right.
pub async fn find(aws: &Aws, name: &str) -> Result<StackResources, StackError> {
    let parameter = parameter(name)?;
    let parameters = aws.parameters();
    match parameters.text(&parameter).await {
        Ok(Some(text)) => {
            serde_json::from_str(&text).map_err(|error| StackError::Odd { parameter, why: error.to_string() })
        }
        Ok(None) => Err(StackError::Unknown { name: name.to_owned(), place: parameters.place(), parameter }),
        Err(cause) => Err(StackError::Unread { place: parameters.place(), parameter, cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_place() {
        assert_eq!(parameter("msp-prod"), Ok("/truecount/msp-prod/home".to_owned()));
        for bad in ["", "-x", "1x", "a/b", "../a", "a b", "ä", &"x".repeat(129)] {
            assert!(matches!(parameter(bad), Err(StackError::Name(_))), "{bad}");
        }
    }

    #[test]
    fn what_the_template_writes_is_read() {
        let text = r#"{"table":"t","bucket":"b","secrets":"/truecount/p","state_machine":"arn:s","schedule":"daily",
            "schedule_group":"g","topic":"arn:t","functions":{"sync":"s","reconcile":"r","report":"p"},"more":1}"#;
        let home: StackResources = serde_json::from_str(text).unwrap();
        assert_eq!((home.bucket.as_str(), home.functions.report.as_str(), home.sender), ("b", "p", None));
    }
}
