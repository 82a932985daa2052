//! From nothing to a first run with two exports as they come: six commands, those of the README.

use std::fs;
use std::process::Output;

use crate::prompt::{self, CLEAN, EXCEPTIONS, err, out};

const LINES: &str = "\
Additions of all agreements;;;;;;;;;;;
Company Name;Agreement Name;Addition Status;Product ID;Description;Quantity;Less Included;Price;Currency;Bill;Effective Date;Cancelled Date
Harbour Dental;Managed IT;Active;MNG-SRV;Managed server;3,00;0;95,00;EUR;Billable;13.01.2025;
Mill Sons;Managed IT;Active;MNG-SRV;Managed server;1,00;0;95,00;EUR;Billable;13.01.2025;
";

const DEVICES: &str = "\
Devices of all customers,,,
Organization,Display Name,Device Role,Last Contact
Harbour Dental,hd-1,Windows Server,29/06/2026
Harbour Dental,hd-2,Windows Server,13/06/2026
Mill Sons,ms-1,Windows Server,28/06/2026
";

/// What a person writes with an editor: what counts the product.
const RULES: &str = "currency = \"EUR\"\n[services]\nMNG-SRV = { count = \"rmm.server\" }\n";

#[test]
fn six_commands_lead_from_nothing_to_a_first_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("additions 2026-06-30.csv"), LINES).unwrap();
    fs::write(folder.path().join("devices 2026-06-30.csv"), DEVICES).unwrap();
    let run = |args: &[&str]| -> Output {
        let mut command = prompt::truecount(args);
        command.args(["--data", "truecount"]).env("TRUECOUNT_CLOCK", "2026-06-30T20:00:00Z");
        command.current_dir(folder.path()).output().unwrap()
    };
    let clean = |args: &[&str]| {
        let done = run(args);
        assert_eq!(done.status.code(), Some(CLEAN), "{args:?}: {}{}", out(&done), err(&done));
    };
    clean(&["init"]);
    clean(&["sources", "add", "additions 2026-06-30.csv", "psa", "--yes"]);
    clean(&["sources", "add", "devices 2026-06-30.csv", "rmm", "--yes"]);
    fs::write(folder.path().join("truecount/config/rules.toml"), RULES).unwrap();
    clean(&["inbox", "push", "additions 2026-06-30.csv", "--source", "psa"]);
    clean(&["inbox", "push", "devices 2026-06-30.csv", "--source", "rmm"]);
    let first = run(&["run"]);
    let said = format!("{}{}", out(&first), err(&first));
    assert_eq!(first.status.code(), Some(EXCEPTIONS), "{said}");
    let listed = run(&["exceptions"]);
    assert!(out(&listed).contains("Harbour Dental") && out(&listed).contains("EUR -95.00"), "{said}{}", out(&listed));

    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let steps = readme.split("## Your first month").nth(1).unwrap();
    let commands = ["init ", "sources add ", "sources add ", "inbox push ", "inbox push ", "run "];
    let mut rest = steps;
    for command in commands {
        let wanted = format!("cargo run -- {command}");
        rest = rest.split_once(&wanted).unwrap_or_else(|| panic!("the README does not say `{wanted}` there")).1;
    }
}
