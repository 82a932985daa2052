//! A rules file that says everything there is to say, beside a small world: no key of it is there for nothing.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use toml::{Table, Value};
use truecount_check::World;

/// A key or a place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Place(usize),
}

/// What does not hold on the day that is looked at: only that it is of another day can be seen to matter.
const OF_ANOTHER_DAY: [&str; 6] = [
    "clients > 1 > EITHER",
    "clients > 1 > EITHER > client_committed",
    "clients > 1 > MDM-MOB",
    "clients > 1 > MDM-MOB > minimum",
    "clients > 1 > MNG-SRV",
    "clients > 1 > MNG-SRV > ignore",
];

/// Every key and every place of a list, however deep.
fn places(value: &Value, at: &[Step], found: &mut Vec<Vec<Step>>) {
    let steps: Vec<(Step, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(place, value)| (Step::Place(place), value)).collect(),
        _ => return,
    };
    for (step, value) in steps {
        let path = [at, &[step]].concat();
        places(value, &path, found);
        found.push(path);
    }
}

fn remove(value: &mut Value, path: &[Step]) {
    match (path, value) {
        ([Step::Key(key)], Value::Table(table)) => drop(table.remove(key)),
        ([Step::Place(place)], Value::Array(list)) => drop(list.remove(*place)),
        ([Step::Key(key), rest @ ..], Value::Table(table)) => remove(table.get_mut(key).unwrap(), rest),
        ([Step::Place(place), rest @ ..], Value::Array(list)) => remove(&mut list[*place], rest),
        _ => panic!("{path:?}"),
    }
}

fn shown(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Place(place) => place.to_string(),
    });
    steps.collect::<Vec<_>>().join(" > ")
}

/// All that comes of the world; `None`: the rules are refused.
fn outcome(world: &World) -> Option<String> {
    let (mut records, portfolio) = world.records().ok()?;
    // What counts stands in the ledger; the items behind it would only take time.
    records.iter_mut().flat_map(|client| &mut client.rows).for_each(|row| row.items.clear());
    let records = (records, portfolio);
    Some(format!("{records:?} {:?}", world.agreement_findings().unwrap()))
}

#[test]
fn without_any_key_something_else_comes_out_or_the_file_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/everything");
    let world = World::read_folder(&folder).unwrap();
    let rules: Value = Value::Table(world.rules.parse::<Table>().unwrap());
    let whole = outcome(&World { rules: toml::to_string(&rules).unwrap(), ..world.clone() }).unwrap();
    let mut found = Vec::new();
    places(&rules, &[], &mut found);
    let (mut needless, mut refused) = (Vec::new(), Vec::new());
    for path in &found {
        let mut without = rules.clone();
        remove(&mut without, path);
        match outcome(&World { rules: toml::to_string(&without).unwrap(), ..world.clone() }) {
            Some(text) if text == whole => needless.push(shown(path)),
            Some(_) => {}
            None => refused.push(shown(path)),
        }
    }
    assert!(found.len() > 230, "{}", found.len());
    needless.sort();
    assert_eq!(needless, OF_ANOTHER_DAY, "\n{} of {} refused: {refused:?}", refused.len(), found.len());
}
