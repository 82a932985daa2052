//! Reads `where` and `where_not`: tables of attributes, checked against what the counted kinds have.

use toml::de::DeValue;
use truecount_billing::HOLDS;

use crate::filter::{Filter, FilterTable, HOLDS_ALL, Pattern, UNSEEN};
use crate::layers::{CountTerm, OF_EVERY_ITEM};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at, entries};
use crate::value_reader::read_days;
use crate::vocabulary::SourceVocabulary;

/// Reads a table of attributes or a list of tables. `terms`: the kinds whose items are chosen; `None`: not known, since
/// what names them is wrong.
pub(crate) fn read_filter(reader: &mut Reader<'_>, key: Entry<'_, '_>, terms: Option<&[CountTerm]>) -> Option<Filter> {
    read_tables(reader, key, terms, false)
}

/// Reads what a group leaves out: as [`read_filter`], and `not_seen_for_days`.
pub(crate) fn read_except(reader: &mut Reader<'_>, key: Entry<'_, '_>, terms: Option<&[CountTerm]>) -> Option<Filter> {
    read_tables(reader, key, terms, true)
}

fn read_tables(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    terms: Option<&[CountTerm]>,
    is_except: bool,
) -> Option<Filter> {
    let example = format!("write attributes, such as {} = {{ sku = \"MSH-STD\" }}", key.key);
    let values = match key.value.get_ref() {
        DeValue::Table(_) => vec![key.value],
        DeValue::Array(list) => list.iter().collect(),
        _ => {
            reader.wrong_value(key, &example);
            return None;
        }
    };
    if values.is_empty() {
        reader.problem(at(key.value), format!("`{}` is an empty list", key.key), example.clone());
    }
    let mut filter = Filter::default();
    for value in values {
        let DeValue::Table(table) = value.get_ref() else {
            reader.wrong_value(Entry { value, ..key }, &example);
            continue;
        };
        let entries = entries(table);
        if entries.is_empty() {
            reader.problem(at(value), format!("`{}` names no attribute", key.key), example.clone());
        }
        filter.tables.push(read_table(reader, &entries, terms, is_except));
    }
    Some(filter)
}

fn read_table(
    reader: &mut Reader<'_>,
    entries: &[Entry<'_, '_>],
    terms: Option<&[CountTerm]>,
    is_except: bool,
) -> FilterTable {
    let mut table = FilterTable::default();
    for entry in entries {
        if entry.key == UNSEEN.trim() && is_except {
            let days = read_days(reader, *entry).map(|days| (format!("{UNSEEN}{days}"), vec![Pattern::new("true")]));
            table.attributes.extend(days);
            continue;
        }
        check_attribute(reader, *entry, terms.unwrap_or_default());
        let patterns = read_words(reader, *entry, terms.unwrap_or_default());
        if entry.key == HOLDS_ALL {
            table.holds_all = patterns;
        } else {
            table.attributes.push((entry.key.to_owned(), patterns));
        }
    }
    table
}

/// Each counted kind must have the attribute: of one that has not, nobody would ever know whether an item fits.
fn check_attribute(reader: &mut Reader<'_>, entry: Entry<'_, '_>, terms: &[CountTerm]) {
    if entry.key == UNSEEN.trim() {
        let wrong = format!("`{}` can stand in the `except` of a group alone", entry.key);
        return reader.problem(entry.at, wrong, "write seen_within_days = 90 at the service");
    }
    let wanted = if entry.key == HOLDS_ALL { HOLDS } else { entry.key };
    let Some(without) = terms.iter().find(|term| !term.has(wanted)) else { return };
    let wrong = format!("{}.{} has no attribute \"{}\"", without.source, without.kind.name, shown(entry.key));
    let advice = if terms.iter().any(|term| term.has(wanted)) {
        format!("write it at the part that has it: count = [{{ of = \"SOURCE.KIND\", where = {{ {wanted} = … }} }}, …]")
    } else {
        let names = without.kind.attributes.iter().map(String::as_str).chain(OF_EVERY_ITEM);
        let holds_all = without.kind.attributes.iter().any(|name| name == HOLDS).then_some(HOLDS_ALL);
        instead_of(entry.key, names.chain(holds_all))
    };
    reader.problem(entry.at, wrong, advice);
}

/// One word or a list of words; `true`, `false` and whole numbers are words, too.
fn read_words(reader: &mut Reader<'_>, entry: Entry<'_, '_>, terms: &[CountTerm]) -> Vec<Pattern> {
    let values = match entry.value.get_ref() {
        DeValue::Array(list) => list.iter().collect(),
        _ => vec![entry.value],
    };
    if values.is_empty() {
        reader.problem(at(entry.value), format!("`{}` is an empty list", shown(entry.key)), "write at least one word");
    }
    let sources: Vec<&SourceVocabulary> = terms.iter().filter_map(|term| reader.source(term.source.as_str())).collect();
    let mut patterns = Vec::new();
    for value in values {
        let word = match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => text.trim().to_owned(),
            DeValue::Boolean(_) | DeValue::Integer(_) => reader.written(value).to_owned(),
            _ => {
                reader.wrong_value(Entry { value, ..entry }, "write a word in quotes, or a list of words");
                continue;
            }
        };
        let is_sku = matches!(entry.key, "sku" | HOLDS | HOLDS_ALL);
        patterns.push(if is_sku { sku_pattern(&word, &sources) } else { Pattern::new(&word) });
    }
    patterns
}

/// The pattern of a product's word, with the part numbers of the products whose friendly name it fits.
pub(crate) fn sku_pattern(word: &str, sources: &[&SourceVocabulary]) -> Pattern {
    let pattern = Pattern::new(word);
    let named = sources.iter().flat_map(|source| &source.sku_names).filter(|(_, name)| pattern.fits(name));
    let mut part_numbers: Vec<String> = named.map(|(number, _)| number.trim().to_lowercase()).collect();
    part_numbers.sort();
    part_numbers.dedup();
    Pattern { part_numbers, ..pattern }
}
