//! `actions record --standing`: exceptions answered by a rule of their client, written into the rules file.

use anyhow::Context;
use serde::Serialize;
use truecount_app::RulesInForce;
use truecount_app::actions::{ActionBoard, BoardException};
use truecount_reconciliation::RowKind;
use truecount_reports::sanitize;
use truecount_suggestions::{StandingDecision, StandingFor, with_decision};

use super::record::{by_name, called};
use crate::args::{Cli, RecordArgs, StandingRule, user};
use crate::ask;
use crate::open::Session;
use crate::output::{Ending, json, say, say_text, tell};
use crate::rules::replace;
use crate::runs::newest_run;

/// What was written.
#[derive(Serialize)]
struct Written<'a> {
    place: &'a str,
    /// The lines of the file that are new.
    lines: Vec<&'a str>,
}

pub(super) async fn record(
    cli: &Cli,
    session: &Session,
    args: &RecordArgs,
    rule: StandingRule,
) -> anyhow::Result<Ending> {
    let run = newest_run(session, None).await?.context("there is no run yet: start with `truecount run`")?;
    let board = ActionBoard::load(&session.env, &run).await?;
    let chosen = by_name(&board, &args.words)?;
    check(&chosen, rule, args)?;
    let there = std::str::from_utf8(&session.config.rules_bytes).context("the rules are not UTF-8")?;
    let in_force = RulesInForce::load(&session.env, &session.config).await?;
    let mut whole = there.to_owned();
    let mut clients = Vec::new();
    for one in &chosen {
        // What is said of a client is said once.
        let is_of_client = matches!(rule, StandingRule::Internal | StandingRule::Nfr);
        if is_of_client && clients.contains(&&one.client_id) {
            continue;
        }
        clients.push(&one.client_id);
        let client = in_force.clients.iter().find(|client| client.id == one.client_id);
        let named = client.and_then(|client| in_force.client_rules(client)).map(|rules| rules.written());
        let at = StandingFor::Client(named.unwrap_or(one.client_id.as_str()));
        whole = with_decision(&whole, at, &decision(one, rule, args), &comment(session, one, args))
            .with_context(|| format!("{}: nothing was written", called(one)))?;
    }
    let before: Vec<&str> = there.lines().collect();
    let lines: Vec<&str> = whole.lines().filter(|line| !line.is_empty() && !before.contains(line)).collect();
    if !args.yes && chosen.len() > 1 && !is_wanted(cli, &lines)? {
        tell("Nothing was written.");
        return Ok(Ending::Clean);
    }
    let place = replace(session, there, whole.clone()).await?;
    if cli.json {
        json(&Written { place: &place, lines })?;
    } else {
        lines.iter().for_each(|line| say(&sanitize::visible(line)));
    }
    tell(&format!("Written to `{place}`. It holds from the next run on; `truecount rules check` looks at the whole."));
    Ok(Ending::Clean)
}

/// Whether the rule can answer each of them; everything that is wrong at once.
fn check(chosen: &[&BoardException], rule: StandingRule, args: &RecordArgs) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    if matches!(rule, StandingRule::NotSold | StandingRule::Ignore) && args.note.trim().is_empty() {
        wrong.push("the rule says why: give it with --note".to_owned());
    }
    if rule != StandingRule::NotSold && args.review.is_some() {
        wrong.push("--review goes with `not_sold` only".to_owned());
    }
    let is_without_line = |kind| matches!(kind, RowKind::UnbilledUsage | RowKind::EndedAgreementInUse);
    for one in chosen.iter().filter(|one| rule == StandingRule::NotSold && !is_without_line(one.figures.kind)) {
        wrong.push(format!("{}: a line of it stands, and `not_sold` says that there is none", called(one)));
    }
    for one in chosen.iter().filter(|one| rule != StandingRule::Internal && one.key.section.is_some()) {
        wrong.push(format!("{}: it is about one agreement: write the rule below it", called(one)));
    }
    anyhow::ensure!(wrong.is_empty(), "nothing was written:\n{}", wrong.join("\n"));
    Ok(())
}

fn decision<'a>(one: &'a BoardException, rule: StandingRule, args: &'a RecordArgs) -> StandingDecision<'a> {
    let (service, why) = (one.key.service.as_str(), args.note.trim());
    match rule {
        StandingRule::NotSold => StandingDecision::NotSold { service, why, review: args.review },
        StandingRule::Ignore => StandingDecision::Ignored { service, why },
        StandingRule::Internal => StandingDecision::Internal,
        StandingRule::Nfr => StandingDecision::NotForResale,
    }
}

/// `Harbour Dental; kim, 2026-11-30`.
fn comment(session: &Session, one: &BoardException, args: &RecordArgs) -> String {
    let actor = args.by.clone().unwrap_or_else(user);
    let day = session.config.settings.today(&session.env);
    format!("{}; {}, {day}", sanitize::visible(&one.client_name), sanitize::visible(&actor))
}

/// Shows what would be written, and asks once for all.
fn is_wanted(cli: &Cli, lines: &[&str]) -> anyhow::Result<bool> {
    let retry = "repeat the command with --yes to write without being asked";
    anyhow::ensure!(!cli.json, "nothing was written: with --json nobody is asked; {retry}");
    lines.iter().for_each(|line| say_text(&sanitize::visible(line)));
    anyhow::ensure!(ask::is_possible(), "nothing was written: nobody can be asked without a terminal; {retry}");
    ask::confirm("Write this into the rules?")
}
