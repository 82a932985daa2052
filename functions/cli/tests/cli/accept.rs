//! The shipped timer run twice in ten seconds on half an answer, and the person who accepts a fall.

use std::fs;

use crate::office::{Ended, Office, expect, text_of};
use crate::prompt::{self, EXCEPTIONS, FAILED};

const CLOSING: [&str; 3] = ["run", "--closing", "--when-due"];
const NOT_RECONCILED: i32 = 2;

fn devices(count: u32) -> String {
    let row = |n| format!("a-1,Harbour Ltd,d-{n},workstation,active\n");
    (0..count).map(row).fold("account_id,account_name,item_id,kind,status\n".to_owned(), |text, row| text + &row)
}

/// An office whose RMM had forty devices on the 25th, all of them billed, and has three in the file of the 26th.
fn half_an_answer() -> Office {
    let office = Office::open().at("2026-06-25T06:00:00Z");
    for source in ["psa", "rmm"] {
        fs::remove_dir_all(office.path(&format!("archive/inbox/sources/{source}"))).unwrap();
    }
    let lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n\
                 L-1,Harbour,Harbour Ltd,MNG-WKS,40,10.00,GBP\n";
    office.drop_file("psa", "lines-2026-06-25.csv", lines);
    office.drop_file("rmm", "devices-2026-06-25.csv", &devices(40));
    expect(&office.run(&["sync"]), 0, &[]);
    office.drop_file("rmm", "devices-2026-06-26.csv", &devices(3));
    office
}

#[test]
fn the_timer_twice_in_ten_seconds_mails_half_an_answer_as_unknown() {
    let office = half_an_answer().at("2026-06-26T06:00:00Z");
    let fell = "FELL        rmm: Harbour Ltd: workstation 40 on 2026-06-25, 3 now; if that is right: \
                `truecount sources accept rmm a-1 --data ";
    expect(&office.run(&["sync"]), NOT_RECONCILED, &["1 vendor account NOT READ", fell]);
    let closed = office.run_at("2026-06-26T06:00:10Z", &CLOSING);
    expect(
        &closed,
        NOT_RECONCILED,
        &["0 exceptions, 1 NOT RECONCILED", "Mail to `billing`: not sent, the settings have no mail server: kept in `"],
    );
    let outbox = office.outbox();
    let [(_, mail)] = &outbox[..] else { panic!("{} mails", outbox.len()) };
    let text = text_of(mail);
    assert!(
        text.contains("Harbour Ltd (suddenly holds less)") && text.contains("truecount sources accept rmm"),
        "{text}"
    );
    assert!(
        text.contains("TO REDUCE       not known") && text.contains("GBP 370.00 down a month"),
        "only at stake: {text}"
    );
}

#[test]
fn a_fall_that_a_person_accepts_counts_and_is_the_next_base() {
    let office = half_an_answer().at("2026-06-26T06:00:00Z");
    expect(&office.run(&["sync"]), NOT_RECONCILED, &[]);
    expect(&office.run(&["run"]), NOT_RECONCILED, &["1 NOT RECONCILED"]);
    let accepted = office.run(&["sources", "accept", "rmm", "a-1", "--yes", "--actor", "kim", "--note", "they moved"]);
    expect(&accepted, 0, &["Accepted. It applies from the next run on"]);
    let row: Vec<&str> = accepted.out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(row, ["a-1", "Harbour", "Ltd", "workstation", "40", "2026-06-25", "3"]);

    // without another sync, and after one
    let reconciled = office.run_at("2026-06-26T07:00:00Z", &["reconcile", "--json"]);
    assert!(reconciled.out.contains("\"not_reconciled\": 0"), "{}", reconciled.out);
    expect(&office.run_at("2026-06-26T07:00:00Z", &["run"]), EXCEPTIONS, &["1 exception\n"]);
    expect(&office.run(&["exceptions"]), EXCEPTIONS, &["overbilled", "GBP -370.00"]);
    office.drop_file("rmm", "devices-2026-06-27.csv", &devices(2));
    expect(&office.run_at("2026-06-27T06:00:00Z", &["run"]), EXCEPTIONS, &["Everything was compared"]);
    expect(&office.run(&["exceptions"]), EXCEPTIONS, &["GBP -380.00"]);
}

