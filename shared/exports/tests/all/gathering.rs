//! All rows of a file together: repeated, contradicting, superseding and adding up.

use truecount_billing::RowReason;
use truecount_exports::{Entered, Export, ExportDoubtKind, ExportEntry, ExportGatherer, Gathered};
use truecount_tabular::Bytes;

use crate::table::{AS_OF, FILE_NAME, profile, read};

fn gather(profile: &str, headings: &str, rows: &[&str]) -> (Vec<ExportEntry>, Gathered) {
    read(profile, headings, rows).unwrap()
}

const DEVICES: &str = "side = \"used\"\n[columns]\naccount_id = \"C\"\naccount_name = \"N\"\nitem_id = \"Id\"\n\
                       status = \"S\"\n[constants]\nkind = \"server\"";

#[test]
fn with_ids_equal_rows_are_one_and_different_ones_a_doubt() {
    let (entries, gathered) = gather(DEVICES, "C|N|Id|S|Note", &["1|A|x|Active|a", "1|A|x|Active|b", "1|A|y|Active|"]);
    assert_eq!((entries.len(), gathered.doubts.len()), (2, 0));
    assert_eq!(gathered.receipt.left_out[&RowReason::Repeated], 1);
    let (_, gathered) = gather(DEVICES, "C|N|Id|S|Note", &["1|A|x|Active|", "1|A|x|Trial|"]);
    let [doubt] = &gathered.doubts[..] else { panic!("{:?}", gathered.doubts) };
    assert_eq!((doubt.account.as_str(), doubt.line), ("1", 3));
    assert_eq!(doubt.kind, ExportDoubtKind::DifferentRows("x".into()));
}

#[test]
fn without_ids_equal_rows_are_rows() {
    let profile = "side = \"agreed\"\nline_id = \"row\"\n[columns]\nclient_id = \"Company Name\"\nproduct_code = \"Product ID\"\nquantity = \"Quantity\"";
    let rows = ["Harbour Dental|MNG-WKS|2", "Harbour Dental|MNG-WKS|2"];
    let (entries, gathered) = gather(profile, "Company Name|Product ID|Quantity", &rows);
    let ids: Vec<_> = entries
        .iter()
        .map(|entry| match &entry.what {
            Entered::Line(line) => line.line_id.as_str().to_owned(),
            Entered::Items(_) => panic!(),
        })
        .collect();
    assert_eq!(ids, ["Harbour Dental row 2", "Harbour Dental row 3"]);
    assert_eq!(gathered.receipt.used, 2);
}

#[test]
fn an_account_with_two_names_is_told() {
    let (_, gathered) = gather(DEVICES, "C|N|Id|S", &["1|A|x|Active", "1|B|y|Active", "1|B|z|Active"]);
    let [doubt] = &gathered.doubts[..] else { panic!("{:?}", gathered.doubts) };
    assert_eq!(doubt.kind, ExportDoubtKind::TwoNames("A".into(), "B".into()));
    let (_, gathered) = gather(DEVICES, "C|N|Id|S", &["1|A|x|Active", "2|A|y|Active"]);
    assert_eq!(gathered.doubts, [], "two accounts may have one name");
}

