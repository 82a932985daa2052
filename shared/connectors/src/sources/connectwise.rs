//! ConnectWise PSA: companies, agreements, and the additions that stand on them: what is billed.
//!
//! Not read: invoices (they have no lines in the API), adjustments (they move block time, not products),
//! configurations. `periodType` is not read as timing: it says which period an invoice names, not whether usage is
//! counted before or after it; timing is set in the options.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{
    Agreement, AgreementId, BilledLine, BillingStatus, ClientId, Currency, InvoiceTiming, LineId, LineRole,
    ProductCode, RowReason, Side,
};
use url::form_urlencoded;

use super::{host, paced, refuse};
use crate::{
    auth::{Auth, Basic, SecretHeader},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::{End, Paging},
    source::Source,
    source_kind::{AccountList, Cardinality, Category, Proof, SourceKind},
    stream::{Child, Refused, Stream},
    values::{VendorId, amount, day, filled},
    vocabulary::{Meaning, Vocabulary, WordList},
};

const NAME: &str = "connectwise";
const PAGE_SIZE: u32 = 1000;
const COMPANY_FIELDS: &str = "id,identifier,name,deletedFlag,status/name";
const COMPANY_CONDITIONS: &str = "deletedFlag=false";
const AGREEMENT_FIELDS: &str = "id,name,type/name,company/id,company/name,billToCompany/id,startDate,endDate,\
    noEndingDateFlag,cancelledFlag,dateCancelled,oneTimeFlag,billingCycle/id,billingCycle/name,periodType,\
    nextInvoiceDate,currency/currencyCode,parentAgreement/id,prorateFlag";
const ADDITION_FIELDS: &str = "id,product/id,product/identifier,quantity,lessIncluded,unitPrice,unitCost,\
    billCustomer,effectiveDate,cancelledDate,description,agreementId";
const CATALOGUE_FIELDS: &str = "id,identifier,description,price,cost";

