//! Microsoft 365, one customer tenant after the other: subscriptions as bought, people, and the licences they hold.
//!
//! An item of kind `user` is one person of the directory, with or without a licence. An item of kind `licence` is one
//! user and one SKU: its id is the user's id, a colon and the SKU's id, so that a user with two licences holds two
//! items and one licence given twice (directly and by a group) is one. An item of kind `subscription` has the seats
//! bought.
//!
//! Not read: prices, terms, mailboxes, groups; the partner's own billing exports. Without mailboxes a shared one cannot
//! be told from a person who may not sign in.

mod sku_names;
mod skus_left_out;
mod subscription;
mod tables;
mod user;

use serde::Deserialize;
use truecount_billing::{AccountList, AccountId, LeftOutReason, Side, Unit};

use self::{
    subscription::{look_up_sku, look_up_seller, sku, subscription},
    tables::{Tables, Tenant},
    user::{sign_ins, user},
};
use super::{host, paced, refuse, url};
use crate::{
    auth::{Auth, TokenAuth, TokenStyle},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::Paging,
    rights::{Right, Rights},
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    stream::{Child, Refused, Stream},
    vocabulary::{Attribute, IdentityField, ItemKind, Meaning, Vocabulary, WordList},
};

const NAME: &str = "microsoft-graph";
const TENANTS_MAX: usize = 50_000;

/// Subscriptions, people and licences of Microsoft 365 tenants.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "Microsoft 365",
    gives: "subscriptions of each customer tenant, its people, and the licences they hold",
    sides: &[Side::Used, Side::Purchased],
    side_option: None,
    category: Category::Productivity,
    cardinality: Cardinality::OneAccountPerClient,
    list: AccountList::ByGrant,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    key: KEY,
    rights: RIGHTS,
    vocabulary: Vocabulary {
        items: ITEMS,
        words: &[STATUS, TRIAL, ENABLED, CLASS, ASSIGNMENT, APPLIES_TO],
        sku_names: sku_names::PRODUCTS,
        skus_left_out: skus_left_out::SKUS,
    },
    traps: &[
        "a tenant whose delegation lapsed is missing from the partner's list without an error",
        "when users last signed in is known only in tenants with Entra ID P1",
        "a shared mailbox is listed like a person; usually its sign-in is blocked, as a former employee's is",
        "who sold a licence is known only where all subscriptions of its SKU have one seller",
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

/// The application permissions. Each tenant consents to its own: the partner's only to the list of its customers.
const RIGHTS: Rights = Rights {
    needed: &[
        Right {
            name: "User.Read.All",
            streams: &["users", "users_plain"],
            within: &["User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        },
        Right {
            name: "Organization.Read.All",
            streams: &["skus", "subscriptions"],
            within: &["Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        },
        Right { name: "AuditLog.Read.All", streams: &["users"], within: &[] },
        Right {
            name: "DelegatedAdminRelationship.Read.All",
            streams: &["customers"],
            within: &["DelegatedAdminRelationship.ReadWrite.All"],
        },
    ],
    // What lies in mailboxes, files and chats is not among them, although their permissions only read, too.
    harmless: &[
        "Directory.Read.All",
        "Domain.Read.All",
        "GroupMember.Read.All",
        "LicenseAssignment.Read.All",
        "PartnerBilling.Read.All",
        "Reports.Read.All",
        "User.ReadBasic.All",
    ],
    option: None,
};

const ITEMS: &[ItemKind] = &[
    ItemKind {
        identities: PERSON,
        same_by: PERSON,
        usual: &[("sign_in", &["allowed"])],
        is_person: true,
        ..ItemKind::new("user", "people of the directory, with or without a licence", Unit::Seat, USER_ATTRIBUTES)
    },
    ItemKind {
        // Its holder's: two licences of one person are two.
        identities: PERSON,
        // No assignment says from which subscription of its SKU it is.
        drawn_from: Some(("subscription", "sold_by")),
        ..ItemKind::new(
            "licence",
            "licences that users hold, one item for each user and SKU",
            Unit::Seat,
            &[CLASS_ATTRIBUTE, SIGN_IN, DOMAIN, SOLD_BY],
        )
    },
    ItemKind {
        identities: &[IdentityField::ObjectId],
        ..ItemKind::new(
            "subscription",
            "subscriptions, with the seats bought",
            Unit::Seat,
            &[
                Attribute::of_words("trial", "yes or no", &["yes", "no"]),
                Attribute::of_words("assignable", "whether its seats can be given to users: yes or no", &["yes", "no"]),
                SOLD_BY,
            ],
        )
    },
];

const PERSON: &[IdentityField] = &[IdentityField::ObjectId, IdentityField::MailAddress];
const USER_ATTRIBUTES: &[Attribute] = &[CLASS_ATTRIBUTE, HOLDS, SIGN_IN, DOMAIN];
const CLASS_ATTRIBUTE: Attribute =
    Attribute::of_words("class", "member, guest, or sync: an account of the directory synchronization", &["member", "guest", "sync"]);
const HOLDS: Attribute = Attribute::new("holds", "the part numbers of the licences that the user holds, `;` between them; empty: none");
const SIGN_IN: Attribute = Attribute::of_words("sign_in", "allowed or blocked", &["allowed", "blocked"]);
const DOMAIN: Attribute =
    Attribute::new("domain", "the domain of the name that the user signs in with");
const SOLD_BY: Attribute =
    Attribute::of_words("sold_by", "the tenant of the partner who sold it; client: the tenant bought it itself", &["client"]);

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

/// Whether the user may sign in. A person who may not is left out as `disabled`; a licence that such a person holds
/// counts, as in `consumedUnits`: it is paid for. What a rule should leave out, it leaves out by `sign_in`.
const ENABLED: WordList = WordList {
    field: "accountEnabled",
    words: &[("true", Meaning::Counts), ("false", Meaning::LeftOut(LeftOutReason::Disabled))],
};

const CLASS: WordList =
    WordList { field: "userType", words: &[("Member", Meaning::Value("member")), ("Guest", Meaning::Value("guest"))] };

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
    tenants: Vec<TenantOption>,
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
struct TenantOption {
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
    let usual = RateLimit { requests_per_minute: 600, burst: 60, concurrency: 4 };
    let (pace, options) = paced::<Options>(NAME, options, usual)?;
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
    let path = format!("{}/{{scope}}/oauth2/v2.0/token", login.path().trim_end_matches('/'));
    let token = TokenAuth::client_credentials(login, TokenStyle::Form, vec![("scope", scope)]);
    let auth = Auth { token: Some(TokenAuth { path, ..token }), ..Auth::default() };
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
        .stream(list("subscriptions", SUBSCRIPTIONS).after(&["skus"]).lookup(look_up_seller).parse(subscription));
    Ok(if options.sign_in_activity {
        source
            .stream(users.after(&["subscriptions"]).instead(no_sign_ins, "users_plain"))
            .stream(plain.only_instead())
            .build()
    } else {
        source.stream(plain.after(&["subscriptions"])).build()
    })
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
    out.account(&id, row.display_name.as_deref());
    Ok(())
}

/// A tenant's id or domain: it becomes part of the token endpoint's path.
fn is_tenant(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && !text.contains("..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}

/// What the vendor's own count of a SKU's users is called.
fn licences_of(part_number: &str) -> String {
    format!("users with {part_number}")
}

/// A SKU's part number; its id where the tenant does not list it.
fn part_number<'a>(tenant: Option<&'a Tenant>, sku_id: &'a str) -> &'a str {
    tenant.and_then(|tenant| tenant.part_number(sku_id)).unwrap_or(sku_id)
}
