//! What a timer starts every day: closes the month that is due, says so when one was missed or failed, and never works
//! beside another in one folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use truecount_embedded::{Durability, LocalBackend};

use crate::office::{Office, expect, text_of};
use crate::prompt::{EXCEPTIONS, FAILED, NOT_RECONCILED};

const DAILY: [&str; 3] = ["run", "--closing", "--when-due"];

#[test]
fn each_month_is_closed_on_its_day_and_a_missed_one_is_told() {
    let office = Office::open().at("2026-06-18T06:00:00Z");
    // Every source is read every day, and one that cannot be is told.
    expect(
        &office.run(&DAILY),
        NOT_RECONCILED,
        &[
            "nothing to close today (2026-06-18): 2026-06 will be closed on 2026-06-24",
            "NOT READ    psa: there is no file",
        ],
    );
    assert!(office.outbox().is_empty());

    let office = office.at("2026-06-24T06:00:00Z").with_files("2026-06-24");
    expect(
        &office.run(&DAILY),
        EXCEPTIONS,
        &[
            "2026-06 is due to be closed today",
            "Mail to `billing`: not sent, the settings have no mail server: kept in `",
        ],
    );
    for later in ["2026-06-24T18:00:00Z", "2026-06-25T06:00:00Z", "2026-07-21T06:00:00Z"] {
        let ended = office.run_at(later, &DAILY);
        expect(&ended, 0, &["nothing to close today", "2026-06 is closed; 2026-07 will be closed on 2026-07-27"]);
    }

    // The machine is off for a month.
    let office = office.at("2026-08-25T06:00:00Z").with_files("2026-08-25");
    expect(&office.run(&DAILY), EXCEPTIONS, &["2026-08 is due to be closed today; never closed: 2026-07", "sent"]);
    let outbox = office.outbox();
    let names: Vec<&str> = outbox.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["2026-06-closing-1-billing.eml", "2026-08-closing-1-billing.eml"]);
    assert!(!text_of(&outbox[0].1).contains("MISSED"));
    let august = text_of(&outbox[1].1);
    assert!(august.contains("MISSED") && august.contains("July 2026 was not closed"), "{august}");
    let answer = office.run(&["run", "--closing", "--when-due", "--json"]);
    expect(&answer, 0, &["\"due\": false"]);
}

#[test]
fn a_day_late_is_made_good() {
    let office = Office::open().at("2026-06-18T06:00:00Z");
    expect(&office.run(&DAILY), NOT_RECONCILED, &[]);
    let office = office.with_files("2026-06-28").at("2026-06-29T06:00:00Z");
    expect(&office.run(&DAILY), EXCEPTIONS, &["2026-06 was due on 2026-06-26 and is not closed", "kept in `"]);
}

/// From the closing day on, a month waits for what was not read, and says so once a day; then it is closed with what there
/// is. By hand it is closed before, if that is asked for.
#[test]
fn a_month_waits_for_what_was_not_read_until_its_latest_day() {
    let office = Office::open().at("2026-06-19T06:00:00Z").with_files("2026-06-18");
    expect(&office.run(&DAILY), 0, &["2026-06 will be closed on 2026-06-24", "about the closing: not sent"]);
    expect(&office.run_at("2026-06-22T06:00:00Z", &DAILY), 0, &["2026-06 will be closed on 2026-06-24"]);
    office.drop_file("rmm", "devices-2026-06-23.csv", "not what it was\n");
    let missing = "2026-06 is not closed yet: `rmm` was not read completely";
    for (day, outcome) in [("24", "not sent"), ("24", "kept in `"), ("25", "not sent")] {
        let ended = office.run_at(&format!("2026-06-{day}T06:00:00Z"), &DAILY);
        expect(&ended, NOT_RECONCILED, &[missing, "on 2026-06-26 at the latest", "about the closing: ", outcome]);
    }
    let names: Vec<String> = office.outbox().into_iter().map(|(name, _)| name).collect();
    let waits = ["2026-06-not-ready-2026-06-24-billing.eml", "2026-06-not-ready-2026-06-25-billing.eml"];
    assert_eq!(names, [waits[0], waits[1], "2026-06-reminder-billing.eml"]);
    let text = text_of(&office.outbox()[0].1);
    assert!(text.contains("rmm: ") && text.contains("(billing clerk)") && text.contains("--incomplete"), "{text}");

    let by_hand = office.run_at("2026-06-25T07:00:00Z", &["run", "--closing"]);
    let words =
        ["2026-06 is not ready to be closed: `rmm` was not read", "at the latest. To close it now", "`--incomplete`"];
    expect(&by_hand, FAILED, &words);
    let at_last = office.run_at("2026-06-26T06:00:00Z", &DAILY);
    expect(
        &at_last,
        NOT_RECONCILED,
        &["2026-06 is closed with what there is: `rmm` was not read", "Mail to `billing`"],
    );
    expect(&office.run_at("2026-06-27T06:00:00Z", &DAILY), NOT_RECONCILED, &["2026-06 is closed; 2026-07 will be"]);
    office.drop_file("rmm", "devices-2026-07-27.csv", "not what it was\n");
    expect(
        &office.run_at("2026-07-28T06:00:00Z", &["run", "--closing"]),
        FAILED,
        &["2026-07 is not ready to be closed"],
    );
    let asked = office.run_at("2026-07-28T06:00:00Z", &["run", "--closing", "--incomplete"]);
    expect(&asked, NOT_RECONCILED, &["2026-07-c1-"]);
}

