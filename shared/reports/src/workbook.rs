//! `report.xlsx`: what a run found, as sheets in which a clerk works. Numbers are numbers, days are days, foreign text is
//! text: no cell has a formula. The same run gives the same bytes.
//!
//! It is written from the report, then one client after another: the last sheets have every comparison and every item, as
//! far as a sheet goes.

mod open_sheet;

use rust_decimal::Decimal;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Url, Workbook, XlsxError};
use truecount_reconciliation::ClientRecord;

use self::open_sheet::{Formats, OpenSheet, number};
use crate::{
    ReportError, ReportFile, RunHeader, RunReport,
    change_row::{ChangeTotal, sums},
    items_sheet::ItemCells,
    lines_sheet::LineCells,
    workbook_sheets::{self as sheets, SheetOf},
};

/// The workbook.
pub const REPORT_XLSX: &str = "report.xlsx";

/// Writes the workbook of a report, one client at a time.
pub struct ReportWorkbook<'r> {
    report: &'r RunReport<'r>,
    formats: Formats,
    comparisons: OpenSheet,
    items: OpenSheet,
}

impl<'r> ReportWorkbook<'r> {
    /// Begins it.
    ///
    /// # Errors
    /// [`ReportError::Workbook`] if the writer refuses.
    pub fn begin(report: &'r RunReport<'r>) -> Result<Self, ReportError> {
        let formats = Formats::new();
        let comparisons = OpenSheet::begin(&sheets::all_comparisons(), &formats).map_err(ReportError::Workbook)?;
        let items = OpenSheet::begin(&sheets::all_items(), &formats).map_err(ReportError::Workbook)?;
        Ok(Self { report, formats, comparisons, items })
    }

    /// Takes the comparisons of a client, and the items that they look at.
    ///
    /// # Errors
    /// [`ReportError::Workbook`] if the writer refuses.
    pub fn client(&mut self, client: &ClientRecord) -> Result<(), ReportError> {
        let home = self.report.portfolio.home_currency;
        LineCells::of_client(client, home).try_for_each(|cells| self.comparison(&cells)).map_err(ReportError::Workbook)
    }

    fn comparison(&mut self, cells: &LineCells<'_>) -> Result<(), XlsxError> {
        let header = self.report.header;
        self.comparisons.row(sheets::all_comparisons().columns, cells, header, &self.formats)?;
        for item in ItemCells::of(cells) {
            self.items.row(sheets::all_items().columns, &item, header, &self.formats)?;
        }
        Ok(())
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`ReportError::Workbook`] if the writer refuses.
    pub fn finish(mut self) -> Result<ReportFile, ReportError> {
        let report = self.report;
        let home = report.portfolio.home_currency;
        let moved = LineCells::of_moved(&report.portfolio.moved, home);
        moved.into_iter().try_for_each(|cells| self.comparison(&cells)).map_err(ReportError::Workbook)?;
        let bytes = Book::write(report, self.formats, |book| {
            book.push(&sheets::all_comparisons(), self.comparisons, &[])?;
            book.push(&sheets::all_items(), self.items, &[])
        });
        Ok(ReportFile { name: REPORT_XLSX, bytes: bytes.map_err(ReportError::Workbook)? })
    }
}

/// The workbook without the sheets of every comparison and of every item.
///
/// # Errors
/// [`ReportError::Workbook`] if the writer refuses.
pub(crate) fn without_comparisons(report: &RunReport<'_>) -> Result<Vec<u8>, ReportError> {
    Book::write(report, Formats::new(), |_| Ok(())).map_err(ReportError::Workbook)
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

impl Book {
    /// Writes a workbook. `add_last`: adds what comes after the sheets of the report.
    fn write(
        report: &RunReport<'_>,
        formats: Formats,
        add_last: impl FnOnce(&mut Self) -> Result<(), XlsxError>,
    ) -> Result<Vec<u8>, XlsxError> {
        let mut book = Self { workbook: Workbook::new(), formats, listed: Vec::new() };
        // A fixed date: the same run gives the same bytes, whenever it is written.
        let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
        book.workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        // The first sheet has links to the others, and is filled when they are known.
        book.workbook.add_worksheet().set_name(SUMMARY)?;
        sheets::add_all(&mut book, report)?;
        add_last(&mut book)?;
        book.summary(report)?;
        book.workbook.save_to_buffer()
    }

    /// Adds a sheet, if it has rows.
    pub(crate) fn add<'r, T: 'r>(
        &mut self,
        of: &SheetOf<'_, T>,
        header: &RunHeader,
        rows: impl Iterator<Item = &'r T>,
        totals: &[(String, Decimal)],
    ) -> Result<(), XlsxError> {
        let mut sheet = OpenSheet::begin(of, &self.formats)?;
        for row in rows {
            sheet.row(of.columns, row, header, &self.formats)?;
        }
        self.push(of, sheet, totals)
    }

    fn push<T>(
        &mut self,
        of: &SheetOf<'_, T>,
        sheet: OpenSheet,
        totals: &[(String, Decimal)],
    ) -> Result<(), XlsxError> {
        if let Some((sheet, rows)) = sheet.finish(of, totals, &self.formats)? {
            self.workbook.push_worksheet(sheet);
            self.listed.push((of.name, rows));
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

/// `monthly_impact` as people read it: `Monthly impact`.
pub(crate) fn heading(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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
