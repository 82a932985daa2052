//! Workbooks that were made to hurt, or grew large by accident: each is read in little memory, or refused.

use super::*;

/// The refusal of a workbook, after so many rows.
fn refused(parts: &Parts<'_>, limits: &Limits) -> (usize, String) {
    let mut lines = shown(&parts.archive(), limits);
    let last = lines.pop().unwrap_or_default();
    (lines.len(), last)
}

#[test]
fn a_cell_far_away_costs_nothing_or_is_refused() {
    let far = |cell: &str| format!(r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">{cell}</row>"#);
    let blank = far(r#"<c r="XFD1048576" t="inlineStr"><is><t> </t></is></c>"#);
    let expected = ["1 Number 1", "1048576"];
    assert_eq!(shown(&Parts { sheet: &blank, ..Parts::default() }.archive(), &limits()), expected);
    let filled = far(r#"<c r="XFD1048576"><v>1</v></c>"#);
    let over = "line 1048576, column 16384: more than 1024 cells in a row: export less at once, or divide the file";
    assert_eq!(refused(&Parts { sheet: &filled, ..Parts::default() }, &limits()), (1, over.to_owned()));
}

#[test]
fn each_cap_is_named() {
    let small = limits();
    let row = "<row><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row>";
    let long = format!("<row><c t='inlineStr'><is><t>{}</t></is></c></row>", "x".repeat(200));
    let nested = format!("<row><c>{}{}</c></row>", "<a>".repeat(9), "</a>".repeat(9));
    let rows = row.repeat(3);
    let tall = format!("<row r='7'>{}</row>", "<c t='s'><v>0</v></c>".repeat(3));
    let formats = "<numFmt numFmtId='1' formatCode='0'/><numFmt numFmtId='2' formatCode='0'/><numFmt numFmtId='3' formatCode='0'/>";
    let tag = format!("<row><c x='{}'/></row>", "x".repeat(200_000));
    let comment = format!("<row><!--{}--></row>", "x".repeat(200_000));
    for (limits, sheet, words) in [
        (Limits { rows: 2, ..small.clone() }, rows.as_str(), "more than 2 rows in the file"),
        (Limits { cells: 5, ..small.clone() }, &rows, "more than 5 cells in the sheet"),
        (Limits { columns: 2, ..small.clone() }, &tall, "line 7, column 3: more than 2 cells in a row"),
        (Limits { row_bytes: 12, ..small.clone() }, &tall, "line 7, column 3: more than 12 bytes in a row"),
        (Limits { cell_bytes: 199, ..small.clone() }, &long, "line 1, column 1: more than 199 bytes in a cell"),
        (Limits { cell_bytes: 5, ..small.clone() }, row, "more than 5 bytes in a cell"),
        (
            Limits { nesting: 8, ..small.clone() },
            &nested,
            "more than 8 elements one within the other in the workbook's XML",
        ),
        (Limits { bytes: 1500, ..small.clone() }, &rows.repeat(9), "more than 1500 bytes in the file"),
        (Limits { parts: 6, ..small.clone() }, row, "more than 6 parts in the workbook"),
        (Limits { sheets: 0, ..small.clone() }, row, "more than 0 sheets in the workbook"),
        (Limits { formats: 4, ..small.clone() }, row, "more than 4 formats in the workbook"),
        (Limits { shared_texts: 1, ..small.clone() }, row, "more than 1 texts in the workbook"),
        (Limits { shared_text_bytes: 10, ..small.clone() }, row, "more than 10 bytes in the texts of the workbook"),
        (
            Limits { markup_bytes: 100_000, ..small.clone() },
            &tag,
            "more than 100000 bytes in one piece of the workbook's XML",
        ),
        (
            Limits { markup_bytes: 100_000, ..small.clone() },
            &comment,
            "more than 100000 bytes in one piece of the workbook's XML",
        ),
    ] {
        let parts = Parts { sheet, formats, ..Parts::default() };
        let (_, last) = refused(&parts, &limits);
        assert_eq!(last, format!("{words}: export less at once, or divide the file"));
    }
    assert_eq!(shown(&Parts { sheet: &rows, formats, ..Parts::default() }.archive(), &small).len(), 3);
}

#[test]
fn entities_are_not_expanded() {
    let lol = r#"<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>"#;
    let sheet =
        format!("<?xml version='1.0'?>{lol}<worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>");
    let (rows, last) = refused(&Parts { sheet: &sheet, ..Parts::default() }, &limits());
    assert_eq!(rows, 0);
    assert!(last.starts_with("the part `xl/worksheets/sheet1.xml` declares a document type"), "{last}");
    let texts = "<si><t>&c;</t></si>";
    let (_, last) = refused(&Parts { texts, ..Parts::default() }, &limits());
    assert!(last.starts_with("the part `xl/sharedStrings.xml` uses the entity `c`"), "{last}");
    let workbook = r#"<workbook><sheets><sheet name="&c;" r:id="r1"/></sheets></workbook>"#;
    let (_, last) = refused(&Parts { workbook, ..Parts::default() }, &limits());
    assert!(last.starts_with("the part `xl/workbook.xml` is damaged"), "{last}");
}

/// A long text that every cell of a row refers to.
#[test]
fn a_shared_text_is_not_multiplied_without_end() {
    let texts = format!("<si><t>{}</t></si>", "x".repeat(100_000));
    let sheet = format!("<row>{}</row>", "<c t='s'><v>0</v></c>".repeat(900));
    let (rows, last) = refused(&Parts { sheet: &sheet, texts: &texts, ..Parts::default() }, &limits());
    assert_eq!(rows, 0);
    assert!(last.starts_with("line 1, column 11: more than 1048576 bytes in a row"), "{last}");
}

#[test]
fn blanks_by_the_thousand_are_read_by() {
    let blanks =
        "<row><c s='1'/><c s='1'/><c s='1'/><c s='1'/><c s='1'/><c s='1'/><c s='1'/><c s='1'/></row>".repeat(20_000);
    let bytes = Parts { sheet: &format!("{blanks}<row><c><v>1</v></c></row>"), ..Parts::default() }.archive();
    assert!(bytes.len() < 50_000, "{}", bytes.len());
    let lines = shown(&bytes, &limits());
    assert_eq!((lines.len(), lines.last().map(String::as_str)), (20_001, Some("20001 Number 1")));
}
