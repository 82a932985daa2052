//! Decisions on exceptions at the prompt: what is set aside is told and not counted, comes back when it grows, and what was
//! approved is held against what the PSA bills next.

use serde_json::Value;

use crate::office::{Ended, Office, expect, text_of};
use crate::prompt::{CLEAN, EXCEPTIONS, FAILED};
use crate::schema::check_outcome;

/// The office's files of a day: the first client is billed for so many workstations, and uses so many.
fn files(office: &Office, day: &str, billed: u32, used: u32) {
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
    for (client, billed, used) in [("Harbour", billed, used), ("Meadow", 2, 2), ("Quarry", 1, 1)] {
        lines += &format!("L-{client},{client},{client} Ltd,MNG-WKS,{billed},10.00,GBP\n");
        for item in 0..used {
            items += &format!("a-{client},{client} Ltd,{client}-{item},workstation,active\n");
        }
    }
    office.drop_file("psa", &format!("lines-{day}.csv"), &lines);
    office.drop_file("rmm", &format!("devices-{day}.csv"), &items);
}

/// June is closed, and its list accepted: Harbour is billed for two workstations and uses three.
fn june_closed() -> Office {
    let office = Office::open();
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    expect(&office.run(&["baseline", "accept"]), CLEAN, &[]);
    office.at("2026-07-02T09:00:00Z")
}

/// Closes the month of a day with new files; answers how that ended, and the text of its mail.
fn close(office: &Office, day: &str, billed: u32, used: u32) -> (Ended, String) {
    files(office, day, billed, used);
    let ended = office.run_at(&format!("{day}T20:00:00Z"), &["run", "--closing"]);
    let mails = office.outbox();
    let mail = mails.iter().map(|(_, bytes)| text_of(bytes).replace('\r', "")).next_back().unwrap();
    (ended, mail)
}

/// A run is as its schema says, and comes out the same again.
fn check_run(office: &Office, month: &str) {
    let run = truecount_support::file_names(&office.path(&format!("archive/reports/{month}"))).remove(0);
    check_outcome(&office.path(&format!("archive/reports/{month}/{run}/outcomes.jsonl.gz")));
    expect(&office.run(&["replay", &run]), CLEAN, &["all the same"]);
}

fn parsed(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err))
}

#[test]
fn what_is_accepted_is_in_no_total_until_it_grows() {
    let office = june_closed();
    let accept = ["actions", "record", "1", "accepted", "--up-to", "2", "--note", "agreed by phone", "--by", "kim"];
    let told = "Harbour Ltd, MNG-WKS: accepted by kim on 2 July 2026: up to 2 (agreed by phone)";
    let recorded = office.run(&accept);
    expect(&recorded, CLEAN, &["1 recorded. The next runs go by it."]);
    assert_eq!(recorded.out.split_whitespace().collect::<Vec<_>>().join(" "), told);
    expect(&office.run(&accept), CLEAN, &["0 recorded, 1 recorded before"]);

    let shown = office.run(&["exceptions"]);
    expect(
        &shown,
        CLEAN,
        &["No exceptions.", "1 exception is set aside: `--set-aside` lists them", "set aside: GBP 10.00"],
    );
    expect(&office.run(&["exceptions", "--set-aside"]), CLEAN, &["underbilled (accepted)", "GBP 10.00"]);
    expect(
        &office.run(&["explain", "Harbour"]),
        CLEAN,
        &["decided", "accepted by kim on 2 July 2026: up to 2", "none while it is set aside"],
    );

    let (ended, mail) = close(&office, "2026-07-31", 2, 4);
    expect(&ended, CLEAN, &[]);
    let told = "1 exception is set aside (1 accepted): GBP 20.00 a month to add; it is in no\ntotal.";
    assert!(mail.contains(told) && mail.contains("TO ADD          nothing"), "{mail}");
    assert!(mail.contains("Nothing to\nchange; 2 of 3 comparisons at 3 clients agree, 1 set aside."), "{mail}");
    assert!(!mail.contains("Harbour Ltd: underbilled"), "{mail}");
    let (ended, mail) = close(&office, "2026-08-31", 2, 5);
    expect(&ended, EXCEPTIONS, &[]);
    assert!(mail.contains("Harbour Ltd: underbilled") && mail.contains("it grew since"), "{mail}");
    assert!(mail.contains("GBP 30.00 a month on these invoices"), "{mail}");
    for month in ["2026-06", "2026-07", "2026-08"] {
        check_run(&office, month);
    }
}

