//! Exported files as sources: read as they come, all files of a day together, or refused with everything at once.

use rust_xlsxwriter::Workbook;
use truecount_billing::{ReadReason, ReadState, RowReason};
use truecount_connectors::{FileDay, Page, Reading, Snapshot, Source};

use crate::vendors::{connector, fixture, read, read_all, told};

const DEVICES: &str = r#"
side = "used"
only = { Source = "rmm" }
[columns]
account_id = "Customer ID"
account_name = "Customer"
item_id = "Serial"
item_name = "Host"
kind = "Type"
status = "State"
last_seen = "Seen"
quantity = "Units"
[words.kind]
Server = "server"
Desktop = "workstation"
Tablet = "mobile"
[words.status]
"In use" = "active"
"#;

/// The pages of one file.
fn pages(source: &Source, name: &str, bytes: &[u8]) -> Vec<Page> {
    let mut parts = source.file().unwrap().parts(name);
    let mut pages = parts.push(bytes);
    pages.extend(parts.finish());
    pages
}

fn of(source: &Source, files: &[(&str, &[u8])]) -> Snapshot {
    read_all(source, &together(source, files))
}

fn together(source: &Source, files: &[(&str, &[u8])]) -> Vec<Page> {
    files.iter().flat_map(|(name, bytes)| pages(source, name, bytes)).collect()
}

fn refusal(source: &Source, files: &[(&str, &[u8])]) -> String {
    read(source, &together(source, files)).expect_err("it is refused").to_string()
}

#[test]
fn usage_and_lines_by_their_profiles() {
    let name = "devices-2026-06-30.csv";
    let bytes = fixture(&format!("file/{name}"));
    insta::assert_json_snapshot!("usage", told(&of(&connector("file", DEVICES), &[(name, bytes.as_bytes())])));
    let billed = connector("file", "side = \"agreed\"\nconstants = { timing = \"arrears\" }");
    let bytes = fixture("file/lines-2026-06-30.csv");
    insta::assert_json_snapshot!("billed", told(&of(&billed, &[("lines-2026-06-30.csv", bytes.as_bytes())])));
}

#[test]
fn the_same_table_however_it_is_written() {
    let source = connector("file", DEVICES);
    let text = "Source,Customer ID,Customer,Serial,Host,Type,State,Seen,Units\n\
        rmm,7,Müller & Co,S1,srv-1,Server,In use,2026-06-29T08:00:00Z,1\n\
        rmm,8,Bolt,S2,pc-2,Desktop,In use,2026-06-30,2\n"
        .to_owned();
    let plain = of(&source, &[("x", text.as_bytes())]);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let titled = format!("Devices of all customers\n\n{text}");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            sheet.write_string(at as u32, column as u16, *cell).unwrap();
        }
    }
    let workbook = workbook.save_to_buffer().unwrap();
    for (what, bytes) in [
        ("CRLF", text.replace('\n', "\r\n").into_bytes()),
        ("tabs", text.replace(',', "\t").into_bytes()),
        ("UTF-16", utf16),
        ("titles", titled.into_bytes()),
        ("a workbook", workbook),
    ] {
        let read = of(&source, &[("x", &bytes)]);
        let accounts = |snapshot: &Snapshot| snapshot.accounts().collect::<Vec<_>>();
        assert_eq!(accounts(&read), accounts(&plain), "{what}");
    }
}

#[test]
fn files_of_one_day_are_read_together() {
    let source = connector("file", "side = \"used\"");
    let head = "account_id,account_name,item_id,kind\n";
    let one = format!("{head}A,Acme,1,server\nA,Acme,2,server\n");
    let other = format!("{head}B,Bolt,3,server\nA,Acme,2,server\n");
    let read = of(&source, &[("a.csv", one.as_bytes()), ("b.csv", other.as_bytes())]);
    assert_eq!((read.account_count(), read.item_count()), (2, 3));
    let rows = &read.receipt.streams["rows"];
    assert_eq!((rows.rows, rows.used, rows.left_out[&RowReason::Repeated]), (4, 3, 1));
}

#[test]
fn what_contradicts_itself_makes_its_account_doubtful() {
    let source = connector("file", "side = \"used\"");
    let text = "account_id,account_name,item_id,kind\nA,Acme,1,server\nA,Acme Ltd,2,server\nB,Bolt,3,server\nB,Bolt,3,workstation\nB,Bolt,4,server\nC,Cord,5,server\n";
    let read = of(&source, &[("x.csv", text.as_bytes())]);
    let states: Vec<ReadState> = read.accounts().map(|one| one.account.read_state).collect();
    let names = ["Acme", "Acme Ltd"].map(str::to_owned).to_vec();
    assert_eq!(states[0], ReadState::Doubtful(ReadReason::SeveralNames { names }));
    assert_eq!(states[1], ReadState::Complete, "one id of two kinds is two items");
    assert_eq!(states[2], ReadState::Complete);
    let text = "account_id,item_id,kind,quantity\nA,1,server,1\nA,1,server,2\n";
    let read = of(&source, &[("x.csv", text.as_bytes())]);
    let state = read.accounts().next().unwrap().account.read_state;
    let (id, file) = ("1".to_owned(), "x.csv".to_owned());
    assert_eq!(state, ReadState::Doubtful(ReadReason::RowsContradict { id, file, line: 3 }));
}

