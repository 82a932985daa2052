//! The answer sheet: every exception that was planted, written down while planting, and the comparison of a
//! report's `exceptions.csv` with it. Nothing here reconciles.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// One exception that a correct reconciliation finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// The finding's kind, such as `underbilled_quantity`.
    pub kind: &'static str,
    /// The client, where one is known; else empty.
    pub client_id: String,
    /// Its name in the PSA; for an account that is not mapped the account's name.
    pub client_name: String,
    /// The usage source.
    pub source: String,
    /// The account, where one is concerned; else empty.
    pub account_id: String,
    /// The rule, where one is concerned; else empty.
    pub rule_id: String,
    /// The product, where one is concerned; else empty.
    pub product_code: String,
    /// Units that count.
    pub used: Option<Decimal>,
    /// Units on active lines.
    pub billed: Option<Decimal>,
    /// Units that should be billed.
    pub expected: Option<Decimal>,
    /// expected − billed.
    pub variance: Option<Decimal>,
    /// The price of one unit a month.
    pub unit_price: Option<Decimal>,
    /// variance × unit price, exact.
    pub monthly_impact: Option<Decimal>,
    /// Three letters; empty if there is no price.
    pub currency: String,
    /// What was done to plant it, for people.
    pub story: &'static str,
}

/// The columns of `exceptions.csv` that are compared, in the order of [`normal`].
pub const COLUMNS: [&str; 13] = [
    "kind",
    "client_id",
    "client_name",
    "source",
    "account_id",
    "rule_id",
    "product_code",
    "used",
    "billed",
    "expected",
    "variance",
    "unit_price",
    "monthly_impact",
];

/// How found and planted differ; all empty if they agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// How many are equal.
    pub equal: usize,
    /// Planted and not found.
    pub missing: Vec<String>,
    /// Found and not planted.
    pub extra: Vec<String>,
    /// Found with other numbers: planted, found.
    pub different: Vec<(String, String)>,
}

impl Agreement {
    /// Whether everything planted was found, and nothing else.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.different.is_empty()
    }
}

/// The row as comparable text: numbers without trailing zeros, fields apart by ` | `.
#[must_use]
pub fn normal(row: &BTreeMap<String, String>) -> String {
    let _ = row;
    String::new()
}

/// Compares the rows of an `exceptions.csv`, given as column to text, with the sheet.
#[must_use]
pub fn compare(planted: &[Planted], found: &[BTreeMap<String, String>]) -> Agreement {
    let _ = (planted, found);
    Agreement::default()
}
