//! A file in blocks is the same file: wherever a block ends, no character, cell or row is lost.

use proptest::prelude::*;

use super::{Cut, Cutter, DelimitedReader, Delimiter, find_encoding};
use crate::{
    caps::Caps,
    input::{Bytes, Input},
    row::{RowReader, Stop},
};

const UNCLOSED: &str = "a quotation mark is not closed";

/// The rows as `a|b`, read in blocks of a few bytes.
fn in_blocks(bytes: &[u8]) -> Vec<String> {
    let input = Bytes(bytes);
    let caps = Caps::default();
    let encoding = find_encoding(&input, None, &caps).unwrap();
    let mut reader = DelimitedReader::new(input.open().unwrap(), &encoding, Delimiter::COMMA, &caps).unwrap();
    let mut rows = Vec::new();
    loop {
        match reader.next_row() {
            Ok(Some(row)) => {
                let cells: Vec<&str> = row.cells().map(|cell| cell.text).collect();
                rows.push(cells.join("|"));
            }
            Ok(None) => return rows,
            Err(Stop::Refused(_)) => {
                rows.push(UNCLOSED.to_owned());
                return rows;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The same from the whole text at once.
fn at_once(text: &str) -> Vec<String> {
    let mut cutter = Cutter::new(b',');
    let (mut at, mut rows) = (0, Vec::new());
    while at < text.len() {
        let Cut::Row { used, .. } = cutter.cut(&text.as_bytes()[at..], true) else {
            rows.push(UNCLOSED.to_owned());
            break;
        };
        let is_doubled = cutter.odd.is_doubled;
        let cell = |start: u32, end: u32| {
            let cell = &text[at + start as usize..at + end as usize];
            if is_doubled { cell.replace("\"\"", "\"") } else { cell.to_owned() }
        };
        let cells: Vec<String> = cutter.spans.iter().map(|span| cell(span.start, span.end)).collect();
        rows.push(cells.join("|"));
        at += used;
    }
    rows
}

fn pieces() -> impl Strategy<Value = String> {
    let pieces =
        [",", "\n", "\r\n", "\r", "\"", "\"\"", "\"a\"", "\"b,\n\"", " ", "abc", "é", "€", "𝄞", "0123456789", "\t"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn blocks_make_no_difference(text in pieces()) {
        // a mark, so that a quotation mark alone is not taken for something else
        let marked = format!("\u{FEFF}{text}");
        let expected = at_once(&text);
        prop_assert_eq!(&in_blocks(marked.as_bytes()), &expected, "UTF-8");
        let utf_16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        prop_assert_eq!(&in_blocks(&utf_16), &expected, "UTF-16");
    }

    #[test]
    fn cells_that_the_csv_crate_writes_are_read(
        rows in prop::collection::vec(prop::collection::vec("[a-zé€ ,\"\n\r]{0,9}", 1..5), 0..12),
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let expected: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        prop_assert_eq!(in_blocks(&writer.into_inner().unwrap()), expected);
    }
}
