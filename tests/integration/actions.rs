//! Five hundred decisions through a filled-in file, as CSV and as a workbook: the good ones are recorded once, and each
//! kind of wrong row comes back with its reason.

use std::collections::BTreeMap;

use rust_xlsxwriter::Workbook;
use truecount_app::actions::{self, ActionBoard, ActionImport, RejectedFormat};
use truecount_reconciliation::ActionKind;
use truecount_store::Run;
use truecount_support::{SETTINGS, rule};

use crate::backend::TestBackend;

/// Clients, each of which is billed for two servers and uses three.
const CLIENTS: usize = 500;

/// As many as each kind of wrong row needs.
const FEWER: usize = 170;

type Cells = Vec<Vec<String>>;

/// A name that no other resembles by its digits.
fn name(client: usize) -> String {
    let syllables = ["ba", "ke", "di", "fu", "go", "ha", "me", "ni", "pu", "ra"];
    let of = |digit: usize| syllables[digit % 10];
    format!("Firm {}{}{} Ltd", of(client / 100), of(client / 10), of(client))
}

/// A closed June with an exception for each of so many clients.
async fn closed(clients: usize) -> (TestBackend, Run) {
    let mut billed = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    let mut usage = "account_id,account_name,item_id,kind,status\n".to_owned();
    for client in 0..clients {
        let name = name(client);
        billed += &format!("L{client},c{client},{name},MNG-SRV,2,45.50,GBP\n");
        for item in 0..3 {
            usage += &format!("a{client},{name},{client}-{item},server,active\n");
        }
    }
    let files = [
        ("archive/inbox/sources/psa/billed-2026-06-30.csv", billed.as_str()),
        ("archive/inbox/sources/rmm/usage-2026-06-30.csv", usage.as_str()),
    ];
    let backend = TestBackend::new(SETTINGS, &rule("MNG-SRV", "server"), &files).await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    let run_id = backend.close().await;
    backend.report(&run_id).await;
    let run = Run::load(&backend.env.store, "2026-06".parse().unwrap(), &run_id).await.unwrap().unwrap();
    (backend, run)
}

/// The run's exceptions.csv without the entry that has them all in it: the header, then a row for each client.
fn mailed(backend: &TestBackend, run: &Run) -> Cells {
    let text = backend.report_file(&run.run_id, "exceptions.csv");
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut cells: Cells = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let kind = place(&cells, "kind");
    cells.retain(|row| row[kind] != "service_at_many_clients");
    cells
}

fn place(cells: &Cells, column: &str) -> usize {
    cells[0].iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"))
}

fn fill(cells: &mut Cells, row: usize, filled: &[(&str, &str)]) {
    for (column, text) in filled {
        let at = place(cells, column);
        cells[row][at] = (*text).to_owned();
    }
}

