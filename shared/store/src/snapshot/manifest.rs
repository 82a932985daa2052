//! A snapshot's manifest. Creating it is the commit: one conditional write after which the snapshot can be used.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{ReadReason, ReadState, Receipt, Side, SourceId};

use super::SnapshotAccount;
use crate::hash::Hasher;
use crate::key::{Key, Partition};
use crate::{CreateOutcome, Record, SnapshotId, Store, StoreError};

/// What a committed snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotManifest {
    /// The source.
    pub source: SourceId,
    /// The snapshot.
    pub id: SnapshotId,
    /// The kind of source that read it.
    pub connector: String,
    /// Which side of the comparison it is on.
    pub side: Side,
    /// Accounts in it.
    pub account_count: u64,
    /// Of these, not read completely.
    pub incomplete_count: u64,
    /// Items or lines in it.
    pub item_count: u64,
    /// Pages that it was read from.
    pub page_count: u64,
    /// Requests that it took.
    pub request_count: u64,
    /// Hash of the content: the same content has the same hash, whenever it was read.
    pub content_sha256: String,
    /// What is missing of the source, not known of which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<ReadReason>,
    /// What became of every row that was read.
    #[serde(default)]
    pub receipt: Receipt,
}

impl Record for SnapshotManifest {
    const KIND: &'static str = "SNAPSHOT";

    fn key(&self) -> Key {
        Partition::source(&self.source).sort(sort(self.id))
    }
}

fn sort(id: SnapshotId) -> String {
    format!("{}#{id}", SnapshotManifest::KIND)
}

fn begin() -> String {
    format!("{}#", SnapshotManifest::KIND)
}

impl SnapshotManifest {
    /// Commits the snapshot.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it is committed.
    pub async fn commit(&self, store: &Store) -> Result<CreateOutcome, StoreError> {
        store.create(self).await
    }

    /// The newest snapshot of a source that is not for a day after `day`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn newest(store: &Store, source: &SourceId, day: Date) -> Result<Option<Self>, StoreError> {
        let until = sort(SnapshotId { as_of: day, lease: 0 }).replace("#000000", "#~");
        store.last(&Partition::source(source), &begin(), Some(&until)).await
    }

    /// The newest snapshot of a source before `id`, whether or not that is committed.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn before(store: &Store, source: &SourceId, id: SnapshotId) -> Result<Option<Self>, StoreError> {
        let until = sort(SnapshotId { lease: id.lease.saturating_sub(1), ..id });
        store.last(&Partition::source(source), &begin(), Some(&until)).await
    }

    /// One snapshot, if it is committed.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn load(store: &Store, source: &SourceId, id: SnapshotId) -> Result<Option<Self>, StoreError> {
        store.get(&Partition::source(source).sort(sort(id))).await
    }

    /// Every snapshot of a source, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn list(store: &Store, source: &SourceId) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::source(source), &begin()).await
    }

    /// How far the source itself was read; accounts have states of their own.
    #[must_use]
    pub fn source_state(&self) -> ReadState {
        self.missing.clone().map_or(ReadState::Complete, ReadState::Partial)
    }

    /// How far the source was read, its accounts included.
    #[must_use]
    pub fn read_state(&self) -> ReadState {
        if self.missing.is_some() || self.incomplete_count == 0 {
            return self.source_state();
        }
        let (incomplete, all) = (self.incomplete_count, self.account_count);
        ReadState::Partial(ReadReason::AccountsIncomplete { incomplete, accounts: all })
    }

    /// Hash over accounts, states and contents.
    #[must_use]
    pub fn content_sha256(accounts: &[SnapshotAccount], missing: Option<&ReadReason>) -> String {
        let mut hasher = Hasher::default();
        hasher.raw(missing.map(ToString::to_string).unwrap_or_default().as_bytes());
        for entry in accounts {
            let account = &entry.account;
            let reason = account.read_state.reason().map(ToString::to_string).unwrap_or_default();
            let state = format!("{} {reason}", account.read_state.as_str());
            for part in [account.id.as_str(), &account.name, &state, &entry.sha256] {
                hasher.part(part.as_bytes());
            }
            if let Some(renamed) = &entry.history.renamed {
                hasher.raw(format!("renamed {} {}", renamed.on, renamed.from).as_bytes());
            }
            if let Some(predecessor) = &entry.history.predecessor {
                hasher.raw(format!("took over {} {}", predecessor.on, predecessor.id).as_bytes());
            }
            for fact in account.facts.identifiers.iter().chain(&account.facts.domains) {
                hasher.raw(b"fact").part(fact.as_bytes());
            }
        }
        hasher.finish()
    }
}
