//! Reads a rules file: the tables at its top, and those of kinds of agreement and clients with what they say of services.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeTable;
use truecount_billing::ProductCode;

use crate::count_reader::{NamedCounts, read_named_counts};
use crate::filter_reader::sku_pattern;
use crate::for_whom_reader::{read_clients, read_types};
use crate::group_reader::{ReadGroup, check_member, group_of, note_groups, read_groups};
use crate::layers::{Layers, NamedProducts, ServiceKeys, Whose};
use crate::problem::{RulesFileError, instead_of, shown};
use crate::products_left_out::{NamedProduct, ProductsLeftOut};
use crate::reader::{Entry, Reader, entries};
use crate::rules::{CategoryRule, OwnIdentity, Rules, Service, folded};
use crate::seat_reader::check_named_services;
use crate::service_reader::{CODE_PREFIX, ServiceTable, Spot, read_service};
use crate::toml_advice::{GENERAL, advice, is_open_text, leaves_text_open, not_closed, place_of};
use crate::vocabulary::SourceVocabulary;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;

/// The keys at the top of the file.
pub(crate) const TOP: [&str; 9] =
    ["currency", "services", "us", "categories", "agreement_types", "clients", "counts", "sources", "groups"];

impl Rules {
    /// Reads a rules file beside what its sources can be asked for.
    ///
    /// # Errors
    /// [`RulesFileError`] with everything that is wrong with the file. A file without a service is refused: no rules
    /// must never look as if everything had been compared.
    pub fn parse(file_name: &str, text: &str, sources: &[SourceVocabulary]) -> Result<Self, RulesFileError> {
        let mut reader = Reader::new(file_name, text, sources);
        if text.len() > FILE_BYTES_MAX {
            reader.problem(
                0,
                "the file is larger than 4 MiB",
                "write rules for kinds of agreement, not for each client",
            );
            return Err(refusal(reader, false));
        }
        let (document, mut errors) = DeTable::parse_recoverable(text);
        errors.sort_by_key(|error| (place_of(error, text), !is_open_text(error.message())));
        for error in &errors {
            let (wrong, place) = (error.message().trim().replace('\n', "; "), place_of(error, text));
            let advice = advice(text, place, &wrong);
            let hides_what_follows = not_closed(text, place).is_some() || leaves_text_open(text, place, &wrong);
            let line = reader.place(place).0;
            let mut of_line = reader.problems.iter().filter(|(_, problem)| problem.line == line);
            // One slip is often several to the parser: a second one in a line is told where it says more.
            if !of_line.any(|(_, problem)| problem.advice == advice || advice == GENERAL) {
                reader.problem(place, format!("not TOML: {wrong}"), advice);
            }
            if hides_what_follows {
                return Err(refusal(reader, false));
            }
        }
        if errors.is_empty() {
            let rules = read_document(&mut reader, document.get_ref());
            let has_no_service = rules.is_empty();
            return if reader.problems.is_empty() { Ok(rules) } else { Err(refusal(reader, has_no_service)) };
        }
        read_beside_errors(&mut reader, document.get_ref(), text);
        Err(refusal(reader, false))
    }
}

/// What else is wrong with a file that is not TOML in places. Lines that are not understood hide what they say, and a
/// heading among them puts what follows into another table: then nothing more is said.
fn read_beside_errors(reader: &mut Reader<'_>, document: &DeTable<'_>, text: &str) {
    let bad: Vec<usize> = reader.problems.iter().map(|(_, problem)| problem.line).collect();
    let is_heading = |line: &usize| text.lines().nth(line - 1).is_none_or(|line| line.trim_start().starts_with('['));
    if bad.iter().any(is_heading) {
        return;
    }
    let syntax = std::mem::take(&mut reader.problems);
    reader.is_damaged = true;
    read_document(reader, document);
    reader.problems.retain(|(_, problem)| !bad.contains(&problem.line));
    reader.problems.extend(syntax);
}

fn refusal(reader: Reader<'_>, has_no_service: bool) -> RulesFileError {
    let mut problems = reader.problems;
    problems.sort_by_key(|(at, _)| *at);
    RulesFileError { problems: problems.into_iter().map(|(_, problem)| problem).collect(), has_no_service }
}

