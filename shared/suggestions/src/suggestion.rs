//! What comes out: for each product the rule that fits best, how well, what else was tried, and what keeps it from being
//! taken over without a person.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{Currency, ProductCode};

/// Suggestions for the products without a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Suggestions {
    /// How many clients are witnesses: with a live agreement, lines that were read, and not internal.
    pub clients: u64,
    /// How many counts were tried.
    pub tried: u64,
    /// Products with a suggestion, the highest revenue first.
    pub products: Vec<ProductSuggestion>,
    /// Categories of products of which none has a suggestion.
    pub categories: Vec<CategorySuggestion>,
    /// Products that no count fits and that no category is suggested for, the highest revenue first.
    pub unfitted: Vec<ProductSuggestion>,
}

/// What is suggested for one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProductSuggestion {
    /// The product.
    pub product: ProductCode,
    /// Its name. Foreign text.
    pub name: Option<String>,
    /// Its category. Foreign text.
    pub category: Option<String>,
    /// Clients that are billed for it.
    pub clients: u64,
    /// What it bills in a month.
    pub revenue: BTreeMap<Currency, Decimal>,
    /// What it would be.
    pub basis: SuggestedBasis,
    /// The rule, as it stands in a rules file behind the code; `None`: nothing fits.
    pub rule: Option<String>,
    /// How well it fits; of a flat fee, how many are billed for one unit.
    pub fit: RuleFit,
    /// What else was tried, the best first. Nothing of it counts the same everywhere.
    pub others: Vec<TriedRule>,
    /// What keeps it from being taken over as it is; `None`: nothing.
    pub caution: Option<Caution>,
}

/// What the quantity of a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SuggestedBasis {
    /// A count.
    Counted,
    /// A fee.
    Flat,
    /// Nobody knows.
    Nothing,
}

/// How a rule fits what clients are billed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RuleFit {
    /// Clients that are billed exactly what is counted.
    pub equal: u64,
    /// Clients that are billed, and of which the count is known.
    pub clients: u64,
    /// Clients that are billed, and of which it is not: they are no witnesses.
    pub unknown: u64,
    /// Clients that surely use it, without a line.
    pub without_line: u64,
    /// Clients that surely do not use it, and have no line.
    pub without_either: u64,
}

/// A rule that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriedRule {
    /// As it stands in a rules file behind the code.
    pub rule: String,
    /// How well it fits.
    pub fit: RuleFit,
}

/// Why a suggestion is not taken over without a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Caution {
    /// Too few clients are witnesses.
    FewClients {
        /// So many would do.
        needed: u64,
    },
    /// It is equal at too few of them.
    PoorFit {
        /// So many per cent would do.
        needed: u64,
    },
    /// Other clients use it without a line: whom it is sold to is not known.
    NotSoldEverywhere {
        /// So many.
        clients: u64,
    },
    /// The same number at nearly every client says little: it may be a fee or a count.
    FeeOrCount {
        /// What would count it.
        rule: String,
    },
    /// Another rule counts the same at every client.
    SameCount {
        /// The other.
        rule: String,
    },
    /// Another rule fits nearly as well.
    CloseCall {
        /// The other.
        rule: String,
        /// At so many clients only the first is equal.
        only_first: u64,
        /// At so many clients only the other is.
        only_other: u64,
    },
    /// It looks like a fee, and a count is equal at many clients.
    PartlyCounted {
        /// The count.
        rule: String,
    },
}

/// What is suggested for a whole category. Nobody takes it over without a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategorySuggestion {
    /// The category. Foreign text.
    pub category: String,
    /// The line of a rules file below `[categories]`.
    pub rule: String,
    /// Its products.
    pub products: u64,
    /// What they bill in a month.
    pub revenue: BTreeMap<Currency, Decimal>,
}
