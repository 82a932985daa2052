//! Workbooks put together by hand, part by part, and what is read of them.

use std::io::{Cursor, Write};

use super::*;
use crate::{CellKind, Obstacle, ObstacleKind, RowReader};

mod bombs;
mod random;
mod written;

/// Parts of a workbook that differ from test to test; the rest is as spreadsheet programs write it.
pub(super) struct Parts<'a> {
    pub(super) workbook: &'a str,
    pub(super) sheet: &'a str,
    pub(super) texts: &'a str,
    pub(super) formats: &'a str,
}

const ROOT_RELS: &str = r#"<Relationships><Relationship Id="rId1"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK_RELS: &str = r#"<Relationships>
    <Relationship Id="r1" Type="http://x/relationships/worksheet" Target="worksheets/sheet1.xml"/>
    <Relationship Id="r2" Type="http://x/relationships/worksheet" Target="/xl/worksheets/sheet2.xml"/>
    <Relationship Id="r3" Type="http://x/relationships/chartsheet" Target="chartsheets/sheet3.xml"/>
    <Relationship Id="r4" Type="http://x/relationships/sharedStrings" Target="sharedStrings.xml"/>
    <Relationship Id="r5" Type="http://x/relationships/styles" Target="styles.xml"/>
    <Relationship Id="r0" Type="http://x/relationships/styles" Target="file:///c:/x.xlsx" TargetMode="External"/>
    </Relationships>"#;

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            workbook: r#"<workbook xmlns:r="u"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>"#,
            sheet: "<row><c><v>1</v></c></row>",
            texts: "<si><t>first</t></si><si><t>second</t></si>",
            formats: "",
        }
    }
}

impl Parts<'_> {
    pub(super) fn archive(&self) -> Vec<u8> {
        let sheet =
            match self.sheet.starts_with("<?") || self.sheet.starts_with("<!") || self.sheet.contains("sheetData") {
                true => self.sheet.to_owned(),
                false => format!("<worksheet><sheetData>{}</sheetData></worksheet>", self.sheet),
            };
        let styles = format!(
            r#"<styleSheet><numFmts>{}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>
            <xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="46"/><xf numFmtId="164"/></cellXfs></styleSheet>"#,
            self.formats
        );
        archive(&[
            ("_rels/.rels", ROOT_RELS),
            ("xl/workbook.xml", self.workbook),
            ("xl/_rels/workbook.xml.rels", BOOK_RELS),
            ("xl/worksheets/sheet1.xml", &sheet),
            (
                "xl/worksheets/sheet2.xml",
                r#"<worksheet><sheetData><row r="2"><c r="B2"><v>2</v></c></row></sheetData></worksheet>"#,
            ),
            ("xl/sharedStrings.xml", &format!("<sst>{}</sst>", self.texts)),
            ("xl/styles.xml", &styles),
        ])
    }
}

