//! The events of the three functions. A field with an unknown name is refused: a misspelt `closing` must not become
//! a draft. `at` is when the execution began that the event is part of (by default now): all of it is of one day and
//! one month, however long it takes. `execution` is its name, for the log alone.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use truecount_app::{MailPolicy, Notice};
use truecount_billing::{BillingMonth, SourceId};

/// `{"source": "rmm"}` syncs a source; `{"list": true}` lists the enabled ones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncEvent {
    pub(crate) source: Option<SourceId>,
    #[serde(default)]
    pub(crate) list: bool,
    pub(crate) at: Option<Timestamp>,
    pub(crate) execution: Option<String>,
}

/// `{}` for a draft of the current month; `{"closing": true}` for a closing run of the month that is due, or of the one
/// in `month`, with `"early": true` before its closing day, with `"incomplete": true` though not all was read, with
/// `"replace": RUN` for a second one; `{"closing_due": true}` asks whether a month is to be closed today, and which short
/// mails are to go out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReconcileEvent {
    #[serde(default)]
    pub(crate) closing_due: bool,
    pub(crate) month: Option<BillingMonth>,
    #[serde(default)]
    pub(crate) closing: bool,
    #[serde(default)]
    pub(crate) early: bool,
    #[serde(default)]
    pub(crate) incomplete: bool,
    pub(crate) replace: Option<String>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) execution: Option<String>,
}

/// `{"month": "2026-06", "run_id": RUN, "mail": "usual"}` reports a run; `mail` is `usual`, `always` or `off`.
/// `{"failed": {"month": "2026-06", "step": "reconcile", "why": TEXT}}` mails every group that a closing failed;
/// `{"notices": [NOTICE]}` mails every group what the answer to `closing_due` has there;
/// `{"test": {"to": "billing"}}` sends a test mail to a group, or to an address of one; by default to every group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportEvent {
    pub(crate) month: Option<BillingMonth>,
    pub(crate) run_id: Option<String>,
    #[serde(default)]
    pub(crate) mail: MailPolicy,
    pub(crate) failed: Option<FailedEvent>,
    pub(crate) notices: Option<Vec<Notice>>,
    pub(crate) test: Option<TestEvent>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) execution: Option<String>,
}

/// A test of the mail: to every group, or to this group or address of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestEvent {
    pub(crate) to: Option<String>,
}

/// A run that failed: which month (by default the one that is due), at which step, and why. Of a `daily` run that failed
/// before it knew of a month nobody is told unless one is due.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailedEvent {
    pub(crate) run: Option<WantedRun>,
    pub(crate) month: Option<BillingMonth>,
    #[serde(default)]
    pub(crate) step: String,
    #[serde(default)]
    why: String,
}

/// The run that an execution was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WantedRun {
    Daily,
    Draft,
    Closing,
}

impl FailedEvent {
    /// Why it failed. A state machine hands over the function's error as JSON text: of that, its message.
    pub(crate) fn reason(&self) -> String {
        let cause: Option<Value> = serde_json::from_str(&self.why).ok();
        cause.as_ref().and_then(|cause| cause["errorMessage"].as_str()).unwrap_or(&self.why).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_misspelt_event_is_refused() {
        let error = from_value::<ReconcileEvent>(json!({ "closng": true })).unwrap_err().to_string();
        assert!(error.contains("unknown field `closng`"), "{error}");
        let error = from_value::<ReportEvent>(json!({ "month": "2026-13" })).unwrap_err().to_string();
        assert!(error.contains("`2026-13` is not a month"), "{error}");
        let error = from_value::<ReportEvent>(json!({ "mail": "never" })).unwrap_err().to_string();
        assert!(error.contains("unknown variant `never`, expected one of `usual`, `always`, `off`"), "{error}");
        let error = from_value::<SyncEvent>(json!({ "source": "a/b" })).unwrap_err().to_string();
        assert!(error.contains("a/b"), "{error}");
    }

    #[test]
    fn an_empty_event_asks_for_what_is_usual() {
        let reconcile: ReconcileEvent = from_value(json!({})).unwrap();
        assert!(!reconcile.closing && !reconcile.closing_due && reconcile.month.is_none());
        let report: ReportEvent = from_value(json!({})).unwrap();
        assert_eq!(report.mail, MailPolicy::Usual);
    }

    #[test]
    fn the_message_of_a_failure_is_found_in_what_the_state_machine_says() {
        for (why, expected) in [
            (r#"{"errorType": "Error", "errorMessage": "the table is gone"}"#, "the table is gone"),
            ("timed out", "timed out"),
            (r#"{"errorType": "Sandbox.Timedout"}"#, r#"{"errorType": "Sandbox.Timedout"}"#),
            ("", ""),
        ] {
            let event: ReportEvent = from_value(json!({ "failed": { "step": "reconcile", "why": why } })).unwrap();
            assert_eq!(event.failed.unwrap().reason(), expected, "{why}");
        }
    }
}
