//! Exports as a person downloads them, through a preset, to exceptions: the preset's kinds and their usual state hold as
//! those of a connector do.

use std::collections::BTreeMap;

use crate::backend::TestBackend;

const SETTINGS: &str = r#"
[[sources]]
id = "psa"
connector = "file"
side = "agreed"

[[sources]]
id = "rmm"
connector = "file"
preset = "ninjaone-devices"
"#;

const RULES: &str = r#"
currency = "GBP"
[services]
MNG-SRV = { count = "rmm.server" }
"#;

const BILLED: &str = "line_id;client_id;client_name;product_code;quantity;unit_price;currency
1;c1;Harbour Dental;MNG-SRV;3,00;45,50;GBP
2;c2;Mill & Sons;MNG-SRV;1,00;45,50;GBP
";

/// Titles above, a total below, days as the British write them: the 13th tells which is the month.
const DEVICES: &str = "Devices of all customers,,,\r
,,,\r
Organization,Display Name,Device Role,Last Contact\r
Harbour Dental,hd-1,Windows Server,29/06/2026\r
Harbour Dental,hd-2,Windows Server,13/06/2026\r
Harbour Dental,hd-3,Windows Server,13/04/2026\r
Mill & Sons,ms-1,Windows Server,28/06/2026\r
Mill & Sons,ms-2,Windows Laptop,28/06/2026\r
";

#[tokio::test]
async fn two_exports_as_they_come_are_compared() {
    let files = [
        ("archive/inbox/sources/psa/lines 2026-06-30.csv", BILLED),
        ("archive/inbox/sources/rmm/devices 2026-06-30.csv", DEVICES),
    ];
    let backend = TestBackend::new(SETTINGS, RULES, &files).await;
    for source in ["psa", "rmm"] {
        let answer = backend.sync(source).await;
        assert!(matches!(answer, truecount_app::SyncAnswer::Committed { incomplete_accounts: 0, .. }), "{answer:?}");
    }
    let run_id = backend.close().await;
    backend.report(&run_id).await;
    let exceptions = backend.report_file(&run_id, "exceptions.csv");
    let rows: Vec<&str> = exceptions.lines().skip(1).collect();
    assert_eq!(rows.len(), 1, "the laptop is no server, and the old one does not count: {exceptions}");
    assert!(rows[0].contains("Harbour Dental") && rows[0].contains("overbilled") && rows[0].contains("-45.50"));
    assert!(rows[0].contains("hd-3"), "{exceptions}");
}

/// A PSA's lines and an RMM's workstations, each with columns of its own.
const FIELD_SETTINGS: &str = r#"
[[sources]]
id = "psa"
connector = "file"
side = "agreed"
PSA
[sources.columns]
line_id = "Line"
client_id = "Client"
client_name = "Client"
product_code = "Product"
quantity = "Qty"
unit_price = "Price"
effective_from = "Start"
effective_to = "End"
[sources.constants]
currency = "GBP"
timing = "arrears"

[[sources]]
id = "rmm"
connector = "file"
side = "used"
[sources.columns]
account_id = "Customer"
item_id = "Serial"
status = "State"
[sources.constants]
kind = "workstation"
"#;

const FIELD_RULES: &str = "currency = \"GBP\"\n[services]\nMNG-WKS = { count = \"rmm.workstation\" }\n";

/// A whole month of two exports: what `exceptions.csv` says of it, and how far the PSA's file was read.
async fn compared(psa: (&str, &str), devices: &str) -> (Vec<String>, truecount_app::SyncAnswer) {
    let settings = FIELD_SETTINGS.replace("PSA", psa.0);
    let files = [
        ("archive/inbox/sources/psa/lines 2026-06-30.csv", psa.1),
        ("archive/inbox/sources/rmm/devices 2026-06-30.csv", devices),
    ];
    let backend = TestBackend::new(&settings, FIELD_RULES, &files).await;
    let answer = backend.sync("psa").await;
    backend.sync("rmm").await;
    let run_id = backend.close().await;
    backend.report(&run_id).await;
    let told = |row: &BTreeMap<String, String>| {
        ["kind", "counted", "billed", "variance", "monthly_impact"].map(|column| row[column].as_str()).join(" ")
    };
    (backend.sheet(&run_id, "exceptions.csv").iter().map(told).collect(), answer)
}

const THREE_DEVICES: &str =
    "Customer,Serial,State\nHarbour Dental,S1,active\nHarbour Dental,S2,active\nHarbour Dental,S3,active\n";
const TWO_BILLED: &str = "Line,Client,Product,Qty,Price,Start,End\n1,Harbour Dental,MNG-WKS,2,25.00,,\n";

#[tokio::test]
async fn a_status_counts_however_it_is_spelled() {
    let (rows, _) = compared(("", TWO_BILLED), &THREE_DEVICES.replace("active", "Active")).await;
    assert_eq!(rows, ["underbilled 3 2 1 25.00"]);
    let (rows, _) = compared(("", TWO_BILLED), &THREE_DEVICES.replace("active", "On hand")).await;
    assert_eq!(rows, ["not_reconciled  2  "], "a word that nobody has explained");
}

#[tokio::test]
async fn titles_above_a_header_are_no_rows() {
    let devices = "Device report\nGenerated 30/06/2026\n\nCustomer,Serial,State\nHarbour Dental,S1,active\n";
    assert_eq!(compared(("", TWO_BILLED), devices).await.0, ["overbilled 1 2 -1 -25.00"]);
}

#[tokio::test]
async fn an_export_of_another_country_is_read_by_its_own_values() {
    let lines = "Line;Client;Product;Qty;Price;Start;End\n1;Harbour Dental;MNG-WKS;2,00;1.025,50;31/12/2025;\n";
    let (rows, _) = compared(("", lines), THREE_DEVICES).await;
    assert_eq!(rows, ["underbilled 3 2 1 1025.50"]);
}

#[tokio::test]
async fn the_day_of_a_moment_is_that_of_the_zone_and_never_guessed() {
    // The last day is 30 June, the day on which a line in arrears is looked at.
    let lines = "Line,Client,Product,Qty,Price,Start,End\n\
                 1,Harbour Dental,MNG-WKS,3,25.00,2025-12-31T23:00:00Z,2026-06-29T22:00:00Z\n";
    let berlin = compared(("zone = \"Europe/Berlin\"", lines), THREE_DEVICES).await.0;
    assert_eq!(berlin, Vec::<String>::new());
    let utc = compared(("zone = \"UTC\"", lines), THREE_DEVICES).await.0;
    assert_eq!(utc.len(), 1, "as a line that ended the day before: {utc:?}");
    let (rows, answer) = compared(("", lines), THREE_DEVICES).await;
    let truecount_app::SyncAnswer::Failed { reason, .. } = &answer else { panic!("{answer:?}") };
    assert!(reason.to_string().contains("name the zone"), "{reason}");
    assert_eq!(rows, ["unmapped_account    ", "not_reconciled    "], "of lines that could not be read nothing is sure");
}
