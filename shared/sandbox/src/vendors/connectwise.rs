//! ConnectWise PSA as it answers: bare arrays, `Link` headers, empty properties left out, doubles, days written
//! as midnight UTC.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Call, Reply, Twist, Vendor, secret};
use crate::{
    catalogue::{CONNECTWISE, catalogue_item},
    dataset::{Addition, Agreement, Company, Cycle},
    json::{Object, array, double},
    world::World,
};

/// The company id that people log in with.
pub(crate) const COMPANY: &str = "northgate";
/// The usual type of agreements.
const USUAL_TYPE: &str = "Managed services";
/// The type of agreements that bill people, with what they use.
const ALL_IN_TYPE: &str = "Managed, all-in";
/// The type of agreements that bill in arrears.
pub(crate) const ARREARS_TYPE: &str = "Managed services, in arrears";
const BASE: &str = "/v4_6_release/apis/3.0";
const PAGE_SIZE: u64 = 25;
const PAGE_SIZE_MAX: u64 = 1_000;

pub(crate) struct ConnectWise {
    pub(crate) world: World,
    pub(crate) next_invoice: Date,
}

impl Vendor for ConnectWise {
    fn is_token_call(&self, _path: &str) -> bool {
        false
    }

    fn token(&self, _call: &Call, _number: u64) -> Reply {
        self.refusal()
    }

    fn admits(&self, call: &Call) -> Option<String> {
        let user = format!("{COMPANY}+{}", secret(CONNECTWISE, "public_key"));
        let pair = format!("{user}:{}", secret(CONNECTWISE, "private_key"));
        let good = call.header("authorization") == format!("Basic {}", STANDARD.encode(pair))
            && call.header("clientid") == secret(CONNECTWISE, "client_id");
        (good || call.path.starts_with("/login/companyinfo/")).then(String::new)
    }

    fn answer(&self, call: &Call, _scope: &str) -> Reply {
        if let Some(company) = call.path.strip_prefix("/login/companyinfo/") {
            return companyinfo(company);
        }
        let Some(path) = call.path.strip_prefix(BASE) else {
            let text = "Cannot route. Codebase/company is invalid".to_owned();
            return Reply { status: 404, headers: vec![("content-type", "text/plain".to_owned())], body: text };
        };
        match path.trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            ["system", "info"] => Reply::json(system_info()),
            ["company", "companies"] => {
                self.page(call, self.companies(call), |n| self.world.company(n).map(|one| company(&one, &call.origin)))
            }
            ["company", "companies", "count"] => count(self.companies(call)),
            ["finance", "billingCycles"] => self
                .page(call, Cycle::ALL.len() as u64, |n| Cycle::ALL.get(usize::try_from(n).ok()?).map(|c| cycle(*c))),
            ["finance", "agreements"] if matches!(call.twist, Twist::ForeignNextLink(_)) => elsewhere(call),
            ["finance", "agreements"] => self.page(call, self.agreements(call), |n| {
                self.world.agreement(n).map(|one| self.agreement(&one, &call.origin))
            }),
            ["finance", "agreementrecap"] => self.page(call, self.agreements(call), |n| {
                let agreement = self.world.agreement(n)?;
                Some(
                    Object::new()
                        .raw("id", agreement.id)
                        .raw("nextInvoiceAmount", double(next_invoice(&agreement)))
                        .end(),
                )
            }),
            ["finance", "agreements", "count"] => count(self.agreements(call)),
            ["finance", "agreements", id, rest @ ..] => {
                match id.parse().ok().and_then(|id| self.world.agreement_by_id(id)) {
                    Some(agreement) => self.additions(call, &agreement, rest),
                    None => not_found("Agreement"),
                }
            }
            _ => not_found("Route"),
        }
    }

    fn refusal(&self) -> Reply {
        Reply::status(
            401,
            r#"{"code":"Unauthorized","message":"Please use a valid API key.","errors":null}"#.to_owned(),
        )
    }
}

impl ConnectWise {
    /// The only condition that is honoured: deleted companies are left out.
    fn companies(&self, call: &Call) -> u64 {
        let conditions: String = call.param("conditions").unwrap_or_default().split_whitespace().collect();
        if conditions.eq_ignore_ascii_case("deletedFlag=false") {
            self.world.live_company_count()
        } else {
            self.world.company_count()
        }
    }

