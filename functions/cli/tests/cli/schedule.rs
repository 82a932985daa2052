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
    let office = Office::open().at("2026-06-25T06:00:00Z");
    // Every source is read every day, and one that cannot be is told.
    expect(
        &office.run(&DAILY),
        NOT_RECONCILED,
        &[
            "nothing to close today (2026-06-25): 2026-06 will be closed on 2026-06-26",
            "NOT READ    psa: there is no file",
        ],
    );
    assert!(office.outbox().is_empty());

    let office = office.at("2026-06-26T06:00:00Z").with_files("2026-06-26");
    expect(
        &office.run(&DAILY),
        EXCEPTIONS,
        &[
            "2026-06 is due to be closed today",
            "Mail to `billing`: not sent, the settings have no mail server: kept in `",
        ],
    );
    for later in ["2026-06-26T18:00:00Z", "2026-06-27T06:00:00Z", "2026-07-28T06:00:00Z"] {
        let ended = office.run_at(later, &DAILY);
        expect(&ended, 0, &["nothing to close today", "2026-06 is closed; 2026-07 will be closed on 2026-07-29"]);
    }

    // The machine is off for a month.
    let office = office.at("2026-08-27T06:00:00Z").with_files("2026-08-27");
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
    let office = Office::open().at("2026-06-20T06:00:00Z");
    expect(&office.run(&DAILY), NOT_RECONCILED, &[]);
    let office = office.with_files("2026-06-28").at("2026-06-29T06:00:00Z");
    expect(&office.run(&DAILY), EXCEPTIONS, &["2026-06 was due on 2026-06-26 and is not closed", "kept in `"]);
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
        (&["run", "--early"], "--closing"),
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
