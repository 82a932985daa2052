//! `mappings none`: clients that have nothing in a source.

use truecount_app::mapping::{MappingWorkspace, NoneRequest, decide_none};
use truecount_billing::{ClientId, SourceId};
use truecount_store::{NoneDecision, NoneScope};

use super::decide::applies;
use crate::args::{Cli, DecisionArgs};
use crate::open::Session;
use crate::output::{Ending, json, tell};

/// Decides about one client, or about all that are left.
pub(super) async fn none(
    cli: &Cli,
    session: &Session,
    source: &SourceId,
    client: Option<&ClientId>,
    undo: bool,
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    session.config.settings.source(source.as_str())?;
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let request = NoneRequest {
        source: source.clone(),
        scope: client.map_or(NoneScope::Rest, |client_id| NoneScope::Client { client_id: client_id.clone() }),
        decision: if undo { NoneDecision::Undecided } else { NoneDecision::None },
        from: args.from,
        actor: args.actor(),
        note: args.note.clone(),
    };
    let (record, notes) = decide_none(&session.env, &workspace, request).await?;
    if cli.json {
        json(&record)?;
    } else {
        tell(&format!("Recorded. {}", applies(args.from, workspace.month)));
    }
    for note in notes {
        tell(&format!("Note: {note}."));
    }
    Ok(Ending::Clean)
}