    fn agreements(&self, call: &Call) -> u64 {
        if call.twist == Twist::EmptyList { 0 } else { self.world.agreement_count() }
    }

    fn additions(&self, call: &Call, agreement: &Agreement, rest: &[&str]) -> Reply {
        let additions = &agreement.additions;
        match rest {
            [] => Reply::json(self.agreement(agreement, &call.origin)),
            ["additions"] => self.page(call, additions.len() as u64, |n| {
                additions.get(usize::try_from(n).ok()?).map(|one| addition(one, agreement))
            }),
            ["additions", "count"] => count(additions.len() as u64),
            _ => not_found("Route"),
        }
    }

    /// One page of a list, with a `Link` header where there are more.
    fn page(&self, call: &Call, rows: u64, row: impl Fn(u64) -> Option<String>) -> Reply {
        let mut size = call.number("pageSize", PAGE_SIZE, PAGE_SIZE_MAX).max(1);
        let mut page = call.number("page", 1, u64::MAX).max(1);
        if call.twist == Twist::RepeatedPage {
            (size, page) = (size.min(rows.div_ceil(2)).max(1), 1);
        }
        let first = (page - 1).saturating_mul(size);
        let body = array((first..rows.min(first.saturating_add(size))).filter_map(row));
        let asked = call.number("page", 1, u64::MAX).max(1);
        let next = format!("{}?pageSize={size}&page={}", call.path, asked + 1);
        match &call.twist {
            Twist::ForeignNextLink(url) => Reply::json(body).with("link", format!("<{url}{next}>; rel=\"next\"")),
            Twist::RepeatedPage => Reply::json(body).with("link", format!("<{}{next}>; rel=\"next\"", call.origin)),
            _ if first.saturating_add(size) < rows => {
                Reply::json(body).with("link", format!("<{}{next}>; rel=\"next\"", call.origin))
            }
            _ => Reply::json(body),
        }
    }

    fn agreement(&self, agreement: &Agreement, origin: &str) -> String {
        let company = self.world.company_by_id(agreement.company_id);
        let currency = company.as_ref().map_or("GBP", |one| one.currency);
        let company = reference(agreement.company_id, company.as_ref().map_or("", |one| &one.name));
        let bill_to = agreement.bill_to.map_or_else(|| company.clone(), |id| reference(id, ""));
        Object::new()
            .raw("id", agreement.id)
            .text("name", &agreement.name)
            .raw("type", agreement_type(agreement))
            .raw("company", &company)
            .raw("billToCompany", &bill_to)
            .text("startDate", &midnight(agreement.start))
            .text_if("endDate", agreement.end.map(midnight).as_deref())
            .raw("noEndingDateFlag", agreement.end.is_none())
            .raw("cancelledFlag", false)
            .raw("oneTimeFlag", agreement.is_one_time)
            .raw("billOneTimeFlag", false)
            .raw("billAmount", double(agreement.amount))
            .text("billStartDate", &midnight(agreement.start))
            .raw("billingCycle", cycle_reference(agreement.cycle))
            .text("invoicingCycle", "CalendarYear")
            .text("periodType", if agreement.arrears { "Current" } else { "Future" })
            .text_if("nextInvoiceDate", agreement.end.is_none().then(|| midnight(self.next_invoice)).as_deref())
            .raw("prorateFlag", agreement.prorates)
            .raw("invoiceProratedAdditionsFlag", false)
            .text("agreementStatus", if agreement.end.is_none() { "Active" } else { "Expired" })
            .text("applicationUnits", "Hours")
            .raw("currency", currency_reference(currency))
            .text("internalNotes", "tc-canary-note: not needed for billing")
            .text("aFieldOfTheNextVersion", "unknown")
            .raw("_info", info(origin, "finance/agreements", agreement.id))
            .end()
    }
}

/// Clients that count pages by themselves see no link, but they see this.
fn elsewhere(call: &Call) -> Reply {
    match &call.twist {
        Twist::ForeignNextLink(url) => Reply::redirect(&format!("{url}{}", call.path)),
        _ => not_found("Route"),
    }
}

