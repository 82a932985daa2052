//! `report.xlsx`: what a run found, as sheets in which a clerk works. Numbers are numbers, days are days, foreign text is
//! text: no cell has a formula. The same run gives the same bytes.
//!
//! It is written from the report, then one client after another: the last sheets have every comparison and every item, as
//! far as a sheet goes. All but the first go to temporary files as they are filled.

mod open_sheet;

use rust_decimal::Decimal;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Url, Workbook, XlsxError};
use truecount_reconciliation::ClientRecord;

use self::open_sheet::{Formats, OpenSheet, number};
use crate::{
    ReportError, ReportFile, RunHeader, RunReport,
    agreements_sheet::AgreementCells,
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
    book: Book,
    agreements: OpenSheet,
    comparisons: OpenSheet,
    items: OpenSheet,
}

impl<'r> ReportWorkbook<'r> {
    /// Begins it.
    ///
    /// # Errors
    /// [`ReportError::Workbook`] if the writer refuses.
    pub fn begin(report: &'r RunReport<'r>) -> Result<Self, ReportError> {
        Self::begun(report).map_err(ReportError::Workbook)
    }

    fn begun(report: &'r RunReport<'r>) -> Result<Self, XlsxError> {
        let mut book = Book::new()?;
        let agreements = book.open(&sheets::all_agreements())?;
        let comparisons = book.open(&sheets::all_comparisons())?;
        let items = book.open(&sheets::all_items())?;
        Ok(Self { report, book, agreements, comparisons, items })
    }

    /// Takes the agreements and comparisons of a client, and the items that those look at.
    ///
    /// # Errors
    /// [`ReportError::Workbook`] if the writer refuses.
    pub fn client(&mut self, client: &ClientRecord) -> Result<(), ReportError> {
        self.rows_of(client).map_err(ReportError::Workbook)
    }

    fn rows_of(&mut self, client: &ClientRecord) -> Result<(), XlsxError> {
        for agreement in AgreementCells::of_client(client) {
            let (header, formats) = (self.report.header, &self.book.formats);
            self.agreements.row(sheets::all_agreements().columns, &agreement, header, formats)?;
        }
        let home = self.report.portfolio.home_currency;
        LineCells::of_client(client, home).try_for_each(|cells| self.comparison(&cells))
    }

    fn comparison(&mut self, cells: &LineCells<'_>) -> Result<(), XlsxError> {
        let header = self.report.header;
        let formats = &self.book.formats;
        self.comparisons.row(sheets::all_comparisons().columns, cells, header, formats)?;
        for item in ItemCells::of(cells) {
            self.items.row(sheets::all_items().columns, &item, header, formats)?;
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
        let Self { mut book, agreements, comparisons, items, .. } = self;
        let bytes = sheets::add_all(&mut book, report).and_then(|()| {
            book.push(&sheets::all_agreements(), agreements, &[])?;
            book.push(&sheets::all_comparisons(), comparisons, &[])?;
            book.push(&sheets::all_items(), items, &[])?;
            book.finish(report)
        });
        Ok(ReportFile { name: REPORT_XLSX, bytes: bytes.map_err(ReportError::Workbook)? })
    }
}

/// The workbook without the sheets of every agreement, of every comparison and of every item.
///
/// # Errors
/// [`ReportError::Workbook`] if the writer refuses.
pub(crate) fn without_comparisons(report: &RunReport<'_>) -> Result<Vec<u8>, ReportError> {
    let written = Book::new().and_then(|mut book| {
        sheets::add_all(&mut book, report)?;
        book.finish(report)
    });
    written.map_err(ReportError::Workbook)
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
    /// Begins a workbook. Its first sheet has links to the others, and is filled when they are known.
    fn new() -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        // A fixed date: the same run gives the same bytes, whenever it is written.
        let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        workbook.add_worksheet().set_name(SUMMARY)?;
        Ok(Self { workbook, formats: Formats::new(), listed: Vec::new() })
    }

    /// Opens a sheet, to be filled and then pushed.
    fn open<T>(&mut self, of: &SheetOf<'_, T>) -> Result<OpenSheet, XlsxError> {
        OpenSheet::begin(self.workbook.new_worksheet_with_constant_memory()?, of, &self.formats)
    }

    /// Fills the first sheet; the workbook's bytes.
    fn finish(mut self, report: &RunReport<'_>) -> Result<Vec<u8>, XlsxError> {
        self.summary(report)?;
        self.workbook.save_to_buffer()
    }

    /// Adds a sheet, if it has rows.
    pub(crate) fn add<'r, T: 'r>(
        &mut self,
        of: &SheetOf<'_, T>,
        header: &RunHeader,
        rows: impl Iterator<Item = &'r T>,
        totals: &[(String, Decimal)],
    ) -> Result<(), XlsxError> {
        let mut sheet = self.open(of)?;
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
