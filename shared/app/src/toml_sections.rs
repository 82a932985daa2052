//! Reads a TOML file key by key, so that all its problems can be listed with their lines: a person who fixes a file
//! wants to see everything that is wrong with it at once.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// Its line, from 1; `None`: the file as a whole.
    pub(crate) line: Option<usize>,
    /// What is wrong and what to write.
    pub(crate) why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// The problems of one file so far.
#[derive(Debug)]
pub(crate) struct Problems<'i> {
    text: &'i str,
    found: Vec<Problem>,
}

impl<'i> Problems<'i> {
    pub(crate) fn of(text: &'i str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes a problem at a byte of the file.
    pub(crate) fn add(&mut self, at: usize, why: impl Into<String>) {
        let line = 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        self.found.push(Problem { line: Some(line), why: why.into() });
    }

    fn add_error(&mut self, at: usize, key: &str, error: &toml::de::Error) {
        let why = error.message().trim().trim_end_matches('.').replace('\n', "; ");
        let why = truecount_rules::wrong_value(error.message()).unwrap_or(why);
        let why = why.replace("missing field", "missing key").replace("unknown field", "unknown key");
        let why = why.replace("unknown variant", "unknown word");
        let why = if key.is_empty() { why } else { format!("`{key}`: {why}") };
        self.add(error.span().map_or(at, |span| span.start), why);
    }

    /// The value, if nothing is wrong; else every problem, by line.
    pub(crate) fn result<T>(mut self, value: T) -> Result<T, Vec<Problem>> {
        self.found.sort();
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }
}

/// A value with the byte of the file at which it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located<T> {
    pub(crate) at: usize,
    pub(crate) value: T,
}

/// One table of the file. Each key is taken once; those left over at the end are unknown.
#[derive(Debug)]
pub(crate) struct Section<'i> {
    at: usize,
    values: BTreeMap<String, (usize, Spanned<DeValue<'i>>)>,
    known: Vec<&'static str>,
}

