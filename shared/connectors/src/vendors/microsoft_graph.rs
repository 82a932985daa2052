//! Microsoft 365, one customer tenant after the other: subscriptions as bought, and users with their licences.
//!
//! An item of kind `user` is one licence of one user: its id is the user's id, a colon and the SKU's id, so that a
//! user with two licences is two items and one licence given twice (directly and by a group) is one. An item of
//! kind `subscription` has the seats bought.
//!
//! Not read: prices, terms, mailboxes, groups; the partner's own billing exports.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{
    AccountId, Identities, ItemId, ItemState, LeftOutReason, Quantity, ReadReason, Side, Unit, UsageItem,
};

use super::{host, own, pace, refuse, url};
use crate::{
    auth::{Auth, TokenAuth, TokenStyle},
    connector::{Connector, Endpoint, Page, PageError, Refusal, Request, SettingsError},
    pace::RateLimit,
    reading::SnapshotBuilder,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    values::{amount, bad_field, moment, parse, wrong},
};

const NAME: &str = "microsoft-graph";
const TENANTS_MAX: usize = 50_000;
/// Addresses kept of one user.
const MAIL_ADDRESSES_MAX: usize = 20;

/// Subscriptions and licensed users of Microsoft 365 tenants.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "Microsoft 365",
    gives: "subscriptions of each customer tenant, and users with their licences",
    sides: &[Side::Used, Side::Purchased],
    side_option: None,
    category: Category::Productivity,
    cardinality: Cardinality::OneAccountPerClient,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    left_out: &[
        LeftOutReason::AssignmentError,
        LeftOutReason::Deleted,
        LeftOutReason::Disabled,
        LeftOutReason::LockedOut,
        LeftOutReason::Suspended,
        LeftOutReason::Trial,
    ],
    make,
};

const SECRET: &[&str] = &["client_id", "client_secret"];

const OPTIONS: &str = r#"# One of the two: the tenants by id and name, or your own tenant, whose delegated customers are then asked for.
tenants = [{ id = "8f2b3c1a-0000-4000-8000-000000000001", name = "Contoso Dental" }]
# partner_tenant = "8f2b3c1a-0000-4000-8000-0000000000ff"
# sign_in_activity = true  # when users last signed in; a tenant without Entra ID P1 is asked again without it
# base_url = "https://graph.microsoft.com"
# login_url = "https://login.microsoftonline.com"
# requests_per_minute = 600
# concurrency = 4
"#;

/// Fields that billing does not need: a user's private details, and parts of services. What identifies the user (id,
/// sign-in name, addresses) is kept.
const REDACTED_FIELDS: &[&str] = &[
    "accountId",
    "businessPhones",
    "disabledPlans",
    "givenName",
    "jobTitle",
    "lastNonInteractiveSignInRequestId",
    "lastSignInRequestId",
    "lastSuccessfulSignInRequestId",
    "mobilePhone",
    "officeLocation",
    "otherMails",
    "ownerId",
    "servicePlans",
    "serviceStatus",
    "surname",
];

const SKUS: &str = "/v1.0/subscribedSkus?$select=skuId,skuPartNumber,appliesTo,capabilityStatus,consumedUnits,\
    prepaidUnits,subscriptionIds";
const SUBSCRIPTIONS: &str = "/v1.0/directory/subscriptions";
const CUSTOMERS: &str = "/v1.0/tenantRelationships/delegatedAdminCustomers?$select=tenantId,displayName";
const USERS: &str = "/v1.0/users?$top=120&$select=id,userPrincipalName,mail,proxyAddresses,accountEnabled,userType,\
    assignedLicenses,licenseAssignmentStates,createdDateTime,signInActivity";
const USERS_PLAIN: &str = "/v1.0/users?$top=999&$select=id,userPrincipalName,mail,proxyAddresses,accountEnabled,\
    userType,assignedLicenses,licenseAssignmentStates,createdDateTime";
/// The code of the 403 that a tenant without Entra ID P1 gives to a question for sign-ins.
const NO_PREMIUM: &str = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    tenants: Vec<Tenant>,
    partner_tenant: Option<String>,
    #[serde(default = "yes")]
    sign_in_activity: bool,
    #[serde(default = "default_base")]
    base_url: String,
    #[serde(default = "default_login")]
    login_url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tenant {
    id: String,
    name: String,
}

fn yes() -> bool {
    true
}

fn default_base() -> String {
    "https://graph.microsoft.com".into()
}

fn default_login() -> String {
    "https://login.microsoftonline.com".into()
}

