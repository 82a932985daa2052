//! `report.xlsx`: what a run found, as sheets in which a clerk works. Numbers are numbers, days are days, foreign text is
//! text: no cell has a formula. The same run gives the same bytes.
//!
//! Deliberately absent: every comparison. Those are in `lines.csv`, of any length.

use jiff::civil::Date;
use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, Url, Workbook, Worksheet, XlsxError,
};

use crate::{
    ReportError, ReportFile, RunHeader, RunReport,
    change_row::{ChangeTotal, sums},
    column::{CellValue, Column, Place},
    sanitize,
    workbook_sheets::{self as sheets, ACTIONS, SheetOf},
};

/// The workbook.
pub const REPORT_XLSX: &str = "report.xlsx";

/// Rows of a sheet: more of them would not fit beside the rest in the memory of the report.
const ROWS_MAX: usize = 20_000;

/// Characters of a cell: spreadsheet programs read no more.
const CHARACTERS_MAX: usize = 32_767;

/// Days that a spreadsheet cannot hold as a day are written as text.
const FIRST_DAY: Date = jiff::civil::date(1900, 3, 1);

/// The workbook of a report.
///
/// # Errors
/// [`ReportError::Workbook`] if the writer refuses.
pub(crate) fn report_xlsx(report: &RunReport<'_>) -> Result<ReportFile, ReportError> {
    let bytes = written(report).map_err(ReportError::Workbook)?;
    Ok(ReportFile { name: REPORT_XLSX, bytes })
}

fn written(report: &RunReport<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Book { workbook: Workbook::new(), formats: Formats::new(), listed: Vec::new() };
    // A fixed date: the same run gives the same bytes, whenever it is written.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    // The first sheet has links to the others, and is filled when they are known.
    book.workbook.add_worksheet().set_name(SUMMARY)?;
    sheets::add_all(&mut book, report)?;
    book.summary(report)?;
    book.workbook.save_to_buffer()
}

/// The first sheet.
const SUMMARY: &str = "Summary";

