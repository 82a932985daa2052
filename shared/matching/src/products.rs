//! Suggests which product of the PSA a vendor's new SKU corresponds to.

use std::collections::BTreeMap;

use crate::{Party, Score, Sites, Suggestion, normalise, suggest};

/// A SKU: its code, and the name that the vendor or the distributor gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sku<'a> {
    /// The vendor's code or id.
    pub code: &'a str,
    /// The name as the source writes it; empty if it gives only the code.
    pub name: &'a str,
}

/// For each SKU the products that it may be, best first: the index in `products` and the probability.
///
/// `names` is a table of SKUs where one exists: a code and its names, such as `O365_BUSINESS_PREMIUM` and
/// `Microsoft 365 Business Standard`. All names of a SKU are compared, and the best match counts.
#[must_use]
pub fn suggest_products(skus: &[Sku<'_>], products: &[&str], names: &[(&str, &str)]) -> Vec<Vec<Suggestion>> {
    let mut by_code = BTreeMap::<String, Vec<&str>>::new();
    for (code, name) in names {
        by_code.entry(normalise(code)).or_default().push(name);
    }
    let mut parties = Vec::new();
    let mut owners = Vec::new();
    for (place, sku) in skus.iter().enumerate() {
        let own = if sku.name.is_empty() { sku.code } else { sku.name };
        let known = by_code.get(&normalise(sku.code)).into_iter().flatten().copied();
        for name in std::iter::once(own).chain(known) {
            parties.push(Party::named(name));
            owners.push(place);
        }
    }
    let products: Vec<Party<'_>> = products.iter().map(|name| Party::named(name)).collect();
    let mut likely: Vec<BTreeMap<usize, Suggestion>> = vec![BTreeMap::new(); skus.len()];
    for (owner, suggestions) in owners.into_iter().zip(suggest(&parties, &products, Sites::ManyToOne)) {
        for suggestion in suggestions {
            let before = likely[owner].get(&suggestion.client).map_or(Score::default(), |before| before.score);
            if suggestion.score >= before {
                likely[owner].insert(suggestion.client, suggestion);
            }
        }
    }
    likely
        .into_iter()
        .map(|by_product| {
            let mut suggestions: Vec<Suggestion> = by_product.into_values().collect();
            suggestions.sort_by(|a, b| b.score.cmp(&a.score).then(a.client.cmp(&b.client)));
            suggestions.truncate(crate::SUGGESTIONS_MAX);
            suggestions
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_finds_its_product() {
        let products = [
            "Microsoft 365 Business Premium",
            "Microsoft 365 Business Standard",
            "Microsoft 365 Business Basic",
            "Exchange Online (Plan 1)",
            "Exchange Online (Plan 2)",
            "Defender for Endpoint P1",
            "Managed Workstation",
            "Managed Server",
            "Backup per TB",
        ];
        let names =
            [("O365_BUSINESS_PREMIUM", "Microsoft 365 Business Standard"), ("SPB", "Microsoft 365 Business Premium")];
        for (code, name, expected) in [
            ("SPB", "", 0),
            ("O365_BUSINESS_PREMIUM", "", 1),
            ("CFQ7TTC0LH18", "Microsoft 365 Business Basic (NCE)", 2),
            ("x1", "Exchange Online Plan 2", 4),
            ("x2", "Exchange Online Plan 1", 3),
            ("srv", "Managed Servers", 7),
        ] {
            let found = suggest_products(&[Sku { code, name }], &products, &names);
            assert_eq!(found[0].first().map(|best| best.client), Some(expected), "{code} {name}: {:?}", found[0]);
        }
        assert!(suggest_products(&[Sku { code: "zzz", name: "Quux" }], &products, &names)[0].is_empty());
    }
}