#[test]
fn rows_without_ids_are_rows_but_not_in_two_files() {
    let source = connector("file", "side = \"used\"\nitem_id = \"row\"");
    let text = "account_id,kind\nA,server\nA,server\n";
    let read = of(&source, &[("a.csv", text.as_bytes())]);
    assert_eq!((read.item_count(), read.receipt.streams["rows"].used), (2, 2));
    let error = refusal(&source, &[("a.csv", text.as_bytes()), ("b.csv", text.as_bytes())]);
    assert!(
        error.starts_with("b.csv: it and a.csv are of one day, and both have rows of `A` (2 in this one)"),
        "{error}"
    );
}

#[test]
fn everything_that_stands_in_the_way_is_told_at_once() {
    let source = connector("file", "side = \"used\"");
    let wrong = "account_id,item_id,kind,quantity\n,1,server,1\nA,9.91E+15,server,1\nA,2,server,many\n";
    let open = "account_id,item_id,kind\nA,\"1,server\n";
    let error = refusal(&source, &[("a.csv", wrong.as_bytes()), ("b.csv", open.as_bytes())]);
    for part in ["a.csv: ", "`many`", "9.91E+15", "b.csv: "] {
        assert!(error.contains(part), "{part}: {error}");
    }
    insta::assert_snapshot!("refused", error);
}

#[test]
fn rows_that_are_no_data_are_in_the_receipt() {
    let source = connector("file", "side = \"used\"");
    let text = "account_id,item_id,kind,quantity\nA,1,server,1\n,,,\nA,2,server,4\nTotal,,,5\n";
    let read = of(&source, &[("x.csv", text.as_bytes())]);
    let rows = &read.receipt.streams["rows"];
    assert_eq!((rows.rows, rows.used), (4, 2));
    assert_eq!((rows.left_out[&RowReason::EmptyRow], rows.left_out[&RowReason::TotalRow]), (1, 1));
}

#[test]
fn a_file_says_its_day_or_is_refused() {
    let day = |options: &str, name: &str| connector("file", options).file().unwrap().day_of(name);
    let known = |text: &str| FileDay::Known(text.parse().unwrap());
    assert_eq!(day("side = \"used\"", "rmm_2026-06-30.csv"), known("2026-06-30"));
    assert_eq!(day("side = \"used\"\nas_of = \"2026-05-31\"", "usage.csv"), known("2026-05-31"));
    assert_eq!(day("side = \"used\"\nas_of = \"modified\"", "usage.csv"), FileDay::WhenWritten);
    assert!(
        matches!(day("side = \"used\"", "usage.csv"), FileDay::Refused(why) if why.contains("its name has no date"))
    );
    let source = connector("file", "side = \"used\"\nas_of = \"column:Report date\"");
    let file = source.file().unwrap();
    assert_eq!(file.day_of("usage.csv"), FileDay::Inside);
    let in_file = |text: &str| {
        let mut spooled = truecount_connectors::SpooledFile::create().unwrap();
        std::io::Write::write_all(&mut spooled, text.as_bytes()).unwrap();
        file.day_in("usage.csv", &spooled).map_err(|error| error.to_string())
    };
    let head = "account_id,item_id,kind,Report date\n";
    assert_eq!(
        in_file(&format!("{head}A,1,server,2026-06-30\nA,2,server,2026-06-30\n")).unwrap().to_string(),
        "2026-06-30"
    );
    let error = in_file(&format!("{head}A,1,server,2026-06-30\nA,2,server,2026-06-29\n")).unwrap_err();
    assert_eq!(
        error,
        "usage.csv: column `Report date` says 2026-06-30, and 2026-06-29 on line 3: export one day to a file"
    );
    let error = in_file(&format!("{head}A,1,server,\n")).unwrap_err();
    assert!(error.starts_with("usage.csv: no row of column `Report date` says which day"), "{error}");
}

#[test]
fn a_large_file_goes_through_in_pages() {
    let billed = connector("file", "side = \"agreed\"");
    let mut text = String::from("line_id,client_id,client_name,product_code,quantity\n");
    for n in 0..100_000 {
        text.push_str(&format!("L{n},C{},\"Client, the {}th\nof many\",MNG,{}.50\n", n % 500, n % 500, n % 7));
    }
    let all = pages(&billed, "x", text.as_bytes());
    assert!(all.len() > 1 && all.iter().all(|page| page.body.len() < 5_000_000), "{}", all.len());
    let Reading::Whole(snapshot) = read(&billed, &all).unwrap() else { panic!("it does not move") };
    assert_eq!((snapshot.account_count(), snapshot.line_count()), (500, 100_000));
    let broken = text.replace("L69999,C499,", "L69999,C499,x,");
    let error = refusal(&billed, &[("lines.csv", broken.as_bytes())]);
    assert!(error.contains("line 140000"), "{error}");
}
