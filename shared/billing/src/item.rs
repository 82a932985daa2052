//! The usage side: a vendor's organizations, and the devices, users and subscriptions counted in them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{AccountId, ItemId};

/// How far an account or a whole source was read. Only `Complete` is ever compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum ReadState {
    /// Everything the vendor has.
    Complete,
    /// Some of it; the reason says what is missing.
    Partial(String),
    /// Nothing; the reason says why.
    Failed(String),
    /// Read whole, but so much less than last time that nobody should rely on it (the drop guard).
    Doubtful(String),
}

impl ReadState {
    /// Whether counts may rest on it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    /// The word in columns and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Failed(_) => "failed",
            Self::Doubtful(_) => "doubtful",
        }
    }

    /// Why it is not complete.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Complete => None,
            Self::Partial(reason) | Self::Failed(reason) | Self::Doubtful(reason) => Some(reason),
        }
    }
}

/// A vendor organization (tenant, site, company); for a PSA, a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The vendor's id: stable where names are not.
    pub id: AccountId,
    /// As the vendor shows it. Foreign text.
    pub name: String,
    /// How far it was read.
    pub read_state: ReadState,
    /// What the vendor tells about it beside its name, as far as that says whose it is.
    #[serde(default, skip_serializing_if = "AccountFacts::is_empty")]
    pub facts: AccountFacts,
}

impl Account {
    /// An account of which nothing is known but its id, its name and how far it was read.
    #[must_use]
    pub fn new(id: AccountId, name: impl Into<String>, read_state: ReadState) -> Self {
        Self { id, name: name.into(), read_state, facts: AccountFacts::default() }
    }
}

/// What says whose an account is, beside its name. Foreign text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Of a vendor organization: the PSA's client as the vendor holds it (Pax8's `externalId`). Of a PSA's client:
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

/// One unit of evidence: a device, a user's licence, a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageItem {
    /// The vendor's id of it; the same id twice within an account and kind is one item.
    pub item_id: ItemId,
    /// What a person calls it: a host's or product's name. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `server`, `workstation`, `mobile`, `other_device`, `user`, `subscription`: rules select by it.
    pub kind: String,
    /// The vendor's product, where items have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// `active` counts, `disabled` where assigned licences are counted; every other word (`pending`, `trial`,
    /// `suspended`, …) does not, and explains why.
    pub status: String,
    /// When the vendor last heard of it; `None`: the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// What an account can be split by, each by its name: `site` (a place as the vendor numbers it), `domain` (of a
    /// user's address), `group`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// How many units it stands for: 1 for a device, the seats of a subscription; `None`: the vendor did not
    /// say, which is not zero (false gap F2).
    pub quantity: Option<Decimal>,
}
