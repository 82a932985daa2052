//! Pax8: companies, and what they subscribe to: seats as bought.
//!
//! Not read: invoices, usage summaries, prices. The key that Pax8 gives could order and cancel; questions here have
//! no method, so it cannot.

use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{ItemId, ItemState, LeftOutReason, Quantity, Side, Unit, UsageItem};

use super::{own, pace, url};
use crate::{
    auth::{Auth, TokenAuth, TokenStyle},
    connector::{Connector, Endpoint, Page, PageError, Request, SettingsError},
    pace::RateLimit,
    reading::{Note, SnapshotBuilder},
    source_kind::{Cardinality, Category, Proof, SourceKind},
    values::{VendorId, account_id, amount, bad_field, orphaned, parse, wrong},
};

const NAME: &str = "pax8";
const PAGE_SIZE: u32 = 200;

/// Companies and subscriptions of the distributor Pax8.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "Pax8",
    gives: "companies and what they subscribe to",
    sides: &[Side::Purchased],
    side_option: None,
    category: Category::Distributor,
    cardinality: Cardinality::OneAccountPerClient,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    left_out: &[
        LeftOutReason::Activation,
        LeftOutReason::Cancelled,
        LeftOutReason::Converted,
        LeftOutReason::OneTime,
        LeftOutReason::Ordered,
        LeftOutReason::PendingActivation,
        LeftOutReason::Trial,
    ],
    make,
};

const SECRET: &[&str] = &["client_id", "client_secret"];

const OPTIONS: &str = r#"# base_url = "https://api.pax8.com/v1"
# token_url = "https://api.pax8.com/v1/token"
# requests_per_minute = 300
# concurrency = 1
"#;

/// Fields that billing does not need.
const REDACTED_FIELDS: &[&str] = &[
    "address",
    "contacts",
    "phone",
    "website",
    "provisioningDetails",
    "orderedBy*",
    "shortDescription",
    "vendorProvisioning*",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default = "default_base")]
    base_url: String,
    token_url: Option<String>,
}

fn default_base() -> String {
    "https://api.pax8.com/v1".into()
}

/// A Pax8 partner account.
struct Pax8 {
    endpoint: Endpoint,
}

fn make(options: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    let mut options = options.clone();
    let pace = pace(NAME, &mut options, RateLimit { requests_per_minute: 300, burst: 20, concurrency: 1 })?;
    let options: Options = own(NAME, options)?;
    let base = url(NAME, "base_url", &options.base_url)?;
    let token_url = options.token_url.unwrap_or_else(|| format!("{}/token", base.as_str().trim_end_matches('/')));
    let token = url(NAME, "token_url", &token_url)?;
    let auth = Auth {
        token: Some(TokenAuth {
            path: token.path().to_owned(),
            base: token,
            style: TokenStyle::Json,
            client_id: "{client_id}".into(),
            client_secret: "{client_secret}".into(),
            fields: vec![("audience", "https://api.pax8.com".into())],
        }),
        ..Auth::default()
    };
    Ok(Box::new(Pax8 { endpoint: Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS } }))
}

