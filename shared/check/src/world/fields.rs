//! Reads the keys of a table one by one, and keeps every fault with its file and field: keys that nobody asked for are
//! faults, too.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{Currency, ItemId, decimal_from_text, start_of_day};

use super::value::Value;

/// One thing that is wrong with a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldFault {
    /// The file, or the file and line of a list of worlds.
    pub file: String,
    /// The field, such as `clients[0].agreements[1].from`; empty: the whole.
    pub field: String,
    /// What is wrong, in one clause.
    pub why: String,
}

/// Everything that is wrong with a world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WorldFaults(pub Vec<WorldFault>);

impl fmt::Display for WorldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, field, why) = (&self.file, &self.field, &self.why);
        if field.is_empty() { write!(f, "{file}: {why}") } else { write!(f, "{file}: `{field}`: {why}") }
    }
}

impl fmt::Display for WorldFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// Collects the faults of one file.
pub(crate) struct Reader {
    file: String,
    faults: RefCell<Vec<WorldFault>>,
}

impl Reader {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), faults: RefCell::default() }
    }

    /// What the whole says, if nothing is wrong with it.
    pub(crate) fn top<T>(self, value: &Value, read: impl FnOnce(&Fields<'_>) -> T) -> Result<T, WorldFaults> {
        let found = match value {
            Value::Table(table) => Some(Fields::of(&self, String::new(), table, read)),
            other => {
                self.fault(String::new(), format!("a table is needed, not {}", other.what()));
                None
            }
        };
        let faults = self.faults.into_inner();
        match found {
            Some(found) if faults.is_empty() => Ok(found),
            _ => Err(WorldFaults(faults)),
        }
    }

    fn fault(&self, field: String, why: String) {
        self.faults.borrow_mut().push(WorldFault { file: self.file.clone(), field, why });
    }
}

