//! What the three functions share: their events and answers as JSON, their home from environment variables, and a
//! deadline a little before the runtime's.
//!
//! No Lambda type is named here: a function's `main` hands over the event and the deadline.
//!
//! Environment variables: `TRUECOUNT_TABLE`, `TRUECOUNT_BUCKET`, `TRUECOUNT_SECRETS` (the prefix of the secrets'
//! parameters); `TRUECOUNT_ENDPOINT` for other endpoints than AWS's own, or `TRUECOUNT_ENDPOINT_DYNAMODB`, `…_S3`,
//! `…_SES`, `…_SSM` for each; `TRUECOUNT_STACK`, the name under which metrics are written; `TRUECOUNT_SENDER`, the
//! sender if the settings name none; `TRUECOUNT_CLOCK` (a moment such as `2026-06-30T20:00:00Z`) to try a month out.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};
use truecount_billing::{BillingMonth, SourceId};
use truecount_platform::{Clock, FixedClock, SystemClock};

use crate::metrics::{Invocation, InvocationKind, LogFields};
use crate::{
    AppError, AwsBackend, Config, Deadline, Environment, MailPolicy, RunKind, aws_environment, closing_due_now,
    reconcile, report, sync, tell_failed,
};

/// Milliseconds before the runtime's deadline by which a function has answered.
const MARGIN_MILLISECONDS: i64 = 1_500;

/// `{"source": "ninjaone"}`, or `{"list": true}` for the enabled sources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncEvent {
    source: Option<SourceId>,
    #[serde(default)]
    list: bool,
}

/// `{}` for a draft of the current month, `{"closing": true, "month": "2026-06"}`, `{"closing": true, "replace": RUN}`;
/// `{"closing_due": true}` asks whether a month is to be closed today.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileEvent {
    #[serde(default)]
    closing_due: bool,
    month: Option<BillingMonth>,
    #[serde(default)]
    closing: bool,
    replace: Option<String>,
}

/// `{"month": "2026-06", "run_id": RUN, "mail": "usual"}`; `mail` is `usual`, `wanted` or `off`.
/// `{"failed": {"month": "2026-06", "step": "reconcile", "why": TEXT}}` tells every group that a closing failed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportEvent {
    month: Option<BillingMonth>,
    run_id: Option<String>,
    #[serde(default)]
    mail: MailWord,
    failed: Option<FailedEvent>,
}

/// A closing that failed: which month (by default today's), where, and why: a text, or a JSON text with an
/// `errorMessage`, as a state machine hands it over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailedEvent {
    month: Option<BillingMonth>,
    #[serde(default)]
    step: String,
    #[serde(default)]
    why: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MailWord {
    #[default]
    Usual,
    Always,
    Off,
}

/// The home that the environment variables name.
///
/// # Errors
/// [`AppError::Settings`] naming the variable.
pub fn environment() -> Result<Environment, AppError> {
    let needed = |name: &str| {
        std::env::var(name).map_err(|_| AppError::Settings {
            file: name.to_owned(),
            why: "this environment variable is not set".to_owned(),
        })
    };
    let home = AwsBackend {
        table: needed("TRUECOUNT_TABLE")?,
        bucket: needed("TRUECOUNT_BUCKET")?,
        secrets: needed("TRUECOUNT_SECRETS")?,
    };
    let clock: Arc<dyn Clock> = match std::env::var("TRUECOUNT_CLOCK") {
        Ok(text) => Arc::new(FixedClock(text.parse().map_err(|_| AppError::Settings {
            file: "TRUECOUNT_CLOCK".to_owned(),
            why: format!("`{text}` is not a moment such as 2026-06-30T20:00:00Z"),
        })?)),
        Err(_) => Arc::new(SystemClock),
    };
    let aws = crate::reach_aws(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref())?;
    Ok(aws_environment(&aws, &home, clock))
}

/// Logs as JSON lines, at the level of `TRUECOUNT_LOG` (by default `info`; one word). It is the level of Truecount's
/// own words: of the libraries below only warnings are ever written, because their traces may hold requests and answers.
pub fn logs() {
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).without_time();
    let levels = filter(std::env::var("TRUECOUNT_LOG").ok().as_deref());
    if tracing_subscriber::registry().with(lines).with(levels).try_init().is_err() {
        tracing::debug!("logs were set up before");
    }
}

fn filter(level: Option<&str>) -> Targets {
    let level = level.and_then(|word| word.parse().ok()).unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(LevelFilter::WARN).with_target("truecount", level)
}

