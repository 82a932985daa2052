//! The rows of one worksheet as they come from its XML. A row takes the memory of its cells up to the last that holds
//! something, and no row is kept.

use std::io::{Read, Seek};

use super::area::Area;
use super::cells::{Context, RawCell, RowCells};
use super::fault::{Damage, WorkbookFault};
use super::limits::{damaged, fault, in_row, over};
use super::markup::{AttributeError, Element, Markup, Piece};
use crate::{Cap, FileRow, RowReader, Stop};

/// Rows of a sheet, at most: what a spreadsheet program can show.
const LAST_ROW: u64 = 1_048_576;
/// Places that are named of what is merged or hidden.
const SHOWN_MAX: usize = 20;

/// The rows of a sheet, one after the other.
pub struct SheetRows<R: Read + Seek> {
    markup: Markup<R>,
    context: Context,
    cells: RowCells,
    stage: Stage,
    row: u64,
    rows_read: u64,
    cells_read: u64,
    facts: SheetFacts,
    /// Areas that one formula fills, as far as they reach below the row read last.
    filled: Vec<Area>,
}

/// What is to be known about a sheet besides its rows. Complete once all rows were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SheetFacts {
    /// Rows that are hidden, by hand or by a filter. They are read like others.
    pub hidden_row_count: u64,
    /// The first of them, counted from 1.
    pub hidden_rows: Vec<u64>,
    /// Columns that are hidden, such as `C:D`. They are read like others.
    pub hidden_columns: Vec<String>,
    /// Areas that are shown as one cell. All of their cells but the first are empty.
    pub merged_count: u64,
    /// The first of them, such as `A2:A5`.
    pub merged: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Inside,
    Over,
}

impl<R: Read + Seek> SheetRows<R> {
    pub(super) fn new(markup: Markup<R>, context: Context) -> Self {
        Self {
            markup,
            context,
            cells: RowCells::default(),
            stage: Stage::Before,
            row: 0,
            rows_read: 0,
            cells_read: 0,
            facts: SheetFacts::default(),
            filled: Vec::new(),
        }
    }

    /// What is to be known about the sheet; complete once [`RowReader::next_row`] has answered `None`.
    #[must_use]
    pub fn facts(&self) -> &SheetFacts {
        &self.facts
    }

    /// Reads up to the rows.
    fn begin(&mut self) -> Result<(), Stop> {
        loop {
            let depth = self.markup.depth();
            match self.markup.next()? {
                Piece::Open(element) => match (depth, element.name()) {
                    (0, "worksheet") | (1.., "cols") => {}
                    (0, _) => return Err(self.markup.damage("it is no worksheet")),
                    (1, "sheetData") => break,
                    (2, "col") => {
                        let hidden = hidden_columns(&element);
                        let hidden = hidden.map_err(|error| self.markup.refuse(error))?;
                        if self.facts.hidden_columns.len() < SHOWN_MAX {
                            self.facts.hidden_columns.extend(hidden);
                        }
                    }
                    _ => self.markup.skip()?,
                },
                Piece::End => return Err(self.markup.damage("it has no rows")),
                _ => {}
            }
        }
        self.stage = Stage::Inside;
        Ok(())
    }

    /// Reads what stands behind the rows, to the end: only then is the part's check sum known to be right.
    fn finish(&mut self) -> Result<(), Stop> {
        self.stage = Stage::Over;
        loop {
            match self.markup.next()? {
                Piece::Open(element) if element.name() == "mergeCell" => {
                    let area = element.attribute("ref").map_err(|error| self.markup.refuse(error))?;
                    self.facts.merged_count += 1;
                    if self.facts.merged.len() < SHOWN_MAX {
                        self.facts.merged.extend(area.map(|area| area.chars().take(40).collect()));
                    }
                }
                Piece::End => return Ok(()),
                _ => {}
            }
        }
    }

