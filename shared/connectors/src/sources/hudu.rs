//! Hudu: companies, and the assets documented for each.
//!
//! Not read: what the fields of an asset say (passwords stand there, too), articles, websites, relations.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use truecount_billing::{AccountList, Identities, LeftOutReason, Quantity, Side, Unit, UsageItem};

use super::{paced, url};
use crate::{
    auth::{Auth, SecretHeader},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::{End, Paging},
    rights::Rights,
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    stream::Stream,
    values::{VendorId, filled, moment},
    vocabulary::{Attribute, IdentityField, ItemKind, Meaning, Vocabulary, WordList, flag},
};

const NAME: &str = "hudu";
const PAGE_SIZE: u32 = 25;

/// Companies and assets of Hudu.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "Hudu",
    gives: "companies, and the assets documented for each",
    sides: &[Side::Used],
    side_option: None,
    category: Category::Documentation,
    cardinality: Cardinality::OneAccountPerClient,
    list: AccountList::Owned,
    proof: Proof::Unverified,
    secret: &["api_key"],
    options: OPTIONS,
    key: KEY,
    rights: Rights::NOT_TOLD,
    vocabulary: Vocabulary { items: ITEMS, words: &[ARCHIVED], sku_names: &[], skus_left_out: &[] },
    traps: &[
        "what is documented is what somebody wrote down: it proves no use",
        "archived assets are listed with the others, and are left out",
    ],
    build,
};

const OPTIONS: &str = r#"base_url = "https://docs.example.com"  # the host that you sign in to
# requests_per_minute = 240
# concurrency = 1
"#;

const KEY: &str = "\
1. Admin > Basic information > API keys > New API key.
2. Leave \"Allow password access\" and \"Allow destructive actions\" off.
3. Restrict it to the address that Truecount asks from, where that is fixed.
4. Copy the key.
";

const ITEMS: &[ItemKind] = &[ItemKind {
    identities: &[IdentityField::Serial, IdentityField::MailAddress],
    // One person's address may stand at several assets.
    same_by: &[IdentityField::Serial],
    ..ItemKind::new("asset", "documented assets", Unit::Each, LAYOUT)
}];

const LAYOUT: &[Attribute] =
    &[Attribute::new("layout", "the name of the asset's layout, such as Computer Assets")];

const ARCHIVED: WordList = WordList {
    field: "archived",
    words: &[("false", Meaning::Counts), ("true", Meaning::LeftOut(LeftOutReason::Removed))],
};

/// Fields that billing does not need, and those that may hold passwords.
const REDACTED_FIELDS: &[&str] = &[
    "address*", "cards", "city", "fields", "fax_number", "notes", "passwords_url", "phone_number", "public_photos",
    "state", "website", "zip",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    base_url: String,
}

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let usual = RateLimit { requests_per_minute: 240, burst: 20, concurrency: 1 };
    let (pace, options) = paced::<Options>(NAME, options, usual)?;
    let base = url(NAME, "base_url", &options.base_url)?;
    let key = SecretHeader { name: "x-api-key", value: "{api_key}".into() };
    let auth = Auth { headers: vec![key], ..Auth::default() };
    let pages = Paging::Number {
        parameter: "page",
        first: 1,
        size: Some(("page_size", PAGE_SIZE)),
        end: End::EmptyPage,
    };
    let list = |name, path, rows| Stream::get(name, path).pages(pages).rows(rows).id("/id");
    let endpoint = Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS };
    Ok(Source::api::<Layouts>(NAME, endpoint)
        .stream(list("companies", "/api/v1/companies", "/companies").lists_accounts().parse(company))
        .stream(list("layouts", "/api/v1/asset_layouts", "/asset_layouts").lookup(layout))
        .stream(list("assets", "/api/v1/assets", "/assets").account("/company_id").parse(asset))
        .build())
}

/// The names of layouts, by their ids.
type Layouts = HashMap<String, String>;

#[derive(Deserialize)]
struct Company {
    id: VendorId,
    name: Option<String>,
    /// The company's id in the PSA, where the integration has set it.
    id_in_integration: Option<VendorId>,
}

#[derive(Deserialize)]
struct Layout {
    id: VendorId,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Asset {
    id: VendorId,
    company_id: Option<VendorId>,
    asset_layout_id: Option<VendorId>,
    name: Option<String>,
    primary_serial: Option<String>,
    primary_mail: Option<String>,
    archived: Option<bool>,
    created_at: Option<String>,
}

fn company(row: Company, at: &Context<'_>, _: &Layouts, out: &mut Out<'_>) -> Result<(), RowError> {
    let id = row.id.account(at)?;
    out.account(&id, row.name.as_deref());
    if let Some(client) = row.id_in_integration {
        out.identifier(&id, &client.0);
    }
    Ok(())
}

fn layout(row: Layout, _: &Context<'_>, layouts: &mut Layouts) -> Result<(), RowError> {
    if let Some(name) = filled(row.name) {
        layouts.insert(row.id.0, name);
    }
    Ok(())
}

fn asset(row: Asset, at: &Context<'_>, layouts: &Layouts, out: &mut Out<'_>) -> Result<(), RowError> {
    let Some(company) = &row.company_id else {
        return Err(RowError::orphaned("asset", &row.id.0, "company_id"));
    };
    let layout = row.asset_layout_id.as_ref().and_then(|id| layouts.get(&id.0));
    let archived = row.archived.map(flag);
    let identities = Identities {
        serial: filled(row.primary_serial),
        mail_addresses: filled(row.primary_mail).into_iter().collect(),
        ..Identities::default()
    };
    let item = UsageItem {
        name: filled(row.name),
        state: out.state(&ARCHIVED, archived),
        quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Each }),
        identities,
        attributes: layout.into_iter().map(|name| ("layout".to_owned(), name.clone())).collect(),
        // Nothing is counted by it: one that cannot be read is one that is not known.
        first_seen: moment(row.created_at.as_deref()).unwrap_or_default(),
        ..UsageItem::new(row.id.item(at)?, "asset")
    };
    out.item(&company.account(at)?, &item);
    Ok(())
}