#[test]
fn an_account_that_is_gone_is_accepted_with_all_that_fell() {
    let office = half_an_answer().at("2026-06-26T06:00:00Z");
    let other = devices(9).replace("a-1,Harbour Ltd,d-", "a-2,Quarry Ltd,q-");
    office.drop_file("rmm", "devices-2026-06-26.csv", &other);
    expect(&office.run(&["sync", "rmm"]), NOT_RECONCILED, &["1 of 2 vendor accounts not read"]);
    let accepted = office.run(&["sources", "accept", "rmm", "--json", "-y", "--note", "left us"]);
    expect(&accepted, 0, &[]);
    let accepted: serde_json::Value = serde_json::from_str(&accepted.out).unwrap();
    let [gone] = accepted.as_array().unwrap().as_slice() else { panic!("{accepted}") };
    assert_eq!(gone["account_id"], "a-1");
    assert_eq!((&gone["is_gone"], &gone["note"]), (&true.into(), &"left us".into()));
    assert_eq!(gone["kinds"][0]["from"]["items"], 40);
    assert_eq!(gone["kinds"][0]["to"]["items"], 0);
    let sources = office.run(&["sources", "list"]);
    assert!(!sources.out.contains("partial") && !sources.err.contains("not read"), "{}{}", sources.out, sources.err);
}

#[test]
fn where_nothing_fell_there_is_nothing_to_accept() {
    let office = half_an_answer().at("2026-06-25T06:00:00Z");
    let accept = |more: &[&str]| office.run(&[&["sources", "accept"], more].concat());
    expect(
        &accept(&["rmm"]),
        FAILED,
        &["nothing to accept: no vendor account of `rmm` fell in the sync of 2026-06-25"],
    );
    expect(&accept(&["rmm", "a-1"]), FAILED, &["vendor account `a-1` of `rmm` did not fall in the sync of 2026-06-25"]);
    expect(&accept(&["rmm", "zz"]), FAILED, &["the sync of 2026-06-25 has no vendor account `zz` in `rmm`"]);
    expect(&accept(&["nosuch"]), FAILED, &["nosuch"]);
    let fresh = Office::open();
    expect(&fresh.run(&["sources", "accept", "rmm"]), FAILED, &["`rmm` was never synced: there is nothing to accept"]);
    // once accepted, it is accepted
    let office = office.at("2026-06-26T06:00:00Z");
    expect(&office.run(&["sync"]), NOT_RECONCILED, &[]);
    expect(&office.run(&["sources", "accept", "rmm", "--yes"]), 0, &[]);
    expect(&office.run(&["sources", "accept", "rmm"]), FAILED, &["nothing to accept"]);
}

/// Nobody is there to be asked: what would be accepted is shown, and nothing is.
#[test]
fn a_fall_is_shown_before_it_is_accepted() {
    let office = half_an_answer().at("2026-06-26T06:00:00Z");
    expect(&office.run(&["sync"]), NOT_RECONCILED, &[]);
    let unasked = ["nothing was accepted: nobody can be asked without a terminal", "--yes"];
    let shown = office.run(&["sources", "accept", "rmm"]);
    expect(&shown, FAILED, &unasked);
    let lines: Vec<Vec<&str>> = shown.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["account", "name", "kind", "before", "of", "now"]);
    assert_eq!(lines[1], ["a-1", "Harbour", "Ltd", "workstation", "40", "2026-06-25", "3"]);
    let piped = prompt::with_input(office.command(&["sources", "accept", "rmm", "a-1"]), "y\n");
    expect(&Ended::of(piped), FAILED, &unasked);
    let json = office.run(&["sources", "accept", "rmm", "--json"]);
    expect(&json, FAILED, &["nothing was accepted: with --json nobody is asked"]);
    assert_eq!(json.out, "", "no half of an answer");
    expect(&office.run(&["run"]), NOT_RECONCILED, &["1 NOT RECONCILED"]);
    expect(&office.run(&["sources", "accept", "rmm", "--yes"]), 0, &["Accepted."]);
    expect(&office.run(&["run"]), EXCEPTIONS, &["Everything was compared"]);
}
