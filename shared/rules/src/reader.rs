//! Values of a TOML document with their places: each is read as what it must be, or noted as a problem.
//!
//! Numbers are taken from the text as written; none is ever a float.

use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use truecount_billing::{Currency, SourceId, decimal_from_json};

use crate::currencies;
use crate::number_alone::number_alone;
use crate::problem::{Lines, RulesProblem, instead_of, shown};
use crate::seat_reader::NamedService;
use crate::toml_advice::number_advice;
use crate::vocabulary::SourceVocabulary;

/// A value with its place.
pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

/// A key of a table with its value.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'d, 'i> {
    pub(crate) key: &'d str,
    /// The first byte of the key.
    pub(crate) at: usize,
    pub(crate) value: &'d Value<'i>,
}

/// What is read beside the document: the text, the sources' vocabulary, and the problems so far.
pub(crate) struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    lines: Lines,
    pub(crate) sources: &'a [SourceVocabulary],
    /// The file's home currency.
    pub(crate) currency: Option<Currency>,
    /// Whether the file names a home currency that does not exist: nothing more is said of prices without one.
    pub(crate) currency_is_bad: bool,
    /// Whether parts of the file are not understood: what seems to be missing may stand in them.
    pub(crate) is_damaged: bool,
    pub(crate) problems: Vec<(usize, RulesProblem)>,
    /// Services that others cover or grant, to be looked up once all are read.
    pub(crate) named_services: Vec<NamedService>,
}

