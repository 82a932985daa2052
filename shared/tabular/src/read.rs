//! Reads the data rows of a file by its settled form, one at a time, without an allocation for each.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use crate::{
    cell::{Cell, CellKind},
    date::{Stamp, stamp},
    form::{Form, FormColumn},
    input::Input,
    judge::RowCounts,
    layout::Rows,
    number::{DecimalMark, number},
    obstacle::{Obstacle, ObstacleKind},
    row::{FileRow, RowReader, Stop},
    text,
};

/// The data rows of a file.
pub struct TableReader<'i> {
    rows: Rows<'i>,
    form: &'i Form,
    counts: RowCounts,
}

/// One row of data; columns by their place among the wanted ones.
#[derive(Clone, Copy)]
pub struct TableRow<'a> {
    row: FileRow<'a>,
    form: &'a Form,
}

impl<'i> TableReader<'i> {
    /// Begins to read a file that was surveyed.
    ///
    /// # Errors
    /// [`Stop`] if it cannot be opened.
    pub fn open(input: &'i dyn Input, form: &'i Form) -> Result<Self, Stop> {
        Ok(Self { rows: form.layout.rows(input, &form.caps)?, form, counts: RowCounts::default() })
    }

    /// The next row of data; `None` at the end of the file.
    ///
    /// # Errors
    /// [`Stop`] if the file cannot be read, or is not the one that was surveyed any more.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<TableRow<'_>>, Stop> {
        while let Some(row) = self.rows.next_row()? {
            if let Some(obstacle) = row.obstacles().iter().find(|obstacle| !obstacle.kind.is_of_cell()) {
                return Err(obstacle.clone().into());
            }
            let judged = self.form.judge.judge(&row);
            self.counts.add(judged);
            if judged.is_none() {
                return Ok(Some(TableRow { row: self.rows.last_row(), form: self.form }));
            }
        }
        if self.counts == self.form.counts { Ok(None) } else { Err(Obstacle::of_file(ObstacleKind::Changed).into()) }
    }

    /// What became of the rows that were read so far.
    #[must_use]
    pub fn counts(&self) -> &RowCounts {
        &self.counts
    }
}

impl<'a> TableRow<'a> {
    /// The line that it begins on, counted from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.row.line()
    }

    #[inline]
    fn cell(&self, at: usize) -> (Cell<'a>, &'a str) {
        let cell = self.form.columns.get(at).map_or(Cell::EMPTY, |column| self.row.cell(column.position));
        let cell = self.form.nothing.blanked(cell);
        (cell, text::plain(cell.text))
    }

    /// The text of a column, without blanks around it; empty if there is none.
    #[must_use]
    #[inline]
    pub fn text(&self, at: usize) -> &'a str {
        self.cell(at).1
    }

    /// What is wrong with the row and its wanted cells, where the survey was told to give such rows.
    #[must_use]
    pub fn faults(&self) -> Vec<Obstacle> {
        let (found, expected) = (self.row.cell_count(), self.form.judge.headings.len());
        let has_more = (expected..found).any(|place| !self.row.cell(place).is_blank());
        let has_fewer = self.form.columns.iter().any(|column| column.position >= found);
        let mut faults = Vec::new();
        // In a workbook no cell can be in another's place.
        if self.form.layout.has_whole_rows() && (has_more || has_fewer) {
            faults.push(Obstacle::on_line(ObstacleKind::CellCount { found, expected }, self.line()));
        }
        for column in &self.form.columns {
            let here =
                |obstacle: &&Obstacle| obstacle.column.as_ref().is_some_and(|place| place.position == column.position);
            faults.extend(self.row.obstacles().iter().find(here).map(|obstacle| {
                let line = obstacle.line;
                Obstacle { line, ..obstacle.clone().in_column(column.position, &column.heading) }
            }));
            let cell = self.row.cell(column.position);
            let kind = match cell.kind {
                CellKind::Error => ObstacleKind::ErrorValue,
                CellKind::Uncomputed => ObstacleKind::Uncomputed,
                _ => continue,
            };
            let fault = Obstacle::on_line(kind, self.line()).in_column(column.position, &column.heading);
            faults.push(if cell.text.is_empty() { fault } else { fault.showing(cell.text) });
        }
        faults
    }

    /// The number of a column; `None` if the cell is blank.
    ///
    /// # Errors
    /// The obstacle, if the column was not settled to be numbers.
    #[inline]
    pub fn decimal(&self, at: usize) -> Result<Option<Decimal>, Box<Obstacle>> {
        let (cell, text) = self.cell(at);
        if text.is_empty() {
            return Ok(None);
        }
        let mark = match cell.kind {
            CellKind::Text => self.form.columns[at].mark,
            _ => DecimalMark::Point,
        };
        number(text, mark).map(Some).ok_or_else(|| self.wrong(at, ObstacleKind::NotNumber))
    }

    /// The day of a column; `None` if the cell is blank.
    ///
    /// # Errors
    /// The obstacle, if the column was not settled to be days.
    #[inline]
    pub fn day(&self, at: usize) -> Result<Option<Date>, Box<Obstacle>> {
        self.stamp(at, |stamp, column| stamp.day(column.zone.as_ref()))
    }

    /// The moment of a column; `None` if the cell is blank. A day is its beginning in the column's zone, or in UTC.
    ///
    /// # Errors
    /// The obstacle, if the column was not settled to be moments.
    #[inline]
    pub fn moment(&self, at: usize) -> Result<Option<Timestamp>, Box<Obstacle>> {
        self.stamp(at, |stamp, column| stamp.moment(column.zone.as_ref()))
    }

    #[inline]
    fn stamp<T>(
        &self,
        at: usize,
        how: impl FnOnce(&Stamp, &FormColumn) -> Option<T>,
    ) -> Result<Option<T>, Box<Obstacle>> {
        let text = self.text(at);
        if text.is_empty() {
            return Ok(None);
        }
        let column = &self.form.columns[at];
        let read = stamp(text, column.order).and_then(|stamp| how(&stamp, column));
        read.map(Some).ok_or_else(|| self.wrong(at, ObstacleKind::NotDay))
    }

    #[cold]
    fn wrong(&self, at: usize, kind: ObstacleKind) -> Box<Obstacle> {
        let column = &self.form.columns[at];
        let obstacle = Obstacle::on_line(kind, self.line()).in_column(column.position, &column.heading);
        Box::new(obstacle.showing(self.text(at)))
    }
}
