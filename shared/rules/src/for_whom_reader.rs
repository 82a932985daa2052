//! Reads what kinds of agreement, clients and their agreements say: of services, and of themselves.

use truecount_billing::ProductCode;

use crate::count_reader::NamedCounts;
use crate::group_reader::check_member;
use crate::layers::{KeyBasis, ServiceKeys};
use crate::model::{BoughtAt, NotSold};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at};
use crate::rules::{AgreementSection, AgreementTypeRules, ClientRules, NearerKeys, Rules, folded};
use crate::service_reader::{CODE_PREFIX, Spot, read_service};

/// What a client, a kind of agreement or an agreement can say of itself.
const OWN_KEYS: [&str; 7] = ["not_sold", "internal", "nfr", "note", "agreements", "moved", "both"];

/// Reads `[agreement_types]`.
pub(crate) fn read_types(reader: &mut Reader<'_>, entry: Entry<'_, '_>, counts: &NamedCounts, rules: &mut Rules) {
    for entry in reader.table(entry, "[agreement_types.\"NAME\"] with CODE = { included = 1 }").unwrap_or_default() {
        let mut of = AgreementTypeRules {
            name: entry.key.trim().to_owned(),
            folded: folded(entry.key),
            line: reader.place(entry.at).0,
            note: None,
            services: NearerKeys::new(),
        };
        for key in reader.table(entry, "[agreement_types.\"NAME\"]").unwrap_or_default() {
            match key.key {
                "note" => of.note = reader.text(key, "\"why it is so\""),
                "not_sold" => read_not_sold_list(reader, key, rules, &mut of.services),
                _ => read_nearer(reader, key, Spot::AgreementType, counts, rules, &[], &mut of.services),
            }
        }
        if rules.types.iter().any(|known| known.folded == of.folded) {
            let wrong = format!("kind of agreement \"{}\" stands twice", shown(entry.key));
            reader.problem(entry.at, wrong, "put both tables together");
        }
        rules.types.push(of);
    }
}

/// Reads `[clients]`.
pub(crate) fn read_clients(reader: &mut Reader<'_>, entry: Entry<'_, '_>, counts: &NamedCounts, rules: &mut Rules) {
    for entry in reader.table(entry, "[clients.X] with CODE = { included = 1 }").unwrap_or_default() {
        let (line, column) = reader.place(entry.at);
        let mut client = ClientRules {
            written: entry.key.trim().to_owned(),
            line,
            column,
            is_internal: false,
            is_nfr: false,
            note: None,
            services: NearerKeys::new(),
            sections: Vec::new(),
            bought: None,
        };
        if client.written.is_empty() {
            reader.problem(entry.at, "a client's name is blank", "write its id, short identifier or name");
        }
        let keys = reader.table(entry, "[clients.X]").unwrap_or_default();
        let is_services = |key: &Entry<'_, '_>| !OWN_KEYS.contains(&key.key);
        for key in keys.iter().filter(|key| is_services(key)) {
            read_nearer(reader, *key, Spot::Client, counts, rules, &[], &mut client.services);
        }
        for key in keys.into_iter().filter(|key| !is_services(key)) {
            match key.key {
                "note" => client.note = reader.text(key, "\"why it is so\""),
                "internal" => client.is_internal = reader.boolean(key).unwrap_or_default(),
                "nfr" => client.is_nfr = reader.boolean(key).unwrap_or_default(),
                "not_sold" => read_not_sold_list(reader, key, rules, &mut client.services),
                "agreements" => client.sections = read_sections(reader, key, counts, rules, &client.services),
                "both" | "moved" if client.bought.is_some() => {
                    let wrong = "`moved` and `both` say different things of what is bought at two sources";
                    reader.problem(key.at, wrong, "leave one of them out");
                }
                "both" => client.bought = reader.only_true(key).map(|_| BoughtAt::Both),
                _ => client.bought = read_moved(reader, key),
            }
        }
        rules.clients.push(client);
    }
}

