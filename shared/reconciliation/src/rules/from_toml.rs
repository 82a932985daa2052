//! Rules as `[[rules]]` tables of TOML. Numbers are read from their text in the file, so that `22.10` is exactly
//! that; a misspelt key is an error that names the right ones.

use rust_decimal::Decimal;
use serde::Deserialize;
use toml::{Spanned, Value};
use truecount_billing::{CountBasis, ProductCode, RuleId, SourceId, Unit, decimal_from_text};

use super::{Rule, RulesError, STALE_DAYS, list_price};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Vec<Spanned<Written>>,
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Option<Spanned<String>>,
    product_codes: Spanned<Vec<String>>,
    source: Spanned<String>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    skus: Vec<String>,
    count_basis: CountBasis,
    stale_days: Option<Spanned<u32>>,
    #[serde(default)]
    unit: Unit,
    factor: Option<Spanned<Value>>,
    included: Option<Spanned<Value>>,
    minimum: Option<Spanned<Value>>,
    tolerance: Option<Spanned<Value>>,
    list_price: Option<Spanned<Value>>,
    currency: Option<Spanned<String>>,
}

pub(super) fn read(file: &str, text: &str) -> Result<Vec<(Option<u64>, Rule)>, RulesError> {
    let source = Source { file, text };
    let read: File = toml::from_str(text).map_err(|e| source.grammar(&e))?;
    read.rules
        .into_iter()
        .map(|written| {
            let start = written.span().start;
            Ok((Some(source.line(start)), source.rule(start, written.into_inner())?))
        })
        .collect()
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn rule(&self, start: usize, written: Written) -> Result<Rule, RulesError> {
        let codes_at = written.product_codes.span().start;
        let product_codes = written
            .product_codes
            .into_inner()
            .iter()
            .map(|code| ProductCode::new(code).map_err(|e| self.wrong(codes_at, format!("`product_codes`: {e}"))))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(first) = product_codes.first() else {
            return Err(self.wrong(codes_at, "`product_codes` is empty; name at least one product of the PSA".into()));
        };
        let id = match &written.id {
            Some(id) => RuleId::new(id.get_ref()).map_err(|e| self.wrong(id.span().start, format!("`id`: {e}")))?,
            None => RuleId::new(first.as_str()).map_err(|e| self.wrong(codes_at, format!("`id`: {e}")))?,
        };
        let source_id = SourceId::new(written.source.get_ref())
            .map_err(|e| self.wrong(written.source.span().start, format!("`source`: {e}")))?;
        let basis = written.count_basis;
        if let Some(days) = written.stale_days.as_ref().filter(|_| !basis.leaves_out_stale()) {
            let why = format!(
                "`stale_days` has no effect with count_basis = \"{basis}\"; leave it out, or count `active` or `device_fresh`"
            );
            return Err(self.wrong(days.span().start, why));
        }
        let price = self.number("list_price", written.list_price.as_ref())?;
        let currency = written.currency.as_ref().map(|c| c.get_ref().as_str());
        let price = list_price(price, currency).map_err(|why| self.wrong(start, format!("rule `{id}`: {why}")))?;
        let or = |number: Option<Decimal>, unless| number.unwrap_or(unless);
        Ok(Rule {
            id,
            source: source_id,
            kinds: written.kinds,
            skus: written.skus,
            count_basis: basis,
            stale_days: written.stale_days.map_or(STALE_DAYS, Spanned::into_inner),
            unit: written.unit,
            factor: or(self.number("factor", written.factor.as_ref())?, Decimal::ONE),
            included: or(self.number("included", written.included.as_ref())?, Decimal::ZERO),
            minimum: or(self.number("minimum", written.minimum.as_ref())?, Decimal::ZERO),
            tolerance: or(self.number("tolerance", written.tolerance.as_ref())?, Decimal::ZERO),
            list_price: price,
            product_codes,
        })
    }

    /// The number as it stands in the file; TOML's own floats are never looked at.
    fn number(&self, key: &str, value: Option<&Spanned<Value>>) -> Result<Option<Decimal>, RulesError> {
        let Some(value) = value else { return Ok(None) };
        let text = match value.get_ref() {
            Value::String(text) => text.as_str(),
            Value::Integer(_) | Value::Float(_) => self.text.get(value.span()).unwrap_or_default(),
            other => {
                let why = format!("`{key}` is a {}; write a number, such as 12.50", other.type_str());
                return Err(self.wrong(value.span().start, why));
            }
        };
        decimal_from_text(text).map(Some).map_err(|e| self.wrong(value.span().start, format!("`{key}`: {e}")))
    }

    fn grammar(&self, error: &toml::de::Error) -> RulesError {
        let message = error.message().trim().trim_end_matches('.').replace('\n', "; ");
        let why = match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
            Some((wrong, rest)) => {
                let valid: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
                let near = closest(wrong, &valid).map(|key| format!("; did you mean `{key}`?")).unwrap_or_default();
                format!("unknown key `{wrong}`{near} (the keys here are {})", valid.join(", "))
            }
            None => message.replace("missing field", "missing key").replace("unknown variant", "unknown word"),
        };
        RulesError { file: self.file.into(), line: error.span().map(|span| self.line(span.start)), why }
    }

    fn wrong(&self, at: usize, why: String) -> RulesError {
        RulesError { file: self.file.into(), line: Some(self.line(at)), why }
    }

    fn line(&self, at: usize) -> u64 {
        1 + self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() as u64
    }
}

/// The key that differs in the fewest letters, if it differs in no more than a third of them.
fn closest<'a>(wrong: &str, valid: &[&'a str]) -> Option<&'a str> {
    let near = valid.iter().map(|key| (letters_apart(wrong, key), *key)).min()?;
    (near.0 <= 1.max(near.1.len() / 3)).then_some(near.1)
}

/// Levenshtein's distance.
fn letters_apart(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate().take(64) {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let kept = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = kept.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
