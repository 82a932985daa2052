//! One decision at a prompt.

use std::collections::BTreeMap;

use truecount_app::mapping::{self, MappingRequest, MappingWorkspace};
use truecount_app::{IgnoreReason, MappingDecision};
use truecount_billing::{AccountId, ClientId, SourceId};

use super::args::Because;
use crate::args::Cli;
use crate::open::Opened;
use crate::output::{Ending, json, tell};

/// A source and an account in it.
pub(super) type Place<'a> = (&'a SourceId, &'a AccountId);

pub(super) async fn confirm(
    cli: &Cli,
    opened: &Opened,
    place: Place<'_>,
    client: &ClientId,
    because: &Because,
) -> anyhow::Result<Ending> {
    decide(cli, opened, place, MappingDecision::Confirmed { client_id: client.clone() }, because).await
}

pub(super) async fn ignore(
    cli: &Cli,
    opened: &Opened,
    place: Place<'_>,
    reason: IgnoreReason,
    because: &Because,
) -> anyhow::Result<Ending> {
    decide(cli, opened, place, MappingDecision::Ignored { reason }, because).await
}

pub(super) async fn undo(cli: &Cli, opened: &Opened, place: Place<'_>, because: &Because) -> anyhow::Result<Ending> {
    decide(cli, opened, place, MappingDecision::Undecided, because).await
}

pub(super) async fn split(
    cli: &Cli,
    opened: &Opened,
    place: Place<'_>,
    by: &str,
    parts: &[(String, ClientId)],
    because: &Because,
) -> anyhow::Result<Ending> {
    let mut by_value = BTreeMap::new();
    for (value, client) in parts {
        if by_value.insert(value.clone(), client.clone()).is_some() {
            anyhow::bail!("the {by} `{value}` is named twice; give it one client");
        }
    }
    decide(cli, opened, place, MappingDecision::Split { by: by.to_owned(), parts: by_value }, because).await
}

async fn decide(
    cli: &Cli,
    opened: &Opened,
    (source, account): Place<'_>,
    verdict: MappingDecision,
    because: &Because,
) -> anyhow::Result<Ending> {
    opened.config.settings.source(source.as_str())?;
    let book = MappingWorkspace::load(&opened.env, &opened.config).await?;
    let wish = MappingRequest {
        source: source.clone(),
        account_id: account.clone(),
        verdict,
        from: because.from,
        who: because.who(),
        why: because.why.clone(),
    };
    let (decision, notes) = mapping::decide(&opened.env, &book, wish).await?;
    if cli.json {
        json(&decision)?;
    } else {
        tell("Noted. The next run counts with it.");
    }
    for note in notes {
        tell(&format!("Note: {note}."));
    }
    Ok(Ending::Clean)
}
