//! Tables: one line for each row, within the width of a terminal, and never cut in a pipe.

use truecount_reports::{sanitize, wrapped};

use crate::output::{say, stdout_columns};

/// Text columns are not made narrower than this.
const TEXT_WIDTH_MIN: usize = 6;

/// Spaces between two columns.
const GAP: usize = 2;

/// A column, by what may happen to its values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Values that are copied into the next command: never cut.
    Key(&'static str),
    /// Values to read: cut where the terminal is too narrow.
    Text(&'static str),
    /// Values to read whole: on several lines where the terminal is too narrow.
    Prose(&'static str),
    /// Aligned at the right, never cut.
    Number(&'static str),
    /// Several numbers with `, ` between them, aligned at the right: one below the other where the terminal is too narrow.
    Numbers(&'static str),
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Key(heading)
            | Self::Text(heading)
            | Self::Prose(heading)
            | Self::Number(heading)
            | Self::Numbers(heading) => heading,
        }
    }
}

/// Writes rows under their headings to stdout.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) {
    lines(columns, rows, stdout_columns()).iter().for_each(|line| say(line));
}

fn lines(columns: &[Column], rows: &[Vec<String>], width_max: Option<usize>) -> Vec<String> {
    let headings = columns.iter().map(|column| column.heading().to_owned()).collect();
    let visible = |row: &Vec<String>| row.iter().map(|cell| sanitize::visible(cell).into_owned()).collect();
    let mut all: Vec<Vec<String>> = std::iter::once(headings).chain(rows.iter().map(visible)).collect();
    let mut widths = widths(columns, &all);
    if width_max.is_some_and(|width_max| width_of(&widths) > width_max) {
        all = all.iter().flat_map(|row| below_each_other(columns, row, None)).collect();
        widths = self::widths(columns, &all);
    }
    if let Some(width_max) = width_max {
        narrow(columns, &mut widths, width_max);
        all = all.iter().flat_map(|row| below_each_other(columns, row, Some(&widths))).collect();
    }
    all.iter().map(|row| line(columns, row, &widths)).collect()
}

fn widths(columns: &[Column], rows: &[Vec<String>]) -> Vec<usize> {
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    (0..columns.len()).map(|at| width(at).unwrap_or(0)).collect()
}

fn width_of(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// A row of several lines, where a cell has several numbers, or has more to read than fits the width of its column.
fn below_each_other(columns: &[Column], row: &[String], widths: Option<&[usize]>) -> Vec<Vec<String>> {
    let parts = |(at, cell): (usize, &String)| match (columns.get(at), widths) {
        (Some(Column::Numbers(_)), None) => cell.split(", ").map(str::to_owned).collect(),
        (Some(Column::Prose(_)), Some(widths)) => in_lines(cell, widths[at]),
        _ => vec![cell.clone()],
    };
    let cells: Vec<Vec<String>> = row.iter().enumerate().map(parts).collect();
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
    (0..lines).map(|at| cells.iter().map(|cell| cell.get(at).cloned().unwrap_or_default()).collect()).collect()
}

/// Takes width from the widest text column until all fit, or none can give any more.
fn narrow(columns: &[Column], widths: &mut [usize], width_max: usize) {
    while width_of(widths) > width_max {
        let gives =
            |at: &usize| matches!(columns[*at], Column::Text(_) | Column::Prose(_)) && widths[*at] > TEXT_WIDTH_MIN;
        let Some(widest) = (0..widths.len()).filter(gives).max_by_key(|at| widths[*at]) else { break };
        widths[widest] -= 1;
    }
}

fn line(columns: &[Column], row: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for ((column, cell), width) in columns.iter().zip(row).zip(widths) {
        let cell = cut(cell, *width);
        let padding = " ".repeat(width - cell.chars().count());
        match column {
            Column::Number(_) | Column::Numbers(_) => text.extend([padding.as_str(), &cell]),
            Column::Key(_) | Column::Text(_) | Column::Prose(_) => text.extend([cell.as_str(), &padding]),
        }
        text.push_str(&" ".repeat(GAP));
    }
    text.truncate(text.trim_end().len());
    text
}

/// A text in lines of at most so many characters: broken at words, and a word that is too long wherever it must.
fn in_lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in wrapped(text, width, 0).lines() {
        let characters: Vec<char> = line.chars().collect();
        lines.extend(characters.chunks(width.max(1)).map(|part| part.iter().collect::<String>()));
    }
    if lines.is_empty() { vec![String::new()] } else { lines }
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [Column::Key("source"), Column::Text("vendor account"), Column::Number("items")];

    fn rows() -> Vec<Vec<String>> {
        let row = |source: &str, name: &str, items: &str| vec![source.to_owned(), name.to_owned(), items.to_owned()];
        vec![row("microsoft-graph", "Brown and Partners (London and York)", "1204"), row("rmm", "Quay", "7")]
    }

    #[test]
    fn a_pipe_gets_whole_values() {
        assert_eq!(
            lines(&COLUMNS, &rows(), None),
            [
                "source           vendor account                        items",
                "microsoft-graph  Brown and Partners (London and York)   1204",
                "rmm              Quay                                      7",
            ]
        );
    }

    #[test]
    fn a_terminal_gets_lines_that_fit_with_keys_and_numbers_whole() {
        assert_eq!(
            lines(&COLUMNS, &rows(), Some(40)),
            [
                "source           vendor account    items",
                "microsoft-graph  Brown and Partn…   1204",
                "rmm              Quay                  7",
            ]
        );
        assert_eq!(lines(&COLUMNS, &rows(), Some(1))[1], "microsoft-graph  Brown…   1204");
    }

    #[test]
    fn several_numbers_stand_below_each_other_where_they_do_not_fit() {
        let columns = [Column::Key("service"), Column::Numbers("billed a month")];
        let rows = [
            vec!["MNG-SRV".to_owned(), "EUR 1,610.70, GBP 33,061.48".to_owned()],
            vec!["BKP".to_owned(), "GBP 1.00".to_owned()],
        ];
        assert_eq!(lines(&columns, &rows, Some(80))[1], "MNG-SRV  EUR 1,610.70, GBP 33,061.48");
        assert_eq!(
            lines(&columns, &rows, Some(30)),
            [
                "service  billed a month",
                "MNG-SRV    EUR 1,610.70",
                "          GBP 33,061.48",
                "BKP            GBP 1.00",
            ]
        );
    }

    #[test]
    fn what_is_to_be_read_whole_stands_on_several_lines() {
        let columns = [Column::Key("key"), Column::Prose("value"), Column::Prose("from")];
        let row = vec!["count".to_owned(), "ninjaone.server + hyperv.host".to_owned(), "the service".to_owned()];
        assert_eq!(
            lines(&columns, std::slice::from_ref(&row), None)[1],
            "count  ninjaone.server + hyperv.host  the service"
        );
        assert_eq!(
            lines(&columns, &[row], Some(32)),
            [
                "key    value         from",
                "count  ninjaone.ser  the service",
                "       ver",
                "       +",
                "       hyperv.host",
            ]
        );
    }

    #[test]
    fn what_is_foreign_cannot_break_a_row() {
        let row = vec!["a".to_owned(), "b\nc\u{1b}[2J".to_owned(), "1".to_owned()];
        assert_eq!(lines(&COLUMNS, &[row], None).len(), 2);
        assert!(!lines(&COLUMNS, &[vec!["b\nc\u{1b}[2J".to_owned()]], None)[1].contains(['\n', '\u{1b}']));
    }
}
