//! One column of a sheet: its name, and how a row's cell is made.
//!
//! The kind of column decides how a cell is written: foreign text is made harmless, numbers are exact and plain, and a
//! missing value is an empty cell. No call site sanitizes or formats.

use std::borrow::Cow;
use std::io;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use truecount_billing::BillingMonth;

use crate::{RunHeader, sanitize};

/// One column of a sheet whose rows are `T`.
pub(crate) struct Column<T> {
    name: &'static str,
    cell: Cell<T>,
}

enum Cell<T> {
    /// Text from elsewhere, or made of such text.
    Text(fn(&T) -> Option<&str>),
    Composed(fn(&T) -> String),
    /// One of our own words, such as a result's id.
    Word(fn(&T) -> &'static str),
    Count(fn(&T) -> u64),
    Number(fn(&T) -> Option<u64>),
    Quantity(fn(&T) -> Option<Decimal>),
    Money(fn(&T) -> Option<Decimal>),
    Day(fn(&T) -> Option<Date>),
    Run(RunCell),
    Empty,
}

/// What is the same for every row of a run, or is the row's place in it.
enum RunCell {
    Number,
    RunId,
    Month,
}

impl<T> Column<T> {
    /// Text, or an empty cell where there is none.
    pub(crate) const fn text(name: &'static str, text: fn(&T) -> Option<&str>) -> Self {
        Self { name, cell: Cell::Text(text) }
    }

    /// Text that is put together from values of the row.
    pub(crate) const fn composed(name: &'static str, text: fn(&T) -> String) -> Self {
        Self { name, cell: Cell::Composed(text) }
    }

    pub(crate) const fn word(name: &'static str, word: fn(&T) -> &'static str) -> Self {
        Self { name, cell: Cell::Word(word) }
    }

    /// A whole number.
    pub(crate) const fn count(name: &'static str, count: fn(&T) -> u64) -> Self {
        Self { name, cell: Cell::Count(count) }
    }

    /// A whole number that not every row has.
    pub(crate) const fn whole(name: &'static str, number: fn(&T) -> Option<u64>) -> Self {
        Self { name, cell: Cell::Number(number) }
    }

    /// Exact, without trailing zeros.
    pub(crate) const fn quantity(name: &'static str, quantity: fn(&T) -> Option<Decimal>) -> Self {
        Self { name, cell: Cell::Quantity(quantity) }
    }

    /// Exact, with two places or as many more as it has.
    pub(crate) const fn money(name: &'static str, amount: fn(&T) -> Option<Decimal>) -> Self {
        Self { name, cell: Cell::Money(amount) }
    }

    /// `2026-06-30`.
    pub(crate) const fn day(name: &'static str, day: fn(&T) -> Option<Date>) -> Self {
        Self { name, cell: Cell::Day(day) }
    }

    /// The row's place in the sheet, from 1.
    pub(crate) const fn number(name: &'static str) -> Self {
        Self { name, cell: Cell::Run(RunCell::Number) }
    }

    pub(crate) const fn run_id(name: &'static str) -> Self {
        Self { name, cell: Cell::Run(RunCell::RunId) }
    }

    /// The run's month, `2026-06`.
    pub(crate) const fn month(name: &'static str) -> Self {
        Self { name, cell: Cell::Run(RunCell::Month) }
    }

