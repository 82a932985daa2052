//! `mappings review`: one undecided vendor account after the other, highest monthly revenue first, one key per answer.
//!
//! Answers are read line by line: a key and Enter at a terminal, a line each from a script.

use std::io::{BufRead, Write};

use truecount_app::mapping::{self, Candidates, MappingRequest, MappingRow, MappingWorkspace, RowState};
use truecount_billing::{ClientId, SourceId};
use truecount_reports::{proposal_effect, sanitize};
use truecount_store::{IgnoreReason, MappingDecision};

use super::list::{monthly_revenue, show_progress};
use super::proposals::{Shown, client, nobody, why};
use crate::args::{Cli, user};
use crate::open::Session;
use crate::output::{Ending, counted, json, tell};

/// Clients that a search shows.
const FOUND_MAX: usize = 9;

const KEYS: &str = "\
[1-9] this client   [=ID] client by id   [/TEXT] search   [s] skip   [q] quit
ignore as: [i] internal   [n] not for resale   [o] not ours";

/// An answer at the prompt.
enum Answer {
    Decide(MappingDecision),
    Search(String),
    Skip,
    Quit,
    Unclear(String),
}

pub(super) async fn review(cli: &Cli, session: &Session, source: Option<&SourceId>) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    if let Some(source) = source {
        workspace.source(source)?;
    }
    let proposals = workspace.proposals();
    let mut rows = workspace.rows();
    rows.retain(|row| row.state == RowState::Undecided && source.is_none_or(|source| row.source == *source));
    let mut decided = Vec::new();
    let mut lines = std::io::stdin().lock().lines();
    let count = rows.len();
    let shown = Shown::of(cli.json);
    'rows: for (at, row) in rows.iter().enumerate() {
        let own = proposals.get(&(&row.source, &row.account_id)).copied();
        let proposed = own.map_or(&[][..], |own| &own.proposals);
        let mut offered: Vec<ClientId> = proposed.iter().map(|proposal| proposal.client_id.clone()).collect();
        show(shown, row, own, (at + 1, count));
        let decision = loop {
            ask();
            let Some(line) = lines.next() else { break 'rows };
            match answer(line?.trim(), &offered, &workspace) {
                Answer::Decide(decision) => break decision,
                Answer::Search(text) => offered = search(shown, &workspace, &text),
                Answer::Skip => continue 'rows,
                Answer::Quit => break 'rows,
                Answer::Unclear(why) => tell(&why),
            }
        };
        let request = MappingRequest {
            source: row.source.clone(),
            account_id: row.account_id.clone(),
            decision,
            from: None,
            actor: user(),
            note: String::new(),
        };
        decided.push(mapping::decide(&session.env, &workspace, request).await?.0);
    }
    if cli.json {
        json(&decided)?;
    }
    tell(&format!("{} of {count} decided.", decided.len()));
    show_progress(&MappingWorkspace::load(&session.env, &session.config).await?.progress());
    Ok(Ending::Clean)
}

fn show(shown: Shown, row: &MappingRow, candidates: Option<&Candidates>, (at, count): (usize, usize)) {
    let revenue = monthly_revenue(row);
    let revenue = if revenue.is_empty() { String::new() } else { format!(", about {revenue} a month") };
    let items = counted(row.items, "item", "items");
    shown.blank();
    shown.line(&format!("[{at}/{count}] {} {}  {items}{revenue}", row.source, row.account_id), 2);
    shown.line(&format!("  {}", row.account_name), 2);
    let proposals = candidates.map_or(&[][..], |candidates| &candidates.proposals);
    for (number, proposal) in (1..).zip(proposals) {
        shown.line(&format!("  {number}  {}", client(proposal)), 5);
        shown.line(&format!("       {}", why(proposal)), 7);
        // Of the others nothing is known.
        if let Some(effect) = row.if_confirmed.as_ref().filter(|_| number == 1) {
            shown.line(&format!("       if confirmed: {}", proposal_effect(effect)), 7);
        }
    }
    if proposals.is_empty() {
        shown.line(&format!("  {}", nobody(candidates)), 2);
    }
}

fn ask() {
    tell(KEYS);
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(b"> ").and_then(|()| stderr.flush());
}

fn answer(line: &str, offered: &[ClientId], workspace: &MappingWorkspace) -> Answer {
    let ignored = |reason| Answer::Decide(MappingDecision::Ignored { reason });
    if let Some(text) = line.strip_prefix('/') {
        return Answer::Search(text.trim().to_owned());
    }
    if let Some(id) = line.strip_prefix('=') {
        return match ClientId::new(id.trim()) {
            Ok(client_id) if workspace.client(&client_id).is_some() => {
                Answer::Decide(MappingDecision::Confirmed { client_id })
            }
            _ => Answer::Unclear(format!("the PSA has no client `{}`", sanitize::visible(id.trim()))),
        };
    }
    match line {
        "i" => ignored(IgnoreReason::Internal),
        "n" => ignored(IgnoreReason::NotForResale),
        "o" => ignored(IgnoreReason::NotOurs),
        "s" | "" => Answer::Skip,
        "q" => Answer::Quit,
        number => match number.parse::<usize>().ok().and_then(|number| offered.get(number.checked_sub(1)?)) {
            Some(client_id) => Answer::Decide(MappingDecision::Confirmed { client_id: client_id.clone() }),
            None => Answer::Unclear(format!("`{}` is not an answer here", sanitize::visible(number))),
        },
    }
}

/// Clients with a text in their name; they replace those that were offered.
fn search(shown: Shown, workspace: &MappingWorkspace, text: &str) -> Vec<ClientId> {
    let text = text.to_lowercase();
    let found = workspace.clients.iter().filter(|client| client.name.to_lowercase().contains(&text));
    let found: Vec<_> = found.take(FOUND_MAX).collect();
    for (number, client) in (1..).zip(&found) {
        shown.line(&format!("  {number}  {} [{}]", client.name, client.id), 5);
    }
    if found.is_empty() {
        shown.line("  no client has this in its name", 2);
    }
    found.into_iter().map(|client| client.id.clone()).collect()
}
