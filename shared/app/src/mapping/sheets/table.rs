//! The rows of a spreadsheet file, whatever program saved it: CSV with commas, semicolons or tabs in UTF-8, UTF-16 or
//! Windows-1252, or an XLSX workbook.

use std::io::Cursor;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use truecount_tabular::workbook::{Workbook, is_workbook};
use truecount_tabular::{Caps, Cell, CellKind, Obstacle, RowReader, Stop};

/// The most rows that are read.
const ROWS_MAX: usize = 200_000;

/// The name of the worksheet that `mappings export` writes.
pub(super) const SHEET: &str = "mappings";

/// A program that cannot compute has saved the workbook.
const UNCOMPUTED: &str =
    "a formula in this row has no result in the file; open it in a spreadsheet program and save it again";

/// A file's rows below its header.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The names of the columns, as they are written.
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<TableRow>,
    /// How it was read, where that is not obvious.
    pub(super) notes: Vec<String>,
}

/// One row with its number as a spreadsheet counts: the header is row 1.
#[derive(Debug)]
pub(super) struct TableRow {
    pub(super) number: usize,
    pub(super) cells: Vec<String>,
}

/// Why a file cannot be read at all, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) row: usize,
    pub(super) reason: String,
}

/// Reads a file by the format that its first bytes show. The separator is the one with which the header has the column
/// `needed`.
pub(super) fn read(bytes: &[u8], needed: &str) -> Result<Table, Unreadable> {
    if is_workbook(bytes) {
        return workbook(bytes);
    }
    let (text, notes) = decoded(bytes)?;
    Ok(Table { notes, ..separated(&text, needed)? })
}

fn unreadable(row: usize, reason: impl Into<String>) -> Unreadable {
    Unreadable { row, reason: reason.into() }
}

/// The text, and a note about the encoding where it is not UTF-8.
fn decoded(bytes: &[u8]) -> Result<(String, Vec<String>), Unreadable> {
    if let Some((encoding, bom_bytes)) = Encoding::for_bom(bytes) {
        let rest = &bytes[bom_bytes..];
        if encoding == encoding_rs::UTF_8 {
            return match std::str::from_utf8(rest) {
                Ok(text) => Ok((text.to_owned(), Vec::new())),
                Err(error) => Err(unreadable(
                    row_of(rest, error.valid_up_to()),
                    "the file starts as UTF-8, but this row is not; save it as \"CSV UTF-8\" again",
                )),
            };
        }
        return utf_16(rest, encoding);
    }
    if let Some(encoding) = utf_16_without_bom(bytes) {
        return utf_16(bytes, encoding);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((text.to_owned(), Vec::new())),
        Err(error) => {
            let row = row_of(bytes, error.valid_up_to());
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            Ok((text.into_owned(), vec![format!("row {row} is not UTF-8: the file was read as Windows-1252")]))
        }
    }
}

fn utf_16(bytes: &[u8], encoding: &'static Encoding) -> Result<(String, Vec<String>), Unreadable> {
    let (text, is_damaged) = encoding.decode_without_bom_handling(bytes);
    if is_damaged {
        let whole = text.split('\u{FFFD}').next().unwrap_or_default();
        let row = 1 + whole.bytes().filter(|byte| *byte == b'\n').count();
        return Err(unreadable(
            row,
            format!("this row is not {}; save the file as \"CSV UTF-8\" again", encoding.name()),
        ));
    }
    Ok((text.into_owned(), vec![format!("the file was read as {}", encoding.name())]))
}

// Text in western scripts has a zero in every other byte.
fn utf_16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let begin = &bytes[..bytes.len().min(512)];
    let zeros = |first: usize| begin.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let half = begin.len() / 2;
    match (zeros(0), zeros(1)) {
        (0, odd) if odd * 2 > half => Some(UTF_16LE),
        (even, 0) if even * 2 > half => Some(UTF_16BE),
        _ => None,
    }
}

fn row_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at.min(bytes.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// CSV by the separator that `sep=` names, or with which the header has the needed column.
fn separated(text: &str, needed: &str) -> Result<Table, Unreadable> {
    let (named, text, skipped) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((separator, rest)) => (separator.trim_end_matches('\r').bytes().next(), rest, 1),
        None => (None, text, 0),
    };
    let parse = |delimiter: u8| {
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
    };
    let has_needed = |delimiter: &u8| {
        let first = parse(*delimiter).into_records().next();
        first.is_some_and(|row| row.is_ok_and(|row| row.iter().any(|name| name.trim() == needed)))
    };
    let delimiter = named.into_iter().chain(*b",;\t").find(has_needed).unwrap_or(b',');
    let mut table = Table::default();
    for (at, record) in parse(delimiter).into_records().enumerate() {
        let number = at + 1 + skipped;
        let record = record.map_err(|_| unreadable(number, "this row is not CSV; is a quotation mark left open?"))?;
        let cells = record.iter().map(str::to_owned).collect();
        table.take(number, cells)?;
    }
    Ok(table)
}

fn workbook(bytes: &[u8]) -> Result<Table, Unreadable> {
    let book = Workbook::open(Cursor::new(bytes), &Caps::default()).map_err(refused)?;
    let is_ours = book.sheets().iter().any(|sheet| sheet.name == SHEET);
    let mut rows = if is_ours { book.sheet(SHEET) } else { book.first_sheet() }.map_err(refused)?;
    let mut table = Table::default();
    while let Some(row) = rows.next_row().map_err(refused)? {
        let number = usize::try_from(row.line()).unwrap_or(usize::MAX);
        if row.cells().any(|cell| cell.kind == CellKind::Uncomputed) {
            return Err(unreadable(number, UNCOMPUTED));
        }
        table.take(number, row.cells().map(|cell| text_of(cell).to_owned()).collect())?;
    }
    Ok(table)
}

