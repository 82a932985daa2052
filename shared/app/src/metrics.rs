//! Numbers for alarms and dashboards: one line of JSON on standard output in CloudWatch's embedded metric format, for
//! each answer of a function. Deliberately absent: any name, address or text of others.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use truecount_platform::aws;

use crate::environment::ProgressObserver;
use crate::{AppError, ClosingDue, ReconcileAnswer, ReportAnswer, SyncAnswer};

/// Whether and under which name metrics are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metrics {
    stack: String,
}

impl Metrics {
    /// From the environment: in Lambda, or where TRUECOUNT_METRICS is 1.
    pub(crate) fn from_environment() -> Option<Self> {
        let is_wanted = std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some()
            || std::env::var_os("TRUECOUNT_METRICS").is_some_and(|value| value == "1");
        is_wanted.then(|| Self { stack: std::env::var("TRUECOUNT_STACK").unwrap_or_else(|_| "local".to_owned()) })
    }

    fn write(&self, values: &[Metric]) {
        let line = line(&self.stack, Timestamp::now(), values);
        // Whoever reads this is not our business: a closed pipe stops no run.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// A metric: name, unit, value.
type Metric = (&'static str, &'static str, Value);

/// The line, as CloudWatch's specification of the embedded metric format has it.
fn line(stack: &str, at: Timestamp, values: &[Metric]) -> Value {
    let metrics: Vec<_> = values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let directive = json!({ "Namespace": "Truecount", "Dimensions": [["Stack"]], "Metrics": metrics });
    let mut line = Map::new();
    line.insert("_aws".to_owned(), json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive] }));
    line.insert("Stack".to_owned(), stack.into());
    line.extend(values.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
    Value::Object(line)
}

fn count(name: &'static str, value: u64) -> Metric {
    (name, "Count", value.into())
}

/// What one call of a function cost, told in its log and its metrics.
pub(crate) struct Invocation {
    function: &'static str,
    begun: Instant,
    aws_before: aws::Requests,
    vendor: Arc<LeaseOutcome>,
}

/// What vendors were asked during a call; what else there is to tell is passed on.
struct LeaseOutcome {
    inner: Arc<dyn ProgressObserver>,
    requests: AtomicU64,
    throttles: AtomicU64,
}

impl ProgressObserver for LeaseOutcome {
    fn pages(&self, source: &str, pages: u64) {
        self.inner.pages(source, pages);
    }

    fn step(&self, what: &str) {
        self.inner.step(what);
    }

    fn asked(&self, source: &str, requests: u64, throttles: u64) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.throttles.fetch_add(throttles, Ordering::Relaxed);
        self.inner.asked(source, requests, throttles);
    }
}

