//! `truecount sources`: each source and how its last sync went, what it reads and counts, and the falls that a person
//! accepts.

mod add;
mod file;
mod page;
mod show;

use serde::Serialize;
use truecount_app::{AcceptRequest, accept, falls};
use truecount_billing::{ReadReason, SourceId};
use truecount_connectors::source_kind;
use truecount_store::{AcceptedFall, SnapshotManifest, SyncStatus};

use crate::args::{AcceptanceArgs, Cli, SourcesArgs, SourcesCommand};
use crate::ask;
use crate::open::{Purpose, Session, look, open, open_backend};
use crate::output::{Ending, json, tell};
use crate::pipeline::deadline;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// What is said once it is done.
const ACCEPTED: &str = "Accepted. It applies from the next run on, and the next sync is compared with it.";

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
    if let SourcesCommand::Add(add) = &args.command {
        return add::add(cli, &open_backend(Purpose::Work, &args.backend).await?, add).await;
    }
    let session = match &args.command {
        SourcesCommand::List | SourcesCommand::Show { .. } => look(&args.backend).await,
        SourcesCommand::Add(_) | SourcesCommand::Accept { .. } => open(&args.backend).await,
    };
    let session = match (session, &args.command) {
        (Ok(session), _) => session,
        // What a kind of source reads can be looked up before anything is set up.
        (Err(_), SourcesCommand::Show { source }) if source_kind(source.as_str()).is_some() => {
            return show::show_kind(cli, source, "");
        }
        (Err(error), _) => return Err(error),
    };
    match &args.command {
        SourcesCommand::Show { source } => show::show(cli, &session, source).await,
        // Handled above: it also works where the rules cannot be read.
        SourcesCommand::Add(_) => Ok(Ending::Clean),
        SourcesCommand::List => list(cli, &session).await,
        SourcesCommand::Accept { source, account, acceptance } => {
            let AcceptanceArgs { note, yes, .. } = acceptance;
            let request = AcceptRequest {
                source: source.clone(),
                account: account.clone(),
                actor: acceptance.actor(),
                note: note.clone(),
                shown: None,
            };
            match yes {
                true => accept_falls(cli, &session, &request).await,
                false => ask_to_accept(cli, &session, request).await,
            }
        }
    }
}

/// Shows what would be accepted, and accepts just that if a person says so.
async fn ask_to_accept(cli: &Cli, session: &Session, request: AcceptRequest) -> anyhow::Result<Ending> {
    let falls = falls(&session.env, &session.config.settings, &request).await?;
    let retry = "repeat the command with --yes to accept without being asked";
    anyhow::ensure!(!cli.json, "nothing was accepted: with --json nobody is asked; {retry}");
    show_falls(&falls);
    anyhow::ensure!(ask::is_possible(), "nothing was accepted: nobody can be asked without a terminal; {retry}");
    if !ask::confirm("Accept?")? {
        tell("Nothing was accepted.");
        return Ok(Ending::Clean);
    }
    let shown = falls.first().map(|fall| fall.snapshot);
    accept(&session.env, &session.config.settings, &AcceptRequest { shown, ..request }, deadline(session)).await?;
    tell(ACCEPTED);
    Ok(Ending::Clean)
}

async fn accept_falls(cli: &Cli, session: &Session, request: &AcceptRequest) -> anyhow::Result<Ending> {
    let accepted = accept(&session.env, &session.config.settings, request, deadline(session)).await?;
    if cli.json {
        json(&accepted)?;
        return Ok(Ending::Clean);
    }
    show_falls(&accepted);
    tell(ACCEPTED);
    Ok(Ending::Clean)
}

fn show_falls(falls: &[AcceptedFall]) {
    let columns = [Key("account"), Text("name"), Text("kind"), Number("before"), Text("of"), Number("now")];
    table(&columns, &falls.iter().flat_map(fall_rows).collect::<Vec<_>>());
    for one in falls.iter().filter(|one| one.is_gone) {
        tell(&format!("`{}` is no longer in the vendor's list: it counts as gone.", one.account_id));
    }
}

/// A row for each kind that fell.
fn fall_rows(fall: &AcceptedFall) -> Vec<Vec<String>> {
    let row = |kind: &truecount_store::AcceptedKind| {
        vec![
            fall.account_id.to_string(),
            fall.account_name.clone(),
            kind.kind.clone(),
            kind.from.to_string(),
            kind.from_day.to_string(),
            kind.to.to_string(),
        ]
    };
    fall.kinds.iter().map(row).collect()
}

async fn list(cli: &Cli, session: &Session) -> anyhow::Result<Ending> {
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
