//! Pax8: companies, and what they subscribe to: seats as bought, with their terms and what they cost.
//!
//! Not read: invoices, usage summaries. The key that Pax8 gives could order and cancel; only GET is ever sent, so it
//! cannot here.

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{AccountList, 
    Commitment, Currency, ItemState, LeftOutReason, Money, Quantity, Side, Unit, UsageItem,
};

use super::{paced, url};
use crate::{
    auth::{Auth, TokenAuth, TokenStyle},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::{End, Paging},
    rights::Rights,
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    stream::Stream,
    values::{VendorId, amount, day, filled},
    vocabulary::{Attribute, ItemKind, Meaning, Vocabulary, WordList},
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
    list: AccountList::Owned,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    key: KEY,
    rights: Rights::NOT_TOLD,
    vocabulary: Vocabulary { items: ITEMS, words: &[STATUS, BILLING, TERM], sku_names: &[], skus_left_out: &[] },
    traps: &[
        "a subscription whose cancellation is pending is paid for until its end date, and counts until then",
        "the key can also order and cancel at Pax8: there is none that only reads",
        "company ids of a former PSA may still stand as external ids",
    ],
    build,
};

const SECRET: &[&str] = &["client_id", "client_secret"];

const OPTIONS: &str = r#"# base_url = "https://api.pax8.com/v1"
# token_url = "https://api.pax8.com/v1/token"
# requests_per_minute = 300
# concurrency = 1
"#;

const KEY: &str = "\
1. Sign in to app.pax8.com as a primary partner admin.
2. Integrations Hub > Credentials > Create a new credential.
3. Copy the client id and the client secret.
Pax8 has no key that only reads. Truecount sends GET requests only.
";

const ITEMS: &[ItemKind] =
    &[ItemKind::new("subscription", "subscriptions, with the seats bought", Unit::Seat, ATTRIBUTES)];

const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("term", "the commitment: P1M, P1Y, P2Y or P3Y"),
    Attribute::new("billing", "how it is billed: monthly, annual, 2-year or 3-year"),
    Attribute::new("vendor", "who makes the product"),
];

/// What is bought and recurs counts; an order is not a purchase yet.
const STATUS: WordList = WordList {
    field: "status",
    words: &[
        ("Active", Meaning::Counts),
        ("Activated", Meaning::Counts),
        ("PendingCancel", Meaning::Counts),
        ("Trial", Meaning::LeftOut(LeftOutReason::Trial)),
        ("PendingActivation", Meaning::LeftOut(LeftOutReason::PendingActivation)),
        ("PendingManual", Meaning::LeftOut(LeftOutReason::Ordered)),
        ("PendingAutomated", Meaning::LeftOut(LeftOutReason::Ordered)),
        ("WaitingForDetails", Meaning::LeftOut(LeftOutReason::Ordered)),
        ("Cancelled", Meaning::LeftOut(LeftOutReason::Cancelled)),
        ("Converted", Meaning::LeftOut(LeftOutReason::Converted)),
    ],
};

/// Whether it recurs, from how it is billed. Pax8 writes some terms in two ways.
/// Billed each month.
const MONTHLY: &str = "monthly";

const BILLING: WordList = WordList {
    field: "billingTerm",
    words: &[
        ("Monthly", Meaning::Value(MONTHLY)),
        ("Annual", Meaning::Value("annual")),
        ("1-Year", Meaning::Value("annual")),
        ("1 Year", Meaning::Value("annual")),
        ("2-Year", Meaning::Value("2-year")),
        ("2 Year", Meaning::Value("2-year")),
        ("3-Year", Meaning::Value("3-year")),
        ("3 Year", Meaning::Value("3-year")),
        ("One-Time", Meaning::LeftOut(LeftOutReason::OneTime)),
        ("One Time", Meaning::LeftOut(LeftOutReason::OneTime)),
        ("Trial", Meaning::LeftOut(LeftOutReason::Trial)),
        ("Activation", Meaning::LeftOut(LeftOutReason::Activation)),
    ],
};

const TERM: WordList = WordList {
    field: "commitmentTerm.term",
    words: &[
        ("Monthly", Meaning::Value("P1M")),
        ("1-Month", Meaning::Value("P1M")),
        ("Annual", Meaning::Value("P1Y")),
        ("1-Year", Meaning::Value("P1Y")),
        ("2-Year", Meaning::Value("P2Y")),
        ("3-Year", Meaning::Value("P3Y")),
    ],
};

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

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let usual = RateLimit { requests_per_minute: 300, burst: 20, concurrency: 1 };
    let (pace, options) = paced::<Options>(NAME, options, usual)?;
    let base = url(NAME, "base_url", &options.base_url)?;
    let token_url = options.token_url.unwrap_or_else(|| format!("{}/token", base.as_str().trim_end_matches('/')));
    let token = url(NAME, "token_url", &token_url)?;
    let audience = vec![("audience", "https://api.pax8.com".into())];
    let token = TokenAuth::client_credentials(token, TokenStyle::Json, audience);
    let auth = Auth { token: Some(token), ..Auth::default() };
    let pages = Paging::Number {
        parameter: "page",
        first: 0,
        size: Some(("size", PAGE_SIZE)),
        end: End::Pages("/page/totalPages"),
    };
    let list = |name, path| {
        let stream = Stream::get(name, path).pages(pages).rows("/content").id("/id");
        stream.total("/page/totalElements").page_number("/page/number")
    };
    let endpoint = Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS };
    Ok(Source::api::<Catalogue>(NAME, endpoint)
        .stream(list("companies", "/companies").lists_accounts().parse(company))
        .stream(list("products", "/products").after(&["companies"]).lookup(product))
        .stream(list("subscriptions", "/subscriptions").after(&["products"]).account("/companyId").parse(subscription))
        .build())
}