/// Companies, agreements and additions of ConnectWise PSA.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "ConnectWise PSA",
    gives: "companies, agreements and additions: what is billed",
    sides: &[Side::Agreed],
    side_option: None,
    category: Category::Psa,
    cardinality: Cardinality::OneAccountPerClient,
    list: AccountList::Owned,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    key: KEY,
    vocabulary: Vocabulary { items: &[], words: &[BILL_CUSTOMER, CYCLES] },
    traps: &[
        "an API member who may inquire into \"My\" records only gets fewer rows, without an error",
        "the quantity of an addition is changed in place: what it was a month ago is known from the archive only",
        "an addition ends with its cancelled date, which is the last day billed",
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
# requests_per_minute = 240
# concurrency = 2
"#;

const KEY: &str = "\
1. System > Members > API Members > New. Give it a security role of its own.
2. In that role: Inquire = All, and Add, Edit, Delete = None, for Companies >
   Company Maintenance, Finance > Agreements, Procurement > Product Catalog
   and System > Table Setup; None for everything else.
3. API Keys > New: copy the public and the private key; the private key is
   shown once.
4. A client id of your own: developer.connectwise.com > ClientID.
";

/// How an addition is billed.
const BILL_CUSTOMER: WordList = WordList {
    field: "billCustomer",
    words: &[
        ("Billable", Meaning::Value("billable")),
        ("NoCharge", Meaning::Value("no_charge")),
        ("DoNotBill", Meaning::Value("do_not_bill")),
    ],
};

/// Months of a billing cycle, from the kind that the PSA gives it, or from its name.
const CYCLES: WordList = WordList {
    field: "billingCycle",
    words: &[
        ("Monthly", Meaning::Months(Some(1))),
        ("BiMonthly", Meaning::Months(Some(2))),
        ("Quarterly", Meaning::Months(Some(3))),
        ("SemiAnnual", Meaning::Months(Some(6))),
        ("SemiAnnually", Meaning::Months(Some(6))),
        ("Yearly", Meaning::Months(Some(12))),
        ("Annual", Meaning::Months(Some(12))),
        ("Annually", Meaning::Months(Some(12))),
        ("Weekly", Meaning::Months(None)),
        ("BiWeekly", Meaning::Months(None)),
        ("NotRecurring", Meaning::Months(None)),
        ("OneTime", Meaning::Months(None)),
        ("None", Meaning::Months(None)),
    ],
};

/// Fields that billing does not need; most are not asked for to begin with.
const REDACTED_FIELDS: &[&str] = &[
    "_info",
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
}

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let usual = RateLimit { requests_per_minute: 240, burst: 20, concurrency: 2 };
    let (pace, options) = paced::<Options>(NAME, options, usual)?;
    let base = host(NAME, "base_url", &options.base_url)?;
    if !is_plain(&options.company) {
        return Err(refuse(NAME, "`company` is the id that you sign in with: letters, digits, `-`, `_` and `.`"));
    }
    let codebase = match options.codebase.as_deref().map(|text| text.trim_matches('/')) {
        Some(text) if !is_plain(text) => return Err(refuse(NAME, "`codebase` is one word, such as v4_6_release")),
        other => other.map(str::to_owned),
    };
    let auth = Auth {
        basic: Some(Basic { user: format!("{}+{{public_key}}", options.company), password: "{private_key}".into() }),
        headers: vec![SecretHeader { name: "clientId", value: "{client_id}".into() }],
        ..Auth::default()
    };
    let headers = vec![("accept", "application/vnd.connectwise.com+json; version=2025.1".to_owned())];
    let endpoint = Endpoint { base, auth, headers, pace, redacted_fields: REDACTED_FIELDS };
    let agreements = options.agreement_conditions.as_deref();
    let below = |stream: Stream<Tables>| match &codebase {
        Some(codebase) => stream.of(vec![Child::default().with("root", codebase)]),
        None => stream.each("server", root),
    };
    let refused = Refused { statuses: &[403, 404], code: None };
    let mut source = Source::api::<Tables>(NAME, endpoint);
    if codebase.is_none() {
        source = source.stream(Stream::get("server", format!("/login/companyinfo/{}", options.company)).single());
    }
    let timing = Timing { usual: options.timing.unwrap_or_default(), by_type: options.timing_by_agreement_type };
    Ok(source
        .stream(below(list("companies", "company/companies", COMPANY_FIELDS, Some(COMPANY_CONDITIONS))
            .lists_accounts()
            .parse(company)))
        .stream(count("company_count", "company/companies", Some(COMPANY_CONDITIONS)).counts("companies", "/count"))
        .stream(below(list("billing_cycles", "finance/billingCycles", "id,billingOptions", None)
            .without(refused)
            .lookup(billing_cycle)))
        .stream(below(list("catalogue", "procurement/catalog", CATALOGUE_FIELDS, None).without(refused).lookup(product)))
        .stream(below(list("agreements", "finance/agreements", AGREEMENT_FIELDS, agreements)
            .account("/company/id")
            .lookup(look_up_agreement)
            .parse(agreement)))
        .stream(count("agreement_count", "finance/agreements", agreements).counts("agreements", "/count"))
        .stream(list("additions", "finance/agreements/{agreement}/additions", ADDITION_FIELDS, None)
            .each("agreements", additions_of)
            .lookup(look_up_addition)
            .parse(addition))
        .stream(count("addition_count", "finance/agreements/{agreement}/additions", None).counts("additions", "/count"))
        .tables(move || Tables { timing: timing.clone(), ..Tables::default() })
        .build())
}

/// Whether agreements bill ahead or behind, as the settings say.
#[derive(Debug, Clone, Default)]
struct Timing {
    usual: InvoiceTiming,
    by_type: BTreeMap<String, InvoiceTiming>,
}

