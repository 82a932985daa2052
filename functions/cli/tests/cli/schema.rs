//! The published schemas say what is in a file: that of `outcomes.jsonl.gz`, and that of the rules. Nothing that they do
//! not name, and nothing else.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;
use truecount_check::World;
use truecount_reconciliation::OutcomeLine;
use truecount_rules::{Rules, rules_schema};

use self::validator::Schema;
use crate::office::Office;
use crate::prompt::{self, CLEAN, err, out};

mod validator;

/// As the command prints it, wherever it is called.
fn schema() -> Schema {
    let nowhere = tempfile::tempdir().unwrap();
    let printed = prompt::truecount(&["runs", "schema"]).current_dir(nowhere.path()).output().unwrap();
    assert_eq!(printed.status.code(), Some(CLEAN), "{}", err(&printed));
    Schema::new(&out(&printed))
}

/// Every line of a stored outcome is as the schema says; answers how many there are.
pub(crate) fn check_outcome(file: &Path) -> usize {
    let schema = schema();
    let lines = BufReader::new(flate2::read::GzDecoder::new(fs::File::open(file).unwrap())).lines();
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let wrong: Vec<_> = lines.iter().filter_map(|line| schema.against(line)).collect();
    assert!(wrong.is_empty(), "{} lines, such as {}", wrong.len(), wrong[0]);
    let first = lines[0].as_object().unwrap();
    assert!(first.contains_key("portfolio"), "{first:?}");
    lines.len()
}

#[test]
fn what_comes_out_of_each_small_world_is_as_the_schema_says() {
    let schema = schema();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let folders = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for folder in folders {
        let world = World::read_folder(&folder).unwrap();
        let Ok((clients, portfolio)) = world.records() else { continue };
        lines.push(OutcomeLine::Portfolio(Box::new(portfolio)));
        lines.extend(clients.into_iter().map(|client| OutcomeLine::Client(Box::new(client))));
        let findings = world.agreement_findings().unwrap().into_iter();
        lines.extend(findings.map(|found| OutcomeLine::AgreementFinding(Box::new(found))));
    }
    assert!(lines.len() > 300, "{} lines", lines.len());
    for line in &lines {
        wrong.extend(schema.against(&serde_json::to_value(line).unwrap()));
    }
    assert!(wrong.is_empty(), "{} of {} lines, such as {}", wrong.len(), lines.len(), wrong[0]);
}

#[test]
fn a_field_that_the_schema_does_not_name_is_refused() {
    let schema = schema();
    let right = serde_json::json!({ "client": {
        "format": 1, "client_id": "250", "client_name": "Harbour Dental", "coverage": {},
        "rows": [{ "kind": "underbilled", "service": "MNG-SRV", "billed": "2", "is_estimated": false,
            "stake_up": { "known": "4.50" }, "stake_down": "unknown" }],
    }});
    assert_eq!(schema.against(&right), None);
    for (pointer, key, value) in [
        ("/client", "colour", "red"),
        ("/client/rows/0", "colour", "red"),
        ("/client/rows/0", "billed", "two"),
        ("/client/rows/0", "stake_up", "some"),
        ("/client", "format", "2"),
        ("", "setup", "x"),
    ] {
        let mut wrong = right.clone();
        wrong.pointer_mut(pointer).unwrap()[key] = value.into();
        assert!(schema.against(&wrong).is_some(), "{pointer} {key}");
    }
    let mut wrong = right.clone();
    wrong["client"]["rows"][0]["billed"] = serde_json::json!(2.0);
    assert!(schema.against(&wrong).is_some(), "a float");
}

/// The rules of each small world that can be used, with the schema of its sources.
fn rules_of_worlds() -> Vec<(World, Schema)> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let folders = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let worlds = folders.map(|folder| World::read_folder(&folder).unwrap());
    let usable = worlds.filter(|world| Rules::parse("rules.toml", &world.rules, &world.vocabulary().unwrap()).is_ok());
    let with_schema = |world: World| {
        let schema = Schema::new(&rules_schema(&world.vocabulary().unwrap()).to_string());
        (world, schema)
    };
    usable.map(with_schema).collect()
}

/// A rules file as JSON, its days as text.
fn as_json(rules: &str) -> Value {
    json_of(toml::Value::Table(rules.parse().unwrap()))
}

fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(day) => day.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(json_of).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, json_of(value))).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

#[test]
fn the_rules_of_each_small_world_are_as_their_schema_says_and_slips_are_not() {
    let worlds = rules_of_worlds();
    assert!(worlds.len() > 200, "{} worlds", worlds.len());
    let (mut wrong, mut slips) = (Vec::new(), 0);
    for (world, schema) in &worlds {
        let right = as_json(&world.rules);
        wrong.extend(schema.against(&right).map(|why| format!("{}: {why}", world.name)));
        for (key, slip) in [("count", "cuont"), ("where", "were"), ("flat", "flatt"), ("services", "service")] {
            let slipped = world.rules.replace(&format!("{key} = "), &format!("{slip} = "));
            let slipped = slipped.replace(&format!("[{key}]"), &format!("[{slip}]"));
            if slipped != world.rules && slipped.parse::<toml::Table>().is_ok() {
                slips += 1;
                assert!(schema.against(&as_json(&slipped)).is_some(), "{}: {slipped}", world.name);
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), worlds.len(), wrong.join("\n"));
    assert!(slips > 300, "{slips} slips");
}

#[test]
fn the_command_prints_the_kinds_of_the_settings_also_beside_a_broken_rules_file() {
    let office = Office::open();
    truecount_support::write_file(office.data(), "config/rules.toml", "[services\n");
    let printed = office.run(&["rules", "schema"]);
    assert_eq!(printed.code, Some(CLEAN), "{}", printed.err);
    let schema = Schema::new(&printed.out);
    let of = |count: &str| serde_json::json!({ "services": { "A": { "count": count } } });
    assert_eq!(schema.against(&of("rmm.workstation")), None);
    assert!(schema.against(&of("rnm.workstation")).is_some());
    assert!(schema.against(&serde_json::json!({})).is_some(), "rules without services");
}
