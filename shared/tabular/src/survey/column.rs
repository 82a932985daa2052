//! What the values of one column have in common, in memory that does not grow with the file.

use crate::{
    cell::{Cell, CellKind},
    date::DateEvidence,
    number::NumberEvidence,
    obstacle::Obstacle,
    obstacles::Obstacles,
    places::{Places, Tally, shown},
    text::{is_scientific, plain},
};

/// Values of a column that are shown.
const SAMPLES_MAX: usize = 3;
/// After so many values none of which is a number, the column has none; the same for days.
const OTHERS_ENOUGH: u64 = 64;

/// One column, as all its values show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnSurvey {
    /// Its heading, without blanks around it; empty if it has none.
    pub heading: String,
    /// Its place, counted from 0.
    pub position: usize,
    /// Cells of data rows with something in them.
    pub filled_count: u64,
    /// Cells of data rows without.
    pub blank_count: u64,
    /// The first values that differ, at most three, shortened.
    pub samples: Vec<String>,
    /// The values as numbers.
    pub numbers: NumberEvidence,
    /// The values as days.
    pub dates: DateEvidence,
    /// Values that a spreadsheet has shortened, such as `9.9E+15`.
    pub(crate) scientific: Places,
    /// Values with blanks around them.
    pub(crate) padded: Tally,
    /// Formulas without a result, and results that are errors.
    pub(crate) uncomputed: Places,
    pub(crate) errors: Places,
    /// Others that matter to those who read the column.
    pub(crate) obstacles: Obstacles,
    /// Enough was seen to know that none is a number, or a day.
    has_no_numbers: bool,
    has_no_dates: bool,
    /// Rows of totals in which it is blank.
    pub(crate) blank_total_count: u64,
}

impl ColumnSurvey {
    pub(crate) fn new(position: usize, heading: &str) -> Self {
        Self { heading: heading.to_owned(), position, ..Self::default() }
    }

    /// How many values have blanks around them.
    #[must_use]
    pub fn padded_count(&self) -> u64 {
        self.padded.count
    }

    /// How many values a spreadsheet has shortened, such as `9.9E+15`.
    #[must_use]
    pub fn scientific_count(&self) -> u64 {
        self.scientific.count
    }

    /// Takes the cell of a data row.
    #[inline]
    pub(crate) fn take(&mut self, cell: Cell<'_>, line: u64) {
        let text = plain(cell.text);
        if text.is_empty() && cell.kind != CellKind::Uncomputed {
            self.blank_count += 1;
            return;
        }
        self.filled_count += 1;
        if text.len() != cell.text.len() {
            self.padded.add(line);
        }
        if self.samples.len() < SAMPLES_MAX {
            self.show(text);
        }
        match cell.kind {
            CellKind::Uncomputed => return self.uncomputed.add(line, text),
            CellKind::Error => return self.errors.add(line, text),
            _ => {}
        }
        if is_scientific(text) {
            self.scientific.add(line, text);
        }
        if !self.has_no_numbers {
            self.numbers.take(text, cell.kind, line);
            self.has_no_numbers = self.numbers.other_count() >= OTHERS_ENOUGH && self.numbers.count() == 0;
        }
        if !self.has_no_dates {
            self.dates.take(text, cell.kind, line);
            self.has_no_dates = self.dates.other_count() >= OTHERS_ENOUGH && self.dates.count() == 0;
        }
    }

    fn show(&mut self, text: &str) {
        let shown = shown(text);
        if !self.samples.iter().any(|sample| sample == shown) {
            self.samples.push(shown.to_owned());
        }
    }

    /// Takes what is wrong with a cell, for those who read it.
    pub(crate) fn note(&mut self, obstacle: &Obstacle) {
        let line = obstacle.line;
        let obstacle = obstacle.clone().in_column(self.position, &self.heading);
        self.obstacles.push(Obstacle { line, ..obstacle });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_keeps_counts_and_three_samples() {
        let mut column = ColumnSurvey::new(0, "Qty");
        for (line, text) in (2..).zip(["1", " 1", "", "2", "9.9E+15", "=\"7\"", "x", "\u{A0}"]) {
            column.take(Cell { text, kind: CellKind::Text }, line);
        }
        column.take(Cell { text: "#N/A", kind: CellKind::Error }, 10);
        column.take(Cell { text: "", kind: CellKind::Uncomputed }, 11);
        assert_eq!((column.filled_count, column.blank_count), (8, 2));
        assert_eq!(column.samples, ["1", "2", "9.9E+15"]);
        assert_eq!((column.padded_count(), column.scientific_count()), (2, 1));
        assert_eq!((column.numbers.count(), column.numbers.other_count()), (4, 2));
        assert_eq!((column.errors.count, column.uncomputed.count), (1, 1));
    }

    #[test]
    fn a_column_of_names_is_not_looked_at_as_numbers_for_ever() {
        let mut column = ColumnSurvey::new(0, "Client");
        for line in 0..200 {
            column.take(Cell { text: "Acme", kind: CellKind::Text }, line);
        }
        assert_eq!((column.numbers.other_count(), column.dates.other_count()), (OTHERS_ENOUGH, OTHERS_ENOUGH));
    }
}
