//! ConnectWise PSA: companies with what their agreements will bill, or, where the settings ask for it, with what their
//! invoices did bill. A source gives one of the two, so that they cannot be added up.
//!
//! Not read: adjustments (they move block time, not products), configurations. `periodType` is not read as timing: it
//! says which period an invoice names, not whether usage is counted before or after it; timing is set in the options.

mod agreements;
mod invoices;

use std::collections::{BTreeMap, HashMap, HashSet};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{AccountList, BillingStatus, Currency, InvoiceTiming, Side};
use url::{Url, form_urlencoded};

use self::{
    agreements::{AgreementRow, CYCLES, agreed},
    invoices::{INVOICE_TYPES, InvoiceRow, invoiced},
};
use super::{host, paced, refuse};
use crate::{
    auth::{Auth, Basic, SecretHeader},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::{End, Paging},
    rights::Rights,
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    stream::{Child, Refused, Stream},
    values::{VendorId, amount, filled},
    vocabulary::{Meaning, Vocabulary, WordList},
};

const NAME: &str = "connectwise";
const PAGE_SIZE: u32 = 1000;
const COMPANY_FIELDS: &str = "id,identifier,name,deletedFlag,status/name";
const COMPANY_CONDITIONS: &str = "deletedFlag=false";
/// What helps to read the lines, and is done without where the role may not see it.
const REFUSED: Refused = Refused { statuses: &[403, 404], code: None };
const CATALOGUE_FIELDS: &str = "id,identifier,description,category/name,price,cost";

/// Companies, agreements and additions of ConnectWise PSA.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "ConnectWise PSA",
    gives: "companies, agreements and additions: what is billed; or their invoices",
    sides: &[Side::Agreed, Side::Invoiced],
    side_option: Some("side"),
    category: Category::Psa,
    cardinality: Cardinality::OneAccountPerClient,
    list: AccountList::Owned,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    key: KEY,
    rights: Rights::NOT_TOLD,
    vocabulary: Vocabulary { items: &[], words: &[BILL_CUSTOMER, CYCLES, INVOICE_TYPES], sku_names: &[], skus_left_out: &[] },
    traps: &[
        "an API member who may inquire into \"My\" records only gets fewer rows, without an error",
        "the quantity of an addition is changed in place: what it was a month ago is known from the archive only",
        "an addition ends with its cancelled date, which is the last day billed",
        "an agreement may bill an amount of its own: without additions it is a flat line, beside them it is not read",
        "an invoice names its products, but not the additions that it bills: of those only the sum is known",
    ],
    build,
};

const SECRET: &[&str] = &["client_id", "private_key", "public_key"];

const OPTIONS: &str = r#"base_url = "https://api-eu.myconnectwise.net"  # api-na, api-eu, api-au, or your own host
company = "acme"  # the company id that you sign in with
# codebase = "v4_6_release"  # left out: asked of the server at the start of each sync
# timing = "advance"  # or "arrears": whether agreements bill the coming period or the one that ends
# timing_by_agreement_type = { "Backup usage" = "arrears" }
# agreement_conditions = "(endDate > [2025-01-01T00:00:00Z] or noEndingDateFlag = true)"  # leaves old agreements out
# side = "agreed"  # or "invoiced", in a second source: what invoices did bill, which is never added to the first;
#   there, invoice_conditions = "date >= [2026-01-01T00:00:00Z]" leaves old invoices out
# requests_per_minute = 240
# concurrency = 2
"#;

const KEY: &str = "\
1. System > Members > API Members > New. Give it a security role of its own.
2. In that role: Inquire = All, and Add, Edit, Delete = None, for Companies >
   Company Maintenance, Finance > Agreements, Procurement > Product Catalog
   and System > Table Setup; None for everything else. For invoices: also
   Finance > Invoicing and Procurement > Products.
3. API Keys > New: copy the public and the private key; the private key is
   shown once.
4. A client id of your own: developer.connectwise.com > ClientID.
";

