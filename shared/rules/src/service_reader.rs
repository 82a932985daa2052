//! Reads the keys of a service: at the service itself, at a kind of agreement, at a client or one of its agreements.

use truecount_billing::{ProductCode, Unit};

use crate::count_reader::{NamedCounts, measure, read_count};
use crate::filter_reader::read_filter;
use crate::join::CountJoin;
use crate::layers::{CommitmentTerms, CountTerm, KeyBasis, ServiceKeys};
use crate::model::{CountAt, NoLine, Rounding, UnknownPolicy};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at, not_yet};
use crate::seat_reader::{read_covers, read_grants, read_replaces};
use crate::unit::DataUnit;
use crate::value_reader::{
    TIERS_ADVICE, check_days, read_agreement_types, read_cut, read_not_sold, read_planned_prices, read_price,
    read_products, read_review, read_stale, read_tolerance,
};

/// What a key of a service can be.
pub(crate) const KEYS: &[&str] = &[
    "count",
    "flat",
    "ignore",
    "where",
    "where_not",
    "seen_within_days",
    "unknown",
    "may_be_empty",
    "at",
    "products",
    "unit",
    "no_line",
    "included",
    "minimum",
    "commitment",
    "client_committed",
    "client_committed_until",
    "cut",
    "pack",
    "round_up",
    "tolerance",
    "price",
    "price_from",
    "expected_at",
    "covers",
    "grants",
    "replaces",
    "currency",
    "one_time",
    "not_sold",
    "review",
    "from",
    "until",
    "note",
];

/// Keys of the language that cannot be used yet.
const NOT_YET: &[&str] = &["bills", "same_by"];

/// Days on which a vendor counts that cannot be asked for yet.
const DAYS_NOT_YET: &[&str] = &["vendor_cycle_day", "average", "anyone_in_month"];

/// Keys that say something of a count: they have no meaning where nothing is counted.
const OF_A_COUNT: &[&str] = &[
    "where",
    "where_not",
    "seen_within_days",
    "unknown",
    "may_be_empty",
    "at",
    "unit",
    "included",
    "minimum",
    "commitment",
    "client_committed",
    "client_committed_until",
    "cut",
    "pack",
    "round_up",
    "tolerance",
    "no_line",
    "grants",
];

/// What stands before a code that equals a key of a client: `"service:note"`.
pub(crate) const CODE_PREFIX: &str = "service:";

/// Where a table with keys of a service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// Below `[services]`.
    Service,
    /// Below `[agreement_types."…"]`.
    AgreementType,
    /// Below `[clients.X]`.
    Client,
    /// Below `[clients.X.agreements."…"]`.
    Section,
}

/// One table, read.
pub(crate) struct ServiceTable {
    pub(crate) keys: ServiceKeys,
    /// Further product codes, each with its place; the service's own is among them if the file says so.
    pub(crate) products: Vec<(usize, ProductCode)>,
    /// Product codes that it took the place of.
    pub(crate) superseded: Vec<(usize, ProductCode)>,
}

/// Reads `CODE = { … }`. `base`: what the service itself says, where the table stands elsewhere.
pub(crate) fn read_service(
    reader: &mut Reader<'_>,
    entry: Entry<'_, '_>,
    spot: Spot,
    base: Option<&ServiceKeys>,
    counts: &NamedCounts,
) -> ServiceTable {
    let mut read = ServiceTable { keys: ServiceKeys::default(), products: Vec::new(), superseded: Vec::new() };
    let Some(keys) = reader.table(entry, "{ count = \"SOURCE.KIND\" }") else { return read };
    if keys.is_empty() {
        let wrong = format!("\"{}\" says nothing", shown(entry.key));
        reader.missing(at(entry.value), wrong, "write a key, such as count = \"SOURCE.KIND\", or leave the line out");
    }
    let problems_before = reader.problems.len();
    for key in keys.iter().filter(|key| matches!(key.key, "count" | "flat" | "ignore")) {
        read_basis(reader, *key, &mut read.keys, counts);
    }
    let names_basis = keys.iter().any(|key| matches!(key.key, "count" | "flat" | "ignore"));
    // A named count can be wrong where it stands, which is said there.
    let basis_is_bad = reader.problems.len() > problems_before || (names_basis && read.keys.basis.is_none());
    let basis = read.keys.basis.as_ref().or_else(|| base.and_then(|base| base.basis.as_ref()));
    // After a bad `count` nobody knows which attributes there are: nothing more is said of them.
    let terms: Option<Vec<CountTerm>> = match basis {
        _ if basis_is_bad => None,
        Some(KeyBasis::Counted(count)) => Some(count.terms.clone()),
        _ => Some(Vec::new()),
    };
    let is_counted = matches!(basis, Some(KeyBasis::Counted(_)));
    let has_basis = basis.is_some();
    let code = ProductCode::new(entry.key.strip_prefix(CODE_PREFIX).unwrap_or(entry.key).trim()).ok();
    for key in &keys {
        if has_basis && !is_counted && !basis_is_bad && OF_A_COUNT.contains(&key.key) {
            let wrong = format!("`{}` has no meaning for \"{}\", which is not counted", key.key, shown(entry.key));
            reader.problem(key.at, wrong, "leave it out, or write a `count`");
            continue;
        }
        match key.key {
            "covers" => read.keys.covers = read_covers(reader, *key, code.as_ref(), spot),
            "grants" => read.keys.grants = read_grants(reader, *key, code.as_ref(), spot),
            "replaces" => {}
            _ => read_key(reader, *key, spot, terms.as_deref(), &mut read),
        }
    }
    read.keys.commitment = read_commitment(reader, &keys, terms.as_deref(), counts);
    if let Some(key) = keys.iter().find(|key| key.key == "replaces") {
        read_superseded(reader, *key, spot, terms.as_deref(), &mut read);
    }
    check_unit(reader, &keys, &read.keys, base, terms.as_deref());
    read.keys.price = read_price(reader, &keys);
    read.keys.price_from = read_planned_prices(reader, &keys);
    read_review(reader, &keys, &mut read.keys);
    check_days(reader, &keys, &read.keys);
    if spot == Spot::Service && !has_basis && !basis_is_bad && !keys.is_empty() {
        let wrong = format!("nothing says what \"{}\" is compared with", shown(entry.key));
        reader.missing(entry.at, wrong, "write `count`, `flat = true` or `ignore = \"why\"`");
    }
    read
}

