//! One vendor organization after the other, what most hangs on first, with one key for each answer.
//!
//! Answers are read by the line: in a terminal a key and Enter, in a script a line each.

use std::io::{BufRead, Write};

use truecount_app::mapping::{self, MappingRequest, MappingRow, MappingWorkspace, Proposal, RowState};
use truecount_billing::{ClientId, SourceId};
use truecount_reports::sanitize;
use truecount_store::{IgnoreReason, MappingDecision};

use super::list::{show_progress, worth};
use crate::args::{Cli, user};
use crate::open::Session;
use crate::output::{Ending, json, say, tell};

/// Clients that a search shows.
const FOUND_MAX: usize = 9;

const KEYS: &str = "1-5 that client · = ID that one · / TEXT look for one · i internal · n not for resale · o not ours · s skip · q quit";

/// What a person answers.
enum Answer {
    Decide(MappingDecision),
    Look(String),
    Skip,
    Quit,
    Unclear(String),
}

pub(super) async fn review(cli: &Cli, session: &Session, source: Option<&SourceId>) -> anyhow::Result<Ending> {
    let book = MappingWorkspace::load(&session.env, &session.config).await?;
    if let Some(source) = source {
        book.source(source)?;
    }
    let proposals = book.proposals();
    let mut rows = book.rows();
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
            match answer(line?.trim(), &offered, &book) {
                Answer::Decide(decision) => break decision,
                Answer::Look(text) => offered = look(&book, &text),
                Answer::Skip => continue 'rows,
                Answer::Quit => break 'rows,
                Answer::Unclear(why) => tell(&why),
            }
        };
        let wish = MappingRequest {
            source: row.source.clone(),
            account_id: row.account_id.clone(),
            decision,
            from: None,
            actor: user(),
            note: String::new(),
        };
        decided.push(mapping::decide(&session.env, &book, wish).await?.0);
    }
    if cli.json {
        json(&decided)?;
    }
    tell(&format!("{} of {count} decided.", decided.len()));
    show_progress(&MappingWorkspace::load(&session.env, &session.config).await?.progress());
    Ok(Ending::Clean)
}

fn show(row: &MappingRow, proposals: &[Proposal], at: usize, count: usize) {
    let worth = worth(row);
    let worth = if worth.is_empty() { String::new() } else { format!(", about {worth} a month") };
    say("");
    say(&sanitize::visible(&format!("[{at}/{count}] {} {}  {} items{worth}", row.source, row.account_id, row.items)));
    say(&sanitize::visible(&format!("  {}", row.account_name)));
    for (number, proposal) in (1..).zip(proposals) {
        let percent = proposal.percent.map_or_else(String::new, |percent| format!(" {percent} %"));
        let line = format!("  {number}  {} [{}]{percent}", proposal.client_name, proposal.client_id);
        say(&sanitize::visible(&line));
        let against =
            if proposal.against.is_empty() { String::new() } else { format!("; but {}", proposal.against.join(", ")) };
        say(&sanitize::visible(&format!("       {}{against}", proposal.reasons.join(", "))));
    }
    if proposals.is_empty() {
        say("  no client is like it");
    }
}

fn ask() {
    tell(KEYS);
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(b"> ").and_then(|()| stderr.flush());
}

fn answer(line: &str, offered: &[ClientId], book: &MappingWorkspace) -> Answer {
    let ignored = |reason| Answer::Decide(MappingDecision::Ignored { reason });
    if let Some(text) = line.strip_prefix('/') {
        return Answer::Look(text.trim().to_owned());
    }
    if let Some(id) = line.strip_prefix('=') {
        return match ClientId::new(id.trim()) {
            Ok(client_id) if book.client(&client_id).is_some() => {
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
            None => Answer::Unclear(format!("`{}` is no answer here", sanitize::visible(number))),
        },
    }
}

/// Clients with a text in their name; they take the place of those that were offered.
fn look(book: &MappingWorkspace, text: &str) -> Vec<ClientId> {
    let text = text.to_lowercase();
    let found = book.clients.iter().filter(|client| client.name.to_lowercase().contains(&text));
    let found: Vec<_> = found.take(FOUND_MAX).collect();
    for (number, client) in (1..).zip(&found) {
        say(&sanitize::visible(&format!("  {number}  {} [{}]", client.name, client.id)));
    }
    if found.is_empty() {
        say("  no client has that in its name");
    }
    found.into_iter().map(|client| client.id.clone()).collect()
}
