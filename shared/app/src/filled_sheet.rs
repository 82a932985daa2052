//! The rows of a filled-in sheet, whatever program saved it: delimited text in any encoding, or a workbook.

use std::io::Cursor;

use truecount_tabular::workbook::{Workbook, is_workbook};
use truecount_tabular::{
    Bytes, Caps, FaultyRows, Layout, Obstacle, ObstacleKind, Obstacles, Stop, Survey, SurveyOptions, TableReader,
    TextEncoding, TotalRows, WantedColumn, WantedValues, survey,
};

/// The most rows that are read.
const ROWS_MAX: u64 = 200_000;

/// What kind of sheet is read.
#[derive(Debug)]
pub(crate) struct SheetShape {
    /// The name of its worksheet in a workbook.
    pub(crate) sheet: &'static str,
    /// Our columns, in our order.
    pub(crate) columns: &'static [&'static str],
    /// Those without which it cannot be read.
    pub(crate) needed: &'static [&'static str],
    /// Where such a sheet comes from, as a person is told: "a file from `truecount mappings export`".
    pub(crate) origin: &'static str,
    /// What becomes of other columns.
    pub(crate) others: OtherColumns,
}

impl SheetShape {
    /// Whether a column is ours.
    fn has(&self, heading: &str) -> bool {
        self.columns.iter().any(|name| is_called(heading, name))
    }
}

/// Whether a heading is that of a column: `Should bill` is `should_bill`.
fn is_called(heading: &str, name: &str) -> bool {
    let plain = |text: &str| text.trim().replace(' ', "_").to_ascii_lowercase();
    plain(heading) == plain(name)
}

/// What becomes of columns that are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherColumns {
    /// They are not read.
    Dropped,
    /// They are kept, so that a row can be given back as it came.
    Kept,
}

/// A file's rows below its header.
#[derive(Debug)]
pub(crate) struct Table {
    /// The headings that are read: ours in our order, or all in the file's.
    pub(crate) headings: Vec<String>,
    pub(crate) rows: Vec<TableRow>,
    /// How it was read, where that is not obvious.
    pub(crate) notes: Vec<String>,
}

/// One row of the columns that are read.
#[derive(Debug)]
pub(crate) struct TableRow {
    /// The line that it begins on, counted from 1; in a workbook the number of the row.
    pub(crate) line: u64,
    pub(crate) cells: Vec<String>,
    /// What is wrong with the row, or with cells of our columns.
    pub(crate) faults: Vec<Fault>,
}

/// What is wrong with a file or row, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `None`: it is about the whole file.
    pub(crate) line: Option<u64>,
    /// Empty: it is about no single column.
    pub(crate) column: String,
    pub(crate) reason: String,
}

/// Reads a file, or tells everything that stands in the way of reading it.
pub(crate) fn read(bytes: &[u8], shape: &SheetShape) -> Result<Table, Vec<Fault>> {
    let sheets = sheet_names(bytes).map_err(|stop| vec![of_stop(stop, shape)])?;
    let sheet = sheets.into_iter().find(|name| name == shape.sheet);
    let found = surveyed(bytes, shape, sheet)?;
    table(bytes, shape, &found)
}

/// Reads each sheet of a workbook that has the columns which are needed, with its name; another file is one sheet without.
/// If there is none, tells what stands in the way.
pub(crate) fn read_each(bytes: &[u8], shape: &SheetShape) -> Result<Vec<(String, Table)>, Vec<Fault>> {
    let sheets = sheet_names(bytes).map_err(|stop| vec![of_stop(stop, shape)])?;
    if sheets.len() < 2 {
        return read(bytes, shape).map(|table| vec![(sheets.into_iter().next().unwrap_or_default(), table)]);
    }
    let mut tables = Vec::new();
    for name in sheets {
        // What is no table at all is no sheet to fill in.
        let Ok(found) = surveyed(bytes, shape, Some(name.clone())) else { continue };
        let has = |wanted: &&str| found.columns().iter().any(|column| is_called(&column.heading, wanted));
        if shape.needed.iter().all(has) {
            let named = |fault: Fault| Fault { reason: format!("sheet `{name}`: {}", fault.reason), ..fault };
            let read =
                table(bytes, shape, &found).map_err(|faults| faults.into_iter().map(named).collect::<Vec<_>>())?;
            tables.push((name, read));
        }
    }
    if tables.is_empty() { read(bytes, shape).map(|table| vec![(String::new(), table)]) } else { Ok(tables) }
}

