//! People and the licences that they hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, de::IgnoredAny};
use truecount_billing::{Identities, ItemState, LeftOutReason, Quantity, ReadReason, Unit, UsageItem};

use super::{ASSIGNMENT, CLASS, ENABLED, licences_of, part_number, tables::Tables};
use crate::{
    error::RowError,
    out::{Context, Out},
    values::{bad_field, item_id, moment},
    vocabulary::flag,
};

/// Addresses kept of one user.
const MAIL_ADDRESSES_MAX: usize = 20;

/// What begins the sign-in name of an account of the directory synchronization: Connect Sync's, cloud sync's.
const SYNC_NAMES: [&str; 2] = ["sync_", "adtoaadsyncserviceaccount"];

/// What ends the domain that Microsoft gives a tenant, by cloud. Only there the synchronization has its accounts.
const INITIAL_DOMAINS: [&str; 3] = [".onmicrosoft.com", ".onmicrosoft.us", ".onmschina.cn"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: String,
    user_principal_name: Option<String>,
    account_enabled: Option<bool>,
    user_type: Option<String>,
    assigned_licenses: Option<Vec<Licence>>,
    license_assignment_states: Option<Vec<Assignment>>,
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

/// Whether a user's row tells of sign-ins: all that the pass of lookups needs of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignInPresence {
    sign_in_activity: Option<IgnoredAny>,
}

/// A tenant that tells of nobody when they signed in does not know it: nobody is inactive there.
pub(super) fn sign_ins(row: SignInPresence, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let account = at.account()?;
    if row.sign_in_activity.is_some() && !tables.tenant(account).is_some_and(|tenant| tenant.tells_sign_ins) {
        tables.tenant_mut(account).tells_sign_ins = true;
    }
    Ok(())
}

/// One item for the person, and one for each licence that it holds.
pub(super) fn user(row: User, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let account = at.account()?;
    let tenant = tables.tenant(account);
    let person = person(&row, at, tables, out)?;
    let held = held_states(&row, out);
    let mut holds: BTreeSet<&str> = BTreeSet::new();
    let mut strange = None;
    for licence in row.assigned_licenses.iter().flatten() {
        let part = part_number(tenant, &licence.sku_id);
        out.controlled(account, &licences_of(part), &row.id);
        let problem = held.get(licence.sku_id.as_str()).cloned().flatten();
        if !matches!(problem, Some(ItemState::LeftOut(_))) {
            holds.insert(part);
        }
        if matches!(problem, Some(ItemState::Unknown(_))) {
            strange.clone_from(&problem);
        }
        let mut item = UsageItem {
            item_id: item_id(at, &format!("{}:{}", row.id, licence.sku_id))?,
            kind: "licence".to_owned(),
            sku: Some(part.to_owned()),
            // Paid for, whether or not its holder may sign in.
            state: problem.unwrap_or(ItemState::Counts),
            ..person.clone()
        };
        if let Some(seller) = tenant.and_then(|tenant| tenant.seller(&licence.sku_id)) {
            item.attributes.insert("sold_by".to_owned(), seller.to_owned());
        }
        out.item(account, &item);
    }
    let mut person = person;
    person.state = class_state(&row).or(strange).unwrap_or(person.state);
    if row.assigned_licenses.is_some() {
        let holds = holds.into_iter().collect::<Vec<_>>().join(";");
        person.attributes.insert("holds".to_owned(), holds);
    } else {
        out.partial(account, bad_field("user", &row.id, "has no `assignedLicenses`"));
    }
    out.item(account, &person);
    Ok(())
}

/// The person, without what it holds.
fn person(row: &User, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<UsageItem, RowError> {
    let account = at.account()?;
    let tells_sign_ins = tables.tenant(account).is_some_and(|tenant| tenant.tells_sign_ins);
    let last_seen = last_seen(row, tells_sign_ins).unwrap_or_else(|why| {
        let (record, detail) = ("user".to_owned(), format!("a sign-in {why}"));
        out.partial(account, ReadReason::BadField { record, id: None, detail });
        None
    });
    let domain = row.user_principal_name.as_deref().and_then(domain_of);
    if let Some(domain) = domain.as_deref().filter(|domain| !is_initial_domain(domain)) {
        out.domain(account, domain);
    }
    let class = match is_sync_account(row) {
        true => Some("sync"),
        false => out.value(&CLASS, row.user_type.as_deref()),
    };
    let sign_in = row.account_enabled.map(|enabled| if enabled { "allowed" } else { "blocked" });
    let state = match row.account_enabled {
        Some(enabled) => ENABLED.state(Some(flag(enabled))),
        // The usual state: a fact that is missing leaves nobody out, and is told.
        None => {
            out.unknown(ENABLED.field, None);
            ItemState::Counts
        }
    };
    let attributes =
        [("class", class.map(str::to_owned)), ("sign_in", sign_in.map(str::to_owned)), ("domain", domain)];
    Ok(UsageItem {
        name: row.user_principal_name.clone(),
        state,
        quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Seat }),
        identities: identities(row),
        attributes: attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        // Nothing is counted by it: one that cannot be read is one that is not known.
        first_seen: moment(row.created_date_time.as_deref()).unwrap_or_default(),
        last_seen,
        ..UsageItem::new(item_id(at, &row.id)?, "user")
    })
}

/// The state of a person of whom a strange word says what it is. A word that is missing leaves only the class unknown.
fn class_state(row: &User) -> Option<ItemState> {
    let word = row.user_type.as_deref()?;
    (!is_sync_account(row) && CLASS.meaning(Some(word)).is_none()).then(|| CLASS.state(Some(word)))
}

fn is_sync_account(row: &User) -> bool {
    let Some((name, domain)) = row.user_principal_name.as_deref().and_then(|name| name.rsplit_once('@')) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    is_initial_domain(&domain.to_ascii_lowercase()) && SYNC_NAMES.iter().any(|start| name.starts_with(start))
}

fn is_initial_domain(domain: &str) -> bool {
    INITIAL_DOMAINS.iter().any(|end| domain.ends_with(end))
}

/// The domain of a user's address, in small letters. A guest's name hides the domain of the own address
/// (`kim_client.example#EXT#@tenant.example`): the tenant's is taken.
fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    (!domain.is_empty()).then(|| domain.to_lowercase())
}

/// Why licences are not held, or are not known to be, by the SKU's id. One good assignment is enough.
fn held_states<'a>(row: &'a User, out: &mut Out<'_>) -> BTreeMap<&'a str, Option<ItemState>> {
    let mut words: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for assignment in row.license_assignment_states.iter().flatten() {
        if let Some(sku) = &assignment.sku_id {
            words.entry(sku).or_default().push(assignment.state.as_deref());
        }
    }
    words.into_iter().map(|(sku, words)| (sku, held_state(&words, out))).collect()
}

fn held_state(words: &[Option<&str>], out: &mut Out<'_>) -> Option<ItemState> {
    let states: Vec<ItemState> = words.iter().map(|word| out.state(&ASSIGNMENT, *word)).collect();
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