/// Microsoft Graph, for some tenants.
struct MicrosoftGraph {
    endpoint: Endpoint,
    tenants: Vec<(AccountId, String)>,
    partner_tenant: Option<String>,
    users: (&'static str, &'static str),
}

fn make(options: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    let mut options = options.clone();
    let pace = pace(NAME, &mut options, RateLimit { requests_per_minute: 600, burst: 60, concurrency: 4 })?;
    let options: Options = own(NAME, options)?;
    let base = host(NAME, "base_url", &options.base_url)?;
    let login = url(NAME, "login_url", &options.login_url)?;
    if options.tenants.is_empty() == options.partner_tenant.is_none() {
        return Err(refuse(NAME, "name either `tenants` or `partner_tenant`"));
    }
    if options.tenants.len() > TENANTS_MAX {
        return Err(refuse(NAME, format!("more than {TENANTS_MAX} tenants")));
    }
    let mut tenants = Vec::new();
    for tenant in options.tenants {
        if !is_tenant(&tenant.id) {
            return Err(refuse(NAME, format!("the id of tenant `{}` is not a tenant id", tenant.name.escape_debug())));
        }
        let id = AccountId::new(&tenant.id).map_err(|error| refuse(NAME, error.to_string()))?;
        tenants.push((id, tenant.name));
    }
    if options.partner_tenant.as_deref().is_some_and(|id| !is_tenant(id)) {
        return Err(refuse(NAME, "`partner_tenant` is not a tenant id"));
    }
    let scope = format!("{}/.default", base.as_str().trim_end_matches('/'));
    let auth = Auth {
        token: Some(TokenAuth {
            path: format!("{}/{{scope}}/oauth2/v2.0/token", login.path().trim_end_matches('/')),
            base: login,
            style: TokenStyle::Form,
            client_id: "{client_id}".into(),
            client_secret: "{client_secret}".into(),
            fields: vec![("scope", scope)],
        }),
        ..Auth::default()
    };
    let users = if options.sign_in_activity { ("users", USERS) } else { ("users_plain", USERS_PLAIN) };
    Ok(Box::new(MicrosoftGraph {
        endpoint: Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS },
        tenants,
        partner_tenant: options.partner_tenant,
        users,
    }))
}

#[derive(Deserialize)]
struct List<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    tenant_id: String,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sku {
    sku_id: String,
    sku_part_number: Option<String>,
    applies_to: Option<String>,
    consumed_units: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    id: String,
    sku_id: Option<String>,
    sku_part_number: Option<String>,
    #[serde(borrow)]
    total_licenses: Option<&'a RawValue>,
    status: Option<String>,
    is_trial: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    user_principal_name: Option<String>,
    account_enabled: Option<bool>,
    #[serde(default)]
    assigned_licenses: Vec<Licence>,
    #[serde(default)]
    license_assignment_states: Vec<Assignment>,
    created_date_time: Option<String>,
    mail: Option<String>,
    proxy_addresses: Option<Vec<String>>,
    sign_in_activity: Option<SignIns>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Licence {
    sku_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    sku_id: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIns {
    last_successful_sign_in_date_time: Option<String>,
    last_sign_in_date_time: Option<String>,
    last_non_interactive_sign_in_date_time: Option<String>,
}

impl Connector for MicrosoftGraph {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        Some(&self.endpoint)
    }

    fn start(&self) -> Vec<Request> {
        let partner = self.partner_tenant.iter().map(|id| Request::new("customers", CUSTOMERS).within(id));
        let tenants = self.tenants.iter().map(|(id, _)| first_of(id));
        partner.chain(tenants).collect()
    }

    /// Of each tenant: SKUs (for their names), subscriptions, users, each to its end.
    fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        let step = page.ask.step.as_ref();
        if step == "customers" {
            let list: List<Customer> = parse(page)?;
            let mut asks: Vec<Request> = list.next_link.map(|link| page.ask.next(link)).into_iter().collect();
            for customer in list.value {
                asks.push(first_of(&tenant_of(page, &customer)?));
            }
            return Ok(asks);
        }
        let list: List<serde::de::IgnoredAny> = parse(page)?;
        if let Some(link) = list.next_link {
            return Ok(vec![page.ask.next(link)]);
        }
        Ok(match step {
            "skus" => vec![page.ask.then("subscriptions", SUBSCRIPTIONS)],
            "subscriptions" => vec![page.ask.then(self.users.0, self.users.1)],
            _ => vec![],
        })
    }

    /// A tenant that may not be asked for sign-ins is asked for its users without them: unknown, never inactive.
    fn instead(&self, ask: &Request, refusal: &Refusal) -> Option<Vec<Request>> {
        let no_sign_ins = refusal.status == 403 && refusal.code.as_deref() == Some(NO_PREMIUM);
        (ask.step == "users" && ask.page == 0 && no_sign_ins).then(|| vec![ask.then("users_plain", USERS_PLAIN)])
    }

