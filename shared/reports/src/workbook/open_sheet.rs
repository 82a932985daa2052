//! One sheet of the workbook while it is filled, row by row.

use jiff::civil::Date;
use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use rust_xlsxwriter::{Color, DataValidation, ExcelDateTime, Format, FormatAlign, Worksheet, XlsxError};

use super::heading;
use crate::{
    RunHeader,
    column::{CellValue, Column, Place},
    sanitize,
    workbook_sheets::{ACTIONS, SheetOf},
};

/// Rows of a sheet: more of them would not fit beside the rest in the memory of the report.
const ROWS_MAX: usize = 20_000;

/// Characters of a cell: spreadsheet programs read no more.
const CHARACTERS_MAX: usize = 32_767;

/// Days that a spreadsheet cannot hold as a day are written as text.
const FIRST_DAY: Date = jiff::civil::date(1900, 3, 1);

/// How cells look.
pub(super) struct Formats {
    pub(super) heading: Format,
    pub(super) title: Format,
    pub(super) text: Format,
    fill: Format,
    pub(super) units: Format,
    pub(super) money: Format,
    day: Format,
    total: Format,
    total_money: Format,
}

impl Formats {
    pub(super) fn new() -> Self {
        let top = || Format::new().set_align(FormatAlign::Top);
        let heading = Format::new().set_bold().set_text_wrap().set_background_color(Color::RGB(0x00E8_ECF1));
        Self {
            heading: heading.set_align(FormatAlign::Top),
            title: Format::new().set_bold().set_font_size(14),
            text: top().set_num_format("@"),
            fill: top().set_num_format("@").set_background_color(Color::RGB(0x00FF_F8DC)),
            units: top().set_num_format("General"),
            money: top().set_num_format("#,##0.00##"),
            day: top().set_num_format("yyyy-mm-dd"),
            total: Format::new().set_bold(),
            total_money: Format::new().set_bold().set_num_format("#,##0.00##"),
        }
    }
}

/// A sheet that is being filled.
pub(super) struct OpenSheet {
    sheet: Worksheet,
    /// How many rows there are, written or not.
    rows: usize,
}

impl OpenSheet {
    /// `sheet`: one that is empty.
    pub(super) fn begin<T>(mut sheet: Worksheet, of: &SheetOf<'_, T>, formats: &Formats) -> Result<Self, XlsxError> {
        sheet.set_name(of.name)?;
        // Two lines: programs do not measure what is wrapped.
        sheet.set_row_height(0, 30)?;
        for (at, column) in (0_u16..).zip(of.columns) {
            sheet.write_string_with_format(0, at, heading(column.name()), &formats.heading)?;
            sheet.set_column_width(at, width(column))?;
        }
        Ok(Self { sheet, rows: 0 })
    }

    /// Writes one row, as far as rows are written, with the columns that the sheet began with.
    pub(super) fn row<T>(
        &mut self,
        columns: &[Column<T>],
        row: &T,
        header: &RunHeader,
        formats: &Formats,
    ) -> Result<(), XlsxError> {
        self.rows += 1;
        let Some(at) = u32::try_from(self.rows).ok().filter(|_| self.rows <= ROWS_MAX) else { return Ok(()) };
        let place = Place { number: at.into(), run_id: &header.run_id, month: header.month };
        for (column_at, column) in (0_u16..).zip(columns) {
            cell(&mut self.sheet, (at, column_at), column.value(row, place), formats, column.is_to_fill())?;
        }
        Ok(())
    }

