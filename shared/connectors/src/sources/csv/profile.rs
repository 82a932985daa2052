//! Which column of a file is what: checked when the settings are read, and against the file's header.

use std::collections::BTreeMap;

use serde::Deserialize;
use truecount_billing::Side;

/// The options of a CSV source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    side: Side,
    pub(super) as_of: Option<String>,
    delimiter: Option<String>,
    #[serde(default)]
    only: BTreeMap<String, String>,
    columns: Option<BTreeMap<String, String>>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    #[serde(default)]
    words: BTreeMap<String, BTreeMap<String, String>>,
}

/// A field of ours, and whether a row must have it.
type Field = (&'static str, Need);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Needed,
    Free,
}

const USAGE: &[Field] = &[
    ("account_id", Need::Needed),
    ("account_name", Need::Free),
    ("item_id", Need::Needed),
    ("item_name", Need::Free),
    ("kind", Need::Needed),
    ("sku", Need::Free),
    ("status", Need::Free),
    ("last_seen", Need::Free),
    ("quantity", Need::Free),
    ("site", Need::Free),
    ("domain", Need::Free),
    ("group", Need::Free),
    ("serial", Need::Free),
    ("mac_address", Need::Free),
    ("host_name", Need::Free),
    ("object_id", Need::Free),
    ("mail_address", Need::Free),
    ("psa_client_id", Need::Free),
];

const BILLED: &[Field] = &[
    ("line_id", Need::Needed),
    ("client_id", Need::Needed),
    ("client_name", Need::Free),
    ("product_code", Need::Needed),
    ("quantity", Need::Needed),
    ("unit_price", Need::Free),
    ("currency", Need::Free),
    ("effective_from", Need::Free),
    ("effective_to", Need::Free),
    ("less_included", Need::Free),
    ("billing_status", Need::Free),
    ("agreement_id", Need::Free),
    ("agreement", Need::Free),
    ("cycle_months", Need::Free),
    ("timing", Need::Free),
];

/// A checked profile.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    side: Side,
    pub(super) delimiter: u8,
    only: BTreeMap<String, String>,
    columns: Option<BTreeMap<String, String>>,
    constants: BTreeMap<String, String>,
    words: BTreeMap<String, BTreeMap<String, String>>,
}

/// Where each field of one file is found.
pub(super) struct Layout<'a> {
    profile: &'a Profile,
    places: BTreeMap<&'static str, usize>,
    only: Vec<(usize, &'a str)>,
}

impl Profile {
    pub(super) fn new(options: Options) -> Result<Self, String> {
        if !super::KIND.sides.contains(&options.side) {
            return Err(format!("a file cannot give the side `{}`; it gives: {}", options.side, sides()));
        }
        let delimiter = match options.delimiter.as_deref() {
            None => b',',
            Some("\\t" | "tab") => b'\t',
            Some(text) if text.len() == 1 && text != "\"" && text != "\n" && text != "\r" => text.as_bytes()[0],
            Some(_) => return Err("`delimiter` is one character, such as `;`, or `tab`".into()),
        };
        let profile = Self {
            side: options.side,
            delimiter,
            only: options.only,
            columns: options.columns,
            constants: options.constants,
            words: options.words,
        };
        let named = profile.columns.iter().flat_map(BTreeMap::keys).chain(profile.constants.keys());
        let named = named.chain(profile.words.keys());
        let known = |name: &str| profile.fields().iter().any(|(field, _)| *field == name);
        if let Some(name) = named.into_iter().find(|name| !known(name)) {
            let fields: Vec<&str> = profile.fields().iter().map(|(field, _)| *field).collect();
            return Err(format!("there is no field `{}`; there are: {}", name.escape_debug(), fields.join(", ")));
        }
        Ok(profile)
    }

    /// Whether its rows are billed lines; otherwise they are usage items.
    pub(super) fn is_billed(&self) -> bool {
        self.side.is_billed()
    }

    fn fields(&self) -> &'static [Field] {
        if self.is_billed() { BILLED } else { USAGE }
    }

    /// Finds each field in a file's header.
    pub(super) fn layout<'a>(&'a self, header: &[String]) -> Result<Layout<'a>, String> {
        let find = |column: &str| header.iter().position(|name| name.trim() == column);
        let mut places = BTreeMap::new();
        for (field, need) in self.fields() {
            let column = match &self.columns {
                Some(columns) => columns.get(*field).map(String::as_str),
                None => Some(*field),
            };
            match column.and_then(find) {
                Some(at) => drop(places.insert(*field, at)),
                None if column.is_some() && self.columns.is_some() => {
                    return Err(missing(column.unwrap_or_default(), field, header));
                }
                None if self.constants.contains_key(*field) || *need == Need::Free => {}
                None => return Err(missing(column.unwrap_or(field), field, header)),
            }
        }
        let mut only = Vec::new();
        for (column, value) in &self.only {
            let at = find(column).ok_or_else(|| missing(column, "only", header))?;
            only.push((at, value.as_str()));
        }
        Ok(Layout { profile: self, places, only })
    }
}

impl Layout<'_> {
    /// A field's text in a record, in our words; `None`: absent or empty.
    pub(super) fn text<'r>(&'r self, record: &'r csv::StringRecord, field: &str) -> Option<&'r str> {
        let own = self.places.get(field).and_then(|at| record.get(*at)).map(str::trim).filter(|text| !text.is_empty());
        let text = own.or_else(|| self.profile.constants.get(field).map(String::as_str))?;
        let words = self.profile.words.get(field);
        Some(words.and_then(|words| words.get(text)).map_or(text, String::as_str))
    }

    /// Whether the file or the settings could say anything about a field.
    pub(super) fn has(&self, field: &str) -> bool {
        self.places.contains_key(field) || self.profile.constants.contains_key(field)
    }

    /// Whether a record is one of those that are read.
    pub(super) fn takes(&self, record: &csv::StringRecord) -> bool {
        self.only.iter().all(|(at, value)| record.get(*at).map(str::trim) == Some(*value))
    }
}

fn sides() -> String {
    super::KIND.sides.iter().map(|side| side.as_str()).collect::<Vec<_>>().join(", ")
}

fn missing(column: &str, field: &str, header: &[String]) -> String {
    let columns: String = header.join(", ").chars().take(300).flat_map(char::escape_debug).collect();
    let hint = match header {
        [one] if one.contains(';') => "; is `delimiter` \";\"?",
        [one] if one.contains('\t') => "; is `delimiter` \"tab\"?",
        _ => "",
    };
    let purpose = if column == field { String::new() } else { format!(" for `{field}`") };
    format!("there is no column `{}`{purpose}; the columns are: {columns}{hint}", column.escape_debug())
}
