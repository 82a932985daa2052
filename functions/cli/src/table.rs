//! Tables: one line for each row, within the width of a terminal, and never cut in a pipe.

use truecount_reports::sanitize;

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
    /// Aligned at the right, never cut.
    Number(&'static str),
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Key(heading) | Self::Text(heading) | Self::Number(heading) => heading,
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
    let all: Vec<Vec<String>> = std::iter::once(headings).chain(rows.iter().map(visible)).collect();
    let width = |at: usize| all.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let mut widths: Vec<usize> = (0..columns.len()).map(|at| width(at).unwrap_or(0)).collect();
    if let Some(width_max) = width_max {
        narrow(columns, &mut widths, width_max);
    }
    all.iter().map(|row| line(columns, row, &widths)).collect()
}

/// Takes width from the widest text column until all fit, or none can give any more.
fn narrow(columns: &[Column], widths: &mut [usize], width_max: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width_max {
        let gives = |at: &usize| matches!(columns[*at], Column::Text(_)) && widths[*at] > TEXT_WIDTH_MIN;
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
            Column::Number(_) => text.extend([padding.as_str(), &cell]),
            Column::Key(_) | Column::Text(_) => text.extend([cell.as_str(), &padding]),
        }
        text.push_str(&" ".repeat(GAP));
    }
    text.truncate(text.trim_end().len());
    text
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
    fn what_is_foreign_cannot_break_a_row() {
        let row = vec!["a".to_owned(), "b\nc\u{1b}[2J".to_owned(), "1".to_owned()];
        assert_eq!(lines(&COLUMNS, &[row], None).len(), 2);
        assert!(!lines(&COLUMNS, &[vec!["b\nc\u{1b}[2J".to_owned()]], None)[1].contains(['\n', '\u{1b}']));
    }
}
