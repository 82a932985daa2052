//! `truecount check FILE FILE`: from raw exports to the differences, by one command.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::prompt::{self, EXCEPTIONS, FAILED, err, out};

/// A PSA's export from a German spreadsheet: Windows-1252, semicolons, a title, decimal commas.
const LINES: &str = "\
Additions of all agreements;;;;;;;;;;
Company Name;Agreement Name;Addition Status;Product ID;Description;Quantity;Less Included;Price;Currency;Bill;Effective Date;Cancelled Date
Harbour Dental;Managed IT;Active;MNG-WKS;Managed workstation;2,00;0;32,50;EUR;Billable;13.01.2025;
Harbour Dental;Managed IT;Active;MNG-SRV;Managed server;3,00;0;95,00;EUR;Billable;13.01.2025;
Mill & Söhne;Managed IT;Active;MNG-SRV;Managed server;1,00;0;95,00;EUR;Billable;13.01.2025;
";

/// An RMM's export: UTF-16, tabs, two lines of title, a total below, days as the British write them.
const DEVICES: &str = "\
Devices of all customers\t\t\t
\t\t\t
Organization\tDisplay Name\tDevice Role\tLast Contact
Harbour Dental\thd-1\tWindows Server\t29/06/2026
Harbour Dental\thd-2\tWindows Server\t13/06/2026
Harbour Dental\thd-3\tWindows Server\t13/04/2026
Harbour Dental\thd-4\tWindows Laptop\t28/06/2026
Harbour Dental\thd-5\tWindows Laptop\t28/06/2026
Mill & Söhne\tms-1\tWindows Server\t28/06/2026
Total\t6\t\t
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lines = LINES.replace('\n', "\r\n");
    let lines: Vec<u8> = lines.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let devices = DEVICES.replace('\n', "\r\n");
    let devices = [0xff, 0xfe].into_iter().chain(devices.encode_utf16().flat_map(u16::to_le_bytes));
    fs::write(folder.path().join("additions 2026-06-30.csv"), lines).unwrap();
    fs::write(folder.path().join("devices 2026-06-30.csv"), devices.collect::<Vec<u8>>()).unwrap();
    folder
}

fn check(folder: &Path, args: &[&str]) -> Output {
    prompt::truecount(&["check"]).args(args).current_dir(folder).output().unwrap()
}

#[test]
fn two_exports_come_to_the_one_right_exception() {
    let folder = folder();
    let files = ["devices 2026-06-30.csv", "additions 2026-06-30.csv"];
    let first = check(folder.path(), &files);
    assert_eq!(first.status.code(), Some(EXCEPTIONS), "{}{}", out(&first), err(&first));
    insta::assert_snapshot!(format!("{}---\n{}", err(&first), out(&first)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is written");

    let written = check(folder.path(), &[files[1], files[0], "--out", "result"]);
    assert_eq!(written.status.code(), Some(EXCEPTIONS));
    let exceptions = fs::read_to_string(folder.path().join("result/exceptions.csv")).unwrap();
    let rows: Vec<&str> = exceptions.lines().skip(1).filter(|row| !row.is_empty()).collect();
    let [row] = rows.as_slice() else { panic!("{exceptions}") };
    for part in ["Harbour Dental", "overbilled", "-95.00", "hd-1; hd-2", "hd-3 (not seen for over 30 days)"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    assert!(folder.path().join("result/setup.csv").is_file());

    let answer = check(folder.path(), &[files[0], files[1], "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&out(&answer)).unwrap();
    assert_eq!(answer["kinds"]["overbilled"], 1);
    assert_eq!(answer["count_day"], "2026-06-30");
    assert_eq!(answer["files"][1]["receipt"]["streams"]["rows"]["left_out"]["total_row"], 1);
    // The rules that were made say the same when they are given.
    fs::write(folder.path().join("made.toml"), answer["rules"].as_str().unwrap()).unwrap();
    let again = check(folder.path(), &[files[0], files[1], "--rules", "made.toml", "--out", "again"]);
    assert_eq!(again.status.code(), Some(EXCEPTIONS));
    assert_eq!(fs::read_to_string(folder.path().join("again/exceptions.csv")).unwrap(), exceptions);
}

#[test]
fn what_a_file_leaves_open_is_answered_by_an_option() {
    let folder = folder();
    let open = "Organization,Display Name,Device Role,Last Contact\nHarbour Dental,hd-1,Windows Server,05/06/2026\n";
    fs::write(folder.path().join("devices.csv"), open).unwrap();
    let refused = check(folder.path(), &["devices.csv", "additions 2026-06-30.csv"]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(FAILED), ""));
    insta::assert_snapshot!(err(&refused));
    let option = "ninjaone-devices:dates=D/M/Y";
    let answered = check(folder.path(), &["devices.csv", "additions 2026-06-30.csv", "--option", option]);
    assert!(out(&answered).contains("MNG-SRV"), "{}{}", out(&answered), err(&answered));
    let wrong = check(folder.path(), &["devices.csv", "--option", "dates=D/M/Y"]);
    assert_eq!(wrong.status.code(), Some(FAILED));
    assert!(err(&wrong).contains("write ID:KEY=VALUE"), "{}", err(&wrong));
}
