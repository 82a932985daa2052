//! The executions of a stack's state machine: when one ran, how it ended, and at which step it failed. Deliberately
//! absent: starting or redriving one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};
use truecount_billing::BillingMonth;
use truecount_platform::PortErrorKind;

use crate::aws_json::STATES;
use crate::inspector::AwsInspector;

/// How many of the newest executions are looked at.
const EXECUTIONS_MAX: u32 = 100;

/// How many events are read from the end of an execution: what led to its failure, and whom it told.
const EVENTS_MAX: u32 = 200;

/// An execution of the state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`, `PENDING_REDRIVE`.
    pub status: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None`: it is running.
    pub ended: Option<Timestamp>,
}

impl Execution {
    /// Whether it ended without doing what it was to do.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.status.as_str(), "FAILED" | "TIMED_OUT" | "ABORTED")
    }
}

/// Why an execution failed, by its history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExecutionFailure {
    /// The step that failed.
    pub step: String,
    /// The name of the error, such as `Truecount.Denied`; foreign text.
    pub error: String,
    /// What went wrong; foreign text.
    pub cause: String,
    /// Whether it was to make a draft.
    pub is_draft: bool,
    /// The month, once it was known.
    pub month: Option<BillingMonth>,
    /// The run, once there was one.
    pub run_id: Option<String>,
    /// Whom the execution told that it failed.
    pub told: Told,
}

/// Who was told of a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Nobody: it was a draft, or it did not get there.
    #[default]
    Nobody,
    /// The recipient groups, by mail, if a month was due.
    Groups,
    /// The alarm address: the mail to the groups failed, too.
    AlarmAddress,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    execution_arn: String,
    name: String,
    status: String,
    start_date: Number,
    stop_date: Option<Number>,
}

#[derive(Deserialize)]
struct Listed {
    executions: Vec<Described>,
}

#[derive(Deserialize)]
struct History {
    events: Vec<Event>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    state_entered_event_details: Option<StateEntered>,
    execution_failed_event_details: Option<Ended>,
    execution_timed_out_event_details: Option<Ended>,
    execution_aborted_event_details: Option<Ended>,
}

#[derive(Deserialize)]
struct StateEntered {
    name: String,
    #[serde(default)]
    input: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ended {
    error: String,
    cause: String,
}

impl AwsInspector {
    /// An execution of a state machine, by its name or ARN (`states:DescribeExecution`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails: `Missing` if there is none of this name.
    pub async fn execution(&self, state_machine: &str, execution: &str) -> Result<Execution, PortErrorKind> {
        let input = json!({ "executionArn": arn(state_machine, execution), "includedData": "METADATA_ONLY" });
        self.ask(STATES, "DescribeExecution", &input).await.map(Described::into)
    }

    /// The newest executions of a state machine, the newest first (`states:ListExecutions`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn newest_executions(&self, state_machine: &str) -> Result<Vec<Execution>, PortErrorKind> {
        let input = json!({ "stateMachineArn": state_machine, "maxResults": EXECUTIONS_MAX });
        let listed: Listed = self.ask(STATES, "ListExecutions", &input).await?;
        Ok(listed.executions.into_iter().map(Described::into).collect())
    }

    /// Why an execution failed (`states:GetExecutionHistory`).
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn execution_failure(&self, execution: &Execution) -> Result<ExecutionFailure, PortErrorKind> {
        let input = json!({ "executionArn": execution.arn, "reverseOrder": true, "maxResults": EVENTS_MAX });
        let history: History = self.ask(STATES, "GetExecutionHistory", &input).await?;
        Ok(failure(history.events))
    }
}

impl From<Described> for Execution {
    fn from(found: Described) -> Self {
        Self {
            arn: found.execution_arn,
            name: found.name,
            status: found.status,
            began: timestamp(&found.start_date),
            ended: found.stop_date.as_ref().map(timestamp),
        }
    }
}

/// What the events of an execution, the last one first, say of its failure.
fn failure(events: Vec<Event>) -> ExecutionFailure {
    let mut failure = ExecutionFailure::default();
    let mut is_first = true;
    for event in events {
        let ended = [
            event.execution_failed_event_details,
            event.execution_timed_out_event_details,
            event.execution_aborted_event_details,
        ];
        if let Some(ended) = ended.into_iter().flatten().next() {
            failure.cause = message(&ended.cause);
            failure.error = ended.error;
        }
        let Some(entered) = event.state_entered_event_details else { continue };
        if std::mem::take(&mut is_first) {
            let input: Value = serde_json::from_str(&entered.input).unwrap_or_default();
            let word = |value: &Value| value.as_str().map(str::to_owned);
            let state = || entered.name.trim_end_matches(" again").to_owned();
            failure.step = word(&input["failed"]["step"]).unwrap_or_else(state);
            let month = [&input["failed"]["month"], &input["reconcile"]["month"]].into_iter().find_map(word);
            failure.month = month.and_then(|month| month.parse().ok());
            failure.is_draft = input["wanted"]["run"] == "draft";
            failure.run_id = word(&input["run"]["answer"]["run_id"]);
        }
        failure.told = match (entered.name.as_str(), failure.told) {
            ("Tell the topic", _) => Told::AlarmAddress,
            ("Tell the clerk", Told::Nobody) => Told::Groups,
            (_, told) => told,
        };
    }
    failure
}

/// A function's error is JSON text: of that, its message.
fn message(cause: &str) -> String {
    let error: Option<Value> = serde_json::from_str(cause).ok();
    error.as_ref().and_then(|error| error["errorMessage"].as_str()).unwrap_or(cause).to_owned()
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

    /// The last events of an execution, the last one first: how it ended, and the states that it entered with this input.
    fn found(ended: Value, states: &[&str], input: Value) -> ExecutionFailure {
        let entered = |name: &&str| json!({ "type": "x", "stateEnteredEventDetails": { "name": name, "input": input.to_string() } });
        let events = std::iter::once(ended).chain(states.iter().map(entered));
        failure(events.map(|event| serde_json::from_value(event).unwrap()).collect())
    }

    #[test]
    fn the_step_is_the_last_one_that_was_entered() {
        let cause = r#"{"errorType":"Truecount.Denied","errorMessage":"access is denied"}"#;
        let ended = json!({ "executionFailedEventDetails": { "error": "Truecount.Denied", "cause": cause } });
        let input = json!({ "failed": { "step": "report", "month": "2026-06" }, "run": { "answer": { "run_id": "2026-06-c1-1f" } } });
        let states =
            ["Report again", "Which step failed?", "Tell the topic", "Tell the clerk", "Was it a draft?", "Report"];
        let expected = ExecutionFailure {
            step: "report".to_owned(),
            error: "Truecount.Denied".to_owned(),
            cause: "access is denied".to_owned(),
            is_draft: false,
            month: "2026-06".parse().ok(),
            run_id: Some("2026-06-c1-1f".to_owned()),
            told: Told::AlarmAddress,
        };
        assert_eq!(found(ended.clone(), &states, input.clone()), expected);
        let without = ["Report again", "Tell the clerk", "Report"];
        assert_eq!(found(ended, &without, input).told, Told::Groups);

        let late = json!({ "executionTimedOutEventDetails": { "error": "States.Timeout" } });
        let late = found(late, &["Reconcile again"], json!({}));
        assert_eq!((late.step.as_str(), late.error.as_str(), late.told), ("Reconcile", "States.Timeout", Told::Nobody));
        let aborted = found(json!({ "executionAbortedEventDetails": {} }), &["Sync"], json!({}));
        assert_eq!((aborted.step.as_str(), aborted.cause.as_str()), ("Sync", ""));
    }
}