/// `replaces`, after the `where` that it adds to.
fn read_superseded(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    spot: Spot,
    terms: Option<&[CountTerm]>,
    read: &mut ServiceTable,
) {
    if spot == Spot::Service {
        (read.superseded, read.keys.superseded) = read_replaces(reader, key, &read.keys, terms);
    } else {
        reader.problem(key.at, "`replaces` cannot stand here", "write it at the service, below [services]");
    }
}

/// `count`, `flat` or `ignore`.
fn read_basis(reader: &mut Reader<'_>, key: Entry<'_, '_>, keys: &mut ServiceKeys, counts: &NamedCounts) {
    let basis = match key.key {
        "count" => read_count(reader, key, counts).map(KeyBasis::Counted),
        "flat" => reader.only_true(key).map(|_| KeyBasis::Flat),
        _ => reader.text(key, "\"one-time project work\"").map(KeyBasis::Ignored),
    };
    if keys.basis.is_some() {
        let wrong = format!("`{}` stands beside another of `count`, `flat` and `ignore`", key.key);
        reader.problem(key.at, wrong, "leave all but one of them out");
        return;
    }
    keys.basis = basis;
}

fn read_key(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    spot: Spot,
    terms: Option<&[CountTerm]>,
    read: &mut ServiceTable,
) {
    let keys = &mut read.keys;
    match key.key {
        "count" | "flat" | "ignore" | "commitment" | "price" | "price_from" | "currency" | "review" => {}
        "where" => keys.wanted = read_filter(reader, key, terms),
        "where_not" => keys.unwanted = read_filter(reader, key, terms),
        "seen_within_days" => keys.stale = read_stale(reader, key),
        "unknown" => keys.unknown = read_unknown(reader, key),
        "unit" => keys.unit = reader.word(key, &DataUnit::ALL.map(|unit| (unit.as_str(), unit))),
        "may_be_empty" => keys.may_be_empty = reader.boolean(key),
        "at" => keys.at = read_count_at(reader, key),
        "included" => keys.included = reader.amount(key),
        "minimum" => keys.minimum = reader.amount(key),
        "client_committed" => keys.client_committed = reader.amount(key),
        "client_committed_until" => keys.client_committed_until = reader.day(key),
        "cut" => keys.cut = read_cut(reader, key),
        "pack" | "round_up" if keys.rounding.is_some() => {
            reader.problem(key.at, "`pack` and `round_up` stand beside each other", "leave one of them out");
        }
        "pack" => keys.rounding = reader.above_zero(key).map(Rounding::Packs),
        "round_up" => keys.rounding = reader.above_zero(key).map(Rounding::Multiple),
        "tolerance" => keys.tolerance = read_tolerance(reader, key),
        "no_line" => keys.no_line = reader.word(key, &[("exception", NoLine::Exception), ("list", NoLine::List)]),
        "one_time" => keys.one_time_counts = reader.word(key, &[("counts", true)]),
        "note" => keys.note = reader.text(key, "\"why it is so\""),
        "expected_at" if spot == Spot::Service => keys.expected_at = read_agreement_types(reader, key),
        "expected_at" => {
            let advice = "write it at the service, below [services]; here, not_sold = \"why\" says that there is none";
            reader.problem(key.at, "`expected_at` cannot stand here", advice);
        }
        "products" if spot == Spot::Service => read.products = read_products(reader, key),
        "products" => {
            reader.problem(key.at, "`products` cannot stand here", "write it at the service, below [services]")
        }
        "not_sold" if spot != Spot::Service => keys.not_sold = read_not_sold(reader, key),
        "from" if spot != Spot::Service => keys.when.from = reader.day(key),
        "until" if spot != Spot::Service => keys.when.until = reader.day(key),
        "not_sold" | "from" | "until" => {
            let wrong = format!("`{}` cannot stand at the service itself", key.key);
            reader.problem(key.at, wrong, "write it at a client or a kind of agreement");
        }
        other => unknown_key(reader, key.at, other, terms.unwrap_or_default()),
    }
}