fn company(company: &Company, origin: &str) -> String {
    Object::new()
        .raw("id", company.id)
        .text("identifier", &format!("C{:05}", company.id))
        .text("name", &company.name)
        .raw("status", r#"{"id":1,"name":"Active"}"#)
        .raw("deletedFlag", company.deleted)
        .raw("types", format_args!(r#"[{{"id":1,"name":"{}"}}]"#, company.kind))
        .raw("isVendorFlag", company.kind == "Vendor")
        .raw("currency", currency_reference(company.currency))
        .raw("annualRevenue", "0.0")
        .text("phoneNumber", "tc-canary-phone")
        .raw("_info", info(origin, "company/companies", company.id))
        .end()
}

fn addition(addition: &Addition, agreement: &Agreement) -> String {
    let (product_id, description) = catalogue_item(addition.product);
    let extended = (addition.quantity * addition.unit_price).normalize();
    Object::new()
        .raw("id", addition.id)
        .raw("product", Object::new().raw("id", product_id).text("identifier", addition.product).end())
        .raw("quantity", double(addition.quantity))
        .raw_if("lessIncluded", addition.less_included.map(double))
        .raw("unitPrice", double(addition.unit_price))
        .text("billCustomer", addition.billing_status)
        .text_if("effectiveDate", addition.from.map(midnight).as_deref())
        .text_if("cancelledDate", addition.to.map(midnight).as_deref())
        .raw("taxableFlag", true)
        .text("description", description)
        .raw("agreementId", agreement.id)
        .raw("extPrice", double(extended))
        .raw("sequenceNumber", "1.0")
        .raw("prorateCurrentPeriodFlag", false)
        .text("agreementStatus", "Active")
        .raw("anotherNewField", "{\"deep\":[1,2,3]}")
        .raw("_info", Object::new().text("lastUpdated", "2026-01-15T14:09:53Z").text("updatedBy", "jharper").end())
        .end()
}

/// What it bills for the coming cycle, by itself and by the lines that stand.
fn next_invoice(agreement: &Agreement) -> Decimal {
    let standing = agreement.additions.iter().filter(|one| one.to.is_none() && one.billing_status == "Billable");
    let lines = standing.map(|one| (one.quantity - one.less_included.unwrap_or_default()) * one.unit_price);
    (agreement.amount + lines.sum::<Decimal>()).normalize()
}

fn agreement_type(agreement: &Agreement) -> String {
    let (id, name) = match (agreement.is_all_in, agreement.arrears) {
        (true, _) => (9, ALL_IN_TYPE),
        (_, true) => (8, ARREARS_TYPE),
        _ => (7, USUAL_TYPE),
    };
    Object::new().raw("id", id).text("name", name).end()
}

fn cycle(cycle: Cycle) -> String {
    Object::new()
        .raw("id", cycle.id())
        .text("identifier", &cycle.name()[..1])
        .text("name", cycle.name())
        .raw("defaultFlag", cycle == Cycle::Monthly)
        .text("billingOptions", cycle.name())
        .end()
}

fn cycle_reference(cycle: Cycle) -> String {
    Object::new().raw("id", cycle.id()).text("name", cycle.name()).end()
}

fn currency_reference(code: &str) -> String {
    Object::new().raw("id", 1).text("currencyCode", code).raw("numberOfDecimals", 2).text("name", code).end()
}

fn reference(id: u64, name: &str) -> String {
    Object::new().raw("id", id).text("identifier", &format!("C{id:05}")).text("name", name).end()
}

fn info(origin: &str, list: &str, id: u64) -> String {
    Object::new().text("lastUpdated", "2026-01-15T14:09:53Z").text("href", &format!("{origin}{BASE}/{list}/{id}")).end()
}

fn count(rows: u64) -> Reply {
    Reply::json(format!("{{\"count\":{rows}}}"))
}

fn companyinfo(company: &str) -> Reply {
    if company != COMPANY {
        return Reply::json("null".to_owned());
    }
    let body = Object::new()
        .text("CompanyName", "Northgate IT")
        .text("Codebase", "v4_6_release/")
        .text("VersionCode", "v2025.1")
        .text("CompanyID", COMPANY)
        .raw("IsCloud", false)
        .end();
    Reply::json(body)
}

fn system_info() -> String {
    Object::new()
        .text("version", "v2025.1.10333")
        .raw("isCloud", false)
        .text("serverTimeZone", "GMT Standard Time")
        .text("cloudRegion", "EU")
        .end()
}

fn not_found(what: &str) -> Reply {
    Reply::status(404, Object::new().text("code", "NotFound").text("message", &format!("{what} not found")).end())
}

fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}
