//! Rules that are made in code, where there is no rules file: services alone.

use std::sync::Arc;

use truecount_billing::ProductCode;

use crate::layers::ServiceKeys;
use crate::model::ServiceRule;
use crate::rules::{Rules, Service, folded};

/// A product that two services name: its lines can be compared once only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("product `{product}` is named by the services `{first}` and `{second}`; leave it in one of them")]
pub struct ProductNamedTwice {
    /// The product.
    pub product: ProductCode,
    /// The service that names it first.
    pub first: ProductCode,
    /// The other.
    pub second: ProductCode,
}

impl Rules {
    /// Rules of services alone: nothing is said of kinds of agreement, clients or categories. `name` stands for the file's
    /// name in messages.
    ///
    /// # Errors
    /// [`ProductNamedTwice`]; capitals, and blanks around a code, make no difference.
    pub fn of_services(name: &str, services: Vec<ServiceRule>) -> Result<Self, ProductNamedTwice> {
        let mut rules = Self::without_services(name);
        for rule in services {
            let number = rules.services.len();
            for product in &rule.products {
                if let Some(first) = rules.by_product.insert(folded(product.as_str()), number) {
                    let first = if first == number { rule.code.clone() } else { rules.services[first].code.clone() };
                    return Err(ProductNamedTwice { product: product.clone(), first, second: rule.code });
                }
            }
            for inner in rule.covers.iter().chain(rule.grants.iter().map(|(code, _)| code)) {
                rules.note_outer(inner, &rule.code);
            }
            rules.by_code.insert(rule.code.clone(), number);
            rules.services.push(Service {
                code: rule.code.clone(),
                products: rule.products.clone(),
                superseded: rule.superseded.clone(),
                keys: ServiceKeys::default(),
                rule: Arc::new(rule),
            });
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceBasis;

    fn flat(code: &str) -> ServiceRule {
        ServiceRule::new(ProductCode::new(code).unwrap(), ServiceBasis::Flat)
    }

    #[test]
    fn a_product_belongs_to_one_service() {
        let rules = Rules::of_services("made", vec![flat("A"), flat("B")]).unwrap();
        let code = ProductCode::new(" b ").unwrap();
        assert_eq!(rules.service_of_product(&code).map(ProductCode::as_str), Some("B"));
        assert_eq!(rules.usual_rule(&ProductCode::new("A").unwrap()), Some(&flat("A")));
        let twice = Rules::of_services("made", vec![flat("A"), flat("a")]).unwrap_err();
        assert_eq!((twice.first.as_str(), twice.second.as_str()), ("A", "a"));
    }
}
