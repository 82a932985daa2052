//! What both sheets say of one row, cell by cell. Foreign text stays as it came: the column makes it harmless.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{ChangeRecord, ItemFateWord, ItemRecord, LineRecord, LinesReadWord, RowKind, RowRecord};

use crate::{column::plain, words};

/// How many items are named.
const ITEMS_MAX: usize = 5;

/// The agreements of the row's lines, by name.
pub(crate) fn agreements(row: &RowRecord) -> String {
    joined(row.lines.iter().map(|line| line.agreement_name.as_str()))
}

/// Their ids; where there is no line yet, those of the agreements that are changed.
pub(crate) fn agreement_ids(row: &RowRecord) -> String {
    let of_lines = row.lines.iter().map(|line| line.agreement_id.as_str());
    let of_changes = row.changes.iter().filter_map(|change| change.agreement_id.as_ref().map(|id| id.as_str()));
    joined(of_lines.chain(of_changes))
}

/// The names of the lines' products, else the service's code.
pub(crate) fn product(row: &RowRecord) -> String {
    let names = joined(row.lines.iter().filter_map(|line| line.product_name.as_deref()));
    if names.is_empty() { row.service.to_string() } else { names }
}

/// `L1 20 → 21; L2`: each line, and what is to be changed of it. `new 0 → 5`: there is no line yet.
pub(crate) fn line_ids(row: &RowRecord) -> String {
    let is_of = |change: &&ChangeRecord, line: &LineRecord| {
        change.line_id.as_ref() == Some(&line.line_id) && change.agreement_id.as_ref() == Some(&line.agreement_id)
    };
    let mut parts = Vec::with_capacity(row.lines.len());
    for line in &row.lines {
        match row.changes.iter().find(|change| is_of(change, line)) {
            Some(change) => parts.push(changed(line.line_id.as_str(), change)),
            None => parts.push(line.line_id.to_string()),
        }
    }
    for change in &row.changes {
        if !row.lines.iter().any(|line| is_of(&change, line)) {
            parts.push(changed(change.line_id.as_ref().map_or("new", |line| line.as_str()), change));
        }
    }
    parts.join("; ")
}

fn changed(line: &str, change: &ChangeRecord) -> String {
    format!("{line} {} → {}", plain(change.from), plain(change.to))
}

/// Units that are billed; `None`: nobody knows.
pub(crate) fn billed(read: LinesReadWord, row: &RowRecord) -> Option<Decimal> {
    (row.fault.is_none() && read != LinesReadWord::Failed).then_some(row.billed)
}

/// `40–42`: what may be to bill, where the ends differ; `at least 40`: nobody knows how much more.
pub(crate) fn possible(row: &RowRecord) -> String {
    match (row.at_least, row.at_most) {
        (Some(least), Some(most)) if least != most => format!("{}–{}", plain(least), plain(most)),
        (Some(least), None) => format!("at least {}", plain(least)),
        _ => String::new(),
    }
}

/// The price of one unit a month; of lines that no rule counts, where all have the same.
pub(crate) fn unit_price(row: &RowRecord) -> Option<Decimal> {
    let [first, others @ ..] = row.lines.as_slice() else { return row.unit_price };
    if row.kind != RowKind::UncountedLine {
        return row.unit_price;
    }
    let price = first.monthly_price()?;
    let is_same = |line: &LineRecord| line.currency == first.currency && line.monthly_price() == Some(price);
    others.iter().all(is_same).then_some(price)
}

/// What a row is worth a month, signed: its change; of an agreement that ends, the revenue that ends with it; of lines
/// that no rule counts, what they bill.
pub(crate) fn monthly_impact(row: &RowRecord) -> Option<(Currency, Decimal)> {
    match row.kind {
        RowKind::AgreementEnding => Some((row.currency?, row.variance?.checked_mul(row.unit_price?)?)),
        RowKind::UncountedLine => revenue(&row.lines),
        _ => Some((row.currency?, row.monthly_impact?)),
    }
}

/// What lines of one currency bill a month; `None`: not known, or there are several.
fn revenue(lines: &[LineRecord]) -> Option<(Currency, Decimal)> {
    let currency = lines.first()?.currency;
    let mut sum = Decimal::ZERO;
    for line in lines {
        sum = sum.checked_add(line.monthly_amount().filter(|_| line.currency == currency)?)?;
    }
    Some((currency, sum))
}

/// What a change adds to the invoice that it is first on, signed: that of a whole billing cycle. `None`: its value or its
/// cycle is not known.
pub(crate) fn invoice_amount(row: &RowRecord, change: &ChangeRecord) -> Option<Decimal> {
    let months = line_of(row, change)?.cycle_months?;
    change.monthly_impact?.checked_mul(months.max(1).into())
}

/// The same of all changes of a row.
pub(crate) fn invoice_amounts(row: &RowRecord) -> Option<Decimal> {
    let mut amounts = row.changes.iter().map(|change| invoice_amount(row, change));
    let first = amounts.next()??;
    amounts.try_fold(first, |sum, amount| sum.checked_add(amount?))
}