#[derive(Deserialize)]
struct List<T> {
    content: Vec<T>,
    page: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    total_elements: u64,
    total_pages: u32,
    number: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Company {
    id: VendorId,
    name: Option<String>,
    /// The company's id in the PSA, where an integration or a person has set it.
    external_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    id: VendorId,
    sku: Option<String>,
    vendor_sku: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    id: VendorId,
    company_id: Option<VendorId>,
    product_id: Option<VendorId>,
    product_name: Option<String>,
    vendor_sku_id: Option<String>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
    status: Option<String>,
    billing_term: Option<String>,
}

impl Connector for Pax8 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        Some(&self.endpoint)
    }

    fn start(&self) -> Vec<Request> {
        vec![Request::new("companies", list("companies", 0))]
    }

    /// Companies to their end, then products, then subscriptions.
    fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        let info = parse::<List<serde::de::IgnoredAny>>(page)?.page;
        if info.number != page.ask.page {
            return Err(wrong(page, format!("is page {}, asked was page {}", info.number, page.ask.page)));
        }
        let step = page.ask.step.as_ref();
        let next = info.number.saturating_add(1);
        if next < info.total_pages {
            return Ok(vec![page.ask.next(list(step, next))]);
        }
        Ok(match step {
            "companies" => vec![page.ask.then("products", list("products", 0))],
            "products" => vec![page.ask.then("subscriptions", list("subscriptions", 0))],
            _ => vec![],
        })
    }

    fn read(&self, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
        match page.ask.step.as_ref() {
            "companies" => {
                let list: List<Company> = parse(page)?;
                reading.total(None, "companies", list.page.total_elements);
                for company in list.content {
                    let id = account_id(page, &company.id)?;
                    reading.row(None, "companies", id.as_str());
                    let name = company.name.unwrap_or_else(|| id.to_string());
                    reading.account(&id, &name);
                    if let Some(external) = company.external_id {
                        reading.identifier(&id, &external);
                    }
                }
            }
            "products" => {
                for product in parse::<List<Product>>(page)?.content {
                    let known = |sku: &String| !sku.trim().is_empty();
                    if let Some(sku) = product.vendor_sku.filter(known).or(product.sku.filter(known)) {
                        reading.remember("product", &product.id.0, sku);
                    }
                }
            }
            "subscriptions" => {
                let list: List<Subscription<'_>> = parse(page)?;
                reading.total(None, "subscriptions", list.page.total_elements);
                for subscription in list.content {
                    reading.row(None, "subscriptions", &subscription.id.0);
                    read_subscription(page, subscription, reading)?;
                }
            }
            _ => return Err(wrong(page, "belongs to no step that this connector knows")),
        }
        Ok(())
    }
}

fn list(what: &str, number: u32) -> String {
    format!("/{what}?page={number}&size={PAGE_SIZE}")
}

fn read_subscription(page: &Page, row: Subscription<'_>, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
    let id = &row.id.0;
    let Some(company) = &row.company_id else {
        reading.source_partial(orphaned("subscription", id, "companyId"));
        return Ok(());
    };
    let account = account_id(page, company)?;
    let quantity = match amount(row.quantity) {
        Ok(quantity) => quantity,
        Err(why) => {
            reading.partial(&account, bad_field("subscription", id, format!("`quantity` {why}")));
            None
        }
    };
    let by_product = row.product_id.as_ref().and_then(|id| reading.recall("product", &id.0)).map(str::to_owned);
    let sku = by_product.or(row.vendor_sku_id);
    if sku.is_none() {
        reading.note(Note::Remark { text: "a subscription's product has no SKU: no rule can select it by SKU".into() });
    }
    let state = state(row.status.as_deref(), row.billing_term.as_deref(), reading);
    let item_id = ItemId::new(id).map_err(|error| wrong(page, format!("names a subscription wrongly: {error}")))?;
    let item = UsageItem {
        name: row.product_name,
        sku,
        state,
        quantity: quantity.map(|amount| Quantity { amount, unit: Unit::Seat }),
        ..UsageItem::new(item_id, "subscription")
    };
    reading.item(&account, &item);
    Ok(())
}

/// What is bought and recurs counts, also while its end is pending; an order is not a purchase yet.
fn state(status: Option<&str>, term: Option<&str>, reading: &mut SnapshotBuilder) -> ItemState {
    let state = match status {
        Some("Active" | "Activated" | "PendingCancel") => ItemState::Counts,
        Some("Trial") => ItemState::LeftOut(LeftOutReason::Trial),
        Some("PendingActivation") => ItemState::LeftOut(LeftOutReason::PendingActivation),
        Some("PendingManual" | "PendingAutomated" | "WaitingForDetails") => ItemState::LeftOut(LeftOutReason::Ordered),
        Some("Cancelled") => ItemState::LeftOut(LeftOutReason::Cancelled),
        Some("Converted") => ItemState::LeftOut(LeftOutReason::Converted),
        other => reading.unknown_state("status", other),
    };
    let term = term.map(|term| term.to_ascii_lowercase().replace(' ', "-"));
    match term.as_deref() {
        Some("monthly" | "annual" | "1-year" | "2-year" | "3-year") => state,
        _ if state != ItemState::Counts => state,
        Some("one-time") => ItemState::LeftOut(LeftOutReason::OneTime),
        Some("trial") => ItemState::LeftOut(LeftOutReason::Trial),
        Some("activation") => ItemState::LeftOut(LeftOutReason::Activation),
        other => reading.unknown_state("billingTerm", other),
    }
}
