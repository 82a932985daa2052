//! The rules files of the cases: each is read beside the sources of its case, unless it waits for what is not yet
//! supported.

use std::fs;
use std::path::Path;

use toml::{Table, Value};
use truecount_billing::{SourceId, Unit};
use truecount_rules::{IdentityKey, KindVocabulary, Rules, SourceVocabulary};

/// Attributes of the kinds of a source that is `like` one of these; `None`: it brings its own words.
fn kinds_like(like: &str) -> Option<Vec<(&'static str, &'static [&'static str])>> {
    const DEVICE: &[&str] = &["site", "class"];
    match like {
        "rmm" => Some(["server", "workstation", "mobile", "other_device"].map(|name| (name, DEVICE)).to_vec()),
        "tenant" => Some(vec![
            ("user", &["class", "holds", "sign_in", "domain", "group"][..]),
            ("licence", &["sold_by", "class", "domain"]),
            ("subscription", &["sold_by", "term", "trial"]),
        ]),
        "distributor" => Some(vec![("subscription", &["term", "sold_by"])]),
        _ => None,
    }
}

fn kind(name: &str, unit: Unit, attributes: Vec<String>) -> KindVocabulary {
    let identity = if name == "licence" || name == "subscription" { Vec::new() } else { IdentityKey::ALL.to_vec() };
    let usual = Vec::new();
    KindVocabulary {
        name: name.to_owned(),
        unit,
        identity,
        stale_days: None,
        usual,
        attributes,
        is_person: false,
        drawn_from: None,
    }
}

fn declared(table: &Table) -> KindVocabulary {
    let unit = match table.get("unit").and_then(Value::as_str) {
        Some("gigabyte") => Unit::Gigabyte,
        Some("gibibyte") => Unit::Gibibyte,
        _ => Unit::Each,
    };
    let attributes = table.get("attributes").and_then(Value::as_array).into_iter().flatten();
    kind(table["name"].as_str().unwrap(), unit, attributes.map(|name| name.as_str().unwrap().to_owned()).collect())
}

fn source(table: &Table) -> SourceVocabulary {
    let like = table.get("like").and_then(Value::as_str).unwrap_or_default();
    let own = table.get("kinds").and_then(Value::as_array).into_iter().flatten();
    let mut kinds: Vec<KindVocabulary> = own.map(|table| declared(table.as_table().unwrap())).collect();
    let known = kinds_like(like);
    let is_open = kinds.is_empty() && known.is_none();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    kinds.extend(known.into_iter().flatten().map(|(name, attributes)| kind(name, Unit::Each, names(attributes))));
    let source = SourceId::new(table["id"].as_str().unwrap()).unwrap();
    SourceVocabulary { source, kinds, is_open, sku_names: Vec::new(), skus_left_out: Vec::new() }
}

#[test]
fn the_rules_of_every_case_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let case: Table = fs::read_to_string(entry.join("case.toml")).unwrap().parse().unwrap();
        let text = fs::read_to_string(entry.join("rules.toml")).unwrap();
        let sources = case.get("sources").and_then(Value::as_array).into_iter().flatten();
        let sources: Vec<SourceVocabulary> = sources.map(|table| source(table.as_table().unwrap())).collect();
        if let Err(error) = Rules::parse("rules.toml", &text, &sources) {
            panic!("{}: {error}", entry.display());
        }
        read += 1;
    }
    assert!(read >= 150, "{read} read");
}
