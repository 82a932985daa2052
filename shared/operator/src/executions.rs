//! The executions of a stack's state machine: when one ran, and how it ended.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Number, json};
use truecount_platform::PortErrorKind;

use crate::aws_json::STATES;
use crate::inspector::AwsInspector;

/// An execution of the state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None`: it is running.
    pub ended: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    name: String,
    start_date: Number,
    stop_date: Option<Number>,
}

impl AwsInspector {
    /// An execution of a state machine, by its name or ARN (`states:DescribeExecution`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails: `Missing` if there is none of this name.
    pub async fn execution(&self, state_machine: &str, execution: &str) -> Result<Execution, PortErrorKind> {
        let input = json!({ "executionArn": arn(state_machine, execution) });
        let found: Described = self.ask(STATES, "DescribeExecution", &input).await?;
        let ended = found.stop_date.as_ref().map(timestamp);
        Ok(Execution { name: found.name, began: timestamp(&found.start_date), ended })
    }
}

/// The ARN of an execution, of which a person may give only the name.
fn arn(state_machine: &str, execution: &str) -> String {
    match execution.starts_with("arn:") {
        true => execution.to_owned(),
        false => format!("{}:{execution}", state_machine.replace(":stateMachine:", ":execution:")),
    }
}

/// A moment in seconds since 1970, as a decimal number.
fn timestamp(seconds: &Number) -> Timestamp {
    let text = seconds.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let milliseconds: i64 = format!("{part:0<3.3}").parse().unwrap_or_default();
    let whole: i64 = whole.parse().unwrap_or_default();
    Timestamp::from_millisecond(whole.saturating_mul(1_000).saturating_add(milliseconds)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_named_in_full_or_in_short() {
        let machine = "arn:aws:states:eu-west-2:123456789012:stateMachine:truecount-closing";
        let full = "arn:aws:states:eu-west-2:123456789012:execution:truecount-closing:e1";
        assert_eq!((arn(machine, "e1").as_str(), arn(machine, full).as_str()), (full, full));
    }

    #[test]
    fn a_moment_is_read_to_the_millisecond() {
        for (number, expected) in [
            ("1782849600", "2026-06-30T20:00:00Z"),
            ("1782849600.5", "2026-06-30T20:00:00.5Z"),
            ("1.782849600123E9", "2026-06-30T20:00:00.123Z"),
        ] {
            assert_eq!(timestamp(&serde_json::from_str(number).unwrap()).to_string(), expected);
        }
    }
}
