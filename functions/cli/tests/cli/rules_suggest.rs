//! `truecount rules suggest`: what fits is shown, and what clearly fits is written beside what a person wrote.

use std::fs;

use truecount_support::write_file;

use crate::office::{Office, expect};

const RULES: &str = "# Ours.\n[services]\nMNG-WKS = { count = \"rmm.workstation\" } # counted\n\n# The end.\n[us]\ndomains = [\"msp.example\"]\n";

/// Eight clients that are billed for their servers, a fee, and hours.
fn office() -> Office {
    let office = Office::open();
    write_file(office.data(), "config/rules.toml", RULES);
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
    for client in 2..10 {
        for (product, quantity) in [("HOST", client), ("CARE", 1), ("HOURS", client * client)] {
            lines += &format!("{product}-{client},{client},Client {client},{product},{quantity},10.00,GBP\n");
        }
        for item in 0..client {
            items += &format!("a-{client},Client {client},{client}-{item},server,active\n");
        }
    }
    office.drop_file("psa", "lines-2026-06-30.csv", &lines);
    office.drop_file("rmm", "devices-2026-06-30.csv", &items);
    office
}

#[test]
fn what_fits_is_shown_and_written_and_nothing_else_is_touched() {
    let office = office();
    expect(&office.run(&["rules", "suggest"]), 2, &["Nothing is synced yet"]);
    expect(&office.run(&["sync"]), 0, &[]);
    let shown = office.run(&["rules", "suggest"]);
    let words = [
        "HOST: 8 clients, GBP 440.00 a month\n  HOST = { count = \"rmm.server\" }\n  equal at 8 of 8 clients\n",
        "CARE: 8 clients, GBP 80.00 a month\n  CARE = { flat = true }\n  one at 8 of 8 clients\n",
        "No count fits 1 product:\n  HOURS: 8 clients",
        "2 products are without a `!`: --write takes them over.",
    ];
    expect(&shown, 0, &words);
    let rules = office.path("config/rules.toml");
    assert_eq!(fs::read_to_string(&rules).unwrap(), RULES, "nothing is written unasked");

    expect(&office.run(&["rules", "suggest", "--write"]), 0, &["rules.toml: 2 rules added: HOST, CARE"]);
    let written = fs::read_to_string(&rules).unwrap();
    let added = "HOST = { count = \"rmm.server\" } # equal at 8 of 8 clients, 2026-06-30\n\
        CARE = { flat = true } # one at 8 of 8 clients, 2026-06-30\n";
    assert_eq!(written, RULES.replacen(" # counted\n", &format!(" # counted\n{added}"), 1));
    let kept = fs::read_dir(office.path("config/history")).unwrap().count();
    assert_eq!(kept, 1, "what was there is kept");
    expect(&office.run(&["rules", "check"]), 0, &["ok: 2 sources, 3 services"]);

    let again = office.run(&["rules", "suggest", "--write", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&told["written"], &told["products"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(told["unfitted"][0]["product"], "HOURS");
    assert_eq!(fs::read_to_string(&rules).unwrap(), written);

    let all = office.run(&["rules", "suggest", "--all", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&all.out).unwrap();
    assert_eq!(told["products"].as_array().unwrap().len(), 2);
    expect(&office.run(&["rules", "suggest", "--all", "--write"]), 3, &["cannot be used with"]);
}
