//! Rows as they come from a file, and the reader that each kind of file has.

use std::io;

use crate::{
    cell::{Cell, CellKind},
    obstacle::Obstacle,
};

/// A reader of one kind of file.
pub trait RowReader {
    /// The next row that the file has, empty ones and titles among them; `None` at the end of the file.
    ///
    /// What is wrong with a single row comes with the row, so that reading can go on.
    ///
    /// # Errors
    /// [`Stop`] if nothing can be read behind this place.
    fn next_row(&mut self) -> Result<Option<FileRow<'_>>, Stop>;
}

/// Why a file cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The file itself could not be read.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// What is in the file is refused.
    #[error("{0}")]
    Refused(Box<Obstacle>),
}

impl From<Obstacle> for Stop {
    fn from(obstacle: Obstacle) -> Self {
        Self::Refused(Box::new(obstacle))
    }
}

/// One row as it stands in the file, borrowed from its reader.
#[derive(Debug, Clone, Copy)]
pub struct FileRow<'a> {
    line: u64,
    text: &'a str,
    spans: &'a [CellSpan],
    obstacles: &'a [Obstacle],
}

/// Where a cell is in the text of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellSpan {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
    /// What the file says that it is.
    pub kind: CellKind,
}

impl<'a> FileRow<'a> {
    /// A row of the cells that lie in a text. The line is counted from 1, as an editor or a spreadsheet shows it.
    #[must_use]
    pub fn new(line: u64, text: &'a str, spans: &'a [CellSpan]) -> Self {
        Self { line, text, spans, obstacles: &[] }
    }

    /// The same row with what is wrong with it as a whole, or with cells of it, whoever reads them.
    #[must_use]
    pub fn with_obstacles(self, obstacles: &'a [Obstacle]) -> Self {
        Self { obstacles, ..self }
    }

    /// The line that it begins on, counted from 1; in a workbook the number of the row.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many cells it has.
    #[must_use]
    pub fn cell_count(&self) -> usize {
        self.spans.len()
    }

    /// The cell at a place, counted from 0; an empty one behind the last.
    #[must_use]
    #[inline]
    pub fn cell(&self, place: usize) -> Cell<'a> {
        let Some(span) = self.spans.get(place) else { return Cell { text: "", kind: CellKind::Text } };
        Cell { text: self.text.get(span.start as usize..span.end as usize).unwrap_or(""), kind: span.kind }
    }

    /// Its cells in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + use<'a> {
        let row = *self;
        (0..self.spans.len()).map(move |place| row.cell(place))
    }

    /// What makes the row unreadable; empty for a good one.
    #[must_use]
    pub fn obstacles(&self) -> &'a [Obstacle] {
        self.obstacles
    }
}
