//! ConnectWise PSA: companies, agreements, and the additions that stand on them: what is billed.
//!
//! Not read: invoices (they have no lines in the API), catalogue prices, adjustments (they move block time, not
//! products), configurations. `periodType` is not read as timing: it says which period an invoice names, not
//! whether usage is counted before or after it; timing is set in the options.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use truecount_billing::{
    AccountId, Agreement, AgreementId, BilledLine, BillingStatus, ClientId, Currency, InvoiceTiming, LineId,
    ProductCode, Side,
};
use url::form_urlencoded;

use super::{host, own, pace, refuse};
use crate::{
    auth::{Auth, Basic, SecretHeader},
    connector::{Connector, Endpoint, Page, PageError, Refusal, Request, SettingsError},
    pace::RateLimit,
    paging::next_number,
    reading::{Note, SnapshotBuilder},
    source_kind::{Cardinality, Category, Proof, SourceKind},
    values::{VendorId, account_id, amount, bad_field, day, orphaned, parse, wrong},
};

const NAME: &str = "connectwise";
const PAGE_SIZE: usize = 1000;
const COMPANY_FIELDS: &str = "id,identifier,name,deletedFlag,status/name";
const COMPANY_CONDITIONS: &str = "deletedFlag=false";
const AGREEMENT_FIELDS: &str = "id,name,type/name,company/id,company/name,startDate,endDate,noEndingDateFlag,\
    cancelledFlag,dateCancelled,oneTimeFlag,billingCycle/id,billingCycle/name,periodType,nextInvoiceDate,\
    currency/currencyCode,parentAgreement/id,prorateFlag";
const ADDITION_FIELDS: &str = "id,product/id,product/identifier,quantity,lessIncluded,unitPrice,billCustomer,\
    effectiveDate,cancelledDate,description,agreementId";

/// Companies, agreements and additions of ConnectWise PSA.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "ConnectWise PSA",
    gives: "companies, agreements and additions: what is billed",
    sides: &[Side::Agreed],
    side_option: None,
    category: Category::Psa,
    cardinality: Cardinality::OneAccountPerClient,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    left_out: &[],
    make,
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

/// A ConnectWise server and the company that signs in.
struct ConnectWise {
    endpoint: Endpoint,
    company: String,
    codebase: Option<String>,
    timing: InvoiceTiming,
    timing_by_agreement_type: BTreeMap<String, InvoiceTiming>,
    agreement_conditions: Option<String>,
}

