//! What becomes of a run afterwards, at a prompt: it is made again, from a copy of the archive too, and replaced.

use crate::office::{Ended, Office, expect};
use crate::prompt::{self, CLEAN, EXCEPTIONS, FAILED};

/// A month that is closed: Harbour is underbilled by one.
fn closed() -> Office {
    let office = Office::open();
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    office
}

/// The month's runs.
fn runs(office: &Office) -> Vec<String> {
    truecount_support::file_names(&office.path("archive/reports/2026-06"))
}

#[test]
fn a_run_is_replayed_and_what_was_changed_is_named() {
    let office = closed();
    let reports = office.path("archive/reports/2026-06");
    let run = runs(&office).remove(0);
    expect(&office.run(&["replay", &run]), CLEAN, &["outcomes.jsonl.gz", "lines.csv", "manifest.json", "all the same"]);
    std::fs::write(reports.join(&run).join("lines.csv"), "mine").unwrap();
    expect(&office.run(&["replay", &run]), EXCEPTIONS, &["stored file was changed", "1 not as recorded"]);
    let json: serde_json::Value = serde_json::from_str(&office.run(&["replay", &run, "--json"]).out).unwrap();
    let changed = json["files"].as_array().unwrap().iter().filter(|file| file["state"] == "changed");
    assert_eq!(changed.map(|file| file["name"].as_str().unwrap()).collect::<Vec<_>>(), ["lines.csv"]);
    expect(&office.run(&["replay", "2026-06-c9-0"]), FAILED, &["there is no run `2026-06-c9-0`"]);
    expect(&office.run(&["replay", "june"]), FAILED, &["there is no run `june`"]);
}

#[test]
fn a_run_is_replayed_from_a_copy_of_the_archive_alone() {
    let office = closed();
    let reports = office.path("archive/reports/2026-06");
    let run = runs(&office).remove(0);
    let elsewhere = tempfile::tempdir().unwrap();
    let archive = elsewhere.path().join("backup");
    let copied = archive.join("reports/2026-06").join(&run);
    copy(&reports.join(&run), &copied);
    drop(office);
    let folder = archive.to_str().unwrap();
    let replay = |run: &str| Ended::of(prompt::truecount(&["replay", run, "--archive", folder]).output().unwrap());
    expect(&replay(&run), CLEAN, &["inputs/sources/rmm/0001.jsonl.gz", "lines.csv", "all the same"]);
    assert_eq!(truecount_support::file_names(&archive), ["reports"], "nothing is written");
    let input = copied.join("inputs/words.jsonl.gz");
    let mut bytes = std::fs::read(&input).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&input, bytes).unwrap();
    let shown = replay(&run);
    expect(&shown, EXCEPTIONS, &["cannot be made again"]);
    let named: Vec<_> = shown.out.lines().filter(|line| line.contains("stored file was changed")).collect();
    assert!(named.len() == 1 && named[0].starts_with("inputs/words.jsonl.gz"), "{}", shown.out);
    std::fs::remove_file(&input).unwrap();
    expect(&replay(&run), EXCEPTIONS, &["stored file is missing"]);
    expect(&replay("2026-06-c9-0"), FAILED, &["there is no run `2026-06-c9-0` in the archive"]);
    let nowhere = prompt::truecount(&["replay", &run, "--archive", "/nowhere"]).output().unwrap();
    expect(&Ended::of(nowhere), FAILED, &["there is no folder `/nowhere`"]);
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

#[test]
fn a_closing_that_was_replaced_before_is_said_to_be() {
    let office = closed();
    let first = runs(&office).remove(0);
    let replace = ["run", "--closing", "--replace", &first];
    let replaced = office.run(&replace);
    expect(&replaced, EXCEPTIONS, &["2026-06-c2-"]);
    assert!(!replaced.err.contains("replaced before"), "{}", replaced.err);
    let second = runs(&office).remove(1);
    let (replaced, next) = (format!("{first} was replaced before, by {second}"), format!("--replace {second}"));
    let said = [replaced.as_str(), next.as_str()];
    expect(&office.run(&replace), EXCEPTIONS, &said);
    expect(&office.run(&["reconcile", "--closing", "--replace", &first]), EXCEPTIONS, &said);
    let json = office.run(&["run", "--closing", "--replace", &first, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["already"], &json["report"]["run_id"]), (&true.into(), &second.as_str().into()));
    assert_eq!(runs(&office), [first, second], "nothing new");
}
