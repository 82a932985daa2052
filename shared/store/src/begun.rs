//! A job that began and has not ended: what is left of one that was killed. Deliberately absent: who looks for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;

use crate::key::{Key, Partition};
use crate::{Record, Store, StoreError};

/// The closing of a month that began and has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunClosing {
    /// The month that it is to close.
    pub month: BillingMonth,
    /// When it began.
    pub at: Timestamp,
    /// What it is doing: `sync`, `reconcile` or `report`.
    pub step: String,
}

impl Record for BegunClosing {
    const KIND: &'static str = "BEGUN#";

    fn key(&self) -> Key {
        Partition::schedule().sort(format!("{}{}", Self::KIND, self.at))
    }

    fn revision(&self) -> Option<String> {
        Some(self.at.to_string())
    }
}

impl BegunClosing {
    /// Stores that it began, or what it is doing now.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored.
    pub async fn note(&self, store: &Store) -> Result<(), StoreError> {
        store.overwrite(self).await
    }

    /// It has ended, or somebody was told that it did not.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be stored.
    pub async fn end(&self, store: &Store) -> Result<(), StoreError> {
        store.delete(self).await.map(drop)
    }

    /// All of them, the oldest first. Asked by who has the store alone, these are of processes that died.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn list(store: &Store) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::schedule(), Self::KIND).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn what_has_not_ended_is_listed() {
        let TestStore { store, .. } = &TestStore::new();
        let begun = |day: u8| BegunClosing {
            month: "2026-06".parse().unwrap(),
            at: format!("2026-06-{day}T06:00:00Z").parse().unwrap(),
            step: "sync".to_owned(),
        };
        let (mut first, second) = (begun(26), begun(27));
        second.note(store).await.unwrap();
        first.note(store).await.unwrap();
        first.step = "report".to_owned();
        first.note(store).await.unwrap();
        assert_eq!(BegunClosing::list(store).await.unwrap(), [first.clone(), second.clone()]);
        first.end(store).await.unwrap();
        first.end(store).await.unwrap();
        assert_eq!(BegunClosing::list(store).await.unwrap(), [second]);
    }
}