    fn begin(&self, reading: &mut SnapshotBuilder) {
        for (id, name) in &self.tenants {
            reading.account(id, name);
        }
    }

    fn read(&self, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
        let step = page.ask.step.as_ref();
        if step == "customers" {
            for customer in parse::<List<Customer>>(page)?.value {
                let id = tenant_of(page, &customer)?;
                reading.account(&id, customer.display_name.as_deref().unwrap_or(id.as_str()));
            }
            return Ok(());
        }
        let Some(tenant) = &page.ask.account else { return Err(wrong(page, "belongs to no tenant")) };
        match step {
            "skus" => parse::<List<Sku>>(page)?.value.into_iter().for_each(|sku| read_sku(tenant, sku, reading)),
            "subscriptions" => {
                for subscription in parse::<List<Subscription<'_>>>(page)?.value {
                    read_subscription(page, tenant, subscription, reading)?;
                }
            }
            "users" | "users_plain" => {
                for user in parse::<List<User>>(page)?.value {
                    read_user(page, tenant, user, reading)?;
                }
            }
            _ => return Err(wrong(page, "belongs to no step that this connector knows")),
        }
        Ok(())
    }
}

fn first_of(tenant: &AccountId) -> Request {
    Request::new("skus", SKUS).about(tenant.clone()).within(tenant.as_str())
}

fn tenant_of(page: &Page, customer: &Customer) -> Result<AccountId, PageError> {
    match AccountId::new(&customer.tenant_id) {
        Ok(id) if is_tenant(id.as_str()) => Ok(id),
        _ => Err(wrong(page, "names a tenant that is none")),
    }
}

/// The SKU's name, and how many the tenant says it has given out.
fn read_sku(tenant: &AccountId, sku: Sku, reading: &mut SnapshotBuilder) {
    match sku.applies_to.as_deref() {
        Some("User") => {
            let what = format!("users with {}", sku.sku_part_number.as_deref().unwrap_or(&sku.sku_id));
            if let Some(consumed) = sku.consumed_units {
                reading.control(tenant, &what, consumed);
            }
        }
        Some("Company") => {}
        other => reading.unknown("appliesTo", other.unwrap_or("(missing)")),
    }
    if let Some(name) = sku.sku_part_number {
        reading.remember("sku", &sku.sku_id, name);
    }
}

/// Seats that lapsed and are in their grace period (`Warning`) are still bought.
fn read_subscription(
    page: &Page,
    tenant: &AccountId,
    row: Subscription<'_>,
    reading: &mut SnapshotBuilder,
) -> Result<(), PageError> {
    let state = match row.status.as_deref() {
        Some("Enabled" | "Warning") if row.is_trial == Some(true) => ItemState::LeftOut(LeftOutReason::Trial),
        Some("Enabled" | "Warning") => ItemState::Counts,
        Some("Suspended") => ItemState::LeftOut(LeftOutReason::Suspended),
        Some("Deleted") => ItemState::LeftOut(LeftOutReason::Deleted),
        Some("LockedOut") => ItemState::LeftOut(LeftOutReason::LockedOut),
        other => reading.unknown_state("status", other),
    };
    let quantity = match amount(row.total_licenses) {
        Ok(quantity) => quantity,
        Err(why) => {
            reading.partial(tenant, bad_field("subscription", &row.id, format!("`totalLicenses` {why}")));
            None
        }
    };
    let sku = row.sku_part_number.or_else(|| row.sku_id.as_deref().map(|id| sku_name(id, reading)));
    let item = UsageItem {
        name: sku.clone(),
        sku,
        state,
        quantity: quantity.map(|amount| Quantity { amount, unit: Unit::Seat }),
        ..UsageItem::new(item_id(page, &row.id)?, "subscription")
    };
    reading.item(tenant, &item);
    Ok(())
}

