//! An account as a snapshot's list has it: read state, counts, content hash, history, and where its items are stored.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{Account, AccountId, BilledLine, ItemMove, ReadReason, ReadState, UsageItem};

use super::{Base, Count};
use crate::hash::Hasher;
use crate::{Retention, SnapshotId, StoreError};

/// What was read of an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountContent<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its items, sorted.
    pub items: &'a [UsageItem],
    /// Its billed lines, sorted.
    pub lines: &'a [BilledLine],
    /// What happened to its items from sync to sync, sorted.
    pub moves: &'a [ItemMove],
}

impl AccountContent<'_> {
    /// How much there is by kind; of billed lines as `line`.
    fn counts(&self) -> BTreeMap<String, Count> {
        let mut counts = BTreeMap::<String, Count>::new();
        for item in self.items {
            counts.entry(item.kind.to_string()).or_default().add(item.amount());
        }
        for line in self.lines {
            counts.entry("line".to_owned()).or_default().add(Some(line.quantity));
        }
        counts
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = SnapshotEntry> + '_ {
        let items = self.items.iter().cloned().map(SnapshotEntry::Item);
        let lines = self.lines.iter().cloned().map(SnapshotEntry::Line);
        items.chain(lines).chain(self.moves.iter().cloned().map(SnapshotEntry::Move))
    }
}

/// One item or line of an account, or what happened to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotEntry {
    /// A usage item.
    Item(UsageItem),
    /// A billed line.
    Line(BilledLine),
    /// What happened to an item.
    Move(ItemMove),
}

/// An account in a snapshot's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotAccount {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// How many items (or lines) by kind, and their units.
    pub counts: BTreeMap<String, Count>,
    /// By kind, what was last relied on; only where this reading is not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bases: BTreeMap<String, Base>,
    /// What happened to it from snapshot to snapshot.
    #[serde(flatten)]
    pub history: AccountHistory,
    /// Hash of its content.
    pub sha256: String,
    /// The snapshot in which its chunks are stored: an earlier one if its content did not change.
    pub at: SnapshotId,
    /// The day on which those chunks expire.
    pub kept_until: Date,
    /// How many chunks.
    pub chunks: usize,
    /// The last reading of all of its items; only where this one is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_whole: Option<WholeReading>,
}

/// A reading of all items of an account, and where it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeReading {
    /// Its day.
    pub as_of: Date,
    /// The snapshot in which its chunks are stored.
    pub at: SnapshotId,
    /// How many chunks.
    pub chunks: usize,
    /// Items and lines in them.
    pub total: u64,
}

/// What happened to an account from snapshot to snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHistory {
    /// The day of the first snapshot that had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// When its name last changed, and what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<Renamed>,
    /// The account of the same name that had gone when this one appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

/// A change of name under the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The name before.
    pub from: String,
    /// The day of the first snapshot with the new one.
    pub on: Date,
}

/// An account that has gone, and whose name a new one has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    /// The id that has gone.
    pub id: AccountId,
    /// The day of the first snapshot with the new one.
    pub on: Date,
}

impl SnapshotAccount {
    /// Counts and hash of what was read of an account, before any of it is written.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if an item has no JSON form.
    pub fn describe(content: &AccountContent<'_>, id: SnapshotId, retention: Retention) -> Result<Self, StoreError> {
        let mut hasher = Hasher::default();
        for entry in content.entries() {
            let line = serde_json::to_vec(&entry).map_err(|error| StoreError::unwritable("an item", error))?;
            hasher.raw(&line).raw(b"\n");
        }
        Ok(Self {
            account: content.account.clone(),
            counts: content.counts(),
            bases: BTreeMap::new(),
            history: AccountHistory::default(),
            sha256: hasher.finish(),
            at: id,
            kept_until: retention.until(id.as_of),
            chunks: 0,
            last_whole: None,
        })
    }

    /// Refers to the chunks of an earlier snapshot if they hold the same content and do not expire too soon; whether
    /// they do.
    pub fn reuse(&mut self, earlier: &Self, today: Date, retention: Retention) -> bool {
        let can_reuse = retention.can_refer(earlier.kept_until, today) && earlier.sha256 == self.sha256;
        if can_reuse {
            self.at = earlier.at;
            self.kept_until = earlier.kept_until;
            self.chunks = earlier.chunks;
        }
        can_reuse
    }

    /// Whether it is no longer listed, and only kept because it was there before.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        is_gone(&self.account.read_state)
    }

    /// Items and lines together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().map(|count| count.items).sum()
    }

    /// The newest reading of all of its items: this one, of this day, if nothing is missing in it.
    #[must_use]
    pub fn whole_reading(&self, as_of: Date) -> Option<WholeReading> {
        let is_whole = match &self.account.read_state {
            ReadState::Complete | ReadState::Doubtful(ReadReason::Dropped { .. }) => true,
            ReadState::Partial(_) | ReadState::Failed(_) | ReadState::Doubtful(_) => false,
        };
        let now = || WholeReading { as_of, at: self.at, chunks: self.chunks, total: self.total() };
        if is_whole { Some(now()) } else { self.last_whole }
    }

    /// What the next sync is held against: a failure in between hides no fall. `as_of` is the day of this snapshot.
    #[must_use]
    pub fn relied_on(&self, as_of: Date) -> BTreeMap<String, Base> {
        if !self.account.read_state.is_complete() {
            return self.bases.clone();
        }
        let base = |(kind, count): (&String, &Count)| (kind.clone(), Base { count: *count, as_of, fall: None });
        self.counts.iter().map(base).collect()
    }

    /// Items and lines when it was last relied on.
    #[must_use]
    pub fn total_relied_on(&self) -> u64 {
        if self.account.read_state.is_complete() {
            return self.total();
        }
        self.bases.values().map(|base| base.count.items).sum()
    }
}

/// Whether an account of this state is no longer listed.
pub(crate) fn is_gone(state: &ReadState) -> bool {
    matches!(
        state,
        ReadState::Doubtful(ReadReason::NotListed { .. }) | ReadState::Failed(ReadReason::NoLongerVisible { .. })
    )
}
