//! `truecount sources`: each source and how its last sync went.

use serde::Serialize;
use truecount_billing::{ReadReason, SourceId};
use truecount_store::{SnapshotManifest, SyncStatus};

use crate::args::{Cli, SourcesArgs, SourcesCommand};
use crate::open::open;
use crate::output::{Ending, json, tell};
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// A source and how its last sync went.
#[derive(Serialize)]
struct SourceRow {
    id: SourceId,
    connector: String,
    side: &'static str,
    read_state: &'static str,
    reason: Option<ReadReason>,
    as_of: Option<String>,
    accounts: u64,
    items: u64,
}

pub(crate) async fn sources(cli: &Cli, args: &SourcesArgs) -> anyhow::Result<Ending> {
    let SourcesCommand::List = args.command;
    let session = open(&args.backend).await?;
    let mut rows = Vec::new();
    for source in &session.config.settings.sources {
        let newest =
            SnapshotManifest::newest(&session.env.store, &source.id, session.config.settings.today(&session.env))
                .await?;
        let failure = SyncStatus::last(&session.env.store, &source.id).await?.and_then(|status| status.failure);
        let state = newest.as_ref().map(SnapshotManifest::read_state);
        let (read_state, reason) = match (&state, failure) {
            (_, Some(why)) => ("failed", Some(why)),
            (Some(state), None) => (state.as_str(), state.reason().cloned()),
            (None, None) => ("never_synced", None),
        };
        rows.push(SourceRow {
            id: source.id.clone(),
            connector: source.connector.clone(),
            side: source.side().as_str(),
            read_state,
            reason,
            as_of: newest.as_ref().map(|newest| newest.id.as_of.to_string()),
            accounts: newest.as_ref().map_or(0, |newest| newest.account_count),
            items: newest.as_ref().map_or(0, |newest| newest.item_count),
        });
    }
    if cli.json {
        json(&rows)?;
        return Ok(Ending::Clean);
    }
    let cells = |row: &SourceRow| {
        let synced = row.as_of.clone().unwrap_or_default();
        let state = row.read_state.replace('_', " ");
        vec![row.id.to_string(), row.side.to_owned(), state, synced, row.items.to_string()]
    };
    table(
        &[Key("source"), Text("side"), Text("read"), Text("sync of"), Number("items")],
        &rows.iter().map(cells).collect::<Vec<_>>(),
    );
    for (id, reason) in rows.iter().filter_map(|row| Some((&row.id, row.reason.as_ref()?))) {
        tell(&format!("{id}: {reason}"));
    }
    Ok(Ending::Clean)
}
