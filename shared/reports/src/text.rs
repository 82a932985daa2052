//! The summary as plain text of 80 columns: the mail's text part, and what a terminal shows.

use std::fmt::Write as _;

use crate::{
    RunReport,
    actions::ChangesDone,
    history::HistoryInBrief,
    label,
    map_first::MapFirst,
    not_reconciled::NotReconciled,
    run_totals::total_lines,
    summary::{Frame, Summary, TextTarget},
    top::TopException,
    words::{wrapped, wrapped_from},
};

/// Columns of a line. Only a path or an id can be longer.
const COLUMNS: usize = 80;
/// Where the text beside a title begins.
const INDENT: usize = 9;

/// The summary for a terminal: at most 80 columns, and about one screen.
#[must_use]
pub fn text_summary(report: &RunReport<'_>) -> String {
    text(&Summary::of(report, TextTarget::Terminal), Frame::default())
}

/// Writing to a `String` cannot fail, so the results of `write!` are dropped.
pub(crate) fn text(summary: &Summary, frame: Frame<'_>) -> String {
    let mut out = String::with_capacity(4096);
    if let Some(line) = frame.first_line {
        let _ = writeln!(out, "{}\n", wrapped(line, COLUMNS, 0));
    }
    for line in frame.about {
        let _ = writeln!(out, "{}\n", wrapped(line, COLUMNS, 0));
    }
    let _ = writeln!(out, "TRUECOUNT · {} · {}", summary.month, summary.run);
    if let Some(missed) = &summary.missed {
        titled(&mut out, "MISSED", &missed.text);
        // Never wrapped: it is to be copied.
        let _ = writeln!(out, "  {}", missed.command);
    }
    if let Some(incomplete) = summary.incomplete {
        titled(&mut out, "CLOSED", incomplete);
    }
    out.push('\n');
    compared(&mut out, summary);
    totals(&mut out, summary);
    out.push('\n');
    if let Some(map_first) = &summary.map_first {
        mappings(&mut out, map_first);
    }
    if let Some(unknown) = &summary.not_reconciled {
        not_reconciled(&mut out, unknown);
    }
    paragraphs(&mut out, [("ENDING", &summary.ending), ("ENDED", &summary.ended)]);
    if let Some(opening) = &summary.opening {
        titled(&mut out, "OPENING", opening);
        out.push('\n');
    }
    if let Some(history) = &summary.history {
        since_last_closing(&mut out, history);
    }
    if let Some(done) = &summary.done {
        changes_done(&mut out, done);
    }
    exceptions(&mut out, summary);
    if let Some(agreements) = &summary.agreements {
        out.push_str(&agreements.text());
        out.push('\n');
    }
    paragraphs(&mut out, [("SETUP", &summary.setup), ("SOURCES", &summary.receipts)]);
    if let Some(place) = &summary.place {
        let _ = writeln!(out, "FILES    {place}");
    }
    if let Some(line) = frame.last_line {
        titled(&mut out, "FILES", line);
    }
    let _ = writeln!(out, "RUN      {}", summary.run_id);
    out
}

/// A paragraph beside its title.
fn titled(out: &mut String, title: &str, text: &str) {
    let _ = writeln!(out, "{title:<INDENT$}{}", wrapped(text, COLUMNS, INDENT));
}

/// Those that there are, and an empty line below them.
fn paragraphs(out: &mut String, paragraphs: [(&str, &Option<String>); 2]) {
    for (title, text) in paragraphs {
        if let Some(text) = text {
            titled(out, title, text);
        }
    }
    if paragraphs.iter().any(|(_, text)| text.is_some()) {
        out.push('\n');
    }
}

/// The first lines of the summary, for a terminal that has just made the run: what was compared, the totals, and what to
/// map first.
#[must_use]
pub fn run_overview(report: &RunReport<'_>) -> String {
    let summary = Summary::of(report, TextTarget::Terminal);
    let mut out = String::with_capacity(1024);
    compared(&mut out, &summary);
    totals(&mut out, &summary);
    if let Some(opening) = &summary.opening {
        let _ = writeln!(out, "{}", wrapped(opening, COLUMNS, 0));
    }
    if let Some(map_first) = &summary.map_first {
        out.push('\n');
        mappings(&mut out, map_first);
    }
    out
}

fn compared(out: &mut String, summary: &Summary) {
    for line in &summary.compared {
        let _ = writeln!(out, "{}", wrapped(line, COLUMNS, 0));
    }
    let counted = format!("{} {}", summary.counted, summary.outcome.headline());
    let _ = writeln!(out, "{}", wrapped(&counted, COLUMNS, 0));
    for note in &summary.sources {
        let _ = writeln!(out, "  ! {}", wrapped(note, COLUMNS, 4));
    }
    out.push('\n');
}

