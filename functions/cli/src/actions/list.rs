//! `actions list`: what was decided, and how each decision stands by the newest syncs.

use serde::Serialize;
use truecount_app::actions::{StandingAction, standing_now};
use truecount_reports::{action_told, sanitize};

use crate::args::Cli;
use crate::open::Session;
use crate::output::{Ending, counted, json, say, say_text};

/// A decision for a program.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    standing: &'a StandingAction,
    /// The same in words.
    told: String,
}

pub(super) async fn list(cli: &Cli, session: &Session, client: Option<&str>) -> anyhow::Result<Ending> {
    let mut all = standing_now(&session.env, &session.config).await?;
    if let Some(wanted) = client {
        let part = wanted.trim().to_lowercase();
        let is_id = all.iter().any(|one| one.action.client_id.as_str() == wanted);
        all.retain(|one| match is_id {
            true => one.action.client_id.as_str() == wanted,
            false => one.action.client_name.to_lowercase().contains(&part),
        });
    }
    if cli.json {
        let listed: Vec<_> = all.iter().map(|standing| Listed { standing, told: told(standing) }).collect();
        json(&listed)?;
        return Ok(Ending::Clean);
    }
    if all.is_empty() {
        say("Nothing was decided.");
        return Ok(Ending::Clean);
    }
    for one in &all {
        let client = sanitize::visible(&one.action.client_name);
        say_text(&format!("{client}, {}: {}", one.action.key.service, told(one)));
    }
    say(&counted(all.len(), "decision", "decisions"));
    Ok(Ending::Clean)
}

fn told(one: &StandingAction) -> String {
    match &one.decided {
        Some(decided) => action_told(decided),
        None => format!("{}; the exception is gone", action_told(&one.as_decided())),
    }
}