/// The refusal of a workbook, with the row if it is about one.
fn refused(stop: Stop) -> Unreadable {
    match stop {
        Stop::Refused(obstacle) => {
            let row = obstacle.line.and_then(|line| usize::try_from(line).ok()).unwrap_or(1);
            unreadable(row, Obstacle { line: None, ..*obstacle }.to_string())
        }
        Stop::Io(error) => unreadable(1, format!("this workbook cannot be read ({error})")),
    }
}

/// A cell as a person sees it: of a moment its day, as 2026-07-01.
fn text_of(cell: Cell<'_>) -> &str {
    match cell.kind {
        CellKind::Moment => cell.text.split_once('T').map_or(cell.text, |(day, _)| day),
        _ => cell.text,
    }
}

impl Table {
    /// The first row is the header; empty rows are skipped.
    fn take(&mut self, number: usize, cells: Vec<String>) -> Result<(), Unreadable> {
        if self.header.is_empty() {
            self.header = cells.into_iter().map(|name| name.trim().to_owned()).collect();
            return Ok(());
        }
        if self.rows.len() == ROWS_MAX {
            return Err(unreadable(number, format!("the file has more than {ROWS_MAX} rows; split it")));
        }
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            self.rows.push(TableRow { number, cells });
        }
        Ok(())
    }

    /// The place of a column; `None`: there is none.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }
}

impl TableRow {
    /// A cell's text without blanks around it; empty if there is no such column.
    pub(super) fn cell(&self, column: Option<usize>) -> &str {
        column.and_then(|at| self.cells.get(at)).map_or("", |cell| cell.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(table: &Table) -> Vec<String> {
        table.rows.iter().map(|row| format!("{} {}", row.number, row.cells.join("|"))).collect()
    }

    #[test]
    fn the_separator_is_the_one_with_which_the_needed_column_is_there() {
        for text in ["a,key\n1,2\n", "a;key\n1;2\n", "a\tkey\n1\t2\n", "\u{FEFF}a;key\r\n1;2\r\n"] {
            let table = read(text.as_bytes(), "key").unwrap();
            assert_eq!(
                (table.header.join("|").as_str(), rows(&table)),
                ("a|key", vec!["2 1|2".to_owned()]),
                "{text:?}"
            );
            assert_eq!(table.notes, Vec::<String>::new());
        }
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        let table = read(b"sep=;\nkey;b\n1;2\n;\n3;4\n", "key").unwrap();
        assert_eq!(rows(&table), ["3 1|2", "5 3|4"], "with the line for Excel and the empty row counted");
    }

    #[test]
    fn text_that_is_not_utf_8_is_read_and_noted() {
        let table = read(b"key,name\n1,Caf\xE9\n", "key").unwrap();
        assert_eq!(rows(&table), ["2 1|Café"]);
        assert_eq!(table.notes, ["row 2 is not UTF-8: the file was read as Windows-1252"]);
    }

    fn saved(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet) -> Result<(), rust_xlsxwriter::XlsxError>) -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet();
        fill(book.add_worksheet().set_name(SHEET).unwrap()).unwrap();
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn a_workbook_is_read_as_a_person_sees_it() {
        let day = rust_xlsxwriter::Format::new().set_num_format("mmm yyyy");
        let moment = rust_xlsxwriter::Format::new().set_num_format("d/m/yyyy h:mm");
        let bytes = saved(|sheet| {
            sheet.write(1, 0, " key")?.write(1, 1, "from")?.write(1, 2, "n")?;
            sheet.write(3, 0, "a\u{1F600}")?.write_with_format(3, 1, 46204, &day)?.write(3, 2, 42)?;
            sheet.write(4, 0, true)?.write_with_format(4, 1, 46204.25, &moment)?.write(4, 2, 0.1)?;
            // What is left of formatting a whole sheet.
            sheet.write_blank(1_048_575, 16_383, &day)?;
            Ok(())
        });
        let table = read(&bytes, "key").unwrap();
        assert_eq!(table.header, ["key", "from", "n"]);
        assert_eq!(rows(&table), ["4 a\u{1F600}|2026-07-01|42", "5 true|2026-07-01|0.1"]);
    }

    #[test]
    fn a_formula_that_nobody_computed_is_not_taken_for_empty() {
        let bytes = saved(|sheet| sheet.write(0, 0, "key")?.write_formula(1, 0, "=A1").map(|_| ()));
        let wrong = read(&bytes, "key").unwrap_err();
        assert_eq!((wrong.row, wrong.reason.as_str()), (2, UNCOMPUTED));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_row() {
        for (bytes, row, reason) in [
            (&b"\xEF\xBB\xBFkey\n\xFF\n"[..], 2, "the file starts as UTF-8, but this row is not"),
            (b"PK\x03\x04 damaged", 1, "the workbook is not whole: open the file in a spreadsheet program"),
            (b"\xD0\xCF\x11\xE0", 1, "this is an old or an encrypted office file: save it as .xlsx or .csv"),
            (b"<html><table>", 1, "this is a web page"),
        ] {
            let wrong = read(bytes, "key").unwrap_err();
            assert!(wrong.row == row && wrong.reason.starts_with(reason), "{wrong:?}");
        }
    }
}
