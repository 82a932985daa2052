//! Which product is compared with what, where nobody gave rules: only where a product's code or name and what a source
//! counts are clearly one. Everything else stays uncounted, and what could mean several things is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use toml::{Table, Value};
use truecount_billing::{LineRole, ProductCode, SourceId};
use truecount_matching::normalise;
use truecount_reconciliation::BilledClient;

use super::read::ReadSource;

/// The kind of what was bought, beside what is in use.
const BOUGHT: &str = "subscription";

/// Words that mean one kind of device.
const KIND_WORDS: [(&str, &[&str]); 3] = [
    ("server", &["server", "servers", "srv", "svr"]),
    ("workstation", &["workstation", "workstations", "wks", "wkst"]),
    ("mobile", &["mobile", "mobiles"]),
];

/// Words of which one must stand beside the kind's: a device that is looked after, and not a licence or a phone contract.
const CARE_WORDS: [&str; 11] = [
    "managed",
    "management",
    "mng",
    "mgd",
    "mgmt",
    "monitored",
    "monitoring",
    "support",
    "supported",
    "rmm",
    "maintenance",
];

/// Words that change nothing.
const FILLERS: [&str; 15] = [
    "a", "agent", "agents", "by", "device", "devices", "each", "for", "it", "month", "monthly", "of", "per", "service",
    "the",
];

/// Why a product is compared with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedBy {
    /// Its code or name is the vendor's product.
    EqualSku,
    /// Its code or name is the kind of item.
    EqualKind,
    /// Its words mean this kind of device and nothing else.
    KnownWords,
}

/// A product, and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PairedProduct {
    /// The product's code.
    pub product: ProductCode,
    /// Its name. Foreign text.
    pub name: Option<String>,
    /// What is counted.
    pub counted: CountedThing,
    /// Why.
    pub by: PairedBy,
}

/// A product that could mean several things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnpairedProduct {
    /// The product's code.
    pub product: ProductCode,
    /// What it could be compared with.
    pub counted: Vec<CountedThing>,
    /// Other products that could be compared with the same.
    pub others: Vec<ProductCode>,
}

/// Items of a source: of a kind, or of a vendor's product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CountedThing {
    /// The source.
    pub source: SourceId,
    /// The kind of items.
    pub kind: String,
    /// The vendor's product as it is written, in each way; empty: of any. Foreign text.
    pub skus: BTreeSet<String>,
}

/// What is compared, and what could not be told.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    pub(super) paired: Vec<PairedProduct>,
    pub(super) unpaired: Vec<UnpairedProduct>,
}

/// What the sources count, to be found by a text.
#[derive(Default)]
struct Things {
    by_sku: BTreeMap<String, Vec<CountedThing>>,
    by_kind: BTreeMap<String, Vec<CountedThing>>,
}

/// A product that recurs, with its names.
type Products<'l> = BTreeMap<&'l ProductCode, BTreeSet<&'l str>>;

/// Finds what each product is compared with.
pub(super) fn pair(clients: &[BilledClient], sources: &[(&SourceId, &ReadSource)]) -> Pairing {
    let things = Things::of(sources);
    let mut found = Vec::new();
    let mut pairing = Pairing::default();
    for (product, names) in products(clients) {
        let Some((by, mut counted)) = things.meant_by(product, &names) else { continue };
        match counted.pop().filter(|_| counted.is_empty()) {
            Some(counted) => {
                let name = names.iter().next().map(|name| (*name).to_owned());
                found.push(PairedProduct { product: product.clone(), name, counted, by });
            }
            None => {
                let (_, counted) = things.meant_by(product, &names).unwrap_or((by, Vec::new()));
                pairing.unpaired.push(UnpairedProduct { product: product.clone(), counted, others: Vec::new() });
            }
        }
    }
    for one in &found {
        let overlaps = |other: &&PairedProduct| other.product != one.product && one.counted.overlaps(&other.counted);
        let others: Vec<ProductCode> = found.iter().filter(overlaps).map(|other| other.product.clone()).collect();
        match others.is_empty() {
            true => pairing.paired.push(one.clone()),
            // Whatever both take would be billed twice.
            false => pairing.unpaired.push(UnpairedProduct {
                product: one.product.clone(),
                counted: vec![one.counted.clone()],
                others,
            }),
        }
    }
    pairing.unpaired.sort();
    pairing
}

fn products(clients: &[BilledClient]) -> Products<'_> {
    let mut products = Products::new();
    let lines = clients.iter().flat_map(|client| &client.agreements).flat_map(|agreement| &agreement.lines);
    for line in lines.filter(|line| line.role == LineRole::Recurring) {
        products.entry(&line.product).or_default().extend(line.product_name.as_deref());
    }
    products
}

impl Things {
    fn of(sources: &[(&SourceId, &ReadSource)]) -> Self {
        let mut things = Self::default();
        for (id, source) in sources {
            let items = source.accounts.values().flat_map(|account| &account.items);
            let mut kinds: BTreeSet<&str> = BTreeSet::new();
            let mut skus: BTreeMap<String, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
            for item in items {
                kinds.insert(&item.kind);
                // A star stands for any text in rules.
                if let Some(sku) = item.sku.as_deref().filter(|sku| !sku.contains('*')) {
                    skus.entry(normalise(sku))
                        .or_default()
                        .entry(&item.kind)
                        .or_default()
                        .insert(sku.trim().to_owned());
                }
            }
            let thing = |kind: &str, skus| CountedThing { source: (*id).clone(), kind: kind.to_owned(), skus };
            for (form, mut kinds) in skus.into_iter().filter(|(form, _)| !form.is_empty()) {
                // What is in use is compared, not what was bought beside it.
                if kinds.len() > 1 {
                    kinds.remove(BOUGHT);
                }
                let of = things.by_sku.entry(form).or_default();
                of.extend(kinds.into_iter().map(|(kind, skus)| thing(kind, skus)));
            }
            for kind in kinds {
                things.by_kind.entry(normalise(kind)).or_default().push(thing(kind, BTreeSet::new()));
            }
        }
        things
    }

