//! Reads what is counted: `SOURCE.KIND`, a list of them, a sum, or the name of a count.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use toml::de::DeValue;
use truecount_billing::{SourceId, Unit};

use crate::filter_reader::read_filter;
use crate::join::CountJoin;
use crate::join_reader::{read_largest, read_union};
use crate::layers::{CountTerm, CountTerms};
use crate::model::PARTS_OF_A_SOURCE_MAX;
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at};
use crate::vocabulary::{KindVocabulary, SourceVocabulary};

/// The counts of `[counts.NAME]`; `None`: it is there, and something is wrong with it.
pub(crate) type NamedCounts = BTreeMap<String, Option<CountTerms>>;

const EXAMPLE: &str = "write \"SOURCE.KIND\", or a list of them";

/// Reads `[counts]`.
pub(crate) fn read_named_counts(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> NamedCounts {
    let mut counts = NamedCounts::new();
    for entry in reader.table(entry, "[counts.NAME] with sum = [\"SOURCE.KIND\", …]").unwrap_or_default() {
        if entry.key.contains('.') {
            let wrong = format!("a count cannot be called \"{}\"", shown(entry.key));
            reader.problem(entry.at, wrong, "write a name without a point");
        }
        let problems = reader.problems.len();
        // A named count is made of kinds alone: with names in names, nobody sees what is counted.
        let terms = read_count(reader, entry, &NamedCounts::new());
        counts.insert(entry.key.to_owned(), terms.filter(|_| reader.problems.len() == problems));
    }
    counts
}

/// Reads what stands behind `count` or below `[counts.NAME]`; `None`: something is wrong with it.
pub(crate) fn read_count(reader: &mut Reader<'_>, entry: Entry<'_, '_>, counts: &NamedCounts) -> Option<CountTerms> {
    let problems = reader.problems.len();
    let mut count = CountTerms { terms: Vec::new(), join: CountJoin::Sum };
    match entry.value.get_ref() {
        DeValue::Table(_) => read_table(reader, entry, counts, &mut count),
        DeValue::Array(_) => read_list(reader, entry, counts, &mut count.terms),
        DeValue::String(name) if counts.contains_key(name.trim()) => count = counts.get(name.trim()).cloned()??,
        _ => read_part(reader, entry, counts, &mut count.terms),
    }
    check_units(reader, entry, &count.terms);
    check_number(reader, entry, &count.terms);
    let is_good = reader.problems.len() == problems && !count.terms.is_empty();
    is_good.then_some(count)
}

/// `{ sum = […] }`, `{ max = […] }`, `{ union = […] }`, or one part as a table.
fn read_table(reader: &mut Reader<'_>, entry: Entry<'_, '_>, counts: &NamedCounts, count: &mut CountTerms) {
    let keys = reader.table(entry, "").unwrap_or_default();
    if keys.iter().any(|key| key.key == "of") {
        return read_part(reader, entry, counts, &mut count.terms);
    }
    if keys.is_empty() {
        reader.problem(at(entry.value), format!("\"{}\" counts nothing", shown(entry.key)), EXAMPLE);
    }
    let is_join = |key: &Entry<'_, '_>| matches!(key.key, "sum" | "max" | "union");
    if let [_, second, ..] = keys.iter().filter(|key| is_join(key)).collect::<Vec<_>>().as_slice() {
        let wrong = format!("`{}` stands beside another of `sum`, `max` and `union`", second.key);
        return reader.problem(second.at, wrong, "leave all but one of them out");
    }
    for key in &keys {
        match key.key {
            "sum" => read_list(reader, *key, counts, &mut count.terms),
            "max" => read_largest(reader, *key, counts, count),
            "union" => read_union(reader, *key, &keys, counts, count),
            "times" => {
                let wrong = "`times` stands without `of`";
                reader.problem(key.at, wrong, "write { of = \"SOURCE.KIND\", times = 2 } in the list");
            }
            "same_by" if keys.iter().any(|other| other.key == "union") => {}
            "same_by" => {
                reader.problem(
                    key.at,
                    "`same_by` has no meaning without `union`",
                    "leave it out, or write union = [ … ]",
                );
            }
            other => {
                let wrong = format!("a count has no key `{}`", shown(other));
                reader.problem(key.at, wrong, instead_of(other, ["sum", "max", "union", "same_by"]));
            }
        }
    }
}

pub(crate) fn read_list(
    reader: &mut Reader<'_>,
    entry: Entry<'_, '_>,
    counts: &NamedCounts,
    terms: &mut Vec<CountTerm>,
) {
    let DeValue::Array(list) = entry.value.get_ref() else {
        return reader.wrong_value(entry, "write a list, such as [\"SOURCE.KIND\", \"SOURCE.KIND\"]");
    };
    if list.is_empty() {
        reader.problem(at(entry.value), format!("`{}` is an empty list", shown(entry.key)), EXAMPLE);
    }
    for value in list.iter() {
        read_part(reader, Entry { value, ..entry }, counts, terms);
    }
}

/// `"SOURCE.KIND"`, the name of a count, or `{ of = "SOURCE.KIND", where = … }`.
pub(crate) fn read_part(
    reader: &mut Reader<'_>,
    entry: Entry<'_, '_>,
    counts: &NamedCounts,
    terms: &mut Vec<CountTerm>,
) {
    let found = match entry.value.get_ref() {
        DeValue::String(text) => named(reader, at(entry.value), text.trim(), counts),
        DeValue::Table(_) => read_part_table(reader, entry, counts),
        _ => {
            reader.wrong_value(entry, EXAMPLE);
            None
        }
    };
    for term in found.unwrap_or_default() {
        // With another factor it would be counted twice all the same.
        if terms.iter().any(|known| CountTerm { times: term.times, ..known.clone() } == term) {
            let wrong = format!("{}.{} is counted twice", term.source, term.kind.name);
            reader.problem(at(entry.value), wrong, "leave one out");
        } else {
            terms.push(term);
        }
    }
}

fn read_part_table(reader: &mut Reader<'_>, entry: Entry<'_, '_>, counts: &NamedCounts) -> Option<Vec<CountTerm>> {
    let keys = reader.table(entry, "")?;
    let problems = reader.problems.len();
    let mut terms = match keys.iter().find(|key| key.key == "of") {
        Some(of) => match of.value.get_ref() {
            DeValue::String(text) => named(reader, at(of.value), text.trim(), counts),
            _ => {
                reader.wrong_value(*of, "write \"SOURCE.KIND\"");
                None
            }
        },
        None => {
            reader.missing(at(entry.value), "a part names no kind", "write of = \"SOURCE.KIND\"");
            None
        }
    };
    for key in keys {
        match key.key {
            "of" => {}
            "where" | "where_not" => {
                let filter = read_filter(reader, key, terms.as_deref());
                for term in terms.iter_mut().flatten() {
                    let place = if key.key == "where" { &mut term.wanted } else { &mut term.unwanted };
                    if place.is_some() {
                        let wrong = format!("the count that is named here has a `{}` of its own", key.key);
                        reader.problem(key.at, wrong, "name its kinds here instead");
                        break;
                    }
                    place.clone_from(&filter);
                }
            }
            "times" => {
                let factor = reader.above_zero(key)?;
                for term in terms.iter_mut().flatten() {
                    let Some(times) = term.times.checked_mul(factor) else {
                        reader.wrong_value(key, "write a factor with fewer digits");
                        return None;
                    };
                    term.times = times;
                }
            }
            "sum" | "max" | "union" => {
                let wrong = format!("a part of a count cannot have `{}`", key.key);
                reader.problem(key.at, wrong, "write it as the whole count, without `of`");
            }
            other => {
                let wrong = format!("a part of a count has no key `{}`", shown(other));
                reader.problem(key.at, wrong, instead_of(other, ["of", "where", "where_not", "times"]));
            }
        }
    }
    terms.filter(|_| reader.problems.len() == problems)
}

/// The kinds that a word names.
fn named(reader: &mut Reader<'_>, at: usize, text: &str, counts: &NamedCounts) -> Option<Vec<CountTerm>> {
    if let Some(count) = counts.get(text) {
        let count = count.as_ref()?;
        if count.join == CountJoin::Sum {
            return Some(count.terms.clone());
        }
        let wrong =
            format!("\"{}\" is a `{}`, which cannot be a part of another count", shown(text), count.join.as_str());
        reader.problem(at, wrong, "count it alone, or name its kinds here");
        return None;
    }
    let Some((source, kind)) = text.split_once('.') else {
        let advice = match crate::problem::nearest(text, counts.keys().map(String::as_str)) {
            Some(name) => format!("did you mean \"{name}\"?"),
            None => "write \"SOURCE.KIND\", such as the id of a source, a point, and one of its kinds".to_owned(),
        };
        reader.missing(at, format!("no count is called \"{}\"", shown(text)), advice);
        return None;
    };
    let source = reader.known_source(at, source.trim())?;
    let kind = kind_of(reader, at, source, kind.trim())?;
    Some(vec![CountTerm {
        source: source.source.clone(),
        kind: Arc::new(kind),
        is_open: source.is_open,
        times: Decimal::ONE,
        wanted: None,
        unwanted: None,
        except: None,
        term: 0,
    }])
}

fn kind_of(reader: &mut Reader<'_>, at: usize, source: &SourceVocabulary, name: &str) -> Option<KindVocabulary> {
    let declared = source.kinds.iter().find(|kind| kind.name == name);
    if declared.is_some() || (source.is_open && !name.is_empty()) {
        return Some(declared.cloned().unwrap_or_else(|| KindVocabulary::undeclared(name)));
    }
    let names: Vec<&str> = source.kinds.iter().map(|kind| kind.name.as_str()).collect();
    let wrong = format!("no source counts \"{}\" of {}", shown(name), source.source);
    reader.problem(at, wrong, instead_of(name, names));
    None
}

/// Of what a kind is counted: all pieces are alike.
pub(crate) fn measure(term: &CountTerm) -> Unit {
    match term.kind.unit {
        Unit::Each | Unit::Device | Unit::Seat => Unit::Each,
        Unit::Gigabyte => Unit::Gigabyte,
        Unit::Gibibyte => Unit::Gibibyte,
    }
}

/// Pieces can be added to pieces; bytes of one size only to bytes of the same size.
fn check_units(reader: &mut Reader<'_>, entry: Entry<'_, '_>, terms: &[CountTerm]) {
    let Some(first) = terms.first() else { return };
    if let Some(other) = terms.iter().find(|term| measure(term) != measure(first)) {
        let name = |term: &CountTerm| format!("{}.{}", term.source, term.kind.name);
        let wrong = format!("{} and {} are counted in different units", name(first), name(other));
        reader.problem(at(entry.value), wrong, "count them in two services");
    }
}

fn check_number(reader: &mut Reader<'_>, entry: Entry<'_, '_>, terms: &[CountTerm]) {
    let mut parts: BTreeMap<&SourceId, u32> = BTreeMap::new();
    for term in terms {
        *parts.entry(&term.source).or_default() += 1;
    }
    for (source, parts) in parts.into_iter().filter(|(_, parts)| *parts > PARTS_OF_A_SOURCE_MAX) {
        let wrong =
            format!("{parts} parts of {source} are more than the {PARTS_OF_A_SOURCE_MAX} that a count can have");
        reader.problem(at(entry.value), wrong, "ask for several words in one part, or count them in two services");
    }
}
