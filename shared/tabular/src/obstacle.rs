//! What stands in the way of reading a file: as data, with its place, and in words that say what to do.

use std::fmt;

use crate::caps::Cap;
use crate::workbook::WorkbookFault;

/// One obstacle, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is.
    pub kind: ObstacleKind,
    /// The line, counted from 1; `None` if it is about the whole file.
    pub line: Option<u64>,
    /// The column, if it is about one.
    pub column: Option<ColumnPlace>,
    /// What stands there, shortened, if that helps to find it.
    pub value: Option<String>,
}

/// A column by its place and its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Counted from 0.
    pub position: usize,
    /// Empty as long as the header is not known.
    pub heading: String,
}

/// What can stand in the way of reading a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObstacleKind {
    /// There is more in the file than is read.
    OverCap {
        /// What there is too much of.
        cap: Cap,
        /// The most that is read.
        limit: u64,
    },
    /// A workbook cannot be read, or is none.
    Workbook(WorkbookFault),
}

/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 60;

impl Obstacle {
    /// An obstacle about the whole file.
    #[must_use]
    pub fn of_file(kind: ObstacleKind) -> Self {
        Self { kind, line: None, column: None, value: None }
    }

    /// An obstacle on a line.
    #[must_use]
    pub fn on_line(kind: ObstacleKind, line: u64) -> Self {
        Self { line: Some(line), ..Self::of_file(kind) }
    }

    /// The same obstacle in a column.
    #[must_use]
    pub fn in_column(self, position: usize, heading: &str) -> Self {
        Self { column: Some(ColumnPlace { position, heading: heading.to_owned() }), ..self }
    }

    /// The same obstacle with what stands there.
    #[must_use]
    pub fn showing(self, value: &str) -> Self {
        Self { value: Some(value.chars().take(SHOWN_CHARS).collect()), ..self }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
        }
        if let Some(column) = &self.column {
            let comma = if self.line.is_some() { ", " } else { "" };
            match column.heading.as_str() {
                "" => write!(f, "{comma}column {}", column.position + 1)?,
                heading => write!(f, "{comma}column `{}`", heading.escape_debug())?,
            }
        }
        if self.line.is_some() || self.column.is_some() {
            f.write_str(": ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "`{}` ", value.escape_debug())?;
        }
        write!(f, "{}", self.kind)
    }
}

impl fmt::Display for ObstacleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverCap { cap, limit } => {
                write!(f, "more than {limit} {cap}: export less at once, or divide the file")
            }
            Self::Workbook(fault) => fault.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_obstacle_says_where_it_is_and_what_to_do() {
        let kind = || ObstacleKind::OverCap { cap: Cap::Columns, limit: 3 };
        let obstacle = Obstacle::on_line(kind(), 7).in_column(1, "Qty");
        assert_eq!(
            obstacle.to_string(),
            "line 7, column `Qty`: more than 3 cells in a row: export less at once, or divide the file"
        );
        assert!(Obstacle::of_file(kind()).in_column(1, "").to_string().starts_with("column 2: more than"));
        let shown = Obstacle::on_line(kind(), 7).showing("a\n\u{7}");
        assert!(shown.to_string().starts_with("line 7: `a\\n\\u{7}` more than"), "{shown}");
    }
}