impl<'i> Section<'i> {
    /// The whole file. What cannot be read as TOML is noted, and the rest of the file still looked at.
    pub(crate) fn of_file(text: &'i str, problems: &mut Problems<'_>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            problems.add_error(0, "", error);
        }
        Self::of(0, table.into_inner())
    }

    fn of(at: usize, table: DeTable<'i>) -> Self {
        let values = table.into_iter().map(|(key, value)| {
            let at = key.span().start;
            (key.into_inner().into_owned(), (at, value))
        });
        Self { at, values: values.collect(), known: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<(usize, Spanned<DeValue<'i>>)> {
        self.known.push(key);
        self.values.remove(key)
    }

    /// The byte of the file at which it stands.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// A key that may be missing.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Located<T>> {
        let (at, value) = self.take(key)?;
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(Located { at, value }),
            Err(error) => {
                problems.add_error(at, key, &error);
                None
            }
        }
    }

    /// A key that may be missing, without its place.
    pub(crate) fn value<T: DeserializeOwned>(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<T> {
        self.optional(key, problems).map(|found| found.value)
    }

    /// A key that must be there.
    pub(crate) fn required<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Located<T>> {
        if !self.values.contains_key(key) {
            self.known.push(key);
            problems.add(self.at, format!("the key `{key}` is missing"));
            return None;
        }
        self.optional(key, problems)
    }

    /// A table inside this one.
    pub(crate) fn section(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Self> {
        let (at, value) = self.take(key)?;
        match value.into_inner() {
            DeValue::Table(table) => Some(Self::of(at, table)),
            other => {
                problems.add(at, format!("`{key}` is a {}; write a table, [{key}]", other.type_str()));
                None
            }
        }
    }

    /// An array of tables inside this one.
    pub(crate) fn sections(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<Self> {
        let Some((at, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Array(all) = value.into_inner() else {
            problems.add(at, format!("write each as [[{key}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for one in all {
            let at = one.span().start;
            match one.into_inner() {
                DeValue::Table(table) => sections.push(Self::of(at, table)),
                other => problems.add(at, format!("`{key}` holds a {}; write each as [[{key}]]", other.type_str())),
            }
        }
        sections
    }

    /// Every key that was not taken is a problem.
    pub(crate) fn finish(self, problems: &mut Problems<'_>) {
        for (key, (at, _)) in &self.values {
            let near = closest(key, &self.known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let known = self.known.join(", ");
            problems.add(*at, format!("unknown key `{}`{near} (the keys here are {known})", key.escape_debug()));
        }
    }

    /// Every key, whatever it is called, each with its value.
    pub(crate) fn each<T: DeserializeOwned>(self, problems: &mut Problems<'_>) -> Vec<(String, Located<T>)> {
        let mut found = Vec::new();
        for (key, (at, value)) in self.values {
            match T::deserialize(ValueDeserializer::from(value)) {
                Ok(value) => found.push((key, Located { at, value })),
                Err(error) => problems.add_error(at, &key, &error),
            }
        }
        found
    }

    /// Every key that was not taken, as it stands.
    pub(crate) fn rest(self, problems: &mut Problems<'_>) -> toml::Table {
        let mut rest = toml::Table::new();
        for (key, (at, value)) in self.values {
            match <toml::Value as serde::Deserialize>::deserialize(ValueDeserializer::from(value)) {
                Ok(value) => drop(rest.insert(key, value)),
                Err(error) => problems.add_error(at, &key, &error),
            }
        }
        rest
    }
}

/// The key that differs in the fewest letters, if it differs in no more than a third of them.
fn closest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong: String = wrong.chars().take(64).collect();
    // A swap of neighbours is one letter, as it is to the person who mistyped.
    let (apart, near) = known.iter().map(|key| (strsim::osa_distance(&wrong, key), *key)).min()?;
    (apart <= 1.max(near.len() / 3)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str, read: impl FnOnce(&mut Section<'_>, &mut Problems<'_>)) -> Vec<String> {
        let mut problems = Problems::of(text);
        let mut file = Section::of_file(text, &mut problems);
        read(&mut file, &mut problems);
        file.finish(&mut problems);
        problems.result(()).err().into_iter().flatten().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn every_problem_of_a_file_is_listed_by_line() {
        let text = "nmae = 1\nport = \"x\"\nextra = true\n";
        let found = problems(text, |file, problems| {
            file.value::<u16>("port", problems);
            file.required::<String>("name", problems);
        });
        assert_eq!(
            found,
            [
                "line 1: the key `name` is missing",
                "line 1: unknown key `nmae`; did you mean `name`? (the keys here are port, name)",
                "line 2: `port`: write a whole number from 0 to 65535 instead of \"x\"",
                "line 3: unknown key `extra` (the keys here are port, name)",
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_toml_is_named_with_its_lines() {
        let found = problems("a = \nb = 2\nc = [1,\n", |file, problems| {
            for key in ["a", "b", "c"] {
                file.take(key);
            }
            let _ = problems;
        });
        assert!(found.len() >= 2, "{found:?}");
        assert!(found[0].starts_with("line 1: "), "{found:?}");
    }

    #[test]
    fn what_is_no_table_is_named() {
        let found = problems("mail = 1\nsources = [1]\nmore = 2\n", |file, problems| {
            assert!(file.section("mail", problems).is_none());
            assert!(file.sections("sources", problems).is_empty());
            assert!(file.sections("more", problems).is_empty());
        });
        assert_eq!(
            found,
            [
                "line 1: `mail` is a integer; write a table, [mail]",
                "line 2: `sources` holds a integer; write each as [[sources]]",
                "line 3: write each as [[more]]",
            ]
        );
    }

    #[test]
    fn a_key_is_proposed_only_where_it_is_near() {
        let known = ["from", "groups", "smtp"];
        for (wrong, near) in [("form", Some("from")), ("group", Some("groups")), ("recipients", None), ("", None)] {
            assert_eq!(closest(wrong, &known), near, "{wrong}");
        }
    }
}
