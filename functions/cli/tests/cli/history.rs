//! What a person sees of an exception over several closings: its number, since when it stands, who came and went, that it
//! is gone, and what differs between two runs.

use crate::office::{Office, expect, text_of};
use crate::prompt::{CLEAN, EXCEPTIONS, FAILED};
use crate::schema::check_outcome;

/// The office's three clients, of which the first is billed for so many, and has these machines.
fn files(office: &Office, day: &str, billed: u32, machines: &[&str]) {
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
    for (client, billed, machines) in
        [("Harbour", billed, machines), ("Meadow", 2, &["Meadow-0", "Meadow-1"][..]), ("Quarry", 1, &["Quarry-0"][..])]
    {
        lines += &format!("L-{client},{client},{client} Ltd,MNG-WKS,{billed},10.00,GBP\n");
        for machine in machines {
            items += &format!("a-{client},{client} Ltd,{machine},workstation,active\n");
        }
    }
    office.drop_file("psa", &format!("lines-{day}.csv"), &lines);
    office.drop_file("rmm", &format!("devices-{day}.csv"), &items);
}

/// The closing run of a month.
fn run_of(office: &Office, month: &str) -> String {
    truecount_support::file_names(&office.path(&format!("archive/reports/{month}"))).remove(0)
}

/// June and July closed with the same exception, August without it.
fn three_months() -> Office {
    let office = Office::open();
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    let office = office.at("2026-07-31T20:00:00Z");
    files(&office, "2026-07-31", 2, &["Harbour-0", "Harbour-1", "Harbour-9"]);
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    let office = office.at("2026-08-31T20:00:00Z");
    files(&office, "2026-08-31", 3, &["Harbour-0", "Harbour-1", "Harbour-9"]);
    expect(&office.run(&["run", "--closing"]), CLEAN, &[]);
    office
}

#[test]
fn an_exception_has_its_number_and_its_age_until_it_is_closed() {
    let office = three_months();
    let june = office.run(&["exceptions", "--month", "2026-06"]);
    expect(&june, EXCEPTIONS, &["since", "  1  Harbour Ltd", "2026-06"]);
    let july = ["explain", "Harbour", "--month", "2026-07"];
    expect(&office.run(&july), CLEAN, &["no. 1, open for 2 closings, since June 2026; GBP 10.00"]);
    expect(&office.run(&july), CLEAN, &["came", "since 30 June 2026: Harbour-9", "Harbour-2 (no longer listed)"]);
    let august = office.run(&["exceptions"]);
    expect(&august, CLEAN, &["No exceptions.", "closed since 2026-07:", "1  Harbour Ltd, MNG-WKS: agrees now; it was"]);
    expect(&office.run(&["explain", "Harbour"]), CLEAN, &["MNG-WKS: closed (no. 1)"]);

    let mails: Vec<String> = office.outbox().iter().map(|(_, bytes)| text_of(bytes)).collect();
    assert!(!mails[0].contains("HISTORY"), "no month was closed before: {}", mails[0]);
    assert!(mails[1].contains("Since the closing of June 2026: 1 as before."), "{}", mails[1]);
    assert!(mails[2].contains("Since the closing of July 2026: 1 closed."), "{}", mails[2]);
    for month in ["2026-06", "2026-07", "2026-08"] {
        let run = run_of(&office, month);
        assert!(check_outcome(&office.path(&format!("archive/reports/{month}/{run}/outcomes.jsonl.gz"))) > 3);
        expect(&office.run(&["replay", &run]), CLEAN, &["history.jsonl.gz", "all the same"]);
    }
}

#[test]
fn a_draft_knows_the_numbers_and_leaves_nothing() {
    let office = Office::open();
    let draft = office.run(&["run"]);
    expect(&draft, EXCEPTIONS, &[]);
    let before = office.run(&["exceptions", "--json"]).out;
    let before: serde_json::Value = serde_json::from_str(&before).unwrap();
    assert_eq!((&before[0]["number"], &before[0]["state"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    let office = office.at("2026-07-10T20:00:00Z");
    files(&office, "2026-07-10", 2, &["Harbour-0", "Harbour-1", "Harbour-2", "Harbour-3"]);
    for _ in 0..2 {
        expect(&office.run(&["run"]), EXCEPTIONS, &[]);
        let row = office.run(&["exceptions", "--json", "--month", "2026-07"]).out;
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        let cells = ["number", "state", "since", "months_open", "lost_so_far"].map(|name| row[0][name].clone());
        let expected = serde_json::json!([1, "changed", "2026-06", 2, "10.00"]);
        assert_eq!(serde_json::Value::from(cells.to_vec()), expected);
    }
}

#[test]
fn two_runs_are_compared_with_parts_that_add_up() {
    let office = three_months();
    let [june, july, august] = ["2026-06", "2026-07", "2026-08"].map(|month| run_of(&office, month));
    let shown = office.run(&["runs", "diff", &july, &august]);
    expect(
        &shown,
        CLEAN,
        &[&july, &august, "Changed between them: billing, the count day.", "billing: GBP 10.00 less to add"],
    );
    let wide = shown.out.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);
    let told: serde_json::Value =
        serde_json::from_str(&office.run(&["runs", "diff", &july, &august, "--json"]).out).unwrap();
    let of = &told["totals"]["GBP"];
    assert_eq!((&of["before"]["to_add"], &of["after"]["to_add"]), (&"10.00".into(), &"0".into()), "{told}");
    assert_eq!(
        (&of["parts"]["billing"]["to_add"], &of["rest"]["to_add"]),
        (&"-10.00".into(), &"0.00".into()),
        "{told}"
    );
    expect(&office.run(&["runs", "diff", &june, &june]), CLEAN, &["nothing", "Every row says the same."]);
    expect(&office.run(&["runs", "diff", &june, "2026-06-d-0"]), FAILED, &["there is no run `2026-06-d-0`"]);
}
