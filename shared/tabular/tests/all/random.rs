//! Random files: no row is lost in any dialect, no column is read wrongly, and no bytes do harm.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fmt::Write;

use jiff::{
    SignedDuration, Timestamp,
    civil::Date,
    tz::{self, TimeZone},
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use truecount_tabular::{
    Bytes, DateOrder, DecimalMark, Delimiter, Form, NumberFinding, ObstacleKind, Obstacles, OmittedRow, Stop, Survey,
    SurveyOptions, TableReader, TotalRows, WantedColumn, WantedValues, survey,
};

/// How a file is written.
#[derive(Debug, Clone)]
struct Dialect {
    delimiter: char,
    line_end: &'static str,
    encoding: &'static str,
    quotes_all: bool,
    has_separator_line: bool,
    ends_with_break: bool,
    titles: Vec<String>,
    has_empty_rows: bool,
    has_total: bool,
    repeats_header: bool,
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let first = (
        prop::sample::select(vec![',', ';', '\t', '|']),
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        prop::sample::select(vec!["utf-8", "utf-8-bom", "utf-16-le", "utf-16-be", "windows-1252"]),
        any::<[bool; 6]>(),
    );
    let titles = prop::collection::vec("(Report|Devices of|Ltd)( [a-z]{1,9}){0,3}", 0..3);
    (first, titles).prop_map(|((delimiter, line_end, encoding, flags), titles)| Dialect {
        delimiter,
        line_end,
        encoding,
        quotes_all: flags[0],
        has_separator_line: flags[1],
        ends_with_break: flags[2],
        titles,
        has_empty_rows: flags[3],
        has_total: flags[4],
        repeats_header: flags[5],
    })
}

const HEADINGS: [&str; 4] = ["Client", "Serial", "Qty", "Note"];

/// A row: a name, an id, a number and a text that needs care.
type Written = (String, String, i32, String);

fn rows() -> impl Strategy<Value = Vec<Written>> {
    let name = "[A-Za-zéüß][A-Za-z é,;\"|'-]{0,12}[a-zé]";
    let note = "[a-z ,;|\t\"\n\ré]{0,12}";
    prop::collection::vec((name, "S[0-9]{1,6}", 0..10_000, note), 1..40)
}

impl Dialect {
    fn cell(&self, text: &str, out: &mut String) {
        let is_odd = text.contains([self.delimiter, '"', '\n', '\r']) || text.starts_with(' ');
        if self.quotes_all || is_odd {
            let _ = write!(out, "\"{}\"", text.replace('"', "\"\""));
        } else {
            out.push_str(text);
        }
    }

    fn row(&self, cells: &[&str], out: &mut String) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                out.push(self.delimiter);
            }
            self.cell(cell, out);
        }
        out.push_str(self.line_end);
    }

    fn write(&self, rows: &[Written]) -> Vec<u8> {
        let mut text = String::new();
        if self.has_separator_line {
            let _ = write!(text, "sep={}{}", self.delimiter, self.line_end);
        }
        for title in &self.titles {
            let _ = write!(text, "{title}{}", self.line_end);
        }
        self.row(&HEADINGS, &mut text);
        for (at, (client, serial, quantity, note)) in rows.iter().enumerate() {
            self.row(&[client, serial, &quantity.to_string(), note], &mut text);
            if self.has_empty_rows && at % 3 == 1 {
                text.push_str(self.line_end);
                self.row(&["", "", "", " "], &mut text);
            }
            if self.repeats_header && at % 7 == 3 {
                self.row(&HEADINGS, &mut text);
            }
        }
        if self.has_total {
            let total: i32 = rows.iter().map(|row| row.2).sum();
            self.row(&["Total", "", &total.to_string(), ""], &mut text);
        }
        if !self.ends_with_break {
            text.truncate(text.len() - self.line_end.len());
        }
        self.encoded(&text)
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            "utf-8-bom" => format!("\u{FEFF}{text}").into_bytes(),
            "utf-16-le" => format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16-be" => format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect(),
            "windows-1252" => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
            _ => text.as_bytes().to_vec(),
        }
    }
}

