//! The clients of a world, and what is billed to them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingStatus, Currency, InvoiceTiming, LineRole};

use super::fields::Fields;

/// A client of the PSA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldClient {
    /// The PSA's id.
    pub id: String,
    /// Its name there.
    pub name: String,
    /// What else the PSA knows it by.
    pub identifier: Option<String>,
    /// How far its lines were read.
    pub read: WorldClientRead,
    /// What it was billed when that was last known, where it is not now.
    pub before: Vec<WorldAgreement>,
    /// What it is billed.
    pub agreements: Vec<WorldAgreement>,
}

/// How far the lines of a client were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldClientRead {
    /// Everything.
    Complete,
    /// Lines are missing.
    Partial,
    /// Nothing is known.
    Failed,
    /// There is less than before, and nobody has confirmed that.
    Fell,
}

/// An agreement of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldAgreement {
    /// The PSA's id.
    pub id: String,
    /// As people know it.
    pub name: String,
    /// Its type, as the PSA names it.
    pub agreement_type: Option<String>,
    /// The agreement that it is part of.
    pub parent: Option<String>,
    /// The client that is billed for it.
    pub bill_to: Option<String>,
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
    /// In advance or in arrears.
    pub timing: InvoiceTiming,
    /// Months of one billing cycle; `None`: no number of months.
    pub cycle_months: Option<u32>,
    /// Whether a change within a cycle is billed in part.
    pub prorates: Option<bool>,
    /// The next invoice date.
    pub next_invoice_date: Option<Date>,
    /// What the agreement bills by itself in a cycle, without a line.
    pub amount: Option<Decimal>,
    /// The currency of what it bills.
    pub currency: Option<Currency>,
    /// Its lines.
    pub lines: Vec<WorldLine>,
}

/// A line of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldLine {
    /// The PSA's id.
    pub id: String,
    /// The product as the PSA names it.
    pub product: String,
    /// The product's name.
    pub name: Option<String>,
    /// The product's category.
    pub category: Option<String>,
    /// Units.
    pub quantity: Decimal,
    /// Price of one unit for one billing cycle; `None`: the PSA did not say.
    pub price: Option<Decimal>,
    /// What the catalogue asks for one a month.
    pub catalogue_price: Option<Decimal>,
    /// What one unit costs for one billing cycle.
    pub cost: Option<Decimal>,
    /// Of which currency.
    pub currency: Option<Currency>,
    /// First day billed.
    pub from: Option<Date>,
    /// Last day billed.
    pub to: Option<Date>,
    /// Units that its price includes.
    pub less_included: Option<Decimal>,
    /// What it is on its agreement.
    pub role: LineRole,
    /// Billed, at no charge, or not billed by design.
    pub status: BillingStatus,
}

pub(crate) fn client(fields: &Fields<'_>) -> WorldClient {
    let words = ["complete", "partial", "failed", "fell"].map(|word| (word, word));
    let read = match fields.choice("read", &words) {
        Some("partial") => WorldClientRead::Partial,
        Some("failed") => WorldClientRead::Failed,
        Some("fell") => WorldClientRead::Fell,
        _ => WorldClientRead::Complete,
    };
    WorldClient {
        id: fields.need_id("id"),
        name: fields.need_text("name"),
        identifier: fields.text("identifier"),
        before: if read == WorldClientRead::Complete { Vec::new() } else { fields.tables("before", agreement) },
        read,
        agreements: fields.tables("agreements", agreement),
    }
}

fn agreement(fields: &Fields<'_>) -> WorldAgreement {
    let id = fields.need_id("id");
    let cycle_months = if fields.has("cycle_months") {
        match fields.number_or("cycle_months", "unknown") {
            Some(None) => None,
            _ => fields.count("cycle_months").filter(|months| *months > 0).or_else(|| {
                fields.fault("cycle_months", "a whole number of months, or \"unknown\", is needed".to_owned());
                None
            }),
        }
    } else {
        Some(1)
    };
    WorldAgreement {
        name: fields.text("name").unwrap_or_else(|| id.clone()),
        id,
        agreement_type: fields.text("type"),
        parent: fields.text("parent"),
        bill_to: fields.text("bill_to"),
        from: fields.day("from"),
        to: fields.day("to"),
        timing: fields
            .choice("timing", &[("advance", InvoiceTiming::Advance), ("arrears", InvoiceTiming::Arrears)])
            .unwrap_or_default(),
        cycle_months,
        prorates: fields.flag("prorates"),
        next_invoice_date: fields.day("next_invoice_date"),
        amount: fields.number("amount"),
        currency: fields.currency("currency"),
        lines: fields.tables("lines", line),
    }
}

fn line(fields: &Fields<'_>) -> WorldLine {
    let roles = [
        ("recurring", LineRole::Recurring),
        ("flat", LineRole::Flat),
        ("credit", LineRole::Credit),
        ("proration", LineRole::Proration),
        ("one_time", LineRole::OneTime),
    ];
    let statuses = [
        ("billable", BillingStatus::Billable),
        ("no_charge", BillingStatus::NoCharge),
        ("do_not_bill", BillingStatus::DoNotBill),
    ];
    WorldLine {
        id: fields.need_id("id"),
        product: fields.need_id("product"),
        name: fields.text("name"),
        category: fields.text("category"),
        quantity: fields.need_number("quantity"),
        price: fields.number("price"),
        catalogue_price: fields.number("catalogue_price"),
        cost: fields.number("cost"),
        currency: fields.currency("currency"),
        from: fields.day("from"),
        to: fields.day("to"),
        less_included: fields.number("less_included"),
        role: fields.choice("role", &roles).unwrap_or_default(),
        status: fields.choice("status", &statuses).unwrap_or_default(),
    }
}

/// Clients that are there twice.
pub(crate) fn check_ids(fields: &Fields<'_>, clients: &[WorldClient]) {
    let mut seen = BTreeSet::new();
    for (number, client) in clients.iter().enumerate() {
        if !seen.insert(client.id.as_str()) {
            fields.fault(&format!("clients[{number}].id"), format!("`{}` is there twice", client.id));
        }
    }
}