    /// Everything that a product could mean by the surest rule that says anything; `None`: none does.
    fn meant_by(&self, product: &ProductCode, names: &BTreeSet<&str>) -> Option<(PairedBy, Vec<CountedThing>)> {
        let texts: BTreeSet<String> =
            names.iter().copied().chain([product.as_str()]).map(normalise).filter(|text| !text.is_empty()).collect();
        let of = |by: &BTreeMap<String, Vec<CountedThing>>| -> Vec<CountedThing> {
            let found: BTreeSet<&CountedThing> = texts.iter().filter_map(|text| by.get(text)).flatten().collect();
            found.into_iter().cloned().collect()
        };
        let known = || -> Vec<CountedThing> {
            let kind = known_kind(product.as_str(), names);
            kind.and_then(|kind| self.by_kind.get(kind)).cloned().unwrap_or_default()
        };
        let by_sku = of(&self.by_sku);
        if !by_sku.is_empty() {
            return Some((PairedBy::EqualSku, by_sku));
        }
        let by_kind = of(&self.by_kind);
        if !by_kind.is_empty() {
            return Some((PairedBy::EqualKind, by_kind));
        }
        let known = known();
        (!known.is_empty()).then_some((PairedBy::KnownWords, known))
    }
}

/// The kind of device that a product is about: all its names, or its code where it has none, say so and nothing else; and
/// its code says no other.
fn known_kind(code: &str, names: &BTreeSet<&str>) -> Option<&'static str> {
    let texts: Vec<&str> = if names.is_empty() { vec![code] } else { names.iter().copied().collect() };
    let mut kinds: BTreeSet<&'static str> = BTreeSet::new();
    for text in texts {
        let text = normalise(text);
        let mut has_care = false;
        let before = kinds.len();
        let mut of_text: BTreeSet<&'static str> = BTreeSet::new();
        for word in text.split_whitespace() {
            match kind_of(word) {
                Some(kind) => drop(of_text.insert(kind)),
                None if CARE_WORDS.contains(&word) => has_care = true,
                None if FILLERS.contains(&word) || before == 0 && word.is_empty() => {}
                None => return None,
            }
        }
        if !has_care || of_text.len() != 1 {
            return None;
        }
        kinds.extend(of_text);
    }
    kinds.extend(normalise(code).split_whitespace().filter_map(kind_of));
    kinds.pop_first().filter(|_| kinds.is_empty())
}

fn kind_of(word: &str) -> Option<&'static str> {
    KIND_WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(kind, _)| *kind)
}

impl CountedThing {
    /// Whether an item could be both.
    fn overlaps(&self, other: &Self) -> bool {
        let form = |skus: &BTreeSet<String>| skus.iter().map(|sku| normalise(sku)).collect::<BTreeSet<_>>();
        let is_any = self.skus.is_empty() || other.skus.is_empty();
        self.source == other.source
            && self.kind == other.kind
            && (is_any || !form(&self.skus).is_disjoint(&form(&other.skus)))
    }

    /// As rules name it.
    fn count(&self) -> String {
        format!("{}.{}", self.source, self.kind)
    }
}

impl Pairing {
    /// The rules that say the same; `None`: nothing is compared.
    pub(super) fn rules(&self) -> Option<String> {
        let service = |one: &PairedProduct| {
            let mut service = Table::new();
            service.insert("count".to_owned(), Value::String(one.counted.count()));
            let mut skus: Vec<Value> = one.counted.skus.iter().cloned().map(Value::String).collect();
            if let Some(first) = skus.pop() {
                let words =
                    if skus.is_empty() { first } else { Value::Array(skus.into_iter().chain([first]).collect()) };
                service.insert("where".to_owned(), Value::Table(Table::from_iter([("sku".to_owned(), words)])));
            }
            (one.product.to_string(), Value::Table(service))
        };
        let services: Table = self.paired.iter().map(service).collect();
        let file = Table::from_iter([("services".to_owned(), Value::Table(services))]);
        if self.paired.is_empty() { None } else { toml::to_string(&file).ok() }
    }
}

impl fmt::Display for CountedThing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count())?;
        match self.skus.first() {
            Some(sku) => write!(f, " of `{sku}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for UnpairedProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things: Vec<String> = self.counted.iter().map(ToString::to_string).collect();
        let others: Vec<String> = self.others.iter().map(|other| format!("`{other}`")).collect();
        let things = things.join(" or ");
        match others.is_empty() {
            true => write!(f, "`{}` could be {things}", self.product),
            false => write!(f, "`{}` and {} could all be {things}", self.product, others.join(", ")),
        }
    }
}

impl fmt::Display for PairedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EqualSku => "its code or name is this product",
            Self::EqualKind => "its code or name is this kind",
            Self::KnownWords => "its words mean this kind alone",
        })
    }
}