fn read_document(reader: &mut Reader<'_>, document: &DeTable<'_>) -> Rules {
    let top = entries(document);
    let mut rules = Rules::without_services(reader.file_name());
    for entry in &top {
        if !TOP.contains(&entry.key) {
            let wrong = format!("a rules file has no key `{}`", shown(entry.key));
            reader.problem(entry.at, wrong, instead_of(entry.key, TOP));
        }
    }
    let entry_of = |key: &str| top.iter().find(|entry| entry.key == key).copied();
    if let Some(entry) = entry_of("currency") {
        reader.currency = reader.currency(entry);
        reader.currency_is_bad = reader.currency.is_none();
        rules.currency = reader.currency;
    }
    if let Some(entry) = entry_of("services").filter(|_| reader.currency.is_none()).and_then(currency_below) {
        let advice = "write it at the top of the file, above the first heading";
        reader.problem(entry.at, "`currency` cannot stand below [services]", advice);
        reader.currency_is_bad = true;
    }
    let counts = entry_of("counts").map(|entry| read_named_counts(reader, entry)).unwrap_or_default();
    let groups = entry_of("groups").map(|entry| read_groups(reader, entry)).unwrap_or_default();
    match entry_of("services") {
        Some(entry) => read_services(reader, entry, &counts, &groups, &mut rules),
        None => {
            let wrong = "the file names no service, so that nothing would be compared";
            reader.missing(0, wrong, "write [services] and below it CODE = { count = \"SOURCE.KIND\" }");
        }
    }
    read_sources(reader, entry_of("sources"), &mut rules);
    for entry in &top {
        match entry.key {
            "us" => rules.us = read_us(reader, *entry),
            "categories" => rules.categories = read_categories(reader, *entry),
            "agreement_types" => read_types(reader, *entry, &counts, &mut rules),
            "clients" => read_clients(reader, *entry, &counts, &mut rules),
            _ => {}
        }
    }
    check_named_services(reader, &mut rules);
    note_groups(reader, groups, &mut rules);
    rules
}

/// `currency = "GBP"` below a heading: a service would be a table.
fn currency_below<'d, 'i>(services: Entry<'d, 'i>) -> Option<Entry<'d, 'i>> {
    let table = services.value.get_ref().as_table()?;
    entries(table).into_iter().find(|entry| entry.key == "currency" && entry.value.get_ref().is_str())
}

fn read_services(
    reader: &mut Reader<'_>,
    entry: Entry<'_, '_>,
    counts: &NamedCounts,
    groups: &[ReadGroup],
    rules: &mut Rules,
) {
    let services = reader.table(entry, "[services] with CODE = { count = \"SOURCE.KIND\" }").unwrap_or_default();
    if services.is_empty() {
        let wrong = "the file names no service, so that nothing would be compared";
        reader.missing(entry.at, wrong, "write CODE = { count = \"SOURCE.KIND\" } below [services]");
    }
    let misplaced = currency_below(entry).filter(|_| reader.currency_is_bad).map(|entry| entry.at);
    for entry in services.into_iter().filter(|entry| Some(entry.at) != misplaced) {
        let Some(code) = code_of(reader, entry) else { continue };
        let group = group_of(groups, &code).map(|group| &group.keys);
        let ServiceTable { mut keys, products, superseded } = read_service(reader, entry, Spot::Service, group, counts);
        if let Some(of) = group {
            of.group.iter().for_each(|(name, _)| check_member(reader, entry, name, false));
            keys = ServiceKeys { basis: of.basis.clone(), ..keys.over(of) };
        }
        if rules.by_code.contains_key(&code) {
            reader.problem(entry.at, format!("\"{code}\" stands twice below [services]"), "leave one out");
            continue;
        }
        let number = rules.services.len();
        rules.by_code.insert(code.clone(), number);
        let mut all: Vec<(usize, ProductCode)> = products;
        if all.iter().all(|(_, product)| *product != code) {
            all.insert(0, (entry.at, code.clone()));
        }
        all.extend(superseded.iter().cloned());
        for (at, product) in &all {
            if let Some(other) = rules.by_product.get(&folded(product.as_str())) {
                let wrong =
                    format!("product \"{product}\" belongs to service \"{}\" already", rules.services[*other].code);
                reader.problem(*at, wrong, "let one service have it");
            } else {
                rules.by_product.insert(folded(product.as_str()), number);
            }
        }
        let products: Vec<ProductCode> = all.into_iter().map(|(_, product)| product).collect();
        let mut layers = Layers::default();
        layers.put(&keys, Whose::Many);
        let superseded: Vec<ProductCode> = superseded.into_iter().map(|(_, product)| product).collect();
        let rule = layers.rule(NamedProducts { code: &code, products: &products, superseded: &superseded });
        rules.services.push(Service { code, products, superseded, keys, rule: Arc::new(rule) });
    }
}