fn to_csv(cells: &Cells, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    cells.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

/// As a clerk's spreadsheet program saves it: numbers are numbers.
fn to_xlsx(cells: &Cells) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, row) in (0..).zip(cells) {
        for (column, cell) in (0..).zip(row) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(at, column, number).unwrap(),
                Err(_) => sheet.write_string(at, column, cell).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

/// Decisions that are right, one kind after the other.
const GOOD: [&[(&str, &str)]; 6] = [
    &[("action", "approved")],
    &[("action", "adjusted"), ("quantity", "5"), ("note", "two are spares")],
    &[("action", "asked"), ("whom", "the client"), ("until", "2026-07-09")],
    &[("action", "Accept"), ("quantity", "2"), ("note", "agreed by phone")],
    &[("action", "dismissed"), ("note", "a test")],
    &[("action", "snoozed"), ("until", "31.12.2026")],
];

/// Rows that are wrong, and what is said of each.
const WRONG: [(&[(&str, &str)], &str); 16] = [
    (&[("exception_id", "x000000000000"), ("action", "approved")], "exception_id: run 2026-06-c1-"),
    (&[("exception_id", ""), ("action", "approved")], "exception_id: it is empty"),
    (&[("billed", "1"), ("action", "approved")], "billed: 1 in the file, 2 in run 2026-06-c1-"),
    (&[("should_bill", "9"), ("action", "approved")], "should_bill: 9 in the file, 3 in run"),
    (&[("client", "Somebody Else"), ("action", "approved")], "client: this exception is of `"),
    (&[("action", "fine")], "action: `fine` is no action; write approved, adjusted, asked"),
    (&[("note", "what now?")], "action: nothing says what is decided"),
    (&[("action", "adjusted")], "quantity: `adjusted` needs a quantity"),
    (&[("action", "adjusted"), ("quantity", "many")], "quantity: `many` is no number"),
    (&[("action", "adjusted"), ("quantity", "2")], "quantity: 2 are billed now"),
    (&[("action", "snoozed")], "until: `snoozed` needs the last day"),
    (&[("action", "snoozed"), ("until", "2026-06-30")], "until: 2026-06-30 is not after today"),
    (&[("action", "snoozed"), ("until", "1/2/2027")], "until: `1/2/2027` may be two days"),
    (&[("action", "accepted"), ("until", "2026-12-31")], "note: `accepted` needs a reason"),
    (&[("action", "accepted"), ("note", "so be it")], "until: `accepted` needs an end"),
    (&[("action", "approved"), ("whom", "kim")], "whom: `approved` has no use for who is asked"),
];

/// The sheet with all rows filled in, every tenth of them wrong; answers what is said of the wrong ones by row.
fn filled_in(backend: &TestBackend, run: &Run) -> (Cells, BTreeMap<usize, &'static str>) {
    let mut cells = mailed(backend, run);
    let clients = cells.len() - 1;
    let mut wrong = BTreeMap::new();
    for row in 1..=clients {
        if row % 10 == 0 {
            let (filled, reason) = WRONG[row / 10 % WRONG.len()];
            fill(&mut cells, row, filled);
            wrong.insert(row, reason);
        } else {
            fill(&mut cells, row, GOOD[row % GOOD.len()]);
        }
    }
    (cells, wrong)
}

async fn import(backend: &TestBackend, run: &Run, bytes: &[u8]) -> ActionImport {
    let board = ActionBoard::load(&backend.env, run).await.unwrap();
    let today = "2026-06-30".parse().unwrap();
    actions::import(&backend.env, &board, bytes, "kim", today).await.unwrap()
}

fn assert_rejected(imported: &ActionImport, wrong: &BTreeMap<usize, &str>) {
    let lines: Vec<_> = imported.rejected.iter().map(|row| row.line).collect();
    assert_eq!(lines, wrong.keys().map(|row| Some(*row as u64 + 1)).collect::<Vec<_>>());
    for (rejected, reason) in imported.rejected.iter().zip(wrong.values()) {
        assert_eq!(rejected.reasons.len(), 1, "{rejected:?}");
        assert!(rejected.reasons[0].starts_with(reason), "{reason}: {rejected:?}");
    }
}

#[tokio::test]
async fn five_hundred_decisions_are_recorded_once_and_wrong_rows_come_back() {
    let (backend, run) = closed(CLIENTS).await;
    let (cells, wrong) = filled_in(&backend, &run);
    let good = CLIENTS - wrong.len();
    let first = import(&backend, &run, &to_csv(&cells, b',')).await;
    assert_eq!((first.recorded.len(), first.already, first.untouched), (good, 0, 0));
    assert_rejected(&first, &wrong);
    let stored = backend.env.store.actions().await.unwrap();
    assert_eq!(stored.len(), good);
    assert!(stored.iter().all(|one| one.actor == "kim" && one.number == 1 && one.run_id == run.run_id));
    let of_kind = |kind| stored.iter().filter(|one| one.action.kind() == kind).count();
    assert!(ActionKind::ALL[..6].iter().all(|kind| of_kind(*kind) > 60), "{good}");

    for bytes in [to_csv(&cells, b','), to_csv(&cells, b';'), to_xlsx(&cells)] {
        let again = import(&backend, &run, &bytes).await;
        assert_eq!((again.recorded.len(), again.already), (0, good));
        assert_rejected(&again, &wrong);
    }
    assert_eq!(backend.env.store.actions().await.unwrap(), stored, "the same file again changes nothing");
}

#[tokio::test]
async fn rejected_rows_are_mended_in_their_file() {
    let (backend, run) = closed(FEWER).await;
    let (cells, wrong) = filled_in(&backend, &run);
    let first = import(&backend, &run, &to_xlsx(&cells)).await;
    assert_eq!(first.recorded.len(), FEWER - wrong.len());
    assert!(first.rejected_file(RejectedFormat::Xlsx).unwrap().is_some_and(|bytes| bytes.starts_with(b"PK")));
    let bytes = first.rejected_file(RejectedFormat::Csv).unwrap().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut returned: Cells =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(returned.len(), wrong.len() + 1);
    assert_eq!(returned[0].len(), cells[0].len() + 1, "every column comes back, and the reasons");
    let told = place(&returned, "rejected_because");
    for (row, reason) in returned[1..].iter().zip(wrong.values()) {
        assert!(row[told].starts_with(reason), "{row:?}");
    }
    let again = import(&backend, &run, &to_csv(&returned, b',')).await;
    assert_eq!((again.recorded.len(), again.rejected.len()), (0, wrong.len()));

    // Mended as it was mailed, with another decision.
    let mailed = mailed(&backend, &run);
    for (row, at) in wrong.keys().zip(1..) {
        returned[at] = mailed[*row].clone();
        returned[at].insert(told, String::new());
        fill(&mut returned, at, &[("action", "approved")]);
    }
    let mended = import(&backend, &run, &to_csv(&returned, b',')).await;
    assert_eq!((mended.recorded.len(), mended.rejected.len()), (wrong.len(), 0));
}

#[tokio::test]
async fn a_file_that_is_no_sheet_says_so_and_one_that_is_untouched_records_nothing() {
    let (backend, run) = closed(FEWER).await;
    let untouched = import(&backend, &run, &to_csv(&mailed(&backend, &run), b',')).await;
    assert_eq!((untouched.recorded.len(), untouched.untouched, untouched.rejected.len()), (0, FEWER, 0));
    for bytes in [&b""[..], b"a,b\n1,2\n", b"PK\x03\x04 damaged", b"\xD0\xCF\x11\xE0"] {
        let refused = import(&backend, &run, bytes).await;
        assert!(!refused.rejected.is_empty() && refused.recorded.is_empty(), "{refused:?}");
        assert!(refused.rejected_file(RejectedFormat::Csv).unwrap().is_none());
    }
    let mut twice = mailed(&backend, &run);
    twice.push(twice[1].clone());
    fill(&mut twice, 1, &[("action", "approved")]);
    fill(&mut twice, FEWER + 1, &[("action", "snoozed"), ("until", "2026-12-31")]);
    let refused = import(&backend, &run, &to_csv(&twice, b',')).await;
    assert_eq!((refused.recorded.len(), refused.rejected.len()), (0, 2));
    assert_eq!(refused.rejected[0].reasons, ["exception_id: it is decided twice in this file (lines 2, 172)"]);
}

/// As the mailed workbook has them: a sheet without exceptions, then two with headings for people.
fn sheets_of(cells: &Cells, rows: [&[usize]; 2]) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Summary").unwrap().write_string(0, 0, "Product count reconciliation").unwrap();
    for (name, rows) in ["Change the agreement", "Other exceptions"].into_iter().zip(rows) {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (column, heading) in (0..).zip(&cells[0]) {
            let heading = heading.replace('_', " ");
            let heading = format!("{}{}", heading[..1].to_uppercase(), &heading[1..]);
            sheet.write_string(0, column, heading).unwrap();
        }
        for (at, row) in (1..).zip(rows) {
            for (column, cell) in (0..).zip(&cells[*row]) {
                sheet.write_string(at, column, cell).unwrap();
            }
        }
        // What stands at the foot is no row.
        sheet.write_string(20, 1, "To add on these invoices, GBP").unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn every_sheet_of_the_mailed_workbook_is_read() {
    let (backend, run) = closed(4).await;
    let mut cells = mailed(&backend, &run);
    fill(&mut cells, 1, &[("action", "approved")]);
    fill(&mut cells, 2, &[("action", "snoozed")]);
    fill(&mut cells, 3, &[("action", "dismissed"), ("note", "a test")]);
    let imported = import(&backend, &run, &sheets_of(&cells, [&[1, 2], &[3, 4]])).await;
    assert_eq!((imported.recorded.len(), imported.untouched, imported.rejected.len()), (2, 1, 1), "{imported:?}");
    let rejected = &imported.rejected[0];
    assert_eq!((rejected.sheet.as_str(), rejected.line), ("Change the agreement", Some(3)));
    assert_eq!(rejected.reasons, ["until: `snoozed` needs the last day on which it holds"]);
    let returned = imported.rejected_file(RejectedFormat::Xlsx).unwrap().unwrap();
    let again = import(&backend, &run, &returned).await;
    assert_eq!((again.recorded.len(), again.rejected.len()), (0, 1), "{again:?}");
}
