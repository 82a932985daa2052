//! One handler per function: reads the event, runs the job, answers as JSON, and logs what it cost.

use std::fmt::Display;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use truecount_app::{
    AppError, Config, Deadline, Environment, RunKind, Settings, closing_due_now, closing_due_seen, reconcile, report,
    send_failure_mails, send_notices, send_test_mails, sync,
};
use truecount_billing::BillingMonth;
use truecount_platform::PortErrorKind;
use truecount_store::StoreError;

use crate::events::{FailedEvent, ReconcileEvent, ReportEvent, SyncEvent, WantedRun};
use crate::invocation::{Answer, Invocation, InvocationKind};
use crate::logs;

/// Milliseconds before the runtime's deadline by which a function has answered.
const MARGIN_MILLISECONDS: i64 = 1_500;

/// A sync of an execution that began more hours ago would give what is there now the date of a day that has passed.
const SYNC_HOURS_MAX: i64 = 24;

/// Why an event has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is not one of this function's.
    #[error("the event cannot be read: {0}")]
    Event(#[source] serde_json::Error),
    /// A sync without a source.
    #[error(r#"the event names no source: send {{"source": "rmm"}}, or {{"list": true}} for the enabled ones"#)]
    NoSource,
    /// A sync of an execution that began too long ago.
    #[error("the execution began at {0}, more than a day ago: start a new one, so that what is read now is of today")]
    LateSync(Timestamp),
    /// A closing that comes too early.
    #[error(r#"{ask}: `"{option}": true` in the input"#)]
    NotYet {
        /// What is missing, and what would be done.
        ask: String,
        /// The key of the input that asks for it.
        option: &'static str,
    },
    /// The job stopped.
    #[error(transparent)]
    Job(AppError),
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be written: {0}")]
    Answer(#[source] serde_json::Error),
}

impl From<AppError> for HandlerError {
    /// A function is asked by its input, and not by the options of a command.
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotYet { ask, option } => Self::NotYet { ask, option },
            error => Self::Job(error),
        }
    }
}

impl HandlerError {
    /// The name by which the state machine tells what may help: those of [`NOT_RETRIED`] fail again the same way.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Event(_) | Self::NoSource | Self::LateSync(_) => "Truecount.Event",
            Self::Answer(_) => "Truecount.Failed",
            Self::Job(AppError::Settings { .. } | AppError::Rules(_)) => "Truecount.Settings",
            Self::NotYet { .. } | Self::Job(AppError::NotYet { .. } | AppError::Refused(_)) => "Truecount.Refused",
            Self::Job(AppError::Store(StoreError::Taken(_))) => "Truecount.Taken",
            Self::Job(AppError::Damaged { .. } | AppError::Store(StoreError::Corrupt { .. })) => "Truecount.Damaged",
            Self::Job(AppError::Mail(_)) => "Truecount.Mail",
            Self::Job(AppError::MailGivenUp(_)) => "Truecount.MailGivenUp",
            Self::Job(error) => match port_error(error) {
                Some(PortErrorKind::Denied(_)) => "Truecount.Denied",
                Some(PortErrorKind::Throttled(_)) => "Truecount.Throttled",
                _ => "Truecount.Failed",
            },
        }
    }
}

/// The names of errors that no second attempt mends, in [`HandlerError::name`]'s words.
pub const NOT_RETRIED: [&str; 7] = [
    "Truecount.Damaged",
    "Truecount.Denied",
    "Truecount.Event",
    "Truecount.MailGivenUp",
    "Truecount.Refused",
    "Truecount.Settings",
    "Truecount.Taken",
];

/// What AWS said, if it was AWS.
fn port_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a PortErrorKind> {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.into_iter().find_map(|cause| cause.downcast_ref())
}

