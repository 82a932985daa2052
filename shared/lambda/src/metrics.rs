//! Numbers for alarms and dashboards: one line of JSON on standard output in CloudWatch's embedded metric format for
//! each answer of a function. Deliberately absent: any name, address or text of others.
//!
//! Written in Lambda, or where `TRUECOUNT_METRICS` is 1; under the name in `TRUECOUNT_STACK`.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use truecount_app::{AppError, ReconcileAnswer, SyncAnswer};

use crate::invocation::{Answer, InvocationKind, VendorRequestCounts};

/// The writer of the metrics of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metrics {
    stack: String,
}

impl Metrics {
    /// By the environment variables; `None`: no metrics are wanted.
    pub(crate) fn from_environment() -> Option<Self> {
        let is_wanted = std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some()
            || std::env::var_os("TRUECOUNT_METRICS").is_some_and(|value| value == "1");
        is_wanted.then(|| Self { stack: std::env::var("TRUECOUNT_STACK").unwrap_or_else(|_| "local".to_owned()) })
    }

    pub(crate) fn write(&self, values: &[Metric]) {
        let line = line(&self.stack, Timestamp::now(), values);
        // A closed pipe must not stop a run.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// A metric: name, unit, value.
pub(crate) type Metric = (&'static str, &'static str, Value);

/// The line as CloudWatch's specification of the embedded metric format has it.
fn line(stack: &str, at: Timestamp, values: &[Metric]) -> Value {
    let metrics: Vec<_> = values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let directive = json!({ "Namespace": "Truecount", "Dimensions": [["Stack"]], "Metrics": metrics });
    let mut line = Map::new();
    // As each line of the log: Lambda would add them, and this is no line for it to change.
    line.insert("timestamp".to_owned(), format!("{at:.3}").into());
    line.insert("level".to_owned(), "INFO".into());
    line.insert("_aws".to_owned(), json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive] }));
    line.insert("Stack".to_owned(), stack.into());
    line.extend(values.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
    Value::Object(line)
}

/// What is counted of an answer.
pub(crate) fn numbers(answer: &Answer<'_>, vendor: VendorRequestCounts) -> Vec<Metric> {
    let mails_failed = |failed: bool| vec![count("MailsFailed", u64::from(failed))];
    let is_mail = |error: &AppError| matches!(error, AppError::Mail(_) | AppError::MailGivenUp(_));
    match answer {
        Answer::Sync(SyncAnswer::Busy { .. }) => Vec::new(),
        Answer::Sync(answer) => {
            let mut values = vec![count("Requests", vendor.requests), count("Throttles", vendor.throttles)];
            match answer {
                SyncAnswer::Committed { items, .. } => {
                    values.extend([count("Items", *items), count("SourcesFailed", 0)]);
                }
                SyncAnswer::Failed { .. } => values.push(count("SourcesFailed", 1)),
                SyncAnswer::Continue { .. } | SyncAnswer::Busy { .. } => {}
            }
            values
        }
        Answer::Due(due) => vec![count("ClosingsOverdue", due.overdue)],
        Answer::Reconcile(ReconcileAnswer::Reconciled { summary, .. }, InvocationKind::Closing) => {
            vec![
                count("Findings", summary.exceptions),
                count("NotReconciled", summary.not_reconciled),
                count("Faults", summary.faults),
            ]
        }
        // A test that fails is seen by whoever makes it.
        Answer::Reconcile(..) | Answer::TestMails(_) => Vec::new(),
        Answer::Report(answer) => mails_failed(answer.as_ref().is_err_and(is_mail)),
        Answer::FailureMails(answer) | Answer::NoticeMails(answer) => mails_failed(answer.as_ref().is_err_and(is_mail)),
    }
}

/// The time that an invocation took.
pub(crate) fn seconds(milliseconds: u64) -> Metric {
    // From text: a float would be the only one in the workspace.
    let text = format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    ("Seconds", "Seconds", serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn count(name: &'static str, value: u64) -> Metric {
    (name, "Count", value.into())
}

#[cfg(test)]
mod tests {
    use truecount_app::ClosingDue;
    use truecount_store::RunSummary;

    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_takes() {
        let at: Timestamp = "2026-06-30T20:00:00Z".parse().unwrap();
        let values = [count("Items", 1523), seconds(12_034)];
        let expected = json!({
            "timestamp": "2026-06-30T20:00:00.000Z",
            "level": "INFO",
            "_aws": {
                "Timestamp": 1_782_849_600_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Truecount",
                    "Dimensions": [["Stack"]],
                    "Metrics": [{ "Name": "Items", "Unit": "Count" }, { "Name": "Seconds", "Unit": "Seconds" }],
                }],
            },
            "Stack": "prod",
            "Items": 1523,
            "Seconds": 12.034,
        });
        assert_eq!(line("prod", at, &values), expected);
    }

    fn names(answer: &Answer<'_>) -> String {
        let values = numbers(answer, VendorRequestCounts { requests: 7, throttles: 2 });
        values.into_iter().map(|(name, _, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_failed_source_is_counted_and_a_busy_one_is_not() {
        let source = || "rmm".parse().unwrap();
        let failed = SyncAnswer::Failed {
            source: source(),
            reason: truecount_billing::ReadReason::NeverSynced,
            remedy: truecount_billing::Remedy::FixCredentials,
        };
        assert_eq!(names(&Answer::Sync(&failed)), "Requests=7 Throttles=2 SourcesFailed=1");
        assert_eq!(names(&Answer::Sync(&SyncAnswer::Busy { source: source() })), "");
    }

    #[test]
    fn a_closing_run_is_counted_and_a_draft_is_not() {
        let summary = RunSummary { exceptions: 3, not_reconciled: 1, ..RunSummary::default() };
        let month = "2026-06".parse().unwrap();
        let (run_id, overview) = ("r".to_owned(), String::new());
        let run = ReconcileAnswer::Reconciled { run_id, month, summary, overview, already: false };
        assert_eq!(names(&Answer::Reconcile(&run, InvocationKind::Closing)), "Findings=3 NotReconciled=1 Faults=0");
        assert_eq!(names(&Answer::Reconcile(&run, InvocationKind::Draft)), "");
    }

    #[test]
    fn mails_that_failed_are_told_apart_from_reports_that_did() {
        assert_eq!(names(&Answer::Report(&Err(AppError::Mail("no".to_owned())))), "MailsFailed=1");
        assert_eq!(names(&Answer::Report(&Err(AppError::Refused("no run".to_owned())))), "MailsFailed=0");
        assert_eq!(names(&Answer::FailureMails(&Err(AppError::MailGivenUp("no".to_owned())))), "MailsFailed=1");
        assert_eq!(names(&Answer::FailureMails(&Ok(Vec::new()))), "MailsFailed=0");
    }

    #[test]
    fn overdue_closings_are_reported_every_day() {
        let day = "2026-07-01".parse().unwrap();
        let due = ClosingDue {
            due: false,
            month: None,
            day,
            closing_day: day,
            overdue: 2,
            mail_left: false,
            missed: Vec::new(),
            notices: Vec::new(),
            why: String::new(),
        };
        assert_eq!(names(&Answer::Due(&due)), "ClosingsOverdue=2");
    }
}
