//! `truecount check --only psa`: the agreements by themselves, before any other source is there.

use crate::office::{Office, expect};

const HEAD: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n";

#[test]
fn agreements_are_checked_before_any_other_source_is_there() {
    let office = Office::open();
    expect(&office.run(&["check", "--only", "psa"]), 2, &["psa was never synced", "`truecount sync psa --data "]);
    expect(&office.run(&["sync", "psa"]), 0, &[]);
    expect(&office.run(&["check", "--only", "psa"]), 0, &["Agreements of 3 clients", "nothing to look at"]);

    let lines = "L-1,Harbour,Harbour Ltd,MNG-WKS,2,10.00,GBP\nL-2,Meadow,Meadow Ltd,MNG-WKS,4,0,GBP\n\
                 L-3,Quarry,Quarry Ltd,SUPPORT,-1,25.00,GBP\n";
    office.drop_file("psa", "lines-2026-06-30.csv", &format!("{HEAD}{lines}"));
    expect(&office.run(&["sync", "psa"]), 0, &[]);
    let found = office.run(&["check", "--only", "psa", "--out", office.path("alone").to_str().unwrap()]);
    let words = [
        "IN THE PSA ITSELF: 2 FINDINGS",
        "GBP 25.00  Quarry Ltd: credit without an end",
        "Meadow Ltd: billed at zero",
        "`MNG-WKS` (price 0)",
        "agreement_findings.csv",
    ];
    expect(&found, 1, &words);
    assert!(found.out.lines().all(|line| line.chars().count() <= 80), "{}", found.out);
    let file = std::fs::read_to_string(office.path("alone/agreement_findings.csv")).unwrap();
    assert_eq!(file.lines().count(), 3, "{file}");
    let told: serde_json::Value = serde_json::from_str(&office.run(&["check", "--only", "psa", "--json"]).out).unwrap();
    assert_eq!(told["findings"][0]["kind"], "credit_without_end");
    assert_eq!(told["totals"][0]["monthly"]["GBP"], "25.00");
    expect(&office.run(&["check", "--only", "psa", "--billed", "x.csv"]), 3, &["cannot be used with"]);
}
