//! Random worlds whose outcomes were worked out independently, by a plain reading of the rules: the engine says the same.
//! `.ci/oracle/drawn.py` made the file, and `.ci/oracle/run` holds the engine to many more.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{collections::BTreeSet, path::Path};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use truecount_check::compare_worlds;

/// A line of the file. The world as it stands: its numbers are read by the product.
#[derive(Deserialize)]
struct Drawn<'a> {
    #[serde(borrow)]
    world: &'a RawValue,
    outcome: Value,
}

/// What a row is about. Of two outcomes the rows with the same names are held against each other.
const NAMES: [&str; 7] = ["client", "service", "agreement", "source", "account", "to", "kind"];

/// A number of the outcome that the independent one does not tell.
const UNTOLD: [&str; 4] = ["add_estimated", "reduce_estimated", "later_add_estimated", "later_reduce_estimated"];

/// Rows of a world, by what they are about; two about the same stand in their order.
fn rows(outcome: &Value) -> Vec<(String, &Map<String, Value>)> {
    let rows = outcome["rows"].as_array().unwrap().iter().map(|row| row.as_object().unwrap());
    let name =
        |row: &Map<String, Value>| NAMES.map(|name| row.get(name).map_or("", |name| name.as_str().unwrap())).join("|");
    let mut rows: Vec<_> = rows.map(|row| (name(row), row)).collect();
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || value.as_object().is_some_and(Map::is_empty)
}

/// The same number to 9 places, or the same text; what is not told is nothing.
fn is_equal(one: &Value, other: &Value) -> bool {
    if let (Some(one), Some(other)) = (one.as_object(), other.as_object()) {
        let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        let zero = Value::from("0");
        return keys.into_iter().all(|key| is_equal(one.get(key).unwrap_or(&zero), other.get(key).unwrap_or(&zero)));
    }
    let number = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Decimal::from_str_exact(&text).ok()
    };
    match (number(one), number(other)) {
        // The oracle rounds once, at the end.
        (Some(one), Some(other)) => (one - other).abs() < Decimal::new(1, 9),
        _ => one == other || (is_empty(one) && is_empty(other)),
    }
}

/// How an outcome differs from the right one.
fn differences(right: &Value, found: &Value) -> Vec<String> {
    let (right_rows, found_rows) = (rows(right), rows(found));
    let names = |rows: &[(String, _)]| rows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    if names(&right_rows) != names(&found_rows) {
        return vec![format!("rows {:?} instead of {:?}", names(&found_rows), names(&right_rows))];
    }
    let mut differences = Vec::new();
    for ((name, right), (_, found)) in right_rows.iter().zip(&found_rows) {
        for (field, right) in *right {
            let found = found.get(field).unwrap_or(&Value::Null);
            if !is_equal(right, found) {
                differences.push(format!("{name}: {field} is {found} instead of {right}"));
            }
        }
    }
    for part in ["totals", "coverage"] {
        let currencies = |outcome: &Value| outcome[part].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        for currency in &currencies(right) | &currencies(found) {
            let amounts = |outcome: &Value| {
                let mut amounts = outcome[part][&currency].as_object().cloned().unwrap_or_default();
                amounts.retain(|name, _| !UNTOLD.contains(&name.as_str()));
                Value::Object(amounts)
            };
            let (right, found) = (amounts(right), amounts(found));
            if !is_equal(&right, &found) {
                differences.push(format!("{part} {currency}: {found} instead of {right}"));
            }
        }
    }
    differences
}

#[test]
fn drawn_worlds_come_out_as_they_were_worked_out_apart() {
    assert!(come_out_right("drawn_worlds.jsonl") > 200);
}

/// Each of them is one of the few among thousands that notice some fault of the code.
#[test]
fn rare_worlds_come_out_as_they_were_worked_out_apart() {
    assert!(come_out_right("rare_worlds.jsonl") >= 10);
}

/// Holds the worlds of a file against their outcomes; gives how many they are.
fn come_out_right(name: &str) -> usize {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    let text = std::fs::read_to_string(file).unwrap();
    let right: Vec<Drawn<'_>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let worlds: String = right.iter().map(|one| format!("{}\n", one.world)).collect();
    let mut outcomes = Vec::new();
    assert_eq!(compare_worlds(name, worlds.as_bytes(), &mut outcomes).unwrap(), 0, "all can be used");
    let found = outcomes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let found: Vec<Value> = found.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(found.len(), right.len());
    let mut wrong = Vec::new();
    for (right, found) in right.iter().zip(&found) {
        let differences = differences(&right.outcome, found).into_iter();
        wrong.extend(differences.map(|one| format!("{}: {one}", found["name"])));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    right.len()
}
