//! Files as people hand them over: read to the last row, or refused with everything that stands in the way.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use truecount_tabular::{
    Bytes, DateOrder, DecimalMark, FaultyRows, Obstacles, OmittedRow, SurveyOptions, TableReader, TotalRows,
    WantedColumn, WantedValues, survey,
};

use WantedValues::{Days, Ids, Moments, Numbers, Text};

const NUMBERS: WantedValues = Numbers { mark: None };
const DAYS: WantedValues = Days { order: None, zone: None };
const MOMENTS: WantedValues = Moments { order: None, zone: None };

/// The wanted cells of each row as `a|b`, numbers and days as they were read.
fn read_by(bytes: &[u8], wanted: &[(&str, WantedValues)], options: &SurveyOptions) -> Result<Vec<String>, Obstacles> {
    let input = Bytes(bytes);
    let wanted: Vec<WantedColumn> =
        wanted.iter().map(|(heading, values)| WantedColumn::new(*heading, values.clone())).collect();
    let found = survey(&input, options).unwrap();
    assert!(found.counts().is_whole());
    let form = found.settle(&wanted)?;
    let mut table = TableReader::open(&input, &form).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = table.next_row().unwrap() {
        let cells: Vec<String> = wanted
            .iter()
            .enumerate()
            .map(|(at, column)| match column.values {
                Text | Ids => row.text(at).to_owned(),
                Numbers { .. } => row.decimal(at).unwrap().map_or("-".to_owned(), |number| number.to_string()),
                Days { .. } => row.day(at).unwrap().map_or("-".to_owned(), |day| day.to_string()),
                Moments { .. } => row.moment(at).unwrap().map_or("-".to_owned(), |moment| moment.to_string()),
            })
            .collect();
        rows.push(format!("{} {}", row.line(), cells.join("|")));
    }
    assert_eq!(table.counts(), found.counts());
    assert_eq!(table.counts().given as usize, rows.len());
    Ok(rows)
}

fn options(wanted: &[(&str, WantedValues)]) -> SurveyOptions {
    SurveyOptions { headings: wanted.iter().map(|(heading, _)| (*heading).to_owned()).collect(), ..Default::default() }
}

#[track_caller]
fn reads(bytes: impl AsRef<[u8]>, wanted: &[(&str, WantedValues)], rows: &[&str]) {
    for options in [options(wanted), SurveyOptions::default()] {
        let found = read_by(bytes.as_ref(), wanted, &options).unwrap_or_else(|obstacles| panic!("{obstacles}"));
        assert_eq!(found, rows);
    }
}

/// What is told, a line for each obstacle; only the beginnings are compared.
#[track_caller]
fn refuses(bytes: impl AsRef<[u8]>, wanted: &[(&str, WantedValues)], told: &[&str]) {
    let obstacles = read_by(bytes.as_ref(), wanted, &options(wanted)).map(|rows| rows.join("\n")).unwrap_err();
    let shown = obstacles.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), told.len(), "{shown}");
    for (line, told) in lines.iter().zip(told) {
        assert!(line.starts_with(told), "`{line}` does not begin with `{told}`");
    }
}

#[test]
fn a_table_is_read_in_every_dialect() {
    let wanted = [("Client", Text), ("Qty", NUMBERS), ("Seen", DAYS)];
    let rows = ["2 Café|2|2026-06-30", "3 Doe, Inc|3.5|2026-07-01"];
    reads("Client,Qty,Seen\nCafé,2,2026-06-30\n\"Doe, Inc\",3.5,2026-07-01\n", &wanted, &rows);
    reads("\u{FEFF}Client,Qty,Seen\r\nCafé,2,2026-06-30\r\n\"Doe, Inc\",3.5,2026-07-01", &wanted, &rows);
    reads("Client\tQty\tSeen\rCafé\t2\t30.06.2026\rDoe, Inc\t3,5\t1.7.2026\r", &wanted, &rows);
    let text = "Client;Qty;Seen\nCafé;2;30/06/2026\nDoe, Inc;3,5;01/07/2026\n";
    reads(text, &wanted, &rows);
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    reads(&utf_16, &wanted, &rows);
    reads(
        [&[0xFE, 0xFF][..], &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()].concat(),
        &wanted,
        &rows,
    );
    reads(
        text.replace('é', "\u{1}").into_bytes().iter().map(|b| if *b == 1 { 0xE9 } else { *b }).collect::<Vec<_>>(),
        &wanted,
        &rows,
    );
    reads(format!("sep=|\n{}", text.replace(';', "|")), &wanted, &["3 Café|2|2026-06-30", "4 Doe, Inc|3.5|2026-07-01"]);
}