/// One item per licence that the user holds. One whose user may not sign in is `disabled`: it counts as assigned, as
/// in `consumedUnits`, and not as active.
fn read_user(page: &Page, tenant: &AccountId, user: User, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
    if user.assigned_licenses.is_empty() {
        return Ok(());
    }
    let last_seen = match last_seen(page, &user) {
        Ok(moment) => moment,
        Err(why) => {
            reading.partial(
                tenant,
                ReadReason::BadField { record: "user".into(), id: None, detail: format!("a sign-in {why}") },
            );
            None
        }
    };
    let mut states: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for assignment in &user.license_assignment_states {
        if let (Some(sku), Some(state)) = (&assignment.sku_id, &assignment.state) {
            states.entry(sku).or_default().push(state);
        }
    }
    let domain = user.user_principal_name.as_deref().and_then(domain_of);
    if let Some(domain) = domain.as_deref().filter(|domain| !domain.ends_with(".onmicrosoft.com")) {
        reading.domain(tenant, domain);
    }
    // Nothing is counted by it: one that cannot be read is one that is not known.
    let first_seen = moment(user.created_date_time.as_deref()).unwrap_or_default();
    let identities = identities(&user);
    let attributes: BTreeMap<String, String> = domain.into_iter().map(|domain| ("domain".to_owned(), domain)).collect();
    for licence in &user.assigned_licenses {
        let sku = sku_name(&licence.sku_id, reading);
        reading.row(Some(tenant), &format!("users with {sku}"), &user.id);
        let held = states.get(licence.sku_id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let state = match (user.account_enabled, held_state(held, reading)) {
            (_, Some(state)) => state,
            (Some(true), None) => ItemState::Counts,
            (Some(false), None) => ItemState::LeftOut(LeftOutReason::Disabled),
            (None, None) => reading.unknown_state("accountEnabled", None),
        };
        let item = UsageItem {
            name: user.user_principal_name.clone(),
            sku: Some(sku),
            state,
            quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Seat }),
            identities: identities.clone(),
            attributes: attributes.clone(),
            first_seen,
            last_seen,
            ..UsageItem::new(item_id(page, &format!("{}:{}", user.id, licence.sku_id))?, "user")
        };
        reading.item(tenant, &item);
    }
    Ok(())
}

/// The domain of a user's address, in small letters. A guest's name hides the domain of the own address
/// (`kim_client.example#EXT#@tenant.example`): the tenant's is taken.
fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    (!domain.is_empty()).then(|| domain.to_lowercase())
}

/// Why a licence does not count, from how it was assigned; one good assignment is enough.
fn held_state(states: &[&str], reading: &mut SnapshotBuilder) -> Option<ItemState> {
    let mut held = None;
    for state in states {
        match *state {
            "Active" | "ActiveWithError" => return None,
            "Disabled" => held = Some(ItemState::LeftOut(LeftOutReason::Suspended)),
            "Error" => held = held.or(Some(ItemState::LeftOut(LeftOutReason::AssignmentError))),
            other => held = Some(reading.unknown_state("licenseAssignmentStates.state", Some(other))),
        }
    }
    held
}

/// What a user is known by: the directory's id, the name to sign in with, and every address.
fn identities(user: &User) -> Identities {
    let mut mail_addresses: Vec<String> = Vec::new();
    let smtp = user
        .proxy_addresses
        .iter()
        .flatten()
        .filter_map(|text| text.strip_prefix("smtp:").or(text.strip_prefix("SMTP:")));
    let all = user.user_principal_name.as_deref().into_iter().chain(user.mail.as_deref()).chain(smtp);
    for address in all.filter(|address| address.contains('@')) {
        if !mail_addresses.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            mail_addresses.push(address.to_owned());
        }
    }
    mail_addresses.truncate(MAIL_ADDRESSES_MAX);
    Identities { object_id: Some(user.id.clone()), mail_addresses, ..Identities::default() }
}

/// When the user last signed in; the last attempt where the tenant does not tell successes; when the user was
/// made, if nobody ever signed in. `None` only where sign-ins were not asked for.
fn last_seen(page: &Page, user: &User) -> Result<Option<Timestamp>, String> {
    let Some(activity) = &user.sign_in_activity else {
        return if page.ask.step == "users" { moment(user.created_date_time.as_deref()) } else { Ok(None) };
    };
    if let Some(success) = moment(activity.last_successful_sign_in_date_time.as_deref())? {
        return Ok(Some(success));
    }
    let attempt = moment(activity.last_sign_in_date_time.as_deref())?;
    let silent = moment(activity.last_non_interactive_sign_in_date_time.as_deref())?;
    match attempt.max(silent) {
        Some(moment) => Ok(Some(moment)),
        None => moment(user.created_date_time.as_deref()),
    }
}

fn sku_name(id: &str, reading: &SnapshotBuilder) -> String {
    reading.recall("sku", id).unwrap_or(id).to_owned()
}

fn item_id(page: &Page, text: &str) -> Result<ItemId, PageError> {
    ItemId::new(text).map_err(|error| wrong(page, format!("names something wrongly: {error}")))
}

/// A tenant's id or domain: it becomes part of the token endpoint's path.
fn is_tenant(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && !text.contains("..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}