/// The sheets of a workbook; none of another file.
fn sheet_names(bytes: &[u8]) -> Result<Vec<String>, Stop> {
    if !is_workbook(bytes) {
        return Ok(Vec::new());
    }
    let book = Workbook::open(Cursor::new(bytes), &caps())?;
    Ok(book.sheets().iter().map(|sheet| sheet.name.clone()).collect())
}

fn caps() -> Caps {
    Caps { rows: ROWS_MAX, ..Caps::default() }
}

fn surveyed(bytes: &[u8], shape: &SheetShape, sheet: Option<String>) -> Result<Survey, Vec<Fault>> {
    let options = SurveyOptions {
        sheet,
        headings: shape.columns.iter().map(|name| (*name).to_owned()).collect(),
        totals: TotalRows::Data,
        faulty_rows: FaultyRows::Given,
        caps: caps(),
        ..SurveyOptions::default()
    };
    survey(&Bytes(bytes), &options).map_err(|stop| vec![of_stop(stop, shape)])
}

fn table(bytes: &[u8], shape: &SheetShape, found: &Survey) -> Result<Table, Vec<Fault>> {
    let input = Bytes(bytes);
    let stopped = |stop| vec![of_stop(stop, shape)];
    let headings = headings(found, shape);
    let wanted: Vec<WantedColumn> = headings.iter().map(|name| WantedColumn::new(name, WantedValues::Text)).collect();
    let form = found.settle(&wanted).map_err(|obstacles| of_obstacles(&obstacles, shape))?;
    let mut reader = TableReader::open(&input, &form).map_err(stopped)?;
    let is_ours = |fault: &Fault| fault.column.is_empty() || shape.has(&fault.column);
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().map_err(stopped)? {
        rows.push(TableRow {
            line: row.line(),
            cells: (0..headings.len()).map(|at| row.text(at).to_owned()).collect(),
            faults: row.faults().iter().map(|fault| Fault::of(fault, shape)).filter(is_ours).collect(),
        });
    }
    Ok(Table { headings, rows, notes: note(found).into_iter().collect() })
}

/// Those that are read. Of others one that is there twice is not: nobody could tell which it is.
fn headings(found: &Survey, shape: &SheetShape) -> Vec<String> {
    let in_file = || found.columns().iter().map(|column| column.heading.as_str());
    let is_there = |name: &str| in_file().any(|heading| is_called(heading, name));
    let ours = || shape.columns.iter().copied();
    let needed = |name: &&str| shape.needed.contains(name);
    match shape.others {
        OtherColumns::Dropped => {
            let has = |name: &&str| needed(name) || in_file().any(|heading| heading == *name);
            ours().filter(has).map(str::to_owned).collect()
        }
        OtherColumns::Kept => {
            let is_read = |heading: &&str| {
                let times = in_file().filter(|other| other == heading).count();
                shape.has(heading) || (!heading.is_empty() && times == 1)
            };
            let mut headings: Vec<String> = Vec::new();
            let missing = ours().filter(needed).filter(|name| !is_there(name));
            for heading in in_file().filter(is_read).chain(missing) {
                if !headings.iter().any(|known| known == heading) {
                    headings.push(heading.to_owned());
                }
            }
            headings
        }
    }
}

/// Text that is not UTF-8 may show other letters than were meant.
fn note(found: &Survey) -> Option<String> {
    let Layout::Delimited { encoding, .. } = found.layout() else { return None };
    (*encoding != TextEncoding::UTF_8).then(|| format!("the file was read as {}", encoding.name()))
}

fn of_stop(stop: Stop, shape: &SheetShape) -> Fault {
    match stop {
        Stop::Refused(obstacle) => Fault::of(&obstacle, shape),
        Stop::Io(error) => Fault { line: None, column: String::new(), reason: format!("it cannot be read: {error}") },
    }
}

fn of_obstacles(obstacles: &Obstacles, shape: &SheetShape) -> Vec<Fault> {
    let mut faults: Vec<Fault> = obstacles.first().into_iter().map(|obstacle| Fault::of(obstacle, shape)).collect();
    let more = obstacles.count().saturating_sub(faults.len() as u64);
    if let Some(last) = faults.last_mut().filter(|_| more > 0) {
        last.reason.push_str(&format!(" (and {more} more like these)"));
    }
    faults
}

impl Fault {
    fn of(obstacle: &Obstacle, shape: &SheetShape) -> Self {
        let column = match &obstacle.column {
            Some(place) if place.heading.is_empty() => (place.position + 1).to_string(),
            Some(place) => place.heading.clone(),
            None => String::new(),
        };
        Self { line: obstacle.line, column, reason: reason(obstacle, shape) }
    }
}

