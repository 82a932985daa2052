//! Microsoft 365, one customer tenant after the other: subscriptions as bought, and users with their licences.
//!
//! An item of kind `user` is one licence of one user: its id is the user's id, a colon and the SKU's id, so that a
//! user with two licences is two items and one licence given twice (directly and by a group) is one. An item of
//! kind `subscription` has the seats bought.
//!
//! Not read: prices, terms, mailboxes, groups; the partner's own billing exports.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{
    AccountId, Identities, ItemState, LeftOutReason, Quantity, ReadReason, RowReason, Side, Unit, UsageItem,
};

use super::{host, own, pace, refuse, url};
use crate::{
    auth::{Auth, Grant, TokenAuth, TokenStyle},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::Paging,
    source::Source,
    source_kind::{AccountList, Cardinality, Category, Proof, SourceKind},
    stream::{Child, Refused, Stream},
    values::{amount, bad_field, item_id, moment},
    vocabulary::{Attribute, IdentityField, ItemKind, Meaning, Vocabulary, WordList},
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
    list: AccountList::ByGrant,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    key: KEY,
    vocabulary: Vocabulary { items: ITEMS, words: &[STATUS, TRIAL, ENABLED, ASSIGNMENT, APPLIES_TO] },
    traps: &[
        "a tenant whose delegation lapsed is missing from the partner's list without an error",
        "when users last signed in is known only in tenants with Entra ID P1",
    ],
    build,
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

const KEY: &str = "\
1. entra.microsoft.com > App registrations > New registration: accounts in any
   organizational directory.
2. API permissions > Microsoft Graph > Application permissions: User.Read.All,
   Organization.Read.All and AuditLog.Read.All; for the partner's own tenant
   also DelegatedAdminRelationship.Read.All. None of them can change anything.
3. Certificates & secrets > New client secret: copy its value, shown once.
4. An administrator of each customer's tenant consents to the app once.
";

const ITEMS: &[ItemKind] = &[
    ItemKind {
        name: "user",
        title: "licences of users, one item for each user and SKU",
        unit: Unit::Seat,
        identities: &[IdentityField::ObjectId, IdentityField::MailAddress],
        attributes: &[Attribute { name: "domain", meaning: "the domain of the name that the user signs in with" }],
    },
    ItemKind {
        name: "subscription",
        title: "subscriptions, with the seats bought",
        unit: Unit::Seat,
        identities: &[],
        attributes: &[],
    },
];

/// Seats that lapsed and are in their grace period (`Warning`) are still bought.
const STATUS: WordList = WordList {
    field: "status",
    words: &[
        ("Enabled", Meaning::Counts),
        ("Warning", Meaning::Counts),
        ("Suspended", Meaning::LeftOut(LeftOutReason::Suspended)),
        ("Deleted", Meaning::LeftOut(LeftOutReason::Deleted)),
        ("LockedOut", Meaning::LeftOut(LeftOutReason::LockedOut)),
    ],
};

const TRIAL: WordList = WordList {
    field: "isTrial",
    words: &[("true", Meaning::LeftOut(LeftOutReason::Trial)), ("false", Meaning::Counts)],
};

/// Whether the user may sign in.
const ENABLED: WordList = WordList {
    field: "accountEnabled",
    words: &[("true", Meaning::Counts), ("false", Meaning::LeftOut(LeftOutReason::Disabled))],
};

const ASSIGNMENT: WordList = WordList {
    field: "licenseAssignmentStates.state",
    words: &[
        ("Active", Meaning::Counts),
        ("ActiveWithError", Meaning::Counts),
        ("Disabled", Meaning::LeftOut(LeftOutReason::Suspended)),
        ("Error", Meaning::LeftOut(LeftOutReason::AssignmentError)),
    ],
};

const APPLIES_TO: WordList = WordList {
    field: "appliesTo",
    words: &[("User", Meaning::Value("user")), ("Company", Meaning::Value("company"))],
};

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

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
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
            grant: Grant::ClientCredentials,
            style: TokenStyle::Form,
            client_id: "{client_id}".into(),
            client_secret: "{client_secret}".into(),
            fields: vec![("scope", scope)],
        }),
        ..Auth::default()
    };
    let endpoint = Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS };
    let given: Vec<Child> = tenants.iter().map(|(id, _)| child_of(id)).collect();
    let source = Source::api::<Tables>(NAME, endpoint).accounts(tenants);
    let (source, skus) = match options.partner_tenant {
        None => (source, list("skus", SKUS).of(given)),
        Some(partner) => {
            let customers = list("customers", CUSTOMERS).of(vec![Child::default().within(partner)]);
            (source.stream(customers.lists_accounts().parse(customer)), list("skus", SKUS).each("customers", tenant))
        }
    };
    let users = list("users", USERS).lookup(sign_ins).parse(user);
    let plain = list("users_plain", USERS_PLAIN).parse(user);
    // A tenant that may not be asked for sign-ins is asked for its users without them: unknown, never inactive.
    let no_sign_ins = Refused { statuses: &[403], code: Some(NO_PREMIUM) };
    let source = source
        .stream(skus.lookup(look_up_sku).parse(sku))
        .stream(list("subscriptions", SUBSCRIPTIONS).after(&["skus"]).parse(subscription));
    Ok(if options.sign_in_activity {
        source
            .stream(users.after(&["subscriptions"]).instead(no_sign_ins, "users_plain"))
            .stream(plain.only_instead())
            .build()
    } else {
        source.stream(plain.after(&["subscriptions"])).build()
    })
}

