//! `truecount clients`: what one client is billed for and uses.

use rust_decimal::Decimal;
use truecount_billing::{ClientId, Side};
use truecount_reconciliation::{ClientRecord, OutcomeLine, RowRecord};
use truecount_reports::{kind_label, quantity, sanitize};
use truecount_store::{SnapshotManifest, StoreError, StoredOutcome};

use crate::args::{Cli, ClientsArgs, ClientsCommand};
use crate::open::{Session, look};
use crate::output::{Ending, json, say, tell};
use crate::runs::newest_run;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

pub(crate) async fn clients(cli: &Cli, args: &ClientsArgs) -> anyhow::Result<Ending> {
    let ClientsCommand::Show { client, month } = &args.command;
    let session = look(&args.backend).await?;
    let run = newest_run(&session, *month).await?;
    let compared = match &run {
        Some(run) => of_client(&truecount_app::outcome_of(&session.env, run).await?, client)?,
        None => Vec::new(),
    };
    if !compared.is_empty() {
        return show_clients(cli, &compared);
    }
    let known = clients_of(&session).await?;
    let exact = known.iter().any(|(id, _)| id.as_str() == client);
    let part = client.to_lowercase();
    let is_wanted =
        |id: &ClientId, name: &str| if exact { id.as_str() == client } else { name.to_lowercase().contains(&part) };
    let known: Vec<_> = known.iter().filter(|(id, name)| is_wanted(id, name)).collect();
    if known.is_empty() {
        anyhow::bail!(
            "there is no client `{client}` in the PSA's last sync or in a run: give its id in the PSA, or a part of its name"
        );
    }
    if cli.json {
        json(&compared)?;
    } else {
        table(
            &[Key("id"), Text("client")],
            &known.iter().map(|(id, name)| vec![id.to_string(), name.clone()]).collect::<Vec<_>>(),
        );
    }
    tell(&match run {
        Some(run) => format!("Run {} has no comparison of it.", run.run_id),
        None => "There is no run yet: start with `truecount run`.".to_owned(),
    });
    Ok(Ending::Clean)
}

/// The client of this id, else those with this part in their names.
fn of_client(outcome: &StoredOutcome, wanted: &str) -> Result<Vec<ClientRecord>, StoreError> {
    let part = wanted.to_lowercase();
    let mut named = Vec::new();
    for line in outcome.lines() {
        let OutcomeLine::Client(client) = line? else { continue };
        if client.client_id.as_str() == wanted {
            return Ok(vec![*client]);
        }
        if client.client_name.to_lowercase().contains(&part) {
            named.push(*client);
        }
    }
    named.sort_by(|a, b| (&a.client_name, &a.client_id).cmp(&(&b.client_name, &b.client_id)));
    named.retain(|client| !client.rows.is_empty());
    Ok(named)
}

fn show_clients(cli: &Cli, clients: &[ClientRecord]) -> anyhow::Result<Ending> {
    if cli.json {
        json(clients)?;
        return Ok(Ending::Clean);
    }
    let is_one = clients.len() == 1;
    if let [client] = clients {
        say(&sanitize::visible(&format!("{} [{}]", client.client_name, client.client_id)));
    }
    let number = |n: Option<Decimal>| n.map_or_else(|| "?".to_owned(), quantity);
    let cells = |client: &ClientRecord, row: &RowRecord| {
        let client = (!is_one).then(|| [client.client_id.to_string(), client.client_name.clone()]);
        let units = [number(row.counted), number(Some(row.billed)), number(row.should_bill)];
        let compared = units.into_iter().chain([kind_label(row.kind).to_owned()]);
        client.into_iter().flatten().chain([row.service.to_string()]).chain(compared).collect()
    };
    let client = (!is_one).then_some([Key("id"), Text("client")]);
    let compared = [Key("product"), Number("counted"), Number("billed"), Number("should bill"), Text("result")];
    let columns: Vec<_> = client.into_iter().flatten().chain(compared).collect();
    let rows = clients.iter().flat_map(|client| client.rows.iter().map(move |row| cells(client, row)));
    table(&columns, &rows.collect::<Vec<_>>());
    Ok(Ending::Clean)
}

/// The PSA's clients as of its last sync.
async fn clients_of(session: &Session) -> anyhow::Result<Vec<(ClientId, String)>> {
    let mut clients = Vec::new();
    for source in session.config.settings.enabled() {
        if source.side() == Side::Agreed {
            let today = session.config.settings.today(&session.env);
            let newest = SnapshotManifest::newest(&session.env.store, &source.id, today).await?;
            let Some(newest) = newest else { continue };
            for entry in newest.accounts(&session.env.store).await? {
                clients.push((ClientId::new(entry.account.id.as_str())?, entry.account.name));
            }
        }
    }
    Ok(clients)
}