/// The product code that a key names, without `service:`.
fn code_of(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> Option<ProductCode> {
    match ProductCode::new(entry.key.strip_prefix(CODE_PREFIX).unwrap_or(entry.key).trim()) {
        Ok(code) => Some(code),
        Err(cause) => {
            let wrong = format!("\"{}\" cannot be a service: {cause}", shown(entry.key));
            reader.problem(entry.at, wrong, "write a product code of the PSA");
            None
        }
    }
}

fn read_us(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> OwnIdentity {
    let mut us = OwnIdentity::default();
    for key in reader.table(entry, "[us] with domains = [\"ourmsp.example\"]").unwrap_or_default() {
        match key.key {
            "domains" => {
                us.domains = reader.texts(key, "domains in quotes").into_iter().map(|(_, t)| folded(t)).collect()
            }
            "partner_ids" => {
                let ids = reader.texts(key, "partner ids in quotes");
                us.partner_ids = ids.into_iter().map(|(_, text)| text.to_owned()).collect();
            }
            other => {
                let advice = instead_of(other, ["domains", "partner_ids"]);
                reader.problem(key.at, format!("[us] has no key `{}`", shown(other)), advice);
            }
        }
    }
    us
}

fn read_categories(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> BTreeMap<String, CategoryRule> {
    let mut categories = BTreeMap::new();
    for entry in reader.table(entry, "[categories.\"NAME\"] with flat = true").unwrap_or_default() {
        let keys = reader.table(entry, "{ flat = true } or { ignore = \"why\" }");
        let mut found = None;
        for key in keys.iter().flatten() {
            let rule = match key.key {
                "flat" => reader.only_true(*key).map(|_| CategoryRule::Flat),
                "ignore" => reader.text(*key, "\"one-time work\"").map(CategoryRule::Ignored),
                other => {
                    let wrong = format!("a category has no key `{}`", shown(other));
                    reader.problem(key.at, wrong, instead_of(other, ["flat", "ignore"]));
                    None
                }
            };
            if found.is_some() {
                reader.problem(key.at, "a category is either `flat` or ignored", "leave one of the keys out");
            }
            found = found.or(rule);
        }
        if keys.is_some_and(|keys| keys.is_empty()) {
            let wrong = format!("nothing says what category \"{}\" is", shown(entry.key));
            reader.missing(entry.at, wrong, "write flat = true or ignore = \"why\"");
        }
        let Some(rule) = found else { continue };
        if categories.insert(folded(entry.key), rule).is_some() {
            reader.problem(entry.at, format!("category \"{}\" stands twice", shown(entry.key)), "leave one out");
        }
    }
    categories
}

/// What each source leaves out: what its own list has, and what the rules say.
fn read_sources(reader: &mut Reader<'_>, entry: Option<Entry<'_, '_>>, rules: &mut Rules) {
    for source in reader.sources.iter().filter(|source| !source.skus_left_out.is_empty()) {
        let listed = ProductsLeftOut { listed: source.skus_left_out.clone(), ..ProductsLeftOut::default() };
        rules.products_left_out.insert(source.source.clone(), listed);
    }
    let tables = entry.and_then(|entry| reader.table(entry, "[sources.ID] with leave_out = [\"SKU\"]"));
    for entry in tables.unwrap_or_default() {
        let source = reader.known_source(entry.at, entry.key);
        let (mut leave_out, mut count_too) = (Vec::new(), Vec::new());
        for key in reader.table(entry, "{ leave_out = [\"SKU\"] }").unwrap_or_default() {
            let list = match key.key {
                "leave_out" => &mut leave_out,
                "count_too" => &mut count_too,
                other => {
                    let wrong = format!("a source has no key `{}` in the rules", shown(other));
                    reader.problem(key.at, wrong, instead_of(other, ["leave_out", "count_too"]));
                    continue;
                }
            };
            let words = reader.texts(key, "part numbers or product names in quotes");
            list.extend(words.iter().map(|(_, word)| named_product(word, source)));
            for (at, word) in words {
                let is_in = |list: &[NamedProduct]| list.iter().any(|product| product.pattern.fits(word));
                if is_in(&leave_out) && is_in(&count_too) {
                    let wrong = format!("\"{}\" is left out and counts, too", shown(word));
                    reader.problem(at, wrong, "name it in one of the two lists");
                }
            }
        }
        if let Some(source) = source {
            let products = rules.products_left_out.entry(source.source.clone()).or_default();
            (products.leave_out, products.count_too) = (leave_out, count_too);
        }
    }
}

fn named_product(word: &str, source: Option<&SourceVocabulary>) -> NamedProduct {
    let pattern = sku_pattern(word, source.as_slice());
    let declared = source.iter().flat_map(|source| {
        source.sku_names.iter().flat_map(|(number, name)| [number, name]).chain(&source.skus_left_out)
    });
    let is_declared = declared.into_iter().any(|word| pattern.fits(word));
    NamedProduct { pattern, is_declared }
}
