//! An MSP that begins with some of its clients: the others are neither compared nor closed, and that is said.

use serde_json::Value;
use truecount_support::{CSV_SOURCES, write_file};

use crate::office::{Office, expect, text_of};
use crate::prompt::{CLEAN, EXCEPTIONS};
use crate::schema::check_outcome;

fn limit(office: &Office, scope: &str) {
    let mail = "[mail]\nfrom = \"t@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"a@msp.example\"]\n";
    write_file(office.data(), "config/settings.toml", format!("{scope}{mail}{CSV_SOURCES}"));
}

/// Closes the month of a day: Harbour is billed for two and uses three, Meadow is billed for two and uses four.
fn close(office: &Office, day: &str) -> String {
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
    for (client, billed, used) in [("Harbour", 2, 3), ("Meadow", 2, 4), ("Quarry", 1, 1)] {
        lines += &format!("L-{client},{client},{client} Ltd,MNG-WKS,{billed},10.00,GBP\n");
        lines += &format!("F-{client},{client},{client} Ltd,FAX,1,5.00,GBP\n");
        for item in 0..used {
            items += &format!("a-{client},{client} Ltd,{client}-{item},workstation,active\n");
        }
    }
    items += "a-x,Nobody at all,x-1,workstation,active\na-m,Meadow Limited,m-1,workstation,active\n";
    office.drop_file("psa", &format!("lines-{day}.csv"), &lines);
    office.drop_file("rmm", &format!("devices-{day}.csv"), &items);
    expect(&office.run_at(&format!("{day}T20:00:00Z"), &["run", "--closing"]), EXCEPTIONS, &[]);
    let mails: Vec<String> = office.outbox().iter().map(|(_, bytes)| text_of(bytes).replace('\r', "")).collect();
    mails.last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn exceptions(office: &Office, month: &str) -> Vec<Value> {
    let out = office.run(&["exceptions", "--json", "--month", month]).out;
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn what_is_outside_is_not_looked_at_and_does_not_close() {
    let office = Office::open();
    close(&office, "2026-06-30");
    let of_meadow = |month: &str| {
        let rows = exceptions(&office, month);
        rows.into_iter().find(|row| row["client_id"] == "Meadow" && row["kind"] == "underbilled")
    };
    let june = of_meadow("2026-06").unwrap();

    limit(&office, "[scope]\nclients = [\"harbour*\"]\nservices = [\"MNG-*\"]\n");
    let mail = close(&office, "2026-07-31");
    assert!(mail.contains("Scope: 1 of 3 clients, services MNG-*; what is outside was not looked at."), "{mail}");
    assert!(
        mail.contains("Everything in scope was compared: GBP 20.00 a month") || mail.contains("in scope was"),
        "{mail}"
    );
    assert!(!mail.contains("Meadow") && !mail.contains("FAX"), "{mail}");
    let july = exceptions(&office, "2026-07");
    let told: Vec<_> = july.iter().map(|row| (row["client_id"].clone(), row["account_id"].clone())).collect();
    assert_eq!(told, [("Harbour".into(), Value::Null), (Value::Null, "a-x".into())], "{july:?}");
    let run = truecount_support::file_names(&office.path("archive/reports/2026-07")).remove(0);
    let read =
        |name: &str| std::fs::read_to_string(office.path(&format!("archive/reports/2026-07/{run}/{name}"))).unwrap();
    assert_eq!(read("closed.csv").lines().count(), 1, "{}", read("closed.csv"));
    let totals: Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!(totals["portfolio"]["coverage"]["GBP"]["compared"], "20.00", "the denominator is Harbour's line alone");
    assert_eq!(totals["portfolio"]["scope"]["clients_all"], 3);
    check_outcome(&office.path(&format!("archive/reports/2026-07/{run}/outcomes.jsonl.gz")));
    expect(&office.run(&["replay", &run]), CLEAN, &["all the same"]);

    limit(&office, "");
    let mail = close(&office, "2026-08-31");
    assert!(!mail.contains("Scope:"), "{mail}");
    let august = of_meadow("2026-08").unwrap();
    assert_eq!((&august["number"], &august["since"]), (&june["number"], &"2026-06".into()));
    assert_eq!(august["months_open"], 2, "July does not count: nobody looked");
}

#[test]
fn a_word_of_the_scope_that_means_nobody_is_a_finding() {
    let office = Office::open();
    limit(&office, "[scope]\nclients = [\"Harbour Ltd\", \"Harbor\"]\nservices = [\"MNG-WKS\", \"SOC\"]\n");
    expect(&office.run(&["run"]), EXCEPTIONS, &["Scope: 1 of 3 clients"]);
    let run = truecount_support::file_names(&office.path("archive/reports/2026-06")).remove(0);
    let setup = std::fs::read_to_string(office.path(&format!("archive/reports/2026-06/{run}/setup.csv"))).unwrap();
    assert!(setup.contains("names the client `Harbor`") && setup.contains("names the service `SOC`"), "{setup}");
}
