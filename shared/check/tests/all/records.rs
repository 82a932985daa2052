//! The records of all small worlds, field by field: none changes unnoticed.
//!
//! `TRUECOUNT_WRITE_RECORDS=1 cargo test --workspace --test all records` writes the file anew; its difference is then to
//! be read like that of code.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use truecount_check::World;
use truecount_reconciliation::{ClientRecord, PortfolioPart, PortfolioRecord, RunTotals};
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

/// What the clients' records add up to by themselves is what the run adds up, but for what is at stake for an account that
/// may be several clients': that is once in the run, and at each client in a part of it.
fn assert_parts_add_up(name: &str, clients: &[ClientRecord], whole: &PortfolioRecord) {
    let mut part = PortfolioPart::of(whole);
    clients.iter().for_each(|client| part.client(client));
    let found = part.finish();
    let at_least_as_much = |(currency, totals): (_, &RunTotals)| {
        let up = found.totals.get(currency).map_or_else(Default::default, |totals| totals.not_reconciled_up);
        assert!(up >= totals.not_reconciled_up, "{name}: {up} of {}", totals.not_reconciled_up);
    };
    whole.totals.iter().for_each(at_least_as_much);
    let alike = |record: &PortfolioRecord| {
        let mut record = record.clone();
        record.totals.values_mut().for_each(|totals| totals.not_reconciled_up = Default::default());
        record.totals.retain(|_, totals| *totals != RunTotals::default());
        (record.sources, record.unmapped, record.common_causes) = Default::default();
        serde_json::to_string(&record).unwrap()
    };
    assert_eq!(alike(&found), alike(whole), "{name}");
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
        assert_parts_add_up(&world.name, &clients, &portfolio);
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
