//! The long tail: categories of the PSA of which no product has a rule that fits.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{InlineTable, Key};
use truecount_rules::Rules;

use crate::billed::{Billed, Product};
use crate::suggestion::{CategorySuggestion, ProductSuggestion, SuggestedBasis};

/// A category is a flat fee if so many per cent of its lines are of one unit.
const ONCE_PERCENT: usize = 90;
/// What a category is that nothing counts.
const WHY_IGNORED: &str = "no source counts it";

/// Categories of which no product has a service or a suggestion, the highest revenue first. Products that may be billed
/// by a count that is not read are in them: who reads the list knows.
pub(crate) fn categories(billed: &Billed, rules: &Rules, all: &[ProductSuggestion]) -> Vec<CategorySuggestion> {
    let has_rule = |product: &Product| {
        let suggestion = all.iter().find(|one| one.product == product.code);
        rules.service_of_product(&product.code).is_some()
            || suggestion.is_some_and(|one| one.basis != SuggestedBasis::Nothing)
    };
    let mut of_name: BTreeMap<&str, Vec<&Product>> = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for product in &billed.products {
        let Some(name) = product.category.as_deref().filter(|name| !name.trim().is_empty()) else { continue };
        of_name.entry(name).or_default().push(product);
        if has_rule(product) || rules.category(name).is_some() {
            taken.insert(name);
        }
    }
    let free = of_name.into_iter().filter(|(name, _)| !taken.contains(name));
    let mut found: Vec<_> = free.map(|(name, products)| suggestion(name, &products)).collect();
    found.sort_by(|a, b| {
        let largest = |one: &CategorySuggestion| one.revenue.values().max().copied().unwrap_or_default();
        (largest(b), &a.category).cmp(&(largest(a), &b.category))
    });
    found
}

fn suggestion(name: &str, products: &[&Product]) -> CategorySuggestion {
    let lines: usize = products.iter().map(|product| product.clients()).sum();
    let once: usize = products.iter().map(|product| product.billed_once()).sum();
    let mut rule = InlineTable::new();
    match once * 100 >= lines * ONCE_PERCENT {
        true => rule.insert("flat", true.into()),
        false => rule.insert("ignore", WHY_IGNORED.into()),
    };
    let mut revenue = BTreeMap::new();
    for (currency, amount) in products.iter().flat_map(|product| &product.revenue) {
        let sum: &mut rust_decimal::Decimal = revenue.entry(*currency).or_default();
        *sum = sum.saturating_add(*amount);
    }
    let key = Key::new(name);
    CategorySuggestion {
        category: name.to_owned(),
        rule: [key.to_string(), rule.to_string()].join(" = "),
        products: products.len() as u64,
        revenue,
    }
}