#[test]
fn rows_of_one_line_supersede_each_other_from_their_first_day() {
    let headings = "Contract Service ID|Company|Service Name|Units|Start Date|End Date";
    let rows = [
        "77|Harbour|MNG-WKS|12|2026-06-17|2026-06-30",
        "77|Harbour|MNG-WKS|10|2026-06-01|2026-06-17",
        "78|Harbour|MNG-SRV|2|2026-06-01|2026-06-30",
        "77|Harbour|MNG-WKS|10|2026-06-01|2026-06-17",
    ];
    let (entries, gathered) = gather("preset = \"autotask-contract-service-units\"", headings, &rows);
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| {
            let Entered::Line(line) = &entry.what else { panic!() };
            format!(
                "{} {} {}..{}",
                line.line_id,
                line.quantity,
                line.effective_from.unwrap(),
                line.effective_to.unwrap()
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "77@2026-06-01 10 2026-06-01..2026-06-16",
            "77@2026-06-17 12 2026-06-17..2026-06-30",
            "78 2 2026-06-01..2026-06-30",
        ]
    );
    assert_eq!((gathered.receipt.used, gathered.receipt.left_out[&RowReason::Repeated]), (3, 1));
    assert_eq!(gathered.doubts, []);
    let two = ["77|Harbour|MNG-WKS|12|2026-06-17|", "77|Harbour|MNG-WKS|11|2026-06-17|"];
    let (_, gathered) = gather("preset = \"autotask-contract-service-units\"", headings, &two);
    assert_eq!(gathered.doubts.len(), 1, "two rows of one day say different things");
}

#[test]
fn charges_of_one_subscription_are_added_up_for_the_day() {
    let headings = "CustomerId|CustomerName|SubscriptionId|SkuName|ProductName|ChargeType|Quantity|Subtotal|ChargeStartDate|ChargeEndDate";
    let charge = |kind: &str, quantity: &str, subtotal: &str, from: &str, to: &str| {
        format!("c-1|Harbour|s-1|Business Premium|M365|{kind}|{quantity}|{subtotal}|2026-{from}|2026-{to}")
    };
    let rows = [
        charge("cycleCharge", "10", "100", "06-01", "06-30"),
        charge("addQuantity", "-10", "-50", "06-15", "06-30"),
        charge("addQuantity", "12", "60", "06-15", "06-30"),
        charge("cycleCharge", "9", "90", "05-01", "05-31"),
        charge("customerCredit", "1", "-5", "06-01", "06-30"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (entries, gathered) = gather("preset = \"partner-center-reconciliation\"", headings, &rows);
    let quantity = |entries: &[ExportEntry]| {
        let [ExportEntry { what: Entered::Items(items), .. }] = entries else { panic!("{entries:?}") };
        items[0].amount().map(|amount| amount.to_string())
    };
    assert_eq!(quantity(&entries).as_deref(), Some("12"));
    assert_eq!((gathered.receipt.used, gathered.receipt.left_out[&RowReason::NotSelected]), (3, 2));

    let unsigned =
        [charge("cycleCharge", "10", "100", "06-01", "06-30"), charge("removeQuantity", "4", "-20", "06-15", "06-30")];
    let unsigned: Vec<&str> = unsigned.iter().map(String::as_str).collect();
    assert_eq!(
        quantity(&gather("preset = \"partner-center-reconciliation\"", headings, &unsigned).0).as_deref(),
        Some("6")
    );

    let alone = [charge("removeQuantity", "-4", "-20", "06-15", "06-30")];
    let alone: Vec<&str> = alone.iter().map(String::as_str).collect();
    assert_eq!(
        quantity(&gather("preset = \"partner-center-reconciliation\"", headings, &alone).0),
        None,
        "what it was taken from is not there"
    );
}

#[test]
fn an_unreadable_row_stands_in_the_receipt() {
    let bytes = b"C,N,Id,S\n,A,x,Active\n1,A,y,Active\n";
    let profile = profile(DEVICES);
    let export = Export::open(&profile, &Bytes(bytes), FILE_NAME).unwrap();
    let mut gatherer = ExportGatherer::new(&profile, AS_OF);
    let input = Bytes(bytes);
    let mut rows = export.rows(&input).unwrap();
    let row = rows.next_row().unwrap().unwrap();
    assert_eq!(gatherer.take(export.layout(), &row).unwrap_err().len(), 1);
    let receipt = gatherer.finish().receipt;
    assert_eq!((receipt.rows, receipt.left_out[&RowReason::Unreadable]), (1, 1));
    let faults = export.faults(&input).unwrap();
    assert_eq!((faults.count(), faults.first()[0].line), (1, 2));
}
