//! The summary as plain text: the mail's text part, and what a terminal shows. About 40 lines at most.

use std::fmt::Write as _;

use crate::{
    ReportInput,
    not_reconciled::NotReconciled,
    summary::{DirectionTotals, Frame, Outcome, Summary, TextTarget, TopException},
};

/// The summary for a terminal.
#[must_use]
pub fn text_summary(input: &ReportInput<'_>) -> String {
    text(&Summary::of(input, TextTarget::Terminal), Frame::default())
}

/// Writing to a `String` cannot fail, so the results of `write!` are dropped.
pub(crate) fn text(summary: &Summary, frame: Frame<'_>) -> String {
    let mut out = String::with_capacity(4096);
    if let Some(line) = frame.first_line {
        let _ = writeln!(out, "{line}\n");
    }
    let _ = writeln!(out, "TRUECOUNT · {} · {}", summary.month, summary.run);
    let _ = writeln!(out, "{} {}\n", summary.counted, headline(&summary.outcome));
    if let Some(missed) = &summary.missed {
        let _ = writeln!(out, "MISSED   {missed}\n");
    }
    totals(&mut out, "UNDERBILLED", &summary.underbilled);
    totals(&mut out, "OVERBILLED", &summary.overbilled);
    if let Some(note) = &summary.totals_note {
        let _ = writeln!(out, "{note}");
    }
    if !(summary.underbilled.amounts.is_empty()
        && summary.overbilled.amounts.is_empty()
        && summary.totals_note.is_none())
    {
        out.push('\n');
    }
    if let Some(unknown) = &summary.not_reconciled {
        not_reconciled(&mut out, unknown);
    }
    if let Some(mapping) = &summary.mapping {
        let _ = writeln!(out, "MAPPING  {mapping}");
    }
    if let Some(setup) = &summary.setup {
        let _ = writeln!(out, "SETUP    {setup}");
    }
    if let Some(receipts) = &summary.receipts {
        let _ = writeln!(out, "SOURCES  {receipts}");
    }
    if summary.mapping.is_some() || summary.setup.is_some() || summary.receipts.is_some() {
        out.push('\n');
    }
    if !summary.top.is_empty() {
        let _ = writeln!(out, "{}", summary.top_title.to_uppercase());
        let width = summary.top.iter().map(|row| row.impact.chars().count()).max().unwrap_or(0);
        let digits = summary.top.iter().map(|row| row.number.to_string().len()).max().unwrap_or(0).max(2);
        for row in &summary.top {
            exception(&mut out, row, digits, width);
        }
        out.push('\n');
    }
    let _ = writeln!(out, "FILES    {}", summary.place);
    if let Some(line) = frame.last_line {
        let _ = writeln!(out, "         {line}");
    }
    let _ = writeln!(out, "RUN      {}", summary.run_id);
    out
}

/// The one sentence that says what kind of month it was.
pub(crate) fn headline(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NothingReconciled => "Nothing could be reconciled: no total is known.".to_owned(),
        Outcome::Agrees(short) => {
            let mut letters = short.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase()).unwrap_or_default();
            format!("{first}{}.", letters.as_str())
        }
        Outcome::Differs(short) => format!("{short}."),
    }
}

fn totals(out: &mut String, title: &str, totals: &DirectionTotals) {
    let width = totals.amounts.iter().map(|total| total.amount.chars().count()).max().unwrap_or(0);
    for (at, total) in totals.amounts.iter().enumerate() {
        let title = if at == 0 { title } else { "" };
        let _ = writeln!(out, "{title:<11}  {} a month, {}", aligned(&total.amount, width), total.exceptions);
    }
}

fn not_reconciled(out: &mut String, unknown: &NotReconciled) {
    let _ = writeln!(out, "{}. {}", unknown.title.to_uppercase(), unknown.meaning);
    for source in &unknown.sources {
        let _ = writeln!(out, "  ! {}: {}", source.name, source.reason);
        if let Some(clients) = &source.clients {
            let _ = writeln!(out, "    clients: {clients}");
        }
    }
    if let Some(more) = &unknown.more {
        let _ = writeln!(out, "  … {more}");
    }
    out.push('\n');
}

fn exception(out: &mut String, row: &TopException, digits: usize, width: usize) {
    let what = if row.what.is_empty() { String::new() } else { format!(" ({})", row.what) };
    let (number, impact) = (row.number, aligned(&row.impact, width));
    let _ = writeln!(out, "{number:>digits$}. {impact}  {}: {}{what}", row.client, row.kind);
    let weakest = row.weakest.map(|part| format!(", weakest: {part}")).unwrap_or_default();
    let indent = digits + 2;
    let _ = writeln!(out, "{:indent$}{} [{}; confidence {}{weakest}]", "", row.reason, row.next_step, row.level);
}

/// `GBP   420.00`: the blanks between the currency and the number, so that both stand in a column.
fn aligned(amount: &str, width: usize) -> String {
    let blanks = " ".repeat(width.saturating_sub(amount.chars().count()));
    match amount.split_once(' ') {
        Some((currency, number)) => format!("{currency} {blanks}{number}"),
        None => format!("{blanks}{amount}"),
    }
}
