//! One cell after the other of a row, as the text that it means.

use std::io::{Read, Seek};
use std::sync::Arc;

use super::area::{Area, column_name, place_of};
use super::fault::{Damage, WorkbookFault};
use super::formats::Formats;
use super::limits::{Limits, fault, in_row, over};
use super::markup::{AttributeError, Element, Markup, Piece};
use super::number::{self, Digits, Epoch};
use super::texts::{SharedTexts, unescape};
use crate::{Cap, CellKind, CellSpan, FileRow, ObstacleKind, Stop};

/// What the cells of a sheet refer to.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) texts: SharedTexts,
    pub(super) formats: Arc<Formats>,
    pub(super) epoch: Epoch,
    pub(super) is_computed: bool,
    pub(super) limits: Limits,
}

/// Areas that formulas fill which are kept at once.
const FILLED_MAX: usize = 1000;

/// The cells of one row, as they were read so far.
#[derive(Debug, Default)]
pub(super) struct RowCells {
    text: String,
    spans: Vec<CellSpan>,
    /// The column behind the cell that was read last.
    next: usize,
    value: String,
    digits: Digits,
}

/// What the tag of a cell says.
#[derive(Debug)]
pub(super) struct RawCell {
    column: Option<usize>,
    /// Counted from 1.
    pub(super) row: Option<u64>,
    format: usize,
    kind: RawKind,
    is_place: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RawKind {
    Number,
    Shared,
    Result,
    Inline,
    Boolean,
    Error,
    Date,
    Unknown,
}

/// What was found inside a cell.
#[derive(Default)]
struct Found {
    has_formula: bool,
    has_value: bool,
}

impl RawCell {
    pub(super) fn of(element: &Element<'_>) -> Result<Self, AttributeError> {
        let mut cell = Self { column: None, row: None, format: 0, kind: RawKind::Number, is_place: true };
        element.each_attribute(|name, value| match name {
            "r" => match place_of(value) {
                Some((column, row)) => (cell.column, cell.row) = (Some(column), Some(row)),
                None => cell.is_place = false,
            },
            "s" => cell.format = value.parse().unwrap_or(0),
            "t" => {
                cell.kind = match value {
                    "n" => RawKind::Number,
                    "s" => RawKind::Shared,
                    "str" => RawKind::Result,
                    "inlineStr" => RawKind::Inline,
                    "b" => RawKind::Boolean,
                    "e" => RawKind::Error,
                    "d" => RawKind::Date,
                    _ => RawKind::Unknown,
                }
            }
            _ => {}
        })?;
        Ok(cell)
    }

    /// Its place as it says.
    pub(super) fn place(&self) -> String {
        let column = self.column.map(column_name).unwrap_or_default();
        format!("{column}{}", self.row.unwrap_or(0))
    }
}

impl RowCells {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.next = 0;
    }

