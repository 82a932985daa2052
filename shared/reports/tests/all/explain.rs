//! One client explained: small worlds of `tests/fixtures/cases`, as a person reads them.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::{Path, PathBuf};

use truecount_check::World;
use truecount_reconciliation::{ClientRecord, ItemFateWord, PortfolioRecord, WideningRecord};
use truecount_reports::{ExplainedItems, explain_client, restore_moved, retain_service};

/// Worlds that together have each part of an explanation.
const SHOWN: [&str; 10] = [
    "laptops-that-nobody-saw-for-months",
    "included-and-a-wide-count",
    "account-failed-without-a-reading",
    "undecided-account-in-a-list-by-grant",
    "cancelled-contract-with-licences-still-bought",
    "one-client-in-two-currencies",
    "two-lines-at-two-prices",
    "psa-client-not-read",
    "flat-fee",
    "line-that-ends-this-month",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases").join(name)
}

fn records(name: &str) -> (Vec<ClientRecord>, PortfolioRecord) {
    World::read_folder(&folder(name)).unwrap().records().unwrap()
}

#[test]
fn clients_as_people_read_them() {
    let mut pages = String::new();
    for name in SHOWN {
        let (clients, portfolio) = records(name);
        pages.push_str(&format!("==== {name}\n"));
        for client in &clients {
            pages.push_str(&explain_client(client, portfolio.home_currency, ExplainedItems::Each));
        }
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn of_a_source_that_was_not_read_only_that_is_said() {
    let (clients, _) = records("source-not-read");
    let codes: Vec<_> = clients
        .iter()
        .flat_map(|client| &client.rows)
        .flat_map(|row| &row.widenings)
        .map(WideningRecord::code)
        .collect();
    assert!(codes.contains(&"source_not_read"), "{codes:?}");
    assert!(!codes.iter().any(|code| code.ends_with("never_seen")), "{codes:?}");
}

#[test]
fn each_page_fits_80_columns_and_lists_each_item() {
    let entries = std::fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().path());
    let mut seen = 0;
    for path in entries.filter(|path| path.is_dir()) {
        let world = World::read_folder(&path).unwrap();
        // What the rules language cannot say yet cannot be compared.
        if world.waits_for.is_some() {
            continue;
        }
        let (clients, portfolio) = world.records().unwrap();
        for client in &clients {
            let page = explain_client(client, portfolio.home_currency, ExplainedItems::Each);
            let too_long = page.lines().find(|line| line.chars().count() > 80 && line.trim().contains(' '));
            assert_eq!(too_long, None, "{}: {page}", world.name);
            for item in client.rows.iter().flat_map(|row| &row.items) {
                let name = item.name.as_deref().unwrap_or(&item.item_id);
                let word = name.split(' ').next().unwrap();
                assert!(page.contains(word), "{}: {word} is not in {page}", world.name);
                seen += usize::from(item.fate == ItemFateWord::Open);
            }
        }
    }
    assert!(seen > 10, "{seen} items of which nobody knows");
}

#[test]
fn a_service_is_found_by_its_code_or_by_the_product_of_a_line() {
    let (clients, _) = records("two-codes-for-one-product");
    let client = clients.iter().find(|client| client.rows.iter().any(|row| row.lines.len() > 1)).unwrap();
    let line = client.rows.iter().flat_map(|row| &row.lines).next_back().unwrap();
    for wanted in [client.rows[0].service.as_str().to_lowercase(), format!(" {} ", line.product_code)] {
        let mut found = client.clone();
        retain_service(&mut found, &wanted);
        assert_eq!(found.rows.len(), 1, "{wanted}");
    }
    let mut found = client.clone();
    retain_service(&mut found, "NO-SUCH-CODE");
    assert!(found.rows.is_empty());
}

#[test]
fn a_client_that_moved_gets_its_rows_back_with_the_reason() {
    let (mut clients, portfolio) = records("client-bought-by-another");
    assert!(!portfolio.moved.is_empty());
    let moved = &portfolio.moved[0];
    let client = clients.iter_mut().find(|client| client.client_id == moved.from_id).unwrap();
    let before = client.rows.len();
    let notes = restore_moved(client, &portfolio);
    assert_eq!((client.rows.len() - before, notes.len()), (moved.services.len(), 1));
    assert!(notes[0].contains(&moved.to_name), "{notes:?}");
}
