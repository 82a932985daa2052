//! Products that a source leaves out, unless a rule names the products that it takes.

use truecount_rules::{CountPart, NamedProduct, ProductsLeftOut};

use crate::evidence::Widening;
use crate::group_takers::counted;
use crate::run_inputs::UsageSource;
use crate::selection::Selection;

/// What a source makes of an item's product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProductUse {
    Counts,
    LeftOut,
    /// The source did not tell the product.
    Untold,
}

impl ProductUse {
    /// Of an item's product. `products`: those that are left out; `None`: none is.
    pub(crate) fn of(products: Option<&ProductsLeftOut>, sku: Option<&str>) -> Self {
        match (products, sku) {
            (None, _) => Self::Counts,
            (Some(_), None) => Self::Untold,
            (Some(products), Some(sku)) if products.has(sku) => Self::LeftOut,
            (Some(_), Some(_)) => Self::Counts,
        }
    }
}

impl Selection<'_> {
    /// Notes the products that a source leaves out by the rules, or counts in spite of its list, and that it never had.
    pub(crate) fn note_unseen_products(
        &mut self,
        kept: &UsageSource,
        source: usize,
        (number, part): (u32, &CountPart),
        products: &ProductsLeftOut,
    ) {
        if !kept.was_read || counted(part).all(|part| part.may_be_empty) {
            return;
        }
        let is_seen = |product: &&NamedProduct| product.is_declared || kept.words.has_product(&product.pattern);
        let unseen = |list: &[NamedProduct]| {
            let words = list.iter().filter(|product| !is_seen(product)).map(|product| product.pattern.written.clone());
            words.collect::<Vec<_>>()
        };
        let (kind, attribute) = (&part.kind, "sku".to_owned());
        for word in unseen(&products.count_too) {
            let word = Some((attribute.clone(), word));
            self.open.push(Widening::WordNeverSeen { source, kind: kind.clone(), word });
        }
        for word in unseen(&products.leave_out) {
            self.without_low |= 1 << number;
            let (kind, attribute) = (kind.clone(), attribute.clone());
            self.without_low_why.push(Widening::UnwantedNeverSeen { source, kind, attribute, word });
        }
    }
}

/// Whether a part says itself which products it takes.
pub(crate) fn names_products(part: &CountPart) -> bool {
    let mut attributes = part.wanted.iter().flat_map(|filter| &filter.tables).flat_map(|table| &table.attributes);
    attributes.any(|(attribute, _)| attribute == "sku")
}
