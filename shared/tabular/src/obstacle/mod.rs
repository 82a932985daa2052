//! What stands in the way of reading a file: as data, with its place, and in words that say what to do.

mod words;

use std::fmt;

use crate::{
    caps::Cap, date::DateOrder, delimited::Delimiter, number::DecimalMark, places::shown, workbook::WorkbookFault,
};

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
    /// Some bytes are UTF-8 and others are not.
    MixedEncodings {
        /// A line with characters in UTF-8.
        utf_8_line: u64,
    },
    /// The file is neither UTF-8 nor likely to be Windows-1252.
    UnknownEncoding,
    /// Bytes that are no characters in the file's encoding.
    NotText,
    /// Two characters could both stand between the cells.
    DelimiterOpen {
        /// One of them.
        either: Delimiter,
        /// The other.
        or: Delimiter,
    },
    /// A cell goes on behind its closing quotation mark.
    TextBehindQuote {
        /// The line on which its row begins.
        opened_on_line: u64,
    },
    /// A quotation mark that opens a cell is never closed.
    OpenQuote,
    /// A character that no text has, such as a zero byte.
    ControlCharacter {
        /// Its code.
        code: u8,
    },
    /// There is nothing in the file.
    EmptyFile,
    /// No row names the columns.
    NoHeader,
    /// A row above the header looks like data.
    DataAboveHeader {
        /// The line of the row that looks like the header.
        header_line: u64,
    },
    /// A wanted heading is not there.
    HeadingMissing {
        /// The headings that are there.
        present: Vec<String>,
    },
    /// A wanted heading is there more than once.
    HeadingTwice,
    /// A row has more or fewer cells than the header.
    CellCount {
        /// So many.
        found: usize,
        /// The header's.
        expected: usize,
    },
    /// A row ends with a carriage return, others with line feeds.
    LoneCarriageReturn,
    /// A row ends with a line feed, others with carriage returns.
    LoneLineFeed,
    /// A row may be one of totals, or one of data.
    TotalUnclear,
    /// A value is no number.
    NotNumber,
    /// A value is one number with a decimal point, another with a decimal comma.
    NumberOpen,
    /// Some numbers have a decimal point, others a decimal comma.
    NumbersMixed {
        /// A line with a decimal point.
        point_line: u64,
        /// A line with a decimal comma.
        comma_line: u64,
    },
    /// A value is no number with the decimal mark that the profile names.
    WrongMark {
        /// The profile's.
        mark: DecimalMark,
    },
    /// Amounts are in more than one currency.
    CurrenciesMixed {
        /// The first ones.
        currencies: Vec<&'static str>,
    },
    /// Some numbers are percentages, others are not.
    PercentMixed,
    /// A value is no day.
    NotDay,
    /// A value is one day in one order, another in another.
    DayOpen {
        /// The orders in which all values are days.
        orders: Vec<DateOrder>,
    },
    /// No order reads all days.
    DaysMixed {
        /// A line against day first.
        first_line: u64,
        /// A line against month first.
        second_line: u64,
    },
    /// A value is no day in the order that the profile names.
    WrongOrder {
        /// The profile's.
        order: DateOrder,
    },
    /// Which day a moment is in, or which moment is meant, depends on the zone.
    ZoneOpen,
    /// A spreadsheet has shortened an id or number.
    Scientific,
    /// A formula came to an error.
    ErrorValue,
    /// A formula has no result in the file.
    Uncomputed,
    /// The file is not the one that was surveyed.
    Changed,
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
        Self { value: Some(shown(value).to_owned()), ..self }
    }
}

/// Somebody else's text on one line of ours.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '"' | '\'' | '\\' => write!(f, "{c}"),
            c => write!(f, "{}", c.escape_debug()),
        })
    }
}

impl std::error::Error for Obstacle {}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
        }
        if let Some(column) = &self.column {
            let comma = if self.line.is_some() { ", " } else { "" };
            match column.heading.as_str() {
                "" => write!(f, "{comma}column {}", column.position + 1)?,
                heading => write!(f, "{comma}column `{}`", Shown(heading))?,
            }
        }
        if self.line.is_some() || self.column.is_some() {
            f.write_str(": ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "`{}` ", Shown(value))?;
        }
        write!(f, "{}", self.kind)
    }
}

impl ObstacleKind {
    /// Whether it matters only to those who read the cell.
    pub(crate) fn is_of_cell(&self) -> bool {
        matches!(self, Self::ControlCharacter { code } if *code != 0)
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
