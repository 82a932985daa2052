//! What became of one item, by names.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, SourceId};

use crate::evidence::{ItemFate, LedgerReason};

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRecord {
    /// The source.
    pub source: SourceId,
    /// The account that has it.
    pub account_id: AccountId,
    /// The vendor's id of it.
    pub item_id: String,
    /// What a person calls it. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its kind; `None`: nobody has explained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Units; `None`: the vendor did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Decimal>,
    /// The day on which the vendor first saw it; `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Date>,
    /// Whether it counts.
    pub fate: ItemFateWord,
    /// Why it does not, or why nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LedgerReason>,
    /// Whether nobody has decided whose it is, so that it may be another client's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_unassigned: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Whether an item counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemFateWord {
    /// It counts.
    In,
    /// It does not.
    Out,
    /// Nobody knows.
    Open,
}

impl ItemFateWord {
    pub(crate) fn of(fate: ItemFate) -> (Self, Option<LedgerReason>) {
        match fate {
            ItemFate::In => (Self::In, None),
            ItemFate::Out(reason) => (Self::Out, Some(reason)),
            ItemFate::Open(reason) => (Self::Open, Some(reason)),
        }
    }
}
