//! The records of all small worlds, field by field: none changes unnoticed.
//!
//! `TRUECOUNT_WRITE_RECORDS=1 cargo test -p truecount-check --test records` writes the file anew; its difference is then to
//! be read like that of code.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use truecount_check::World;
use truecount_reconciliation::{ClientRecord, PortfolioRecord};
use truecount_reports::Exceptions;

/// One line of a record: a client with its rows, or the portfolio.
fn line(name: &str, record: &impl Serialize) -> String {
    format!("{name} {}\n", serde_json::to_string(record).unwrap())
}

/// How many comparisons and clients the entries of a list stand for that are not reconciled.
fn listed_as_not_reconciled(clients: &[ClientRecord], portfolio: &PortfolioRecord) -> u64 {
    let mut exceptions = Exceptions::new(portfolio.home_currency);
    clients.iter().for_each(|client| exceptions.client(client));
    let rows = exceptions.finish(portfolio).into_iter().filter(|row| row.kind == "not_reconciled");
    // A source, and an account of one, is no comparison.
    rows.filter(|row| !row.product_code.is_empty() || row.source.is_empty()).map(|row| row.rows).sum()
}

#[test]
fn records_of_the_small_worlds_do_not_change_unnoticed() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let entries = fs::read_dir(fixtures.join("cases")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut found = String::new();
    for folder in folders {
        let world = World::read_folder(&folder).unwrap();
        let (clients, portfolio) = world.records().unwrap();
        assert_eq!(portfolio.not_reconciled(), listed_as_not_reconciled(&clients, &portfolio), "{}", world.name);
        clients.iter().for_each(|client| found.push_str(&line(&world.name, client)));
        found.push_str(&line(&world.name, &portfolio));
    }
    let file = fixtures.join("records.txt");
    if std::env::var_os("TRUECOUNT_WRITE_RECORDS").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap();
    let changed = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    if let Some((expected, found)) = changed {
        panic!("a record changed.\nwas: {expected}\nis:  {found}");
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "records came or went");
}