#[test]
fn titles_totals_and_notes_are_left_out_with_a_reason() {
    let text = "Device report\nGenerated 30/06/2026\n\nCustomer,Serial,Qty\nA,S1,2\n,,\nB,S2,3\nCustomer,Serial,Qty\n\
                C,S3,4\nTotal,,9\n\nPrinted for Ann\n";
    let wanted = [("Customer", Text), ("Serial", Ids), ("Qty", NUMBERS)];
    reads(text, &wanted, &["5 A|S1|2", "7 B|S2|3", "9 C|S3|4"]);
    let found = survey(&Bytes(text.as_bytes()), &SurveyOptions::default()).unwrap();
    let left_out: Vec<(OmittedRow, u64)> =
        found.counts().left_out.iter().map(|(reason, count)| (*reason, *count)).collect();
    let expected = [
        (OmittedRow::Title, 2),
        (OmittedRow::Header, 1),
        (OmittedRow::RepeatedHeader, 1),
        (OmittedRow::Empty, 3),
        (OmittedRow::Total, 1),
        (OmittedRow::Note, 1),
    ];
    assert_eq!((found.counts().read, found.counts().given, left_out), (12, 3, expected.to_vec()));
}

#[test]
fn a_lone_text_with_data_behind_it_is_data() {
    let text = "Customer,Serial,Qty\n\nGroup A,,\nA,S1,2\n";
    reads(text, &[("Customer", Text), ("Qty", NUMBERS)], &["3 Group A|-", "4 A|2"]);
}

#[test]
fn a_client_called_total_is_not_left_out_silently() {
    let text = "Client;Qty\nAcme;3\nTotal;4\n";
    let wanted = [("Client", Text), ("Qty", NUMBERS)];
    refuses(text, &wanted, &["line 3: may be a row of totals, or one of data"]);
    let as_data = SurveyOptions { totals: TotalRows::Data, ..SurveyOptions::default() };
    assert_eq!(read_by(text.as_bytes(), &wanted, &as_data).unwrap(), ["2 Acme|3", "3 Total|4"]);
    let left_out = SurveyOptions { totals: TotalRows::LeftOut, ..SurveyOptions::default() };
    assert_eq!(read_by(text.as_bytes(), &wanted, &left_out).unwrap(), ["2 Acme|3"]);
}

#[test]
fn lone_carriage_returns_among_line_feeds_are_refused() {
    let wanted = [("Customer", Text)];
    refuses("Customer,Serial\rH,S1\rH,S2\nH,S3\nH,S4\nH,S5\n", &wanted, &["line 1: ends with a carriage return alone"]);
    refuses("Customer,Serial\rH,S1\rH,S2\nH,S3\r", &wanted, &["line 3: ends with a line feed"]);
    reads("Customer,Serial\rH,S1\r\"I\nJ\",S2\r", &wanted, &["2 H", "3 I\nJ"]);
    reads("Customer,Serial\r\r\nH,S1\r\r\n", &wanted, &["2 H"]);
}

#[test]
fn quotation_marks_that_swallow_rows_are_refused() {
    let wanted = [("Customer", Text), ("State", Text)];
    let text =
        "Customer,Serial,Model,State\nH,S1,\"24in all-in-one,active\nH,S2,tower,active\nH,S3,27\" all-in-one,active\n";
    refuses(text, &wanted, &["line 4, column `Model`: `all-in-one,active` stands behind a closing quotation mark"]);
    refuses(
        "Customer,State\nH,\"active\nI,active\n",
        &wanted,
        &["line 2, column `State`: `\"active` begins with a quotation mark"],
    );
    let endless = format!("Customer,State\nH,\"active\n{}", "I,active\n".repeat(200_000));
    refuses(endless, &wanted, &["line 2, column `State`: `\"active` begins with a quotation mark"]);
    reads("Customer,Model,State\nH,27\" wide,a\nI,\"27\"\" wide\",b\n", &wanted, &["2 H|a", "3 I|b"]);
}

#[test]
fn a_heading_that_is_there_twice_is_refused_where_it_is_wanted() {
    let text = "Line,Client,Qty,Price,Qty\n1,H,9,25.00,3\n";
    refuses(
        text,
        &[("Client", Text), ("Qty", NUMBERS)],
        &["line 1, column `Qty`: more than one column has this heading"],
    );
    reads(text, &[("Client", Text), ("Price", NUMBERS)], &["2 H|25.00"]);
}

#[test]
fn ids_that_a_spreadsheet_shortened_are_refused_where_they_are_ids() {
    let text = "Client,Serial\nH,9.91214E+15\nH,9.91214E+15\n";
    refuses(
        text,
        &[("Serial", Ids)],
        &[
            "line 2, column `Serial`: `9.91214E+15` was shortened",
            "line 3, column `Serial`: `9.91214E+15` was shortened",
        ],
    );
    reads(text, &[("Client", Ids), ("Serial", Text)], &["2 H|9.91214E+15", "3 H|9.91214E+15"]);
    refuses("Client,Qty\nH,1E+03\n", &[("Qty", NUMBERS)], &["line 2, column `Qty`: `1E+03` was shortened"]);
}

