//! The sample's settings, rules and secrets, as a person would have written them.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{
    VendorEndpoints,
    catalogue::{BACKUP, CONNECTWISE, EDR, GRAPH, NETWORK, NINJAONE, PAX8, PRODUCTS},
    seed_discrepancies::{FIRST_SOLD, client_id},
    sold::SOLD,
    vendors::{connectwise, microsoft_graph, secret},
};

/// `[mail]` and one `[[sources]]` for each source of the sample.
pub(crate) fn settings_toml(sources: &[&str], endpoints: &VendorEndpoints) -> String {
    let mut text = String::from(
        "# The sample MSP: made-up clients, vendors on this machine.\n\n\
         [mail]\nfrom = \"Truecount <truecount@northgate-it.example>\"\n\n\
         [[mail.groups]]\nid = \"billing\"\nto = [\"billing@northgate-it.example\"]\n\n\
         [mapping]\nconfirm_equal_names = true\n\n\
         # The sample is closed on the evening of the month's last day.\n[closing]\nday = \"last\"\n",
    );
    for source in sources {
        let (connector, options) = options(source, endpoints.get(*source).map_or("", String::as_str));
        let _ = write!(text, "\n[[sources]]\nid = \"{source}\"\nconnector = \"{connector}\"\n{options}");
    }
    text
}

/// Secrets (source to field to value) as `config/secrets.toml` holds them.
#[must_use]
pub fn secrets_toml(secrets: &BTreeMap<String, BTreeMap<String, String>>) -> String {
    let mut text = String::new();
    for (source, fields) in secrets {
        let _ = writeln!(text, "[{source}]");
        for (field, value) in fields {
            let _ = writeln!(text, "{field} = \"{value}\"");
        }
    }
    text
}

/// A source's connector and its options: everything that depends on the connectors' words.
fn options(source: &str, url: &str) -> (&'static str, String) {
    const PACE: &str = "requests_per_minute = 60000\nconcurrency = 4\n";
    match source {
        CONNECTWISE => {
            let (company, arrears) = (connectwise::COMPANY, connectwise::ARREARS_TYPE);
            let timing = format!("timing_by_agreement_type = {{ \"{arrears}\" = \"arrears\" }}\n");
            ("connectwise", format!("base_url = \"{url}\"\ncompany = \"{company}\"\n{timing}{PACE}"))
        }
        NINJAONE => ("ninjaone", format!("base_url = \"{url}\"\nrequests_per_minute = 60000\n")),
        GRAPH => {
            let partner = microsoft_graph::PARTNER_TENANT;
            let hosts = format!("base_url = \"{url}\"\nlogin_url = \"{url}\"\n");
            ("microsoft-graph", format!("partner_tenant = \"{partner}\"\n{hosts}{PACE}"))
        }
        PAX8 => {
            let hosts = format!("base_url = \"{url}/v1\"\ntoken_url = \"{url}/v1/token\"\n");
            ("pax8", format!("{hosts}requests_per_minute = 60000\n"))
        }
        EDR => {
            let columns = [
                ("account_id", "Tenant ID"),
                ("account_name", "Tenant"),
                ("item_id", "Agent ID"),
                ("item_name", "Host"),
                ("host_name", "Host"),
                ("serial", "Serial"),
                ("mac_address", "MAC"),
                ("last_seen", "Last check-in"),
            ];
            file_options(&columns, "[sources.constants]\nkind = \"agent\"\n")
        }
        _ => {
            let columns = [
                ("account_id", "Customer ID"),
                ("account_name", "Customer"),
                ("item_id", "Item ID"),
                ("item_name", "Item"),
                ("kind", "Type"),
                ("sku", "Plan"),
                ("status", "State"),
                ("last_seen", "Last backup"),
                ("quantity", "Quantity"),
            ];
            file_options(&columns, "[sources.words.status]\nProtected = \"active\"\nRemoved = \"removed\"\n")
        }
    }
}

/// A file of items, its columns, and what else is to be said of it.
fn file_options(columns: &[(&str, &str)], more: &str) -> (&'static str, String) {
    let columns: String = columns.iter().map(|(ours, theirs)| format!("{ours} = \"{theirs}\"\n")).collect();
    ("file", format!("side = \"used\"\n\n[sources.columns]\n{columns}\n{more}"))
}

/// A service for each product whose source the sample has, one for what is billed at a fixed fee, and what is sold in
/// other ways where some client buys it.
pub(crate) fn rules_toml(sources: &[&str], month: BillingMonth) -> String {
    let mut text = String::from(
        "# Which product of the PSA is counted by what.\n\n\
         currency = \"GBP\" # of prices, and of lines of the PSA that tell none\n",
    );
    if sources.contains(&GRAPH) {
        let partner = microsoft_graph::PARTNER_TENANT;
        let _ = write!(text, "\n[us]\npartner_ids = [\"{partner}\"] # our own tenant, which sells licences\n");
    }
    let _ = write!(text, "\n[services]\n{} = {{ flat = true }}\n", NETWORK.code);
    for product in PRODUCTS.iter().filter(|product| sources.contains(&product.source)) {
        let _ = write!(text, "\n[services.{}] # {}\n", product.code, product.description);
        let kinds: Vec<_> = product.kinds.iter().map(|kind| format!("\"{}.{kind}\"", product.source)).collect();
        let _ = match kinds.as_slice() {
            [one] => writeln!(text, "count = {one}"),
            several => writeln!(text, "count = [{}]", several.join(", ")),
        };
        let seller = if product.is_sold_by_us { ", sold_by = \"us\"" } else { "" };
        if !product.sku.is_empty() {
            let _ = writeln!(text, "where = {{ sku = \"{}\"{seller} }}", product.sku);
        }
        if product.is_of_any_age {
            text.push_str("seen_within_days = false\n");
        }
        if product.may_be_empty {
            text.push_str("may_be_empty = true # nobody may have a server\n");
        }
        for (key, units) in
            [("included", product.included), ("minimum", product.minimum), ("tolerance", product.tolerance)]
        {
            if units > 0 {
                let _ = writeln!(text, "{key} = {units}");
            }
        }
        let _ = writeln!(text, "price = {}", Decimal::new(product.list_price, 4).round_dp(2));
    }
    if sources.contains(&EDR) {
        text.push_str(include_str!("sold.toml"));
        for (n, sold) in SOLD.iter().enumerate().filter(|(_, sold)| !sold.own_rules.is_empty()) {
            let rules = sold.own_rules.replace("{until}", &a_day_of_next_year(month).to_string());
            let _ = write!(text, "\n[clients.{}]\n{rules}\n", client_id(FIRST_SOLD + n));
        }
    }
    text
}

/// When what is bought or agreed for a year ends.
pub(crate) fn a_day_of_next_year(month: BillingMonth) -> Date {
    (0..8).fold(month, |month, _| month.next()).last_day()
}

/// Source to field to value.
pub(crate) fn secrets(sources: &[&str]) -> BTreeMap<String, BTreeMap<String, String>> {
    let fields = |source: &str| -> &[&str] {
        match source {
            CONNECTWISE => &["public_key", "private_key", "client_id"],
            NINJAONE | GRAPH | PAX8 => &["client_id", "client_secret"],
            _ => &[],
        }
    };
    sources
        .iter()
        .filter(|source| ![BACKUP, EDR].contains(source))
        .map(|source| {
            let values = fields(source).iter().map(|field| ((*field).to_owned(), secret(source, field)));
            ((*source).to_owned(), values.collect())
        })
        .collect()
}