/// The totals, or that it is a first comparison.
fn totals(out: &mut String, summary: &Summary) {
    if let Some(first) = &summary.first {
        out.push_str(&first.lines());
    }
    out.push_str(&total_lines(&summary.totals));
    for note in &summary.totals_notes {
        let _ = writeln!(out, "{}", wrapped(note, COLUMNS, 0));
    }
}

fn mappings(out: &mut String, map_first: &MapFirst) {
    let _ = writeln!(out, "{}", wrapped(&format!("MAP FIRST. {}", map_first.title), COLUMNS, 2));
    for source in &map_first.sources {
        let _ = writeln!(out, "  {}", wrapped(&format!("{}: {}", source.name, source.waits), COLUMNS, 4));
        let _ = writeln!(out, "    {}", source.command);
    }
    if let Some(more) = &map_first.more {
        let _ = writeln!(out, "  {more}");
    }
    out.push('\n');
}

fn not_reconciled(out: &mut String, unknown: &NotReconciled) {
    let _ = writeln!(out, "{}. {}", unknown.title.to_uppercase(), unknown.meaning);
    let digits = unknown.groups.iter().map(|group| group.rows.len()).max().unwrap_or(0);
    for group in &unknown.groups {
        let clients = group.clients.as_ref().map(|clients| format!(": {clients}")).unwrap_or_default();
        let text = wrapped(&format!("{}{clients}", group.settled_by), COLUMNS, digits + 4);
        let _ = writeln!(out, "  {:>digits$}  {text}", group.rows);
    }
    if let Some(more) = &unknown.more {
        let _ = writeln!(out, "  {:>digits$}  {more}", "");
    }
    for line in &unknown.accounts {
        let _ = writeln!(out, "  ! {}", wrapped(line, COLUMNS, 4));
    }
    out.push('\n');
}

fn since_last_closing(out: &mut String, history: &HistoryInBrief) {
    titled(out, "HISTORY", &history.text);
    let digits = history.closed.iter().map(|row| row.number.to_string().len()).max().unwrap_or(0).max(2);
    for row in &history.closed {
        let text = format!("{} ({}): {}", row.client, row.what, row.told);
        let _ = writeln!(out, "  {:>digits$}. {}", row.number, wrapped(&text, COLUMNS, digits + 4));
    }
    if let Some(more) = &history.more {
        let _ = writeln!(out, "  {:>digits$}  {more}", "");
    }
    out.push('\n');
}

fn changes_done(out: &mut String, done: &ChangesDone) {
    titled(out, "DONE", &done.text);
    for line in &done.open {
        let _ = writeln!(out, "  - {}", wrapped(line, COLUMNS, 4));
    }
    if let Some(more) = &done.more {
        let _ = writeln!(out, "    {more}");
    }
    out.push('\n');
}

fn exceptions(out: &mut String, summary: &Summary) {
    let rows = &summary.top.rows;
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", summary.top.title.to_uppercase());
    let width = rows.iter().map(|row| row.value.chars().count()).max().unwrap_or(0);
    let digits = rows.iter().map(|row| row.number.chars().count()).max().unwrap_or(0).max(3);
    for row in rows {
        exception(out, row, digits, width);
    }
    out.push('\n');
}

fn exception(out: &mut String, row: &TopException, digits: usize, width: usize) {
    let (number, indent) = (&row.number, digits + 1);
    let before = format!("{number:>digits$} {}  ", label::aligned(&row.value, width));
    let change = row.change.as_ref().map(|change| format!(", {change}")).unwrap_or_default();
    let what = if row.what.is_empty() { String::new() } else { format!(" ({})", row.what) };
    let who = format!("{}: {}{change}{what}", row.client, row.kind);
    let _ = writeln!(out, "{before}{}", wrapped_from(&who, COLUMNS, before.chars().count(), indent));
    let confidence = if row.confidence.is_empty() { String::new() } else { format!("; {}", row.confidence) };
    let _ = writeln!(out, "{:indent$}{}", "", wrapped(&row.reason, COLUMNS, indent));
    if !row.names.is_empty() {
        let _ = writeln!(out, "{:indent$}{}", "", wrapped(&row.names, COLUMNS, indent));
    }
    let history = if row.history.is_empty() { String::new() } else { format!("; {}", row.history) };
    let step = format!("→ {} ({}){confidence}{history}", row.next_step, row.owner);
    let _ = writeln!(out, "{:indent$}{}", "", wrapped(&step, COLUMNS, indent));
}
