//! Falls that a person accepted before a second witness confirmed them. Each stays on record, with who accepted it, when
//! and why.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, SourceId};

use super::Count;
use crate::key::{Key, Partition, escaped};
use crate::{Record, SnapshotId, Store, StoreError};

/// A fall of one account that a person accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedFall {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// What the vendor calls it. Foreign text.
    pub account_name: String,
    /// Whether the vendor no longer lists it.
    pub is_gone: bool,
    /// What fell, by kind.
    pub kinds: Vec<AcceptedKind>,
    /// The snapshot that relies on it. If that was never committed, the acceptance had no effect.
    pub snapshot: SnapshotId,
    /// Who accepted it.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
    /// When.
    pub accepted_at: Timestamp,
}

/// One kind of items that fell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedKind {
    /// The kind.
    pub kind: String,
    /// How much there was.
    pub from: Count,
    /// The day of the sync that reported it.
    pub from_day: Date,
    /// How much there is now: what the next sync is compared with.
    pub to: Count,
}

/// What the sort keys of acceptances begin with.
const BEGIN: &str = "ACCEPTED#";

impl Record for AcceptedFall {
    const KIND: &'static str = "ACCEPTED";

    fn key(&self) -> Key {
        let account = escaped(&self.account_id);
        Partition::source(&self.source).sort(format!("{BEGIN}{}#{account}", self.snapshot))
    }
}

impl AcceptedFall {
    /// Everything that was accepted of a source, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn list(store: &Store, source: &SourceId) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::source(source), BEGIN).await
    }

    /// Records it, before the snapshot that relies on it is committed.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known to be stored.
    pub async fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.overwrite(self).await
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::SnapshotManifest;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn acceptances_are_listed_and_are_no_snapshots() {
        let TestStore { store, .. } = &TestStore::new();
        let source = SourceId::new("rmm").unwrap();
        let accepted = |account: &str, lease| AcceptedFall {
            source: source.clone(),
            account_id: AccountId::new(account).unwrap(),
            account_name: "Acme".to_owned(),
            is_gone: false,
            kinds: vec![AcceptedKind {
                kind: "server".to_owned(),
                from: Count { items: 40, units: 40.into() },
                from_day: date(2026, 6, 29),
                to: Count::default(),
            }],
            snapshot: SnapshotId { as_of: date(2026, 6, 30), lease },
            actor: "kim".to_owned(),
            note: "sold".to_owned(),
            accepted_at: Timestamp::UNIX_EPOCH,
        };
        let all = [accepted("b#1", 3), accepted("a", 4), accepted("b", 4)];
        for one in all.iter().rev() {
            one.save(store).await.unwrap();
        }
        assert_eq!(AcceptedFall::list(store, &source).await.unwrap(), all);
        assert_eq!(SnapshotManifest::newest(store, &source, date(2026, 12, 31)).await.unwrap(), None);
    }
}