/// What the rows of a tenant refer to.
#[derive(Default)]
struct Tables {
    /// The part numbers of SKUs, by tenant and id.
    skus: HashMap<(AccountId, String), String>,
    /// Tenants that tell of at least one user when they signed in.
    sign_ins: HashSet<AccountId>,
}

fn list(name: &'static str, target: &'static str) -> Stream<Tables> {
    Stream::get(name, target).rows("/value").pages(Paging::NextUrl { at: "/@odata.nextLink" })
}

fn child_of(tenant: &AccountId) -> Child {
    Child::default().about(tenant.clone()).within(tenant.as_str())
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
struct Subscription {
    id: String,
    sku_id: Option<String>,
    sku_part_number: Option<String>,
    total_licenses: Option<Box<RawValue>>,
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

fn tenant_of(row: &Customer, at: &Context<'_>) -> Result<AccountId, RowError> {
    match AccountId::new(&row.tenant_id) {
        Ok(id) if is_tenant(id.as_str()) => Ok(id),
        _ => Err(RowError::field(at.stream(), None, "names a tenant that is none")),
    }
}

fn tenant(row: Customer, at: &Context<'_>) -> Result<Option<Child>, RowError> {
    Ok(Some(child_of(&tenant_of(&row, at)?)))
}

fn customer(row: Customer, at: &Context<'_>, _: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let id = tenant_of(&row, at)?;
    out.account(&id, row.display_name.as_deref().unwrap_or(id.as_str()));
    Ok(())
}

fn look_up_sku(row: Sku, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    if let Some(name) = row.sku_part_number {
        tables.skus.insert((at.account()?.clone(), row.sku_id), name);
    }
    Ok(())
}

/// How many of a SKU the tenant says it has given out.
fn sku(row: Sku, at: &Context<'_>, _: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    out.looked_up();
    if out.value(&APPLIES_TO, row.applies_to.as_deref()) == Some("user")
        && let Some(consumed) = row.consumed_units
    {
        out.control(at.account()?, &licences_of(row.sku_part_number.as_deref().unwrap_or(&row.sku_id)), consumed);
    }
    Ok(())
}

fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

fn licences_of(sku: &str) -> String {
    format!("users with {sku}")
}

fn subscription(row: Subscription, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let tenant = at.account()?;
    let state = match out.state(&STATUS, row.status.as_deref()) {
        // Microsoft leaves the flag out where there is no trial.
        ItemState::Counts => row.is_trial.map_or(ItemState::Counts, |flag| out.state(&TRIAL, Some(word(flag)))),
        state => state,
    };
    let quantity = amount(row.total_licenses.as_deref()).unwrap_or_else(|why| {
        out.partial(tenant, bad_field("subscription", &row.id, format!("`totalLicenses` {why}")));
        None
    });
    let sku = row.sku_part_number.or_else(|| row.sku_id.as_deref().map(|id| sku_name(tenant, id, tables)));
    let item = UsageItem {
        name: sku.clone(),
        sku,
        state,
        quantity: quantity.map(|amount| Quantity { amount, unit: Unit::Seat }),
        ..UsageItem::new(item_id(at, &row.id)?, "subscription")
    };
    out.item(tenant, &item);
    Ok(())
}

/// A tenant that tells of nobody when they signed in does not know it: nobody is inactive there.
fn sign_ins(row: User, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let tells = row.sign_in_activity.is_some();
    if tells && !tables.sign_ins.contains(at.account()?) {
        tables.sign_ins.insert(at.account()?.clone());
    }
    Ok(())
}

/// One item per licence that the user holds. One whose user may not sign in is `disabled`: it counts as assigned, as
/// in `consumedUnits`, and not as active.
fn user(row: User, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let tenant = at.account()?;
    if row.assigned_licenses.is_empty() {
        out.leave_out(RowReason::NotBilled);
        return Ok(());
    }
    let last_seen = last_seen(&row, tables.sign_ins.contains(tenant)).unwrap_or_else(|why| {
        let (record, detail) = ("user".to_owned(), format!("a sign-in {why}"));
        out.partial(tenant, ReadReason::BadField { record, id: None, detail });
        None
    });
    let mut states: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for assignment in &row.license_assignment_states {
        if let (Some(sku), Some(state)) = (&assignment.sku_id, &assignment.state) {
            states.entry(sku).or_default().push(state);
        }
    }
    let domain = row.user_principal_name.as_deref().and_then(domain_of);
    if let Some(domain) = domain.as_deref().filter(|domain| !domain.ends_with(".onmicrosoft.com")) {
        out.domain(tenant, domain);
    }
    // Nothing is counted by it: one that cannot be read is one that is not known.
    let first_seen = moment(row.created_date_time.as_deref()).unwrap_or_default();
    let identities = identities(&row);
    let attributes: BTreeMap<String, String> = domain.into_iter().map(|domain| ("domain".to_owned(), domain)).collect();
    for licence in &row.assigned_licenses {
        let sku = sku_name(tenant, &licence.sku_id, tables);
        out.controlled(tenant, &licences_of(&sku), &row.id);
        let held = states.get(licence.sku_id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let held = held_state(held, out);
        let state = held.unwrap_or_else(|| out.state(&ENABLED, row.account_enabled.map(word)));
        let item = UsageItem {
            name: row.user_principal_name.clone(),
            sku: Some(sku),
            state,
            quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Seat }),
            identities: identities.clone(),
            attributes: attributes.clone(),
            first_seen,
            last_seen,
            ..UsageItem::new(item_id(at, &format!("{}:{}", row.id, licence.sku_id))?, "user")
        };
        out.item(tenant, &item);
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
fn held_state(words: &[&str], out: &mut Out<'_>) -> Option<ItemState> {
    let states: Vec<ItemState> = words.iter().map(|word| out.state(&ASSIGNMENT, Some(word))).collect();
    let is_unknown = |state: &&ItemState| matches!(state, ItemState::Unknown(_));
    let suspended = ItemState::LeftOut(LeftOutReason::Suspended);
    if states.contains(&ItemState::Counts) || states.is_empty() {
        return None;
    }
    let found = states.iter().find(is_unknown).or_else(|| states.iter().find(|state| **state == suspended));
    found.or(states.first()).cloned()
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

/// When the user last signed in; the last attempt where the tenant does not tell successes; when the user was made, if
/// nobody ever signed in. `None` where the tenant tells no sign-ins at all: it is not known.
fn last_seen(user: &User, tenant_tells: bool) -> Result<Option<Timestamp>, String> {
    if !tenant_tells {
        return Ok(None);
    }
    let Some(activity) = &user.sign_in_activity else { return moment(user.created_date_time.as_deref()) };
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

fn sku_name(tenant: &AccountId, id: &str, tables: &Tables) -> String {
    tables.skus.get(&(tenant.clone(), id.to_owned())).map_or(id, String::as_str).to_owned()
}

/// A tenant's id or domain: it becomes part of the token endpoint's path.
fn is_tenant(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && !text.contains("..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}