/// `commitment = { of = "SOURCE.KIND", where = { … } }`: counted in the unit of the count; or `"binds"`.
fn read_commitment(
    reader: &mut Reader<'_>,
    entries: &[Entry<'_, '_>],
    terms: Option<&[CountTerm]>,
    counts: &NamedCounts,
) -> Option<CommitmentTerms> {
    let key = *entries.iter().find(|entry| entry.key == "commitment")?;
    if key.value.get_ref().as_str() == Some("binds") {
        let machine = terms.into_iter().flatten().find(|term| term.kind.unit == Unit::Device);
        if let Some(CountTerm { source, kind, .. }) = machine {
            let wrong =
                format!("nobody is committed to machines: {source}.{} has no days until when it was bought", kind.name);
            reader.problem(
                at(key.value),
                wrong,
                "write commitment = { of = \"SOURCE.subscription\" }, or leave it out",
            );
        }
        return Some(CommitmentTerms::Binds);
    }
    let committed = read_count(reader, key, counts)?;
    let counted = terms.and_then(<[CountTerm]>::first);
    if committed.join != CountJoin::Sum {
        let wrong = format!("a `{}` cannot be a commitment", committed.join.as_str());
        reader.problem(at(key.value), wrong, "write { of = \"SOURCE.KIND\" }, or a list of them");
        return None;
    }
    if let (Some(counted), Some(one)) = (counted, committed.terms.first())
        && measure(counted) != measure(one)
    {
        let name = |term: &CountTerm| format!("{}.{}", term.source, term.kind.name);
        let wrong = format!("{} and {} are counted in different units", name(one), name(counted));
        reader.problem(at(key.value), wrong, "name a kind that is counted in the unit of the count");
        return None;
    }
    Some(CommitmentTerms::Of(committed))
}

pub(crate) fn read_unknown(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<UnknownPolicy> {
    let words =
        [("widens", UnknownPolicy::Widens), ("counts", UnknownPolicy::Counts), ("left_out", UnknownPolicy::LeftOut)];
    reader.word(key, &words)
}

fn read_count_at(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<CountAt> {
    if let Some(word) = key.value.get_ref().as_str().filter(|word| DAYS_NOT_YET.contains(word)) {
        not_yet(reader, at(key.value), word);
        return None;
    }
    reader.word(key, &[("count_day", CountAt::CountDay), ("peak", CountAt::Peak)])
}

/// Only data can be converted into a unit of data.
fn check_unit(
    reader: &mut Reader<'_>,
    entries: &[Entry<'_, '_>],
    keys: &ServiceKeys,
    base: Option<&ServiceKeys>,
    terms: Option<&[CountTerm]>,
) {
    let unit = keys.unit.or_else(|| base.and_then(|base| base.unit));
    let pieces = terms.into_iter().flatten().find(|term| DataUnit::of(term.kind.unit).is_none());
    let (Some(unit), Some(pieces)) = (unit, pieces) else { return };
    // Where the table names neither, what is farther was said there.
    let Some(entry) = ["unit", "count"].iter().find_map(|key| entries.iter().find(|entry| entry.key == *key)) else {
        return;
    };
    let (source, kind) = (&pieces.source, &pieces.kind.name);
    let wrong =
        format!("{source}.{kind} is counted in pieces, not in bytes: `unit` \"{}\" has no meaning", unit.as_str());
    reader.problem(at(entry.value), wrong, "leave `unit` out, or count a kind that is counted in GB or GiB");
}

/// A key that no service has, or not yet. `terms`: what is counted.
fn unknown_key(reader: &mut Reader<'_>, at: usize, key: &str, terms: &[CountTerm]) {
    if NOT_YET.contains(&key) {
        return not_yet(reader, at, key);
    }
    if key == "times" {
        let advice = "write it in the count: count = { of = \"SOURCE.KIND\", times = 2 }";
        return reader.problem(at, "`times` cannot stand here", advice);
    }
    let advice = match key {
        "internal" | "nfr" | "both" | "moved" => "write it at the client, below [clients.X]".to_owned(),
        "once_per" | "order" | "except" => "write it at the group, below [groups.NAME]".to_owned(),
        "graduated" | "volume" | "tiers" => TIERS_ADVICE.to_owned(),
        _ if terms.iter().any(|term| term.declares(key)) => format!("write where = {{ {key} = … }}"),
        _ => instead_of(key, KEYS.iter().chain(NOT_YET).copied()),
    };
    reader.problem(at, format!("no service has a key `{}`", shown(key)), advice);
}
