//! A row as items: what is in use, what was bought beside it, what a person holds.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{AccountId, Commitment, Identities, ItemId, ItemState, Money, Quantity, Unit, UsageItem};

use crate::{
    entry::{Entered, ExportAccount, ExportEntry, RowRead},
    fault::CellFault,
    field::ExportField as F,
    profile::{AccountFrom, ExportProfile, ItemIds, SameId},
    row::Cells,
};

/// The kind of an item whose word for its kind nothing explains.
const UNKNOWN_KIND: &str = "unknown";
/// The kind of what was bought, where a row tells it beside what is in use.
const PURCHASED_KIND: &str = "subscription";
/// Items that one row makes at most.
const HELD_MAX: usize = 100;
/// Network addresses kept of one device.
const MAC_ADDRESSES_MAX: usize = 16;

/// Reads a row as items.
pub(crate) fn items(mut cells: Cells<'_>) -> Result<RowRead, Vec<CellFault>> {
    let account = account(&mut cells);
    let item = item(&mut cells, account.as_ref().map(|account| &account.id));
    let charge = charge(&mut cells);
    let bought = cells.number(F::PurchasedQuantity);
    if !cells.faults.is_empty() {
        return Err(cells.faults);
    }
    let (Some(account), Some(item)) = (account, item) else { return Err(cells.faults) };
    let profile = cells.layout.profile();
    let mut items = vec![item];
    if let Some(amount) = bought {
        items.push(purchased(profile, &items[0], amount));
    }
    held(&mut cells, &mut items);
    let entry = ExportEntry { account, what: Entered::Items(items), charge };
    Ok(RowRead { entry: Ok(entry), unknown_words: cells.unknown_words })
}

fn account(cells: &mut Cells<'_>) -> Option<ExportAccount> {
    let layout = cells.layout;
    let id = match layout.profile().account_from {
        AccountFrom::Column => cells.id::<AccountId>(F::AccountId)?,
        AccountFrom::FileName => cells.id_of::<AccountId>(F::AccountId, layout.file_account()?)?,
    };
    let name = cells.text(F::AccountName).unwrap_or(id.as_str()).to_owned();
    let identifier = cells.text(F::PsaClientId).map(str::to_owned);
    let domain = domain(cells).map(|domain| domain.to_lowercase());
    Some(ExportAccount { id, name, identifier, domain })
}

/// The domain that the row names, or that of its address.
fn domain<'r>(cells: &mut Cells<'r>) -> Option<&'r str> {
    let named = cells.layout.attributes().iter().find(|(name, _)| name == "domain");
    if let Some((_, place)) = named {
        return cells.attribute(place);
    }
    let (_, domain) = cells.text(F::MailAddress)?.rsplit_once('@')?;
    // The address of a guest holds that of its own organization.
    (!domain.is_empty() && !cells.text(F::MailAddress)?.contains("#EXT#")).then_some(domain)
}

fn item(cells: &mut Cells<'_>, account: Option<&AccountId>) -> Option<UsageItem> {
    let id = item_id(cells, account);
    let kind = kind(cells);
    let state = cells.state();
    let amount = match cells.is_mapped(F::Quantity) {
        true => signed(cells),
        false => Some(Decimal::ONE),
    };
    let commitment =
        Commitment { until: cells.day(F::CommittedUntil), cancellable_until: cells.day(F::CancellableUntil) };
    let cost = cost(cells, amount);
    let attributes = cells.layout.attributes().iter();
    let attributes = attributes.filter_map(|(name, place)| Some((name.clone(), cells.attribute(place)?.to_owned())));
    let mut attributes: BTreeMap<String, String> = attributes.collect();
    if let Some(domain) = domain(cells) {
        attributes.entry("domain".to_owned()).or_insert_with(|| domain.to_lowercase());
    }
    let mut item = UsageItem {
        name: cells.text(F::ItemName).map(str::to_owned),
        sku: cells.text(F::Sku).map(str::to_owned),
        state,
        identities: identities(cells),
        attributes,
        first_seen: cells.moment(F::FirstSeen),
        last_seen: cells.moment(F::LastSeen),
        commitment: (commitment != Commitment { until: None, cancellable_until: None }).then_some(commitment),
        cost,
        ..UsageItem::new(id?, kind?)
    };
    let unit = unit(cells.layout.profile(), &item.kind);
    item.quantity = amount.map(|amount| Quantity { amount, unit });
    Some(item)
}

/// Units with the sign of what is charged for them: a charge that is paid back takes its units back.
fn signed(cells: &mut Cells<'_>) -> Option<Decimal> {
    let amount = cells.number(F::Quantity);
    let charged = cells.number(F::Charged);
    let is_taken_back = charged.is_some_and(|charged| charged < Decimal::ZERO);
    amount.map(|amount| if is_taken_back && amount > Decimal::ZERO { -amount } else { amount })
}

fn item_id(cells: &mut Cells<'_>, account: Option<&AccountId>) -> Option<ItemId> {
    if cells.layout.has_row_ids() {
        let id = row_id(cells);
        return cells.id_of(F::ItemId, &id);
    }
    let id: ItemId = cells.id(F::ItemId)?;
    if cells.layout.profile().item_ids == ItemIds::WithinAccount {
        return cells.id_of(F::ItemId, &format!("{} {id}", account?));
    }
    Some(id)
}

