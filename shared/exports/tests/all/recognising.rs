//! What a file is taken for, what is asked, and that answers settle it.

use std::{fmt::Write, path::Path, sync::Arc};

use toml::Table;
use truecount_exports::{Export, ExportProfile, PRESETS, Recognised, recognise};
use truecount_tabular::Bytes;

fn recognised(text: &str, file_name: &str, settled: &str) -> Recognised {
    recognise(&Bytes(text.as_bytes()), file_name, &settled.parse::<Table>().unwrap()).unwrap()
}

fn told(recognised: &Recognised) -> String {
    let mut told = String::new();
    if let Some(preset) = recognised.preset {
        writeln!(told, "{} (checked: {})", preset.title, preset.headings_from.is_some()).unwrap();
    }
    for column in &recognised.columns {
        let taken = column.taken_as.iter().map(|one| format!("{}{}", one.field, if one.is_sure { "" } else { "?" }));
        let taken: Vec<String> = taken.collect();
        writeln!(told, "`{}` {:?}: {}", column.heading, column.samples, taken.join(" ")).unwrap();
    }
    for question in &recognised.questions {
        writeln!(told, "? {question}").unwrap();
    }
    for (key, value) in &recognised.assumed {
        writeln!(told, "assumed {key} = {value}").unwrap();
    }
    told
}

#[test]
fn each_fixture_is_recognised_and_read_without_a_question() {
    for preset in PRESETS.iter() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{}.csv", preset.name));
        let text = std::fs::read_to_string(path).unwrap();
        let found = recognised(&text, "Harbour 2026-06-30.csv", "");
        assert_eq!(found.preset.map(|found| found.name), Some(preset.name));
        assert!(found.is_settled(), "{}: {:?}", preset.name, found.questions);
        let profile = Arc::new(ExportProfile::read(&found.profile).unwrap());
        assert!(Export::open(&profile, &Bytes(text.as_bytes()), "Harbour 2026-06-30.csv").is_ok(), "{}", preset.name);
    }
}

#[test]
fn what_a_file_leaves_open_is_asked_all_at_once() {
    let text = "Organization,Display Name,Role,Last Contact,Created\n\
                Harbour Dental,PC-1,Windows Laptop,1/2/2026 08:00,2/1/2024 09:00\n";
    let found = recognised(text, "devices.csv", "");
    insta::assert_snapshot!(told(&found));
    let settled = "preset = \"ninjaone-devices\"\ndates = \"D/M/Y\"\nzone = \"Europe/London\"\nas_of = \"modified\"";
    let found = recognised(text, "devices.csv", settled);
    assert!(found.is_settled(), "{:?}", found.questions);
}

#[test]
fn an_unknown_export_is_asked_for_its_side_and_then_for_what_is_open() {
    let text = "Customer;Artikel;Qty;Unit Price;Start Date;Currency\n\
                Harbour Dental;MNG-WKS;12;1.234;2026-01-01;GBP\n\
                Fernhill Vets;MNG-SRV;2;2.500;2026-02-01;GBP\n";
    let found = recognised(text, "lines-2026-06-30.csv", "");
    assert_eq!(found.questions.iter().map(|question| question.key.as_str()).collect::<Vec<_>>(), ["side"]);
    let found = recognised(text, "lines-2026-06-30.csv", "side = \"agreed\"");
    insta::assert_snapshot!(told(&found));
    let settled = "side = \"agreed\"\nnumbers = \",\"\n[columns]\nclient_id = \"Customer\"\nproduct_code = \"Artikel\"";
    let found = recognised(text, "lines-2026-06-30.csv", settled);
    assert!(found.is_settled(), "{:?}", found.questions);
    let profile = Arc::new(ExportProfile::read(&found.profile).unwrap());
    let (entries, _) = crate::table::read_bytes(&profile, text.as_bytes()).unwrap();
    let truecount_exports::Entered::Line(line) = &entries[0].what else { panic!() };
    assert_eq!((line.quantity.to_string(), line.unit_price.unwrap().to_string()), ("12".into(), "1234".into()));
}

#[test]
fn two_presets_that_fit_are_asked_and_a_heading_twice_is_told() {
    let text = "Company Name,Agreement Name,Product ID,Quantity,Company,Product,Billing Term,Subscription ID\na,b,c,1,d,e,f,g\n";
    let found = recognised(text, "a-2026-06-30.csv", "");
    assert_eq!(found.questions[0].choices, ["connectwise-additions", "pax8-subscriptions"]);
    let text = "Company Name,Agreement Name,Product ID,Quantity,Price,Price\nHarbour,Managed,MNG,1,2.50,3.50\n";
    let found = recognised(text, "a-2026-06-30.csv", "");
    insta::assert_snapshot!(told(&found));
}

#[test]
fn a_column_that_does_not_look_like_its_heading_is_asked() {
    let text = "Company Name,Agreement Name,Product ID,Quantity,Price\nHarbour,Managed,MNG,1,monthly\n";
    let found = recognised(text, "a-2026-06-30.csv", "");
    let price = &found.columns[4].taken_as;
    assert_eq!((price[0].field.as_str(), price[0].is_sure), ("unit_price", false));
    assert_eq!(found.questions[0].key, "columns.unit_price");
}

#[test]
fn a_file_of_one_customer_is_asked_for_it() {
    let text = "Device Name,Serial Number,Device ID\nPC-1,S-1,17\n";
    let found = recognised(text, "a-2026-06-30.csv", "side = \"used\"\nconstants = { kind = \"workstation\" }");
    insta::assert_snapshot!(told(&found));
    let settled = "side = \"used\"\naccount_from = \"name\"\nconstants = { kind = \"workstation\" }";
    assert!(recognised(text, "Harbour 2026-06-30.csv", settled).is_settled());
    assert!(!recognised(text, "2026-06-30.csv", settled).is_settled(), "its name names nobody");
}

#[test]
fn what_was_settled_wrongly_is_told() {
    let found = recognised("A,B\n1,2\n", "a-2026-06-30.csv", "side = \"used\"\ncolums = 1");
    assert_eq!(found.faults.len(), 1);
    assert!(!found.is_settled());
}
