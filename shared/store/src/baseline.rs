//! The baselines that an MSP accepted: closing runs whose exceptions are the list that it starts from. Appended, never
//! changed; the last counts.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;

use crate::key::{Key, Partition};
use crate::{CreateOutcome, Record, Store, StoreError};

/// Tries at the next number when several people accept at the same moment.
const APPEND_TRIES_MAX: u32 = 8;

/// One accepted baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRecord {
    /// Its place among all of them, from 1; assigned when it is appended.
    pub number: u32,
    /// The month of the closing run.
    pub month: BillingMonth,
    /// The closing run.
    pub run_id: String,
    /// How many exceptions it had open.
    pub exceptions: u64,
    /// Who accepted it.
    pub actor: String,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The day on which it was accepted, where the MSP is.
    pub accepted_on: Date,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

impl Record for BaselineRecord {
    const KIND: &'static str = "ACCEPTED";

    fn key(&self) -> Key {
        Partition::baseline().sort(format!("{}#{:06}", Self::KIND, self.number))
    }
}

impl BaselineRecord {
    /// The one that counts: the last.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn current(store: &Store) -> Result<Option<Self>, StoreError> {
        store.last(&Partition::baseline(), &format!("{}#", Self::KIND), None).await
    }

    /// Appends it, unless the last is of the same run already. Answers the one that counts now.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if others keep accepting at the same moment.
    pub async fn append(&self, store: &Store) -> Result<(CreateOutcome, Self), StoreError> {
        for _ in 0..APPEND_TRIES_MAX {
            let last = Self::current(store).await?;
            if let Some(last) = last.as_ref().filter(|last| last.run_id == self.run_id) {
                return Ok((CreateOutcome::AlreadyExists, last.clone()));
            }
            let number = last.map_or(0, |last| last.number).saturating_add(1);
            let record = Self { number, ..self.clone() };
            if store.create(&record).await? == CreateOutcome::Created {
                return Ok((CreateOutcome::Created, record));
            }
        }
        Err(StoreError::Contended(format!("the baseline of {}", self.month)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::test_store::TestStore;

    fn baseline(run_id: &str, actor: &str) -> BaselineRecord {
        BaselineRecord {
            number: 0,
            month: "2026-06".parse().unwrap(),
            run_id: run_id.to_owned(),
            exceptions: 104,
            actor: actor.to_owned(),
            note: String::new(),
            accepted_on: date(2026, 7, 2),
            accepted_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn the_last_baseline_counts_and_the_same_run_is_accepted_once() {
        let TestStore { store, .. } = &TestStore::new();
        assert_eq!(BaselineRecord::current(store).await.unwrap(), None);
        let numbered = |number, one: BaselineRecord| BaselineRecord { number, ..one };
        let first = baseline("2026-06-c1-1", "kim").append(store).await.unwrap();
        assert_eq!(first, (CreateOutcome::Created, numbered(1, baseline("2026-06-c1-1", "kim"))));
        let again = baseline("2026-06-c1-1", "pat").append(store).await.unwrap();
        assert_eq!(again, (CreateOutcome::AlreadyExists, first.1.clone()), "who accepted it first stands");
        let other = baseline("2026-07-c1-1", "pat").append(store).await.unwrap();
        assert_eq!(other.1.number, 2);
        let back = baseline("2026-06-c1-1", "kim").append(store).await.unwrap();
        assert_eq!(BaselineRecord::current(store).await.unwrap(), Some(back.1.clone()));
        assert_eq!(back.1.number, 3);
    }

    #[tokio::test]
    async fn of_two_who_accept_at_once_both_stand() {
        let TestStore { store, .. } = &TestStore::new();
        let (one, other) = (baseline("2026-06-c1-1", "kim"), baseline("2026-06-c2-1", "pat"));
        let (one, other) = tokio::join!(one.append(store), other.append(store));
        let mut numbers = [one.unwrap().1.number, other.unwrap().1.number];
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
    }
}
