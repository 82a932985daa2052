//! One run in which nothing could be compared has one number for it, wherever that is read.

use std::fs;

use crate::office::{Ended, Office, text_of};

const CLIENTS: usize = 250;
const INCOMPLETE: i32 = 2;

/// The PSA is read and the RMM never was, so that no line of any client can be compared.
fn without_usage() -> Office {
    let office = Office::open();
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    for n in 1..=CLIENTS {
        lines += &format!("L-{n},C-{n},Client {n} Ltd,MNG-WKS,2,10.00,GBP\n");
    }
    office.drop_file("psa", "lines-2026-06-30.csv", &lines);
    fs::remove_dir_all(office.path("archive/inbox/sources/rmm")).unwrap();
    office
}

fn run(office: &Office, args: &[&str]) -> Ended {
    let ended = office.run(args);
    assert_eq!(ended.code, Some(INCOMPLETE), "{args:?}: {}{}", ended.out, ended.err);
    ended
}

#[test]
fn terminal_list_json_and_mail_have_the_same_number() {
    let office = without_usage();
    let synced = office.run(&["sync", "psa"]);
    assert_eq!(synced.code, Some(0), "{}", synced.err);

    let terminal = run(&office, &["reconcile", "--closing", "--month", "2026-06"]);
    assert!(terminal.out.contains("0 exceptions, 250 NOT RECONCILED"), "{}", terminal.out);
    let json = run(&office, &["reconcile", "--closing", "--month", "2026-06", "--json"]);
    assert!(json.out.contains("\"not_reconciled\": 250"), "{}", json.out);

    let report = run(&office, &["report", "--month", "2026-06"]);
    assert!(report.out.contains("0 exceptions, 250 NOT RECONCILED"), "{}", report.out);
    let list = office.run(&["runs", "list"]).out;
    let row: Vec<&str> = list.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(row[row.len() - 2..], ["0", "250"], "{list}");

    let outbox = office.outbox();
    let [(_, mail)] = &outbox[..] else { panic!("{} mails", outbox.len()) };
    let message = mail_parser::MessageParser::default().parse(mail).unwrap();
    assert_eq!(message.subject(), Some("Truecount June 2026: nothing could be compared; 250 not reconciled"));
    assert!(text_of(mail).contains("250 NOT RECONCILED"), "{}", text_of(mail));
    assert!(message.body_html(0).unwrap().contains("250 not reconciled"));
}
