//! Files with mappings: every problem is reported with its row, every encoding is read, a stale row is refused, and
//! what is dropped in the inbox counts in the next run.

use std::fs;

use truecount_app::mapping::{self, ImportResult, MappingSheet, MappingWorkspace, RowState, Strictness};
use truecount_support::{SETTINGS, file_names};

use crate::backend::TestBackend;
use crate::smoke::RULES;

const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency
1,c1,Harbour Dental,MNG-SRV,2,45.50,GBP
2,c2,\"Mill, Sons & Co\",MNG-SRV,1,45.50,GBP
3,c3,Café Größe,MNG-SRV,1,45.50,GBP
4,c4,Twin,MNG-SRV,1,45.50,GBP
5,c5,Twin,MNG-SRV,1,45.50,GBP
";

const USAGE: &str = "account_id,account_name,item_id,kind,status,site
a1,Alpha,1,server,active,leeds
a1,Alpha,2,server,active,york
a1,Alpha,3,server,active,york
a2,=Beta,1,server,active,
a2,=Beta,2,server,active,
0017,Gamma Größe,1,server,active,
";

async fn synced() -> TestBackend {
    let files = [
        ("archive/inbox/sources/psa/billed-2026-06-30.csv", BILLED),
        ("archive/inbox/sources/rmm/usage-2026-06-30.csv", USAGE),
    ];
    let backend = TestBackend::new(SETTINGS, RULES, &files).await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend
}

async fn book(backend: &TestBackend) -> MappingWorkspace {
    MappingWorkspace::load(&backend.env, &backend.config).await.unwrap()
}

type Cells = Vec<Vec<String>>;

/// What is exported: the header, then a1 (row 2), a2 (row 3), 0017 (row 4), by what hangs on them.
async fn exported(backend: &TestBackend) -> Cells {
    let bytes = MappingSheet::of(&book(backend).await, |_| true).to_csv().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{FEFF}').unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn written(cells: &[Vec<String>], delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    cells.iter().for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn set(cells: &mut [Vec<String>], row: usize, column: &str, text: &str) {
    let at = cells[0].iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"));
    cells[row - 1][at] = text.to_owned();
}

async fn import(backend: &TestBackend, bytes: &[u8], strictness: Strictness) -> ImportResult {
    mapping::import(&backend.env, &book(backend).await, bytes, "kim", strictness).await.unwrap()
}

/// The accounts that are decided, with whose they are.
async fn decided(backend: &TestBackend) -> Vec<String> {
    let mut rows: Vec<_> = book(backend)
        .await
        .rows()
        .into_iter()
        .filter(|row| row.state != RowState::Undecided)
        .map(|row| {
            format!("{} {}", row.account_id, row.client_id.map_or(row.state.as_str().to_owned(), |id| id.to_string()))
        })
        .collect();
    rows.sort();
    rows
}

type Change = fn(&mut Cells);

/// Each problem, and what is reported about it. Row 4 is good in each of them.
const FAULTS: &[(&str, Change, &str)] = &[
    (
        "an id twice",
        |cells| {
            let mut again = cells[1].clone();
            again.iter_mut().skip(8).take(5).for_each(String::clear);
            cells.push(again);
            set(cells, 2, "client", "c1");
        },
        "line 2, column `key`: it is in this file twice (lines 2, 5); remove one",
    ),
    (
        "decided twice",
        |cells| {
            cells.push(cells[1].clone());
            set(cells, 2, "client", "c1");
            set(cells, 5, "client", "c2");
        },
        "line 5, column `key`: it is decided twice in this file (lines 2, 5); remove one",
    ),
    (
        "a missing column",
        |cells| set(cells, 1, "last_decision", "decided"),
        "the column `last_decision` is missing; fill in a file from `truecount mappings export`",
    ),
    (
        "a column twice",
        |cells| set(cells, 1, "source", "client"),
        "line 1, column `client`: more than one column has this heading: rename or remove one of them",
    ),
    (
        "an unknown client",
        |cells| set(cells, 2, "client", "Harbor Dental [c9]"),
        "line 2, column `client`: the PSA has no client `Harbor Dental [c9]`; choose one from the list",
    ),
    (
        "a name of two clients",
        |cells| set(cells, 2, "client", "Twin"),
        "line 2, column `client`: several clients are called `Twin`; write the id",
    ),
    (
        "an unknown account",
        |cells| {
            set(cells, 2, "key", "rmm#a9");
            set(cells, 2, "client", "c1");
        },
        "line 2, column `key`: the last sync has no such vendor account",
    ),
    (
        "a sorted column",
        |cells| {
            set(cells, 2, "account_name", "Gamma Größe");
            set(cells, 2, "client", "c1");
        },
        "line 2, column `account_name`: this vendor account is called `Alpha` now; was it renamed",
    ),
    (
        "a wrong word",
        |cells| set(cells, 2, "decision", "maybe"),
        "line 2, column `decision`: `maybe` is not a decision; write one of: confirm, ignore internal",
    ),
    ("no reason", |cells| set(cells, 2, "decision", "ignore"), "line 2, column `decision`: write why: ignore internal"),
    (
        "two answers",
        |cells| {
            set(cells, 2, "decision", "ignore internal");
            set(cells, 2, "client", "c1");
        },
        "line 2, column `client`: it is filled in, but the decision is `ignore`; clear one of the two",
    ),
    (
        "a wrong month",
        |cells| {
            set(cells, 2, "client", "c1");
            set(cells, 2, "from_month", "07/2026");
        },
        "line 2, column `from_month`: `07/2026` is not a month; write it as 2026-07",
    ),
    (
        "only a note",
        |cells| set(cells, 2, "note", "same street"),
        "line 2, column `decision`: no decision; write one of: confirm",
    ),
    (
        "a split by nothing",
        |cells| set(cells, 2, "split", "domain: a=c1"),
        "line 2, column `split`: no item in `a1` has the attribute `domain`; it can be split by: site",
    ),
    (
        "a split without form",
        |cells| set(cells, 2, "split", "leeds c1"),
        "line 2, column `split`: write it like this: site: 12=250",
    ),
    (
        "nothing to undo",
        |cells| set(cells, 2, "decision", "undo"),
        "line 2, column `decision`: there is no decision about it to undo",
    ),
    (
        "a changed number",
        |cells| {
            set(cells, 2, "client", "c1");
            set(cells, 2, "last_decision", "");
        },
        "line 2, column `last_decision`: it is not the number that was exported",
    ),
    (
        "too many cells",
        |cells| {
            set(cells, 2, "client", "c1");
            cells[1].push("more".to_owned());
        },
        "line 2: begins a row of 20 cells, the header has 19",
    ),
];