/// An archive of parts.
pub(super) fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in parts {
        let file = archive.new_file(rawzip::path::EntryPath::verbatim(name.as_bytes()));
        let (mut entry, config) = file.compression_method(rawzip::CompressionMethod::DEFLATE).start().unwrap();
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
        let mut writer = config.wrap(encoder);
        writer.write_all(content.as_bytes()).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

pub(super) fn open(bytes: &[u8]) -> Result<Workbook<Cursor<&[u8]>>, Stop> {
    Workbook::open(Cursor::new(bytes), &Caps::default())
}

/// Each row as `NUMBER KIND TEXT|KIND TEXT`, then the refusal, if there is one.
pub(super) fn shown(bytes: &[u8], limits: &Limits) -> Vec<String> {
    let rows = Workbook::open_within(Cursor::new(bytes), limits.clone()).and_then(|book| book.first_sheet());
    let mut rows = match rows {
        Ok(rows) => rows,
        Err(stop) => return vec![stop.to_string()],
    };
    let mut lines = Vec::new();
    loop {
        match rows.next_row() {
            Ok(Some(row)) => {
                let cells: Vec<String> = row.cells().map(|cell| cell_shown(cell.kind, cell.text)).collect();
                lines.push(format!("{} {}", row.line(), cells.join("|")).trim_end().to_owned());
            }
            Ok(None) => return lines,
            Err(stop) => {
                lines.push(stop.to_string());
                return lines;
            }
        }
    }
}

fn cell_shown(kind: CellKind, text: &str) -> String {
    if kind == CellKind::Text { text.to_owned() } else { format!("{kind:?} {text}") }
}

pub(super) fn limits() -> Limits {
    Limits::of(&Caps::default())
}

fn check(parts: &Parts<'_>, expected: &[&str]) {
    assert_eq!(shown(&parts.archive(), &limits()), expected, "{}", parts.sheet);
}

#[test]
fn a_cell_is_what_it_means() {
    for (cell, expected) in [
        (r#"<c t="s"><v>1</v></c>"#, "1 second"),
        (r#"<c t="s"><v> 0 </v></c>"#, "1 first"),
        (r#"<c t="inlineStr"><is><t>a &amp; b&#x21;</t></is></c>"#, "1 a & b!"),
        (
            r#"<c t="inlineStr"><is><r><rPr><b/></rPr><t xml:space="preserve">a </t></r><r><t>b</t></r><rPh><t>x</t></rPh></is></c>"#,
            "1 a b",
        ),
        (r#"<c t="str"><f>A1&amp;"x"</f><v>ax</v></c>"#, "1 ax"),
        (r#"<c t="str"><f>""</f><v></v></c>"#, "1"),
        (
            r#"<c t="inlineStr"><is><t>a_x000D_
b</t></is></c>"#,
            "1 a\r\nb",
        ),
        (r#"<c t="inlineStr"><is><t><![CDATA[<b>]]></t></is></c>"#, "1 <b>"),
        (r#"<c><v>0.30000000000000004</v></c>"#, "1 Number 0.3"),
        (r#"<c t="n"><v>12345678901234567890</v></c>"#, "1 Number 12345678901234567890"),
        (r#"<c t="n"><f>1+1</f><v>2</v></c>"#, "1 Number 2"),
        (r#"<c><v>1,5</v></c>"#, "1 1,5"),
        (r#"<c t="b"><v>1</v></c>"#, "1 Boolean true"),
        (r#"<c t="b"><v>0</v></c>"#, "1 Boolean false"),
        (r#"<c t="e"><f>NA()</f><v>#N/A</v></c>"#, "1 Error #N/A"),
        (r#"<c t="d"><v>2026-06-30T08:00:00</v></c>"#, "1 Moment 2026-06-30T08:00:00"),
        (r#"<c s="1"><v>46203</v></c>"#, "1 Day 2026-06-30"),
        (r#"<c s="1"><v>46203.5</v></c>"#, "1 Moment 2026-06-30T12:00:00"),
        (r#"<c s="2"><v>46203</v></c>"#, "1 Moment 2026-06-30T00:00:00"),
        (r#"<c s="3"><v>1.5</v></c>"#, "1 Time 36:00:00"),
        (r#"<c s="4"><v>0.5</v></c>"#, "1 Time 12:00:00"),
        (r#"<c s="99"><v>5</v></c>"#, "1 Number 5"),
        (r#"<c><f>SUM(B:B)</f></c>"#, "1 Uncomputed"),
        (r#"<c><f>SUM(B:B)</f><v></v></c>"#, "1 Uncomputed"),
        (r#"<c t="str"><f>A2</f></c>"#, "1 Uncomputed"),
        (r#"<c s="1"/>"#, "1"),
        (r#"<c><v> </v></c>"#, "1"),
        (r#"<c t="inlineStr"><is><t>  </t></is></c>"#, "1"),
    ] {
        let formats = r#"<numFmt numFmtId="164" formatCode="h:mm&quot; h&quot;"/>"#;
        check(&Parts { sheet: &format!("<row>{cell}</row>"), formats, ..Parts::default() }, &[expected]);
    }
}

#[test]
fn places_are_those_of_the_sheet() {
    for (sheet, expected) in [
        ("", &[][..]),
        ("<row/><row/>", &["1", "2"]),
        (
            r#"<row r="3"><c r="C3"><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"#,
            &["3 ||Number 1|Number 2", "4 Number 3"],
        ),
        (r#"<row><c r="A5"><v>1</v></c></row><row><c><v>2</v></c></row>"#, &["5 Number 1", "6 Number 2"]),
        (r#"<row r="1"><c r="B1"><v>2</v></c><c r="A1"><v>1</v></c></row>"#, &["1 Number 1|Number 2"]),
        (r#"<row r="1"><c r="B1"/><c r="B1"><v>2</v></c></row>"#, &["1 |Number 2"]),
        (r#"<row r="1048576"><c r="XFD1048576" s="1"/></row>"#, &["1048576"]),
        (r#"<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c><x:extLst><x:c/></x:extLst></x:row>"#, &["1 Number 1"]),
        (
            r#"<?xml version="1.0"?><!-- a --><worksheet><sheetPr/><dimension ref="A1:XFD1048576"/><cols><col min="1" max="2"/></cols>
               <sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData><autoFilter ref="A1:B2"/></worksheet>"#,
            &["1 Number 1"],
        ),
        ("<worksheet><sheetData/></worksheet>", &[]),
    ] {
        check(&Parts { sheet, ..Parts::default() }, expected);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let resave = "open the file in a spreadsheet program and save it as .xlsx, or export it again";
    for (sheet, expected) in [
        (r#"<row r="2"/><row r="2"/>"#, "line 2: the rows of the sheet are not in order"),
        (r#"<row r="2"/><row r="1"/>"#, "line 1: the rows of the sheet are not in order"),
        (r#"<row r="2"><c r="A3"><v>1</v></c></row>"#, "line 2: `A3` is a cell of another row"),
        (
            r#"<row r="2"><c r="B2"><v>1</v></c><c r="B2"><v>2</v></c></row>"#,
            "line 2, column 2: the cell is there twice",
        ),
        (
            r#"<row r="2"><c r="A2"><f>B1</f></c><c r="A2"><v>2</v></c></row>"#,
            "line 2, column 1: the cell is there twice",
        ),
        (r#"<row r="2"><c r="XFE2"><v>1</v></c></row>"#, "line 2, column 1: is no place in a sheet"),
        (r#"<row r="0"/>"#, "is no place in a sheet"),
        (r#"<row r="1048576"/><row/>"#, "`1048577` is no place in a sheet"),
        (r#"<row><c/><c t="s"><v>2</v></c></row>"#, "line 1, column 2: `2` is no text of the workbook"),
        (r#"<row><c t="s"><v>x</v></c></row>"#, "line 1, column 1: `x` is no text of the workbook"),
        (r#"<row><c t="z"><v>2</v></c></row>"#, "line 1, column 1: `2` is no type of cell"),
        (r#"<row><c t="b"><v>2</v></c></row>"#, "line 1, column 1: `2` is no type of cell"),
        (
            "<chartsheet><sheetData/></chartsheet>",
            "the part `xl/worksheets/sheet1.xml` is damaged (it is no worksheet)",
        ),
        ("<?xml version='1.0'?><worksheet/>", "the part `xl/worksheets/sheet1.xml` is damaged (it has no rows)"),
        ("<worksheet><sheetData><row>", "the part `xl/worksheets/sheet1.xml` is damaged (it ends too early)"),
        ("<worksheet><sheetData></sheetData>", "the part `xl/worksheets/sheet1.xml` is damaged (it ends too early)"),
        (
            "<row></c></row>",
            "the part `xl/worksheets/sheet1.xml` is damaged (ill-formed document: expected `</row>`, but `</c>` was found)",
        ),
        (
            "<row><c t='inlineStr'><is><t>&nbsp;</t></is></c></row>",
            "the part `xl/worksheets/sheet1.xml` uses the entity `nbsp`",
        ),
        (
            "<!DOCTYPE a><worksheet><sheetData/></worksheet>",
            "the part `xl/worksheets/sheet1.xml` declares a document type",
        ),
    ] {
        let last = shown(&Parts { sheet, ..Parts::default() }.archive(), &limits()).pop().unwrap();
        assert_eq!(last, format!("{expected}: {resave}"), "{sheet}");
    }
}

#[test]
fn a_workbook_says_from_which_day_it_counts_and_whether_it_was_computed() {
    let book = |properties: &str| {
        format!(r#"<workbook xmlns:r="u"><sheets><sheet name="One" r:id="r1"/></sheets>{properties}</workbook>"#)
    };
    let dates = r#"<row><c s="1"><v>44741</v></c></row>"#;
    for (properties, expected) in [("", "1 Day 2022-06-29"), (r#"<workbookPr date1904="1"/>"#, "1 Day 2026-06-30")] {
        check(&Parts { workbook: &book(properties), sheet: dates, ..Parts::default() }, &[expected]);
    }
    let formulas = r#"<row><c><f t="array" ref="A1:A2">B1:B2</f><v>0</v></c><c><v>5</v></c></row><row><c><v>0</v></c></row><row><c><v>0</v></c></row>"#;
    let computed = ["1 Number 0|Number 5", "2 Number 0", "3 Number 0"];
    let uncomputed = ["1 Uncomputed |Number 5", "2 Uncomputed", "3 Number 0"];
    for (properties, expected) in
        [("", computed), (r#"<calcPr fullCalcOnLoad="0"/>"#, computed), (r#"<calcPr fullCalcOnLoad="1"/>"#, uncomputed)]
    {
        check(&Parts { workbook: &book(properties), sheet: formulas, ..Parts::default() }, &expected);
    }
}

#[test]
fn the_first_sheet_that_is_shown_is_read_or_the_one_that_is_named() {
    let workbook = r#"<workbook xmlns:r="u"><sheets><sheet name="Chart" r:id="r3"/><sheet name="Lists" state="hidden" r:id="r1"/>
        <sheet name="Zähler" r:id="r2"/></sheets></workbook>"#;
    let bytes = Parts { workbook, ..Parts::default() }.archive();
    assert_eq!(shown(&bytes, &limits()), ["2 |Number 2"]);
    let book = open(&bytes).unwrap();
    let sheets: Vec<_> = book.sheets().iter().map(|sheet| (sheet.name.as_str(), sheet.is_hidden)).collect();
    assert_eq!(sheets, [("Lists", true), ("Zähler", false)]);
    for (name, first) in [("Lists", 1), ("zÄHLER", 2)] {
        assert_eq!(book.sheet(name).unwrap().next_row().unwrap().unwrap().line(), first, "{name}");
    }
    let wrong = book.sheet("Usage").err().unwrap().to_string();
    assert_eq!(wrong, "`Usage` is not a sheet of the workbook: name one of `Lists`, `Zähler`");
    let hidden =
        r#"<workbook xmlns:r="u"><sheets><sheet name="One" state="veryHidden" r:id="r1"/></sheets></workbook>"#;
    let bytes = Parts { workbook: hidden, ..Parts::default() }.archive();
    assert_eq!(shown(&bytes, &limits()), ["the workbook shows no worksheet: unhide the sheet, or name it"]);
}

#[test]
fn what_is_hidden_or_merged_is_known_when_the_rows_were_read() {
    let sheet = r#"<worksheet><cols><col min="1" max="1" hidden="0"/><col min="3" max="4" hidden="1"/><col min="27" max="27" hidden="true"/></cols>
        <sheetData><row r="1"/><row r="2" hidden="1"><c><v>7</v></c></row><row r="5" hidden="true"/></sheetData>
        <mergeCells count="2"><mergeCell ref="A1:B1"/><mergeCell ref="A2:A5"/></mergeCells></worksheet>"#;
    let bytes = Parts { sheet, ..Parts::default() }.archive();
    let mut rows = open(&bytes).unwrap().first_sheet().unwrap();
    let mut count = 0;
    while rows.next_row().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 3, "hidden rows are read");
    let facts = SheetFacts {
        hidden_row_count: 2,
        hidden_rows: vec![2, 5],
        hidden_columns: vec!["C:D".to_owned(), "AA".to_owned()],
        merged_count: 2,
        merged: vec!["A1:B1".to_owned(), "A2:A5".to_owned()],
    };
    assert_eq!(rows.facts(), &facts);
}

#[test]
fn a_package_is_found_its_way_through() {
    let book = Parts::default().workbook;
    let sheet = "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>";
    let rels = r#"<Relationships><Relationship Id="r1" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet"
        Target="..\Sheets/One.XML"/></Relationships>"#;
    let root = ROOT_RELS.replace("xl/workbook.xml", "/Book.xml");
    let one = ("/sheets\\one.xml", sheet);
    let parts = [("_rels/.rels", root.as_str()), ("Book.xml", book), ("_rels/Book.xml.rels", rels), one];
    assert_eq!(shown(&archive(&parts), &limits()), ["1 Number 1"]);
    let usual = [("xl/workbook.xml", book), ("xl/_rels/workbook.xml.rels", rels), one];
    assert_eq!(shown(&archive(&usual), &limits()), ["1 Number 1"], "without references of the package");
    let resave = "open the file in a spreadsheet program and save it as .xlsx, or export it again";
    let twice = [usual[0], usual[1], one, ("Sheets/One.xml", sheet)];
    assert_eq!(
        shown(&archive(&twice), &limits()),
        [format!("the workbook has the part `Sheets/One.XML` twice: {resave}")]
    );
    let missing = &usual[..2];
    assert_eq!(shown(&archive(missing), &limits()), [format!("the workbook has no part `Sheets/One.XML`: {resave}")]);
}

#[test]
fn other_files_are_named_with_what_to_do() {
    let ods = [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "<x/>")];
    let docx = ROOT_RELS.replace("xl/workbook.xml", "word/document.xml");
    let docx = [
        ("_rels/.rels", docx.as_str()),
        ("word/document.xml", "<document/>"),
        ("word/_rels/document.xml.rels", "<Relationships/>"),
    ];
    let xlsb = ROOT_RELS.replace("workbook.xml", "workbook.bin");
    let xlsb = [("_rels/.rels", xlsb.as_str()), ("xl/workbook.bin", "")];
    for (bytes, kind) in [
        (archive(&ods), ForeignFormat::OpenDocument),
        (archive(&docx), ForeignFormat::OtherDocument),
        (archive(&xlsb), ForeignFormat::BinaryWorkbook),
        (archive(&[("Index/Document.iwa", "")]), ForeignFormat::Numbers),
        (archive(&[("usage.csv", "a,b")]), ForeignFormat::Archive),
        (archive(&[]), ForeignFormat::Archive),
        (compound(&["Root Entry", "Workbook"]), ForeignFormat::OldWorkbook),
        (compound(&["Root Entry", "Book"]), ForeignFormat::OldWorkbook),
        (
            compound(&["Root Entry", "\u{6}DataSpaces", "Version", "EncryptionInfo", "EncryptedPackage"]),
            ForeignFormat::EncryptedWorkbook,
        ),
        (compound(&["Root Entry", "WordDocument"]), ForeignFormat::OtherDocument),
        (compound(&["Root Entry"]), ForeignFormat::CompoundFile),
        (compound(&[])[..20].to_vec(), ForeignFormat::CompoundFile),
        (b"%PDF-1.7".to_vec(), ForeignFormat::Pdf),
        (b"<html><table>".to_vec(), ForeignFormat::Html),
    ] {
        let Some(Stop::Refused(obstacle)) = open(&bytes).err() else { panic!("{kind:?} was read") };
        assert_eq!(obstacle.kind, ObstacleKind::Workbook(WorkbookFault::Foreign(kind)));
        let words = obstacle.to_string();
        assert!(words.starts_with("this ") && words.contains(": "), "{words}");
    }
}

/// A compound file whose directory has these streams.
fn compound(streams: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    bytes[30] = 9;
    bytes[48] = 1;
    for stream in streams {
        let mut entry: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry.resize(128, 0);
        bytes.extend(entry);
    }
    bytes
}

fn obstacle(stop: Option<Stop>) -> Obstacle {
    match stop {
        Some(Stop::Refused(obstacle)) => *obstacle,
        other => panic!("{other:?}"),
    }
}

#[test]
fn damage_is_told_and_an_error_of_the_disk_is_not_damage() {
    let whole = Parts::default().archive();
    let contents = ObstacleKind::Workbook(WorkbookFault::Damaged(Damage::Contents));
    assert_eq!(obstacle(open(&whole[..whole.len() - 40]).err()).kind, contents);
    assert_eq!(obstacle(open(b"PK\x03\x04").err()).kind, contents);
    assert!(matches!(Workbook::open(Failing, &Caps::default()).err(), Some(Stop::Io(_))));
}

/// A disk that fails.
struct Failing;

impl std::io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk fails"))
    }
}

impl Seek for Failing {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_changed_byte_is_found_by_the_check_sum() {
    let text = "the very same text that stands here and nowhere else";
    let sheet = format!("<row><c t=\"inlineStr\"><is><t>{text}</t></is></c></row>");
    let mut bytes = stored(&Parts { sheet: &sheet, ..Parts::default() });
    assert_eq!(shown(&bytes, &limits()), [format!("1 {text}")]);
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    bytes[at] = b'T';
    let last = shown(&bytes, &limits()).pop().unwrap();
    assert!(last.starts_with("the part `xl/worksheets/sheet1.xml` is damaged: "), "{last}");
}

/// The same workbook with nothing packed.
fn stored(parts: &Parts<'_>) -> Vec<u8> {
    let packed = parts.archive();
    let archive = rawzip::ZipArchive::from_slice(&packed).unwrap();
    let mut bytes = Vec::new();
    let mut out = rawzip::ZipArchiveWriter::new(&mut bytes);
    for entry in archive.entries() {
        let entry = entry.unwrap();
        let mut content = Vec::new();
        let data = archive.get_entry(entry.wayfinder()).unwrap().data();
        flate2::bufread::DeflateDecoder::new(data).read_to_end(&mut content).unwrap();
        let name = entry.file_path().as_bytes().to_vec();
        let (mut entry, config) = out.new_file(rawzip::path::EntryPath::verbatim(name)).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(&content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    out.finish().unwrap();
    bytes
}
