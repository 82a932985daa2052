//! What a person or a program gets to see: results on stdout, everything else on stderr, foreign text made harmless.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use serde::Serialize;
use truecount_reports::{sanitize, with_options};
use truecount_store::RunSummary;

use crate::progress;

/// What the whole command comes to: its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// Nothing to correct.
    Clean = 0,
    /// Exceptions were found.
    Exceptions = 1,
    /// Something was not read, or is doubtful.
    NotRead = 2,
    /// A run would fail, or does not take place.
    Failed = 3,
}

impl Ending {
    /// The exit code of a run with this summary.
    pub(crate) fn of(summary: &RunSummary) -> Self {
        match (summary.is_complete, summary.exceptions + summary.unmapped + summary.not_reconciled) {
            (false, _) => Self::NotRead,
            (true, 1..) => Self::Exceptions,
            (true, 0) => Self::Clean,
        }
    }
}

/// The width of a terminal that does not tell it.
const TERMINAL_COLUMNS: usize = 80;

/// What stands before two spaces is a label up to this width, and text beyond it.
const LABEL_WIDTH_MAX: usize = 18;

/// What each command that is printed needs to reach the data of this one, too: ` --stack prod`.
static COMMAND_OPTIONS: OnceLock<String> = OnceLock::new();

/// From now on each command that is printed is one for this data.
pub(crate) fn commands_reach(options: String) {
    // The first data that a command opens is the one that it is about.
    let _ = COMMAND_OPTIONS.set(options);
}

fn reaching(text: &str) -> Cow<'_, str> {
    with_options(text, COMMAND_OPTIONS.get().map_or("", String::as_str))
}

/// Writes a line to stdout. That the reader has gone away (`| head`) is not an error.
pub(crate) fn say(text: &str) {
    print(&reaching(text));
}

fn print(text: &str) {
    progress::clear();
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes to stderr, wrapped at the width of the terminal.
pub(crate) fn tell(text: &str) {
    progress::clear();
    let mut stderr = std::io::stderr().lock();
    let columns = columns(terminal_size::terminal_size_of(&stderr), usual_columns(&stderr));
    let text = reaching(text);
    let lines = text.lines().map(|line| wrap(line, columns, hanging_indent(line)));
    let _ = writeln!(stderr, "{}", lines.collect::<Vec<_>>().join("\n"));
}

/// Writes to stdout, wrapped at the width of the terminal; a pipe gets one line.
pub(crate) fn say_wrapped(text: &str, indent: usize) {
    print(&wrap(&reaching(text), stdout_columns(), indent));
}

/// Writes a text of several lines to stdout, each wrapped at the width of the terminal; a pipe gets it as it is.
pub(crate) fn say_text(text: &str) {
    let columns = stdout_columns();
    reaching(text).lines().for_each(|line| print(&wrap(line, columns, hanging_indent(line))));
}

/// Where the further lines of a wrapped line begin: below the text behind its label, such as `MAPPING  `, else as far
/// in as the line itself.
fn hanging_indent(line: &str) -> usize {
    let text = line.trim_start();
    let leading = line.len() - text.len();
    let columns = |text: &str| text.chars().count();
    let gaps = text.match_indices("  ").map(|(at, gap)| at + gap.len());
    match gaps.take_while(|at| columns(&text[..*at]) <= LABEL_WIDTH_MAX).last() {
        Some(label) => leading + columns(&text[..label]) + (text[label..].len() - text[label..].trim_start().len()),
        None if text.starts_with("! ") => leading + 2,
        None => leading.max(2),
    }
}

/// The width of stdout; `None`: a pipe, which gets whole lines.
pub(crate) fn stdout_columns() -> Option<usize> {
    let stdout = std::io::stdout();
    columns(terminal_size::terminal_size_of(&stdout), usual_columns(&stdout))
}

/// The width of a terminal; of one that does not tell it, what `COLUMNS` says, else the usual one.
fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>, usual: Option<usize>) -> Option<usize> {
    let said = || std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    let told = size.map(|(width, _)| width.0.into()).filter(|columns| *columns > 0);
    usual.map(|usual| told.or_else(said).unwrap_or(usual))
}

/// The usual width of a terminal; `None`: a pipe.
fn usual_columns(stream: &impl IsTerminal) -> Option<usize> {
    stream.is_terminal().then_some(TERMINAL_COLUMNS)
}

/// Breaks a line at spaces; further lines are indented. What stands between backticks stays on one line, so that a
/// command can be copied.
fn wrap(line: &str, columns: Option<usize>, indent: usize) -> String {
    let Some(columns) = columns else { return line.to_owned() };
    let mut wrapped = String::new();
    let (mut used, mut line_start) = (0, 0);
    let mut is_quoted = false;
    let words = line.split_inclusive(|c: char| {
        is_quoted ^= c == '`';
        c == ' ' && !is_quoted
    });
    for word in words {
        let width = word.trim_end().chars().count();
        if used > line_start && used + width > columns {
            wrapped.truncate(wrapped.trim_end().len());
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            (used, line_start) = (indent, indent);
        }
        wrapped.push_str(word);
        used += word.chars().count();
    }
    wrapped
}

/// Such as `1 row was` or `3 rows were`.
pub(crate) fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    match count.try_into() {
        Ok(1) => format!("1 {one}"),
        Ok(count) => format!("{count} {many}"),
        Err(_) => format!("more than {} {many}", u64::MAX),
    }
}

/// Text of several lines that may hold foreign text: nothing is hidden, and no further line looks like one of ours.
pub(crate) fn indented(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(sanitize::visible).collect();
    lines.join("\n  ")
}

/// A value as JSON on stdout.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{counted, hanging_indent, wrap};

    #[test]
    fn one_is_not_many() {
        let rows = |count: usize| counted(count, "row was", "rows were");
        assert_eq!([rows(0), rows(1), rows(2)], ["0 rows were", "1 row was", "2 rows were"]);
    }

    #[test]
    fn a_wrapped_line_goes_on_below_its_text() {
        for (line, expected) in [
            ("MAPPING  2 vendor accounts", 9),
            ("OVERBILLED   GBP 534.94 a month", 13),
            (" 1. GBP 1,018.88  Rosebank Florists", 18),
            (" 2. GBP   279.30  Rosebank Florists", 18),
            ("NOT READ    rmm: usage.csv: its name has no date", 12),
            ("INCOMPLETE  rmm: 1 of 3 vendor accounts", 12),
            ("  ! rmm: 1 of 48 vendor accounts", 4),
            ("    33 counted, although the agreement ended", 4),
            ("One sentence.", 2),
            ("A sentence that is long  before two spaces", 2),
            ("", 2),
        ] {
            assert_eq!(hanging_indent(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_break_at_spaces_and_never_within_a_command() {
        let text = "fix the file, then run `truecount rules check` again";
        assert_eq!(wrap(text, None, 2), text);
        assert_eq!(wrap(text, Some(80), 2), text);
        assert_eq!(wrap(text, Some(20), 2), "fix the file, then\n  run\n  `truecount rules check`\n  again");
        assert_eq!(wrap("a word_that_is_too_long", Some(8), 2), "a\n  word_that_is_too_long");
        assert_eq!(wrap("an `open quote to the end", Some(10), 0), "an\n`open quote to the end");
    }
}
