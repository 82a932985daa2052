//! What the page says of the run as a whole, as far as it holds foreign text: notes, what is not reconciled and what
//! settles it, the charts; and the words of kinds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::charts::{self, Chart};
use crate::{
    ExceptionRow, RunReport, label,
    row_totals::{RowTotals, add_all},
    summary::{Summary, TextTarget},
};

#[derive(Serialize)]
pub(super) struct Overview<'r> {
    /// Each kind as people read it.
    kinds: BTreeMap<&'static str, &'static str>,
    /// The order in which currencies are told.
    currencies: Vec<String>,
    charts: Vec<Chart<'r>>,
    notes: Vec<Note>,
    /// Of more rows than are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
    /// Where the rows have more at stake than the run: why that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<&'static str>,
}

/// Of rows that share an account.
const SHARED: &str = "An account that may belong to several clients is at stake at each of them; the run's total above counts \
     it once.";

/// A paragraph, and lines below it.
#[derive(Serialize)]
struct Note {
    /// How it is marked: `warn`, or nothing.
    kind: &'static str,
    title: String,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Line>,
}

/// A line of a note.
#[derive(Serialize)]
struct Line {
    text: String,
    /// What to type.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// `shown` of `all` rows are on the page.
pub(super) fn of<'r>(report: &'r RunReport<'_>, shown: usize, all: usize) -> Overview<'r> {
    let home = report.portfolio.home_currency;
    let mut currencies: Vec<_> = report.portfolio.totals.keys().collect();
    currencies.sort_by_key(|currency| (**currency != home, **currency));
    let more = (all > shown).then(|| {
        let (shown, all) = (label::quantity((shown as u64).into()), label::count(all as u64, "row", "rows"));
        format!("The page has the first {shown} of {all}, by value; exceptions.csv has all of them.")
    });
    Overview {
        kinds: ExceptionRow::kinds().collect(),
        currencies: currencies.into_iter().map(ToString::to_string).collect(),
        charts: charts::of(report),
        notes: notes(&Summary::of(report, TextTarget::Terminal)),
        more,
        shared: has_shared(report).then_some(SHARED),
    }
}

/// Whether what the rows have at stake upwards is more than what the run has.
fn has_shared(report: &RunReport<'_>) -> bool {
    if report.portfolio.is_first_comparison() {
        return false;
    }
    let mut sums = RowTotals::new();
    let rows = report.exceptions.iter().flat_map(ExceptionRow::each).filter(|row| !row.is_set_aside());
    rows.for_each(|row| add_all(&mut sums, &row.totals));
    let of_run = |currency| report.portfolio.totals.get(currency).map(|totals| totals.not_reconciled_up);
    sums.iter().any(|(currency, of)| of.not_reconciled_up > of_run(currency).unwrap_or_default())
}

fn notes(summary: &Summary) -> Vec<Note> {
    let mut notes = Vec::new();
    let lines = |texts: &[String]| texts.iter().map(|text| line(text)).collect::<Vec<_>>();
    if !summary.sources.is_empty() {
        notes.push(Note { kind: "warn", lines: lines(&summary.sources), ..note("Sources", "Not everything is new.") });
    }
    notes.extend(not_reconciled(summary));
    if let Some(map) = &summary.map_first {
        let mut lines: Vec<_> = map
            .sources
            .iter()
            .map(|source| Line {
                text: format!("{}: {}", source.name, source.waits),
                command: Some(source.command.clone()),
            })
            .collect();
        lines.extend(map.more.as_ref().map(|more| line(more)));
        notes.push(Note { kind: "warn", lines, ..note("Map first", &map.title) });
    }
    let texts = [("Opening", &summary.opening), ("Ending", &summary.ending), ("Ended", &summary.ended)];
    notes.extend(texts.into_iter().filter_map(|(title, text)| Some(note(title, text.as_ref()?))));
    if let Some(history) = &summary.history {
        let closed = history.closed.iter();
        let closed = closed.map(|row| line(&format!("{}. {} ({}): {}", row.number, row.client, row.what, row.told)));
        let lines = closed.chain(history.more.as_ref().map(|more| line(more))).collect();
        notes.push(Note { lines, ..note("History", &history.text) });
    }
    if let Some(done) = &summary.done {
        let lines = done.open.iter().chain(&done.more).map(|text| line(text)).collect();
        notes.push(Note { lines, ..note("Done", &done.text) });
    }
    let texts = [("Setup", &summary.setup), ("Receipts", &summary.receipts)];
    notes.extend(texts.into_iter().filter_map(|(title, text)| Some(note(title, text.as_ref()?))));
    notes
}

/// Why, and what settles it.
fn not_reconciled(summary: &Summary) -> Option<Note> {
    let unknown = summary.not_reconciled.as_ref()?;
    let groups = unknown.groups.iter().map(|group| {
        let clients = group.clients.as_ref().map(|clients| format!(": {clients}")).unwrap_or_default();
        line(&format!("{} – {}{clients}", group.rows, group.settled_by))
    });
    let rest = unknown.more.iter().chain(&unknown.accounts).map(|text| line(text));
    Some(Note { kind: "warn", lines: groups.chain(rest).collect(), ..note(&unknown.title, unknown.meaning) })
}

fn note(title: &str, text: &str) -> Note {
    Note { kind: "", title: title.to_owned(), text: text.to_owned(), lines: Vec::new() }
}

fn line(text: &str) -> Line {
    Line { text: text.to_owned(), command: None }
}
