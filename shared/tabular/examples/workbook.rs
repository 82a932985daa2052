//! Makes large and hostile workbooks, and reads them: what they cost in time and memory is measured from outside.
//!
//! Usage: workbook make KIND FILE | workbook read FILE
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench, not the product")]

use std::fs::File;
use std::io::{BufWriter, Write};

use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};
use truecount_tabular::workbook::Workbook;
use truecount_tabular::{Caps, CellKind, RowReader};

const LAST_ROW: u32 = 1_048_576;
const RELS: &str =
    r#"<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns:r="u"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="sheet.xml"/>
    <Relationship Id="r2" Type="x/sharedStrings" Target="texts.xml"/><Relationship Id="r3" Type="x/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", kind, file] => make(kind, file),
        ["read", file] => println!("{}", read(file)),
        _ => println!("usage: workbook make KIND FILE | workbook read FILE"),
    }
}

/// Rows, cells, bytes of text and numbers; or the refusal.
fn read(file: &str) -> String {
    let book = Workbook::open(File::open(file).unwrap(), &Caps::default());
    let mut rows = match book.and_then(|book| book.first_sheet()) {
        Ok(rows) => rows,
        Err(stop) => return format!("refused: {stop}"),
    };
    let (mut row_count, mut cell_count, mut number_count, mut bytes) = (0_u64, 0_u64, 0_u64, 0);
    loop {
        match rows.next_row() {
            Ok(Some(row)) => {
                row_count += 1;
                for cell in row.cells().filter(|cell| !cell.is_blank()) {
                    cell_count += 1;
                    number_count += u64::from(cell.kind == CellKind::Number);
                    bytes += cell.text.len();
                }
            }
            Ok(None) => return format!("{row_count} rows, {cell_count} cells, {number_count} numbers, {bytes} bytes"),
            Err(stop) => return format!("refused: {stop}"),
        }
    }
}

fn make(kind: &str, file: &str) {
    let mut archive = ZipArchiveWriter::new(BufWriter::new(File::create(file).unwrap()));
    part(&mut archive, "_rels/.rels", |out| write!(out, "{RELS}").unwrap());
    part(&mut archive, "xl/workbook.xml", |out| write!(out, "{BOOK}").unwrap());
    part(&mut archive, "xl/_rels/workbook.xml.rels", |out| write!(out, "{BOOK_RELS}").unwrap());
    part(&mut archive, "xl/styles.xml", |out| write!(out, "{STYLES}").unwrap());
    part(&mut archive, "xl/texts.xml", |out| texts(kind, out));
    part(&mut archive, "xl/sheet.xml", |out| {
        if kind == "entities" {
            write!(out, r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"#)
                .unwrap();
        }
        write!(out, "<worksheet><sheetData>").unwrap();
        rows(kind, out);
        write!(out, "</sheetData></worksheet>").unwrap();
    });
    archive.finish().unwrap();
}

fn part<W: Write>(archive: &mut ZipArchiveWriter<W>, name: &str, fill: impl FnOnce(&mut dyn Write)) {
    let (mut entry, config) = archive.new_file(name).compression_method(CompressionMethod::DEFLATE).start().unwrap();
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
    let mut buffer = BufWriter::with_capacity(1 << 20, &mut writer);
    fill(&mut buffer);
    drop(buffer);
    let (encoder, descriptor) = writer.finish().unwrap();
    encoder.finish().unwrap();
    entry.finish(descriptor).unwrap();
}

fn texts(kind: &str, out: &mut dyn Write) {
    write!(out, "<sst>").unwrap();
    match kind {
        // As an export of devices has them: names and serial numbers that are there once, and a few words.
        "rows" => (0..2 * LAST_ROW).for_each(|n| write!(out, "<si><t>DESKTOP-{n:09X}</t></si>").unwrap()),
        "texts" => (0..20_000_000).for_each(|n| write!(out, "<si><t>{n}</t></si>").unwrap()),
        "long-texts" => (0..8000).for_each(|_| write!(out, "<si><t>{:>50000}</t></si>", "x").unwrap()),
        "long-text" => (0..1000).for_each(|_| write!(out, "{:>50000}", " ").unwrap()),
        _ => {}
    }
    write!(out, "</sst>").unwrap();
}

fn rows(kind: &str, out: &mut dyn Write) {
    match kind {
        "rows" => (1..=LAST_ROW).for_each(|row| {
            let (name, serial) = (2 * row - 2, 2 * row - 1);
            write!(
                out,
                r#"<row r="{row}" spans="1:8"><c r="A{row}" t="s"><v>{name}</v></c><c r="B{row}" t="s"><v>{serial}</v></c>
<c r="C{row}" t="inlineStr"><is><t>Client {} &amp; Co</t></is></c><c r="D{row}" s="1"><v>{}</v></c><c r="E{row}"><v>{row}</v></c>
<c r="F{row}"><v>{}.30000000000000004</v></c><c r="G{row}" t="b"><v>1</v></c><c r="H{row}" s="1"/></row>"#,
                row % 1000,
                46_000 + row % 365,
                row % 100,
            )
            .unwrap();
        }),
        "far" => write!(out, r#"<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row>"#).unwrap(),
        "blanks" => {
            let blanks = r#"<c s="1"/>"#.repeat(64);
            (0..LAST_ROW).for_each(|_| write!(out, "<row>{blanks}</row>").unwrap());
        }
        "cells" => {
            let blanks = r#"<c s="1"/>"#.repeat(128);
            (0..LAST_ROW).for_each(|_| write!(out, "<row>{blanks}</row>").unwrap());
        }
        "space" => (0..140_000).for_each(|_| write!(out, "<row>{:>50000}</row>", " ").unwrap()),
        _ => write!(out, "<row><c><v>&b;</v></c></row>").unwrap(),
    }
}
