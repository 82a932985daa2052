//! Microsoft Graph and its login as they answer: a token per customer tenant, `@odata.nextLink`, and the two
//! refusals that MSPs meet: a tenant that withdrew its consent, and sign-in times without Entra P1.

use super::{Call, Reply, Twist, Vendor, secret, token_text};
use crate::{
    catalogue::GRAPH,
    dataset::{Tenant, TenantSku, TenantSubscription, User},
    json::{Object, array},
    world::World,
};

/// The tenant of the MSP itself.
pub(crate) const PARTNER_TENANT: &str = "7a1c0c1e-6f0e-4a0b-9d3e-0c5b1f2d3e4f";
const USERS_PAGE: usize = 100;
const USERS_PAGE_MAX: usize = 999;
const USERS_PAGE_WITH_SIGN_IN_MAX: usize = 120;

pub(crate) struct MicrosoftGraph {
    pub(crate) world: World,
}

impl Vendor for MicrosoftGraph {
    fn is_token_call(&self, path: &str) -> bool {
        path.ends_with("/oauth2/v2.0/token")
    }

    fn token(&self, call: &Call, number: u64) -> Reply {
        let tenant = call.path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let good = call.form("grant_type").as_deref() == Some("client_credentials")
            && call.form("client_id") == Some(secret(GRAPH, "client_id"))
            && call.form("client_secret") == Some(secret(GRAPH, "client_secret"))
            && call.form("scope").is_some_and(|scope| scope.ends_with("/.default"));
        if !good {
            return login_error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
        }
        if tenant != PARTNER_TENANT && self.tenant(tenant).is_none() {
            return login_error(400, "invalid_request", "AADSTS90002: Tenant not found.");
        }
        let body = Object::new()
            .text("token_type", "Bearer")
            .raw("expires_in", 3_599)
            .raw("ext_expires_in", 3_599)
            .text("access_token", &token_text(GRAPH, tenant, number));
        Reply::json(body.end())
    }

    fn admits(&self, call: &Call) -> Option<String> {
        call.bearer(GRAPH)
    }

    fn answer(&self, call: &Call, scope: &str) -> Reply {
        let Some(path) = call.path.strip_prefix("/v1.0") else { return not_found() };
        if scope == PARTNER_TENANT {
            return self.partner(call, path);
        }
        let Some(tenant) = self.tenant(scope) else { return self.refusal() };
        if tenant.forbidden {
            return error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
        }
        match path {
            "/organization" => {
                let row = Object::new().text("id", &tenant.id).text("displayName", &tenant.name).end();
                list(call, "organization", vec![row], USERS_PAGE)
            }
            "/subscribedSkus" => {
                list(call, "subscribedSkus", tenant.skus.iter().map(|s| sku(tenant, s)).collect(), 999)
            }
            "/directory/subscriptions" => {
                let each =
                    |s: &TenantSku| s.subscriptions.iter().map(|one| subscription(tenant, s, one)).collect::<Vec<_>>();
                list(call, "directory/subscriptions", tenant.skus.iter().flat_map(each).collect(), 999)
            }
            "/users" => users(call, tenant),
            _ => not_found(),
        }
    }

    fn refusal(&self) -> Reply {
        error(401, "InvalidAuthenticationToken", "Access token is empty or has expired.")
    }
}

impl MicrosoftGraph {
    fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.world.held()?.tenants.iter().find(|one| one.id == id)
    }

    /// What the MSP's own tenant knows of its customers.
    fn partner(&self, call: &Call, path: &str) -> Reply {
        let tenants = self.world.held().map_or(&[][..], |dataset| &dataset.tenants);
        match path {
            "/tenantRelationships/delegatedAdminCustomers" => {
                let row = |one: &Tenant| {
                    Object::new().text("id", &one.id).text("tenantId", &one.id).text("displayName", &one.name).end()
                };
                list(call, "tenantRelationships/delegatedAdminCustomers", tenants.iter().map(row).collect(), USERS_PAGE)
            }
            "/contracts" => {
                let row = |one: &Tenant| {
                    let domain = format!("{}.onmicrosoft.example", &one.id[..8]);
                    Object::new()
                        .text("id", &one.id)
                        .text("customerId", &one.id)
                        .text("contractType", "ResellerPartnerContract")
                        .text("displayName", &one.name)
                        .text("defaultDomainName", &domain)
                        .end()
                };
                list(call, "contracts", tenants.iter().map(row).collect(), USERS_PAGE)
            }
            _ => not_found(),
        }
    }
}

/// Users; the row at the end of a page comes again at the head of the next, as it does when a directory changes
/// under the reader.
fn users(call: &Call, tenant: &Tenant) -> Reply {
    let is_selected =
        |field: &str| call.param("$select").is_some_and(|fields| fields.split(',').any(|one| one == field));
    let with_sign_in = is_selected("signInActivity");
    let with_addresses = is_selected("mail") && is_selected("proxyAddresses");
    if with_sign_in && !tenant.premium {
        let message = "Neither tenant is B2C or tenant doesn't have premium license";
        return error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", message);
    }
    let most = if with_sign_in { USERS_PAGE_WITH_SIGN_IN_MAX } else { USERS_PAGE_MAX };
    let asked = call.param("$top").and_then(|text| text.parse().ok()).unwrap_or(USERS_PAGE);
    let mut rows: Vec<String> = tenant.users.iter().map(|one| user(one, with_sign_in, with_addresses)).collect();
    let size = asked.clamp(1, most);
    if rows.len() > size {
        rows.insert(size, rows[size - 1].clone());
    }
    list(call, "users", rows, size)
}