/// A workbook that is being filled.
pub(crate) struct Book {
    workbook: Workbook,
    formats: Formats,
    /// The sheets so far, each with its number of rows.
    listed: Vec<(&'static str, usize)>,
}

struct Formats {
    heading: Format,
    title: Format,
    text: Format,
    fill: Format,
    units: Format,
    money: Format,
    day: Format,
    total: Format,
    total_money: Format,
}

impl Formats {
    fn new() -> Self {
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

impl Book {
    /// Adds a sheet, if it has rows.
    pub(crate) fn add<'r, T: 'r>(
        &mut self,
        of: &SheetOf<'_, T>,
        header: &RunHeader,
        rows: impl Iterator<Item = &'r T>,
        totals: &[(String, Decimal)],
    ) -> Result<(), XlsxError> {
        let rows: Vec<&T> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.listed.push((of.name, rows.len()));
        let formats = &self.formats;
        let sheet = self.workbook.add_worksheet().set_name(of.name)?;
        for (at, column) in (0_u16..).zip(of.columns) {
            sheet.write_string_with_format(0, at, heading(column.name()), &formats.heading)?;
            sheet.set_column_width(at, width(column))?;
        }
        let shown = &rows[..rows.len().min(ROWS_MAX)];
        for (at, (number, row)) in (1_u32..).zip((1_u64..).zip(shown)) {
            let place = Place { number, run_id: &header.run_id, month: header.month };
            for (column_at, column) in (0_u16..).zip(of.columns) {
                cell(sheet, (at, column_at), column.value(row, place), formats, column.is_to_fill())?;
            }
        }
        let last = u32::try_from(shown.len()).unwrap_or(u32::MAX);
        let last_column = u16::try_from(of.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, last, last_column)?;
        sheet.set_freeze_panes(1, of.frozen)?;
        sheet.set_landscape();
        sheet.set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, 0)?;
        // Two lines: programs do not measure what is wrapped.
        sheet.set_row_height(0, 30)?;
        for (at, column) in (0_u16..).zip(of.columns) {
            if column.name() == "action" {
                sheet.add_data_validation(1, at, last, at, &DataValidation::new().allow_list_strings(&ACTIONS)?)?;
            }
        }
        let mut at = last + 1;
        let foot = u32::try_from(totals.len()).unwrap_or_default();
        sheet.set_print_area(0, 0, last + 2 + foot, last_column.min(of.printed.saturating_sub(1)))?;
        if rows.len() > shown.len() {
            let more = format!("and {} more rows: {} has all", rows.len() - shown.len(), of.whole);
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
        Ok(())
    }

    /// Which run it is, what it comes to, and where to look.
    fn summary(&mut self, report: &RunReport<'_>) -> Result<(), XlsxError> {
        let Self { workbook, formats, listed } = self;
        let sheet = workbook.worksheet_from_name(SUMMARY)?;
        sheet.set_column_width(0, 34)?.set_column_width(1, 18)?.set_column_width(2, 18)?;
        sheet.set_landscape();
        sheet.set_print_fit_to_pages(1, 1);
        let mut at = 0;
        sheet.write_string_with_format(at, 0, sheets::title(report), &formats.title)?;
        for (what, told) in sheets::about(report) {
            at += 1;
            sheet.write_string_with_format(at, 0, what, &formats.text)?;
            sheet.write_string_with_format(at, 1, &told, &Format::new().set_num_format("@"))?;
        }
        let tables = sheets::summary_tables(report);
        // Those of a first comparison have no totals.
        for table in tables.iter().filter(|table| !table.rows.is_empty()) {
            at += 2;
            for (column, name) in (0_u16..).zip(&table.headings) {
                sheet.write_string_with_format(at, column, *name, &formats.heading)?;
            }
            for (name, currency, amount) in &table.rows {
                at += 1;
                sheet.write_string_with_format(at, 0, *name, &formats.text)?;
                sheet.write_string_with_format(at, 1, currency.as_str(), &formats.text)?;
                number(sheet, (at, 2), *amount, &formats.money)?;
            }
        }
        at += 2;
        for (column, name) in (0_u16..).zip(["Sheet", "Rows"]) {
            sheet.write_string_with_format(at, column, name, &formats.heading)?;
        }
        for (name, rows) in listed {
            at += 1;
            sheet.write_url(at, 0, Url::new(format!("internal:'{name}'!A1")).set_text(*name))?;
            number(sheet, (at, 1), Decimal::from(*rows), &formats.units)?;
        }
        Ok(())
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
fn number<'s>(
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

/// `monthly_impact` as people read it: `Monthly impact`.
pub(crate) fn heading(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn width<T>(column: &Column<T>) -> u8 {
    match column.name() {
        "reason" | "items_in" | "items_out" | "came" | "went" | "message" | "note" => 44,
        "client" | "agreement" | "product" | "account" | "doubts" | "line_ids" | "against" => 26,
        "number" | "currency" | "months_open" | "quantity" | "state" | "since" => 10,
        _ => 15,
    }
}

/// The foot of the sheet of changes, the home currency first; nothing where a sum has too many digits.
pub(crate) fn foot_of(report: &RunReport<'_>) -> Vec<(String, Decimal)> {
    let home = report.portfolio.home_currency;
    let mut sums: Vec<_> = sums(&report.changes).unwrap_or_default().into_iter().collect();
    sums.sort_by_key(|(total, _)| {
        (total.currency != home, total.currency, total.is_estimated, total.is_later, !total.is_more)
    });
    let told = |(total, amount): (ChangeTotal, Decimal)| {
        let way = if total.is_more { "To add" } else { "To reduce" };
        let later = if total.is_later { " on later invoices" } else { " on these invoices" };
        let basis = if total.is_estimated { ", estimated" } else { "" };
        (format!("{way}{later}, {}{basis}", total.currency), amount)
    };
    sums.into_iter().map(told).collect()
}