/// What is wrong, and what to do. A source's file would be read by its profile where a sheet, which has none, is saved
/// or exported again.
fn reason(obstacle: &Obstacle, shape: &SheetShape) -> String {
    let text = match &obstacle.kind {
        ObstacleKind::DelimiterOpen { .. } => {
            "it is not clear what separates the cells; save the file as \"CSV UTF-8\" or .xlsx"
        }
        ObstacleKind::UnknownEncoding | ObstacleKind::MixedEncodings { .. } | ObstacleKind::NotText => {
            "these bytes are no letters in the file's encoding; save it as \"CSV UTF-8\" or .xlsx"
        }
        ObstacleKind::EmptyFile | ObstacleKind::NoHeader | ObstacleKind::DataAboveHeader { .. } => {
            return format!("the columns have no names; fill in {}", shape.origin);
        }
        ObstacleKind::HeadingMissing { .. } => {
            let name = obstacle.value.as_deref().unwrap_or_default();
            return format!("the column `{name}` is missing; fill in {}", shape.origin);
        }
        _ => return Obstacle { line: None, column: None, ..obstacle.clone() }.to_string(),
    };
    text.to_owned()
}

impl Table {
    /// The place of a column; `None`: there is none.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.headings.iter().position(|heading| is_called(heading, name))
    }
}

impl TableRow {
    /// A cell's text without blanks around it; empty if there is no such column.
    pub(crate) fn cell(&self, column: Option<usize>) -> &str {
        column.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "key";
    const DECISION: &str = "decision";
    const CLIENT: &str = "client";
    const LAST_DECISION: &str = "last_decision";
    const SHEET: &str = "mappings";
    const SHAPE: SheetShape = SheetShape {
        sheet: SHEET,
        columns: &[KEY, DECISION, CLIENT, "note", LAST_DECISION],
        needed: &[KEY, DECISION, CLIENT, LAST_DECISION],
        origin: "a file from `truecount mappings export`",
        others: OtherColumns::Dropped,
    };

    fn read(bytes: &[u8]) -> Result<Table, Vec<Fault>> {
        super::read(bytes, &SHAPE)
    }

    #[test]
    fn columns_of_ones_own_are_kept_where_a_row_is_given_back() {
        let kept = SheetShape { others: OtherColumns::Kept, ..SHAPE };
        let text = "mine,key,decision,twice,client,last_decision,twice\nx\u{1},rmm#1,,a,c1,0,b\n";
        let table = super::read(text.as_bytes(), &kept).unwrap();
        assert_eq!(table.headings, ["mine", KEY, DECISION, CLIENT, LAST_DECISION]);
        assert_eq!(table.rows[0].cells, ["x\u{1}", "rmm#1", "", "c1", "0"]);
        assert_eq!(table.rows[0].faults, [], "what is wrong in a column of ones own is nobody's business");
    }

    /// Line, key, client and note of each row, and what is wrong with it.
    fn rows(table: &Table) -> Vec<String> {
        let shown = |row: &TableRow| {
            let cells = [KEY, CLIENT, "note"].map(|name| row.cell(table.column(name)));
            let faults: Vec<String> =
                row.faults.iter().map(|fault| format!(" !{} {}", fault.column, fault.reason)).collect();
            format!("{} {}{}", row.line, cells.join("|"), faults.concat())
        };
        table.rows.iter().map(shown).collect()
    }

    #[test]
    fn every_delimiter_is_read_and_lines_are_those_of_the_file() {
        let plain = "key,decision,client,last_decision\nrmm#1,,c1,0\n,,,\nrmm#2,,\"c2, or\nc3\",0\nrmm#3,,,0\n";
        for text in [plain.to_owned(), format!("\u{FEFF}{}", plain.replace('\n', "\r\n"))] {
            let table = read(text.as_bytes()).unwrap();
            let cell = if text.contains('\r') { "c2, or\r\nc3" } else { "c2, or\nc3" };
            assert_eq!(rows(&table), ["2 rmm#1|c1|".to_owned(), format!("4 rmm#2|{cell}|"), "6 rmm#3||".to_owned()]);
            assert_eq!(table.notes, Vec::<String>::new());
        }
        for delimiter in [";", "\t"] {
            let text = format!("sep={delimiter}\n{}", plain.replace("c2, or", "c2 or").replace(',', delimiter));
            assert_eq!(rows(&read(text.as_bytes()).unwrap())[0], "3 rmm#1|c1|", "{text}");
        }
    }

    #[test]
    fn a_client_called_total_and_a_column_of_ones_own_are_no_fault() {
        let text = "key,mine,decision,client,last_decision,mine\nTotal,1,,,0,2\nrmm#2,,,c1,0\n";
        assert_eq!(rows(&read(text.as_bytes()).unwrap()), ["2 Total||", "3 rmm#2|c1|"]);
    }

    #[test]
    fn a_faulty_row_says_so_and_the_others_are_read() {
        let text = "key,decision,client,last_decision,note\na,,c1,0,\nb,,c1,0,,x\nc,,c1\nd,,c1,0,x\u{1}\n";
        let found = rows(&read(text.as_bytes()).unwrap());
        assert_eq!(found[0], "2 a|c1|");
        assert!(found[1].starts_with("3 b|c1| ! begins a row of 6 cells, the header has 5"), "{found:#?}");
        assert!(found[2].starts_with("4 c|c1| ! begins a row of 3 cells, the header has 5"), "{found:#?}");
        assert!(found[3].starts_with("5 d|c1|x\u{1} !note `x\\u{1}` has a control character"), "{found:#?}");
    }

    fn saved(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet) -> Result<(), rust_xlsxwriter::XlsxError>) -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet();
        let sheet = book.add_worksheet().set_name(SHEET).unwrap();
        for (column, name) in (0..).zip([" key", DECISION, CLIENT, LAST_DECISION, "note"]) {
            sheet.write(1, column, name).unwrap();
        }
        fill(sheet).unwrap();
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn a_workbook_is_read_from_the_sheet_that_was_exported() {
        let day = rust_xlsxwriter::Format::new().set_num_format("mmm yyyy");
        let bytes = saved(|sheet| {
            sheet.write(3, 0, "a\u{1F600}")?.write_with_format(3, 2, 46204, &day)?.write(3, 4, 42)?;
            sheet.write(4, 0, true)?.write(4, 4, 0.1)?;
            // What is left of formatting a whole sheet.
            sheet.write_blank(1_048_575, 16_383, &day)?;
            Ok(())
        });
        assert_eq!(rows(&read(&bytes).unwrap()), ["4 a\u{1F600}|2026-07-01|42", "5 true||0.1"]);
    }

