//! How the last sync of a source ended: what people read when no snapshot can be used.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use truecount_billing::{ReadReason, SourceId};

use crate::checkpoint::source_subject;
use crate::key::{Key, Partition};
use crate::{Fence, Record, Store, StoreError};

/// How the last sync of a source ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// The source.
    pub source: SourceId,
    /// The day it was for.
    pub as_of: Date,
    /// When it ended.
    pub at: Timestamp,
    /// Why it failed; `None`: its snapshot was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ReadReason>,
    /// Seconds by which the vendor's clock was ahead of this machine's, by the last answer's `Date`; `None`: not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_ahead_seconds: Option<i64>,
}

impl Record for SyncStatus {
    const KIND: &'static str = "STATUS";

    fn key(&self) -> Key {
        key(&self.source)
    }

    fn subject(&self) -> String {
        source_subject(&self.source)
    }
}

fn key(source: &SourceId) -> Key {
    Partition::source(source).sort(SyncStatus::KIND)
}

impl SyncStatus {
    /// Stores how a sync ended.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a newer worker has the source.
    pub async fn save(&self, store: &Store, fence: Fence) -> Result<(), StoreError> {
        store.put(self, fence).await
    }

    /// The last one, if the source was ever synced.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn last(store: &Store, source: &SourceId) -> Result<Option<Self>, StoreError> {
        store.get(&key(source)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn the_last_status_counts() {
        let TestStore { store, .. } = &TestStore::new();
        let source = SourceId::new("rmm").unwrap();
        assert_eq!(SyncStatus::last(store, &source).await.unwrap(), None);
        let as_of = jiff::civil::date(2026, 6, 30);
        let failed = SyncStatus {
            source: source.clone(),
            as_of,
            at: Timestamp::UNIX_EPOCH,
            failure: Some(ReadReason::NeverSynced),
            vendor_ahead_seconds: Some(-3),
        };
        failed.save(store, Fence::at(1)).await.unwrap();
        let good = SyncStatus { failure: None, ..failed.clone() };
        good.save(store, Fence::at(2)).await.unwrap();
        assert!(failed.save(store, Fence::at(1)).await.is_err(), "a late worker reports nothing");
        assert_eq!(SyncStatus::last(store, &source).await.unwrap(), Some(good));
    }
}
