//! The first month at the prompt: no total until the list is accepted, and then what is left of it apart from what is new.

use serde_json::Value;

use crate::office::{Office, expect, text_of};
use crate::prompt::{CLEAN, EXCEPTIONS, FAILED};
use crate::schema::check_outcome;

/// The mail that was written last, its lines as they are.
fn last_mail(office: &Office) -> String {
    office.outbox().iter().map(|(_, bytes)| text_of(bytes).replace('\r', "")).next_back().unwrap()
}

/// Billed lines and usage of a day: so many workstations are billed and used at each client.
fn files(office: &Office, day: &str, clients: &[(&str, u32, u32)]) {
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
    for (client, billed, used) in clients {
        lines += &format!("L-{client},{client},{client} Ltd,MNG-WKS,{billed},10.00,GBP\n");
        for item in 0..*used {
            items += &format!("a-{client},{client} Ltd,{client}-{item},workstation,active\n");
        }
    }
    office.drop_file("psa", &format!("lines-{day}.csv"), &lines);
    office.drop_file("rmm", &format!("devices-{day}.csv"), &items);
}

#[test]
fn the_first_month_has_no_total_until_its_list_is_accepted() {
    let office = Office::open();
    expect(&office.run(&["baseline", "show"]), CLEAN, &["No baseline is accepted"]);
    expect(&office.run(&["baseline", "accept"]), FAILED, &["no month was closed yet"]);
    let closed = office.run(&["run", "--closing"]);
    expect(&closed, EXCEPTIONS, &["First comparison, not yet confirmed", "truecount baseline accept"]);
    let mail = last_mail(&office);
    assert!(mail.contains("First comparison, not yet confirmed") && !mail.contains("TO ADD"), "{mail}");
    assert!(mail.contains("Harbour Ltd: underbilled"), "the list is there: {mail}");
    let listed = office.run(&["exceptions"]);
    expect(&listed, EXCEPTIONS, &["First comparison, not yet confirmed", "Harbour Ltd"]);
    assert!(!listed.out.contains("shown: "), "no sum: {}", listed.out);

    let accept = ["baseline", "accept", "--note", "gone through", "--by", "kim"];
    let words = "Baseline of June 2026: 1 exception of run 2026-06-c1-";
    expect(&office.run(&accept), CLEAN, &[words, "accepted by kim on 2026-06-30 (gone through)", "The next runs"]);
    expect(&office.run(&accept), CLEAN, &["It was accepted before: nothing has changed."]);
    expect(&office.run(&["baseline", "show"]), CLEAN, &[words, "No month after it was compared yet."]);

    let office = office.at("2026-07-31T20:00:00Z");
    files(&office, "2026-07-31", &[("Harbour", 2, 3), ("Meadow", 2, 4), ("Quarry", 1, 1)]);
    let told = "Opening list of June 2026: 1 of 1 still open, worth GBP 10.00 to add a month. New since: 1, worth GBP 20.00 \
                to add a month.";
    let closed = office.run(&["run", "--closing"]);
    expect(&closed, EXCEPTIONS, &["TO ADD          GBP 30.00"]);
    let flowing = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing(&closed.out).contains(told), "{}", closed.out);
    let mail = last_mail(&office);
    assert!(flowing(&mail).contains(&format!("OPENING {told}")), "{mail}");
    let listed = flowing(&office.run(&["exceptions"]).out);
    assert!(listed.contains(told) && listed.contains("shown: GBP 30.00 to add a month"), "{listed}");
    assert!(flowing(&office.run(&["baseline", "show"]).out).contains(told));
    let shown: Value = serde_json::from_str(&office.run(&["baseline", "show", "--json"]).out).unwrap();
    assert_eq!((&shown["accepted"]["month"], &shown["accepted"]["exceptions"]), (&"2026-06".into(), &1.into()));
    assert_eq!(shown["new_since"], "1, worth GBP 20.00 to add a month");

    for month in ["2026-06", "2026-07"] {
        let run = truecount_support::file_names(&office.path(&format!("archive/reports/{month}"))).remove(0);
        check_outcome(&office.path(&format!("archive/reports/{month}/{run}/outcomes.jsonl.gz")));
        expect(&office.run(&["replay", &run]), CLEAN, &["all the same"]);
    }
}

#[test]
fn in_the_first_month_a_service_that_is_wrong_at_many_clients_is_a_matter_of_the_setup() {
    let office = Office::open();
    let names = ["Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine"];
    // Four of ten are billed one too few; the office's own clients are gone.
    let clients: Vec<_> = names.iter().zip(0..).map(|(name, at)| (*name, 2, if at < 4 { 3 } else { 2 })).collect();
    files(&office, "2026-06-30", &clients);
    let run_of = |month: &str| {
        let run = truecount_support::file_names(&office.path(&format!("archive/reports/{month}"))).remove(0);
        office.path(&format!("archive/reports/{month}/{run}"))
    };
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &["First comparison"]);
    let read = |month: &str, name: &str| std::fs::read_to_string(run_of(month).join(name)).unwrap();
    let setup = read("2026-06", "setup.csv");
    assert!(setup.contains("MNG-WKS is underbilled at 4 of 10 clients"), "{setup}");
    assert_eq!(read("2026-06", "changes.csv").lines().count(), 1, "no bill is to be changed by it");
    let run: Value = serde_json::from_str(&read("2026-06", "run.json")).unwrap();
    assert_eq!(run["portfolio"]["totals"], serde_json::json!({}), "{run}");
    assert_eq!(run["portfolio"]["setup_rows"]["totals"]["GBP"]["add"], "40.00");
    assert!(last_mail(&office).contains("MNG-WKS is underbilled at 4 of 10 clients"), "{}", last_mail(&office));
    check_outcome(&run_of("2026-06").join("outcomes.jsonl.gz"));

    expect(&office.run(&["baseline", "accept"]), CLEAN, &["4 exceptions"]);
    files(&office, "2026-07-31", &clients);
    let closed = office.run_at("2026-07-31T20:00:00Z", &["run", "--closing"]);
    expect(&closed, EXCEPTIONS, &["TO ADD          GBP 40.00"]);
    assert!(!read("2026-07", "setup.csv").contains("underbilled"));
    assert_eq!(read("2026-07", "changes.csv").lines().count(), 5, "each is a change, and counts");
}
