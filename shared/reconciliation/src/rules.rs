//! Rules (people read: rules): which product codes of the PSA are compared with which count of which
//! source. Read from TOML or, with fewer columns, from CSV; checked before anything is counted.
//!
//! Not here: groups, packs, commitments and combinations over several sources.

mod from_csv;
mod from_toml;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{CountBasis, Currency, ProductCode, RuleId, SourceId, Unit, UnitPrice};

/// Devices and users not seen for so many days are stale, unless a rule says otherwise (false gap F12).
pub const STALE_DAYS: u32 = 30;

/// The most rules that one set holds.
pub const RULES_MAX: usize = 10_000;

/// Joins product codes of the PSA to a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Names it in findings and settings; the first product code unless given.
    pub id: RuleId,
    /// The PSA's products whose lines are added up; the first names them all.
    pub product_codes: Vec<ProductCode>,
    /// Where the usage is counted.
    pub source: SourceId,
    /// Items of these kinds; empty: of any.
    pub kinds: Vec<String>,
    /// Items of these SKUs; empty: of any.
    pub skus: Vec<String>,
    /// Which count it is. `active` and `device_fresh` leave out what was not seen within the stale days.
    pub count_basis: CountBasis,
    /// Days after which an item is stale; of no effect for the other bases.
    pub stale_days: u32,
    /// What one of it is.
    pub unit: Unit,
    /// Billed units for one counted unit.
    pub factor: Decimal,
    /// Units that are not billed, unless the line itself says (false gap F18).
    pub included: Decimal,
    /// At least so many are billed where an active line stands (false gap F19).
    pub minimum: Decimal,
    /// A difference up to this is no finding. Never subtracted from one.
    pub tolerance: Decimal,
    /// Price of one unit a month where the client has no line of its own.
    pub list_price: Option<UnitPrice>,
}

impl Rule {
    /// A rule for one product with everything else as it is unless stated.
    #[must_use]
    pub fn of(id: RuleId, product_code: ProductCode, source: SourceId) -> Self {
        Self {
            id,
            product_codes: vec![product_code],
            source,
            kinds: Vec::new(),
            skus: Vec::new(),
            count_basis: CountBasis::Active,
            stale_days: STALE_DAYS,
            unit: Unit::Each,
            factor: Decimal::ONE,
            included: Decimal::ZERO,
            minimum: Decimal::ZERO,
            tolerance: Decimal::ZERO,
            list_price: None,
        }
    }

    /// The product code that findings name.
    #[must_use]
    pub fn product_code(&self) -> &ProductCode {
        &self.product_codes[0]
    }

    /// Whether it counts items of this kind and SKU.
    #[must_use]
    pub fn takes(&self, kind: &str, sku: &str) -> bool {
        is_within(&self.kinds, kind) && self.takes_sku(sku)
    }

    /// Whether it counts items of this SKU, if they are of the right kind.
    pub(crate) fn takes_sku(&self, sku: &str) -> bool {
        is_within(&self.skus, sku)
    }

    /// The currency of its list price.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.list_price.map(|price| price.0.currency)
    }
}

/// An empty list takes every word.
fn is_within(list: &[String], word: &str) -> bool {
    list.is_empty() || list.iter().any(|one| one == word)
}

/// Rules that do not contradict each other, in the order of their file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

/// What is wrong with a rules file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {why}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct RulesError {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1, where one is to blame.
    pub line: Option<u64>,
    /// What is wrong and what to write instead.
    pub why: String,
}

impl RuleSet {
    /// Reads `[[rules]]` tables. Numbers may be bare or in quotes; both are exact.
    ///
    /// # Errors
    /// [`RulesError`] names the line, the key, and the keys or words that would be right.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, RulesError> {
        Self::checked(file, from_toml::read(file, text)?)
    }

    /// Reads the columns `product_code,source,kinds,skus,included_qty,min_qty,tolerance,list_price,currency`;
    /// the first two are needed. `|` stands between alternatives; the rule's id is its product code.
    ///
    /// # Errors
    /// [`RulesError`] names the line and the column.
    pub fn from_csv(file: &str, bytes: &[u8]) -> Result<Self, RulesError> {
        Self::checked(file, from_csv::read(file, bytes)?)
    }

    /// Rules made in code.
    ///
    /// # Errors
    /// [`RulesError`] if two share an id or a product code, or a number makes no sense.
    pub fn new(rules: Vec<Rule>) -> Result<Self, RulesError> {
        Self::checked("rules", rules.into_iter().map(|rule| (None, rule)).collect())
    }

    /// The rules, in the order of their file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn checked(file: &str, rules: Vec<(Option<u64>, Rule)>) -> Result<Self, RulesError> {
        let wrong = |line: Option<u64>, why: String| RulesError { file: file.into(), line, why };
        if rules.len() > RULES_MAX {
            return Err(wrong(None, format!("{} rules; at most {RULES_MAX} are read", rules.len())));
        }
        let at = |line: &Option<u64>| line.map(|line| format!(" on line {line}")).unwrap_or_default();
        let (mut ids, mut codes) = (BTreeMap::new(), BTreeMap::new());
        for (line, rule) in &rules {
            check_rule(rule).map_err(|why| wrong(*line, format!("rule `{}`: {why}", rule.id)))?;
            if let Some(first) = ids.insert(rule.id.clone(), line) {
                let why =
                    format!("rule `{}` is there twice, first{}; give one of them another `id`", rule.id, at(first));
                return Err(wrong(*line, why));
            }
            for code in &rule.product_codes {
                if let Some((other, first)) = codes.insert(code.clone(), (&rule.id, line)) {
                    let why = format!(
                        "rule `{}`: product code `{code}` already belongs to rule `{other}`{}; a line can only be \
                         compared once, so leave it in one of them",
                        rule.id,
                        at(first)
                    );
                    return Err(wrong(*line, why));
                }
            }
        }
        Ok(Self { rules: rules.into_iter().map(|(_, rule)| rule).collect() })
    }
}

fn check_rule(rule: &Rule) -> Result<(), String> {
    if rule.product_codes.is_empty() {
        return Err("`product_codes` is empty; name at least one product of the PSA".into());
    }
    for (key, number) in [("included", rule.included), ("minimum", rule.minimum), ("tolerance", rule.tolerance)] {
        if number < Decimal::ZERO {
            return Err(format!("`{key}` is {number}; it cannot be negative"));
        }
    }
    if rule.factor <= Decimal::ZERO {
        return Err(format!("`factor` is {}; it must be above zero", rule.factor));
    }
    if let Some(price) = rule.list_price
        && price.0.amount < Decimal::ZERO
    {
        return Err(format!("`list_price` is {}; it cannot be negative", price.0.amount));
    }
    let empty = |list: &[String]| list.iter().any(|word| word.trim().is_empty());
    if empty(&rule.kinds) || empty(&rule.skus) {
        return Err("`kinds` or `skus` has an empty word; leave the list empty for any".into());
    }
    Ok(())
}

/// The list price from its two halves: both or neither.
fn list_price(amount: Option<Decimal>, currency: Option<&str>) -> Result<Option<UnitPrice>, String> {
    match (amount, currency) {
        (Some(amount), Some(currency)) => {
            let currency = Currency::new(currency).map_err(|e| format!("`currency`: {e}"))?;
            Ok(Some(UnitPrice(truecount_billing::Money::new(amount, currency))))
        }
        (Some(_), None) => Err("`list_price` without `currency`; write the three letters, such as \"GBP\"".into()),
        (None, _) => Ok(None),
    }
}
