//! Random tables, and bytes of every kind.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Written {
    Nothing,
    Text(String),
    /// A number as it is typed: at most 15 digits.
    Number(String),
    Boolean(bool),
    /// Days since the end of 1899, and seconds.
    Moment(u32, u32),
}

fn cell() -> impl Strategy<Value = Written> {
    let text = prop_oneof!["[a-zA-Z&<>\"' \n\t_x0-9;,é日]{1,12}", "\\PC{1,6}", "(_x[0-9A-F]{4}_){1,3}"];
    prop_oneof![
        2 => Just(Written::Nothing),
        4 => text.prop_filter("blank", |text| !text.trim().is_empty()).prop_map(Written::Text),
        4 => "-?(0|[1-9][0-9]{0,8})\\.[0-9]{0,5}[1-9]".prop_map(Written::Number),
        2 => "-?[1-9][0-9]{0,14}".prop_map(Written::Number),
        1 => any::<bool>().prop_map(Written::Boolean),
        2 => (61_u32..100_000, 0_u32..86_400).prop_map(|(day, second)| Written::Moment(day, second)),
    ]
}

fn table() -> impl Strategy<Value = Vec<Vec<Written>>> {
    prop::collection::vec(prop::collection::vec(cell(), 0..6), 0..8)
}

fn saved(table: &[Vec<Written>]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let moment = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    for (row, cells) in table.iter().enumerate() {
        let row = u32::try_from(row).unwrap();
        for (column, cell) in cells.iter().enumerate() {
            let column = u16::try_from(column).unwrap();
            match cell {
                Written::Nothing => Ok(&mut *sheet),
                Written::Text(text) => sheet.write_string(row, column, text),
                Written::Number(text) => sheet.write_number(row, column, text.parse::<f64>().unwrap()),
                Written::Boolean(value) => sheet.write_boolean(row, column, *value),
                Written::Moment(day, second) => {
                    let serial = format!("{day}.{:015}", u128::from(*second) * 1_000_000_000_000_000 / 86_400);
                    sheet.write_number_with_format(row, column, serial.parse::<f64>().unwrap(), &moment)
                }
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

fn expected(cell: &Written) -> (CellKind, String) {
    match cell {
        Written::Nothing => (CellKind::Text, String::new()),
        Written::Text(text) => (CellKind::Text, text.clone()),
        Written::Number(text) => (CellKind::Number, text.clone()),
        Written::Boolean(value) => (CellKind::Boolean, value.to_string()),
        Written::Moment(day, second) => {
            let day = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(i64::from(*day))).unwrap();
            (CellKind::Moment, format!("{day}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60))
        }
    }
}

/// Reads everything that there is, whatever it is; a refusal is fine.
fn read_all(bytes: &[u8]) -> usize {
    let limits = Limits { bytes: 50_000_000, ..limits() };
    let Ok(book) = Workbook::open_within(Cursor::new(bytes), limits) else { return 0 };
    let mut count = 0;
    for sheet in book.sheets() {
        let Ok(mut rows) = book.rows(sheet) else { continue };
        while let Ok(Some(row)) = rows.next_row() {
            count += row.cells().map(|cell| cell.text.len()).sum::<usize>();
        }
    }
    count
}

proptest! {
    #[test]
    fn a_table_that_was_written_is_read_back(table in table()) {
        let bytes = saved(&table);
        let mut rows = open(&bytes).unwrap().first_sheet().unwrap();
        let mut read = vec![Vec::new(); table.len()];
        while let Some(row) = rows.next_row().unwrap() {
            let cells = row.cells().map(|cell| (cell.kind, cell.text.to_owned())).collect();
            read[usize::try_from(row.line() - 1).unwrap()] = cells;
        }
        for (cells, read) in table.iter().zip(read) {
            let last = cells.iter().rposition(|cell| !matches!(cell, Written::Nothing)).map_or(0, |at| at + 1);
            let wanted: Vec<_> = cells[..last].iter().map(expected).collect();
            prop_assert_eq!(wanted, read);
        }
    }

    #[test]
    fn bytes_of_every_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600), begin in 0_usize..4) {
        let begin: &[u8] = [&b"PK\x03\x04"[..], b"PK\x05\x06", &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], b""][begin];
        read_all(&[begin, &bytes].concat());
    }

    #[test]
    fn a_workbook_with_changed_bytes_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = stored(&Parts::default());
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let end = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
        read_all(&bytes[..end]);
    }

    #[test]
    fn xml_of_every_kind_is_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<row>", "</row>", "<row r='3'>", "<row r='x'/>", "<c>", "</c>", "<c r='B3' t='s'>", "<c t='str' s='1'>", "<c t=", "<v>",
            "</v>", "<v/>", "1", "-1e9", "46203.5", "<f>", "</f>", "<f t='array' ref='A1:B9'/>", "<is>", "</is>", "<t>", "</t>", "<r>",
            "</r>", "&amp;", "&#0;", "&#xD800;", "&", "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE x>", "<?x?>", "</sheetData>",
            "<sheetData>", "\u{FEFF}", "_xD83D_", "日", "\"", ">",
        ]), 0..30),
    ) {
        let sheet = pieces.concat();
        read_all(&Parts { sheet: &sheet, texts: &sheet, ..Parts::default() }.archive());
    }
}