/// The entries of a table in the order of the file.
pub(crate) fn entries<'d, 'i>(table: &'d DeTable<'i>) -> Vec<Entry<'d, 'i>> {
    let entry = |(key, value): (&'d Spanned<DeString<'i>>, &'d Value<'i>)| Entry {
        key: key.get_ref().as_ref(),
        at: key.span().start,
        value,
    };
    let mut entries: Vec<Entry<'d, 'i>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// Where a value begins.
pub(crate) fn at(value: &Value<'_>) -> usize {
    value.span().start
}

/// Something of the language that cannot be used yet.
pub(crate) fn not_yet(reader: &mut Reader<'_>, at: usize, name: &str) {
    reader.problem(at, format!("`{name}` is not yet supported"), "leave it out");
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, sources: &'a [SourceVocabulary]) -> Self {
        Self {
            text,
            file,
            lines: Lines::of(text),
            sources,
            currency: None,
            currency_is_bad: false,
            is_damaged: false,
            problems: Vec::new(),
            named_services: Vec::new(),
        }
    }

    pub(crate) fn file_name(&self) -> &'a str {
        self.file
    }

    /// The line and the column of a byte.
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        self.lines.place(self.text, at)
    }

    /// Notes what is wrong at a byte of the file, and what to write instead.
    pub(crate) fn problem(&mut self, at: usize, wrong: impl Into<String>, advice: impl Into<String>) {
        let (line, column) = self.place(at);
        let (file, wrong, advice) = (self.file.to_owned(), wrong.into(), advice.into());
        self.problems.push((at, RulesProblem { file, line, column, wrong, advice }));
    }

    /// Notes that something is missing, unless it may stand in a part of the file that is not understood.
    pub(crate) fn missing(&mut self, at: usize, wrong: impl Into<String>, advice: impl Into<String>) {
        if !self.is_damaged {
            self.problem(at, wrong, advice);
        }
    }

    /// Notes that a value is not what its key takes.
    pub(crate) fn wrong_value(&mut self, entry: Entry<'_, '_>, advice: &str) {
        let found = self.described(entry.value);
        self.problem(at(entry.value), format!("`{}` cannot be {found}", shown(entry.key)), advice);
    }

    /// What a value is, for a message.
    fn described(&self, value: &Value<'_>) -> String {
        match value.get_ref() {
            DeValue::String(text) => format!("\"{}\"", shown(text)),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
            _ => shown(self.written(value)),
        }
    }

    /// The value's own text.
    pub(crate) fn written(&self, value: &Value<'_>) -> &'a str {
        self.text.get(value.span()).unwrap_or_default()
    }

    pub(crate) fn source(&self, id: &str) -> Option<&'a SourceVocabulary> {
        self.sources.iter().find(|source| source.source.as_str() == id)
    }

    /// The source with this id; a problem if there is none.
    pub(crate) fn known_source(&mut self, at: usize, id: &str) -> Option<&'a SourceVocabulary> {
        let found = self.source(id);
        if found.is_none() {
            let ids: Vec<&str> = self.sources.iter().map(|source| SourceId::as_str(&source.source)).collect();
            self.problem(at, format!("no source is called \"{}\"", shown(id)), instead_of(id, ids));
        }
        found
    }

    /// The entries of a value that must be a table.
    pub(crate) fn table<'d, 'i>(&mut self, entry: Entry<'d, 'i>, example: &str) -> Option<Vec<Entry<'d, 'i>>> {
        if let DeValue::Table(table) = entry.value.get_ref() {
            return Some(entries(table));
        }
        self.wrong_value(entry, &format!("write a table, such as {example}"));
        None
    }

    /// A text that is not blank.
    pub(crate) fn text(&mut self, entry: Entry<'_, '_>, example: &str) -> Option<String> {
        match entry.value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => {
                self.wrong_value(entry, &format!("write a text in quotes, such as {example}"));
                None
            }
        }
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&mut self, entry: Entry<'_, '_>, words: &[(&str, T)]) -> Option<T> {
        let DeValue::String(text) = entry.value.get_ref() else {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong_value(entry, &format!("write {}", all.join(" or ")));
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text.as_ref()).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong_value(entry, &instead_of(text, all));
        }
        found
    }

    pub(crate) fn boolean(&mut self, entry: Entry<'_, '_>) -> Option<bool> {
        let found = entry.value.get_ref().as_bool();
        if found.is_none() {
            self.wrong_value(entry, "write true or false, without quotes");
        }
        found
    }

    /// A key that can only be `true`: leaving it out is the other case.
    pub(crate) fn only_true(&mut self, entry: Entry<'_, '_>) -> Option<bool> {
        if entry.value.get_ref().as_bool() == Some(true) {
            return Some(true);
        }
        self.wrong_value(entry, "write true, or leave the key out");
        None
    }

    /// A number, exact: an integer, a number with a point as it is written, or one of them in quotes.
    pub(crate) fn decimal(&mut self, entry: Entry<'_, '_>) -> Option<Decimal> {
        let text = match entry.value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(_) | DeValue::Float(_) => self.written(entry.value).replace('_', ""),
            _ => {
                self.wrong_value(entry, "write a number, such as 12.50");
                return None;
            }
        };
        match decimal_from_json(text.strip_prefix('+').unwrap_or(&text)) {
            Ok(number) => Some(number),
            Err(cause) => {
                let wrong = format!("`{}`: {cause}", shown(entry.key));
                let advice = match number_alone(&text) {
                    Some(number) => number_advice(&text, &number),
                    None => "write a number of at most 28 digits, such as 12.50".to_owned(),
                };
                self.problem(at(entry.value), wrong, advice);
                None
            }
        }
    }

    /// A number that is not below zero.
    pub(crate) fn amount(&mut self, entry: Entry<'_, '_>) -> Option<Decimal> {
        let number = self.decimal(entry)?;
        if number.is_sign_negative() && !number.is_zero() {
            self.wrong_value(entry, "write 0 or more");
            return None;
        }
        Some(number)
    }

    /// A number above zero.
    pub(crate) fn above_zero(&mut self, entry: Entry<'_, '_>) -> Option<Decimal> {
        let number = self.amount(entry)?;
        if number.is_zero() {
            self.wrong_value(entry, "write a number above 0");
            return None;
        }
        Some(number)
    }

    /// A day, written without quotes.
    pub(crate) fn day(&mut self, entry: Entry<'_, '_>) -> Option<Date> {
        let found = entry.value.get_ref().as_datetime().and_then(|datetime| match (datetime.time, datetime.date) {
            (None, Some(date)) => {
                let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
                Date::new(year, month, i8::try_from(date.day).ok()?).ok()
            }
            _ => None,
        });
        if found.is_none() {
            self.wrong_value(entry, "write a day without quotes, such as 2027-03-31");
        }
        found
    }

    pub(crate) fn currency(&mut self, entry: Entry<'_, '_>) -> Option<Currency> {
        let text = self.text(entry, "\"GBP\"")?;
        if let Some(currency) = currencies::find(&text) {
            return Some(currency);
        }
        let advice = instead_of(&text, currencies::all());
        self.problem(at(entry.value), format!("no currency has the code \"{}\"", shown(&text)), advice);
        None
    }

    /// One text or a list of texts, each with its place; at least one.
    pub(crate) fn texts<'d>(&mut self, entry: Entry<'d, '_>, example: &str) -> Vec<(usize, &'d str)> {
        let values: Vec<&Value<'_>> = match entry.value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            _ => vec![entry.value],
        };
        if values.is_empty() {
            self.problem(
                at(entry.value),
                format!("`{}` is an empty list", shown(entry.key)),
                format!("write {example}"),
            );
        }
        let mut texts = Vec::new();
        for value in values {
            match value.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => texts.push((at(value), text.trim())),
                _ => self.wrong_value(Entry { value, ..entry }, &format!("write {example}")),
            }
        }
        texts
    }
}
