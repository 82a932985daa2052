//! What a comparison reads: the accounts of each source with what they hold now and what they held before. Straight from
//! the snapshots, or from the files in which a run has frozen it; whoever compares cannot tell which.

mod frozen;
mod snapshots;
mod write;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{Account, BilledLine, ItemMove, ReadState, SourceId, UsageItem};

use crate::{AccountHistory, Count, SnapshotAccount, SnapshotEntry};

pub use frozen::{FrozenAccounts, FrozenRun};
pub use snapshots::SnapshotReader;
pub use write::{InputFile, InputsWriter};

/// A source, on the day of the snapshot that a run uses or on a day before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceOnDay {
    /// The source.
    pub source: SourceId,
    /// The day before the snapshot; `None`: the snapshot.
    pub before: Option<Date>,
}

/// An account of a source, with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputAccount {
    /// What the snapshot's list says of it.
    pub listed: ListedAccount,
    /// Its items and lines.
    pub entries: Vec<SnapshotEntry>,
    /// What it held when it was last relied on, as far as that is still stored: the newest first.
    pub earlier: Vec<EarlierReading>,
}

/// What a snapshot's list says of an account, without where the rest of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAccount {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// How many items (or lines) by kind, and their units.
    pub counts: BTreeMap<String, Count>,
    /// By kind, what was last relied on; only where this reading is not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bases: BTreeMap<String, ListedBase>,
    /// What happened to it from snapshot to snapshot.
    #[serde(flatten)]
    pub history: AccountHistory,
}

/// The count of one kind in an account that was last relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedBase {
    /// How much there was.
    pub count: Count,
    /// The day of the sync that reported it.
    pub as_of: Date,
    /// Whether less was counted since.
    pub has_fallen: bool,
}

/// What an account held in an earlier snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierReading {
    /// The snapshot's day.
    pub as_of: Date,
    /// How far it was read.
    pub read_state: ReadState,
    /// How many items (or lines) by kind, and their units.
    pub counts: BTreeMap<String, Count>,
    /// Its items and lines.
    #[serde(skip)]
    pub entries: Vec<SnapshotEntry>,
}

/// One line of a source's inputs: an account, then its items and lines and what happened to them, then each earlier reading with its own.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum InputLine {
    Account(ListedAccount),
    Earlier(EarlierReading),
    Item(UsageItem),
    Line(BilledLine),
    Move(ItemMove),
}

/// The same, to be written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum InputLineRef<'a> {
    Account(&'a ListedAccount),
    Earlier(&'a EarlierReading),
}

impl InputAccount {
    /// What it held on a day: by the newest reading of that day that is as asked; `None`: there is none, or no longer.
    pub fn earlier_on(&self, day: Date, is_wanted: impl Fn(&EarlierReading) -> bool) -> Option<&[SnapshotEntry]> {
        let of_day = self.earlier.iter().filter(|reading| reading.as_of == day);
        of_day.filter(|reading| is_wanted(reading)).map(|reading| reading.entries.as_slice()).next()
    }
}

impl ListedAccount {
    /// Whether it is no longer listed, and only kept because it was there before.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        crate::snapshot::is_gone(&self.account.read_state)
    }

    /// Items and lines together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().map(|count| count.items).sum()
    }
}

impl From<&SnapshotAccount> for ListedAccount {
    fn from(entry: &SnapshotAccount) -> Self {
        let base = |(kind, base): (&String, &crate::Base)| {
            let has_fallen = base.fall.is_some();
            (kind.clone(), ListedBase { count: base.count, as_of: base.as_of, has_fallen })
        };
        Self {
            account: entry.account.clone(),
            counts: entry.counts.clone(),
            bases: entry.bases.iter().map(base).collect(),
            history: entry.history.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