/// The keys of one table.
pub(crate) struct Fields<'a> {
    reader: &'a Reader,
    path: String,
    table: &'a BTreeMap<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    fn of<T>(reader: &'a Reader, path: String, table: &'a BTreeMap<String, Value>, read: impl FnOnce(&Self) -> T) -> T {
        let fields = Self { reader, path, table, asked: RefCell::default() };
        let found = read(&fields);
        let asked = fields.asked.take();
        for key in table.keys().filter(|key| !asked.contains(*key)) {
            fields.fault(key, "there is no such key".to_owned());
        }
        found
    }

    pub(crate) fn fault(&self, key: &str, why: String) {
        self.reader.fault(self.place(key), why);
    }

    fn place(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key).filter(|value| **value != Value::Nothing)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All keys, whether anybody asks for them or not.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    fn wrong(&self, key: &str, needed: &str, found: &Value) {
        self.fault(key, format!("{needed} is needed, not {}", found.what()));
    }

    fn missing(&self, key: &str) {
        self.fault(key, "it is missing".to_owned());
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::Text(text) => Some(text.clone()),
            other => {
                self.wrong(key, "a text", other);
                None
            }
        }
    }

    pub(crate) fn need_text(&self, key: &str) -> String {
        if !self.has(key) {
            self.missing(key);
        }
        self.text(key).unwrap_or_default()
    }

    /// An id of the PSA or a vendor.
    pub(crate) fn need_id(&self, key: &str) -> String {
        let id = self.need_text(key);
        if self.has(key)
            && let Err(error) = ItemId::new(id.as_str())
        {
            self.fault(key, error.to_string());
        }
        id
    }

    /// A list of texts; one text alone is a list of one.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            None => Vec::new(),
            Some(Value::Text(text)) => vec![text.clone()],
            Some(Value::List(list)) => {
                let texts = list.iter().filter_map(|value| match value {
                    Value::Text(text) => Some(text.clone()),
                    other => {
                        self.wrong(key, "a list of texts", other);
                        None
                    }
                });
                texts.collect()
            }
            Some(other) => {
                self.wrong(key, "a list of texts", other);
                Vec::new()
            }
        }
    }

    /// Something that has its own way to be read from a text.
    pub(crate) fn parsed<T, E: fmt::Display>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.text(key)?;
        parse(&text).map_err(|error| self.fault(key, error.to_string())).ok()
    }

    pub(crate) fn currency(&self, key: &str) -> Option<Currency> {
        self.parsed(key, Currency::new)
    }

    pub(crate) fn day(&self, key: &str) -> Option<Date> {
        self.parsed(key, str::parse)
    }

    pub(crate) fn need_day(&self, key: &str) -> Date {
        if !self.has(key) {
            self.missing(key);
        }
        self.day(key).unwrap_or(Date::MIN)
    }

    /// A moment; a day alone is its midnight in UTC.
    pub(crate) fn moment(&self, key: &str) -> Option<Timestamp> {
        self.parsed(key, |text| match text.parse::<Date>() {
            Ok(day) if text.len() == 10 => start_of_day(day).ok_or_else(|| "the day is out of range".to_owned()),
            _ => text.parse::<Timestamp>().map_err(|error| error.to_string()),
        })
    }

    pub(crate) fn number(&self, key: &str) -> Option<Decimal> {
        match self.get(key)? {
            Value::Whole(number) => Some(Decimal::from(*number)),
            Value::Text(text) => decimal_from_text(text).map_err(|error| self.fault(key, error.to_string())).ok(),
            other => {
                self.wrong(key, "a whole number or text", other);
                None
            }
        }
    }

    pub(crate) fn need_number(&self, key: &str) -> Decimal {
        if !self.has(key) {
            self.missing(key);
        }
        self.number(key).unwrap_or_default()
    }

    /// A number, or a word that stands for there being none.
    pub(crate) fn number_or(&self, key: &str, word: &str) -> Option<Option<Decimal>> {
        match self.get(key)? {
            Value::Text(text) if text == word => Some(None),
            _ => self.number(key).map(Some),
        }
    }

    pub(crate) fn count(&self, key: &str) -> Option<u32> {
        match self.get(key)? {
            Value::Whole(number) if u32::try_from(*number).is_ok() => u32::try_from(*number).ok(),
            other => {
                self.wrong(key, "a whole number that is not negative", other);
                None
            }
        }
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Flag(flag) => Some(*flag),
            other => {
                self.wrong(key, "true or false", other);
                None
            }
        }
    }

    /// One of several words.
    pub(crate) fn choice<T: Clone>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let word = self.text(key)?;
        let found = words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| meaning.clone());
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(key, format!("`{word}` is none of {}", known.join(", ")));
        }
        found
    }

    /// A table, by what its keys say.
    pub(crate) fn table<T>(&self, key: &str, read: impl FnOnce(&Fields<'_>) -> T) -> Option<T> {
        match self.get(key)? {
            Value::Table(table) => Some(Fields::of(self.reader, self.place(key), table, read)),
            other => {
                self.wrong(key, "a table", other);
                None
            }
        }
    }

    /// A table of texts.
    pub(crate) fn table_of_texts(&self, key: &str) -> BTreeMap<String, String> {
        let read =
            |table: &Fields<'_>| table.keys().into_iter().map(|key| (key.clone(), table.need_text(&key))).collect();
        self.table(key, read).unwrap_or_default()
    }

    /// A table of lists of texts.
    pub(crate) fn table_of_lists(&self, key: &str) -> BTreeMap<String, Vec<String>> {
        let read = |table: &Fields<'_>| table.keys().into_iter().map(|key| (key.clone(), table.texts(&key))).collect();
        self.table(key, read).unwrap_or_default()
    }

    /// A list of tables, each by what its keys say.
    pub(crate) fn tables<T>(&self, key: &str, read: impl Fn(&Fields<'_>) -> T) -> Vec<T> {
        let list = match self.get(key) {
            None => return Vec::new(),
            Some(Value::List(list)) => list,
            Some(other) => {
                self.wrong(key, "a list of tables", other);
                return Vec::new();
            }
        };
        let number = Cell::new(0);
        let tables = list.iter().filter_map(|value| {
            let place = self.place(&format!("{key}[{}]", number.replace(number.get() + 1)));
            match value {
                Value::Table(table) => Some(Fields::of(self.reader, place, table, &read)),
                other => {
                    self.reader.fault(place, format!("a table is needed, not {}", other.what()));
                    None
                }
            }
        });
        tables.collect()
    }
}
