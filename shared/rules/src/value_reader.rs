//! Reads the values of single keys of a service: days, tolerances, prices, products, standing decisions.

use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::de::DeValue;
use truecount_billing::{Currency, ProductCode};

use crate::currencies;
use crate::layers::ServiceKeys;
use crate::model::{CutTerm, NotSold, PlannedPrice, PriceScale, StalePolicy, Tolerance};
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at};
use crate::rules::folded;
use crate::tier_reader::read_tiers;

/// Days that somebody may write for "long ago": more are a slip.
const DAYS_MAX: u32 = 3650;

/// How tiers are written.
pub(crate) const TIERS_ADVICE: &str =
    "write price = { graduated = [{ up_to = 10, each = 8 }, { each = 7 }] }, or `volume` in place of `graduated`";

pub(crate) fn read_stale(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<StalePolicy> {
    match key.value.get_ref() {
        DeValue::Boolean(false) => return Some(StalePolicy::Never),
        DeValue::Integer(_) => {
            if let Some(days) = days(reader, key) {
                return Some(StalePolicy::AfterDays(days));
            }
        }
        _ => {}
    }
    reader.wrong_value(key, &format!("write days from 1 to {DAYS_MAX}, or false for all, however old"));
    None
}

/// A number of days.
pub(crate) fn read_days(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<u32> {
    let found = days(reader, key);
    if found.is_none() {
        reader.wrong_value(key, &format!("write days from 1 to {DAYS_MAX}"));
    }
    found
}

fn days(reader: &Reader<'_>, key: Entry<'_, '_>) -> Option<u32> {
    let days: Option<u32> = reader.written(key.value).replace('_', "").parse().ok();
    days.filter(|days| (1..=DAYS_MAX).contains(days))
}

pub(crate) fn read_tolerance(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<Tolerance> {
    let DeValue::Table(_) = key.value.get_ref() else {
        return reader.amount(key).map(|units| Tolerance { units, ..Tolerance::default() });
    };
    let mut tolerance = Tolerance::default();
    let entries = reader.table(key, "")?;
    if entries.is_empty() {
        reader.wrong_value(key, "write a number of units, or { units = 2, percent = 5 }");
    }
    for entry in entries {
        match entry.key {
            "units" => tolerance.units = reader.amount(entry)?,
            "percent" => {
                tolerance.percent = reader.amount(entry)?;
                if tolerance.percent > Decimal::ONE_HUNDRED {
                    reader.wrong_value(entry, "write 100 or less");
                }
            }
            other => {
                let advice = instead_of(other, ["units", "percent"]);
                reader.problem(entry.at, format!("a tolerance has no key `{}`", shown(other)), advice);
            }
        }
    }
    Some(tolerance)
}

/// `price = 12.50`, with `currency` beside it or not, or `{ each = 12.50, currency = "USD" }`, or tiers instead of `each`.
pub(crate) fn read_price(reader: &mut Reader<'_>, entries: &[Entry<'_, '_>]) -> Option<(PriceScale, Currency)> {
    let beside = entry_of(entries, "currency");
    let Some(price) = entry_of(entries, "price") else {
        if let Some(currency) = beside.filter(|_| entry_of(entries, "price_from").is_none()) {
            reader.missing(currency.at, "`currency` stands without `price`", "write the price beside it");
        }
        return None;
    };
    let beside_value = beside.map(|entry| reader.currency(entry));
    let (scale, inside) = match price.value.get_ref() {
        DeValue::Table(_) => read_price_table(reader, price)?,
        DeValue::Array(_) => {
            reader.wrong_value(price, TIERS_ADVICE);
            return None;
        }
        _ => (PriceScale::Each(reader.amount(price)?), None),
    };
    let named = match (beside, beside_value, inside) {
        (Some(beside), _, Some(_)) => {
            reader.problem(beside.at, "the price names two currencies", "leave one out");
            return None;
        }
        (_, beside, inside) => inside.or(beside),
    };
    let currency = match named {
        Some(currency) => currency?,
        None => {
            if reader.currency.is_none() && !reader.currency_is_bad {
                let advice = "write currency = \"GBP\" (or another) at the top of the file, or beside the price";
                reader.missing(price.at, "nothing says which currency the price is in", advice);
            }
            reader.currency?
        }
    };
    Some((scale, currency))
}

/// `price_from = { 2027-01-01 = 33 }`, with `currency` beside it or not.
pub(crate) fn read_planned_prices(reader: &mut Reader<'_>, entries: &[Entry<'_, '_>]) -> Option<Vec<PlannedPrice>> {
    let key = entry_of(entries, "price_from")?;
    let days = reader.table(key, "{ 2027-01-01 = 33 }")?;
    if days.is_empty() {
        reader.wrong_value(key, "write the first day of each price, such as { 2027-01-01 = 33 }");
        return None;
    }
    // What is wrong with a currency beside a price is said there.
    let named = match entry_of(entries, "currency") {
        Some(beside) if entry_of(entries, "price").is_none() => Some(reader.currency(beside)?),
        Some(beside) => Some(currencies::find(beside.value.get_ref().as_str()?.trim())?),
        None => None,
    };
    let Some(currency) = named.or(reader.currency) else {
        if !reader.currency_is_bad {
            let advice = "write currency = \"GBP\" (or another) at the top of the file, or beside the price";
            reader.missing(key.at, "nothing says which currency the price is in", advice);
        }
        return None;
    };
    let mut found = Vec::new();
    for entry in days {
        let day = entry.key.parse::<Date>().ok().filter(|day| day.to_string() == entry.key);
        let Some(from) = day else {
            let wrong = format!("`price_from`: \"{}\" is not a day", shown(entry.key));
            reader.problem(entry.at, wrong, "write the first day of the price, such as 2027-01-01 = 33");
            continue;
        };
        found.extend(reader.amount(entry).map(|each| PlannedPrice { from, each, currency }));
    }
    found.sort_by_key(|planned| planned.from);
    Some(found)
}

/// Names of kinds of agreement.
pub(crate) fn read_agreement_types(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for (at, text) in reader.texts(key, "kinds of agreement of the PSA, such as [\"Managed Services\"]") {
        let name = folded(text);
        match found.contains(&name) {
            true => reader.problem(at, format!("\"{}\" stands twice in `expected_at`", shown(text)), "leave one out"),
            false => found.push(name),
        }
    }
    Some(found)
}

/// A price as a table, and the currency if the table names one; `Some(None)`: it names one that does not exist.
fn read_price_table(reader: &mut Reader<'_>, price: Entry<'_, '_>) -> Option<(PriceScale, Option<Option<Currency>>)> {
    let (mut scale, mut currency): (Option<Option<PriceScale>>, _) = (None, None);
    for entry in reader.table(price, "{ each = 12.50, currency = \"GBP\" }")? {
        let found = match entry.key {
            "each" => reader.amount(entry).map(PriceScale::Each),
            "graduated" => read_tiers(reader, entry).map(PriceScale::Graduated),
            "volume" => read_tiers(reader, entry).map(PriceScale::Volume),
            "currency" => {
                currency = Some(reader.currency(entry));
                continue;
            }
            other => {
                let advice = instead_of(other, ["each", "graduated", "volume", "currency"]);
                reader.problem(entry.at, format!("a price has no key `{}`", shown(other)), advice);
                continue;
            }
        };
        if scale.is_some() {
            let wrong = format!("`{}` stands beside another of `each`, `graduated` and `volume`", entry.key);
            reader.problem(entry.at, wrong, "leave all but one of them out");
            scale = Some(None);
            continue;
        }
        scale = Some(found);
    }
    if scale.is_none() {
        reader.missing(at(price.value), "the price has no amount", "write { each = 12.50, currency = \"GBP\" }");
    }
    Some((scale??, currency))
}

/// `"at_once"`, `"at_renewal"` or `{ notice_days = 30 }`.
pub(crate) fn read_cut(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<CutTerm> {
    const EXAMPLE: &str = "write \"at_once\", \"at_renewal\" or { notice_days = 30 }";
    let DeValue::Table(_) = key.value.get_ref() else {
        let words = [("at_once", CutTerm::AtOnce), ("at_renewal", CutTerm::AtRenewal)];
        return reader.word(key, &words);
    };
    let mut found = None;
    for entry in reader.table(key, "")? {
        match entry.key {
            "notice_days" => found = Some(CutTerm::AfterNotice { days: read_days(reader, entry)? }),
            other => {
                let advice = instead_of(other, ["notice_days"]);
                reader.problem(entry.at, format!("`cut` has no key `{}`", shown(other)), advice);
                return None;
            }
        }
    }
    if found.is_none() {
        reader.wrong_value(key, EXAMPLE);
    }
    found
}

pub(crate) fn read_products(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Vec<(usize, ProductCode)> {
    let mut products: Vec<(usize, ProductCode)> = Vec::new();
    for (at, text) in reader.texts(key, "product codes, such as [\"BKP-GB\", \"BKP-GB-LEGACY\"]") {
        match ProductCode::new(text) {
            Ok(code) if products.iter().any(|(_, other)| *other == code) => {
                reader.problem(at, format!("\"{}\" stands twice in `products`", shown(text)), "leave one out");
            }
            Ok(code) => products.push((at, code)),
            Err(cause) => reader.problem(at, format!("`products`: {cause}"), "write a product code of the PSA"),
        }
    }
    products
}

pub(crate) fn read_not_sold(reader: &mut Reader<'_>, key: Entry<'_, '_>) -> Option<Option<NotSold>> {
    if key.value.get_ref().as_bool() == Some(false) {
        return Some(None);
    }
    let why = reader.text(key, "\"bought elsewhere\", or false where it is sold after all")?;
    Some(Some(NotSold { why, review: None }))
}

/// The day of `review` belongs to `not_sold`.
pub(crate) fn read_review(reader: &mut Reader<'_>, entries: &[Entry<'_, '_>], keys: &mut ServiceKeys) {
    let Some(entry) = entry_of(entries, "review") else { return };
    let day = reader.day(entry);
    match &mut keys.not_sold {
        Some(Some(not_sold)) => not_sold.review = day,
        // Something else is wrong with it, which is said already.
        None if entry_of(entries, "not_sold").is_some() => {}
        _ => reader.missing(entry.at, "`review` stands without a reason", "write not_sold = \"why\" beside it"),
    }
}

/// The last day is not before the first one.
pub(crate) fn check_days(reader: &mut Reader<'_>, entries: &[Entry<'_, '_>], keys: &ServiceKeys) {
    if let (Some(from), Some(until)) = (keys.when.from, keys.when.until)
        && from > until
        && let Some(entry) = entry_of(entries, "until")
    {
        let wrong = format!("`until` {until} is before `from` {from}");
        reader.problem(at(entry.value), wrong, "write the last day on which it holds");
    }
}

fn entry_of<'d, 'i>(entries: &[Entry<'d, 'i>], key: &str) -> Option<Entry<'d, 'i>> {
    entries.iter().find(|entry| entry.key == key).copied()
}