/// Answers the sync function's event. `deadline_ms` is the runtime's, in milliseconds since 1970.
///
/// # Errors
/// [`HandlerError`] if the event or the settings are wrong, or the backend cannot be used.
pub async fn on_sync(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, HandlerError> {
    let event: SyncEvent = read(event)?;
    logs::begin(&[("execution", shown(&event.execution)), ("source", shown(&event.source))]);
    if let Some(at) = event.at
        && env.clock.now().duration_since(at) > SignedDuration::from_hours(SYNC_HOURS_MAX)
    {
        return Err(HandlerError::LateSync(at));
    }
    let config = Config::load(env).await?;
    if event.list {
        let sources: Vec<_> = config.settings.enabled().map(|source| json!({ "source": source.id })).collect();
        return Ok(json!({ "sources": sources }));
    }
    let source = event.source.ok_or(HandlerError::NoSource)?;
    let (invocation, env) = metered("sync", env, event.at);
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
    logs::begin(&[("execution", shown(&event.execution)), ("month", shown(&event.month))]);
    let config = Config::load(env).await?;
    let (invocation, env) = metered("reconcile", env, event.at);
    if event.closing_due {
        let due = Box::pin(closing_due_now(&env, &config)).await?;
        invocation.end(&Answer::Due(&due));
        return answer(&due);
    }
    let (run_kind, kind) = if event.closing {
        let (early, incomplete) = (event.early, event.incomplete);
        (RunKind::Closing { replace: event.replace, early, incomplete }, InvocationKind::Closing)
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
    let month = event.month.or_else(|| event.failed.as_ref()?.month);
    let known = [("execution", shown(&event.execution)), ("month", shown(&month)), ("run", shown(&event.run_id))];
    logs::begin(&known);
    if let Some(failed) = &event.failed {
        // What is wrong may be the rules, or another part of the settings.
        let settings = Settings::load_for_failure(env).await?;
        let (invocation, env) = metered("report", env, event.at);
        return match Box::pin(failed_month(&env, &settings, failed)).await? {
            Some(month) => Box::pin(report_failure(invocation, &env, &settings, month, failed)).await,
            None => {
                invocation.end(&Answer::FailureMails(&Ok(Vec::new())));
                Ok(json!({ "state": "nothing_due" }))
            }
        };
    }
    let config = Config::load(env).await?;
    let (invocation, env) = metered("report", env, event.at);
    if let Some(test) = &event.test {
        let tried = Box::pin(send_test_mails(&env, &config.settings, test.to.as_deref())).await;
        invocation.end(&Answer::TestMails(&tried));
        return Ok(json!({ "state": "mail_tested", "mails": tried? }));
    }
    if let Some(notices) = &event.notices {
        let sent = Box::pin(send_notices(&env, &config.settings, notices)).await;
        invocation.end(&Answer::NoticeMails(&sent));
        return Ok(json!({ "state": "notices_sent", "mails": sent? }));
    }
    let month = event.month.unwrap_or_else(|| BillingMonth::of(config.settings.today(&env)));
    let (run_id, mail) = (event.run_id.as_deref(), event.mail);
    let reported = Box::pin(report(&env, &config, month, run_id, mail, deadline(deadline_ms))).await;
    invocation.end(&Answer::Report(&reported));
    answer(&reported?)
}

/// The month whose closing failed; `None`: a daily run failed on a day on which none is due.
async fn failed_month(
    env: &Environment,
    settings: &Settings,
    failed: &FailedEvent,
) -> Result<Option<BillingMonth>, HandlerError> {
    let (calendar, today) = (&settings.closing, settings.today(env));
    let newest = calendar.newest_by(today);
    match (failed.month, failed.run) {
        (Some(month), _) => Ok(Some(month)),
        (None, Some(WantedRun::Daily)) => match closing_due_seen(env, calendar).await {
            Ok(due) => Ok(due.filter(|due| due.due).and_then(|due| due.month)),
            // Whether a month is closed already cannot be read: up to its latest day it may not be.
            Err(AppError::Store(StoreError::Table(_))) => {
                Ok(Some(newest).filter(|newest| today <= calendar.latest_day(*newest)))
            }
            Err(error) => Err(error.into()),
        },
        (None, _) => Ok(Some(newest)),
    }
}

/// Mails every group that the closing of a month failed.
async fn report_failure(
    invocation: Invocation,
    env: &Environment,
    settings: &Settings,
    month: BillingMonth,
    failed: &FailedEvent,
) -> Result<Value, HandlerError> {
    let sent = Box::pin(send_failure_mails(env, settings, month, &failed.step, &failed.reason())).await;
    invocation.end(&Answer::FailureMails(&sent));
    Ok(json!({ "state": "failure_reported", "month": month, "mails": sent? }))
}

/// An invocation whose cost is counted, with the environment to work in: of the day on which the execution began.
fn metered(function: &'static str, env: &Environment, at: Option<Timestamp>) -> (Invocation, Environment) {
    let (invocation, progress) = Invocation::begin(function, &env.progress);
    let clock = Arc::new(env.clock.stopped_at(at));
    (invocation, Environment { progress, clock, ..env.clone() })
}

/// What a field of an event is in a log.
fn shown<T: Display>(value: &Option<T>) -> Option<&dyn Display> {
    value.as_ref().map(|value| value as &dyn Display)
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
    use truecount_platform::ArchiveError;

    use super::*;

    #[test]
    fn errors_have_names_by_what_may_help() {
        let archive = |cause| {
            let error = ArchiveError { operation: "reading", place: "config/rules.toml".into(), cause };
            HandlerError::Job(AppError::Store(StoreError::Archive(error)))
        };
        let settings = AppError::Settings { file: "settings.toml".into(), why: "no PSA".into() };
        for (error, name) in [
            (HandlerError::NoSource, "Truecount.Event"),
            (HandlerError::Job(settings), "Truecount.Settings"),
            (HandlerError::Job(AppError::Refused("too early".into())), "Truecount.Refused"),
            (HandlerError::Job(AppError::Store(StoreError::Taken("reports/x".into()))), "Truecount.Taken"),
            (HandlerError::Job(AppError::Mail("not sent".into())), "Truecount.Mail"),
            (HandlerError::Job(AppError::MailGivenUp("perhaps sent".into())), "Truecount.MailGivenUp"),
            (archive(PortErrorKind::Denied("s3:GetObject".into())), "Truecount.Denied"),
            (archive(PortErrorKind::Throttled("SlowDown".into())), "Truecount.Throttled"),
            (archive(PortErrorKind::Unreachable("time out".into())), "Truecount.Failed"),
        ] {
            assert_eq!(error.name(), name, "{error}");
        }
        let not_yet = HandlerError::from(AppError::NotYet { ask: "ask for it".to_owned(), option: "early" });
        assert_eq!(not_yet.name(), "Truecount.Refused");
        assert_eq!(not_yet.to_string(), r#"ask for it: `"early": true` in the input"#);
        for retried in ["Truecount.Throttled", "Truecount.Mail", "Truecount.Failed"] {
            assert!(!NOT_RETRIED.contains(&retried), "{retried}");
        }
    }

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