/// What there is to say about a call, once it is over.
pub(crate) enum LogFields<'a> {
    Sync(&'a SyncAnswer),
    Due(&'a ClosingDue),
    /// A reconcile; of a closing run or a draft.
    Reconcile(&'a ReconcileAnswer, InvocationKind),
    Report(&'a Result<ReportAnswer, AppError>),
    Told(&'a Result<Vec<crate::MailOutcome>, AppError>),
}

/// Which kind of run it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvocationKind {
    Closing,
    Draft,
}

impl Invocation {
    /// Begins to count, and gives the progress to hand to the use case.
    pub(crate) fn begin(
        function: &'static str,
        progress: &Arc<dyn ProgressObserver>,
    ) -> (Self, Arc<dyn ProgressObserver>) {
        let inner = Arc::clone(progress);
        let vendor = Arc::new(LeaseOutcome { inner, requests: AtomicU64::new(0), throttles: AtomicU64::new(0) });
        let call = Self { function, begun: Instant::now(), aws_before: aws::requests(), vendor: Arc::clone(&vendor) };
        (call, vendor)
    }

    /// Logs what came of it and what it cost, and writes the metrics if they are wanted.
    pub(crate) fn end(self, said: &LogFields<'_>) {
        let seconds = self.begun.elapsed();
        let (requests, throttles) =
            (self.vendor.requests.load(Ordering::Relaxed), self.vendor.throttles.load(Ordering::Relaxed));
        self.log(said, requests, throttles, seconds.as_millis());
        if let Some(metrics) = Metrics::from_environment() {
            let mut values = numbers(said, requests, throttles);
            let milliseconds = u64::try_from(seconds.as_millis()).unwrap_or(u64::MAX);
            values.push(("Seconds", "Seconds", seconds_json(milliseconds)));
            metrics.write(&values);
        }
    }

    fn log(&self, said: &LogFields<'_>, requests: u64, throttles: u64, milliseconds: u128) {
        let aws::Requests { table, archive, mail, secrets } = aws::requests().since(self.aws_before);
        let told = Told::of(said);
        tracing::info!(
            function = self.function,
            state = told.state,
            source = told.source,
            run = told.run,
            month = told.month,
            accounts = told.accounts,
            items = told.items,
            vendor_requests = requests,
            throttles,
            table_requests = table,
            archive_requests = archive,
            mail_requests = mail,
            secret_requests = secrets,
            milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX),
            "answered"
        );
    }
}

/// Seconds with three places, without a float of our own.
fn seconds_json(milliseconds: u64) -> Value {
    let text = format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The part of an answer that a log may have.
#[derive(Default)]
struct Told {
    state: &'static str,
    source: Option<String>,
    run: Option<String>,
    month: Option<String>,
    accounts: Option<u64>,
    items: Option<u64>,
}

impl Told {
    fn of(said: &LogFields<'_>) -> Self {
        let empty = Self::default();
        match said {
            LogFields::Sync(SyncAnswer::Sealed { source, accounts, items, .. }) => Self {
                state: "sealed",
                source: Some(source.to_string()),
                accounts: Some(*accounts),
                items: Some(*items),
                ..empty
            },
            LogFields::Sync(SyncAnswer::Continue { source, .. }) => {
                Self { state: "continue", source: Some(source.to_string()), ..empty }
            }
            LogFields::Sync(SyncAnswer::Busy { source }) => {
                Self { state: "busy", source: Some(source.to_string()), ..empty }
            }
            LogFields::Sync(SyncAnswer::Failed { source, .. }) => {
                Self { state: "failed", source: Some(source.to_string()), ..empty }
            }
            LogFields::Due(due) => {
                let state = if due.due { "due" } else { "not_due" };
                Self { state, month: due.month.map(|month| month.to_string()), ..empty }
            }
            LogFields::Reconcile(ReconcileAnswer::Reconciled { run_id, month, .. }, _)
            | LogFields::Report(Ok(ReportAnswer::Reported { run_id, month, .. })) => {
                let state = if matches!(said, LogFields::Report(_)) { "reported" } else { "reconciled" };
                Self { state, run: Some(run_id.clone()), month: Some(month.to_string()), ..empty }
            }
            LogFields::Reconcile(ReconcileAnswer::Busy { month }, _)
            | LogFields::Report(Ok(ReportAnswer::Busy { month })) => {
                Self { state: "busy", month: Some(month.to_string()), ..empty }
            }
            LogFields::Told(Ok(_)) => Self { state: "told", ..empty },
            LogFields::Report(Err(_)) | LogFields::Told(Err(_)) => Self { state: "error", ..empty },
        }
    }
}

/// What is counted of an answer.
fn numbers(said: &LogFields<'_>, requests: u64, throttles: u64) -> Vec<Metric> {
    let mails_failed = |failed: bool| count("MailsFailed", u64::from(failed));
    let is_mail = |error: &AppError| matches!(error, AppError::Mail(_) | AppError::MailGivenUp(_));
    match said {
        LogFields::Sync(SyncAnswer::Busy { .. }) => Vec::new(),
        LogFields::Sync(answer) => {
            let mut values = vec![count("Requests", requests), count("Throttles", throttles)];
            match answer {
                SyncAnswer::Sealed { items, .. } => {
                    values.extend([count("Items", *items), count("SourcesFailed", 0)]);
                }
                SyncAnswer::Failed { .. } => values.push(count("SourcesFailed", 1)),
                SyncAnswer::Continue { .. } | SyncAnswer::Busy { .. } => {}
            }
            values
        }
        LogFields::Due(due) => vec![count("ClosingsOverdue", due.overdue)],
        LogFields::Reconcile(ReconcileAnswer::Reconciled { summary, .. }, InvocationKind::Closing) => {
            vec![count("Findings", summary.exceptions), count("NotCompared", summary.not_compared)]
        }
        LogFields::Reconcile(..) => Vec::new(),
        LogFields::Report(answer) => vec![mails_failed(answer.as_ref().is_err_and(is_mail))],
        LogFields::Told(answer) => vec![mails_failed(answer.as_ref().is_err_and(is_mail))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_takes() {
        let at: Timestamp = "2026-06-30T20:00:00Z".parse().unwrap();
        let values = [count("Items", 1523), ("Seconds", "Seconds", seconds_json(12_034))];
        let expected = json!({
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

    #[test]
    fn what_failed_is_counted_and_a_draft_is_not() {
        let names = |said: &LogFields<'_>| {
            let values = numbers(said, 7, 2);
            values.into_iter().map(|(name, _, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        let source = || "rmm".parse().unwrap();
        let failed = SyncAnswer::Failed { source: source(), reason: "403".to_owned(), remedy: "renew" };
        assert_eq!(names(&LogFields::Sync(&failed)), "Requests=7 Throttles=2 SourcesFailed=1");
        assert_eq!(names(&LogFields::Sync(&SyncAnswer::Busy { source: source() })), "");
        let summary = crate::RunSummary { exceptions: 3, not_compared: 1, totals: Vec::new() };
        let month = "2026-06".parse().unwrap();
        let run = ReconcileAnswer::Reconciled { run_id: "r".to_owned(), month, summary, already: false };
        assert_eq!(names(&LogFields::Reconcile(&run, InvocationKind::Closing)), "Findings=3 NotCompared=1");
        assert_eq!(names(&LogFields::Reconcile(&run, InvocationKind::Draft)), "");
        assert_eq!(names(&LogFields::Report(&Err(AppError::Mail("no".to_owned())))), "MailsFailed=1");
        assert_eq!(names(&LogFields::Report(&Err(AppError::Unknown("no run".to_owned())))), "MailsFailed=0");
    }
}
