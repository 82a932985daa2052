//! `mappings confirm --above`: the best suggestions with a high score, shown, asked about once, and recorded.

use serde::Serialize;
use truecount_app::mapping::{
    BulkConfirmation, BulkDecision, LeftOut, MappingWorkspace, WhyLeftOut, bulk_confirmation, confirm_all,
};
use truecount_matching::Score;
use truecount_reports::sanitize;
use truecount_store::MappingRecord;

use super::decide::applies;
use super::list::show_progress;
use super::proposals::{Shown, why};
use crate::args::{Cli, DecisionArgs};
use crate::ask;
use crate::open::Session;
use crate::output::{Ending, json, tell};

/// The answer in JSON.
#[derive(Serialize)]
struct Confirmed<'a> {
    chosen: &'a [BulkConfirmation],
    confirmed: &'a [MappingRecord],
    left_out: &'a [LeftOut],
}

pub(super) async fn confirm(
    cli: &Cli,
    session: &Session,
    least: Score,
    yes: bool,
    args: &DecisionArgs,
) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let (chosen, mut left_out) = bulk_confirmation(&workspace, least);
    if !cli.json {
        chosen.iter().for_each(show);
        left_out.iter().for_each(show_left_out);
    }
    if !chosen.is_empty() && !yes {
        if cli.json {
            json(&Confirmed { chosen: &chosen, confirmed: &[], left_out: &left_out })?;
        }
        if !is_wanted(cli, chosen.len())? {
            tell("Nothing was confirmed.");
            return Ok(Ending::Clean);
        }
    }
    let (recorded, missed) = confirm_all(&session.env, &workspace, &chosen, &decided(args)).await?;
    if !cli.json {
        missed.iter().for_each(show_left_out);
    }
    left_out.extend(missed);
    if cli.json {
        json(&Confirmed { chosen: &chosen, confirmed: &recorded, left_out: &left_out })?;
    }
    tell(&format!("{} confirmed, {} left out.", recorded.len(), left_out.len()));
    if !recorded.is_empty() {
        tell(&applies(args.from, workspace.month));
    }
    show_progress(&MappingWorkspace::load(&session.env, &session.config).await?.progress());
    Ok(Ending::Clean)
}

fn decided(args: &DecisionArgs) -> BulkDecision {
    BulkDecision { actor: args.actor(), note: args.note.clone(), from: args.from }
}

/// Asks once for all.
fn is_wanted(cli: &Cli, count: usize) -> anyhow::Result<bool> {
    let retry = "repeat the command with --yes to confirm without being asked";
    anyhow::ensure!(!cli.json, "nothing was confirmed: with --json nobody is asked; {retry}");
    anyhow::ensure!(ask::is_possible(), "nothing was confirmed: nobody can be asked without a terminal; {retry}");
    ask::confirm(&format!("Confirm these {count}?"))
}

fn show(one: &BulkConfirmation) {
    Shown::AsResult.line(&format!("{} {}  {}", one.source, one.account_id, one.account_name), 4);
    let proposal = &one.proposal;
    let line = format!("    {} [{}] {}: {}", proposal.client_name, proposal.client_id, one.score, why(proposal));
    Shown::AsResult.line(&line, 6);
}

fn show_left_out(left_out: &LeftOut) {
    let one = &left_out.confirmation;
    let mut why = left_out.why.for_people().to_owned();
    if left_out.why == WhyLeftOut::Contradicted {
        why = format!("{why}: {}", one.proposal.against.join(", "));
    }
    let line = format!(
        "Left out: {} {}  {} ({} [{}] {}): {why}.",
        one.source, one.account_id, one.account_name, one.proposal.client_name, one.proposal.client_id, one.score
    );
    tell(&sanitize::visible(&line));
}
