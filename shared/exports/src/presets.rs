//! Presets: the usual exports, each with its headings, its profile, and where its headings are published.

use std::sync::{Arc, LazyLock};

use toml::{Table, Value};

use crate::{fold::folded, guess::has_one_meaning, profile::ExportProfile};

#[path = "../presets/list.rs"]
mod list;

/// All presets, in order of their names.
pub static PRESETS: LazyLock<Vec<Preset>> =
    LazyLock::new(|| list::FILES.iter().filter_map(|(name, text)| Preset::parse(name, text).ok()).collect());

/// A usual export.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Its name in a profile.
    pub name: &'static str,
    /// What it is, for people.
    pub title: String,
    /// How to get it.
    pub export: String,
    /// Where its headings are published; `None`: nowhere that is known, and nobody has checked them.
    pub headings_from: Option<String>,
    /// The headings that must be there; of each entry one.
    pub headings: Vec<Vec<String>>,
    /// Headings of another export that has those, too.
    pub unless: Vec<String>,
    table: Table,
}

/// Why a preset's file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the preset `{name}`: {why}")]
pub(crate) struct PresetFault {
    name: String,
    why: String,
}

impl Preset {
    /// The preset of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Its profile, as it is without anything else.
    #[must_use]
    pub fn profile(&self) -> Option<Arc<ExportProfile>> {
        let table = Table::from_iter([("preset".to_owned(), Value::String(self.name.to_owned()))]);
        ExportProfile::read(&table).ok().map(Arc::new)
    }

    /// Whether a file with these headings is such an export.
    #[must_use]
    pub fn fits(&self, headings: &[impl AsRef<str>]) -> bool {
        let there: Vec<String> = headings.iter().map(|heading| folded(heading.as_ref())).collect();
        let is_there = |heading: &String| there.contains(&folded(heading));
        self.headings.iter().all(|one| one.iter().any(is_there)) && !self.unless.iter().any(is_there)
    }

    /// Whether a heading surely means a field: it is published, or it is one that tells the export and that every row
    /// needs, or it has no other meaning anywhere.
    pub(crate) fn is_checked(&self, heading: &str, field: &str) -> bool {
        const NEEDED: [&str; 6] = ["account_id", "client_id", "kind", "item_id", "product_code", "quantity"];
        let is_one = |known: &String| folded(known) == folded(heading);
        let tells = self.headings.iter().flatten().any(is_one);
        self.headings_from.is_some() || tells && NEEDED.contains(&field) || has_one_meaning(heading, field)
    }

    /// The keys of its profile.
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    fn parse(name: &'static str, text: &str) -> Result<Self, PresetFault> {
        let fault = |why: &str| PresetFault { name: name.to_owned(), why: why.to_owned() };
        let file: Table = text.parse().map_err(|why: toml::de::Error| fault(why.message()))?;
        const KEYS: [&str; 7] = ["title", "export", "headings", "unless", "headings_from", "unverified", "profile"];
        if let Some(key) = file.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(fault(&format!("`{key}` is not known")));
        }
        let text = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
        let headings_from = text("headings_from");
        if headings_from.is_none() != (file.get("unverified") == Some(&Value::Boolean(true))) {
            return Err(fault("it needs either `headings_from` or `unverified = true`"));
        }
        let headings = file.get("headings").and_then(Value::as_array).map(|all| all.iter().map(alternatives).collect());
        Ok(Self {
            name,
            title: text("title").ok_or_else(|| fault("it has no `title`"))?,
            export: text("export").ok_or_else(|| fault("it does not say how to `export`"))?,
            headings_from,
            unless: file.get("unless").map(alternatives).unwrap_or_default(),
            headings: headings.ok_or_else(|| fault("it has no `headings`"))?,
            table: file
                .get("profile")
                .and_then(Value::as_table)
                .cloned()
                .ok_or_else(|| fault("it has no `profile`"))?,
        })
    }
}

fn alternatives(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::ExportField;

    #[test]
    fn every_preset_is_read_and_stands_by_itself() {
        assert!(list::FILES.is_sorted_by_key(|(name, _)| name));
        for (name, text) in list::FILES {
            let preset = Preset::parse(name, text).unwrap();
            let table = Table::from_iter([("preset".to_owned(), Value::String((*name).to_owned()))]);
            let profile = ExportProfile::read(&table).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            assert_eq!(profile.preset.as_deref(), Some(*name));
            assert!(!preset.headings.is_empty() && preset.headings.iter().all(|one| !one.is_empty()), "{name}");
            let is_address = |from: &String| from.starts_with("https://");
            assert!(preset.headings_from.as_ref().is_none_or(is_address), "{name}");
            if !profile.is_billed() {
                assert!(!profile.kinds.is_empty(), "{name}: its kinds are declared");
                assert!(profile.mapping(ExportField::Kind).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn a_preset_says_where_its_headings_are_from_or_that_nobody_checked_them() {
        let rest = "title = \"a\"\nexport = \"b\"\nheadings = [\"c\"]\n[profile]\nside = \"used\"\n";
        for (first, is_good) in [
            ("", false),
            ("unverified = true\n", true),
            ("headings_from = \"https://a.example\"\n", true),
            ("headings_from = \"https://a.example\"\nunverified = true\n", false),
            ("unverified = true\nother = 1\n", false),
        ] {
            assert_eq!(Preset::parse("a", &format!("{first}{rest}")).is_ok(), is_good, "{first}");
        }
    }
}