/// The line that a change is of; of a new one another line of its agreement.
pub(crate) fn line_of<'r>(row: &'r RowRecord, change: &ChangeRecord) -> Option<&'r LineRecord> {
    let of_agreement = || row.lines.iter().filter(|line| change.agreement_id.as_ref() == Some(&line.agreement_id));
    of_agreement().find(|line| change.line_id.as_ref() == Some(&line.line_id)).or_else(|| of_agreement().next())
}

/// Of which currency the row's money is; `None`: of several, or none is known.
pub(crate) fn currency(row: &RowRecord) -> Option<&Currency> {
    let of_lines = || row.lines.first().map(|line| &line.currency).filter(|_| monthly_impact(row).is_some());
    row.currency.as_ref().or_else(of_lines)
}

/// The word of a value whose price is a guess.
pub(crate) const ESTIMATED: &str = "estimated";

/// `calculated` or `estimated`, where there is a value.
pub(crate) fn value_basis(row: &RowRecord) -> &'static str {
    match (monthly_impact(row), row.is_estimated) {
        (None, _) => "",
        (Some(_), false) => "calculated",
        (Some(_), true) => ESTIMATED,
    }
}

/// `high`: no doubt; `medium`: doubts about the value; `low`: doubts about the count. Empty where nothing is said of
/// which one could be sure.
pub(crate) fn confidence(row: &RowRecord) -> &'static str {
    let is_said = !matches!(
        row.kind,
        RowKind::NotReconciled | RowKind::UncountedLine | RowKind::Flat | RowKind::Ignored | RowKind::Internal
    );
    if !is_said {
        ""
    } else if row.doubts.iter().any(|doubt| !words::is_slight(doubt)) {
        "low"
    } else if row.is_estimated || !row.doubts.is_empty() {
        "medium"
    } else {
        "high"
    }
}

/// `list price; account fell`: doubts, then what makes the ends differ, each once.
pub(crate) fn doubts(row: &RowRecord) -> String {
    let codes = row.doubts.iter().map(|doubt| doubt.code());
    let codes: Vec<_> = codes.chain(row.widenings.iter().map(|widening| widening.code())).collect();
    words::code_as_words(&joined(codes.into_iter()))
}

/// `stale -3; minimum 2`.
pub(crate) fn explained(row: &RowRecord) -> String {
    let parts = row.explained.iter().map(|(reason, units)| format!("{reason} {}", plain(*units)));
    parts.collect::<Vec<_>>().join("; ")
}

/// `20 in; 2 out; 1 not known`.
pub(crate) fn items(row: &RowRecord) -> String {
    let count = |fate| row.items.iter().filter(|item| item.fate == fate).count();
    let counts =
        [(count(ItemFateWord::In), "in"), (count(ItemFateWord::Out), "out"), (count(ItemFateWord::Open), "not known")];
    let parts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    parts.collect::<Vec<_>>().join("; ")
}

/// The first items that count, by name, and how many more.
pub(crate) fn items_in(row: &RowRecord) -> String {
    named(row, |item| item.fate == ItemFateWord::In)
}

/// The first items that do not count, or of which nobody knows whether they do, each with the reason.
pub(crate) fn items_out(row: &RowRecord) -> String {
    named(row, |item| item.fate != ItemFateWord::In)
}

fn named(row: &RowRecord, is_named: fn(&ItemRecord) -> bool) -> String {
    let name = |item: &ItemRecord| item.name.clone().unwrap_or_else(|| item.item_id.clone());
    let mut items: Vec<_> = row.items.iter().filter(|item| is_named(item)).collect();
    items.sort_by_cached_key(|item| (name(item), item.source.clone(), item.account_id.clone(), item.item_id.clone()));
    let mut parts = Vec::with_capacity(ITEMS_MAX + 1);
    for item in items.iter().take(ITEMS_MAX) {
        let mut part = name(item);
        if let Some(units) = item.units.filter(|units| *units != Decimal::ONE) {
            part.push_str(&format!(" × {}", plain(units)));
        }
        if let Some(reason) = item.reason {
            part.push_str(&format!(" ({})", words::left_out_of(row, reason)));
        }
        parts.push(part);
    }
    match items.len().saturating_sub(ITEMS_MAX) {
        0 => parts.join("; "),
        more => format!("{}; and {more} more", parts.join("; ")),
    }
}

/// The sources that count it.
pub(crate) fn sources(row: &RowRecord) -> String {
    joined(row.sources.iter().map(|source| source.source.as_str()))
}

/// The oldest of the days on which they were counted.
pub(crate) fn counted_on(row: &RowRecord) -> Option<Date> {
    row.sources.iter().map(|source| source.day).min()
}

/// `2026-12-01..2026-12-31`.
pub(crate) fn service_period(row: &RowRecord) -> String {
    row.service_period.map(|(first, last)| format!("{first}..{last}")).unwrap_or_default()
}

/// Each once, in the order in which they come.
fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut found: Vec<&str> = Vec::new();
    for part in parts {
        if !found.contains(&part) {
            found.push(part);
        }
    }
    found.join("; ")
}
