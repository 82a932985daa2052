//! Rules as rows of CSV: one product code each, counted where it is active and seen within 30 days.

use rust_decimal::Decimal;
use truecount_billing::{ProductCode, RuleId, SourceId, decimal_from_text};

use super::{Rule, RulesError, list_price};

const COLUMNS: [&str; 9] =
    ["product_code", "source", "kinds", "skus", "included_qty", "min_qty", "tolerance", "list_price", "currency"];

pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Vec<(Option<u64>, Rule)>, RulesError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(|e| wrong(file, None, &e.to_string()))?.clone();
    let columns = Columns::of(&header).map_err(|why| wrong(file, Some(1), &why))?;
    let mut rules = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| wrong(file, e.position().map(csv::Position::line), &grammar(&e)))?;
        let line = record.position().map(csv::Position::line);
        rules.push((line, columns.rule(&record).map_err(|why| wrong(file, line, &why))?));
    }
    Ok(rules)
}

/// Where each known column stands.
struct Columns([Option<usize>; COLUMNS.len()]);

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, String> {
        let mut places = [None; COLUMNS.len()];
        for (place, name) in header.iter().enumerate() {
            let known = COLUMNS.iter().position(|column| *column == name.trim());
            let Some(column) = known else {
                return Err(format!("unknown column `{name}`; the columns are {}", COLUMNS.join(", ")));
            };
            if places[column].replace(place).is_some() {
                return Err(format!("the column `{name}` is there twice"));
            }
        }
        for (column, name) in COLUMNS.iter().enumerate().take(2) {
            if places[column].is_none() {
                return Err(format!("the column `{name}` is missing; the columns are {}", COLUMNS.join(", ")));
            }
        }
        Ok(Self(places))
    }

    fn text<'a>(&self, record: &'a csv::StringRecord, name: &str) -> Option<&'a str> {
        let column = COLUMNS.iter().position(|column| *column == name)?;
        record.get(self.0[column]?).map(str::trim).filter(|text| !text.is_empty())
    }

    fn number(&self, record: &csv::StringRecord, name: &str) -> Result<Option<Decimal>, String> {
        let number = self.text(record, name).map(decimal_from_text).transpose();
        number.map_err(|e| format!("field `{name}`: {e}"))
    }

    fn words(&self, record: &csv::StringRecord, name: &str) -> Vec<String> {
        self.text(record, name)
            .map(|text| text.split('|').map(|word| word.trim().to_owned()).collect())
            .unwrap_or_default()
    }

    fn rule(&self, record: &csv::StringRecord) -> Result<Rule, String> {
        let text = |name| self.text(record, name).unwrap_or("");
        let named = |name: &str, e: truecount_billing::IdError| format!("field `{name}`: {e}");
        let code = ProductCode::new(text("product_code")).map_err(|e| named("product_code", e))?;
        let id = RuleId::new(code.as_str()).map_err(|e| named("product_code", e))?;
        let source = SourceId::new(text("source")).map_err(|e| named("source", e))?;
        let or_zero = |name| Ok::<_, String>(self.number(record, name)?.unwrap_or_default());
        Ok(Rule {
            kinds: self.words(record, "kinds"),
            skus: self.words(record, "skus"),
            included: or_zero("included_qty")?,
            minimum: or_zero("min_qty")?,
            tolerance: or_zero("tolerance")?,
            list_price: list_price(self.number(record, "list_price")?, self.text(record, "currency"))?,
            ..Rule::of(id, code, source)
        })
    }
}

fn grammar(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8; save the file as UTF-8".into(),
        _ => error.to_string(),
    }
}

fn wrong(file: &str, line: Option<u64>, why: &str) -> RulesError {
    RulesError { file: file.into(), line, why: why.into() }
}