/// How an addition, or a product on an invoice, is billed.
const BILL_CUSTOMER: WordList = WordList {
    field: "billCustomer",
    words: &[
        ("Billable", Meaning::Value("billable")),
        ("NoCharge", Meaning::Value("no_charge")),
        ("DoNotBill", Meaning::Value("do_not_bill")),
    ],
};

/// Fields that billing does not need; most are not asked for to begin with.
const REDACTED_FIELDS: &[&str] = &[
    "accountNumber",
    "addressLine*",
    "billToContact",
    "city",
    "contact",
    "customFields",
    "customerPO",
    "defaultContact",
    "faxNumber",
    "internalNotes",
    "ipAddress",
    "lastLoginName",
    "lastUpdated",
    "managementLink",
    "notes",
    "phoneNumber",
    "questions",
    "remoteLink",
    "taxIdentifier",
    "userDefinedField*",
    "vendorNotes",
    "website",
    "zip",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    base_url: String,
    company: String,
    codebase: Option<String>,
    timing: Option<InvoiceTiming>,
    #[serde(default)]
    timing_by_agreement_type: BTreeMap<String, InvoiceTiming>,
    agreement_conditions: Option<String>,
    side: Option<Side>,
    invoice_conditions: Option<String>,
}

impl Options {
    /// Which side the source gives.
    fn checked_side(&self) -> Result<Side, SettingsError> {
        let has_timing = self.timing.is_some() || !self.timing_by_agreement_type.is_empty();
        match self.side.unwrap_or(Side::Agreed) {
            Side::Agreed if self.invoice_conditions.is_some() => {
                Err(refuse(NAME, "`invoice_conditions` is for a source with `side = \"invoiced\"`: leave it out"))
            }
            Side::Invoiced if has_timing || self.agreement_conditions.is_some() => Err(refuse(
                NAME,
                "with `side = \"invoiced\"` no agreements are read: leave out `timing`, `timing_by_agreement_type` and \
                 `agreement_conditions`",
            )),
            side @ (Side::Agreed | Side::Invoiced) => Ok(side),
            Side::Purchased | Side::Used => Err(refuse(NAME, "`side` is \"agreed\" or \"invoiced\"")),
        }
    }
}

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let usual = RateLimit { requests_per_minute: 240, burst: 20, concurrency: 2 };
    let (pace, options) = paced::<Options>(NAME, options, usual)?;
    let side = options.checked_side()?;
    let base = host(NAME, "base_url", &options.base_url)?;
    if !is_plain(&options.company) {
        return Err(refuse(NAME, "`company` is the id that you sign in with: letters, digits, `-`, `_` and `.`"));
    }
    let codebase = match options.codebase.as_deref().map(|text| text.trim_matches('/')) {
        Some(text) if !is_plain(text) => return Err(refuse(NAME, "`codebase` is one word, such as v4_6_release")),
        other => other.map(str::to_owned),
    };
    let links = Links::new(&base, &options.company);
    let auth = Auth {
        basic: Some(Basic { user: format!("{}+{{public_key}}", options.company), password: "{private_key}".into() }),
        headers: vec![SecretHeader { name: "clientId", value: "{client_id}".into() }],
        ..Auth::default()
    };
    let headers = vec![("accept", "application/vnd.connectwise.com+json; version=2025.1".to_owned())];
    let endpoint = Endpoint { base, auth, headers, pace, redacted_fields: REDACTED_FIELDS };
    let mut source = Source::api::<Tables>(NAME, endpoint);
    if codebase.is_none() {
        source = source.stream(Stream::get("server", format!("/login/companyinfo/{}", options.company)).single());
    }
    let at = Root { codebase };
    let source = source
        .stream(at.below(list("companies", "company/companies", COMPANY_FIELDS, Some(COMPANY_CONDITIONS))
            .lists_accounts()
            .parse(company)))
        .stream(count("company_count", "company/companies", Some(COMPANY_CONDITIONS)).counts("companies", "/count"));
    let source = match side {
        Side::Invoiced => invoiced(source, &at, options.invoice_conditions.as_deref()),
        _ => agreed(source, &at, options.agreement_conditions.as_deref()),
    };
    let timing = Timing { usual: options.timing.unwrap_or_default(), by_type: options.timing_by_agreement_type };
    let tables = move || Tables { timing: timing.clone(), links: links.clone(), ..Tables::default() };
    Ok(source.tables(tables).build())
}