    /// A column whose values are not known yet, or that is for a person to fill in.
    pub(crate) const fn empty(name: &'static str) -> Self {
        Self { name, cell: Cell::Empty }
    }
}

/// Writes a sheet: the column names, then one record a row.
pub(crate) fn write<T>(columns: &[Column<T>], header: &RunHeader, rows: &[T], out: impl io::Write) -> csv::Result<()> {
    let mut sheet = SheetWriter::begin(columns, header, out)?;
    for row in rows {
        sheet.row(columns, row)?;
    }
    sheet.finish()
}

/// What stands in a cell; how it is written is the file's.
pub(crate) enum CellValue<'r> {
    /// Text from elsewhere, or made of such text.
    Foreign(Cow<'r, str>),
    /// One of our own words.
    Word(Cow<'r, str>),
    Whole(u64),
    /// Exact, without trailing zeros.
    Quantity(Decimal),
    /// Exact, with two places or as many more as it has.
    Money(Decimal),
    Day(Date),
    /// Nothing is known, or somebody is to fill it in.
    Nothing,
}

/// Where a row stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'r> {
    /// In the sheet, from 1.
    pub(crate) number: u64,
    pub(crate) run_id: &'r str,
    pub(crate) month: BillingMonth,
}

impl<T> Column<T> {
    /// The type of its values, as Table Schema calls it.
    pub(crate) const fn schema_type(&self) -> &'static str {
        match &self.cell {
            Cell::Text(_) | Cell::Composed(_) | Cell::Word(_) | Cell::Run(RunCell::RunId) | Cell::Empty => "string",
            Cell::Count(_) | Cell::Number(_) | Cell::Run(RunCell::Number) => "integer",
            Cell::Quantity(_) | Cell::Money(_) => "number",
            Cell::Day(_) => "date",
            Cell::Run(RunCell::Month) => "yearmonth",
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a person fills it in.
    pub(crate) const fn is_to_fill(&self) -> bool {
        matches!(self.cell, Cell::Empty)
    }

    /// What a row has here.
    pub(crate) fn value<'r>(&self, row: &'r T, place: Place<'r>) -> CellValue<'r> {
        use CellValue::{Foreign, Nothing, Word};
        match &self.cell {
            Cell::Text(text) => text(row).map_or(Nothing, |text| Foreign(Cow::Borrowed(text))),
            Cell::Composed(text) => Foreign(Cow::Owned(text(row))),
            Cell::Word(word) => Word(Cow::Borrowed(word(row))),
            Cell::Count(count) => CellValue::Whole(count(row)),
            Cell::Number(number) => number(row).map_or(Nothing, CellValue::Whole),
            Cell::Quantity(quantity) => quantity(row).map_or(Nothing, |units| CellValue::Quantity(plain(units))),
            Cell::Money(amount) => amount(row).map_or(Nothing, |amount| CellValue::Money(at_least_cents(amount))),
            Cell::Day(day) => day(row).map_or(Nothing, CellValue::Day),
            Cell::Run(RunCell::Number) => CellValue::Whole(place.number),
            Cell::Run(RunCell::RunId) => Foreign(Cow::Borrowed(place.run_id)),
            Cell::Run(RunCell::Month) => Word(Cow::Owned(place.month.to_string())),
            Cell::Empty => Nothing,
        }
    }
}

/// A row as a JSON object: the columns' names and cells.
pub(crate) struct JsonRow<'a, T> {
    columns: &'a [Column<T>],
    row: &'a T,
    place: Place<'a>,
}

impl<'a, T> JsonRow<'a, T> {
    /// `number`: the row's place in the sheet, from 1; `run`: the run's id and month.
    pub(crate) const fn new(columns: &'a [Column<T>], row: &'a T, number: u64, run: (&'a str, BillingMonth)) -> Self {
        Self { columns, row, place: Place { number, run_id: run.0, month: run.1 } }
    }
}

impl<T> Serialize for JsonRow<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.columns.len()))?;
        for column in self.columns {
            let text = match column.value(self.row, self.place) {
                CellValue::Whole(number) => {
                    object.serialize_entry(column.name, &number)?;
                    continue;
                }
                CellValue::Foreign(text) | CellValue::Word(text) => Some(text.into_owned()),
                CellValue::Quantity(number) | CellValue::Money(number) => Some(number.to_string()),
                CellValue::Day(day) => Some(day.to_string()),
                CellValue::Nothing => None,
            };
            object.serialize_entry(column.name, &text.filter(|text| !text.is_empty()))?;
        }
        object.end()
    }
}

/// Writes a sheet row by row, and keeps none.
pub(crate) struct SheetWriter<'h, W: io::Write> {
    csv: csv::Writer<W>,
    place: Place<'h>,
}

impl<'h, W: io::Write> SheetWriter<'h, W> {
    /// Writes the byte order mark and the column names.
    pub(crate) fn begin<T>(columns: &[Column<T>], header: &'h RunHeader, mut out: W) -> csv::Result<Self> {
        out.write_all("\u{FEFF}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        csv.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { csv, place: Place { number: 0, run_id: &header.run_id, month: header.month } })
    }

    /// Writes one row, with the columns that the sheet began with.
    pub(crate) fn row<T>(&mut self, columns: &[Column<T>], row: &T) -> csv::Result<()> {
        self.place.number += 1;
        for column in columns {
            match column.value(row, self.place) {
                CellValue::Foreign(text) if !text.is_empty() => {
                    self.csv.write_field(sanitize::cell(&text).as_bytes())?;
                }
                CellValue::Foreign(_) | CellValue::Nothing => self.csv.write_field("")?,
                CellValue::Word(word) => self.csv.write_field(word.as_bytes())?,
                CellValue::Whole(number) => self.csv.write_field(number.to_string())?,
                CellValue::Quantity(number) | CellValue::Money(number) => self.csv.write_field(number.to_string())?,
                CellValue::Day(day) => self.csv.write_field(day.to_string())?,
            }
        }
        self.csv.write_record(None::<&[u8]>)
    }

    /// Ends the sheet.
    pub(crate) fn finish(mut self) -> csv::Result<()> {
        Ok(self.csv.flush()?)
    }
}

/// `yes`, or nothing.
pub(crate) const fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "" }
}

/// Without trailing zeros, and without a minus before zero.
pub(crate) fn plain(number: Decimal) -> Decimal {
    if number.is_zero() { Decimal::ZERO } else { number.normalize() }
}

/// Exact, with two places or as many more as it has.
pub(crate) fn at_least_cents(amount: Decimal) -> Decimal {
    let mut amount = plain(amount);
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount
}
