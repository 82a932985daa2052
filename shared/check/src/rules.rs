//! The rules of a plain list: from CSV, or derived from product codes that equal a SKU.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{Currency, ProductCode, SourceId, decimal_from_text};

use super::{
    CheckArgs, CheckError, billed, named,
    table::{Columns, OtherColumns, Row, each_row},
    usage,
};

/// The most rules that one file holds.
const RULES_MAX: usize = 10_000;

/// The most SKUs that can be a product code's name.
const SKUS_MAX: usize = 100_000;

const COLUMNS: Columns<9> = Columns {
    names: [
        "product_code",
        "source",
        "kinds",
        "skus",
        "included_qty",
        "min_qty",
        "tolerance",
        "list_price",
        "currency",
    ],
    optional_count: 7,
    others: OtherColumns::Refused,
};
const PRODUCT_CODE: usize = 0;
const SOURCE: usize = 1;
const KINDS: usize = 2;
const SKUS: usize = 3;
const INCLUDED: usize = 4;
const MINIMUM: usize = 5;
const TOLERANCE: usize = 6;
const LIST_PRICE: usize = 7;
const CURRENCY: usize = 8;

/// Compares the lines of one product with the items of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlainRule {
    pub(super) product: ProductCode,
    pub(super) source: SourceId,
    /// Items of these kinds; empty: of any.
    pub(super) kinds: Vec<String>,
    /// Items of these SKUs; empty: of any.
    pub(super) skus: Vec<String>,
    pub(super) included: Decimal,
    pub(super) minimum: Decimal,
    pub(super) tolerance: Decimal,
    /// Price of one unit a month where no line has one.
    pub(super) list_price: Option<(Decimal, Currency)>,
}

impl PlainRule {
    /// Whether it counts items of this kind and SKU.
    pub(super) fn takes(&self, kind: &str, sku: &str) -> bool {
        let is_within = |list: &[String], word: &str| list.is_empty() || list.iter().any(|one| one == word);
        is_within(&self.kinds, kind) && is_within(&self.skus, sku)
    }
}

pub(super) fn read(args: &CheckArgs) -> Result<Vec<PlainRule>, CheckError> {
    let Some(path) = &args.rules else { return by_equal_code(args) };
    let file = named(path);
    let mut rules: Vec<PlainRule> = Vec::new();
    each_row(path, &COLUMNS, |row| {
        let rule = rule(&row)?;
        if rules.iter().any(|one| one.product == rule.product) {
            let why = format!("`{}` has a rule already; a line can be compared once only", rule.product);
            return Err(row.wrong(PRODUCT_CODE, &why));
        }
        if rules.len() == RULES_MAX {
            return Err(row.wrong(PRODUCT_CODE, &format!("at most {RULES_MAX} rules are read")));
        }
        rules.push(rule);
        Ok(())
    })?;
    if rules.is_empty() {
        return Err(CheckError::NoRule { file, why: "holds no rules, so nothing can be compared".into() });
    }
    Ok(rules)
}

fn rule(row: &Row<'_, 9>) -> Result<PlainRule, CheckError> {
    let quantity = |column| {
        let quantity = number(row, column)?.unwrap_or_default();
        let is_negative = quantity < Decimal::ZERO;
        if is_negative { Err(row.wrong(column, &format!("`{quantity}` is negative"))) } else { Ok(quantity) }
    };
    Ok(PlainRule {
        product: ProductCode::new(row.key(PRODUCT_CODE)).map_err(|e| row.wrong(PRODUCT_CODE, &e))?,
        source: SourceId::new(row.key(SOURCE)).map_err(|e| row.wrong(SOURCE, &e))?,
        kinds: words(row, KINDS)?,
        skus: words(row, SKUS)?,
        included: quantity(INCLUDED)?,
        minimum: quantity(MINIMUM)?,
        tolerance: quantity(TOLERANCE)?,
        list_price: list_price(row)?,
    })
}

fn number(row: &Row<'_, 9>, column: usize) -> Result<Option<Decimal>, CheckError> {
    let text = row.key(column);
    let number = (!text.is_empty()).then(|| decimal_from_text(text)).transpose();
    number.map_err(|e| row.wrong(column, &e))
}

/// Alternatives with `|` between them.
fn words(row: &Row<'_, 9>, column: usize) -> Result<Vec<String>, CheckError> {
    let text = row.key(column);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let words: Vec<String> = text.split('|').map(|word| word.trim().to_owned()).collect();
    if words.iter().any(String::is_empty) {
        return Err(row.wrong(column, &"there is nothing between two `|`; leave the cell empty for any"));
    }
    Ok(words)
}

fn list_price(row: &Row<'_, 9>) -> Result<Option<(Decimal, Currency)>, CheckError> {
    let Some(each) = number(row, LIST_PRICE)? else { return Ok(None) };
    if each < Decimal::ZERO {
        return Err(row.wrong(LIST_PRICE, &format!("`{each}` is negative")));
    }
    let code = row.key(CURRENCY);
    if code.is_empty() {
        return Err(row.wrong(CURRENCY, &"a list price needs its currency: three letters, such as GBP"));
    }
    let currency = Currency::new(code).map_err(|e| row.wrong(CURRENCY, &e))?;
    Ok(Some((each, currency)))
}

/// A rule for each product code that is the SKU of one source. Reads both files one more time.
fn by_equal_code(args: &CheckArgs) -> Result<Vec<PlainRule>, CheckError> {
    let mut codes = BTreeSet::<Box<str>>::new();
    billed::product_codes(&args.billed, |code| {
        if !codes.contains(code) {
            codes.insert(code.into());
        }
    })?;
    let mut sources = BTreeMap::<Box<str>, BTreeSet<Box<str>>>::new();
    usage::skus(&args.usage, |source, sku| {
        if sources.get(sku).is_some_and(|known| known.contains(source)) || !codes.contains(sku) {
            return;
        }
        if sources.len() < SKUS_MAX {
            sources.entry(sku.into()).or_default().insert(source.into());
        }
    })?;
    let mut rules = Vec::new();
    for (code, sources) in sources {
        // a code that two sources use says nothing about which of them is billed
        let [source] = &sources.into_iter().collect::<Vec<_>>()[..] else { continue };
        let (Ok(source), Ok(product)) = (SourceId::new(source), ProductCode::new(&code)) else { continue };
        rules.push(PlainRule {
            product,
            source,
            kinds: Vec::new(),
            skus: vec![code.into()],
            included: Decimal::ZERO,
            minimum: Decimal::ZERO,
            tolerance: Decimal::ZERO,
            list_price: None,
        });
    }
    if rules.is_empty() {
        let why = "no product code is the SKU of exactly one source of the usage, so nothing can be compared; say with \
                   --rules what belongs together";
        return Err(CheckError::NoRule { file: named(&args.billed), why: why.into() });
    }
    Ok(rules)
}