#[test]
fn an_export_of_a_european_is_read() {
    let text = "Line;Client;Product;Qty;Price;Start\n1;Harbour Dental;MNG-WKS;2,00;1.025,50;31/12/2025\n";
    reads(text, &[("Qty", NUMBERS), ("Price", NUMBERS), ("Start", DAYS)], &["2 2.00|1025.50|2025-12-31"]);
}

#[test]
fn what_the_values_leave_open_is_asked_and_the_profile_answers() {
    let text = "Client;Qty;Start\nA;1.234;1/2/2026\nB;7;3/3/2026\n";
    refuses(
        text,
        &[("Qty", NUMBERS), ("Start", DAYS)],
        &[
            "line 2, column `Qty`: is one number with a decimal point",
            "line 2, column `Start`: is another day by `D/M/Y`",
        ],
    );
    let us = [
        ("Qty", Numbers { mark: Some(DecimalMark::Point) }),
        ("Start", Days { order: Some(DateOrder::MonthDayYear), zone: None }),
    ];
    reads(text, &us, &["2 1.234|2026-01-02", "3 7|2026-03-03"]);
    let german = [
        ("Qty", Numbers { mark: Some(DecimalMark::Comma) }),
        ("Start", Days { order: Some(DateOrder::DayMonthYear), zone: None }),
    ];
    reads(text, &german, &["2 1234|2026-02-01", "3 7|2026-03-03"]);
    let wrong = [("Start", Days { order: Some(DateOrder::MonthDayYear), zone: None })];
    refuses("Client;Start\nA;31/12/2026\n", &wrong, &["line 2, column `Start`: is not a day in the order `M/D/Y`"]);
}

