//! `truecount clients`: what one client is billed for and uses.

use std::collections::BTreeSet;

use truecount_billing::{ClientId, Side};
use truecount_reconciliation::Comparison;
use truecount_reports::{quantity, sanitize};
use truecount_store::SnapshotManifest;

use crate::args::{Cli, ClientsArgs, ClientsCommand};
use crate::open::{Session, open};
use crate::output::{Ending, json, say, tell};
use crate::runs::newest_run;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

pub(crate) async fn clients(cli: &Cli, args: &ClientsArgs) -> anyhow::Result<Ending> {
    let ClientsCommand::Show { client, month } = &args.command;
    let session = open(&args.backend).await?;
    let run = newest_run(&session, *month).await?;
    let compared = match &run {
        Some(run) => truecount_app::findings_of(&session.env, run).await?.comparisons,
        None => Vec::new(),
    };
    let rows = of_client(&compared, client);
    if !rows.is_empty() {
        return show_client(cli, &rows);
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
        json(&compared[..0])?;
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

/// One client's comparisons: by its id, else by a part of its name.
fn of_client<'a>(compared: &'a [Comparison], wanted: &str) -> Vec<&'a Comparison> {
    let part = wanted.to_lowercase();
    let exact = compared.iter().any(|c| c.client_id.as_str() == wanted);
    let is_wanted = |c: &&Comparison| {
        if exact { c.client_id.as_str() == wanted } else { c.client_name.to_lowercase().contains(&part) }
    };
    let mut rows: Vec<_> = compared.iter().filter(is_wanted).collect();
    rows.sort_by(|a, b| (&a.client_name, &a.client_id, &a.rule_id).cmp(&(&b.client_name, &b.client_id, &b.rule_id)));
    rows
}

fn show_client(cli: &Cli, rows: &[&Comparison]) -> anyhow::Result<Ending> {
    if cli.json {
        json(rows)?;
        return Ok(Ending::Clean);
    }
    let ids: BTreeSet<_> = rows.iter().map(|row| &row.client_id).collect();
    let is_one = ids.len() == 1;
    if let (true, Some(row)) = (is_one, rows.first()) {
        say(&sanitize::visible(&format!("{} [{}]", row.client_name, row.client_id)));
    }
    let number = |n: Option<rust_decimal::Decimal>| n.map_or_else(|| "?".to_owned(), quantity);
    let cells = |c: &&Comparison| {
        let what = c.kind.map_or("agrees", |kind| kind.label());
        let client = (!is_one).then(|| [c.client_id.to_string(), c.client_name.clone()]);
        let compared = [number(c.counted), number(c.billed), number(c.should_bill), what.to_owned()];
        client.into_iter().flatten().chain([c.product_code.to_string()]).chain(compared).collect()
    };
    let client = (!is_one).then_some([Key("id"), Text("client")]);
    let compared = [Key("product"), Number("counted"), Number("billed"), Number("should bill"), Text("result")];
    let columns: Vec<_> = client.into_iter().flatten().chain(compared).collect();
    table(&columns, &rows.iter().map(cells).collect::<Vec<_>>());
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
