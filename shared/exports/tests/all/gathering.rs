//! All rows of a file together: repeated, contradicting, superseding and adding up.

use proptest::prelude::*;
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
    assert_eq!(gathered.receipt().left_out[&RowReason::Repeated], 1);
    let (_, gathered) = gather(DEVICES, "C|N|Id|S|Note", &["1|A|x|Active|", "1|A|x|Trial|"]);
    let [doubt] = &gathered.doubts[..] else { panic!("{:?}", gathered.doubts) };
    assert_eq!((doubt.account.as_str(), doubt.line), ("1", 3));
    assert_eq!(doubt.kind, ExportDoubtKind::DifferentRows("x".into()));
    assert_eq!(
        doubt.to_string(),
        "`Harbour Dental 2026-06-30.csv` line 3: id `x` of account `1` stands in an earlier row that says something else"
    );
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
    assert_eq!(gathered.receipt().used, 2);
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
    assert_eq!((gathered.receipt().used, gathered.receipt().left_out[&RowReason::Repeated]), (3, 1));
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
    assert_eq!((gathered.receipt().used, gathered.receipt().left_out[&RowReason::NotSelected]), (3, 2));

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
fn files_of_one_day_are_read_together_and_contradictions_are_told_by_file() {
    let profile = profile(DEVICES);
    let mut gatherer = ExportGatherer::new(&profile, AS_OF);
    for (name, text) in [
        ("north 2026-06-30.csv", "C,N,Id,S\n1,A,x,Active\n1,A,y,Active\n"),
        ("south 2026-06-30.csv", "S;Id;N;C\nActive;x;A;1\nTrial;y;A;1\nActive;z;B;2\n"),
    ] {
        let input = Bytes(text.as_bytes());
        let export = Export::open(&profile, &input, name).unwrap();
        let mut rows = export.rows(&input).unwrap();
        while let Some(row) = rows.next_row().unwrap() {
            gatherer.take(export.layout(), &row).unwrap();
        }
    }
    let gathered = gatherer.finish();
    assert_eq!((gathered.receipt().rows, gathered.receipt().left_out[&RowReason::Repeated]), (5, 1));
    let [doubt] = &gathered.doubts[..] else { panic!("{:?}", gathered.doubts) };
    assert_eq!((doubt.file.as_str(), doubt.line), ("south 2026-06-30.csv", 3));
}

#[test]
fn the_day_that_a_file_is_as_of_comes_from_where_the_profile_says() {
    let modified = Some(jiff::civil::date(2026, 7, 1));
    let as_of = |key: &str, rows: &str| {
        let profile = profile(&format!("as_of = \"{key}\"\n{DEVICES}"));
        let text = format!("C,N,Id,S,Made\n{rows}");
        let input = Bytes(text.as_bytes());
        let export = Export::open(&profile, &input, FILE_NAME).unwrap();
        export.as_of(&input, modified).unwrap().map(|day| day.to_string()).map_err(|fault| fault.to_string())
    };
    let two = "1,A,x,Active,2026-06-29\n1,A,y,Active,\n1,A,z,Active,2026-06-29\n";
    assert_eq!(as_of("name", two).as_deref(), Ok("2026-06-30"));
    assert_eq!(as_of("modified", two).as_deref(), Ok("2026-07-01"));
    assert_eq!(as_of("2026-05-31", two).as_deref(), Ok("2026-05-31"));
    assert_eq!(as_of("column: made", two).as_deref(), Ok("2026-06-29"));
    let other = format!("{two}1,A,w,Active,2026-06-30\n");
    let told = "column `made` says 2026-06-29, and 2026-06-30 on line 5: export one day to a file";
    assert_eq!(as_of("column: made", &other).unwrap_err(), told);
    assert!(as_of("column: made", "1,A,x,Active,\n").unwrap_err().starts_with("no row of column `made` says"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Rows read = used + left out, whatever the rows say; `read` asserts it of each file.
    #[test]
    fn every_row_is_accounted_for(
        rows in prop::collection::vec("[12]?\\|[AB]?\\|[xyz]?\\|(Active|Trial|odd|)", 1..20),
        preset in prop::sample::select(vec!["autotask-contract-service-units", "partner-center-reconciliation"]),
        numbers in prop::collection::vec((0..3_u8, -3..9_i8, 1..28_u8), 1..20),
    ) {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let _ = read(DEVICES, "C|N|Id|S", &rows);
        let headings = "Contract Service ID|Company|Service Name|Units|Start Date|End Date|CustomerId|SubscriptionId|SkuName|\
                        ChargeType|ChargeStartDate|ChargeEndDate|Quantity";
        let row = |(id, units, day): &(u8, i8, u8)| {
            format!("{id}|A|P|{units}|2026-06-{day:02}|2026-06-30|c|{id}|S|new|2026-06-{day:02}|2026-06-30|{units}")
        };
        let rows: Vec<String> = numbers.iter().map(row).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (entries, gathered) = read(&format!("preset = \"{preset}\""), headings, &rows).unwrap();
        prop_assert!(entries.len() as u64 <= gathered.receipt().used);
        if preset.starts_with("partner") {
            let units: i64 = numbers.iter().map(|(_, units, _)| i64::from(*units)).sum();
            let known: Vec<_> = entries.iter().map(|entry| match &entry.what {
                Entered::Items(items) => items[0].amount(),
                Entered::Line(_) => None,
            }).collect();
            if known.iter().all(Option::is_some) {
                let sum: rust_decimal::Decimal = known.into_iter().flatten().sum();
                prop_assert_eq!(sum, rust_decimal::Decimal::from(units));
            }
        }
    }
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
    let receipt = gatherer.finish().receipt();
    assert_eq!((receipt.rows, receipt.left_out[&RowReason::Unreadable]), (1, 1));
    let faults = export.faults(&input).unwrap();
    assert_eq!((faults.count(), faults.first()[0].line), (1, 2));
}
