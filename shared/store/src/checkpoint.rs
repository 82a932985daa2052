//! How far a sync is that has not ended: what the next call needs to continue it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::SourceId;

use crate::key::{Key, Partition};
use crate::{Fence, Record, SnapshotId, Store, StoreError};

/// A sync that has not ended. The pages it counts are in the archive already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The source.
    pub source: SourceId,
    /// The snapshot that it will become.
    pub snapshot: SnapshotId,
    /// The day on which it began, whatever day it is for.
    pub began_on: Date,
    /// The file that is read, for a source that reads files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Page batches in the archive.
    pub batches: u64,
    /// Whether every page is there.
    pub is_crawled: bool,
    /// Accounts whose rows are written, in the order of their ids.
    pub accounts_written: u64,
    /// Pages so far.
    pub pages: u64,
    /// Requests so far.
    pub requests: u64,
    /// As in [`SyncStatus`](crate::SyncStatus).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_ahead_seconds: Option<i64>,
}

/// The row. It stays when a sync ends, with the last worker's lease on it, so that one who comes back late is refused.
#[derive(Serialize, Deserialize)]
struct CheckpointRecord {
    source: SourceId,
    crawl: Option<Checkpoint>,
}

impl Record for CheckpointRecord {
    const KIND: &'static str = "CHECKPOINT";

    fn key(&self) -> Key {
        key(&self.source)
    }

    fn subject(&self) -> String {
        source_subject(&self.source)
    }
}

fn key(source: &SourceId) -> Key {
    Partition::source(source).sort(CheckpointRecord::KIND)
}

impl Checkpoint {
    /// A sync that begins now.
    #[must_use]
    pub fn begin(source: SourceId, snapshot: SnapshotId, began_on: Date, file: Option<String>) -> Self {
        Self {
            source,
            snapshot,
            began_on,
            file,
            batches: 0,
            is_crawled: false,
            accounts_written: 0,
            pages: 0,
            requests: 0,
            vendor_ahead_seconds: None,
        }
    }

    /// The sync of a source that has not ended, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn load(store: &Store, source: &SourceId) -> Result<Option<Self>, StoreError> {
        Ok(store.get::<CheckpointRecord>(&key(source)).await?.and_then(|found| found.crawl))
    }

    /// Stores how far the sync is.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a newer worker has the source.
    pub async fn save(&self, store: &Store, fence: Fence) -> Result<(), StoreError> {
        let record = CheckpointRecord { source: self.source.clone(), crawl: Some(self.clone()) };
        store.put(&record, fence).await
    }

    /// Ends the sync of a source: the next one begins anew.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a newer worker has the source.
    pub async fn clear(store: &Store, source: &SourceId, fence: Fence) -> Result<(), StoreError> {
        let record = CheckpointRecord { source: source.clone(), crawl: None };
        store.put(&record, fence).await
    }
}

/// A source, as what a newer worker has taken over.
pub(crate) fn source_subject(source: &SourceId) -> String {
    format!("source `{source}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    fn checkpoint(pages: u64) -> Checkpoint {
        let source = SourceId::new("rmm").unwrap();
        let id: SnapshotId = "2026-06-30#000003".parse().unwrap();
        Checkpoint { pages, ..Checkpoint::begin(source, id, id.as_of, None) }
    }

    #[tokio::test]
    async fn a_checkpoint_is_continued_until_it_is_cleared() {
        let TestStore { store, .. } = &TestStore::new();
        let source = &checkpoint(0).source;
        assert_eq!(Checkpoint::load(store, source).await.unwrap(), None);
        checkpoint(7).save(store, Fence::at(3)).await.unwrap();
        assert_eq!(Checkpoint::load(store, source).await.unwrap(), Some(checkpoint(7)));
        Checkpoint::clear(store, source, Fence::at(3)).await.unwrap();
        assert_eq!(Checkpoint::load(store, source).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_late_worker_moves_no_checkpoint_also_after_it_was_cleared() {
        let TestStore { store, .. } = &TestStore::new();
        let source = &checkpoint(0).source;
        Checkpoint::clear(store, source, Fence::at(4)).await.unwrap();
        let error = checkpoint(9).save(store, Fence::at(3)).await.unwrap_err();
        assert_eq!(error.to_string(), "source `rmm` was taken over by a newer worker; this one stops");
        assert!(Checkpoint::clear(store, source, Fence::at(3)).await.is_err());
        assert_eq!(Checkpoint::load(store, source).await.unwrap(), None);
    }
}
