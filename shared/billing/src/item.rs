//! What a source counts: accounts, and the devices, users, licences and subscriptions in them.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{AccountId, ItemId, ItemState, Money, Quantity, ReadState, Unit};

/// A vendor account (tenant, site, company); for a PSA, a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The vendor's id: stable where names are not.
    pub id: AccountId,
    /// As the vendor shows it. Foreign text.
    pub name: String,
    /// How far it was read.
    pub read_state: ReadState,
    /// What else the vendor holds that shows which client it belongs to.
    #[serde(default, skip_serializing_if = "AccountFacts::is_empty")]
    pub facts: AccountFacts,
}

impl Account {
    /// An account of which only its id, its name and how far it was read are known.
    #[must_use]
    pub fn new(id: AccountId, name: impl Into<String>, read_state: ReadState) -> Self {
        Self { id, name: name.into(), read_state, facts: AccountFacts::default() }
    }
}

/// What shows which client an account belongs to, besides its name. Foreign text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Of a vendor account: the PSA's client as the vendor holds it (Pax8's `externalId`). Of a PSA's client:
    /// what else the PSA knows it by (ConnectWise's `identifier`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<String>,
    /// Domains of its users' addresses, the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

impl AccountFacts {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identifiers.is_empty() && self.domains.is_empty()
    }
}

/// One thing that is counted: a device, a user's licence, a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageItem {
    /// The vendor's id of it; the same id twice within an account and kind is one item.
    pub item_id: ItemId,
    /// What a person calls it: a device's or product's name. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `server`, `workstation`, `mobile`, `other_device`, `user` (a person), `licence` (what a person holds),
    /// `subscription`: rules select by it.
    pub kind: String,
    /// The vendor's product, where items have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Whether it counts.
    pub state: ItemState,
    /// How many units it stands for: 1 for a device, the seats of a subscription; `None`: the vendor did not
    /// say, which is not zero (false gap F2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// What it is known by in other sources, too.
    #[serde(default, skip_serializing_if = "Identities::is_empty")]
    pub identities: Identities,
    /// What an account can be split by, each by its name: `site` (a place as the vendor numbers it), `domain` (of a
    /// user's address), `group`; and what else the source's vocabulary declares. One that is missing is not known.
    /// `holds` has several words, see [`attribute_words`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// When the vendor first knew of it; `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When the vendor last heard of it; `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// How long it was bought for; `None`: not committed, or the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// What all of its units cost the MSP in a month; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl UsageItem {
    /// An item that counts, once, and of which nothing else is known.
    #[must_use]
    pub fn new(item_id: ItemId, kind: impl Into<String>) -> Self {
        Self {
            item_id,
            name: None,
            kind: kind.into(),
            sku: None,
            state: ItemState::Counts,
            quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Each }),
            identities: Identities::default(),
            attributes: BTreeMap::new(),
            first_seen: None,
            last_seen: None,
            commitment: None,
            cost: None,
        }
    }

    /// How many units it stands for, whatever a unit is; `None`: the vendor did not say.
    #[must_use]
    pub fn amount(&self) -> Option<Decimal> {
        self.quantity.map(|quantity| quantity.amount)
    }
}

/// What one device or person is known by, whichever source lists it. Foreign text, as the vendor writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identities {
    /// A device's serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// A device's network addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mac_addresses: Vec<String>,
    /// A device's name in its network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    /// A user's or device's id in its directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// A user's addresses, the one to sign in with first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mail_addresses: Vec<String>,
}

impl Identities {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The attribute that lists what a person holds: several words with `;` between.
pub const HOLDS: &str = "holds";

/// The words of an attribute's value: one, and of [`HOLDS`] several.
pub fn attribute_words<'a>(name: &str, value: &'a str) -> impl Iterator<Item = &'a str> {
    let separator = (name == HOLDS).then_some(';');
    value.split(move |c| Some(c) == separator)
}

/// How long something was bought for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// The last day (inclusive) for which it must be paid; `None`: the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The last day (inclusive) on which it can still be cancelled or reduced; `None`: the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellable_until: Option<Date>,
}