/// `moved = { from = "SOURCE", to = "SOURCE", on = DAY }`.
fn read_moved(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> Option<BoughtAt> {
    const EXAMPLE: &str = "{ from = \"SOURCE\", to = \"SOURCE\", on = 2026-11-14 }";
    let (mut from, mut to, mut on) = (None, None, None);
    let problems = reader.problems.len();
    for key in reader.table(entry, EXAMPLE)? {
        match key.key {
            "from" | "to" => {
                let id = reader.text(key, "the id of a source")?;
                let source = reader.known_source(at(key.value), &id).map(|source| source.source.clone());
                *(if key.key == "from" { &mut from } else { &mut to }) = source;
            }
            "on" => on = reader.day(key),
            other => {
                let wrong = format!("`moved` has no key `{}`", shown(other));
                reader.problem(key.at, wrong, instead_of(other, ["from", "to", "on"]));
            }
        }
    }
    let moved = from.zip(to).zip(on).map(|((from, to), on)| BoughtAt::Moved { from, to, on });
    match &moved {
        None if reader.problems.len() == problems => {
            reader.problem(
                entry.at,
                "`moved` does not say from where, to where and on which day",
                format!("write moved = {EXAMPLE}"),
            );
        }
        Some(BoughtAt::Moved { from, to, .. }) if from == to => {
            reader.problem(entry.at, "`moved` names one source twice", format!("write moved = {EXAMPLE}"));
        }
        _ => {}
    }
    moved
}

fn read_sections(
    reader: &mut Reader<'_>,
    entry: Entry<'_, '_>,
    counts: &NamedCounts,
    rules: &Rules,
    of_client: &NearerKeys,
) -> Vec<AgreementSection> {
    let mut sections: Vec<AgreementSection> = Vec::new();
    for entry in reader.table(entry, "[clients.X.agreements.\"NAME or id\"]").unwrap_or_default() {
        let line = reader.place(entry.at).0;
        let written = entry.key.trim().to_owned();
        let mut section = AgreementSection { written, line, note: None, services: NearerKeys::new() };
        for key in reader.table(entry, "[clients.X.agreements.\"NAME or id\"]").unwrap_or_default() {
            match key.key {
                "note" => section.note = reader.text(key, "\"why it is so\""),
                "not_sold" => {
                    let advice = "write it at the client, or CODE = { not_sold = \"why\", where = { … } }";
                    reader.problem(key.at, "a list of `not_sold` does not say which items are the agreement's", advice);
                }
                _ => read_nearer(reader, key, Spot::Section, counts, rules, &[of_client], &mut section.services),
            }
        }
        if sections.iter().any(|known| folded(&known.written) == folded(&section.written)) {
            let wrong = format!("agreement \"{}\" stands twice", shown(entry.key));
            reader.problem(entry.at, wrong, "put both tables together");
        }
        sections.push(section);
    }
    sections
}

/// Reads `CODE = { … }` at a kind of agreement, a client or an agreement. `farther`: what the client says of services.
fn read_nearer(
    reader: &mut Reader<'_>,
    entry: Entry<'_, '_>,
    spot: Spot,
    counts: &NamedCounts,
    rules: &Rules,
    farther: &[&NearerKeys],
    into: &mut NearerKeys,
) {
    if OWN_KEYS.contains(&entry.key) {
        let wrong = format!("`{}` cannot stand here", entry.key);
        return reader.problem(entry.at, wrong, "write it at the client, below [clients.X]");
    }
    let Some(number) = known_service(reader, entry.at, entry.key, rules, spot) else { return };
    let tables = farther.iter().filter_map(|tables| tables.get(&number)).flatten();
    let base = tables.fold(rules.services[number].keys.clone(), |base, keys| keys.over(&base));
    let keys = read_service(reader, entry, spot, Some(&base), counts).keys;
    if let Some((group, _)) = &base.group {
        check_member(reader, entry, group, true);
    }
    let is_counted = matches!(keys.basis.as_ref().or(base.basis.as_ref()), Some(KeyBasis::Counted(_)));
    let names_items = entry.value.get_ref().as_table().is_none_or(|table| table.contains_key("where"));
    if spot == Spot::Section && is_counted && !names_items {
        let wrong = format!("nothing says which items of \"{}\" are this agreement's", shown(entry.key));
        reader.missing(entry.at, wrong, "write where = { … }");
    }
    let place = into.entry(number).or_default();
    if keys.not_sold.is_some() && place.iter().any(|other| other.not_sold.is_some()) {
        let wrong = format!("\"{}\" is `not_sold` twice", shown(entry.key));
        reader.problem(entry.at, wrong, "take it out of the list");
    }
    place.push(keys);
}

/// `not_sold = [codes]`.
fn read_not_sold_list(reader: &mut Reader<'_>, entry: Entry<'_, '_>, rules: &Rules, into: &mut NearerKeys) {
    let mut seen: Vec<usize> = Vec::new();
    for (at, text) in reader.texts(entry, "service codes, such as [\"CODE\"]") {
        let Some(number) = known_service(reader, at, text, rules, Spot::Service) else { continue };
        let tables = into.entry(number).or_default();
        if seen.contains(&number) || tables.iter().any(|keys| keys.not_sold.is_some()) {
            reader.problem(at, format!("\"{}\" is `not_sold` twice", shown(text)), "leave one out");
            continue;
        }
        seen.push(number);
        let not_sold = Some(Some(NotSold { why: String::new(), review: None }));
        // Under the other tables: they were written with more care.
        tables.insert(0, ServiceKeys { not_sold, ..ServiceKeys::default() });
    }
}

/// The number of a service; a problem if there is none.
fn known_service(reader: &mut Reader<'_>, at: usize, written: &str, rules: &Rules, spot: Spot) -> Option<usize> {
    let code = written.strip_prefix(CODE_PREFIX).unwrap_or(written).trim();
    if let Some(number) = rules.by_code.get(code) {
        return Some(*number);
    }
    let own = OWN_KEYS.into_iter().filter(|_| spot == Spot::Client);
    let codes: Vec<&str> = rules.by_code.keys().map(ProductCode::as_str).chain(own).collect();
    reader.missing(at, format!("no service has the code \"{}\"", shown(code)), instead_of(code, codes));
    None
}