#[tokio::test]
async fn every_fault_names_its_row_and_good_rows_are_kept_unless_it_is_strict() {
    for (name, change, expected) in FAULTS {
        let backend = synced().await;
        let mut cells = exported(&backend).await;
        set(&mut cells, 4, "client", "Café Größe [c3]");
        change(&mut cells);
        let bytes = written(&cells, b',').into_bytes();
        let strict = import(&backend, &bytes, Strictness::AllOrNothing).await;
        let refused: Vec<String> = strict.refused.iter().map(ToString::to_string).collect();
        assert!(refused.iter().any(|row| row.starts_with(expected)), "{name}: {refused:#?}");
        assert!(strict.decided.is_empty() && decided(&backend).await.is_empty(), "{name}");
        let kept = import(&backend, &bytes, Strictness::GoodRows).await;
        assert_eq!(kept.refused.iter().map(ToString::to_string).collect::<Vec<_>>(), refused, "{name}");
        let whole_file = expected.starts_with("the column ") || expected.starts_with("line 1,");
        let good: &[&str] = if whole_file { &[] } else { &["0017 c3"] };
        assert_eq!(decided(&backend).await, good, "{name}");
    }
}

#[tokio::test]
async fn a_file_is_read_in_every_encoding_and_with_every_separator() {
    fn utf_16(text: &str, bom: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let begin = if bom { "\u{FEFF}" } else { "" };
        format!("{begin}{text}").encode_utf16().flat_map(bytes).collect()
    }
    type Case = (&'static str, fn(&str) -> Vec<u8>, &'static str);
    let cases: [Case; 8] = [
        ("utf-8", |text| text.as_bytes().to_vec(), ""),
        ("utf-8 with a mark", |text| format!("\u{FEFF}{text}").into_bytes(), ""),
        ("utf-16 le", |text| utf_16(text, true, u16::to_le_bytes), "the file was read as UTF-16LE"),
        ("utf-16 be", |text| utf_16(text, true, u16::to_be_bytes), "the file was read as UTF-16BE"),
        ("utf-16 le without a mark", |text| utf_16(text, false, u16::to_le_bytes), "the file was read as UTF-16LE"),
        ("utf-16 be without a mark", |text| utf_16(text, false, u16::to_be_bytes), "the file was read as UTF-16BE"),
        (
            "windows-1252",
            |text| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect(),
            "the file was read as windows-1252",
        ),
        ("with a line for Excel", |text| format!("sep=;\n{text}").into_bytes(), ""),
    ];
    for (name, encoded, note) in cases {
        for delimiter in [b',', b';', b'\t'] {
            if name == "with a line for Excel" && delimiter != b';' {
                continue;
            }
            let backend = synced().await;
            let mut cells = exported(&backend).await;
            set(&mut cells, 2, "client", "Mill, Sons & Co [c2]");
            set(&mut cells, 4, "client", "Café Größe");
            let imported = import(&backend, &encoded(&written(&cells, delimiter)), Strictness::AllOrNothing).await;
            assert!(imported.refused.is_empty(), "{name}: {:#?}", imported.refused);
            assert_eq!(imported.notes.first().map_or("", String::as_str), note, "{name}");
            assert_eq!(decided(&backend).await, ["0017 c3", "a1 c2"], "{name}");
            assert_eq!(imported.untouched, 1);
        }
    }
}