/// The number of a row as an id; with the name of its file, since several files may be read together.
pub(crate) fn row_id(cells: &Cells<'_>) -> String {
    let line = cells.row.line();
    match cells.layout.file_account() {
        Some(file) => format!("{file} row {line}"),
        None => format!("row {line}"),
    }
}

/// An item whose kind nothing explains may be of any: it is not left out.
fn kind(cells: &mut Cells<'_>) -> Option<String> {
    let Some(word) = cells.text(F::Kind) else {
        cells.unknown(F::Kind, "(missing)");
        return Some(UNKNOWN_KIND.to_owned());
    };
    let kinds = &cells.layout.profile().kinds;
    if kinds.is_empty() {
        return Some(word.to_owned());
    }
    let declared = kinds.iter().find(|kind| kind.name.eq_ignore_ascii_case(word));
    if declared.is_none() {
        cells.unknown(F::Kind, word);
    }
    Some(declared.map_or(UNKNOWN_KIND, |kind| &kind.name).to_owned())
}

fn unit(profile: &ExportProfile, kind: &str) -> Unit {
    profile.kinds.iter().find(|one| one.name == kind).map_or(Unit::Each, |one| one.unit)
}

fn identities(cells: &mut Cells<'_>) -> Identities {
    let several = |text: Option<&str>| -> Vec<String> {
        let parts = text.into_iter().flat_map(|text| text.split([';', ',']));
        let parts = parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        parts.take(MAC_ADDRESSES_MAX).collect()
    };
    Identities {
        serial: cells.text(F::Serial).map(str::to_owned),
        mac_addresses: several(cells.text(F::MacAddress)),
        host_name: cells.text(F::HostName).map(str::to_owned),
        object_id: cells.text(F::ObjectId).map(str::to_owned),
        mail_addresses: several(cells.text(F::MailAddress)),
    }
}

/// What all units cost in a month. What a cycle costs is only brought to a month if it is known how long the cycle is.
fn cost(cells: &mut Cells<'_>, units: Option<Decimal>) -> Option<Money> {
    let whole = cells.number(F::Cost);
    let unit = cells.number(F::UnitCost);
    let currency = cells.currency();
    let months = match cells.is_mapped(F::Cycle) {
        true => cells.cycle_months(),
        false => Some(1),
    };
    let whole = whole.or_else(|| unit?.checked_mul(units?))?;
    let amount = whole.checked_div(Decimal::from(months?))?;
    Some(Money { amount, currency: currency? })
}

fn charge(cells: &mut Cells<'_>) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
    if cells.layout.profile().same_id != SameId::AddedUp {
        return None;
    }
    Some((cells.day(F::PeriodFrom)?, cells.day(F::PeriodTo)?))
}

/// What was bought, as an item beside what is in use. It is bought whatever the state of its use.
fn purchased(profile: &ExportProfile, used: &UsageItem, amount: Decimal) -> UsageItem {
    let quantity = Quantity { amount, unit: unit(profile, PURCHASED_KIND) };
    UsageItem { kind: PURCHASED_KIND.to_owned(), quantity: Some(quantity), cost: used.cost, ..used.clone() }
}

/// What a person holds: words of an attribute, and items by themselves if the profile says so.
fn held(cells: &mut Cells<'_>, items: &mut Vec<UsageItem>) {
    let Some(text) = cells.text(F::Holds) else { return };
    let profile = cells.layout.profile();
    let holds = &profile.holds;
    let is_nothing = |word: &&str| {
        let folded = crate::fold::folded(word);
        folded.is_empty() || holds.nothing.iter().any(|one| one.matches(&folded))
    };
    let mut words: Vec<&str> = text.split(holds.separator.as_str()).map(str::trim).filter(|w| !is_nothing(w)).collect();
    words.sort_unstable();
    words.dedup();
    let Some(holder) = items.first_mut() else { return };
    if !words.is_empty() {
        holder.attributes.insert("holds".to_owned(), words.join(";"));
    }
    let Some(kind) = &holds.kind else { return };
    let holder = holder.clone();
    for word in words.into_iter().take(HELD_MAX) {
        let Ok(id) = ItemId::new(format!("{} {word}", holder.item_id)) else { continue };
        let mut attributes = holder.attributes.clone();
        attributes.remove("holds");
        items.push(UsageItem {
            item_id: id,
            kind: kind.clone(),
            sku: Some(word.to_owned()),
            quantity: Some(Quantity { amount: Decimal::ONE, unit: unit(profile, kind) }),
            attributes,
            cost: None,
            ..holder.clone()
        });
    }
}

/// Whether an item counts by its own state, for those who add up charges.
pub(crate) fn joined_state(a: ItemState, b: ItemState) -> ItemState {
    match (&a, &b) {
        (ItemState::Unknown(_), _) => a,
        (_, ItemState::Unknown(_)) => b,
        (ItemState::Counts, _) => a,
        _ => b,
    }
}
