//! Each preset reads its fixture whole, and every way in which such a file may be written gives the same.

use std::{fmt::Write, path::Path, sync::Arc};

use truecount_billing::{BilledLine, UsageItem};
use truecount_exports::{Entered, Export, ExportEntry, ExportProfile, Gathered, PRESETS, Preset};
use truecount_tabular::{Bytes, WantedValues};

use crate::table::{FILE_NAME, read_bytes};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.csv"));
    std::fs::read_to_string(path).unwrap()
}

fn profile(preset: &Preset) -> Arc<ExportProfile> {
    preset.profile().unwrap()
}

/// A line for each line and item, and the receipt.
fn told((entries, gathered): &(Vec<ExportEntry>, Gathered)) -> String {
    let mut told = String::new();
    for entry in entries {
        let name = &entry.account.name;
        match &entry.what {
            Entered::Line(line) => writeln!(told, "{name}: {}", told_line(line)).unwrap(),
            Entered::Items(items) => {
                items.iter().for_each(|item| writeln!(told, "{name}: {}", told_item(item)).unwrap());
            }
        }
    }
    for word in &gathered.unknown_words {
        writeln!(told, "unknown {}: {} ({})", word.field, word.word, word.rows).unwrap();
    }
    let receipt = &gathered.receipt();
    write!(told, "rows {} = used {} + left out {:?}", receipt.rows, receipt.used, receipt.left_out).unwrap();
    assert_eq!(gathered.doubts, []);
    told
}

/// What is not usual, in short.
fn told_line(line: &BilledLine) -> String {
    let json = serde_json::to_string(line).unwrap();
    json.replace(['"', '{', '}'], "").replace(',', " ")
}

fn told_item(item: &UsageItem) -> String {
    let json = serde_json::to_string(item).unwrap();
    json.replace(['"', '{', '}'], "").replace(',', " ")
}

#[test]
fn each_preset_reads_its_fixture_whole() {
    for preset in PRESETS.iter() {
        let text = fixture(preset.name);
        let headings: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        assert!(preset.fits(&headings), "{}", preset.name);
        let read = read_bytes(&profile(preset), text.as_bytes()).unwrap_or_else(|why| panic!("{}: {why}", preset.name));
        insta::assert_snapshot!(preset.name, told(&read));
    }
}

#[test]
fn no_other_preset_takes_a_fixture() {
    for preset in PRESETS.iter() {
        let text = fixture(preset.name);
        let headings: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let fitting: Vec<&str> = PRESETS.iter().filter(|one| one.fits(&headings)).map(|one| one.name).collect();
        assert_eq!(fitting, [preset.name]);
    }
}

