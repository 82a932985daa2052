//! `mappings confirm`, `ignore`, `split` and `undo`: one decision.

use std::collections::BTreeMap;

use truecount_app::mapping::{self, MappingRequest, MappingWorkspace};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_store::{IgnoreReason, MappingDecision};

use crate::args::{Cli, DecisionArgs};
use crate::open::Session;
use crate::output::{Ending, json, tell};

/// A source and the id of an account in it.
pub(super) type Account<'a> = (&'a SourceId, &'a AccountId);

pub(super) async fn confirm(
    cli: &Cli,
    session: &Session,
    account: Account<'_>,
    client: &ClientId,
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    decide(cli, session, account, MappingDecision::Confirmed { client_id: client.clone() }, args).await
}

pub(super) async fn ignore(
    cli: &Cli,
    session: &Session,
    account: Account<'_>,
    reason: IgnoreReason,
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    decide(cli, session, account, MappingDecision::Ignored { reason }, args).await
}

pub(super) async fn undo(
    cli: &Cli,
    session: &Session,
    account: Account<'_>,
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    decide(cli, session, account, MappingDecision::Undecided, args).await
}

pub(super) async fn split(
    cli: &Cli,
    session: &Session,
    account: Account<'_>,
    by: &str,
    parts: &[(String, ClientId)],
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    let mut by_value = BTreeMap::new();
    for (value, client) in parts {
        if by_value.insert(value.clone(), client.clone()).is_some() {
            anyhow::bail!("the {by} `{value}` is given twice; give it one client");
        }
    }
    decide(cli, session, account, MappingDecision::Split { by: by.to_owned(), parts: by_value }, args).await
}

/// From when on a decision applies, in words; `now`: the month of today.
pub(super) fn applies(from: Option<BillingMonth>, now: BillingMonth) -> String {
    match from {
        None => "It applies from the next run on.".to_owned(),
        Some(from) if from > now => format!("It applies to runs of {from} and later; until then nothing changes."),
        Some(from) => format!("It applies from the next run on, to runs of {from} and later."),
    }
}

async fn decide(
    cli: &Cli,
    session: &Session,
    (source, account_id): Account<'_>,
    decision: MappingDecision,
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    session.config.settings.source(source.as_str())?;
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let request = MappingRequest {
        source: source.clone(),
        account_id: account_id.clone(),
        decision,
        from: args.from,
        actor: args.actor(),
        note: args.note.clone(),
    };
    let (decision, notes) = mapping::decide(&session.env, &workspace, request).await?;
    if cli.json {
        json(&decision)?;
    } else {
        tell(&format!("Recorded. {}", applies(args.from, workspace.month)));
    }
    for note in notes {
        tell(&format!("Note: {note}."));
    }
    Ok(Ending::Clean)
}
