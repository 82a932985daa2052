//! Files in and out: what a run wrote into a folder of one's own, and what a person exported into the inbox.

use std::fs;
use std::path::PathBuf;

use crate::office::{Office, expect};
use crate::prompt::FAILED;

/// The files of the only run there is, by their names below its folder.
fn archived(office: &Office) -> Vec<(String, Vec<u8>)> {
    let run = fs::read_dir(office.path("archive/reports/2026-06")).unwrap().next().unwrap().unwrap().path();
    let mut files = Vec::new();
    for folder in [run.clone(), run.join("inputs")] {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let name = entry.strip_prefix(&run).unwrap().to_string_lossy().replace('\\', "/");
            files.push((name, fs::read(entry).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn a_runs_files_are_copied_and_nothing_is_written_over() {
    let office = Office::open();
    expect(&office.run(&["report", "download", "--out", "x"]), FAILED, &["there is no run yet"]);
    expect(&office.run(&["reconcile"]), 2, &[]);
    let out = office.path("pulled");
    let pull = ["report", "download", "--out", out.to_str().unwrap()];
    expect(&office.run(&pull), FAILED, &["has no report yet", "truecount report --month 2026-06 --run 2026-06-draft"]);
    assert!(!out.exists());
    expect(&office.run(&["report"]), 2, &[]);

    expect(&office.run(&pull), 0, &["exceptions.csv", "inputs/rules.toml.gz", "written", "Run 2026-06-draft"]);
    let files = archived(&office);
    assert!(files.len() > 6, "{files:?}");
    for (name, bytes) in &files {
        assert_eq!(fs::read(out.join(name)).unwrap(), *bytes, "{name}");
    }
    let again = office.run(&pull);
    expect(&again, 0, &["already there"]);
    assert!(!again.out.contains("written"), "{}", again.out);

    fs::write(out.join("lines.csv"), "mine").unwrap();
    fs::remove_file(out.join("exceptions.csv")).unwrap();
    expect(&office.run(&pull), FAILED, &["lines.csv` exists with other content, so nothing was written"]);
    assert_eq!(fs::read_to_string(out.join("lines.csv")).unwrap(), "mine");
    assert!(!out.join("exceptions.csv").exists());
}

#[test]
fn each_client_has_a_page_on_demand() {
    let office = Office::open().with_files("2026-06-30").at("2026-06-30T20:00:00Z");
    expect(&office.run(&["report", "clients"]), FAILED, &["there is no run yet"]);
    expect(&office.run(&["run", "--no-mail"]), 1, &[]);
    let out = office.path("pages");
    let made = ["report", "clients", "--out", out.to_str().unwrap()];
    expect(&office.run(&made), 0, &["harbour-ltd_x", "meadow-ltd_x", ".html", ".csv", "written", "Run 2026-06-draft"]);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 6, "a page and a list of each client");
    let again = office.run(&made);
    expect(&again, 0, &["already there"]);
    assert!(!again.out.contains("written"), "{}", again.out);
    let priced = office.run(&[&made[..], &["--prices"]].concat());
    expect(&priced, FAILED, &["exists with other content, and is not overwritten; name another directory with --out"]);

    let one = office.path("one");
    let named = ["report", "clients", "--client", "harbour", "--prices", "--out", one.to_str().unwrap()];
    expect(&office.run(&named), 0, &["harbour-ltd_x"]);
    let mut files: Vec<_> = fs::read_dir(&one).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let [csv, html] = &files[..] else { panic!("{files:?}") };
    let (csv, html) = (fs::read_to_string(csv).unwrap(), fs::read_to_string(html).unwrap());
    assert!(
        csv.contains("Harbour-2,workstation,1,in use") && html.contains("Billed: <b>GBP 20.00 a month</b>"),
        "{html}"
    );
    assert!(!csv.contains("Meadow") && !html.contains("Meadow"));
    expect(&office.run(&["report", "clients", "--client", "nobody"]), FAILED, &["there is no client `nobody`"]);
}

#[test]
fn a_run_without_clients_has_no_page() {
    let office = Office::open();
    expect(&office.run(&["reconcile"]), 2, &[]);
    expect(&office.run(&["report", "clients"]), FAILED, &["no billed line and no item of any client"]);
}

#[test]
fn the_run_that_is_asked_for_is_pulled() {
    let office = Office::open();
    expect(&office.run(&["run"]), 1, &[]);
    expect(&office.run(&["run", "--closing"]), 1, &[]);
    let runs = office.run(&["runs", "list", "--json"]).out;
    let id = |kind: &str| {
        runs.split('"').find(|word| word.starts_with(&format!("2026-06-{kind}"))).map(str::to_owned).unwrap()
    };
    let (draft, closing) = (id("draft"), id("c1"));
    let pulled = |more: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let mut args = vec!["report", "download", "--json", "--out", out.path().to_str().unwrap()];
        args.extend(more);
        office.run(&args)
    };
    expect(&pulled(&[]), 0, &[&format!("\"run_id\": \"{closing}\""), "\"outcome\": \"written\""]);
    expect(&pulled(&["--month", "2026-06"]), 0, &[&closing]);
    expect(&pulled(&["--run", &draft]), 0, &[&format!("\"run_id\": \"{draft}\"")]);
    expect(&pulled(&["--run", "2026-06-c9"]), FAILED, &["there is no run `2026-06-c9`: `truecount runs list --data "]);
    expect(&pulled(&["--run", "x"]), FAILED, &["there is no run `x`"]);
    expect(&pulled(&["--month", "2026-05"]), FAILED, &["2026-05 has no run"]);
}

#[test]
fn a_file_is_looked_into_before_it_is_in_the_inbox() {
    let office = Office::open();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let push = |path: &PathBuf, source: &[&str]| {
        let mut args = vec!["inbox", "push", path.to_str().unwrap()];
        args.extend(source);
        office.run(&args)
    };
    let rmm = ["--source", "rmm"];
    let header = "account_id,account_name,item_id,kind,status\n";
    let good = format!("{header}a-Harbour,Harbour Ltd,h-1,workstation,active\n");
    for (name, text, source, words) in [
        ("rmm-2026-06-29.csv", &good[..], &[][..], &["name one with --source: `psa`, `rmm`"][..]),
        ("rmm-2026-06-29.csv", &good, &["--source", "pas"], &["there is no source `pas`"]),
        ("rmm.csv", &good, &rmm, &["rmm.csv: its name has no date"]),
        ("a-2026-06-29.csv", "account_id,kind\n", &rmm, &["no column is headed `item_id`", "Nothing was added"]),
        ("b-2026-06-29.csv", &format!("{header}a,A,,workstation,active\n"), &rmm, &["line 2", "item_id", "empty"]),
        ("c-2026-06-29.csv", &format!("{good}a,\"A\n"), &rmm, &["line 3", "a quotation mark that is never closed"]),
        ("d-2026-06-29.csv", "", &rmm, &["empty"]),
        ("e-2026-06-29.csv", &good, &["--source", "psa"], &["no column is headed `line_id`"]),
    ] {
        expect(&push(&file(name, text), source), FAILED, words);
    }
    expect(&push(&folder.path().join("none-2026-06-29.csv"), &rmm), FAILED, &["none-2026-06-29.csv` cannot be read"]);
    let inbox = office.path("archive/inbox/sources/rmm");
    assert_eq!(fs::read_dir(&inbox).unwrap().count(), 1, "only what was there");

    let path = file("rmm-2026-06-29.csv", &good);
    let older = &["as of 2026-06-29, 1 row, 1 vendor account", "newer file is used", "devices-2026-06-30.csv"];
    expect(&push(&path, &rmm), 0, older);
    assert_eq!(fs::read_to_string(inbox.join("rmm-2026-06-29.csv")).unwrap(), good);
    expect(&push(&path, &rmm), 0, &["The same file was already there"]);
    let path = file("rmm-2026-06-29.csv", &format!("{good}a-Harbour,Harbour Ltd,h-2,workstation,active\n"));
    expect(&push(&path, &rmm), FAILED, &["exists with other content and is not replaced"]);
    assert_eq!(fs::read_to_string(inbox.join("rmm-2026-06-29.csv")).unwrap(), good);
    let path = file("rmm-2026-07-02.csv", &good);
    expect(&push(&path, &rmm), 0, &["Today is 2026-06-30: it is used from 2026-07-02 on"]);

    // The sync reads it.
    let path = file("rmm-2026-06-30-2.csv", &good);
    expect(&push(&path, &rmm), 0, &["truecount sync rmm", "read together, this one with `devices-2026-06-30.csv`"]);
    expect(&office.run(&["sync", "rmm"]), 0, &["2026-06-30", " 7\n"]);
    let path = file("rmm-2026-06-28.csv", &good);
    let older = office.run(&["sync", "rmm", "--file", path.to_str().unwrap()]);
    expect(&older, FAILED, &["which would be read instead: `devices-2026-06-30.csv`", "Nothing was added"]);
    assert!(!inbox.join("rmm-2026-06-28.csv").exists());
    let path = file("broken-2026-06-30.csv", "account_id\n");
    expect(&office.run(&["sync", "rmm", "--file", path.to_str().unwrap()]), FAILED, &["no column is headed"]);
    assert!(!inbox.join("broken-2026-06-30.csv").exists());
}

#[test]
fn a_spreadsheet_of_mappings_is_put_where_the_next_run_takes_it() {
    let office = Office::open();
    let folder = tempfile::tempdir().unwrap();
    let push = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        office.run(&["inbox", "push", "--mappings", path.to_str().unwrap()])
    };
    for (name, bytes, words) in [
        ("june.txt", &b"key\n"[..], "neither .xlsx nor .csv"),
        ("june.xlsx", b"key\n", "neither .xlsx nor .csv"),
        ("june.csv", b"PK\x03\x04", "neither .xlsx nor .csv"),
        ("june.csv", b"", "it is empty"),
        ("june.csv-result.csv", b"result\n", "the result of an earlier file"),
    ] {
        expect(&push(name, bytes), FAILED, &[words, "nothing was added to the inbox"]);
    }
    let inbox = office.path("archive/inbox/mappings");
    assert!(!inbox.exists());
    expect(&push("june.csv", b"key,decision\n"), 0, &["june.csv", "The next run reads it"]);
    expect(&push("june.csv", b"key,decision\n"), 0, &["already there"]);
    expect(&push("june.csv", b"key,decision\nx,y\n"), FAILED, &["with other content"]);
    expect(&push("June.XLSX", b"PK\x03\x04"), 0, &["June.XLSX"]);
    assert_eq!(fs::read_dir(&inbox).unwrap().count(), 2);
}
