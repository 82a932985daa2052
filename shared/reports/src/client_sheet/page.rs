//! The page as HTML: one file, that asks for nothing else, on a phone, a screen or A4.

use askama::Template;
use rust_decimal::Decimal;
use truecount_reconciliation::{ItemRecord, LineRecord};

use super::{ClientSheet, Monthly, Service, SheetPrices, cycle, item_name, status::ItemStatus};
use crate::{
    ReportError, RunHeader,
    label::{self, day, money, quantity},
    sanitize::visible,
    words::code_as_words,
};

/// Renders the template.
pub(super) fn html(sheet: &ClientSheet<'_>, header: &RunHeader) -> Result<String, ReportError> {
    let page = Page {
        client: shown(&sheet.client.client_name),
        month: label::month(header.month),
        counted: day(header.count_day.0),
        is_draft: header.closing.is_none(),
        services: sheet.services.iter().map(|service| ServiceView::of(service, sheet.prices())).collect(),
        monthly: sheet.monthly.as_ref().map(Monthly::in_words),
        run_id: &header.run_id,
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "client.html")]
struct Page<'a> {
    client: String,
    month: String,
    counted: String,
    is_draft: bool,
    services: Vec<ServiceView>,
    monthly: Option<String>,
    run_id: &'a str,
}

struct ServiceView {
    name: String,
    /// Whether surely no line stands.
    is_without_line: bool,
    billed: String,
    /// `None`: nothing is counted.
    in_use: Option<String>,
    notes: Vec<String>,
    lines: Vec<String>,
    in_use_items: Vec<ItemView>,
    /// What is above the others.
    others: &'static str,
    other_items: Vec<ItemView>,
}

struct ItemView {
    name: String,
    what: String,
}

impl ServiceView {
    fn of(service: &Service<'_>, prices: SheetPrices) -> Self {
        let (in_use, others): (Vec<_>, Vec<_>) =
            service.items.iter().partition(|(_, status)| *status == ItemStatus::InUse);
        let view = |(item, status): &&(&ItemRecord, ItemStatus)| ItemView::of(item, status);
        Self {
            name: shown(&service.name),
            is_without_line: service.row.lines.is_empty() && service.billed.is_some(),
            billed: service.billed.map_or_else(|| "not known".to_owned(), quantity),
            in_use: service.in_use.map(quantity).or_else(|| (!in_use.is_empty()).then(|| "not known".to_owned())),
            notes: notes(service),
            lines: service.row.lines.iter().map(|line| shown(&line_in_words(line, prices))).collect(),
            in_use_items: in_use.iter().map(view).collect(),
            others: match others.iter().any(|(_, status)| *status == ItemStatus::BeingChecked) {
                true => "Not counted, or being checked",
                false => "Not counted",
            },
            other_items: others.iter().map(view).collect(),
        }
    }
}

impl ItemView {
    fn of(item: &ItemRecord, status: &ItemStatus) -> Self {
        let kind = item.kind.as_deref().map(code_as_words).unwrap_or_default();
        let kind = match item.units {
            Some(units) if units == Decimal::ONE => kind,
            Some(units) => format!("{kind} × {}", quantity(units)),
            None => format!("{kind}, quantity not known"),
        };
        let why = match status {
            ItemStatus::InUse => "",
            status => status.why().unwrap_or(status.word()),
        };
        let what: Vec<_> = [kind.as_str(), why].into_iter().filter(|part| !part.is_empty()).collect();
        Self { name: shown(item_name(item)), what: shown(&what.join(", ")) }
    }
}

fn notes(service: &Service<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if !service.is_final {
        notes.push("Not everything could be counted for sure: these numbers may still change.".to_owned());
    }
    if let Some(size) = service.row.pack {
        notes.push(format!("Billed in packs of {}.", quantity(size)));
    }
    notes
}

/// `12 × Managed workstation, Managed Services, from 1 March 2026, at GBP 10.00 each a month`.
fn line_in_words(line: &LineRecord, prices: SheetPrices) -> String {
    let product = line.product_name.as_deref().unwrap_or(line.product_code.as_str());
    let mut text = format!("{} × {product}", quantity(line.quantity));
    if !line.agreement_name.is_empty() {
        text.push_str(&format!(", {}", line.agreement_name));
    }
    for (word, date) in [("from", line.from), ("until", line.to)] {
        if let Some(date) = date {
            text.push_str(&format!(", {word} {}", day(date)));
        }
    }
    match (prices, line.unit_price) {
        (SheetPrices::Hidden, _) => {}
        (SheetPrices::Shown, Some(price)) => {
            text.push_str(&format!(", at {} each {}", money(price, line.currency), cycle(line.cycle_months)));
        }
        (SheetPrices::Shown, None) => text.push_str(", price not known"),
    }
    text
}

impl Monthly {
    /// `GBP 1,234.50 a month, and 1 line whose price is not known`.
    fn in_words(&self) -> String {
        let totals: Vec<_> = self.totals.iter().map(|(currency, total)| money(*total, *currency)).collect();
        let totals = format!("{} a month", totals.join(" and "));
        match self.unknown {
            0 => totals,
            lines => format!("{totals}, and {} whose price is not known", label::count(lines, "line", "lines")),
        }
    }
}

/// Foreign text as a person may see it; the template escapes it.
fn shown(text: &str) -> String {
    visible(text).into_owned()
}
