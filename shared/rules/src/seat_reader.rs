//! Reads which services live inside others, and what a service grants of others. What they name is held against the
//! services once all are read.

use rust_decimal::Decimal;
use toml::de::DeValue;
use truecount_billing::ProductCode;

use crate::filter::{Filter, Pattern};
use crate::filter_reader::sku_pattern;
use crate::layers::{CountTerm, ServiceKeys};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader};
use crate::rules::Rules;
use crate::service_reader::Spot;
use crate::value_reader::read_products;

/// A service that another one's `covers` or `grants` names.
pub(crate) struct NamedService {
    /// The first byte of the code.
    pub(crate) at: usize,
    /// The key that names it.
    pub(crate) key: &'static str,
    /// The service that has the key.
    pub(crate) by: ProductCode,
    /// The service that is named, as written.
    pub(crate) code: ProductCode,
}

/// `covers = ["CODE"]`; nearer than the service, the empty list says that it covers none.
pub(crate) fn read_covers(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    by: Option<&ProductCode>,
    spot: Spot,
) -> Option<Vec<ProductCode>> {
    if spot != Spot::Service && matches!(key.value.get_ref(), DeValue::Array(list) if list.is_empty()) {
        return Some(Vec::new());
    }
    let mut covered: Vec<ProductCode> = Vec::new();
    for (at, text) in reader.texts(key, "service codes, such as [\"M365-BP\", \"EDR-AGT\"]") {
        let Some(code) = named(reader, at, "covers", by, text) else { continue };
        match covered.contains(&code) {
            true => reader.problem(at, format!("\"{}\" stands twice in `covers`", shown(text)), "leave one out"),
            false => covered.push(code),
        }
    }
    Some(covered)
}

/// `grants = { CODE = 1 }`; nearer than the service, the empty table says that it grants nothing.
pub(crate) fn read_grants(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    by: Option<&ProductCode>,
    spot: Spot,
) -> Option<Vec<(ProductCode, Decimal)>> {
    let entries = reader.table(key, "{ MNG-WKS = 1 }")?;
    if entries.is_empty() && spot == Spot::Service {
        reader.wrong_value(key, "write what each unit grants, such as { MNG-WKS = 1 }");
    }
    let mut granted = Vec::new();
    for entry in entries {
        let code = named(reader, entry.at, "grants", by, entry.key);
        granted.extend(code.zip(reader.above_zero(entry)));
    }
    Some(granted)
}

/// `replaces = { products = ["OLD"], skus = ["OLD"] }`.
pub(crate) fn read_replaces(
    reader: &mut Reader<'_>,
    key: Entry<'_, '_>,
    keys: &ServiceKeys,
    terms: Option<&[CountTerm]>,
) -> (Vec<(usize, ProductCode)>, Option<Vec<Pattern>>) {
    let (mut products, mut skus) = (Vec::new(), None);
    let problems = reader.problems.len();
    for entry in reader.table(key, "{ products = [\"OLD\"], skus = [\"OLD\"] }").unwrap_or_default() {
        match entry.key {
            "products" => products = read_products(reader, entry),
            "skus" => {
                let own = terms.unwrap_or_default().iter().filter_map(|term| term.wanted.as_ref());
                let is_asked = own.chain(&keys.wanted).any(Filter::asks_for_products);
                if terms.is_some() && !is_asked {
                    let wrong = "`skus` are counted as the products that `where` names, and it names none";
                    reader.problem(entry.at, wrong, "write where = { sku = \"NEW\" } beside it");
                }
                let sources: Vec<_> = terms.into_iter().flatten().map(|term| term.source.clone()).collect();
                let sources: Vec<_> = sources.iter().filter_map(|id| reader.source(id.as_str())).collect();
                let words = reader.texts(entry, "part numbers or product names in quotes");
                let pattern = |(_, word)| Pattern { is_superseded: true, ..sku_pattern(word, &sources) };
                skus = Some(words.into_iter().map(pattern).collect());
            }
            other => {
                let wrong = format!("`replaces` has no key `{}`", shown(other));
                reader.problem(entry.at, wrong, instead_of(other, ["products", "skus"]));
            }
        }
    }
    if products.is_empty() && skus.is_none() && reader.problems.len() == problems {
        reader.missing(key.at, "`replaces` names nothing", "write products = [\"OLD\"] or skus = [\"OLD\"] in it");
    }
    (products, skus)
}

fn named(
    reader: &mut Reader<'_>,
    at: usize,
    key: &'static str,
    by: Option<&ProductCode>,
    text: &str,
) -> Option<ProductCode> {
    match ProductCode::new(text.trim()) {
        Ok(code) => {
            if let Some(by) = by.cloned() {
                reader.named_services.push(NamedService { at, key, by, code: code.clone() });
            }
            Some(code)
        }
        Err(cause) => {
            reader.problem(at, format!("`{key}`: {cause}"), "write the code of a service");
            None
        }
    }
}

/// Whether each service that is named exists, and none covers or grants itself, however many lie between. `rules` learns
/// which service lies inside which.
pub(crate) fn check_named_services(reader: &mut Reader<'_>, rules: &mut Rules) {
    let mut named = std::mem::take(&mut reader.named_services);
    named.sort_by_key(|one| one.at);
    for NamedService { at, key, by, code } in named {
        if !rules.by_code.contains_key(&code) {
            let advice = match rules.service_of_product(&code) {
                Some(service) => format!("write the service that has the product, \"{service}\""),
                None => instead_of(code.as_str(), rules.by_code.keys().map(ProductCode::as_str)),
            };
            reader.missing(at, format!("no service has the code \"{}\"", shown(code.as_str())), advice);
        } else if rules.lies_inside(&by, &code) {
            let wrong = match by == code {
                true => format!("\"{by}\" {key} itself"),
                false => format!("\"{by}\" {key} \"{code}\", which covers or grants \"{by}\" in turn"),
            };
            reader.problem(at, wrong, "leave one of them out");
        } else {
            rules.note_outer(&code, &by);
        }
    }
}

impl Rules {
    /// Whether a service lies inside another by what is known so far, or is it.
    fn lies_inside(&self, inner: &ProductCode, outer: &ProductCode) -> bool {
        inner == outer || self.outer_services(inner).any(|next| self.lies_inside(next, outer))
    }

    pub(crate) fn note_outer(&mut self, inner: &ProductCode, outer: &ProductCode) {
        let known = self.outer.entry(inner.clone()).or_default();
        if !known.contains(outer) {
            known.push(outer.clone());
            known.sort_unstable();
        }
    }

    /// The services that cover a service or grant units of it, anywhere in the rules.
    pub fn outer_services(&self, code: &ProductCode) -> impl Iterator<Item = &ProductCode> {
        self.outer.get(code).into_iter().flatten()
    }
}
