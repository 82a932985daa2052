//! What would go wrong at month-end, and what to do about each: looked for with questions that change nothing.
//!
//! ```text
//! who we are ▸ table ▸ bucket ▸ settings ▸ rules ▸ mail ▸ secrets ▸ vendors ▸ syncs ▸ mappings ▸ daily run ▸ closing
//! ```
//! Deliberately absent: repairing anything, and the rights of the functions' own roles, which the template gives.

mod daily;
mod mail;
mod reach;
mod setup;
mod sources;

use std::path::Path;

use serde::Serialize;
use truecount_app::{Config, Environment};
use truecount_billing::Remedy;
use truecount_platform::PortErrorKind;

use crate::cloud::Cloud;
use crate::stack::{StackError, StackResources};

/// How bad something is: what would come of a run now, in the order of the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it must be.
    Good = 0,
    /// The report will list it, or someone should look.
    Advice = 1,
    /// Something would not be compared, or not reach its reader.
    Gap = 2,
    /// The daily run or the closing would fail, or does not happen.
    Fault = 3,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was looked at.
    pub topic: &'static str,
    /// Which one, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub says: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Line {
    /// It is as it must be.
    #[must_use]
    pub fn good(topic: &'static str, says: impl Into<String>) -> Self {
        Self { topic, about: None, health: Health::Good, says: says.into(), remedy: None }
    }

    /// It is not, and this is what to do.
    #[must_use]
    pub fn bad(health: Health, topic: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { topic, about: None, health, says: says.into(), remedy: Some(remedy.into()) }
    }

    /// Of this one.
    #[must_use]
    pub fn about(self, what: impl ToString) -> Self {
        Self { about: Some(what.to_string()), ..self }
    }
}

/// Where the home that is looked at is.
#[derive(Debug, Clone, Copy)]
pub enum BackendUnderTest<'a> {
    /// A folder of this machine.
    Folder(&'a Path),
    /// A deployed stack.
    Stack(&'a StackResources, &'a Cloud),
}

/// Looks at everything. What cannot be looked at is itself a line.
pub async fn examine(env: &Environment, home: BackendUnderTest<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut skews = Vec::new();
    match home {
        BackendUnderTest::Stack(_, cloud) => reach::identity(cloud, &mut lines, &mut skews).await,
        BackendUnderTest::Folder(folder) => reach::disk(folder, &mut lines),
    }
    reach::table(env, &mut lines).await;
    let Some(config) = config(env, home, &mut lines).await else {
        daily::daily(home, &mut lines).await;
        return lines;
    };
    let is_usable = setup::settings(&config, &mut lines);
    setup::rules(&config, &mut lines);
    mail::mail(&config, home, &mut lines).await;
    sources::sources(env, &config, &mut lines, &mut skews).await;
    if is_usable {
        setup::products(env, &config, &mut lines).await;
        setup::mappings(env, &config, &mut lines).await;
    }
    daily::clock(&skews, &mut lines);
    daily::daily(home, &mut lines).await;
    daily::closing(env, &config, &mut lines).await;
    lines
}

/// Settings and rules; nothing further can be looked at without them.
async fn config(env: &Environment, home: BackendUnderTest<'_>, lines: &mut Vec<Line>) -> Option<Config> {
    if !reach::bucket(env, lines).await {
        return None;
    }
    match Config::load(&*env.config).await {
        Ok(mut config) => {
            if let (BackendUnderTest::Stack(stack, _), None) = (home, &config.settings.mail.from) {
                config.settings.mail.from.clone_from(&stack.sender);
            }
            Some(config)
        }
        Err(error) => {
            let remedy = match home {
                BackendUnderTest::Folder(_) => "mend the file; `truecount rules check` says whether it is right",
                BackendUnderTest::Stack(..) => {
                    "mend it in a folder of your own and put it there: `truecount config push DIR`"
                }
            };
            lines.push(Line::bad(Health::Fault, "settings", error.to_string(), remedy));
            None
        }
    }
}

/// The line of a stack that was not found.
#[must_use]
pub fn not_found(error: &StackError) -> Line {
    let remedy = match error {
        StackError::Name(_) => "give the name that the stack has in CloudFormation",
        StackError::Unknown { .. } => "name another with --stack, AWS_REGION or AWS_PROFILE, or deploy it",
        StackError::Odd { .. } => "deploy the stack again",
        StackError::Unread { cause: PortErrorKind::NotSetUp(_), .. } => {
            "sign in to AWS in this shell, and name a region"
        }
        StackError::Unread { cause: PortErrorKind::Denied(_), .. } => {
            "attach the stack's operator policy to this user or role, or renew the credentials"
        }
        StackError::Unread { .. } => "look at the connection to AWS, then try again",
    };
    Line::bad(Health::Fault, "stack", error.to_string(), remedy)
}

/// What to do about a port that does not answer: `action` is the right that it takes.
fn remedy(cause: &PortErrorKind, action: &str) -> String {
    match cause {
        PortErrorKind::Denied(_) => format!("allow `{action}` to this user or role: the stack's operator policy does"),
        PortErrorKind::NotSetUp(_) => "sign in to AWS in this shell, and name a region".to_owned(),
        PortErrorKind::Missing(_) => {
            "deploy the stack again, restore it from its backup, or correct the region".to_owned()
        }
        cause => match cause.remedy() {
            Remedy::Retry => "look at the connection, then try again".to_owned(),
            _ => format!("it is the answer to `{action}`: make that possible, then try again"),
        },
    }
}
