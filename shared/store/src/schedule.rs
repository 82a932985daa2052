//! When the schedule was first asked here: no month whose closing day was before is ever due.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::key::{Key, Partition};
use crate::{CreateOutcome, Record, Store, StoreError};

/// The day on which the schedule was first asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleStart {
    /// The day, in the MSP's time zone.
    pub day: Date,
}

impl Record for ScheduleStart {
    const KIND: &'static str = "START";

    fn key(&self) -> Key {
        key()
    }
}

fn key() -> Key {
    Partition::schedule().sort(ScheduleStart::KIND)
}

impl ScheduleStart {
    /// The day, if the schedule was ever asked.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn load(store: &Store) -> Result<Option<Self>, StoreError> {
        store.get(&key()).await
    }

    /// The day, which is `today` if the schedule was never asked before.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read or stored.
    pub async fn load_or_begin(store: &Store, today: Date) -> Result<Self, StoreError> {
        if let Some(found) = Self::load(store).await? {
            return Ok(found);
        }
        let begun = Self { day: today };
        match store.create(&begun).await? {
            CreateOutcome::Created => Ok(begun),
            CreateOutcome::AlreadyExists => Ok(Self::load(store).await?.unwrap_or(begun)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;
    use jiff::civil::date;

    #[tokio::test]
    async fn the_first_day_stands() {
        let TestStore { store, .. } = &TestStore::new();
        assert_eq!(ScheduleStart::load(store).await.unwrap(), None);
        let first = ScheduleStart { day: date(2026, 6, 3) };
        assert_eq!(ScheduleStart::load_or_begin(store, date(2026, 6, 3)).await.unwrap(), first);
        assert_eq!(ScheduleStart::load_or_begin(store, date(2026, 7, 1)).await.unwrap(), first);
        assert_eq!(ScheduleStart::load(store).await.unwrap(), Some(first));
    }
}
