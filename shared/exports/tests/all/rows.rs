//! One row: what it becomes, and everything that is wrong with it.

use rust_decimal::Decimal;
use truecount_billing::{BilledLine, BillingStatus, ItemState, LeftOutReason, LineRole, RowReason, UsageItem};
use truecount_exports::{Entered, ExportEntry, RowRead};

use crate::table::read_row;

const USAGE: &str = r#"
    side = "used"
    [columns]
    account_id = "Customer No"
    account_name = "Customer"
    item_id = "Serial"
    serial = "Serial"
    status = "State"
    kind = "Type"
    last_seen = "Last Seen"
    quantity = "Units"
    site = "Site"
    [words.status]
    "In use" = "active"
    "Retired*" = "decommissioned"
    [words.kind]
    "*server*" = "server"
    [kinds.server]
    unit = "device"
    [only]
    Region = ["North", "South*"]
    [not]
    Type = "Printer"
"#;
const USAGE_HEADINGS: &str = "Customer No|Customer|Serial|State|Type|Last Seen|Units|Site|Region";

fn entry(read: RowRead) -> ExportEntry {
    read.entry.unwrap_or_else(|reason| panic!("left out: {reason}"))
}

fn items(read: RowRead) -> Vec<UsageItem> {
    let Entered::Items(items) = entry(read).what else { panic!("a line") };
    items
}

fn line(read: RowRead) -> BilledLine {
    let Entered::Line(line) = entry(read).what else { panic!("an item") };
    *line
}

fn usage(cells: &str) -> Result<RowRead, String> {
    read_row(USAGE, USAGE_HEADINGS, cells)
}

fn billed(cells: &str) -> Result<RowRead, String> {
    read_row(BILLED, BILLED_HEADINGS, cells)
}

#[test]
fn a_row_becomes_an_item_of_its_account() {
    let read = usage(" 17 | Harbour Dental |S-1|in USE|Windows Server|2026-06-29T08:00:00Z|2|Main|North").unwrap();
    let entry = entry(read.clone());
    assert_eq!((entry.account.id.as_str(), entry.account.name.as_str()), ("17", "Harbour Dental"), "keys are trimmed");
    let [item] = &items(read)[..] else { panic!() };
    assert_eq!((item.item_id.as_str(), item.kind.as_str(), &item.state), ("S-1", "server", &ItemState::Counts));
    assert_eq!(item.identities.serial.as_deref(), Some("S-1"));
    assert_eq!(item.amount(), Some(Decimal::TWO));
    assert_eq!(item.quantity.unwrap().unit, truecount_billing::Unit::Device);
    assert_eq!(item.attributes["site"], "Main");
    assert_eq!(item.last_seen, Some("2026-06-29T08:00:00Z".parse().unwrap()));
}

#[test]
fn a_word_that_nothing_explains_is_unknown_and_told() {
    for (cells, state, unknown) in [
        ("1|A|S|Active|server||1||North", ItemState::Counts, vec![]),
        ("1|A|S|Retired in May|server||1||North", ItemState::LeftOut(LeftOutReason::Decommissioned), vec![]),
        ("1|A|S|Trial|server||1||North", ItemState::LeftOut(LeftOutReason::Trial), vec![]),
        ("1|A|S|on hold|server||1||North", ItemState::Unknown("on hold".into()), vec![("status", "on hold")]),
        ("1|A|S||server||1||North", ItemState::Unknown("(missing)".into()), vec![("status", "(missing)")]),
        ("1|A|S|Active|toaster||1||North", ItemState::Counts, vec![("kind", "toaster")]),
    ] {
        let read = usage(cells).unwrap();
        let words: Vec<_> = read.unknown_words.iter().map(|(field, word)| (field.as_str(), word.as_str())).collect();
        assert_eq!(words, unknown, "{cells}");
        assert_eq!(items(read)[0].state, state, "{cells}");
    }
    let unknown = items(usage("1|A|S|Active|toaster||1||North").unwrap());
    assert_eq!(unknown[0].kind, "unknown", "it may be of any kind");
}

#[test]
fn rows_are_selected_by_several_words() {
    for (cells, is_taken) in [
        ("1|A|S|Active|server||1||NORTH", true),
        ("1|A|S|Active|server||1||South West", true),
        ("1|A|S|Active|server||1||Northern", false),
        ("1|A|S|Active|server||1||", false),
        ("1|A|S|Active|printer||1||North", false),
    ] {
        assert_eq!(usage(cells).unwrap().entry.err(), (!is_taken).then_some(RowReason::NotSelected), "{cells}");
    }
}

#[test]
fn a_quantity_that_is_not_said_is_not_zero_and_without_the_column_it_is_one() {
    assert_eq!(items(usage("1|A|S|Active|server||||North").unwrap())[0].quantity, None);
    let text =
        "side = \"used\"\nitem_id = \"row\"\ncolumns = { account_id = \"C\" }\nconstants = { kind = \"server\" }";
    let item = &items(read_row(text, "C", "A").unwrap())[0];
    assert_eq!((item.amount(), item.item_id.as_str()), (Some(Decimal::ONE), "Harbour Dental row 2"));
}