#[test]
fn what_was_approved_is_held_against_what_the_psa_bills() {
    let office = june_closed();
    expect(&office.run(&["actions", "record", "1", "approved", "--by", "kim"]), CLEAN, &["1 recorded"]);
    expect(&office.run(&["exceptions"]), EXCEPTIONS, &["underbilled (approved)", "GBP 10.00"]);
    let list = |office: &Office| office.run(&["actions", "list"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(list(&office).contains("approved by kim on 2 July 2026: 2 → 3; not changed yet"), "{}", list(&office));
    files(&office, "2026-07-02", 3, 3);
    expect(&office.run(&["sync"]), CLEAN, &[]);
    assert!(list(&office).contains("approved by kim on 2 July 2026: 2 → 3; done"), "{}", list(&office));

    let (ended, mail) = close(&office, "2026-07-31", 3, 3);
    expect(&ended, CLEAN, &[]);
    assert!(mail.contains("DONE     Of 1 change that was decided: 1 resolved."), "{mail}");
    check_run(&office, "2026-07");
    let (_, mail) = close(&office, "2026-08-31", 3, 3);
    assert!(!mail.contains("DONE"), "it is history: {mail}");
}

#[test]
fn a_change_that_was_not_made_as_decided_is_named() {
    for (billed, words, counted) in [
        (2, "Harbour Ltd (MNG-WKS): approved 2 → 4, not changed yet", "1 approved and not changed yet"),
        (3, "Harbour Ltd (MNG-WKS): approved 2 → 4, 3 billed now", "1 changed otherwise"),
    ] {
        let office = Office::open();
        files(&office, "2026-06-30", 2, 4);
        expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
        let office = office.at("2026-07-02T09:00:00Z");
        expect(&office.run(&["actions", "record", "1", "approved"]), CLEAN, &["1 recorded"]);
        let (ended, mail) = close(&office, "2026-07-31", billed, 4);
        expect(&ended, EXCEPTIONS, &[]);
        let mail = mail.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(mail.contains(words) && mail.contains(counted), "{mail}");
    }
}

#[test]
fn what_is_dismissed_stands_again_next_month_and_what_is_reopened_at_once() {
    let office = june_closed();
    let record = |words: &[&str]| office.run(&[&["actions", "record"], words].concat());
    expect(&record(&["1", "dismissed", "--note", "a test machine"]), CLEAN, &["dismissed by"]);
    expect(&office.run(&["exceptions"]), CLEAN, &["No exceptions."]);
    expect(&record(&["1", "reopened"]), CLEAN, &["1 recorded"]);
    expect(&office.run(&["exceptions"]), EXCEPTIONS, &["underbilled  "]);
    expect(&record(&["1", "dismissed", "--note", "a test machine"]), CLEAN, &["1 recorded"]);
    let (ended, mail) = close(&office, "2026-07-31", 2, 3);
    expect(&ended, EXCEPTIONS, &[]);
    assert!(mail.contains("that month is over"), "{mail}");
    let all = parsed(&office.run(&["actions", "list", "--json"]));
    assert_eq!((&all[0]["action"]["action"]["kind"], &all[0]["action"]["number"]), (&"dismissed".into(), &3.into()));
}

#[test]
fn a_decision_that_is_wrong_says_everything_at_once() {
    let office = june_closed();
    for (words, reasons) in [
        (&["1", "fine"][..], &["`fine` is no action; the last word is one of approved, adjusted"][..]),
        (&["approved"], &["name an exception before `approved`"]),
        (&["7", "approved"], &["has no exception `7`: `truecount exceptions --data "]),
        (&["1", "snoozed", "--quantity", "3"], &["has no use for", "needs the last day on which it holds"]),
        (&["1", "accepted", "--until", "2026-07-02"], &["is not after today", "needs a reason as note"]),
        (&["1", "adjusted", "--quantity", "2"], &["2 are billed now"]),
        (&["1", "reopened"], &["no decision about it is in force"]),
        (&["--filter", "colour=red", "approved"], &["write it as client=CLIENT or kind=KIND"]),
        (&["--filter", "kind=overbilled", "approved"], &["no exception of run", "fits"]),
        (&["1", "approved", "--filter", "kind=underbilled"], &["not both"]),
    ] {
        expect(&office.run(&[&["actions", "record"], words].concat()), FAILED, reasons);
    }
    assert_eq!(office.run(&["actions", "list"]).out, "Nothing was decided.\n");
}

#[test]
fn a_filter_is_shown_before_it_is_recorded() {
    let office = june_closed();
    let record = |more: &[&str]| {
        let words = ["actions", "record", "--filter", "client=harbour", "--filter", "kind=underbilled"];
        office.run(&[&words[..], more].concat())
    };
    let snoozed = ["snoozed", "--until", "2026-12-31", "--by", "kim"];
    expect(
        &record(&snoozed),
        FAILED,
        &["Harbour Ltd, MNG-WKS: snoozed by kim on 2 July 2026 until 31 December", "nobody can be asked", "--yes"],
    );
    assert_eq!(office.run(&["actions", "list"]).out, "Nothing was decided.\n");
    let recorded = record(&[&snoozed[..], &["--yes", "--json"]].concat());
    expect(&recorded, CLEAN, &[]);
    let all = parsed(&recorded);
    assert_eq!(
        (&all[0]["state"], &all[0]["actor"], &all[0]["client_id"]),
        (&"recorded".into(), &"kim".into(), &"Harbour".into())
    );
}

#[test]
fn the_mailed_file_is_filled_in_and_imported() {
    let office = june_closed();
    let run = truecount_support::file_names(&office.path("archive/reports/2026-06")).remove(0);
    let mailed =
        std::fs::read_to_string(office.path(&format!("archive/reports/2026-06/{run}/exceptions.csv"))).unwrap();
    let mut reader = csv::Reader::from_reader(mailed.trim_start_matches('\u{feff}').as_bytes());
    let headings = reader.headers().unwrap().clone();
    let mut row: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
    let at = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    row[at("action")] = "snoozed".to_owned();
    let file = office.path("worked.csv");
    let write = |row: &[String]| {
        let mut writer = csv::Writer::from_path(&file).unwrap();
        writer.write_record(&headings).unwrap();
        writer.write_record(row).unwrap();
        writer.flush().unwrap();
    };
    let import = || office.run(&["actions", "import", file.to_str().unwrap(), "--by", "kim"]);
    write(&row);
    expect(
        &import(),
        FAILED,
        &["`snoozed` needs the last day on which it holds", "0 recorded, 1 rejected", "worked-rejected.csv"],
    );
    let rejected = std::fs::read_to_string(office.path("worked-rejected.csv")).unwrap();
    assert!(rejected.contains("rejected_because") && rejected.contains("until: `snoozed` needs"), "{rejected}");
    row[at("until")] = "2026-12-31".to_owned();
    write(&row);
    expect(&import(), CLEAN, &["1 recorded, 0 not filled in."]);
    expect(&import(), CLEAN, &["0 recorded, 1 recorded before, 0 not filled in."]);
    expect(&office.run(&["exceptions"]), CLEAN, &["1 exception is set aside"]);
    expect(&office.run(&["actions", "import", "no-such.csv"]), FAILED, &["cannot be read"]);
}

#[test]
fn what_changed_in_the_psa_since_the_closing_is_listed() {
    let office = june_closed();
    expect(&office.run(&["actions", "changes"]), CLEAN, &["Nothing to compare"]);
    let lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n\
                 L-Harbour,Harbour,Harbour Ltd,MNG-WKS,3,12.00,GBP\n\
                 L-Meadow,Meadow,Meadow Ltd,MNG-WKS,2,10.00,GBP\n\
                 L-New,Meadow,Meadow Ltd,FAX,1,5.00,GBP\n\
                 L-Other,Quarry,Quarry Ltd,MNG-WKS,4,10.00,GBP\n";
    office.drop_file("psa", "lines-2026-07-02.csv", lines);
    expect(&office.run(&["sync", "psa"]), CLEAN, &[]);
    expect(
        &office.run(&["actions", "changes"]),
        CLEAN,
        &[
            "Harbour Ltd, MNG-WKS: quantity 2 → 3, price 10.00 → 12.00",
            "Meadow Ltd, FAX: new, 1 at 5.00",
            "Quarry Ltd, MNG-WKS: another line, quantity 1 → 4",
            "3 lines changed in psa from 2026-06-30 (the closing of 2026-06) to 2026-07-02",
        ],
    );
    let told = parsed(&office.run(&["actions", "changes", "--client", "quarry", "--json"]));
    assert_eq!((&told["lines"][0]["changed"], told["lines"].as_array().unwrap().len()), (&"replaced".into(), 1));
}

#[test]
fn an_exception_is_answered_by_a_rule_for_good() {
    let office = Office::open();
    let rules = "currency = \"GBP\"\n[services]\nMNG-WKS = { count = \"rmm.workstation\" }\nMNG-SRV = { count = \"rmm.server\", \
                 price = 50 } # by hand before May\n";
    truecount_support::write_file(&office.path(""), "config/rules.toml", rules);
    let mut items = "account_id,account_name,item_id,kind,status\na-Harbour,Harbour Ltd,s1,server,active\n".to_owned();
    for (client, used) in [("Harbour", 3), ("Meadow", 2), ("Quarry", 1)] {
        (0..used).for_each(|n| items += &format!("a-{client},{client} Ltd,{client}-{n},workstation,active\n"));
    }
    office.drop_file("rmm", "devices-2026-06-30.csv", &items);
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    let listed = parsed(&office.run(&["exceptions", "--json"]));
    let number = |kind: &str| {
        let row =
            listed.as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("{listed}"));
        row["number"].to_string()
    };
    let (unbilled, under) = (number("unbilled_usage"), number("underbilled"));

    let answer = |number: &str, more: &[&str]| {
        office.run(&[&["actions", "record", number, "--by", "kim", "--standing"], more].concat())
    };
    expect(&answer(&unbilled, &["not_sold"]), FAILED, &["the rule says why: give it with --note"]);
    expect(
        &answer(&under, &["not_sold", "--note", "x"]),
        FAILED,
        &["Harbour Ltd, MNG-WKS (underbilled): a line of it stands"],
    );
    expect(
        &answer(&under, &["ignore", "--note", "x", "--review", "2026-09-01"]),
        FAILED,
        &["--review goes with `not_sold` only"],
    );
    let written = || std::fs::read_to_string(office.path("config/rules.toml")).unwrap();
    assert_eq!(written(), rules, "what is refused changes nothing");

    let wanted = ["not_sold", "--note", "their own", "--review", "2026-07-31"];
    let line = "MNG-SRV = { not_sold = \"their own\", review = 2026-07-31 } # Harbour Ltd; kim, 2026-06-30\n";
    expect(&answer(&unbilled, &wanted), CLEAN, &["MNG-SRV = { not_sold", "It holds from the next run on"]);
    assert_eq!(written(), format!("{rules}\n[clients.Harbour]\n{line}"));
    expect(&answer(&unbilled, &wanted), FAILED, &["`not_sold` stands there already", "nothing was written"]);
    let ended = answer(&under, &["ignore", "--note", "counted by hand"]);
    expect(&ended, CLEAN, &["MNG-WKS = { ignore = \"counted by hand\" } # Harbour Ltd; kim, 2026-06-30"]);

    expect(&office.run(&["run"]), CLEAN, &[]);
    let july = office.at("2026-07-31T20:00:00Z");
    july.drop_file("rmm", "devices-2026-07-31.csv", &items);
    files_of_psa(&july, "2026-07-31");
    expect(&july.run(&["run"]), EXCEPTIONS, &[]);
    let again = parsed(&july.run(&["exceptions", "--json"]));
    let reason = again[0]["reason"].as_str().unwrap();
    assert!(reason.contains("the rules say that the client does not buy it (`their own`)"), "{reason}");
}

/// The lines of the office's PSA as of a day.
fn files_of_psa(office: &Office, day: &str) {
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    for (client, billed) in [("Harbour", 2), ("Meadow", 2), ("Quarry", 1)] {
        lines += &format!("L-{client},{client},{client} Ltd,MNG-WKS,{billed},10.00,GBP\n");
    }
    office.drop_file("psa", &format!("lines-{day}.csv"), &lines);
}
