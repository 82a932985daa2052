//! `mappings review`: one undecided vendor account after the other, highest monthly revenue first, one key per answer.
//!
//! Answers are read line by line: a key and Enter at a terminal, a line each from a script.

use std::io::{BufRead, Write};

use truecount_app::mapping::{self, MappingRequest, MappingRow, MappingWorkspace, Proposal, RowState};
use truecount_billing::{ClientId, SourceId};
use truecount_reports::sanitize;
use truecount_store::{IgnoreReason, MappingDecision};

use super::list::{monthly_revenue, show_progress};
use crate::args::{Cli, user};
use crate::open::Session;
use crate::output::{Ending, counted, json, say, say_wrapped, tell};

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
    'rows: for (at, row) in rows.iter().enumerate() {
        let own = proposals.get(&(row.source.clone(), row.account_id.clone())).map_or(&[][..], Vec::as_slice);
        let mut offered: Vec<ClientId> = own.iter().map(|proposal| proposal.client_id.clone()).collect();
        show(row, own, at + 1, count);
        let decision = loop {
            ask();
            let Some(line) = lines.next() else { break 'rows };
            match answer(line?.trim(), &offered, &workspace) {
                Answer::Decide(decision) => break decision,
                Answer::Search(text) => offered = search(&workspace, &text),
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

fn show(row: &MappingRow, proposals: &[Proposal], at: usize, count: usize) {
    let revenue = monthly_revenue(row);
    let revenue = if revenue.is_empty() { String::new() } else { format!(", about {revenue} a month") };
    say("");
    say(&sanitize::visible(&format!(
        "[{at}/{count}] {} {}  {}{revenue}",
        row.source,
        row.account_id,
        counted(row.items, "item", "items")
    )));
    say(&sanitize::visible(&format!("  {}", row.account_name)));
    for (number, proposal) in (1..).zip(proposals) {
        let percent = proposal.percent.map_or_else(String::new, |percent| format!(" {percent} %"));
        let line = format!("  {number}  {} [{}]{percent}", proposal.client_name, proposal.client_id);
        say(&sanitize::visible(&line));
        let against =
            if proposal.against.is_empty() { String::new() } else { format!("; but {}", proposal.against.join(", ")) };
        let why = format!("       {}{against}", proposal.reasons.join(", "));
        say_wrapped(&sanitize::visible(&why), 7);
    }
    if proposals.is_empty() {
        say("  no similar client");
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
fn search(workspace: &MappingWorkspace, text: &str) -> Vec<ClientId> {
    let text = text.to_lowercase();
    let found = workspace.clients.iter().filter(|client| client.name.to_lowercase().contains(&text));
    let found: Vec<_> = found.take(FOUND_MAX).collect();
    for (number, client) in (1..).zip(&found) {
        say(&sanitize::visible(&format!("  {number}  {} [{}]", client.name, client.id)));
    }
    if found.is_empty() {
        say("  no client has this in its name");
    }
    found.into_iter().map(|client| client.id.clone()).collect()
}
