//! `actions record`: one decision about the exceptions that are named, or that fit.

use anyhow::Context;
use serde::Serialize;
use truecount_app::actions::{self, ActionBoard, BoardException, UnknownException};
use truecount_reconciliation::{ActionKind, ActionRecord, ActionRequest, ActionStanding, RowAction};
use truecount_reports::{action_fault, action_told, action_words, kind_label, sanitize};
use truecount_store::{AppendedAction, RepeatOf};

use super::standing;
use crate::args::{Cli, FilterField, RecordArgs, user};
use crate::ask;
use crate::exceptions;
use crate::open::Session;
use crate::output::{Ending, counted, json, say_text, tell};
use crate::runs::newest_run;

/// A decision, and what became of it.
#[derive(Serialize)]
struct Recorded<'a> {
    #[serde(flatten)]
    action: &'a ActionRecord,
    state: &'static str,
}

pub(super) async fn record(cli: &Cli, session: &Session, args: &RecordArgs) -> anyhow::Result<Ending> {
    if let Some(rule) = args.standing {
        return Box::pin(standing::record(cli, session, args, rule)).await;
    }
    let (kind, named) = kind_and_named(args)?;
    let run = newest_run(session, None).await?.context("there is no run yet: start with `truecount run`")?;
    let board = ActionBoard::load(&session.env, &run).await?;
    let chosen =
        if args.filter.is_empty() { by_name(&board, named)? } else { by_filter(session, &run, &board, args).await? };
    let actions = checked(session, &board, &chosen, &request(kind, args), args)?;
    let is_asked = !args.yes && (actions.len() > 1 || !args.filter.is_empty());
    if is_asked && !is_wanted(cli, &actions)? {
        tell("Nothing was recorded.");
        return Ok(Ending::Clean);
    }
    let appended = actions::record(&session.env, &actions, RepeatOf::Last).await?;
    let state = |appended: &AppendedAction| match appended {
        AppendedAction::Recorded(_) => "recorded",
        AppendedAction::Already => "already",
    };
    if cli.json {
        let all: Vec<_> =
            actions.iter().zip(&appended).map(|(action, one)| Recorded { action, state: state(one) }).collect();
        json(&all)?;
    } else if !is_asked {
        actions.iter().for_each(show);
    }
    let already = appended.iter().filter(|one| **one == AppendedAction::Already).count();
    let told = if already > 0 { format!(", {already} recorded before") } else { String::new() };
    tell(&format!("{} recorded{told}. The next runs go by it.", appended.len() - already));
    Ok(Ending::Clean)
}

/// The last word is the action, those before it are exceptions.
fn kind_and_named(args: &RecordArgs) -> anyhow::Result<(ActionKind, &[String])> {
    let Some((word, named)) = args.words.split_last() else { anyhow::bail!("name an exception and an action") };
    let Some(kind) = ActionKind::parse(word) else {
        anyhow::bail!("`{word}` is no action; the last word is one of {}", action_words().join(", "));
    };
    match (named.is_empty(), args.filter.is_empty()) {
        (true, true) => anyhow::bail!("name an exception before `{word}`, or choose some with --filter"),
        (false, false) => anyhow::bail!("name exceptions, or choose them with --filter: not both"),
        _ => Ok((kind, named)),
    }
}

fn request(kind: ActionKind, args: &RecordArgs) -> ActionRequest {
    ActionRequest {
        kind: Some(kind),
        quantity: args.quantity.or(args.up_to),
        whom: args.whom.clone(),
        until: args.until,
        note: args.note.clone(),
        ticket: args.ticket.clone(),
    }
}

pub(super) fn by_name<'b>(board: &'b ActionBoard, named: &[String]) -> anyhow::Result<Vec<&'b BoardException>> {
    let mut chosen: Vec<&BoardException> = Vec::new();
    for name in named {
        let one = board.exception(name).map_err(|unknown| match unknown {
            UnknownException::NotThere => anyhow::anyhow!(
                "run {} has no exception `{name}`: `truecount exceptions` lists them with their numbers, \
                 `truecount exceptions --json` with their ids",
                board.run_id
            ),
            UnknownException::DecidedElsewhere(step) => {
                anyhow::anyhow!("nothing is recorded about `{name}`; what settles it: {step}")
            }
        })?;
        if !chosen.iter().any(|known| known.exception_id == one.exception_id) {
            chosen.push(one);
        }
    }
    Ok(chosen)
}

