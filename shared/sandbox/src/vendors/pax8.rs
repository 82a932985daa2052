//! Pax8 as it answers: pages from 0 with totals, floats for money, dates in several spellings.

use super::{Call, Reply, Twist, Vendor, secret, token_text};
use crate::{
    catalogue::{PAX_PRODUCTS, PAX8, PaxProduct},
    dataset::{Dataset, PaxCompany, PaxSubscription},
    json::{Object, array, double},
    world::World,
};
use rust_decimal::Decimal;

const PAGE_SIZE: u64 = 10;
const PAGE_SIZE_MAX: u64 = 200;

pub(crate) struct Pax8 {
    pub(crate) world: World,
}

impl Vendor for Pax8 {
    fn is_token_call(&self, path: &str) -> bool {
        path == "/v1/token"
    }

    fn token(&self, call: &Call, number: u64) -> Reply {
        #[derive(serde::Deserialize)]
        struct Asked {
            client_id: String,
            client_secret: String,
            audience: String,
            grant_type: String,
        }
        let good = serde_json::from_slice::<Asked>(&call.body).is_ok_and(|asked| {
            asked.client_id == secret(PAX8, "client_id")
                && asked.client_secret == secret(PAX8, "client_secret")
                && asked.audience == "https://api.pax8.com"
                && asked.grant_type == "client_credentials"
        });
        if !good {
            return self.refusal();
        }
        let body = Object::new()
            .text("access_token", &token_text(PAX8, "-", number))
            .raw("expires_in", 86_400)
            .text("token_type", "Bearer");
        Reply::json(body.end())
    }

    fn admits(&self, call: &Call) -> Option<String> {
        call.bearer(PAX8)
    }

    fn answer(&self, call: &Call, _scope: &str) -> Reply {
        let nothing = Dataset::default();
        let dataset = self.world.held().unwrap_or(&nothing);
        match call.path.as_str() {
            "/v1/companies" => page(call, dataset.pax_companies.iter().map(company).collect()),
            "/v1/products" => page(call, PAX_PRODUCTS.iter().map(product).collect()),
            "/v1/subscriptions" => match &call.twist {
                Twist::EmptyList => page(call, Vec::new()),
                Twist::ForeignNextLink(url) => Reply::redirect(&format!("{url}{}", call.path)),
                _ => {
                    let wanted = |row: &&PaxSubscription| {
                        call.param("companyId").is_none_or(|id| id == row.company_id)
                            && call.param("status").is_none_or(|status| status == row.status)
                    };
                    page(call, dataset.pax_subscriptions.iter().filter(wanted).map(subscription).collect())
                }
            },
            path => match path.strip_prefix("/v1/products/") {
                Some(id) => match PAX_PRODUCTS.iter().find(|one| one.id == id) {
                    Some(one) => Reply::json(product(one)),
                    None => error(404, "product not found", path),
                },
                None => error(404, "no such resource", path),
            },
        }
    }

    fn refusal(&self) -> Reply {
        error(401, "Unauthorized", "")
    }
}

fn page(call: &Call, rows: Vec<String>) -> Reply {
    let mut size = call.number("size", PAGE_SIZE, PAGE_SIZE_MAX).max(1);
    let asked = call.number("page", 0, u64::MAX);
    let mut number = asked;
    let total = rows.len() as u64;
    if call.twist == Twist::RepeatedPage {
        (size, number) = (size.min(total.div_ceil(2)).max(1), 0);
    }
    let skip = usize::try_from(number.saturating_mul(size)).unwrap_or(usize::MAX);
    let content = array(rows.into_iter().skip(skip).take(usize::try_from(size).unwrap_or(0)));
    let page = Object::new()
        .raw("size", size)
        .raw("totalElements", total)
        .raw("totalPages", total.div_ceil(size))
        .raw("number", asked)
        .end();
    Reply::json(Object::new().raw("content", content).raw("page", page).end())
}

fn company(company: &PaxCompany) -> String {
    Object::new()
        .text("id", &company.id)
        .text("name", &company.name)
        .raw("address", r#"{"street":"tc-canary-street","city":"Leeds","postalCode":"LS1 1AA","country":"GB"}"#)
        .text("phone", "tc-canary-phone")
        .text("website", "https://client.example")
        .text("status", "Active")
        .raw("selfServiceAllowed", false)
        .raw("billOnBehalfOfEnabled", false)
        .raw("orderApprovalRequired", false)
        .text("updatedDate", "2026-02-11T11:33:12.314-0700")
        .end()
}

fn product(product: &PaxProduct) -> String {
    Object::new()
        .text("id", product.id)
        .text("name", product.name)
        .text("vendorName", product.vendor)
        .text("sku", product.sku)
        .text("vendorSku", product.vendor_sku)
        .raw("requiresCommitment", false)
        .end()
}

fn subscription(row: &PaxSubscription) -> String {
    let product = &PAX_PRODUCTS[row.product];
    let cost = Decimal::new(product.cost, 4);
    let commitment = row.commitment.map_or_else(
        || "null".to_owned(),
        |(term, until)| Object::new().text("term", term).text("endDate", &until.to_string()).end(),
    );
    Object::new()
        .text("id", &row.id)
        .text("companyId", &row.company_id)
        .text("productId", product.id)
        .text("productName", product.name)
        .text("vendorSkuId", product.vendor_sku)
        .raw("quantity", double(Decimal::from(row.quantity)))
        .text("startDate", &format!("{}T08:30:00Z", row.created))
        .text("createdDate", &row.created.to_string())
        .text("billingStart", &row.created.to_string())
        .text("updatedDate", &format!("{}T13:20:13.153-0700", row.created))
        .text("status", row.status)
        .raw("price", double(cost * Decimal::TWO))
        .raw("partnerCost", double(cost))
        .text("currencyCode", "GBP")
        .text("billingTerm", row.billing_term)
        .raw("commitmentTerm", commitment)
        .text("aFieldOfTheNextVersion", "unknown")
        .end()
}

fn error(status: u16, message: &str, instance: &str) -> Reply {
    let body = Object::new()
        .text("type", "ERROR")
        .text("message", message)
        .text("instance", instance)
        .raw("status", status)
        .raw("details", "[]")
        .end();
    Reply::status(status, body)
}
