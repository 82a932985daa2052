//! Reads `max` and `union` of a count. Deliberately absent: a join within a join, of which nobody sees what is counted.

use rust_decimal::Decimal;
use toml::de::DeValue;

use crate::count_reader::{NamedCounts, read_list, read_part};
use crate::join::CountJoin;
use crate::layers::{CountTerm, CountTerms};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at};
use crate::vocabulary::IdentityKey;

/// `same_by` where a union does not say it.
const USUAL: [IdentityKey; 3] = [IdentityKey::Serial, IdentityKey::Mac, IdentityKey::Name];

/// `max = […]`: each entry is a kind, a part, or the name of a sum.
pub(crate) fn read_largest(reader: &mut Reader<'_>, key: Entry<'_, '_>, counts: &NamedCounts, count: &mut CountTerms) {
    count.join = CountJoin::Largest;
    let DeValue::Array(list) = key.value.get_ref() else {
        return reader.wrong_value(key, "write a list, such as [\"SOURCE.KIND\", \"SOURCE.KIND\"]");
    };
    if list.len() < 2 {
        reader.problem(at(key.value), "the largest of fewer than two counts", "name two at least, or leave `max` out");
    }
    for (number, value) in list.iter().enumerate() {
        let mut terms = Vec::new();
        read_part(reader, Entry { value, ..key }, counts, &mut terms);
        if let Some(twice) = terms.iter().find(|term| count.terms.iter().any(|known| is_same(known, term))) {
            let wrong = format!("{}.{} is counted twice", twice.source, twice.kind.name);
            reader.problem(at(value), wrong, "leave one out");
        }
        count.terms.extend(terms.into_iter().map(|term| CountTerm { term: number, ..term }));
    }
}

/// Whether two parts count the same.
fn is_same(one: &CountTerm, other: &CountTerm) -> bool {
    CountTerm { term: 0, ..one.clone() } == CountTerm { term: 0, ..other.clone() }
}

/// `union = […]`, with `same_by` among the keys beside it.
pub(crate) fn read_union(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    keys: &[Entry<'_, '_>],
    counts: &NamedCounts,
    count: &mut CountTerms,
) {
    read_list(reader, key, counts, &mut count.terms);
    let same_by = keys.iter().find(|key| key.key == "same_by").map(|key| read_same_by(reader, *key));
    let same_by = same_by.unwrap_or_else(|| USUAL.to_vec());
    // Of a kind that only a file knows, nobody can say what its items are known by.
    let is_declared = |term: &&CountTerm| !term.is_open || !term.kind.identity.is_empty();
    for term in count.terms.iter().filter(is_declared) {
        if !term.kind.identity.iter().any(|identity| same_by.contains(identity)) && !same_by.is_empty() {
            let words: Vec<_> = same_by.iter().map(|identity| identity.as_str()).collect();
            let wrong = format!("{}.{} has no {} to be joined by", term.source, term.kind.name, words.join(", "));
            let own: Vec<_> = term.kind.identity.iter().map(|identity| format!("\"{}\"", identity.as_str())).collect();
            let advice = match own.is_empty() {
                true => "take it out of the union: its items are told apart by their ids alone".to_owned(),
                false => format!("write same_by = [{}]", own.join(", ")),
            };
            reader.problem(at(key.value), wrong, advice);
        }
    }
    if let Some(multiplied) = count.terms.iter().find(|term| term.times != Decimal::ONE) {
        let wrong = format!(
            "{}.{} has a factor, and a machine of a union counts once",
            multiplied.source, multiplied.kind.name
        );
        reader.problem(at(key.value), wrong, "leave `times` out");
    }
    count.join = CountJoin::Union(same_by);
}

fn read_same_by(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Vec<IdentityKey> {
    let mut found = Vec::new();
    for (place, text) in reader.texts(key, "the surest first, such as [\"serial\", \"mac\", \"name\"]") {
        match IdentityKey::ALL.into_iter().find(|identity| identity.as_str() == text) {
            Some(identity) if found.contains(&identity) => {
                reader.problem(place, format!("\"{text}\" stands twice"), "leave one out");
            }
            Some(identity) => found.push(identity),
            None => {
                let wrong = format!("no machine is known by \"{}\"", shown(text));
                reader.problem(place, wrong, instead_of(text, IdentityKey::ALL.map(IdentityKey::as_str)));
            }
        }
    }
    found
}