/// A page of a list, with the link to the next.
fn list(call: &Call, of: &str, rows: Vec<String>, size: usize) -> Reply {
    let is_items = matches!(of, "subscribedSkus" | "directory/subscriptions" | "users");
    let rows = if call.twist == Twist::EmptyList && is_items { Vec::new() } else { rows };
    let skip: usize = call.param("$skiptoken").and_then(|text| text.parse().ok()).unwrap_or(0);
    let own = |to: usize| {
        let kept: String = call
            .query
            .iter()
            .filter(|(key, _)| key != "$skiptoken")
            .map(|(key, value)| format!("{}={}&", escape(key), escape(value)))
            .collect();
        format!("{}{}?{kept}%24skiptoken={to}", call.origin, call.path)
    };
    let next = match &call.twist {
        Twist::ForeignNextLink(url) => Some(format!("{url}{}", call.path)),
        Twist::RepeatedPage => Some(own(0)),
        _ => (skip + size < rows.len()).then(|| own(skip + size)),
    };
    let context = format!("{}/v1.0/$metadata#{of}", call.origin);
    let body = Object::new()
        .text("@odata.context", &context)
        .text_if("@odata.nextLink", next.as_deref())
        .raw("value", array(rows.into_iter().skip(skip).take(size)));
    Reply::json(body.end())
}

fn sku(tenant: &Tenant, sku: &TenantSku) -> String {
    let seats = |status: &str| -> u64 {
        sku.subscriptions.iter().filter(|one| one.status == status).map(|one| one.seats).sum()
    };
    let prepaid = Object::new()
        .raw("enabled", seats("Enabled"))
        .raw("suspended", seats("Suspended"))
        .raw("warning", seats("Warning"))
        .raw("lockedOut", 0)
        .end();
    let ids = array(sku.subscriptions.iter().map(|one| format!("\"{}\"", one.id)));
    Object::new()
        .text("accountName", "")
        .text("id", &format!("{}_{}", tenant.id, sku.sku_id))
        .text("appliesTo", "User")
        .text("capabilityStatus", "Enabled")
        .raw("consumedUnits", sku.consumed)
        .raw("prepaidUnits", prepaid)
        .raw("servicePlans", r#"[{"servicePlanId":"8c098270-0000-4430-9b30-000000000000","servicePlanName":"PLAN"}]"#)
        .text("skuId", sku.sku_id)
        .text("skuPartNumber", sku.part_number)
        .raw("subscriptionIds", ids)
        .end()
}

fn subscription(tenant: &Tenant, sku: &TenantSku, one: &TenantSubscription) -> String {
    Object::new()
        .text("createdDateTime", "2025-01-01T00:00:00Z")
        .text("commerceSubscriptionId", &one.id)
        .text("id", &one.id)
        .raw("isTrial", one.trial)
        .text("nextLifecycleDateTime", "2027-01-01T00:00:00Z")
        .text("skuId", sku.sku_id)
        .text("skuPartNumber", sku.part_number)
        .text("status", one.status)
        .raw("totalLicenses", one.seats)
        .text("ownerTenantId", if one.is_own { &tenant.id } else { PARTNER_TENANT })
        .text("ownerType", "User")
        .end()
}

fn user(user: &User, with_sign_in: bool, with_addresses: bool) -> String {
    let licence = |id: &&'static str| Object::new().raw("disabledPlans", "[]").text("skuId", id).end();
    // The first licence comes by a group and directly: one seat all the same.
    let state = |id: &&'static str| {
        let direct = Object::new()
            .text("skuId", id)
            .raw("assignedByGroup", "null")
            .text("state", "Active")
            .text("error", "None");
        direct.end()
    };
    let by_group = user.sku_ids.first().map(|id| {
        let group = "0a0a0a0a-1111-4222-8333-444455556666";
        Object::new()
            .text("skuId", id)
            .text("assignedByGroup", group)
            .text("state", "Active")
            .text("error", "None")
            .end()
    });
    let sign_in = user.last_sign_in.map(|at| {
        let at = format!("{}Z", at.to_string().trim_end_matches('Z').split('.').next().unwrap_or_default());
        Object::new()
            .text("lastSignInDateTime", &at)
            .text("lastSignInRequestId", "d4d31c40-0000-4775-ad59-000000000000")
            .text("lastNonInteractiveSignInDateTime", "0001-01-01T00:00:00Z")
            .text("lastSuccessfulSignInDateTime", &at)
            .end()
    });
    let address = format!("{}@client.example", user.name);
    let addresses = format!(r#"["SMTP:{address}","smtp:{}@alias.client.example"]"#, user.name);
    Object::new()
        .text("id", &user.id)
        .text("userPrincipalName", &address)
        .raw_if("mail", with_addresses.then(|| format!("\"{address}\"")))
        .raw_if("proxyAddresses", with_addresses.then_some(addresses))
        .raw("accountEnabled", user.enabled)
        .text("userType", if user.guest { "Guest" } else { "Member" })
        .text("createdDateTime", "2024-03-05T09:00:00Z")
        .raw("assignedLicenses", array(user.sku_ids.iter().map(licence)))
        .raw("licenseAssignmentStates", array(user.sku_ids.iter().map(state).chain(by_group)))
        .raw_if("signInActivity", sign_in.filter(|_| with_sign_in))
        .end()
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let inner = r#"{"date":"2026-01-02T14:32:39","request-id":"2501535b-0000-43e3-87db-000000000000"}"#;
    let error = Object::new().text("code", code).text("message", message).raw("innerError", inner).end();
    Reply::status(status, Object::new().raw("error", error).end())
}

fn login_error(status: u16, code: &str, description: &str) -> Reply {
    Reply::status(status, Object::new().text("error", code).text("error_description", description).end())
}

fn not_found() -> Reply {
    error(404, "Request_ResourceNotFound", "Resource not found for the segment.")
}

fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}
