//! One handler per function: reads the event, runs the job, answers as JSON, and logs what it cost.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use truecount_app::{
    AppError, Config, Deadline, Environment, RunKind, closing_due_now, reconcile, report, send_failure_mails, sync,
};
use truecount_billing::BillingMonth;

use crate::events::{FailedEvent, ReconcileEvent, ReportEvent, SyncEvent};
use crate::invocation::{Answer, Invocation, InvocationKind};

/// Milliseconds before the runtime's deadline by which a function has answered.
const MARGIN_MILLISECONDS: i64 = 1_500;

/// Why an event has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is not one of this function's.
    #[error("the event cannot be read: {0}")]
    Event(#[source] serde_json::Error),
    /// A sync without a source.
    #[error(r#"the event names no source: send {{"source": "rmm"}}, or {{"list": true}} for the enabled ones"#)]
    NoSource,
    /// The job stopped.
    #[error(transparent)]
    Job(#[from] AppError),
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be written: {0}")]
    Answer(#[source] serde_json::Error),
}

/// Answers the sync function's event. `deadline_ms` is the runtime's, in milliseconds since 1970.
///
/// # Errors
/// [`HandlerError`] if the event or the settings are wrong, or the backend cannot be used.
pub async fn on_sync(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, HandlerError> {
    let event: SyncEvent = read(event)?;
    let config = Config::load(&*env.config).await?;
    if event.list {
        let sources: Vec<_> = config.settings.enabled().map(|source| json!({ "source": source.id })).collect();
        return Ok(json!({ "sources": sources }));
    }
    let source = event.source.ok_or(HandlerError::NoSource)?;
    let (invocation, env) = metered("sync", env);
    // Boxed, as below: the futures of a job nest too deep for the compiler when the runtime's wrap them.
    let synced = Box::pin(sync(&env, &config.settings, source.as_str(), deadline(deadline_ms))).await?;
    invocation.end(&Answer::Sync(&synced));
    answer(&synced)
}

/// Answers the reconcile function's event.
///
/// # Errors
/// As [`on_sync`].
pub async fn on_reconcile(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, HandlerError> {
    let event: ReconcileEvent = read(event)?;
    let config = Config::load(&*env.config).await?;
    let (invocation, env) = metered("reconcile", env);
    if event.closing_due {
        let due = Box::pin(closing_due_now(&env, &config.settings.closing)).await?;
        invocation.end(&Answer::Due(&due));
        return answer(&due);
    }
    let (run_kind, kind) = if event.closing {
        (RunKind::Closing { replace: event.replace }, InvocationKind::Closing)
    } else {
        (RunKind::Draft, InvocationKind::Draft)
    };
    let reconciled = Box::pin(reconcile(&env, &config, event.month, &run_kind, deadline(deadline_ms))).await?;
    invocation.end(&Answer::Reconcile(&reconciled, kind));
    answer(&reconciled)
}

/// Answers the report function's event.
///
/// # Errors
/// As [`on_sync`].
pub async fn on_report(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, HandlerError> {
    let event: ReportEvent = read(event)?;
    let config = Config::load(&*env.config).await?;
    let month = event.month.unwrap_or_else(|| BillingMonth::of(config.settings.today(env)));
    if let Some(failed) = &event.failed {
        return report_failure(env, &config, month, failed).await;
    }
    let (invocation, env) = metered("report", env);
    let (run_id, mail) = (event.run_id.as_deref(), event.mail);
    let reported = Box::pin(report(&env, &config, month, run_id, mail, deadline(deadline_ms))).await;
    invocation.end(&Answer::Report(&reported));
    answer(&reported?)
}

/// Mails every group that the closing of a month failed.
async fn report_failure(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    failed: &FailedEvent,
) -> Result<Value, HandlerError> {
    let (invocation, env) = metered("report", env);
    let month = failed.month.unwrap_or(month);
    let sent = Box::pin(send_failure_mails(&env, &config.settings, month, &failed.step, &failed.reason())).await;
    invocation.end(&Answer::FailureMails(&sent));
    Ok(json!({ "state": "failure_reported", "month": month, "mails": sent? }))
}

/// An invocation whose cost is counted, with the environment to work in.
fn metered(function: &'static str, env: &Environment) -> (Invocation, Environment) {
    let (invocation, progress) = Invocation::begin(function, &env.progress);
    (invocation, Environment { progress, ..env.clone() })
}

fn read<T: DeserializeOwned>(event: Value) -> Result<T, HandlerError> {
    serde_json::from_value(event).map_err(HandlerError::Event)
}

fn answer<T: Serialize>(answer: &T) -> Result<Value, HandlerError> {
    serde_json::to_value(answer).map_err(HandlerError::Answer)
}

fn deadline(runtime_ms: u64) -> Deadline {
    let ms = i64::try_from(runtime_ms).unwrap_or(i64::MAX).saturating_sub(MARGIN_MILLISECONDS);
    Deadline { at: Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_is_before_the_runtimes_and_never_overflows() {
        for (runtime_ms, expected) in [
            (1_782_849_601_500, "2026-06-30T20:00:00Z".to_owned()),
            (0, "1969-12-31T23:59:58.5Z".to_owned()),
            (u64::MAX, Timestamp::MAX.to_string()),
        ] {
            assert_eq!(deadline(runtime_ms).at.to_string(), expected, "{runtime_ms}");
        }
    }
}
