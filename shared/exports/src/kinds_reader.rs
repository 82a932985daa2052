//! Reads the kinds of items that a profile declares.

use toml::{Table, Value};
use truecount_billing::Unit;
use truecount_rules::KindVocabulary;

use crate::{
    kinds::{IDENTITIES, UNITS},
    profile_reader::Notes,
};

const KEYS: &[&str] = &["attributes", "identity", "person", "stale_days", "unit", "usual"];

/// Reads `kinds` into the list; a kind that is there already is replaced.
pub(crate) fn read(notes: &mut Notes, value: &Value, kinds: &mut Vec<KindVocabulary>) {
    let Some(table) = notes.table("kinds", value) else { return };
    for (name, value) in table {
        let key = format!("kinds.{name}");
        let Some(table) = notes.table(&key, value) else { continue };
        let kind = kind(notes, &key, name, table);
        kinds.retain(|one| one.name != kind.name);
        kinds.push(kind);
    }
    kinds.sort_by(|a, b| a.name.cmp(&b.name));
}

fn kind(notes: &mut Notes, key: &str, name: &str, table: &Table) -> KindVocabulary {
    let mut kind = KindVocabulary {
        name: name.to_owned(),
        unit: Unit::Each,
        identity: Vec::new(),
        stale_days: None,
        usual: Vec::new(),
        attributes: Vec::new(),
        is_person: false,
        drawn_from: None,
    };
    for (entry, value) in table {
        let place = format!("{key}.{entry}");
        match entry.as_str() {
            "unit" => kind.unit = notes.one_of(&place, value, &UNITS).unwrap_or_default(),
            "attributes" => kind.attributes = notes.texts(&place, value),
            "identity" => {
                let words = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
                kind.identity = words.iter().filter_map(|word| notes.one_of(&place, word, &IDENTITIES)).collect();
            }
            "person" => match value.as_bool() {
                Some(is_person) => kind.is_person = is_person,
                None => notes.fault(place, "is `true` or `false`"),
            },
            "stale_days" => {
                kind.stale_days = value.as_integer().and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0);
                if kind.stale_days.is_none() {
                    notes.fault(place, "is a number of days");
                }
            }
            "usual" => {
                for (attribute, words) in notes.table(&place, value).into_iter().flatten() {
                    let words = notes.texts(&format!("{place}.{attribute}"), words);
                    kind.usual.push((attribute.clone(), words));
                }
            }
            _ => notes.unknown(&place, KEYS.iter().copied()),
        }
    }
    kind
}