/// The products, by their ids.
type Catalogue = HashMap<String, CatalogueProduct>;

struct CatalogueProduct {
    name: Option<String>,
    sku: Option<String>,
    vendor: Option<String>,
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
    name: Option<String>,
    vendor_name: Option<String>,
    sku: Option<String>,
    vendor_sku: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    id: VendorId,
    company_id: Option<VendorId>,
    product_id: Option<VendorId>,
    product_name: Option<String>,
    vendor_sku_id: Option<String>,
    vendor_subscription_id: Option<String>,
    quantity: Option<Box<RawValue>>,
    status: Option<String>,
    billing_term: Option<String>,
    end_date: Option<String>,
    partner_cost: Option<Box<RawValue>>,
    currency_code: Option<String>,
    commitment_term: Option<CommitmentTerm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitmentTerm {
    term: Option<String>,
    end_date: Option<String>,
}

fn company(row: Company, at: &Context<'_>, _: &Catalogue, out: &mut Out<'_>) -> Result<(), RowError> {
    let id = row.id.account(at)?;
    out.account(&id, row.name.as_deref());
    if let Some(external) = row.external_id {
        out.identifier(&id, &external);
    }
    Ok(())
}

fn product(row: Product, _: &Context<'_>, catalogue: &mut Catalogue) -> Result<(), RowError> {
    let sku = filled(row.vendor_sku).or(filled(row.sku));
    let product = CatalogueProduct { name: filled(row.name), sku, vendor: filled(row.vendor_name) };
    catalogue.insert(row.id.0, product);
    Ok(())
}

fn subscription(
    row: Subscription,
    at: &Context<'_>,
    catalogue: &Catalogue,
    out: &mut Out<'_>,
) -> Result<(), RowError> {
    let Some(company) = &row.company_id else {
        return Err(RowError::orphaned("subscription", &row.id.0, "companyId"));
    };
    let account = company.account(at)?;
    let wrong = |field: &str, why: String| RowError::field("subscription", Some(&row.id.0), format!("`{field}` {why}"));
    let quantity = amount(row.quantity.as_deref()).unwrap_or_else(|why| {
        out.partial(&account, wrong("quantity", why).reason);
        None
    });
    let ends = day(row.end_date.as_deref()).unwrap_or_else(|why| {
        out.partial(&account, wrong("endDate", why).reason);
        None
    });
    let product = row.product_id.as_ref().and_then(|id| catalogue.get(&id.0));
    let sku = product.and_then(|product| product.sku.clone()).or_else(|| filled(row.vendor_sku_id.clone()));
    if sku.is_none() {
        out.note("a subscription's product has no SKU: no rule can select it by SKU");
    }
    let term = row.commitment_term.as_ref().and_then(|commitment| commitment.term.as_deref());
    let term = term.map(|term| out.value(&TERM, Some(term)).unwrap_or(term).to_owned());
    let (state, billing) = state(&row, ends, at, out);
    let vendor = product.and_then(|product| product.vendor.clone());
    let cost = monthly_cost(&row, billing.as_deref(), quantity);
    let attributes = [("term", term), ("billing", billing), ("vendor", vendor)];
    let name = filled(row.product_name.clone()).or_else(|| product.and_then(|product| product.name.clone()));
    let mut item = UsageItem {
        name,
        sku,
        state,
        quantity: quantity.map(|amount| Quantity { amount, unit: Unit::Seat }),
        attributes: attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        commitment: commitment(row.commitment_term.as_ref()),
        cost,
        ..UsageItem::new(row.id.item(at)?, "subscription")
    };
    // The maker's id of the subscription tells it from the one that the maker lists itself.
    item.identities.object_id = filled(row.vendor_subscription_id);
    out.item(&account, &item);
    Ok(())
}

/// Whether a subscription counts, and how it is billed. One whose end is pending is paid for until its end date.
fn state(
    row: &Subscription,
    ends: Option<Date>,
    at: &Context<'_>,
    out: &mut Out<'_>,
) -> (ItemState, Option<String>) {
    let state = out.state(&STATUS, row.status.as_deref());
    let is_pending_cancel = row.status.as_deref().is_some_and(|word| word.trim().eq_ignore_ascii_case("PendingCancel"));
    if is_pending_cancel && ends.is_some_and(|ends| at.is_past(ends)) {
        return (ItemState::LeftOut(LeftOutReason::Cancelled), None);
    }
    if state != ItemState::Counts {
        return (state, None);
    }
    let word = row.billing_term.as_deref();
    match BILLING.meaning(word) {
        Some(Meaning::Value(billing)) => (state, Some(billing.to_owned())),
        _ => (out.state(&BILLING, word), None),
    }
}

/// Until when it is bought. A date that cannot be read is one that is not known.
fn commitment(term: Option<&CommitmentTerm>) -> Option<Commitment> {
    let until = day(term?.end_date.as_deref()).ok().flatten()?;
    Some(Commitment { until: Some(until), cancellable_until: None })
}

/// What all seats cost the partner in a month: Pax8 gives the price of one seat for one billing term, and only of a
/// monthly one it is known how long that is. Without a currency it is no amount of money.
fn monthly_cost(row: &Subscription, billing: Option<&str>, seats: Option<Decimal>) -> Option<Money> {
    let each: Decimal = amount(row.partner_cost.as_deref()).ok().flatten()?;
    let currency = Currency::new(row.currency_code.as_deref()?).ok()?;
    let cost = each.checked_mul(seats?).filter(|_| billing == Some(MONTHLY))?;
    Some(Money::new(cost, currency))
}
