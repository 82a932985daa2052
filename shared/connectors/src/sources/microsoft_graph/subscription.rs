//! SKUs and subscriptions: what is bought, from whom, and whether its seats can be given to users.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{AccountId, Commitment, Identities, ItemState, Quantity, Unit, UsageItem};

use super::{APPLIES_TO, STATUS, TRIAL, licences_of, part_number, sku_names::product_name, tables::Tables};
use crate::{
    error::RowError,
    out::{Context, Out},
    values::{amount, bad_field, day, filled, item_id},
    vocabulary::{Meaning, flag},
};

/// The seller of what the tenant bought without a partner.
const CLIENT: &str = "client";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sku {
    sku_id: String,
    sku_part_number: Option<String>,
    applies_to: Option<String>,
    consumed_units: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    id: String,
    commerce_subscription_id: Option<String>,
    sku_id: Option<String>,
    sku_part_number: Option<String>,
    total_licenses: Option<Box<RawValue>>,
    status: Option<String>,
    is_trial: Option<bool>,
    next_lifecycle_date_time: Option<String>,
    owner_tenant_id: Option<String>,
}

pub(super) fn look_up_sku(row: Sku, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let tenant = tables.tenant_mut(at.account()?);
    tenant.add_sku(row.sku_id, filled(row.sku_part_number), filled(row.applies_to));
    Ok(())
}

/// How many of a SKU the tenant says it has given out.
pub(super) fn sku(row: Sku, at: &Context<'_>, _: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    out.looked_up();
    if out.value(&APPLIES_TO, row.applies_to.as_deref()) == Some("user")
        && let Some(consumed) = row.consumed_units
    {
        out.control(at.account()?, &licences_of(row.sku_part_number.as_deref().unwrap_or(&row.sku_id)), consumed);
    }
    Ok(())
}

/// Who sold the seats that users can hold. Seats of a subscription that is suspended or deleted are held by nobody.
pub(super) fn look_up_seller(row: Subscription, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let account = at.account()?;
    let is_left_out = matches!(STATUS.meaning(row.status.as_deref()), Some(Meaning::LeftOut(_)));
    if let Some(sku_id) = row.sku_id.filter(|_| !is_left_out) {
        tables.tenant_mut(account).add_seller(sku_id, seller(account, row.owner_tenant_id.as_deref()));
    }
    Ok(())
}

pub(super) fn subscription(
    row: Subscription,
    at: &Context<'_>,
    tables: &Tables,
    out: &mut Out<'_>,
) -> Result<(), RowError> {
    let account = at.account()?;
    let tenant = tables.tenant(account);
    let status = out.state(&STATUS, row.status.as_deref());
    let applies_to = row.sku_id.as_deref().and_then(|id| tenant?.applies_to(id));
    let attributes = [
        ("trial", row.is_trial.map(|trial| if trial { "yes" } else { "no" }.to_owned())),
        ("assignable", is_assignable(&status, applies_to).map(|yes| if yes { "yes" } else { "no" }.to_owned())),
        ("sold_by", seller(account, row.owner_tenant_id.as_deref())),
    ];
    let mut state = status;
    if state == ItemState::Counts
        && let Some(trial) = row.is_trial
    {
        // Microsoft leaves the flag out where there is no trial.
        state = out.state(&TRIAL, Some(flag(trial)));
    }
    // The word was noted with the SKU's row.
    if state == ItemState::Counts && applies_to.is_some() && APPLIES_TO.meaning(applies_to).is_none() {
        state = APPLIES_TO.state(applies_to);
    }
    let quantity = amount(row.total_licenses.as_deref()).unwrap_or_else(|why| {
        out.partial(account, bad_field("subscription", &row.id, format!("`totalLicenses` {why}")));
        None
    });
    let part = filled(row.sku_part_number.clone())
        .or_else(|| row.sku_id.as_deref().map(|id| part_number(tenant, id).to_owned()));
    let item = UsageItem {
        name: part.as_deref().map(|part| product_name(part).unwrap_or(part).to_owned()),
        sku: part,
        quantity: quantity.map(|amount| Quantity { amount, unit: Unit::Seat }),
        attributes: attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<BTreeMap<_, _>>(),
        commitment: commitment(&row, &state),
        // The seller's id of the subscription: the distributor lists it with this one.
        identities: Identities { object_id: filled(row.commerce_subscription_id), ..Identities::default() },
        state,
        ..UsageItem::new(item_id(at, &row.id)?, "subscription")
    };
    out.item(account, &item);
    Ok(())
}

/// Whether seats can be given to users; `None`: not known.
fn is_assignable(status: &ItemState, applies_to: Option<&str>) -> Option<bool> {
    let applies = APPLIES_TO.meaning(applies_to);
    if matches!(status, ItemState::LeftOut(_)) || applies == Some(Meaning::Value("company")) {
        return Some(false);
    }
    (*status == ItemState::Counts && applies == Some(Meaning::Value("user"))).then_some(true)
}

/// Until when a subscription runs. The next change of a trial, or of one that lapsed, is no end of what was bought.
fn commitment(row: &Subscription, state: &ItemState) -> Option<Commitment> {
    let is_enabled = row.status.as_deref().is_some_and(|word| word.trim().eq_ignore_ascii_case("Enabled"));
    // A day that cannot be read is one that is not known; the year 1 is how the vendor says that there is none.
    let until: Date = day(row.next_lifecycle_date_time.as_deref()).ok().flatten().filter(|day| day.year() >= 1970)?;
    (is_enabled && *state == ItemState::Counts).then_some(Commitment { until: Some(until), cancellable_until: None })
}

/// Who sold a subscription; `None`: not known.
fn seller(account: &AccountId, owner: Option<&str>) -> Option<String> {
    let owner = owner.map(str::trim).filter(|owner| !owner.is_empty())?;
    if owner.eq_ignore_ascii_case(account.as_str()) {
        return Some(CLIENT.to_owned());
    }
    // Settings may name a tenant by its domain; whether the owner's id is the same tenant's is then not known.
    (!account.as_str().contains('.')).then(|| owner.to_ascii_lowercase())
}
