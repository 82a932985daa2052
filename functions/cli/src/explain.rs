//! `truecount explain`: everything that a run knows of one client.

use anyhow::Context as _;
use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_reconciliation::{ClientRecord, OutcomeLine, PortfolioRecord};
use truecount_reports::{ExplainedItems, explain_client, restore_moved, retain_service};
use truecount_store::StoredOutcome;

use crate::args::{Cli, ExplainArgs};
use crate::client_search::ClientSearch;
use crate::decided_since::DecidedSince;
use crate::open::look;
use crate::output::{Ending, json, say, say_text};
use crate::runs::wanted_run;

/// What is explained, for `--json`.
#[derive(Serialize)]
struct Explained<'a> {
    run_id: &'a str,
    month: BillingMonth,
    #[serde(flatten)]
    client: &'a ClientRecord,
    /// What became of it, where another client has taken it over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

pub(crate) async fn explain(cli: &Cli, args: &ExplainArgs) -> anyhow::Result<Ending> {
    let session = look(&args.backend).await?;
    let run = wanted_run(&session, &args.which).await?;
    let outcome = truecount_app::outcome_of(&session.env, &run).await?;
    let (portfolio, mut client) = find(&outcome, &args.client)?;
    DecidedSince::of(&session, &run).await?.put_to(&mut client);
    let notes = restore_moved(&mut client, &portfolio);
    if let Some(code) = &args.code {
        only(&mut client, code)?;
    }
    if cli.json {
        let (run_id, month) = (run.run_id.as_str(), run.manifest.month);
        json(&Explained { run_id, month, client: &client, notes: &notes })?;
        return Ok(Ending::Clean);
    }
    let items = if args.items { ExplainedItems::Each } else { ExplainedItems::Numbers };
    say_text(explain_client(&client, portfolio.home_currency, items).trim_end());
    say("");
    notes.iter().for_each(|note| say_text(&format!("! {note}")));
    say(&format!("run {}, counted on {}", run.run_id, run.manifest.count_day));
    Ok(Ending::Clean)
}

/// What the run adds up, and the client. Clients are read one by one until it is found, and no other is kept.
pub(crate) fn find(outcome: &StoredOutcome, wanted: &str) -> anyhow::Result<(PortfolioRecord, ClientRecord)> {
    let mut portfolio = None;
    let mut search = ClientSearch::new(wanted, "the run");
    for line in outcome.lines() {
        match line? {
            OutcomeLine::Portfolio(first) => portfolio = Some(*first),
            OutcomeLine::Client(client) => {
                let (id, name) = (client.client_id.clone(), client.client_name.clone());
                if search.look(&id, &name, *client) {
                    break;
                }
            }
            _ => {}
        }
    }
    let portfolio = portfolio.context("the stored outcome has no totals")?;
    Ok((portfolio, search.only().map_err(anyhow::Error::msg)?))
}

/// Leaves the service with this code, or that of a line with it.
fn only(client: &mut ClientRecord, code: &str) -> anyhow::Result<()> {
    let codes: Vec<String> = client.rows.iter().map(|row| row.service.to_string()).collect();
    retain_service(client, code);
    if client.rows.is_empty() {
        let has = if codes.is_empty() { "nothing".to_owned() } else { codes.join(", ") };
        anyhow::bail!("{} [{}] has no `{code}` in the run; it has {has}", client.client_name, client.client_id);
    }
    Ok(())
}