/// Those that fit, in the order of the report; what is decided elsewhere is left out, and told.
async fn by_filter<'b>(
    session: &Session,
    run: &truecount_store::Run,
    board: &'b ActionBoard,
    args: &RecordArgs,
) -> anyhow::Result<Vec<&'b BoardException>> {
    let value = |field: FilterField| {
        let values: Vec<_> =
            args.filter.iter().filter(|(one, _)| *one == field).map(|(_, value)| value.as_str()).collect();
        anyhow::ensure!(values.len() < 2, "--filter names the same field twice: give one value");
        anyhow::Ok(values.first().copied())
    };
    let rows = exceptions::chosen(session, run, value(FilterField::Client)?, value(FilterField::Kind)?).await?;
    let mut chosen: Vec<&BoardException> = Vec::new();
    let mut left_out = 0;
    for row in &rows {
        match board.exception(&row.exception_id) {
            Ok(one) if chosen.iter().any(|known| known.exception_id == one.exception_id) => {}
            Ok(one) => chosen.push(one),
            Err(_) => left_out += 1,
        }
    }
    if left_out > 0 {
        tell(&format!(
            "{} left out: settled by a mapping, a sync or a rule.",
            counted(left_out, "entry is", "entries are")
        ));
    }
    anyhow::ensure!(!chosen.is_empty(), "no exception of run {} fits: `truecount exceptions` lists them", run.run_id);
    Ok(chosen)
}

/// The records of the decision about each, or everything that is wrong.
fn checked(
    session: &Session,
    board: &ActionBoard,
    chosen: &[&BoardException],
    request: &ActionRequest,
    args: &RecordArgs,
) -> anyhow::Result<Vec<ActionRecord>> {
    let actor = args.by.clone().unwrap_or_else(user);
    let at = (session.config.settings.today(&session.env), session.env.clock.now());
    let (mut actions, mut wrong) = (Vec::new(), Vec::new());
    for one in chosen {
        match board.check(one, request, &actor, at) {
            Ok(action) => actions.push(action),
            Err(faults) => {
                let reasons: Vec<_> = faults.iter().map(action_fault).collect();
                wrong.push(format!("{}: {}", called(one), reasons.join("; ")));
            }
        }
    }
    anyhow::ensure!(wrong.is_empty(), "nothing was recorded:\n{}", wrong.join("\n"));
    Ok(actions)
}

/// `no. 17, Harbour Dental, MNG-SRV (underbilled)`.
pub(super) fn called(one: &BoardException) -> String {
    let number = one.number.map_or_else(|| one.exception_id.clone(), |number| format!("no. {number}"));
    format!("{number}, {}, {} ({})", one.client_name, one.key.service, kind_label(one.figures.kind))
}

fn show(action: &ActionRecord) {
    // As it stands on the day on which it is decided: what it says of itself.
    let decided = action_told(&RowAction::of(action, ActionStanding::SetAside));
    let (client, service) = (sanitize::visible(&action.client_name), &action.key.service);
    say_text(&format!("{client}, {service}: {decided}"));
}

/// Shows what would be recorded, and asks once for all.
fn is_wanted(cli: &Cli, actions: &[ActionRecord]) -> anyhow::Result<bool> {
    let retry = "repeat the command with --yes to record without being asked";
    anyhow::ensure!(!cli.json, "nothing was recorded: with --json nobody is asked; {retry}");
    actions.iter().for_each(show);
    anyhow::ensure!(ask::is_possible(), "nothing was recorded: nobody can be asked without a terminal; {retry}");
    ask::confirm(&format!("Record these {}?", actions.len()))
}