#[tokio::test]
async fn cells_that_are_not_text_are_reported_with_their_row() {
    let backend = synced().await;
    let mut cells = exported(&backend).await;
    set(&mut cells, 2, "client", "c1");
    let text = written(&cells, b',');
    let mut damaged = format!("\u{FEFF}{text}").into_bytes();
    let row_3 = text.match_indices('\n').nth(1).unwrap().0 + 3 + 4;
    damaged[row_3] = 0xFF;
    let mut half: Vec<u8> = format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    half.pop();
    for (bytes, expected) in [
        (damaged, "line 3: these bytes are no letters in the file's encoding; save it as \"CSV UTF-8\""),
        (half, "line 4: these bytes are no letters"),
        (b"PK\x03\x04 no workbook".to_vec(), "the workbook is not whole: open the file in a spreadsheet program"),
        (vec![0xD0, 0xCF, 0x11, 0xE0, 1, 2, 3], "this is an old or an encrypted office file: save it as .xlsx or .csv"),
        (Vec::new(), "the columns have no names; fill in a file from"),
    ] {
        let imported = import(&backend, &bytes, Strictness::GoodRows).await;
        let refused: Vec<String> = imported.refused.iter().map(ToString::to_string).collect();
        assert!(refused.len() == 1 && refused[0].starts_with(expected), "{refused:?}");
    }
    assert!(decided(&backend).await.is_empty());
}

#[tokio::test]
async fn a_row_that_was_decided_otherwise_meanwhile_is_refused_and_the_same_again_is_nothing() {
    let backend = synced().await;
    let mut cells = exported(&backend).await;
    set(&mut cells, 2, "client", "c1");
    set(&mut cells, 3, "decision", "ignore not ours");
    let bytes = written(&cells, b',').into_bytes();
    assert_eq!(import(&backend, &bytes, Strictness::GoodRows).await.decided.len(), 2);
    let again = import(&backend, &bytes, Strictness::GoodRows).await;
    assert_eq!((again.decided.len(), again.already, again.refused.len()), (0, 2, 0));
    set(&mut cells, 2, "client", "c2");
    set(&mut cells, 4, "client", "c3");
    let stale = import(&backend, &written(&cells, b',').into_bytes(), Strictness::GoodRows).await;
    let refused: Vec<String> = stale.refused.iter().map(ToString::to_string).collect();
    let expected = "line 2, column `last_decision`: kim decided otherwise on 2026-06-30 20:00, after the export; export the file again";
    assert_eq!(refused, [expected]);
    assert_eq!(decided(&backend).await, ["0017 c3", "a1 c1", "a2 ignored"]);
}

#[tokio::test]
async fn a_workbook_goes_out_and_comes_back_with_nothing_changed() {
    let backend = synced().await;
    let sheet = MappingSheet::of(&book(&backend).await, |_| true);
    assert_eq!(sheet.to_xlsx().unwrap(), sheet.to_xlsx().unwrap(), "the same content, the same file");
    let imported = import(&backend, &sheet.to_xlsx().unwrap(), Strictness::AllOrNothing).await;
    assert_eq!((imported.untouched, imported.decided.len(), imported.refused.len()), (3, 0, 0), "{imported:?}");
}

#[tokio::test]
async fn a_file_in_the_inbox_counts_in_the_next_run_once_and_its_bad_rows_stand_in_the_report() {
    let backend = synced().await;
    let before = backend.draft().await;
    let mut cells = exported(&backend).await;
    set(&mut cells, 2, "client", "c1");
    set(&mut cells, 3, "client", "nobody");
    let folder = backend.folder.path().join("archive/inbox/mappings");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("june.csv"), written(&cells, b';')).unwrap();
    let run = backend.draft().await;
    assert_ne!(run, before);
    assert_eq!(decided(&backend).await, ["a1 c1"]);
    assert_eq!(file_names(&folder), ["june.csv", "june.csv-result.csv"]);
    let result = fs::read_to_string(folder.join("june.csv-result.csv")).unwrap();
    assert!(result.contains("refused,3,rmm#a2,client,") && result.contains("decided,,rmm#a1,,"), "{result}");
    assert_eq!(backend.draft().await, run, "taken once, and still the same run");
    backend.report(&run).await;
    let setup = backend.report_file(&run, "setup.csv");
    assert!(setup.contains("mapping_file_refused,june.csv,") && setup.contains("line 3, column `client`"), "{setup}");
    let history = book(&backend).await;
    let decisions = &history.sources[0].history["a1"];
    assert_eq!((decisions.len(), decisions[0].actor.as_str()), (1, "inbox/mappings/june.csv"));

    set(&mut cells, 3, "client", "c2");
    fs::write(folder.join("june.csv"), written(&cells, b';')).unwrap();
    let mended = backend.draft().await;
    backend.report(&mended).await;
    assert_eq!(decided(&backend).await, ["a1 c1", "a2 c2"]);
    assert!(!backend.report_file(&mended, "setup.csv").contains("mapping_file_refused"));
}
