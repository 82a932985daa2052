//! What would go wrong at month-end, and how to fix it: checked with requests that change nothing.
//!
//! ```text
//! identity ▸ table ▸ files ▸ settings ▸ rules ▸ mail ▸ DMARC ▸ secrets ▸ vendors ▸ keys' rights ▸ syncs ▸ products ▸ mappings ▸ falls ▸ next run ▸ clock ▸ schedule ▸ alarms ▸ closing
//! ```
//! Deliberately absent: repairs, and the permissions of the functions' own roles, which the template grants.

mod access;
mod alarms;
mod dmarc;
mod mail;
mod next_run;
mod schedule;
mod setup;
mod sources;

use std::error::Error;
use std::path::Path;
use std::pin::Pin;

use serde::Serialize;
use truecount_app::{Config, Environment};
use truecount_billing::Remedy;
use truecount_connectors::KeyRights;
use truecount_platform::PortErrorKind;

use crate::inspector::AwsInspector;
use crate::name_servers::NameServers;
use crate::stack::{StackError, StackResources};

/// How bad a result is: what would come of a run now, in the order of the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// In order.
    Ok = 0,
    /// The report will list it, or someone should look at it.
    Advice = 1,
    /// Something would not be reconciled, or mail would not reach its readers.
    Warning = 2,
    /// The daily run or the closing would fail, or does not take place.
    Error = 3,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// What was checked.
    pub topic: &'static str,
    /// Which source, rule or file, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How it is.
    pub status: CheckStatus,
    /// What was found.
    pub message: String,
    /// How to fix it; only of a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What a source's key may do; only where that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights: Option<KeyRights>,
}

impl CheckResult {
    /// In order.
    #[must_use]
    pub fn ok(topic: &'static str, message: impl Into<String>) -> Self {
        Self { topic, about: None, status: CheckStatus::Ok, message: message.into(), fix: None, rights: None }
    }

    /// Not in order, with how to fix it.
    #[must_use]
    pub fn problem(
        status: CheckStatus,
        topic: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { topic, about: None, status, message: message.into(), fix: Some(fix.into()), rights: None }
    }

    /// The same, about this source, rule or file.
    #[must_use]
    pub fn about(self, what: impl ToString) -> Self {
        Self { about: Some(what.to_string()), ..self }
    }
}

/// The backend that is checked.
#[derive(Debug, Clone, Copy)]
pub enum CheckedBackend<'a> {
    /// A data directory on this machine.
    Directory(&'a Path),
    /// A deployed stack, and whom to ask for the DNS records of its sender.
    Stack(&'a StackResources, &'a AwsInspector, &'a NameServers),
}

/// Checks everything. What cannot be checked is a result, too.
pub async fn examine(env: &Environment, backend: CheckedBackend<'_>) -> Vec<CheckResult> {
    let mut results = Vec::new();
    let mut skews = Vec::new();
    match backend {
        CheckedBackend::Stack(_, inspector, _) => boxed(|| access::identity(inspector, &mut results, &mut skews)).await,
        CheckedBackend::Directory(data) => access::disk(data, &mut results),
    }
    boxed(|| access::table(env, &mut results)).await;
    let Some(config) = config(env, backend, &mut results).await else {
        boxed(|| daily_run(env, None, backend, &mut results)).await;
        return results;
    };
    let is_usable = setup::settings(&config, &mut results);
    setup::expiring_keys(&config, config.settings.today(env), &mut results);
    setup::rules(&config, &mut results);
    boxed(|| mail::mail(&config, backend, &mut results)).await;
    boxed(|| sources::sources(env, &config, &mut results, &mut skews)).await;
    if is_usable {
        boxed(|| setup::products(env, &config, &mut results)).await;
        boxed(|| setup::mappings(env, &config, &mut results)).await;
        boxed(|| next_run::next_run(env, &config, &mut results)).await;
    }
    schedule::clock(&skews, &mut results);
    boxed(|| daily_run(env, Some(&config), backend, &mut results)).await;
    boxed(|| schedule::closing(env, &config, &mut results)).await;
    results
}

/// Makes the future of a check on the heap, in a frame of its own: those of all checks together do not fit on a small
/// stack.
fn boxed<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}

/// Whether a stack's daily run takes place, and somebody hears of what fails.
async fn daily_run(
    env: &Environment,
    config: Option<&Config>,
    backend: CheckedBackend<'_>,
    results: &mut Vec<CheckResult>,
) {
    let CheckedBackend::Stack(stack, inspector, _) = backend else { return };
    let is_on = schedule::daily_run(env, config, (stack, inspector), results).await;
    alarms::alarms(stack, inspector, is_on, results).await;
}

/// Settings and rules; nothing further can be checked without them.
async fn config(env: &Environment, backend: CheckedBackend<'_>, results: &mut Vec<CheckResult>) -> Option<Config> {
    if !access::files(env, backend, results).await {
        return None;
    }
    match Config::load(env).await {
        Ok(config) => Some(config),
        Err(error) => {
            let fix = match backend {
                CheckedBackend::Directory(_) => "correct the file; `truecount rules check` checks it again",
                CheckedBackend::Stack(..) => {
                    "correct it in a local directory and upload it: `truecount config push DIR`"
                }
            };
            results.push(CheckResult::problem(CheckStatus::Error, "settings", chain(&error), fix));
            None
        }
    }
}

/// The result for a stack that was not found.
#[must_use]
pub fn stack_not_found(error: &StackError) -> CheckResult {
    let fix = match error {
        StackError::InvalidName(_) => "give the name that the stack has in CloudFormation",
        StackError::NotFound { .. } => "name another with --stack, AWS_REGION or AWS_PROFILE, or deploy it",
        StackError::Malformed { .. } => "deploy the stack again",
        StackError::Unreadable { kind: PortErrorKind::NotSetUp(_), .. } => {
            "sign in to AWS in this shell, and set a region"
        }
        StackError::Unreadable { kind: PortErrorKind::Denied(_), .. } => {
            "attach the stack's operator policy to this user or role, or renew the credentials"
        }
        StackError::Unreadable { .. } => "check the connection to AWS, then try again",
    };
    CheckResult::problem(CheckStatus::Error, "stack", chain(error), fix)
}

/// How to fix what AWS or the file system answered; `action` is the permission that the request needs.
#[must_use]
pub fn fix_of(kind: &PortErrorKind, action: &str) -> String {
    match kind {
        PortErrorKind::Denied(_) => format!("allow `{action}` for this user or role: the stack's operator policy does"),
        PortErrorKind::NotSetUp(_) => "sign in to AWS in this shell, and set a region".to_owned(),
        PortErrorKind::Missing(_) => {
            "deploy the stack again, restore it from its backup, or correct the region".to_owned()
        }
        kind => match kind.remedy() {
            Remedy::Retry => "check the connection, then try again".to_owned(),
            _ => format!("make `{action}` work, then try again"),
        },
    }
}

/// `1 account`, `3 accounts`.
fn counted(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    match number.try_into() {
        Ok(1) => format!("1 {one}"),
        Ok(number) => format!("{number} {many}"),
        Err(_) => format!("more than {} {many}", u64::MAX),
    }
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