    /// Reads the row that was just opened.
    fn read_row(&mut self, attributes: RowAttributes) -> Result<(), Stop> {
        let outside = self.markup.depth() - 1;
        self.rows_read += 1;
        if self.rows_read > self.context.limits.rows {
            return Err(over(Cap::Rows, self.context.limits.rows));
        }
        self.cells.clear();
        let mut number = attributes.number;
        while self.markup.depth() > outside {
            let cell = match self.markup.next()? {
                Piece::Open(element) if element.name() == "c" => Some(RawCell::of(&element)),
                Piece::Open(_) => None,
                Piece::End => break,
                _ => continue,
            };
            let Some(cell) = cell else {
                self.markup.skip()?;
                continue;
            };
            let cell = cell.map_err(|error| self.markup.refuse(error))?;
            self.cells_read += 1;
            if self.cells_read > self.context.limits.cells {
                return Err(over(Cap::Cells, self.context.limits.cells));
            }
            // A row without a number has that of its cells.
            let row = match (number, cell.row) {
                (None, row) => row.unwrap_or(self.row + 1),
                (Some(number), Some(row)) if row != number => {
                    let wrong = fault(WorkbookFault::Damaged(Damage::CellRow));
                    return Err(in_row(wrong.showing(&cell.place()), number));
                }
                (Some(number), _) => number,
            };
            number = Some(row);
            self.cells.read(&mut self.markup, &self.context, cell, row, &mut self.filled)?;
        }
        self.settle(number.unwrap_or(self.row + 1), attributes.is_hidden)
    }

    /// The row's number is known: rows come in order.
    fn settle(&mut self, number: u64, is_hidden: bool) -> Result<(), Stop> {
        if number <= self.row {
            return Err(in_row(fault(WorkbookFault::Damaged(Damage::RowOrder)), number));
        }
        if number > LAST_ROW {
            return Err(fault(WorkbookFault::Damaged(Damage::Place)).showing(&number.to_string()).into());
        }
        self.row = number;
        self.filled.retain(|area| area.last_row > number);
        if is_hidden {
            self.facts.hidden_row_count += 1;
            if self.facts.hidden_rows.len() < SHOWN_MAX {
                self.facts.hidden_rows.push(number);
            }
        }
        Ok(())
    }
}

impl<R: Read + Seek> RowReader for SheetRows<R> {
    fn next_row(&mut self) -> Result<Option<FileRow<'_>>, Stop> {
        if self.stage == Stage::Before {
            self.begin()?;
        }
        while self.stage == Stage::Inside {
            let depth = self.markup.depth();
            let row = match self.markup.next()? {
                Piece::Open(element) if element.name() == "row" => Some(RowAttributes::of(&element)),
                Piece::Open(_) => None,
                Piece::Close if depth == 2 => {
                    self.finish()?;
                    break;
                }
                Piece::End => return Err(self.markup.damage("it ends too early")),
                _ => continue,
            };
            let Some(row) = row else {
                self.markup.skip()?;
                continue;
            };
            let row = row.map_err(|error| self.markup.refuse(error))?;
            let Some(row) = row else { return Err(damaged(Damage::Place)) };
            self.read_row(row)?;
            return Ok(Some(self.last_row()));
        }
        Ok(None)
    }

    fn last_row(&self) -> FileRow<'_> {
        self.cells.row(self.row)
    }
}

/// What a row says about itself.
struct RowAttributes {
    /// Counted from 1.
    number: Option<u64>,
    is_hidden: bool,
}

impl RowAttributes {
    /// `None` if its number is none.
    fn of(element: &Element<'_>) -> Result<Option<Self>, AttributeError> {
        let (mut row, mut is_number) = (Self { number: None, is_hidden: false }, true);
        element.each_attribute(|name, value| match name {
            "r" => {
                row.number = value.parse().ok().filter(|number| (1..=LAST_ROW).contains(number));
                is_number = row.number.is_some();
            }
            "hidden" => row.is_hidden = value == "1" || value == "true",
            _ => {}
        })?;
        Ok(is_number.then_some(row))
    }
}

/// The columns that a `col` hides.
fn hidden_columns(element: &Element<'_>) -> Result<Option<String>, AttributeError> {
    let (mut first, mut last, mut is_hidden) = (None, None, false);
    element.each_attribute(|name, value| match name {
        "min" => first = value.parse().ok(),
        "max" => last = value.parse().ok(),
        "hidden" => is_hidden = value == "1" || value == "true",
        _ => {}
    })?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
    let name = |place: usize| super::area::column_name(place.saturating_sub(1));
    Ok(is_hidden.then(|| if first == last { name(first) } else { format!("{}:{}", name(first), name(last)) }))
}