    #[test]
    fn a_formula_without_a_result_is_not_taken_for_empty() {
        let bytes = saved(|sheet| {
            let computed = rust_xlsxwriter::Formula::new("=VLOOKUP(1,A:A,1)").set_result("#N/A");
            sheet.write(2, 0, "a")?.write_formula(2, 2, computed)?;
            sheet.write(3, 0, "b")?.write(3, 2, "c1")?.write_formula(3, 6, "=A1")?;
            Ok(())
        });
        let found = rows(&read(&bytes).unwrap());
        assert!(found[0].contains(" !client "), "{found:#?}");
        assert_eq!(found[1], "4 b|c1|", "a formula in a column of one's own is nobody's business");
    }

    #[test]
    fn everything_that_stands_in_the_way_is_told_at_once() {
        let places = |bytes: &[u8]| {
            let faults = read(bytes).unwrap_err();
            faults.into_iter().map(|fault| (fault.line, fault.column, fault.reason)).collect::<Vec<_>>()
        };
        let of_file = |reason: &str| (None, String::new(), reason.to_owned());
        let found = places(b"key,client,note,note\nrmm#1,\"c1\" x,,\nrmm#2,c1,,\nrmm#3,\"c\" y,,\n");
        let lines: Vec<(Option<u64>, &str)> = found.iter().map(|(line, column, _)| (*line, column.as_str())).collect();
        assert_eq!(lines.len(), 5, "{found:#?}");
        assert!(lines.contains(&(Some(2), "client")) && lines.contains(&(Some(4), "client")), "{found:#?}");
        assert!(lines.contains(&(Some(1), "note")), "{found:#?}");
        assert_eq!(found.iter().filter(|(_, _, reason)| reason.contains("is missing; fill in a file")).count(), 2);
        let unnamed = "the columns have no names; fill in a file from `truecount mappings export`";
        assert_eq!(places(b""), [of_file(unnamed)]);
        for (bytes, reason) in [
            (&b"PK\x03\x04 damaged"[..], "the workbook is not whole: open the file in a spreadsheet program"),
            (b"\xD0\xCF\x11\xE0", "this is an old or an encrypted office file: save it as .xlsx or .csv"),
            (b"<html><table>", "this is a web page"),
        ] {
            let found = places(bytes);
            assert!(found.len() == 1 && found[0].2.starts_with(reason), "{found:?}");
        }
    }
}
