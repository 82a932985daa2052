//! Exports as a person downloads them, through a preset, to exceptions: the preset's kinds and their usual state hold as
//! those of a connector do.

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