    pub(super) fn row(&self, number: u64) -> FileRow<'_> {
        FileRow::new(number, &self.text, &self.spans)
    }

    /// Reads the cell that was just opened.
    pub(super) fn read<R: Read + Seek>(
        &mut self,
        markup: &mut Markup<R>,
        context: &Context,
        cell: RawCell,
        row: u64,
        filled: &mut Vec<Area>,
    ) -> Result<(), Stop> {
        let column = cell.column.unwrap_or(self.next);
        self.next = column + 1;
        let here = |stop: Stop| at(stop, row, column);
        if !cell.is_place {
            return Err(here(damage(Damage::Place)));
        }
        self.value.clear();
        let mut found = self.read_inside(markup, context, filled).map_err(here)?;
        if !context.is_computed && filled.iter().any(|area| area.has(column, row)) {
            found.has_formula = true;
        }
        let start = self.text.len();
        let kind = self.add(&cell, &found, context).map_err(here)?;
        self.place(column, start, kind, &context.limits).map_err(here)
    }

    /// Reads the value and whether there is a formula.
    fn read_inside<R: Read + Seek>(
        &mut self,
        markup: &mut Markup<R>,
        context: &Context,
        filled: &mut Vec<Area>,
    ) -> Result<Found, Stop> {
        enum Inside {
            Value,
            Inline,
            Formula(Option<Area>),
            Other,
        }
        let outside = markup.depth() - 1;
        let most = context.limits.cell_bytes;
        let mut found = Found::default();
        while markup.depth() > outside {
            let inside = match markup.next()? {
                Piece::Open(element) => match element.name() {
                    "v" => Inside::Value,
                    "is" => Inside::Inline,
                    "f" => Inside::Formula(filled_area(&element)),
                    _ => Inside::Other,
                },
                Piece::End => break,
                _ => continue,
            };
            match inside {
                Inside::Value => {
                    found.has_value = true;
                    self.value.clear();
                    markup.text(&mut self.value, 0, most)?;
                }
                Inside::Inline => {
                    found.has_value = true;
                    markup.rich_text(&mut self.value, most)?;
                }
                Inside::Formula(area) => {
                    found.has_formula = true;
                    if !context.is_computed {
                        filled.extend(area);
                    }
                    if filled.len() > FILLED_MAX {
                        return Err(over(Cap::Formulas, FILLED_MAX as u64));
                    }
                    markup.skip()?;
                }
                Inside::Other => markup.skip()?,
            }
        }
        Ok(found)
    }

    /// Adds what the cell means to the row's text.
    fn add(&mut self, cell: &RawCell, found: &Found, context: &Context) -> Result<CellKind, Stop> {
        // Only a text can be an empty result.
        let has_result = found.has_value && (cell.kind == RawKind::Result || !self.value.trim().is_empty());
        if found.has_formula && (!context.is_computed || !has_result) {
            return Ok(CellKind::Uncomputed);
        }
        if self.value.is_empty() {
            return Ok(CellKind::Text);
        }
        let value = self.value.as_str();
        match cell.kind {
            RawKind::Number => {
                let form = context.formats.form(cell.format);
                let kind = number::write(value, form, context.epoch, &mut self.digits, &mut self.text);
                if kind.is_none() {
                    self.text.push_str(value);
                }
                Ok(kind.unwrap_or(CellKind::Text))
            }
            RawKind::Shared => {
                let text = value.trim().parse().ok().and_then(|place| context.texts.get(place));
                self.text.push_str(text.ok_or_else(|| showing(Damage::NoSuchText, value))?);
                Ok(CellKind::Text)
            }
            RawKind::Result | RawKind::Inline => {
                let start = self.text.len();
                self.text.push_str(value);
                unescape(&mut self.text, start);
                Ok(CellKind::Text)
            }
            RawKind::Boolean => {
                self.text.push_str(match value.trim() {
                    "1" | "true" => "true",
                    "0" | "false" => "false",
                    _ => return Err(showing(Damage::CellType, value)),
                });
                Ok(CellKind::Boolean)
            }
            RawKind::Error => {
                self.text.push_str(value);
                Ok(CellKind::Error)
            }
            RawKind::Date => {
                let kind = number::write_iso(value, &mut self.text);
                if kind.is_none() {
                    self.text.push_str(value);
                }
                Ok(kind.unwrap_or(CellKind::Text))
            }
            RawKind::Unknown => Err(showing(Damage::CellType, value)),
        }
    }

    /// Gives the text behind `start` its place in the row.
    fn place(&mut self, column: usize, start: usize, kind: CellKind, limits: &Limits) -> Result<(), Stop> {
        let is_blank = kind != CellKind::Uncomputed && self.text[start..].trim().is_empty();
        if is_blank {
            self.text.truncate(start);
            return Ok(());
        }
        if column >= limits.columns {
            return Err(over(Cap::Columns, limits.columns as u64));
        }
        if self.text.len() > limits.row_bytes {
            return Err(over(Cap::RowBytes, limits.row_bytes as u64));
        }
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(self.text.len())) else {
            return Err(over(Cap::RowBytes, limits.row_bytes as u64));
        };
        let span = CellSpan { start, end, kind };
        if column < self.spans.len() {
            let before = &mut self.spans[column];
            if before.start != before.end || before.kind == CellKind::Uncomputed {
                return Err(damage(Damage::CellTwice));
            }
            *before = span;
            return Ok(());
        }
        let blank = CellSpan { start: 0, end: 0, kind: CellKind::Text };
        self.spans.resize(column, blank);
        self.spans.push(span);
        Ok(())
    }
}

/// The area that an array formula fills.
fn filled_area(element: &Element<'_>) -> Option<Area> {
    let area = element.attribute("ref").ok()??;
    let kind = element.attribute("t").ok()??;
    if kind == "array" { Area::of(&area) } else { None }
}

fn damage(damage: Damage) -> Stop {
    fault(WorkbookFault::Damaged(damage)).into()
}

fn showing(damage: Damage, value: &str) -> Stop {
    fault(WorkbookFault::Damaged(damage)).showing(value).into()
}

/// A refusal at the place of a cell. What is wrong with a part or with the whole has no place.
fn at(stop: Stop, row: u64, column: usize) -> Stop {
    let Stop::Refused(obstacle) = stop else { return stop };
    let has_place = match &obstacle.kind {
        ObstacleKind::OverCap { cap, .. } => matches!(cap, Cap::Columns | Cap::CellBytes | Cap::RowBytes),
        ObstacleKind::Workbook(WorkbookFault::Damaged(damage)) => damage.is_of_cell(),
        _ => false,
    };
    if !has_place {
        return Stop::Refused(obstacle);
    }
    in_row(obstacle.in_column(column, ""), row)
}