fn make(options: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    let mut options = options.clone();
    let pace = pace(NAME, &mut options, RateLimit { requests_per_minute: 240, burst: 20, concurrency: 2 })?;
    let options: Options = own(NAME, options)?;
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
        token: None,
    };
    let headers = vec![("accept", "application/vnd.connectwise.com+json; version=2025.1".to_owned())];
    Ok(Box::new(ConnectWise {
        endpoint: Endpoint { base, auth, headers, pace, redacted_fields: REDACTED_FIELDS },
        company: options.company,
        codebase,
        timing: options.timing.unwrap_or_default(),
        timing_by_agreement_type: options.timing_by_agreement_type,
        agreement_conditions: options.agreement_conditions,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CompanyInfo {
    codebase: String,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
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

/// What an agreement's page says to the pages of its additions.
#[derive(Serialize, Deserialize)]
struct AgreementFacts {
    agreement: Agreement,
    currency: Option<Currency>,
}

#[derive(Deserialize)]
struct Product {
    identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addition<'a> {
    id: VendorId,
    product: Option<Product>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    less_included: Option<&'a RawValue>,
    #[serde(borrow)]
    unit_price: Option<&'a RawValue>,
    bill_customer: Option<String>,
    effective_date: Option<String>,
    cancelled_date: Option<String>,
}

impl Connector for ConnectWise {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        Some(&self.endpoint)
    }

    fn start(&self) -> Vec<Request> {
        match &self.codebase {
            Some(codebase) => self.lists(codebase),
            None => vec![Request::new("server", format!("/login/companyinfo/{}", self.company))],
        }
    }

    fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        match page.ask.step.as_ref() {
            "server" => {
                let info: Option<CompanyInfo> = parse(page)?;
                let info = info.ok_or_else(|| wrong(page, "says that the server does not know this `company`"))?;
                let codebase = info.codebase.trim_matches('/');
                if !is_plain(codebase) {
                    return Err(wrong(page, "names a codebase that is none"));
                }
                Ok(self.lists(codebase))
            }
            "companies" => {
                let rows = parse::<Vec<Company>>(page)?.len();
                Ok(self.next(&page.ask, "company/companies", rows, &self.company_query()))
            }
            "billing_cycles" => Ok(self.agreement_lists(&page.ask)),
            "agreements" => self.follow_agreements(page),
            "additions" => {
                let rows = parse::<Vec<Addition<'_>>>(page)?.len();
                let agreement = page.ask.context.as_deref().unwrap_or_default();
                Ok(self.next(&page.ask, &additions_path(agreement), rows, &additions_query()))
            }
            _ => Ok(vec![]),
        }
    }

    /// Counts and billing cycles are helpful, not needed.
    fn instead(&self, ask: &Request, refusal: &Refusal) -> Option<Vec<Request>> {
        match ask.step.as_ref() {
            _ if !matches!(refusal.status, 403 | 404) => None,
            "billing_cycles" => Some(self.agreement_lists(ask)),
            "company_count" | "agreement_count" => Some(vec![]),
            _ => None,
        }
    }

    fn read(&self, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
        match page.ask.step.as_ref() {
            "server" => Ok(()),
            "company_count" => {
                reading.total(None, "companies", parse::<Count>(page)?.count);
                Ok(())
            }
            "agreement_count" => {
                reading.total(None, "agreements", parse::<Count>(page)?.count);
                Ok(())
            }
            "companies" => {
                for company in parse::<Vec<Company>>(page)? {
                    let id = account_id(page, &company.id)?;
                    reading.row(None, "companies", id.as_str());
                    let name = company.name.unwrap_or_else(|| id.to_string());
                    reading.account(&id, &name);
                    if let Some(identifier) = company.identifier {
                        reading.identifier(&id, &identifier);
                    }
                }
                Ok(())
            }
            "billing_cycles" => {
                for cycle in parse::<Vec<BillingCycle>>(page)? {
                    if let Some(options) = cycle.billing_options {
                        reading.remember("billing cycle", &cycle.id.0, options);
                    }
                }
                Ok(())
            }
            "agreements" => parse::<Vec<AgreementRow>>(page)?
                .into_iter()
                .try_for_each(|row| self.read_agreement(page, row, reading)),
            "additions" => read_additions(page, reading),
            _ => Err(wrong(page, "belongs to no step that this connector knows")),
        }
    }
}

impl ConnectWise {
    fn lists(&self, codebase: &str) -> Vec<Request> {
        let root = format!("/{codebase}/apis/3.0");
        vec![
            below(&root, "companies", "company/companies", &numbered(&self.company_query(), 1)),
            below(&root, "company_count", "company/companies/count", &encoded(&[("conditions", COMPANY_CONDITIONS)])),
            below(&root, "billing_cycles", "finance/billingCycles", "pageSize=1000&fields=id%2CbillingOptions"),
        ]
    }

    /// After the billing cycles, which their pages are read by.
    fn agreement_lists(&self, from: &Request) -> Vec<Request> {
        let root = root_of(from);
        vec![
            below(&root, "agreements", "finance/agreements", &numbered(&self.agreement_query(), 1)),
            below(&root, "agreement_count", "finance/agreements/count", &encoded(&self.agreement_conditions())),
        ]
    }

    fn company_query(&self) -> String {
        encoded(&[("fields", COMPANY_FIELDS), ("orderBy", "id asc"), ("conditions", COMPANY_CONDITIONS)])
    }

    fn agreement_query(&self) -> String {
        let mut query = vec![("fields", AGREEMENT_FIELDS), ("orderBy", "id asc")];
        query.extend(self.agreement_conditions());
        encoded(&query)
    }

    fn agreement_conditions(&self) -> Vec<(&str, &str)> {
        self.agreement_conditions.iter().map(|text| ("conditions", text.as_str())).collect()
    }

    /// The next page of a list, below the same codebase as the page before.
    fn next(&self, ask: &Request, path: &str, rows: usize, query: &str) -> Vec<Request> {
        match next_number(rows, PAGE_SIZE, ask.page.saturating_add(1)) {
            Some(number) => vec![ask.next(format!("{}/{path}?{}", root_of(ask), numbered(query, number)))],
            None => vec![],
        }
    }

    /// The list's next page, then the additions of each agreement that recurs.
    fn follow_agreements(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        let root = root_of(&page.ask);
        let rows: Vec<AgreementRow> = parse(page)?;
        let mut asks = self.next(&page.ask, "finance/agreements", rows.len(), &self.agreement_query());
        for row in rows.iter().filter(|row| row.one_time_flag != Some(true)) {
            let Some(company) = row.company.as_ref().and_then(|company| company.id.as_ref()) else { continue };
            let ask = below(&root, "additions", &additions_path(&row.id.0), &numbered(&additions_query(), 1));
            asks.push(ask.about(account_id(page, company)?).with(row.id.0.clone()));
        }
        Ok(asks)
    }

    fn read_agreement(&self, page: &Page, row: AgreementRow, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
        let id = row.id.0.clone();
        reading.row(None, "agreements", &id);
        let company = row.company.as_ref().and_then(|company| Some((company.id.as_ref()?, company.name.as_ref())));
        let Some((company, company_name)) = company else {
            reading.source_partial(orphaned("agreement", id, "company"));
            return Ok(());
        };
        let account = account_id(page, company)?;
        if let Some(name) = company_name {
            reading.account(&account, name);
        }
        if row.one_time_flag == Some(true) {
            let text = format!("agreement {id} is one-time: its additions do not recur and are not compared");
            reading.note(Note::Remark { text });
            return Ok(());
        }
        match self.agreement(row, reading) {
            Ok(facts) => {
                let text = serde_json::to_string(&facts).map_err(|_| wrong(page, "cannot be kept"))?;
                reading.remember("agreement", &id, text);
            }
            Err(why) => reading.partial(&account, bad_field("agreement", id, why)),
        }
        Ok(())
    }

    fn agreement(&self, row: AgreementRow, reading: &mut SnapshotBuilder) -> Result<AgreementFacts, String> {
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
        let currency = row.currency.and_then(|currency| currency.currency_code);
        let currency = currency.map(|code| Currency::new(&code)).transpose().map_err(|error| error.to_string())?;
        let agreement_type = row.r#type.and_then(|named| named.name).unwrap_or_default();
        let timing = self.timing_by_agreement_type.get(&agreement_type).copied().unwrap_or(self.timing);
        let name = row.name.unwrap_or_else(|| format!("agreement {}", row.id.0));
        let next_invoice_date =
            day(row.next_invoice_date.as_deref()).map_err(|why| format!("`nextInvoiceDate` {why}"))?;
        let agreement = Agreement {
            agreement_type: Some(agreement_type).filter(|text| !text.is_empty()),
            parent: agreement_id(row.parent_agreement)?,
            from,
            to,
            timing,
            cycle_months: cycle_months(row.billing_cycle, reading),
            prorates: row.prorate_flag,
            next_invoice_date,
            ..Agreement::new(AgreementId::new(&row.id.0).map_err(|error| error.to_string())?, name)
        };
        Ok(AgreementFacts { agreement, currency })
    }
}

/// Months of a billing cycle, from the kind that the PSA gives it, else from its name.
fn cycle_months(cycle: Option<Named>, reading: &mut SnapshotBuilder) -> Option<u32> {
    let cycle = cycle?;
    let by_id = cycle.id.as_ref().and_then(|id| reading.recall("billing cycle", &id.0));
    let word = by_id.map(str::to_owned).or(cycle.name)?;
    match word.to_ascii_lowercase().replace([' ', '-'], "").as_str() {
        "monthly" => Some(1),
        "bimonthly" => Some(2),
        "quarterly" => Some(3),
        "semiannual" | "semiannually" => Some(6),
        "yearly" | "annual" | "annually" => Some(12),
        "weekly" | "biweekly" | "notrecurring" | "onetime" | "none" => None,
        _ => {
            reading.unknown("billingCycle", &word);
            None
        }
    }
}

fn read_additions(page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
    let Some(account) = page.ask.account.clone() else { return Err(wrong(page, "belongs to no company")) };
    let agreement = page.ask.context.as_deref().unwrap_or_default();
    let Some(facts) = reading.recall("agreement", agreement) else {
        reading.partial(&account, orphaned("addition of agreement", agreement, "agreement that was read"));
        return Ok(());
    };
    let facts: AgreementFacts = serde_json::from_str(facts).map_err(|_| wrong(page, "stands on no agreement"))?;
    for row in parse::<Vec<Addition<'_>>>(page)? {
        let id = row.id.0.clone();
        match line(row, &account, &facts) {
            Ok(line) => reading.line(&account, line),
            Err(why) => {
                reading.partial(&account, bad_field("addition", id, format!("of agreement {agreement}: {why}")))
            }
        }
    }
    Ok(())
}

/// `cancelledDate` is the last day billed: integrators enter 31 March to stop after March.
fn line(row: Addition<'_>, account: &AccountId, facts: &AgreementFacts) -> Result<BilledLine, String> {
    let number = |field: &str, raw| amount(raw).map_err(|why| format!("`{field}`: {why}"));
    let date = |field: &str, text: &Option<String>| day(text.as_deref()).map_err(|why| format!("`{field}` {why}"));
    let product = row.product.and_then(|product| product.identifier).ok_or("it has no product")?;
    let billing_status = match row.bill_customer.as_deref() {
        Some("Billable") => BillingStatus::Billable,
        Some("NoCharge") => BillingStatus::NoCharge,
        Some("DoNotBill") => BillingStatus::DoNotBill,
        _ => return Err("`billCustomer` has a value that is not known".into()),
    };
    let line_id = LineId::new(&row.id.0).map_err(|error| error.to_string())?;
    let client_id = ClientId::new(account.as_str()).map_err(|error| error.to_string())?;
    let product_code = ProductCode::new(&product).map_err(|error| format!("product: {error}"))?;
    let quantity = number("quantity", row.quantity)?.ok_or("it has no quantity, which is not zero")?;
    Ok(BilledLine {
        less_included: number("lessIncluded", row.less_included)?.filter(|units| !units.is_zero()),
        unit_price: number("unitPrice", row.unit_price)?,
        currency: facts.currency,
        effective_from: date("effectiveDate", &row.effective_date)?,
        effective_to: date("cancelledDate", &row.cancelled_date)?,
        billing_status,
        ..BilledLine::new(line_id, client_id, product_code, quantity, facts.agreement.clone())
    })
}

fn agreement_id(named: Option<Named>) -> Result<Option<AgreementId>, String> {
    let id = named.and_then(|named| named.id);
    id.map(|id| AgreementId::new(&id.0)).transpose().map_err(|error| format!("`parentAgreement`: {error}"))
}

/// Where the API begins, with the codebase that the question before had.
fn root_of(ask: &Request) -> String {
    let codebase = ask.target.split_once("/apis/3.0").map_or("", |(codebase, _)| codebase);
    format!("{codebase}/apis/3.0")
}

fn below(root: &str, step: &'static str, path: &str, query: &str) -> Request {
    Request::new(step, if query.is_empty() { format!("{root}/{path}") } else { format!("{root}/{path}?{query}") })
}

fn additions_path(agreement: &str) -> String {
    format!("finance/agreements/{agreement}/additions")
}

fn additions_query() -> String {
    encoded(&[("fields", ADDITION_FIELDS), ("orderBy", "id asc")])
}

fn numbered(query: &str, number: u32) -> String {
    format!("{query}&pageSize={PAGE_SIZE}&page={number}")
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text != ".." && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
