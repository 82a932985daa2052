//! Profiles of the settings: what is wrong is told all at once, with what to write.

use truecount_exports::{AsOf, ExportProfile};

use crate::table::{layout, profile};

fn faults(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap();
    ExportProfile::read(&table).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_is_wrong_with_a_profile_is_told_at_once() {
    let text = r#"
        side = "user"
        colums = { kind = "Type" }
        dates = "day first"
        as_of = "yesterday"
        zone = "Europe/Lundon"
        header_row = 0
        columns = { acount_id = "Customer" }
        constants = { quantity = "1,5" }
        words = { status = { "In use" = "activ" } }
        kinds = { server = { unit = "device", identiy = "serial" } }
    "#;
    insta::assert_snapshot!(faults(text).join("\n"));
}

#[test]
fn a_profile_names_its_side_or_a_preset() {
    assert_eq!(
        faults("")[0],
        "`side`: is missing: write which side the rows are on, one of \"used\", \"purchased\", \"agreed\""
    );
    assert_eq!(
        faults("preset = \"ninjaone-device\"")[0],
        "`preset`: there is no preset `ninjaone-device`; did you mean `ninjaone-devices`?"
    );
}

#[test]
fn ids_are_needed_where_rows_of_one_id_belong_together() {
    let text = "side = \"agreed\"\nline_id = \"row\"\nsame_id = \"superseded\"";
    assert_eq!(
        faults(text),
        [
            "`same_id`: needs ids, and here the number of a row is its id: map the column that has them",
            "`same_id`: needs `columns.effective_from`, from when each row holds",
        ]
    );
    assert_eq!(faults("side = \"used\"\nline_id = \"row\"").len(), 1, "an item has no line");
}

#[test]
fn a_profile_says_how_a_file_is_written() {
    let text = r#"
        side = "used"
        sheet = "Devices"
        header_row = 3
        numbers = ","
        dates = "D/M/Y"
        zone = "Europe/Berlin"
        as_of = 2026-06-30
        lists = "everything"
    "#;
    let profile = profile(text);
    assert_eq!(
        (profile.sheet.as_deref(), profile.header_row, profile.decimal_mark),
        (Some("Devices"), Some(3), Some(truecount_tabular::DecimalMark::Comma))
    );
    assert_eq!(profile.date_order, Some(truecount_tabular::DateOrder::DayMonthYear));
    assert_eq!(profile.as_of, AsOf::Day("2026-06-30".parse().unwrap()));
    assert_eq!(profile.list, truecount_billing::AccountList::Owned);
    for (text, as_of) in [
        ("\"name\"", AsOf::Name),
        ("\"modified\"", AsOf::Modified),
        ("\"column: Generated\"", AsOf::Column("Generated".into())),
        ("\"2026-06-30\"", AsOf::Day("2026-06-30".parse().unwrap())),
    ] {
        assert_eq!(crate::table::profile(&format!("side = \"used\"\nas_of = {text}")).as_of, as_of);
    }
}

#[test]
fn what_a_profile_says_goes_before_its_preset() {
    let text = r#"
        preset = "ninjaone-devices"
        [columns]
        account_id = "Customer No"
        [words.status]
        "Ok" = "active"
        [kinds.server]
        unit = "device"
        stale_days = 7
    "#;
    let profile = profile(text);
    assert_eq!(profile.kinds.iter().find(|kind| kind.name == "server").unwrap().stale_days, Some(7));
    assert_eq!(profile.kinds.iter().find(|kind| kind.name == "mobile").unwrap().stale_days, Some(30));
    let headings = "Customer No|Organization|Display Name|Role";
    assert!(layout(text, headings).is_ok());
    let missing = layout(text, "Organization|Display Name|Role").unwrap_err();
    assert_eq!(missing.len(), 1, "its own column must be there: {missing:?}");
}

#[test]
fn all_headings_that_are_missing_or_there_twice_are_told() {
    let text = r#"
        side = "agreed"
        [columns]
        client_id = ["Client", "Customer"]
        product_code = "Product Code"
        quantity = "Qty"
        unit_price = "Price"
        [only]
        Region = "North"
    "#;
    let faults = layout(text, "Customer|Product Cod|Qty|Price|price |Other").unwrap_err();
    insta::assert_snapshot!(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    assert!(layout("side = \"used\"", "A").unwrap_err().len() == 3, "account, item and kind");
}

#[test]
fn a_heading_that_is_not_read_may_stand_twice_and_capitals_make_no_difference() {
    let text = "side = \"used\"\nitem_id = \"row\"\ncolumns = { account_id = \"CUSTOMER  name\" }\nconstants = { kind = \"server\" }";
    let layout = layout(text, "\u{feff}Customer Name|Note|Note").unwrap();
    assert_eq!(layout.columns().collect::<Vec<_>>(), [(0, "account_id")]);
}
