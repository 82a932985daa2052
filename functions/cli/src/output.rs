//! What a person or a program gets to see: data on stdout, talk on stderr, foreign text made harmless.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use truecount_app::ProgressObserver;
use truecount_reports::sanitize;

/// Widths are for a terminal of 80 columns.
const COLUMNS: usize = 80;

/// What the whole command comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// Nothing to do.
    Clean = 0,
    /// Exceptions were found.
    Exceptions = 1,
    /// Something could not be compared.
    NotCompared = 2,
    /// A run would fail, or does not happen.
    Failed = 3,
}

impl Ending {
    /// The ending of a run with these findings.
    pub(crate) fn of(exceptions: u64, not_compared: u64) -> Self {
        match (exceptions, not_compared) {
            (_, 1..) => Self::NotCompared,
            (1.., _) => Self::Exceptions,
            _ => Self::Clean,
        }
    }
}

/// Writes to stdout; a reader that went away (`| head`) is no fault.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes to stderr.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Text of several lines that may hold what others wrote: nothing of it hidden, and no line after the first begins as
/// one of ours does.
pub(crate) fn indented(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(sanitize::visible).collect();
    lines.join("\n  ")
}

/// A value as JSON on stdout.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Headings of columns that are copied into the next command, and so are never cut.
const WHOLE: [&str; 6] = ["id", "run", "source", "service mapping", "product", "a month"];

/// Columns are not made narrower than this.
const NARROWEST: usize = 6;

/// Rows under their headings within the terminal's width: the widest columns give way first.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let clean: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| sanitize::visible(cell).into_owned()).collect()).collect();
    let width = |at: usize| {
        let cells = clean.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(headings[at].len())
    };
    let mut widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let gaps = 2 * headings.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > COLUMNS {
        let gives = |at: &usize| !WHOLE.contains(&headings[*at]) && widths[*at] > NARROWEST;
        let Some(widest) = (0..headings.len()).filter(gives).max_by_key(|at| widths[*at]) else { break };
        widths[widest] -= 1;
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            let cut = cut(cell, *width);
            text.push_str(&cut);
            text.push_str(&" ".repeat(width - cut.chars().count() + 2));
        }
        say(text.trim_end());
    };
    line(&mut headings.iter().copied());
    for row in &clean {
        line(&mut row.iter().map(String::as_str));
    }
}

fn cut(cell: &str, room: usize) -> String {
    if cell.chars().count() <= room {
        return cell.to_owned();
    }
    let mut short: String = cell.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A spinner with the current step, on a terminal; nothing in a pipe.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    pub(crate) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl ProgressObserver for Spinner {
    fn pages(&self, source: &str, pages: u64) {
        self.0.set_message(format!("reading {source}: {pages} pages"));
    }

    fn step(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}