#[test]
fn a_closing_that_fails_is_told_once_a_day_and_made_good() {
    let office = Office::open().at("2026-06-26T06:00:00Z").with_files("2026-06-26");
    let settings = office.path("config/settings.toml");
    let good = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, good.replace("side = \"agreed\"", "side = \"agreed\"\nenabled = false")).unwrap();
    for outcome in ["not sent, the settings have no mail server: kept in `", "kept in `"] {
        let ended = office.run(&DAILY);
        expect(&ended, FAILED, &[&format!("Mail to `billing` about the failed closing: {outcome}"), "PSA"]);
        let outbox = office.outbox();
        assert_eq!(outbox.len(), 1);
        assert_eq!(outbox[0].0, "2026-06-failed-2026-06-26-billing.eml");
        let text = text_of(&outbox[0].1);
        assert!(text.contains("closing run of June 2026 did not finish") && text.contains("reconcile"), "{text}");
    }
    fs::write(&settings, good).unwrap();
    let office = office.at("2026-06-27T06:00:00Z");
    expect(&office.run(&DAILY), EXCEPTIONS, &["was due on 2026-06-26 and is not closed", "sent"]);
    expect(&office.run(&DAILY), 0, &["nothing to close today"]);
}

#[test]
fn two_never_work_in_one_folder() {
    let office = Office::open();
    let home = LocalBackend::open(office.data(), Durability::Bulk).unwrap();
    let words = format!("in use by another truecount process (process {}): wait until it ends", std::process::id());
    for command in [&DAILY[..], &["sync"], &["mail", "test"], &["mappings", "review"]] {
        let ended = office.run(command);
        expect(&ended, FAILED, &[&words]);
        assert_eq!(ended.out, "");
    }
    drop(home);
    expect(&office.run(&DAILY), 0, &["nothing to close today"]);
}

#[test]
fn wrong_ways_to_ask_are_refused() {
    let office = Office::open();
    for (args, words) in [
        (&["run", "--when-due"][..], "--closing"),
        (&["run", "--closing", "--when-due", "--month", "2026-06"], "--month"),
        (&["run", "--closing", "--when-due", "--no-mail"], "--no-mail"),
        (&["run", "--closing", "--when-due", "--early"], "--early"),
        (&["run", "--closing", "--when-due", "--incomplete"], "--incomplete"),
        (&["run", "--early"], "--closing"),
        (&["run", "--incomplete"], "--closing"),
        (&["run", "--closing", "--when-due", "--replace", "x"], "--replace"),
    ] {
        expect(&office.run(args), FAILED, &[words]);
    }
}

/// What the timers start is what the command understands.
#[test]
fn the_timers_start_commands_that_there_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/local");
    let office = Office::open();
    for (file, start, arguments) in [
        ("truecount.service", "ExecStart=", "truecount run --closing --when-due\n"),
        ("crontab", "/usr/local/bin/truecount", " run --closing --when-due >"),
        ("truecount-task.xml", "<Exec>", ">run --closing --when-due --data C:"),
    ] {
        let text = fs::read_to_string(folder.join(file)).unwrap().replace("\r\n", "\n");
        assert!(text.contains(arguments), "{file} does not start `{arguments}`");
        assert_eq!(text.matches(start).count(), 1, "{file} starts one command: the sources are read once");
    }
    expect(&office.run(&DAILY), 0, &[]);
    // Where there is systemd, it says whether it understands its own.
    let verify = Command::new("systemd-analyze").arg("verify").arg(folder.join("truecount.timer")).output();
    let Ok(verify) = verify else { return };
    let printed = String::from_utf8_lossy(&verify.stderr).into_owned();
    let wrong: Vec<&str> =
        printed.lines().filter(|line| line.contains("truecount") && !line.contains("not executable")).collect();
    assert!(wrong.is_empty(), "{printed}");
}