/// Links for people. ConnectWise opens a record by its type and id:
/// <https://betterinvoice.io/docs/connectwise/report-writer/advanced-field-examples>. Additions and invoices have no
/// type there.
#[derive(Debug, Clone)]
struct Links {
    /// The host at which people sign in, with the company that they sign in to.
    base: Url,
}

impl Links {
    /// The API of the vendor's own cloud is at `api-eu.…`, its pages at `eu.…`; another host has both. `None`: people do
    /// not sign in where nothing is encrypted, so that there is nothing to open.
    fn new(api: &Url, company: &str) -> Option<Self> {
        if api.scheme() != "https" {
            return None;
        }
        let mut base = api.clone();
        if let Some(host) = api.host_str().and_then(|host| host.strip_prefix("api-"))
            && host.ends_with(".myconnectwise.net")
            && base.set_host(Some(host)).is_err()
        {
            base.clone_from(api);
        }
        base.set_path("/v4_6_release/services/system_io/router/openrecord.rails");
        base.query_pairs_mut().append_pair("companyName", company);
        Some(Self { base })
    }

    fn agreement(&self, id: &str) -> String {
        let mut link = self.base.clone();
        link.query_pairs_mut().append_pair("recordType", "AgreementFV").append_pair("recid", id);
        link.into()
    }
}

/// Where the API's paths begin.
struct Root {
    /// As the settings say; `None`: as the server says.
    codebase: Option<String>,
}

impl Root {
    /// A list that hangs on nothing but the beginning of the paths.
    fn below(&self, stream: Stream<Tables>) -> Stream<Tables> {
        match &self.codebase {
            Some(codebase) => stream.of(vec![Child::default().with("root", codebase)]),
            None => stream.each("server", root),
        }
    }
}

/// Whether agreements bill ahead or behind, as the settings say.
#[derive(Debug, Clone, Default)]
struct Timing {
    usual: InvoiceTiming,
    by_type: BTreeMap<String, InvoiceTiming>,
}

/// What rows refer to.
#[derive(Default)]
struct Tables {
    timing: Timing,
    links: Option<Links>,
    /// The kind of a billing cycle, by its id.
    cycles: HashMap<String, String>,
    /// Products, by their catalogue id.
    products: HashMap<String, CatalogueProduct>,
    agreements: HashMap<String, AgreementRow>,
    /// What the PSA says that the next invoice of an agreement will be, by its id.
    next_invoices: HashMap<String, Decimal>,
    /// Agreements and products of the additions that are billed for more than a part of one month.
    standing: HashSet<(String, String)>,
    /// Agreements with additions, whatever their dates.
    with_additions: HashSet<String>,
    invoices: HashMap<String, InvoiceRow>,
}

