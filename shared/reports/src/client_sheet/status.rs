//! What a client reads of an item: that it is in use, why it is not counted, or that it is being checked.

use truecount_reconciliation::{ItemFateWord, ItemRecord, LedgerReason};

use crate::words::left_out;

/// In the order in which they are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ItemStatus {
    /// It counts.
    InUse,
    /// It does not, and why.
    NotCounted(String),
    /// Nobody knows yet.
    BeingChecked,
}

impl ItemStatus {
    /// `None`: it is not for the client to read.
    pub(super) fn of(item: &ItemRecord, stale_days: Option<u32>) -> Option<Self> {
        if item.is_unassigned {
            return None;
        }
        let reason = match (item.fate, item.reason) {
            (ItemFateWord::In, _) => return Some(Self::InUse),
            (ItemFateWord::Out | ItemFateWord::Open, None) => return None,
            (ItemFateWord::Out | ItemFateWord::Open, Some(reason)) => reason,
        };
        let why = in_words(reason, stale_days)?;
        Some(if item.fate == ItemFateWord::Out { Self::NotCounted(why) } else { Self::BeingChecked })
    }

    /// The word in the list.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::InUse => "in use",
            Self::NotCounted(_) => "not counted",
            Self::BeingChecked => "being checked",
        }
    }

    pub(super) fn why(&self) -> Option<&str> {
        match self {
            Self::NotCounted(why) => Some(why),
            Self::InUse | Self::BeingChecked => None,
        }
    }
}

/// Why an item does not count, where that is a fact about the item. `None`: the item may be another client's, or the
/// reason is how the count is made.
fn in_words(reason: LedgerReason, stale_days: Option<u32>) -> Option<String> {
    let words = match reason {
        LedgerReason::State(_) | LedgerReason::Stale | LedgerReason::Usual | LedgerReason::Replaced => {
            return Some(left_out(reason, stale_days));
        }
        LedgerReason::Duplicate | LedgerReason::Same => "the same as another entry",
        LedgerReason::Group => "counted in another service",
        LedgerReason::Covered | LedgerReason::Granted => "part of another service",
        LedgerReason::Included => "included in the price",
        LedgerReason::Product => "not part of this service",
        LedgerReason::Untaken | LedgerReason::Unknown => "being checked",
        // It may be another client's now.
        LedgerReason::Elsewhere
        | LedgerReason::Split
        | LedgerReason::Fell
        | LedgerReason::Gone
        | LedgerReason::Undecided
        // How the count is made, and nothing about the item.
        | LedgerReason::Smaller
        | LedgerReason::BoughtTwice
        | LedgerReason::Moved
        | LedgerReason::Factor
        | LedgerReason::Unit
        | LedgerReason::Minimum
        | LedgerReason::Commitment
        | LedgerReason::Pack
        | LedgerReason::RoundUp
        | LedgerReason::OneTime => return None,
    };
    Some(words.to_owned())
}