/// What additions refer to.
#[derive(Default)]
struct Tables {
    timing: Timing,
    /// The kind of a billing cycle, by its id.
    cycles: HashMap<String, String>,
    /// Products, by their catalogue id.
    products: HashMap<String, CatalogueProduct>,
    agreements: HashMap<String, AgreementRow>,
    /// Agreements and products of the additions that are billed for more than a part of one month.
    standing: HashSet<(String, String)>,
}

struct CatalogueProduct {
    description: Option<String>,
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
#[serde(rename_all = "camelCase")]
struct BillingCycle {
    id: VendorId,
    billing_options: Option<String>,
}

#[derive(Deserialize)]
struct CatalogueRow {
    id: VendorId,
    description: Option<String>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgreementRow {
    id: VendorId,
    name: Option<String>,
    r#type: Option<Named>,
    company: Option<Named>,
    bill_to_company: Option<Named>,
    start_date: Option<String>,
    end_date: Option<String>,
    no_ending_date_flag: Option<bool>,
    cancelled_flag: Option<bool>,
    date_cancelled: Option<String>,
    one_time_flag: Option<bool>,
    billing_cycle: Option<Named>,
    next_invoice_date: Option<String>,
    parent_agreement: Option<Named>,
    prorate_flag: Option<bool>,
    currency: Option<CurrencyReference>,
}

#[derive(Deserialize)]
struct Product {
    id: Option<VendorId>,
    identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addition {
    id: VendorId,
    product: Option<Product>,
    quantity: Option<Box<RawValue>>,
    less_included: Option<Box<RawValue>>,
    unit_price: Option<Box<RawValue>>,
    unit_cost: Option<Box<RawValue>>,
    bill_customer: Option<String>,
    effective_date: Option<String>,
    cancelled_date: Option<String>,
    description: Option<String>,
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

fn billing_cycle(row: BillingCycle, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    if let Some(options) = filled(row.billing_options) {
        tables.cycles.insert(row.id.0, options);
    }
    Ok(())
}

/// A price or cost that cannot be read is one that is not known: nothing is counted by it.
fn product(row: CatalogueRow, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let money = |raw: Option<Box<RawValue>>| amount(raw.as_deref()).ok().flatten();
    let product =
        CatalogueProduct { description: filled(row.description), price: money(row.price), cost: money(row.cost) };
    tables.products.insert(row.id.0, product);
    Ok(())
}

fn look_up_agreement(row: AgreementRow, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    tables.agreements.insert(row.id.0.clone(), row);
    Ok(())
}

/// An agreement gives its client's name; its terms stand on the lines of its additions.
fn agreement(row: AgreementRow, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let company = row.company.as_ref().and_then(|company| Some((company.id.as_ref()?, company.name.as_ref())));
    let Some((company, name)) = company else {
        return Err(RowError::orphaned("agreement", &row.id.0, "company"));
    };
    let account = company.account(at)?;
    out.account(&account, name.map(String::as_str));
    if let Some(word) = cycle_word(row.billing_cycle.as_ref(), tables)
        && CYCLES.meaning(Some(&plain_cycle(word))).is_none()
    {
        out.unknown(CYCLES.field, Some(word));
    }
    terms(&row, tables).map(drop).map_err(|why| RowError::field("agreement", Some(&row.id.0), why).of(&account))
}

/// The list of an agreement's additions.
fn additions_of(row: AgreementRow, at: &Context<'_>) -> Result<Option<Child>, RowError> {
    let Some(company) = row.company.and_then(|company| company.id) else { return Ok(None) };
    Ok(Some(Child::default().with("agreement", row.id.0).about(company.account(at)?)))
}

/// What an agreement says of its lines.
fn terms(row: &AgreementRow, tables: &Tables) -> Result<Agreement, String> {
    let from = day(row.start_date.as_deref()).map_err(|why| format!("`startDate` {why}"))?;
    let ends = day(row.end_date.as_deref()).map_err(|why| format!("`endDate` {why}"))?;
    let ends = ends.filter(|_| row.no_ending_date_flag != Some(true));
    let cancelled = day(row.date_cancelled.as_deref()).map_err(|why| format!("`dateCancelled` {why}"))?;
    let to = match (row.cancelled_flag, cancelled) {
        (Some(true), Some(day)) => Some(ends.map_or(day, |ends| ends.min(day))),
        // Cancelled, nobody says since when: it never bills.
        (Some(true), None) => Some(from.map_or(Date::constant(1970, 1, 1), |from| from.saturating_sub(1.day()))),
        _ => ends,
    };
    currency(row)?;
    let agreement_type = row.r#type.as_ref().and_then(|named| named.name.clone()).unwrap_or_default();
    let timing = tables.timing.by_type.get(&agreement_type).copied().unwrap_or(tables.timing.usual);
    let name = row.name.clone().unwrap_or_else(|| format!("agreement {}", row.id.0));
    let next_invoice_date = day(row.next_invoice_date.as_deref()).map_err(|why| format!("`nextInvoiceDate` {why}"))?;
    let id = |named: &Option<Named>| named.as_ref().and_then(|named| named.id.as_ref()).map(|id| id.0.clone());
    let parent = id(&row.parent_agreement).map(AgreementId::new).transpose();
    let bill_to = id(&row.bill_to_company).map(ClientId::new).transpose();
    Ok(Agreement {
        agreement_type: Some(agreement_type).filter(|text| !text.is_empty()),
        parent: parent.map_err(|error| format!("`parentAgreement`: {error}"))?,
        bill_to: bill_to.map_err(|error| format!("`billToCompany`: {error}"))?,
        from,
        to,
        timing,
        cycle_months: cycle_months(row, tables),
        prorates: row.prorate_flag,
        next_invoice_date,
        ..Agreement::new(AgreementId::new(&row.id.0).map_err(|error| error.to_string())?, name)
    })
}

fn currency(row: &AgreementRow) -> Result<Option<Currency>, String> {
    let code = row.currency.as_ref().and_then(|currency| currency.currency_code.as_deref());
    code.map(Currency::new).transpose().map_err(|error| error.to_string())
}

fn cycle_word<'t>(cycle: Option<&'t Named>, tables: &'t Tables) -> Option<&'t str> {
    let cycle = cycle?;
    let by_id = cycle.id.as_ref().and_then(|id| tables.cycles.get(&id.0));
    by_id.or(cycle.name.as_ref()).map(String::as_str)
}

/// Names are people's own: `Semi-Annual` and `Semi Annual` are one.
fn plain_cycle(word: &str) -> String {
    word.replace([' ', '-'], "")
}

fn cycle_months(row: &AgreementRow, tables: &Tables) -> Option<u32> {
    let word = cycle_word(row.billing_cycle.as_ref(), tables)?;
    match CYCLES.meaning(Some(&plain_cycle(word))) {
        Some(Meaning::Months(months)) => months.filter(|_| row.one_time_flag != Some(true)),
        _ => None,
    }
}

/// Remembers what stands for longer than a part of one month, to tell a proration by.
fn look_up_addition(row: Addition, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let dates = (day(row.effective_date.as_deref()), day(row.cancelled_date.as_deref()));
    let is_part = matches!(dates, (Ok(Some(from)), Ok(Some(to))) if is_part_of_month(from, to));
    if let Some(product) = row.product.and_then(|product| product.identifier).filter(|_| !is_part) {
        tables.standing.insert((at.variable("agreement")?.to_owned(), product));
    }
    Ok(())
}

fn addition(row: Addition, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let agreement = at.variable("agreement")?;
    let Some(terms) = tables.agreements.get(agreement) else {
        out.leave_out(RowReason::ParentDeleted);
        return Ok(());
    };
    let wrong = |why: String| RowError::field("addition", Some(&row.id.0), format!("of agreement {agreement}: {why}"));
    let line = line(&row, at, terms, tables, out).map_err(wrong)?;
    out.line(at.account()?, line);
    Ok(())
}

/// `cancelledDate` is the last day billed: integrators enter 31 March to stop after March.
fn line(
    row: &Addition,
    at: &Context<'_>,
    agreement_row: &AgreementRow,
    tables: &Tables,
    out: &mut Out<'_>,
) -> Result<BilledLine, String> {
    let number = |field: &str, raw: &Option<Box<RawValue>>| {
        amount(raw.as_deref()).map_err(|why| format!("`{field}`: {why}"))
    };
    let date = |field: &str, text: &Option<String>| day(text.as_deref()).map_err(|why| format!("`{field}` {why}"));
    let product = row.product.as_ref().and_then(|product| product.identifier.as_deref()).ok_or("it has no product")?;
    let by_id = row.product.as_ref().and_then(|product| tables.products.get(&product.id.as_ref()?.0));
    let billing_status = match out.value(&BILL_CUSTOMER, row.bill_customer.as_deref()) {
        Some("billable") => BillingStatus::Billable,
        Some("no_charge") => BillingStatus::NoCharge,
        Some("do_not_bill") => BillingStatus::DoNotBill,
        _ => return Err("`billCustomer` has a value that is not known".into()),
    };
    let agreement = terms(agreement_row, tables)?;
    let line_id = LineId::new(&row.id.0).map_err(|error| error.to_string())?;
    let account = at.account().map_err(|error| error.to_string())?;
    let client_id = ClientId::new(account.as_str()).map_err(|error| error.to_string())?;
    let product_code = ProductCode::new(product).map_err(|error| format!("product: {error}"))?;
    let quantity = number("quantity", &row.quantity)?.ok_or("it has no quantity, which is not zero")?;
    let (from, to) = (date("effectiveDate", &row.effective_date)?, date("cancelledDate", &row.cancelled_date)?);
    let described = by_id.and_then(|product| product.description.clone());
    Ok(BilledLine {
        role: role(agreement_row, product, quantity, (from, to), tables),
        product_name: described.or_else(|| filled(row.description.clone())),
        less_included: number("lessIncluded", &row.less_included)?.filter(|units| !units.is_zero()),
        unit_price: number("unitPrice", &row.unit_price)?,
        unit_cost: number("unitCost", &row.unit_cost)?.or_else(|| by_id.and_then(|product| product.cost)),
        catalogue_price: by_id.and_then(|product| product.price),
        currency: currency(agreement_row)?,
        effective_from: from,
        effective_to: to,
        billing_status,
        ..BilledLine::new(line_id, client_id, product_code, quantity, agreement)
    })
}

/// What a line is to what recurs. A row of negative quantity that ends is a credit. A row for the rest of one month,
/// beside one of the same product that stands, is the prorated part of a change: its units stand in the other row, too.
fn role(
    agreement: &AgreementRow,
    product: &str,
    quantity: Decimal,
    dates: (Option<Date>, Option<Date>),
    tables: &Tables,
) -> LineRole {
    if agreement.one_time_flag == Some(true) {
        return LineRole::OneTime;
    }
    if quantity.is_sign_negative() && dates.1.is_some() {
        return LineRole::Credit;
    }
    let is_part = matches!(dates, (Some(from), Some(to)) if is_part_of_month(from, to));
    let stands = || tables.standing.contains(&(agreement.id.0.clone(), product.to_owned()));
    if is_part && agreement.prorate_flag == Some(true) && stands() {
        return LineRole::Proration;
    }
    LineRole::Recurring
}

/// Whether a span is the rest of one month.
fn is_part_of_month(from: Date, to: Date) -> bool {
    from.first_of_month() == to.first_of_month() && from.day() > 1 && to == to.last_of_month()
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
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text != ".." && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