struct CatalogueProduct {
    description: Option<String>,
    category: Option<String>,
    price: Option<Decimal>,
    cost: Option<Decimal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CompanyInfo {
    codebase: String,
}

#[derive(Deserialize)]
struct Company {
    id: VendorId,
    identifier: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct CatalogueRow {
    id: VendorId,
    description: Option<String>,
    category: Option<Named>,
    price: Option<Box<RawValue>>,
    cost: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<VendorId>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrencyReference {
    currency_code: Option<String>,
}

impl CurrencyReference {
    /// The currency of a row; `None`: the row names none.
    fn read(reference: Option<&Self>) -> Result<Option<Currency>, String> {
        let code = reference.and_then(|currency| currency.currency_code.as_deref());
        code.map(Currency::new).transpose().map_err(|error| error.to_string())
    }
}

/// A product as additions and invoices name it.
#[derive(Deserialize)]
struct ProductReference {
    id: Option<VendorId>,
    identifier: Option<String>,
}

/// How a row is billed.
fn billing_status(word: Option<&str>, field: &str, out: &mut Out<'_>) -> Result<BillingStatus, String> {
    match out.value(&BILL_CUSTOMER, word) {
        Some("billable") => Ok(BillingStatus::Billable),
        Some("no_charge") => Ok(BillingStatus::NoCharge),
        Some("do_not_bill") => Ok(BillingStatus::DoNotBill),
        _ => Err(format!("`{field}` has a value that is not known")),
    }
}

/// Where the API begins. A company id that the server does not know is answered with `null`.
fn root(row: Option<CompanyInfo>, at: &Context<'_>) -> Result<Option<Child>, RowError> {
    let wrong = |why: &str| RowError::field(at.stream(), None, why);
    let info = row.ok_or_else(|| wrong("the server does not know this `company`"))?;
    let codebase = info.codebase.trim_matches('/');
    if !is_plain(codebase) {
        return Err(wrong("the codebase that the server names is none"));
    }
    Ok(Some(Child::default().with("root", codebase)))
}

fn company(row: Company, at: &Context<'_>, _: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let id = row.id.account(at)?;
    out.account(&id, row.name.as_deref());
    if let Some(identifier) = row.identifier {
        out.identifier(&id, &identifier);
    }
    Ok(())
}

/// A price or cost that cannot be read is one that is not known: nothing is counted by it.
fn product(row: CatalogueRow, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let money = |raw: Option<Box<RawValue>>| amount(raw.as_deref()).ok().flatten();
    let product = CatalogueProduct {
        description: filled(row.description),
        category: filled(row.category.and_then(|category| category.name)),
        price: money(row.price),
        cost: money(row.cost),
    };
    tables.products.insert(row.id.0, product);
    Ok(())
}

/// The catalogue, which a role may not be allowed to see.
fn catalogue() -> Stream<Tables> {
    list("catalogue", "procurement/catalog", CATALOGUE_FIELDS, None).without(REFUSED).lookup(product)
}

fn list(name: &'static str, path: &str, fields: &str, conditions: Option<&str>) -> Stream<Tables> {
    let mut query = vec![("fields", fields), ("orderBy", "id asc")];
    query.extend(conditions.map(|conditions| ("conditions", conditions)));
    // The server may cap pages below what is asked for, and only says so with its link.
    let pages = Paging::Number {
        parameter: "page",
        first: 1,
        size: Some(("pageSize", PAGE_SIZE)),
        end: End::LinkHeader,
    };
    Stream::get(name, format!("/{{root}}/apis/3.0/{path}?{}", encoded(&query))).pages(pages).id("/id")
}

fn count(name: &'static str, path: &str, conditions: Option<&str>) -> Stream<Tables> {
    let query: Vec<_> = conditions.map(|conditions| ("conditions", conditions)).into_iter().collect();
    let mark = if query.is_empty() { "" } else { "?" };
    Stream::get(name, format!("/{{root}}/apis/3.0/{path}/count{mark}{}", encoded(&query)))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    // The one variable that stands in a query: what is put in its place is encoded then.
    query.replace("%7Binvoice%7D", "{invoice}")
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text != ".." && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_open_an_agreement_where_they_sign_in() {
        let link = |api: &str| Links::new(&api.parse().unwrap(), "lantern & co").unwrap().agreement("7&1");
        let page = "/v4_6_release/services/system_io/router/openrecord.rails";
        let query = "?companyName=lantern+%26+co&recordType=AgreementFV&recid=7%261";
        assert_eq!(link("https://api-eu.myconnectwise.net"), format!("https://eu.myconnectwise.net{page}{query}"));
        assert_eq!(link("https://psa.msp.example:8443"), format!("https://psa.msp.example:8443{page}{query}"));
        let own = "https://api-psa.msp.example";
        assert_eq!(link(own), format!("{own}{page}{query}"), "only the vendor's own cloud has two names");
    }

    #[test]
    fn a_link_leads_to_one_record_each() {
        let links = Links::new(&"https://psa.example".parse().unwrap(), "lantern").unwrap();
        assert!(Links::new(&"http://127.0.0.1:4000".parse().unwrap(), "lantern").is_none());
        assert!(links.agreement("71").ends_with("recid=71") && links.agreement("72").ends_with("recid=72"));
    }
}
