//! Rows as they come from a file, and the reader that each kind of file has.

use std::io;

use crate::{
    cell::{Cell, CellSpan},
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

    /// The row that was given last; an empty one before the first.
    fn last_row(&self) -> FileRow<'_>;
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

impl<'a> FileRow<'a> {
    /// A row of the cells that lie in a text. The line is counted from 1, as an editor or a spreadsheet shows it.
    #[must_use]
    pub fn new(line: u64, text: &'a str, spans: &'a [CellSpan]) -> Self {
        Self { line, text, spans, obstacles: &[] }
    }

    /// The same row with what is wrong with it. What is about a column counts for those who read the column.
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
        let Some(span) = self.spans.get(place) else { return Cell::EMPTY };
        Cell { text: self.text.get(span.start as usize..span.end as usize).unwrap_or(""), kind: span.kind }
    }

    /// Its cells in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + use<'a> {
        let row = *self;
        (0..self.spans.len()).map(move |place| row.cell(place))
    }

    /// What is wrong with the row, or with cells of it; empty for a good one.
    #[must_use]
    pub fn obstacles(&self) -> &'a [Obstacle] {
        self.obstacles
    }
}
