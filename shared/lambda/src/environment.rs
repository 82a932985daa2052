//! The backend that the environment variables name.
//!
//! - `TRUECOUNT_TABLE`, `TRUECOUNT_BUCKET`, `TRUECOUNT_SECRETS` (the prefix of the secrets' parameters),
//!   `TRUECOUNT_SENDER` (the only address that the role may send as): required.
//! - `TRUECOUNT_ENDPOINT` in place of AWS's own endpoints, or `TRUECOUNT_ENDPOINT_DYNAMODB`, `…_S3`, `…_SES`, `…_SSM`
//!   for each.
//! - `TRUECOUNT_CLOCK`, a time such as `2026-06-30T20:00:00Z`, to try out a month.
//! - `TRUECOUNT_CONFIGURATION_SET`, the SES configuration set of the mails.
//! - `TRUECOUNT_STACK` and `TRUECOUNT_METRICS`: see [`crate::metrics`]; `TRUECOUNT_LOG`: see [`crate::logs`].

use truecount_app::Environment;
use truecount_platform::aws::{Aws, AwsBackend, EndpointVariableError, Endpoints};
use truecount_platform::{ClockVariableError, clock_from_variable};

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A required variable is missing.
    #[error("{0}: this environment variable is not set")]
    Missing(&'static str),
    /// `TRUECOUNT_CLOCK` cannot be read.
    #[error(transparent)]
    Clock(#[from] ClockVariableError),
    /// One of the endpoints is refused.
    #[error(transparent)]
    Endpoint(#[from] EndpointVariableError),
}

/// The environment of a deployed stack. Nothing is called yet.
///
/// # Errors
/// [`StartError`] naming the variable.
pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Environment, StartError> {
    let required = |name: &'static str| variable(name).ok_or(StartError::Missing(name));
    let backend = AwsBackend {
        table: required("TRUECOUNT_TABLE")?,
        bucket: required("TRUECOUNT_BUCKET")?,
        secrets: required("TRUECOUNT_SECRETS")?,
        configuration_set: variable("TRUECOUNT_CONFIGURATION_SET"),
    };
    let sender = required("TRUECOUNT_SENDER")?;
    let clock = clock_from_variable(variable("TRUECOUNT_CLOCK"))?;
    let aws = Aws::new(Endpoints::from_variables(&variable)?);
    let command_options = variable("TRUECOUNT_STACK").map(|name| format!(" --stack {name}")).unwrap_or_default();
    let shared = Environment::shared(backend.ports(&aws), clock);
    Ok(Environment { sender: Some(sender), command_options, ..shared })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [(&str, &str); 4] = [
        ("TRUECOUNT_TABLE", "t"),
        ("TRUECOUNT_BUCKET", "b"),
        ("TRUECOUNT_SECRETS", "/truecount/p"),
        ("TRUECOUNT_SENDER", "billing@msp.example"),
    ];

    /// The error with these variables, and the required ones but for those named by `without`.
    fn error(set: &[(&str, &str)], without: &str) -> Option<String> {
        let found = |name: &str| {
            let required = REQUIRED.iter().filter(|(one, _)| *one != without);
            required.chain(set).find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned())
        };
        from_variables(found).err().map(|error| error.to_string())
    }

    #[test]
    fn the_required_variables_are_enough() {
        assert_eq!(error(&[], ""), None);
    }

    #[test]
    fn a_command_in_a_mail_names_the_stack() {
        let set = |name: &str| REQUIRED.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        let options = |stack: Option<&str>| {
            let found = |name: &str| if name == "TRUECOUNT_STACK" { stack.map(str::to_owned) } else { set(name) };
            from_variables(found).unwrap().command_options
        };
        assert_eq!((options(Some("prod")).as_str(), options(None).as_str()), (" --stack prod", ""));
    }

    #[test]
    fn a_missing_variable_is_named() {
        for (name, _) in REQUIRED {
            assert_eq!(error(&[], name), Some(format!("{name}: this environment variable is not set")));
        }
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_variable() {
        let clock = error(&[("TRUECOUNT_CLOCK", "June")], "");
        assert_eq!(clock.unwrap(), "TRUECOUNT_CLOCK: `June` is not a time such as 2026-06-30T20:00:00Z");
        for name in ["TRUECOUNT_ENDPOINT", "TRUECOUNT_ENDPOINT_SES"] {
            let endpoint = error(&[(name, "http://example.com")], "").unwrap();
            assert!(endpoint.starts_with(&format!("{name}: ")) && endpoint.contains("use https"), "{endpoint}");
        }
    }

    #[test]
    fn a_clock_can_be_fixed() {
        let found = |name: &str| match name {
            "TRUECOUNT_CLOCK" => Some("2026-06-30T20:00:00Z".to_owned()),
            _ => Some("x".to_owned()).filter(|_| !name.starts_with("TRUECOUNT_ENDPOINT")),
        };
        let env = from_variables(found).unwrap();
        assert_eq!(env.clock.now().to_string(), "2026-06-30T20:00:00Z");
        assert_eq!(env.sender.as_deref(), Some("x"), "it is the stack's, whatever the settings say");
    }
}