/// The cells of a fixture, each with what its column holds. The fixtures have no quotation marks.
fn cells(preset: &Preset, text: &str) -> Vec<Vec<(String, Written)>> {
    let profile = profile(preset);
    let input = Bytes(text.as_bytes());
    let export = Export::open(&profile, &input, FILE_NAME).unwrap();
    let written = |heading: &str| {
        let wanted = export.layout().wanted().iter().filter(|column| column.heading == heading);
        let holds = |column: &&truecount_tabular::WantedColumn| match column.values {
            WantedValues::Numbers { .. } => Some(Written::Number),
            WantedValues::Days { .. } => Some(Written::Day),
            _ => None,
        };
        wanted.filter_map(|column| holds(&column)).next().unwrap_or(Written::Text)
    };
    let headings: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let row = |line: &str| {
        line.split(',').zip(&headings).map(|(cell, heading)| (cell.to_owned(), written(heading))).collect()
    };
    text.lines().map(row).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Written {
    Text,
    Number,
    Day,
}

/// A number with points between thousands and a decimal comma.
fn european_number(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    let comma = if fraction.is_empty() { "" } else { "," };
    format!("{sign}{grouped}{comma}{fraction}")
}

/// A day as 30.06.2026, from `2026-06-30` or `6/30/2026`.
fn european_day(text: &str) -> String {
    let iso: Vec<&str> = text.split('-').collect();
    if let [year, month, day] = iso[..] {
        return format!("{day}.{month}.{year}");
    }
    let american: Vec<&str> = text.split('/').collect();
    match american[..] {
        [month, day, year] => format!("{day:0>2}.{month:0>2}.{year}"),
        _ => text.to_owned(),
    }
}

fn rewritten(rows: &[Vec<(String, Written)>], delimiter: &str) -> String {
    let cell = |(text, written): &(String, Written), is_header: bool| match written {
        Written::Number if !is_header => european_number(text),
        Written::Day if !is_header => european_day(text),
        _ if text.contains(delimiter) => format!("\"{text}\""),
        _ => text.clone(),
    };
    let line = |(at, row): (usize, &Vec<(String, Written)>)| {
        row.iter().map(|one| cell(one, at == 0)).collect::<Vec<_>>().join(delimiter) + "\r\n"
    };
    rows.iter().enumerate().map(line).collect()
}

/// Where rows have no ids, their line is one, and lines above the header move it.
fn without_lines(told: &str) -> String {
    let words = told.split(' ').collect::<Vec<_>>();
    let is_number = |at: usize| at > 0 && words[at - 1] == "row";
    words.iter().enumerate().map(|(at, word)| if is_number(at) { "N" } else { word }).collect::<Vec<_>>().join(" ")
}

#[test]
fn however_a_file_is_written_it_says_the_same() {
    for preset in PRESETS.iter() {
        let text = fixture(preset.name);
        let rows = cells(preset, &text);
        let expected = without_lines(&told(&read_bytes(&profile(preset), text.as_bytes()).unwrap()));
        let european = rewritten(&rows, ";");
        let tabs = rewritten(&rows, "\t");
        let titled = format!("Report for June\r\nGenerated by Ann\r\n\r\n{european}\r\n");
        let utf_16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(tabs.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let western: Vec<u8> = european.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let marked = format!("\u{feff}sep=;\r\n{european}");
        let variants: [(&str, Vec<u8>); 6] = [
            ("European", european.into_bytes()),
            ("title lines and an empty row behind", titled.into_bytes()),
            ("tabs in UTF-16", utf_16),
            ("Windows-1252", western),
            ("a mark and `sep=`", marked.into_bytes()),
            ("carriage returns alone", text.replace('\n', "\r").into_bytes()),
        ];
        for (what, bytes) in variants {
            let read =
                read_bytes(&profile(preset), &bytes).unwrap_or_else(|why| panic!("{} {what}: {why}", preset.name));
            assert_eq!(without_lines(&told(&read)), expected, "{} {what}", preset.name);
        }
    }
}

/// A workbook with numbers and days as spreadsheets keep them, below a title.
fn workbook(rows: &[Vec<(String, Written)>]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let date = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "Report for June").unwrap();
    for (at, row) in (2..).zip(rows) {
        for (column, (text, written)) in (0..).zip(row) {
            let number = text.parse::<f64>().ok().filter(|_| *written == Written::Number);
            let day = rust_xlsxwriter::ExcelDateTime::parse_from_str(&iso_day(text));
            match (number, day) {
                _ if text.is_empty() => {}
                (Some(number), _) => drop(sheet.write(at, column, number).unwrap()),
                (None, Ok(day)) if *written == Written::Day => {
                    sheet.write_with_format(at, column, &day, &date).unwrap();
                }
                _ => drop(sheet.write(at, column, text.as_str()).unwrap()),
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// A day of a fixture as `2026-06-30`.
fn iso_day(text: &str) -> String {
    match text.split('/').collect::<Vec<_>>()[..] {
        [month, day, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.to_owned(),
    }
}

/// Amounts without the zeros behind them, which no spreadsheet keeps.
fn without_zeros(told: &str) -> String {
    let trimmed = |word: &str| match word.split_once(".") {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) && whole.contains(':') => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        _ => word.to_owned(),
    };
    told.split(' ').map(trimmed).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_workbook_says_the_same_as_text() {
    for preset in PRESETS.iter() {
        let text = fixture(preset.name);
        let expected = without_zeros(&without_lines(&told(&read_bytes(&profile(preset), text.as_bytes()).unwrap())));
        let bytes = workbook(&cells(preset, &text));
        let read = read_bytes(&profile(preset), &bytes).unwrap_or_else(|why| panic!("{}: {why}", preset.name));
        assert_eq!(without_zeros(&without_lines(&told(&read))), expected, "{}", preset.name);
    }
}

#[test]
fn a_row_of_totals_is_no_line() {
    let preset = Preset::of_name("connectwise-additions").unwrap();
    let text = fixture(preset.name);
    let expected = told(&read_bytes(&profile(preset), text.as_bytes()).unwrap());
    let with_total = format!("{text}Total,,,,,,,35.5,2,1562.50,116.00,,,\n");
    assert_eq!(told(&read_bytes(&profile(preset), with_total.as_bytes()).unwrap()), expected);
}