/// Answers the sync function's event. `deadline_ms` is the runtime's, in milliseconds since 1970.
///
/// # Errors
/// [`AppError`] if the event or the settings are wrong, or a home cannot be used.
pub async fn on_sync(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, AppError> {
    let event: SyncEvent = read(event)?;
    let config = Config::load(&*env.config).await?;
    if event.list {
        let sources: Vec<_> = config.settings.enabled().map(|source| json!({ "source": source.id })).collect();
        return Ok(json!({ "sources": sources }));
    }
    let Some(source) = event.source else {
        return Err(AppError::Unknown(
            r#"name a source, {"source": "ninjaone"}, or ask for {"list": true}"#.to_owned(),
        ));
    };
    let (call, env) = counted("sync", env);
    // Boxed, as below: what a use case waits for nests too deep for the compiler when a function's `main` wraps it.
    let synced = Box::pin(sync(&env, &config.settings, source.as_str(), deadline(deadline_ms))).await?;
    call.end(&LogFields::Sync(&synced));
    answer(&synced)
}

/// Answers the reconcile function's event.
///
/// # Errors
/// As [`on_sync`].
pub async fn on_reconcile(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, AppError> {
    let event: ReconcileEvent = read(event)?;
    let config = Config::load(&*env.config).await?;
    let (call, env) = counted("reconcile", env);
    if event.closing_due {
        let due = Box::pin(closing_due_now(&env, &config.settings)).await?;
        call.end(&LogFields::Due(&due));
        return answer(&due);
    }
    let (wanted, kind) = if event.closing {
        (RunKind::Closing { replace: event.replace }, InvocationKind::Closing)
    } else {
        (RunKind::Draft, InvocationKind::Draft)
    };
    let reconciled = Box::pin(reconcile(&env, &config, event.month, &wanted, deadline(deadline_ms))).await?;
    call.end(&LogFields::Reconcile(&reconciled, kind));
    answer(&reconciled)
}

/// Answers the report function's event.
///
/// # Errors
/// As [`on_sync`].
pub async fn on_report(env: &Environment, event: Value, deadline_ms: u64) -> Result<Value, AppError> {
    let event: ReportEvent = read(event)?;
    let config = Config::load(&*env.config).await?;
    let month = event.month.unwrap_or_else(|| BillingMonth::of(config.settings.today(env)));
    let (call, env) = counted("report", env);
    if let Some(failed) = event.failed {
        let month = failed.month.unwrap_or(month);
        let why = said(&failed.why);
        let told = Box::pin(tell_failed(&env, &config.settings, month, &failed.step, &why)).await;
        call.end(&LogFields::Told(&told));
        let mails = told?;
        return Ok(json!({ "state": "told", "month": month, "mails": mails }));
    }
    let mailing = match event.mail {
        MailWord::Usual => MailPolicy::Usual,
        MailWord::Always => MailPolicy::Always,
        MailWord::Off => MailPolicy::Off,
    };
    let reported =
        Box::pin(report(&env, &config, month, event.run_id.as_deref(), mailing, deadline(deadline_ms))).await;
    call.end(&LogFields::Report(&reported));
    answer(&reported?)
}

/// A call whose cost is counted, with the environment to work in.
fn counted(function: &'static str, env: &Environment) -> (Invocation, Environment) {
    let (call, progress) = Invocation::begin(function, &env.progress);
    (call, Environment { progress, ..env.clone() })
}

/// The message within what a state machine says about an error.
fn said(why: &str) -> String {
    let cause: Option<Value> = serde_json::from_str(why).ok();
    cause.as_ref().and_then(|cause| cause["errorMessage"].as_str()).unwrap_or(why).to_owned()
}

fn read<T: serde::de::DeserializeOwned>(event: Value) -> Result<T, AppError> {
    serde_json::from_value(event).map_err(|error| AppError::Unknown(format!("the event cannot be read: {error}")))
}

fn answer<T: serde::Serialize>(answer: &T) -> Result<Value, AppError> {
    serde_json::to_value(answer).map_err(|error| AppError::damaged("the answer", error))
}

fn deadline(runtime_ms: u64) -> Deadline {
    let ms = i64::try_from(runtime_ms).unwrap_or(i64::MAX).saturating_sub(MARGIN_MILLISECONDS);
    Deadline { at: Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_only_warn_whatever_level_is_asked_for() {
        for (level, expected) in [
            (None, "truecount=info,warn"),
            (Some("trace"), "truecount=trace,warn"),
            (Some("TRACE"), "truecount=trace,warn"),
            (Some("aws_smithy_runtime=trace"), "truecount=info,warn"),
        ] {
            assert_eq!(filter(level).to_string(), expected, "{level:?}");
        }
    }

    #[test]
    fn a_misspelt_event_is_refused() {
        let error = read::<ReconcileEvent>(json!({ "closng": true })).unwrap_err().to_string();
        assert!(error.contains("unknown field `closng`"), "{error}");
        let error = read::<ReportEvent>(json!({ "month": "2026-13" })).unwrap_err().to_string();
        assert!(error.contains("`2026-13` is not a month"), "{error}");
    }
}