#[test]
fn everything_that_is_wrong_with_a_row_is_told() {
    let faults = usage("|A|9.91214E+15|Active|server|2026-06-29T08:00:00|1.5.2||North").unwrap_err();
    insta::assert_snapshot!("an_item", faults);
    let faults = billed("9|||many|1 000|2026-06-31|2026-11-29T23:00:00Z|maybe|monthly|pounds|Managed").unwrap_err();
    insta::assert_snapshot!("a_line", faults);
}

const BILLED: &str = r#"
    side = "agreed"
    [columns]
    line_id = "Line"
    client_id = "Client"
    product_code = "Product"
    quantity = "Qty"
    unit_price = "Price"
    effective_from = "From"
    effective_to = "To"
    billing_status = "Bill"
    cycle = "Cycle"
    currency = "Currency"
    agreement = "Agreement"
    [words.billing_status]
    Y = "billable"
    N = "do_not_bill"
"#;
const BILLED_HEADINGS: &str = "Line|Client|Product|Qty|Price|From|To|Bill|Cycle|Currency|Agreement";

#[test]
fn a_row_becomes_a_line_on_its_agreement() {
    let line = line(billed("9|Harbour|MNG|-2.5|10.00|2026-01-01||n|Quarterly|gbp|Managed").unwrap());
    assert_eq!((line.line_id.as_str(), line.client_id.as_str(), line.product_code.as_str()), ("9", "Harbour", "MNG"));
    assert_eq!((line.quantity.to_string(), line.unit_price.unwrap().to_string()), ("-2.5".into(), "10.00".into()));
    assert_eq!((line.billing_status, line.role), (BillingStatus::DoNotBill, LineRole::Recurring));
    assert_eq!((line.effective_from, line.effective_to), (Some("2026-01-01".parse().unwrap()), None));
    assert_eq!((line.agreement.id.as_str(), line.agreement.name.as_str()), ("Harbour: Managed", "Managed"));
    assert_eq!((line.agreement.cycle_months, line.currency.unwrap().as_str()), (Some(3), "GBP"));
}

#[test]
fn how_often_an_agreement_bills_is_known_or_told() {
    for (word, months, unknown) in [
        ("Monthly", Some(1), 0),
        ("Semi-Annual", Some(6), 0),
        ("annually", Some(12), 0),
        ("12", Some(12), 0),
        ("Weekly", None, 0),
        ("every full moon", None, 1),
        ("", None, 0),
    ] {
        let read = billed(&format!("9|H|P|1|1|||Y|{word}||A")).unwrap();
        assert_eq!(read.unknown_words.len(), unknown, "{word}");
        assert_eq!(line(read).agreement.cycle_months, months, "{word}");
    }
}

#[test]
fn a_line_that_is_over_since_nobody_knows_when_bills_nothing() {
    let text = "side = \"agreed\"\nline_id = \"row\"\n[columns]\nclient_id = \"C\"\nproduct_code = \"P\"\nquantity = \"Q\"\n\
                effective_to = \"To\"\nline_status = \"S\"\n[words.line_status]\nCancelled = \"ended\"";
    let read = |cells: &str| read_row(text, "C|P|Q|To|S", cells);
    assert_eq!(read("A|B|1||Cancelled").unwrap().entry, Err(RowReason::NotBilled));
    assert!(read("A|B|1|2026-06-30|Cancelled").unwrap().entry.is_ok());
    assert!(read("A|B|1||Active").unwrap().entry.is_ok());
    assert_eq!(read("A|B|1||Paused").unwrap_err().lines().count(), 1, "nobody knows whether it bills");
}

#[test]
fn what_a_person_holds_is_told_by_person_and_by_licence() {
    let headings = "Object Id|Display name|User principal name|Licenses|Block credential|When created";
    let read = |cells: &str| read_row("preset = \"microsoft-365-users\"", headings, cells);
    let cells = "o-1|Ann|ann@Harbour.example|Business Premium+Visio Plan 2|True|2022-03-18";
    let read_ann = read(cells).unwrap();
    assert_eq!(entry(read_ann.clone()).account.id.as_str(), "Harbour Dental");
    let items_ann = items(read_ann);
    let told: Vec<_> =
        items_ann.iter().map(|item| (item.kind.as_str(), item.item_id.as_str(), item.sku.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("user", "o-1", None),
            ("licence", "o-1 Business Premium", Some("Business Premium")),
            ("licence", "o-1 Visio Plan 2", Some("Visio Plan 2")),
        ]
    );
    assert_eq!(items_ann[0].attributes["holds"], "Business Premium;Visio Plan 2");
    assert!(
        items_ann
            .iter()
            .all(|item| item.attributes["sign_in"] == "blocked" && item.attributes["domain"] == "harbour.example")
    );
    let guest = items(read("o-2|Bob|bob_far.example#EXT#@h.example|Unlicensed|False|2022-03-18").unwrap());
    assert_eq!(
        (guest.len(), guest[0].attributes["class"].as_str(), guest[0].attributes.get("holds")),
        (1, "guest", None)
    );
}
