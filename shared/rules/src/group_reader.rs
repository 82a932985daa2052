//! Reads `[groups.NAME]`: services of which the first that takes an item counts it.

use truecount_billing::ProductCode;

use crate::count_reader::{NamedCounts, read_part};
use crate::filter_reader::read_except;
use crate::group::ServiceGroup;
use crate::join::CountJoin;
use crate::layers::{CountTerm, CountTerms, KeyBasis, ServiceKeys};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at};
use crate::rules::Rules;
use crate::service_reader::read_unknown;

const EXAMPLE: &str = "once_per = \"SOURCE.KIND\"";

/// A group, read, and what each of its services takes from it.
pub(crate) struct ReadGroup {
    group: ServiceGroup,
    /// Each with its place.
    order: Vec<(usize, ProductCode)>,
    at: usize,
    pub(crate) keys: ServiceKeys,
}

/// Reads `[groups]`.
pub(crate) fn read_groups(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> Vec<ReadGroup> {
    let mut groups: Vec<ReadGroup> = Vec::new();
    for entry in reader.table(entry, "[groups.NAME] with once_per = \"SOURCE.KIND\"").unwrap_or_default() {
        let Ok(name) = ProductCode::new(entry.key.trim()) else {
            reader.problem(entry.at, "a group needs a name", "write [groups.people]");
            continue;
        };
        let Some(keys) = reader.table(entry, "[groups.NAME] with once_per = \"SOURCE.KIND\"") else { continue };
        let found = |wanted: &str| keys.iter().find(|key| key.key == wanted).copied();
        let mut members = ServiceKeys::default();
        let problems = reader.problems.len();
        let term = match found("once_per") {
            Some(key) => read_once_per(reader, key),
            None => {
                let wrong = format!("nothing says what group \"{}\" counts", shown(entry.key));
                reader.missing(entry.at, wrong, format!("write {EXAMPLE}"));
                None
            }
        };
        // Its members take what they count from it.
        reader.is_damaged |= reader.problems.len() > problems;
        let terms = term.as_ref().map(std::slice::from_ref);
        let except = found("except").and_then(|key| read_except(reader, key, terms));
        members.unknown = found("unknown").and_then(|key| read_unknown(reader, key));
        if let Some(term) = term.map(|term| CountTerm { except, ..term }) {
            let terms = vec![term.clone()];
            members.basis = Some(KeyBasis::Counted(CountTerms { terms, join: CountJoin::Sum }));
            members.group = Some((name.clone(), term));
        }
        let order = found("order").map(|key| read_order(reader, key)).unwrap_or_default();
        if found("order").is_none() {
            let wrong = format!("group \"{}\" names no services", shown(entry.key));
            reader.missing(entry.at, wrong, "write order = [ … ], the service that counts an item first");
        }
        for key in keys.iter().filter(|key| !matches!(key.key, "once_per" | "order" | "except" | "unknown")) {
            let wrong = format!("a group has no key `{}`", shown(key.key));
            reader.problem(key.at, wrong, instead_of(key.key, ["once_per", "order", "except", "unknown"]));
        }
        let group = ServiceGroup { name, order: order.iter().map(|(_, code)| code.clone()).collect() };
        groups.push(ReadGroup { group, order, at: entry.at, keys: members });
    }
    check_once(reader, &groups);
    groups
}

fn read_once_per(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<CountTerm> {
    let mut terms = Vec::new();
    match key.value.get_ref().as_str() {
        Some(_) => read_part(reader, key, &NamedCounts::new(), &mut terms),
        None => reader.wrong_value(key, &format!("write {EXAMPLE}")),
    }
    terms.pop()
}

fn read_order(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Vec<(usize, ProductCode)> {
    let mut order: Vec<(usize, ProductCode)> = Vec::new();
    for (at, text) in reader.texts(key, "service codes, such as [\"SEAT-FULL\", \"SEAT-MAIL\"]") {
        match ProductCode::new(text) {
            Ok(code) if order.iter().any(|(_, known)| *known == code) => {
                reader.problem(at, format!("\"{}\" stands twice in `order`", shown(text)), "leave one out");
            }
            Ok(code) => order.push((at, code)),
            Err(cause) => reader.problem(at, format!("`order`: {cause}"), "write the code of a service"),
        }
    }
    order
}

fn check_once(reader: &mut Reader<'_>, groups: &[ReadGroup]) {
    for (number, one) in groups.iter().enumerate() {
        for (at, code) in &one.order {
            if let Some(first) = groups[..number].iter().find(|first| first.group.order.contains(code)) {
                let wrong = format!("\"{code}\" is in group \"{}\" already", first.group.name);
                reader.problem(*at, wrong, "let one group have it");
            }
        }
    }
}

/// The group of a service.
pub(crate) fn group_of<'g>(groups: &'g [ReadGroup], code: &ProductCode) -> Option<&'g ReadGroup> {
    groups.iter().find(|one| one.group.order.contains(code))
}

/// Whether each service of a group exists, and no group is called as a service is.
pub(crate) fn note_groups(reader: &mut Reader<'_>, groups: Vec<ReadGroup>, rules: &mut Rules) {
    for one in groups {
        for (at, code) in one.order.iter().filter(|(_, code)| !rules.by_code.contains_key(code)) {
            let advice = instead_of(code.as_str(), rules.by_code.keys().map(ProductCode::as_str));
            reader.missing(*at, format!("no service has the code \"{}\"", shown(code.as_str())), advice);
        }
        if rules.service_of_product(&one.group.name).is_some() {
            let wrong = format!("\"{}\" is a service, too", shown(one.group.name.as_str()));
            reader.problem(one.at, wrong, "give the group another name");
        }
        rules.groups.push(one.group);
    }
}

/// A service of a group counts what the group says.
pub(crate) fn check_member(reader: &mut Reader<'_>, entry: Entry<'_, '_>, group: &ProductCode, is_nearer: bool) {
    let keys = entry.value.get_ref().as_table().map(crate::reader::entries).unwrap_or_default();
    for key in keys {
        let of_group = matches!(key.key, "count" | "unknown" | "seen_within_days" | "at");
        if of_group || (!is_nearer && matches!(key.key, "flat" | "ignore")) {
            let wrong = format!("`{}` cannot stand at a service of group \"{}\"", key.key, shown(group.as_str()));
            let advice = match key.key {
                "unknown" => "write it at the group",
                "at" => "leave it out: a group is counted on the count day",
                "seen_within_days" => "write except = { not_seen_for_days = 90 } at the group",
                _ => "leave it out: the group's `once_per` says what is counted",
            };
            reader.problem(if of_group { at(key.value) } else { key.at }, wrong, advice);
        }
    }
}
