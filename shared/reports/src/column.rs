//! One column of a sheet: its name, and how a row's cell is made.
//!
//! The kind of column decides how a cell is written: foreign text is made harmless, numbers are exact and plain, and a
//! missing value is an empty cell. No call site sanitizes or formats.

use std::io;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use truecount_billing::BillingMonth;

use crate::{RunHeader, sanitize};

/// One column of a sheet whose rows are `T`.
pub(crate) struct Column<T> {
    pub(crate) name: &'static str,
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

/// A row as a JSON object: the columns' names and cells.
pub(crate) struct JsonRow<'a, T> {
    columns: &'a [Column<T>],
    row: &'a T,
    number: u64,
    run: (&'a str, BillingMonth),
}

impl<'a, T> JsonRow<'a, T> {
    /// `number`: the row's place in the sheet, from 1; `run`: the run's id and month.
    pub(crate) const fn new(columns: &'a [Column<T>], row: &'a T, number: u64, run: (&'a str, BillingMonth)) -> Self {
        Self { columns, row, number, run }
    }

    /// A cell's text; `None`: it is empty.
    fn text(&self, cell: &Cell<T>) -> Option<String> {
        let row = self.row;
        let text = match cell {
            Cell::Text(text) => text(row)?.to_owned(),
            Cell::Composed(text) => text(row),
            Cell::Word(word) => word(row).to_owned(),
            Cell::Count(count) => count(row).to_string(),
            Cell::Number(number) => number(row)?.to_string(),
            Cell::Quantity(quantity) => plain(quantity(row)?).to_string(),
            Cell::Money(amount) => at_least_cents(amount(row)?).to_string(),
            Cell::Day(day) => day(row)?.to_string(),
            Cell::Run(RunCell::RunId) => self.run.0.to_owned(),
            Cell::Run(RunCell::Month) => self.run.1.to_string(),
            Cell::Run(RunCell::Number) => self.number.to_string(),
            Cell::Empty => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

impl<T> Serialize for JsonRow<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.columns.len()))?;
        for column in self.columns {
            match &column.cell {
                Cell::Count(count) => object.serialize_entry(column.name, &count(self.row))?,
                Cell::Number(number) => object.serialize_entry(column.name, &number(self.row))?,
                Cell::Run(RunCell::Number) => object.serialize_entry(column.name, &self.number)?,
                cell => object.serialize_entry(column.name, &self.text(cell))?,
            }
        }
        object.end()
    }
}

/// Writes a sheet row by row, and keeps none.
pub(crate) struct SheetWriter<'h, W: io::Write> {
    csv: csv::Writer<W>,
    header: &'h RunHeader,
    month: String,
    number: u64,
}

impl<'h, W: io::Write> SheetWriter<'h, W> {
    /// Writes the byte order mark and the column names.
    pub(crate) fn begin<T>(columns: &[Column<T>], header: &'h RunHeader, mut out: W) -> csv::Result<Self> {
        out.write_all("\u{FEFF}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        csv.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { csv, header, month: header.month.to_string(), number: 0 })
    }

    /// Writes one row, with the columns that the sheet began with.
    pub(crate) fn row<T>(&mut self, columns: &[Column<T>], row: &T) -> csv::Result<()> {
        self.number += 1;
        let Self { csv, header, month, number } = self;
        for column in columns {
            match &column.cell {
                Cell::Text(text) => write_text(csv, text(row).unwrap_or(""))?,
                Cell::Composed(text) => write_text(csv, &text(row))?,
                Cell::Word(word) => csv.write_field(word(row))?,
                Cell::Count(count) => csv.write_field(count(row).to_string())?,
                Cell::Number(number) => write_known(csv, number(row))?,
                Cell::Quantity(quantity) => write_known(csv, quantity(row).map(plain))?,
                Cell::Money(amount) => write_known(csv, amount(row).map(at_least_cents))?,
                Cell::Day(day) => write_known(csv, day(row))?,
                Cell::Run(RunCell::Number) => csv.write_field(number.to_string())?,
                Cell::Run(RunCell::RunId) => write_text(csv, &header.run_id)?,
                Cell::Run(RunCell::Month) => csv.write_field(month.as_str())?,
                Cell::Empty => csv.write_field("")?,
            }
        }
        csv.write_record(None::<&[u8]>)
    }

    /// Ends the sheet.
    pub(crate) fn finish(mut self) -> csv::Result<()> {
        Ok(self.csv.flush()?)
    }
}

fn write_text(csv: &mut csv::Writer<impl io::Write>, text: &str) -> csv::Result<()> {
    if text.is_empty() {
        return csv.write_field("");
    }
    csv.write_field(sanitize::cell(text).as_bytes())
}

/// Empty where it is not known.
fn write_known(csv: &mut csv::Writer<impl io::Write>, value: Option<impl ToString>) -> csv::Result<()> {
    csv.write_field(value.map(|value| value.to_string()).unwrap_or_default())
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