    /// Ends the sheet with its totals, and tells how many rows there are; `None`: there is none, and no sheet.
    pub(super) fn finish<T>(
        mut self,
        of: &SheetOf<'_, T>,
        totals: &[(String, Decimal)],
        formats: &Formats,
    ) -> Result<Option<(Worksheet, usize)>, XlsxError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let sheet = &mut self.sheet;
        let shown = self.rows.min(ROWS_MAX);
        let last = u32::try_from(shown).unwrap_or(u32::MAX);
        let last_column = u16::try_from(of.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, last, last_column)?;
        sheet.set_freeze_panes(1, of.frozen)?;
        sheet.set_landscape();
        sheet.set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, 0)?;
        for (at, column) in (0_u16..).zip(of.columns) {
            if column.name() == "action" {
                sheet.add_data_validation(1, at, last, at, &DataValidation::new().allow_list_strings(&ACTIONS)?)?;
            }
        }
        let mut at = last + 1;
        let foot = u32::try_from(totals.len()).unwrap_or_default();
        sheet.set_print_area(0, 0, last + 2 + foot, last_column.min(of.printed.saturating_sub(1)))?;
        if self.rows > shown {
            let more = format!("and {} more rows: {} has all", self.rows - shown, of.whole);
            sheet.write_string_with_format(at, 0, more, &formats.total)?;
            at += 1;
        }
        let amounts = of.columns.iter().position(|column| Some(column.name()) == of.totalled);
        if let Some(amounts) = amounts.and_then(|at| u16::try_from(at).ok()) {
            for (what, amount) in totals {
                at += 1;
                sheet.write_string_with_format(at, 1, what, &formats.total)?;
                number(sheet, (at, amounts), *amount, &formats.total_money)?;
            }
        }
        Ok(Some((self.sheet, self.rows)))
    }
}

/// Writes one cell.
fn cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: CellValue<'_>,
    formats: &Formats,
    is_to_fill: bool,
) -> Result<(), XlsxError> {
    match value {
        CellValue::Nothing if is_to_fill => sheet.write_blank(row, column, &formats.fill)?,
        CellValue::Nothing => sheet,
        CellValue::Foreign(text) | CellValue::Word(text) if text.is_empty() => {
            let _ = text;
            sheet
        }
        CellValue::Foreign(text) => {
            let text = sanitize::cell(&text);
            sheet.write_string_with_format(row, column, sanitize::shortened(&text, CHARACTERS_MAX), &formats.text)?
        }
        CellValue::Word(word) => sheet.write_string_with_format(row, column, word, &formats.text)?,
        CellValue::Whole(whole) => number(sheet, (row, column), Decimal::from(whole), &formats.units)?,
        CellValue::Quantity(units) => number(sheet, (row, column), units, &formats.units)?,
        CellValue::Money(amount) => number(sheet, (row, column), amount, &formats.money)?,
        CellValue::Day(day) => match of_sheet(day) {
            Some(date) => sheet.write_datetime_with_format(row, column, date?, &formats.day)?,
            None => sheet.write_string_with_format(row, column, day.to_string(), &formats.text)?,
        },
    };
    Ok(())
}

fn of_sheet(day: Date) -> Option<Result<ExcelDateTime, XlsxError>> {
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(day.year()).ok().filter(|_| day >= FIRST_DAY)?;
    Some(ExcelDateTime::from_ymd(year, part(day.month()), part(day.day())))
}

/// Writes a number; one that a spreadsheet, which computes with 15 digits, would not hold exactly is text.
pub(super) fn number<'s>(
    sheet: &'s mut Worksheet,
    (row, column): (u32, u16),
    exact: Decimal,
    format: &Format,
) -> Result<&'s mut Worksheet, XlsxError> {
    match exact.to_f64().filter(|_| exact.normalize().mantissa().unsigned_abs() < 1_000_000_000_000_000) {
        Some(held) => sheet.write_number_with_format(row, column, held, format),
        None => sheet.write_string_with_format(row, column, exact.to_string(), format),
    }
}

fn width<T>(column: &Column<T>) -> u8 {
    match column.name() {
        "reason" | "if_confirmed" | "for_client" | "items_in" | "items_out" | "came" | "went" | "message" | "note" => {
            44
        }
        "client" | "agreement" | "product" | "account" | "doubts" | "last_closings" | "line_ids" | "against" => 26,
        "number" | "currency" | "months_open" | "quantity" | "state" | "since" => 10,
        _ => 15,
    }
}
