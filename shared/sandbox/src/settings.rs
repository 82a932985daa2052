//! The sample's settings, rules and secrets, as a person would have written them.

use std::{collections::BTreeMap, fmt::Write as _};

use rust_decimal::Decimal;

use crate::{
    VendorEndpoints,
    catalogue::{BACKUP, CONNECTWISE, GRAPH, NETWORK, NINJAONE, PAX8, PRODUCTS},
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
        _ => {
            let columns = [
                ("account_id", "Customer ID"),
                ("account_name", "Customer"),
                ("item_id", "Item ID"),
                ("item_name", "Item"),
                ("kind", "Type"),
                ("status", "State"),
                ("last_seen", "Last backup"),
                ("quantity", "Quantity"),
            ];
            let columns: String = columns.iter().map(|(ours, theirs)| format!("{ours} = \"{theirs}\"\n")).collect();
            let words = "[sources.words.status]\nProtected = \"active\"\nRemoved = \"removed\"\n";
            let tables = format!("[sources.columns]\n{columns}\n{words}");
            ("file", format!("side = \"used\"\n\n{tables}"))
        }
    }
}

/// A service for each product whose source the sample has, and one for what is billed at a fixed fee.
pub(crate) fn rules_toml(sources: &[&str]) -> String {
    let mut text = String::from(
        "# Which product of the PSA is counted by what.\n\n\
         currency = \"GBP\" # of prices, and of lines of the PSA that tell none\n",
    );
    let _ = write!(text, "\n[services]\n{} = {{ flat = true }}\n", NETWORK.code);
    for product in PRODUCTS.iter().filter(|product| sources.contains(&product.source)) {
        let _ = write!(text, "\n[services.{}] # {}\n", product.code, product.description);
        let kinds: Vec<_> = product.kinds.iter().map(|kind| format!("\"{}.{kind}\"", product.source)).collect();
        let _ = match kinds.as_slice() {
            [one] => writeln!(text, "count = {one}"),
            several => writeln!(text, "count = [{}]", several.join(", ")),
        };
        if !product.sku.is_empty() {
            let _ = writeln!(text, "where = {{ sku = \"{}\" }}", product.sku);
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
    text
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
        .filter(|source| **source != BACKUP)
        .map(|source| {
            let values = fields(source).iter().map(|field| ((*field).to_owned(), secret(source, field)));
            ((*source).to_owned(), values.collect())
        })
        .collect()
}