/// Settles what is wanted of a file, and reads it.
fn read<T>(
    bytes: &[u8],
    wanted: &[WantedColumn],
    options: &SurveyOptions,
    mut take: impl FnMut(&truecount_tabular::TableRow<'_>) -> T,
) -> Result<(Survey, Vec<T>), Obstacles> {
    let input = Bytes(bytes);
    let found = survey(&input, options).unwrap();
    let form: Form = found.settle(wanted)?;
    let mut table = TableReader::open(&input, &form).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = table.next_row().unwrap() {
        rows.push(take(&row));
    }
    assert!(table.counts().is_whole());
    assert_eq!(table.counts(), found.counts());
    Ok((found, rows))
}

proptest! {
    #[test]
    fn every_row_that_was_written_is_read_or_left_out_with_a_reason(dialect in dialect(), written in rows()) {
        let bytes = dialect.write(&written);
        let wanted = [
            WantedColumn::new("Client", WantedValues::Text),
            WantedColumn::new("Serial", WantedValues::Ids),
            WantedColumn::new("Qty", WantedValues::Numbers { mark: None }),
            WantedColumn::new("Note", WantedValues::Text),
        ];
        let options = SurveyOptions { headings: HEADINGS.map(str::to_owned).to_vec(), ..SurveyOptions::default() };
        let (found, read) = read(&bytes, &wanted, &options, |row| {
            let quantity = row.decimal(2).unwrap().unwrap();
            (row.text(0).to_owned(), row.text(1).to_owned(), quantity, row.text(3).to_owned())
        }).map_err(|obstacles| TestCaseError::fail(obstacles.to_string()))?;
        let expected: Vec<_> = written
            .iter()
            .map(|(client, serial, quantity, note)| {
                (client.trim().to_owned(), serial.clone(), Decimal::from(*quantity), note.trim().to_owned())
            })
            .collect();
        prop_assert_eq!(read, expected);
        let count = |reason| found.counts().left_out.get(&reason).copied().unwrap_or(0);
        prop_assert_eq!(count(OmittedRow::Separator), u64::from(dialect.has_separator_line));
        prop_assert_eq!(count(OmittedRow::Title), dialect.titles.len() as u64);
        prop_assert_eq!(count(OmittedRow::Header), 1);
        prop_assert_eq!(count(OmittedRow::Total), u64::from(dialect.has_total));
        prop_assert_eq!(count(OmittedRow::Note), 0);
    }

    #[test]
    fn a_column_of_numbers_is_read_rightly_or_left_open(
        values in prop::collection::vec((-2_000_000_i64..2_000_000, 0..4_u32), 1..12),
        is_comma in any::<bool>(),
        style in 0..6_usize,
        decorated in 0..5_usize,
    ) {
        let numbers: Vec<Decimal> = values.iter().map(|(units, scale)| Decimal::new(*units, *scale)).collect();
        let shown: Vec<String> = numbers.iter().map(|number| number_text(*number, is_comma, style, decorated)).collect();
        let bytes = one_column(&shown);
        let options = SurveyOptions { delimiter: Delimiter::new('\t'), ..SurveyOptions::default() };
        let wanted = |mark| [WantedColumn::new("Value", WantedValues::Numbers { mark })];
        let take = |row: &truecount_tabular::TableRow<'_>| row.decimal(0).unwrap().unwrap();
        match read(&bytes, &wanted(None), &options, take) {
            Ok((_, read)) => prop_assert_eq!(&read, &numbers, "{:?}", shown),
            Err(obstacles) => {
                let only = obstacles.first();
                prop_assert!(only.len() == 1 && only[0].kind == ObstacleKind::NumberOpen, "{} {:?}", obstacles, shown);
            }
        }
        let mark = if is_comma { DecimalMark::Comma } else { DecimalMark::Point };
        let (found, read) = read(&bytes, &wanted(Some(mark)), &options, take).unwrap();
        prop_assert_eq!(&read, &numbers, "told {:?}", shown);
        let is_sure = found.columns()[1].numbers.finding() == NumberFinding::Sure(mark);
        let has_marks = numbers.iter().any(|number| number.scale() > 0 && number.scale() != 3);
        prop_assert!(is_sure || !has_marks, "a fraction of one or two digits settles it: {:?}", shown);
    }

    #[test]
    fn a_column_of_days_is_read_rightly_or_left_open(
        values in prop::collection::vec((2000..2060_i16, 1..=12_i8, 1..=28_i8), 1..12),
        style in 0..10_usize,
    ) {
        let days: Vec<Date> = values.iter().map(|(year, month, day)| Date::new(*year, *month, *day).unwrap()).collect();
        let shown: Vec<String> = days.iter().map(|day| day_text(*day, style)).collect();
        let options = SurveyOptions { delimiter: Delimiter::new('\t'), ..SurveyOptions::default() };
        let wanted = [WantedColumn::new("Value", WantedValues::Days { order: None, zone: None })];
        match read(&one_column(&shown), &wanted, &options, |row| row.day(0).unwrap().unwrap()) {
            Ok((_, read)) => prop_assert_eq!(read, days, "{:?}", shown),
            Err(obstacles) => {
                let only = obstacles.first();
                let is_open = matches!(only[0].kind, ObstacleKind::DayOpen { .. });
                prop_assert!(only.len() == 1 && is_open, "{} {:?}", obstacles, shown);
            }
        }
    }

    #[test]
    fn moments_are_the_same_however_they_are_written(
        values in prop::collection::vec(946_684_800..2_900_000_000_i64, 1..12),
        style in 0..6_usize,
    ) {
        let zone = TimeZone::get("America/New_York").unwrap();
        let moments: Vec<Timestamp> = values.iter().map(|seconds| Timestamp::from_second(*seconds).unwrap()).collect();
        let shown: Vec<String> = moments.iter().map(|moment| moment_text(*moment, &zone, style)).collect();
        let options = SurveyOptions { delimiter: Delimiter::new('\t'), ..SurveyOptions::default() };
        let order = Some(DateOrder::MonthDayYear);
        let wanted = [WantedColumn::new("Value", WantedValues::Moments { order, zone: Some(zone.clone()) })];
        let (_, moments_read) = read(&one_column(&shown), &wanted, &options, |row| row.moment(0).unwrap().unwrap()).unwrap();
        for (moment, read) in moments.iter().zip(moments_read) {
            // the hour that comes twice in autumn is its first one, where no offset is written
            let is_second = style > 2 && *moment - read == SignedDuration::from_hours(1);
            prop_assert!(*moment == read || is_second, "{moment} {read} {shown:?}");
        }
        let wanted = [WantedColumn::new("Value", WantedValues::Days { order, zone: Some(zone.clone()) })];
        let (_, days) = read(&one_column(&shown), &wanted, &options, |row| row.day(0).unwrap().unwrap()).unwrap();
        let due: Vec<Date> = moments.iter().map(|moment| zone.to_datetime(*moment).date()).collect();
        prop_assert_eq!(days, due, "{:?}", shown);
    }

    #[test]
    fn bytes_of_every_kind_are_read_or_refused(
        pieces in prop::collection::vec(piece(), 0..60),
        totals in prop::sample::select(vec![TotalRows::IfSure, TotalRows::LeftOut, TotalRows::Data]),
    ) {
        let bytes = pieces.concat();
        let input = Bytes(&bytes);
        let options = SurveyOptions { totals, ..SurveyOptions::default() };
        match survey(&input, &options) {
            Ok(found) => {
                prop_assert!(found.counts().is_whole());
                let headings: Vec<&str> = found.columns().iter().map(|column| column.heading.as_str()).collect();
                let wanted: Vec<WantedColumn> =
                    headings.iter().map(|heading| WantedColumn::new(*heading, WantedValues::Text)).collect();
                if let Ok(form) = found.settle(&wanted) {
                    let mut table = TableReader::open(&input, &form).unwrap();
                    while table.next_row().unwrap().is_some() {}
                    prop_assert_eq!(table.counts(), found.counts());
                }
            }
            Err(Stop::Refused(obstacle)) => prop_assert!(!obstacle.to_string().is_empty()),
            Err(Stop::Io(error)) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
}

/// A file of two columns, separated by tabs.
fn one_column(values: &[String]) -> Vec<u8> {
    let mut text = "Line\tValue\n".to_owned();
    for (at, value) in values.iter().enumerate() {
        let _ = writeln!(text, "L{at}\t{value}");
    }
    text.into_bytes()
}

fn number_text(number: Decimal, is_comma: bool, style: usize, decorated: usize) -> String {
    let plain = number.abs().to_string();
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(whole, part)| (whole, Some(part)));
    let (mark, group) = match (is_comma, style) {
        (false, 0) => (".", ","),
        (true, 0) => (",", "."),
        (false, 1) => (".", " "),
        (true, 1) => (",", "\u{A0}"),
        (false, 2) => (".", "'"),
        (true, 2) => (",", "\u{202F}"),
        (false, _) => (".", ""),
        (true, _) => (",", ""),
    };
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push_str(group);
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        let _ = write!(text, "{mark}{fraction}");
    }
    let is_negative = number.is_sign_negative() && !number.is_zero();
    match (decorated, is_negative) {
        (0, true) => format!("({text})"),
        (1, true) => format!("{text}-"),
        (2, true) => format!("-${text}"),
        (2, false) => format!("${text}"),
        (3, true) => format!("-{text} €"),
        (3, false) => format!("{text} €"),
        (_, true) => format!("-{text}"),
        (_, false) => text,
    }
}

fn day_text(day: Date, style: usize) -> String {
    let form = match style {
        0 => "%Y-%m-%d",
        1 => "%d/%m/%Y",
        2 => "%m/%d/%Y",
        3 => "%d.%m.%Y",
        4 => "%d-%m-%Y",
        5 => "%m-%d-%y",
        6 => "%d/%m/%y",
        7 => "%d %b %Y",
        8 => "%B %d, %Y",
        _ => "%y-%m-%d",
    };
    day.strftime(form).to_string()
}

/// Moments in UTC, with another offset, or as the clock of the zone showed them.
fn moment_text(moment: Timestamp, zone: &TimeZone, style: usize) -> String {
    let local = zone.to_datetime(moment);
    match style {
        0 => moment.to_string(),
        1 => TimeZone::fixed(tz::offset(5)).to_datetime(moment).strftime("%Y-%m-%d %H:%M:%S+05:00").to_string(),
        2 => TimeZone::UTC.to_datetime(moment).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        3 => local.strftime("%m/%d/%Y %I:%M:%S %p").to_string(),
        4 => local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        _ => local.strftime("%d %B %Y, %H:%M:%S").to_string(),
    }
}

/// Bytes that files are made of, and some that they should not be.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = vec![
        &b"Client,Qty\n"[..],
        b"a;b;c\r\n",
        b"Total",
        b"sep=;",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\xFE\xFF",
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\t",
        b"|",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b"\x1a",
        b"\xE9",
        b"\xC3\xA9",
        b"1.234",
        b"1,5",
        b"9.9E+15",
        b"1/2/2026",
        b"2026-06-30T08:00:00Z",
        b"=\"7\"",
        b"($5.00)",
        b"PK\x03\x04",
        b"\xD0\xCF\x11\xE0",
        b" ",
        b"\xF0\x9D",
        b"\xED\xA0\x80",
    ];
    let known: Vec<Vec<u8>> = known.into_iter().map(<[u8]>::to_vec).collect();
    prop_oneof![4 => prop::sample::select(known), 1 => prop::collection::vec(any::<u8>(), 0..40)]
}