#[test]
fn a_moment_is_not_cut_to_a_day_until_the_zone_is_named() {
    let text = "Line,Start\n1,2025-12-31T23:00:00Z\n2,2026-06-30T22:00:00Z\n3,\n";
    refuses(text, &[("Start", DAYS)], &["line 2, column `Start`: is a moment whose day depends on the time zone"]);
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let berlin = [("Line", Ids), ("Start", Days { order: None, zone: Some(zone.clone()) })];
    reads(text, &berlin, &["2 1|2026-01-01", "3 2|2026-07-01", "4 3|-"]);
    // midnight as it is written is that day, wherever
    let days = "Line,Start\n1,2025-12-31T00:00:00Z\n2,2026-07-01 00:00\n";
    reads(days, &[("Start", DAYS)], &["2 2025-12-31", "3 2026-07-01"]);
    reads(days, &[("Start", Days { order: None, zone: Some(zone.clone()) })], &["2 2025-12-31", "3 2026-07-01"]);
    let local = "Line,Seen\n1,2026-06-30 08:00\n2,2026-06-30T08:00:00Z\n3,2026-07-01\n";
    refuses(local, &[("Seen", MOMENTS)], &["line 2, column `Seen`: is a moment whose day depends"]);
    let named = [("Seen", Moments { order: None, zone: Some(zone) })];
    reads(local, &named, &["2 2026-06-30T06:00:00Z", "3 2026-06-30T08:00:00Z", "4 2026-06-30T22:00:00Z"]);
    reads("Line,Seen\n1,2026-06-30\n", &[("Seen", MOMENTS)], &["2 2026-06-30T00:00:00Z"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text =
        "Client,Qty,Price,Start\nA,x,$5,2026-02-30\nB,2\nC,3,€5,n/a\nD,4,5%,2026-06-30,extra\n\u{1}E,5,6,2026-06-30\n";
    refuses(
        text,
        &[("Client", Text), ("Qty", NUMBERS), ("Price", NUMBERS), ("Start", DAYS), ("End", DAYS)],
        &[
            "`End` there is no such column; the file has `Client`, `Qty`, `Price`, `Start`",
            "line 2, column `Qty`: `x` is not a number",
            "line 2, column `Start`: `2026-02-30` is not a day or moment",
            "line 3: `B` begins a row of 2 cells, the header has 4",
            "line 4, column `Price`: amounts in more than one currency ($, €)",
            "line 4, column `Start`: `n/a` is not a day or moment",
            "line 5: `D` begins a row of 5 cells, the header has 4",
            "line 5, column `Price`: some values are percentages and others are not",
            "line 6, column `Client`: `\\u{1}E` has a control character (code 1)",
        ],
    );
    reads(&text.as_bytes()[..text.find("B,2").unwrap()], &[("Client", Text), ("Price", NUMBERS)], &["2 A|5"]);
}

#[test]
fn what_stands_for_nothing_is_said_by_the_profile() {
    let text = "Client;Qty;Seen\nA;-;Never\nB;2; NEVER \nC;n/a;2026-06-30\n";
    let wanted = [("Client", Text), ("Qty", NUMBERS), ("Seen", DAYS)];
    refuses(
        text,
        &wanted,
        &[
            "line 2, column `Qty`: `-` is not a number",
            "line 2, column `Seen`: `Never` is not a day",
            "line 3, column `Seen`: `NEVER` is not a day",
            "line 4, column `Qty`: `n/a` is not a number",
        ],
    );
    let nothing = ["-", "never", "N/A"].map(str::to_owned).to_vec();
    let options = SurveyOptions { nothing, ..SurveyOptions::default() };
    assert_eq!(read_by(text.as_bytes(), &wanted, &options).unwrap(), ["2 A|-|-", "3 B|2|-", "4 C|-|2026-06-30"]);
}

#[test]
fn cells_that_are_too_many_or_too_few_are_no_loss_where_they_are_empty() {
    let wanted = [("Client", Text), ("Qty", NUMBERS)];
    reads("Client,Qty,\nA,1,\nB,2\nC,3,\nD,4,,\n", &wanted, &["2 A|1", "3 B|2", "4 C|3", "5 D|4"]);
    refuses("Client,Qty,\nA,1,x,y\n", &wanted, &["line 2: `A` begins a row of 4 cells"]);
}

#[test]
fn a_zero_byte_and_bytes_that_are_no_text_are_refused() {
    let wanted = [("Client", Text)];
    refuses(b"Client,Note\nA,x\0y\n", &wanted, &["line 2, column `Note`: `x\\0y` has a control character"]);
    refuses(b"\xEF\xBB\xBFClient,Note\nA,x\n\xFFB,y\n", &wanted, &["line 3: `?B,y` has bytes that are no characters"]);
    let mut utf_16: Vec<u8> = "Client,Note\nA,x\nB,".encode_utf16().flat_map(u16::to_le_bytes).collect();
    utf_16.extend([0x00, 0xD8, b'\n', 0]);
    refuses(&utf_16, &wanted, &["line 3: `B,\u{FFFD}` has bytes that are no characters"]);
}

#[test]
fn a_workbook_is_read_as_delimited_text_is() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "Device report").unwrap();
    for (column, heading) in ["Client", "Qty", "Price", "Start", "Note"].iter().enumerate() {
        sheet.write_string(2, column as u16, *heading).unwrap();
    }
    for (row, (client, quantity)) in [("Acme", 2.0), ("Doe", 3.5)].iter().enumerate() {
        let row = row as u32 + 3;
        sheet.write_string(row, 0, *client).unwrap();
        sheet.write_number(row, 1, *quantity).unwrap();
        sheet.write_string(row, 2, "1.025,50").unwrap();
        let date = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 2, 1).unwrap();
        sheet.write_datetime_with_format(row, 3, &date, &day).unwrap();
    }
    sheet.write_string(5, 0, "Total").unwrap();
    sheet.write_number(5, 1, 5.5).unwrap();
    sheet.set_row_hidden(4).unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let found = survey(&Bytes(&bytes), &SurveyOptions::default()).unwrap();
    assert_eq!(found.sheet().unwrap().hidden_rows, [5], "read like the others, and told");
    let wanted = [("Client", Text), ("Qty", NUMBERS), ("Price", NUMBERS), ("Start", DAYS), ("Note", Text)];
    reads(bytes, &wanted, &["4 Acme|2|1025.50|2026-02-01|", "5 Doe|3.5|1025.50|2026-02-01|"]);
}

#[test]
fn rows_with_a_fault_are_given_to_those_who_ask_each_row() {
    let wanted = [WantedColumn::new("Client", Text), WantedColumn::new("Note", Text)];
    let text = b"Client,Free,Note\nA,1\x01,fine\nB,1,x,\nC,1,x,more\nD,1\nE,1,a\x02b\n";
    let input = Bytes(text);
    let known = options(&[("Client", Text), ("Note", Text)]);
    let refused = survey(&input, &known).unwrap().settle(&wanted).unwrap_err();
    assert_eq!(refused.count(), 3, "{refused}");
    let options = SurveyOptions { faulty_rows: FaultyRows::Given, ..known };
    let form = survey(&input, &options).unwrap().settle(&wanted).unwrap();
    let mut table = TableReader::open(&input, &form).unwrap();
    let mut told = Vec::new();
    while let Some(row) = table.next_row().unwrap() {
        let faults: Vec<String> = row.faults().iter().map(ToString::to_string).collect();
        told.push(format!("{} {}", row.text(0), faults.join(" | ")));
    }
    let told: Vec<&str> = told.iter().map(|told| told.split(':').next().unwrap()).collect();
    assert_eq!(told, ["A ", "B ", "C line 4", "D line 5", "E line 6, column `Note`"]);
}
