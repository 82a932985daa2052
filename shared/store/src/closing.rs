//! The claim that makes one run the closing run of a month.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;

use crate::key::{Key, Partition};
use crate::{Corruption, CreateOutcome, Fence, Record, Store, StoreError};

/// Closings that one month can have, each replacing the one before.
const CLOSINGS_MAX: u32 = 99;

/// The claim of a closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The month.
    pub month: BillingMonth,
    /// Its number, from 1.
    pub number: u32,
    /// When it was first claimed.
    pub claimed_at: Timestamp,
    /// The run that it replaces.
    pub replaces: Option<String>,
    /// Its run, once that run's inputs are frozen.
    pub run_id: Option<String>,
}

impl Record for Closing {
    const KIND: &'static str = "CLOSING";

    fn key(&self) -> Key {
        Partition::month(self.month).sort(format!("{}#{:04}", Self::KIND, self.number))
    }

    fn subject(&self) -> String {
        format!("the closing of {}", self.month)
    }
}

impl Closing {
    /// The closings of a month, in order.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn list(store: &Store, month: BillingMonth) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::month(month), &format!("{}#", Self::KIND)).await
    }

    /// The id of the run that counts for a month.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn current_run_id(store: &Store, month: BillingMonth) -> Result<Option<String>, StoreError> {
        Ok(Self::list(store, month).await?.into_iter().rev().find_map(|closing| closing.run_id))
    }

    /// The closing to work on: the one that exists, or a new claim. `replace` names the run that it replaces.
    ///
    /// # Errors
    /// [`StoreError::NotTheClosingRun`] if `replace` names no closing run of this month.
    pub async fn claim(
        store: &Store,
        month: BillingMonth,
        replace: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let last = Self::list(store, month).await?.pop();
        let claim = |number, replaces| Self { month, number, claimed_at: now, replaces, run_id: None };
        let wanted = match (last, replace) {
            (Some(last), None) => return Ok(last),
            (Some(last), Some(run)) if last.replaces.as_deref() == Some(run) => return Ok(last),
            (Some(last), Some(run)) if last.run_id.as_deref() == Some(run) => {
                claim(last.number + 1, Some(run.to_owned()))
            }
            (last, Some(run)) => {
                let current = last.and_then(|last| last.run_id).unwrap_or_else(|| "none".to_owned());
                return Err(StoreError::NotTheClosingRun { run_id: run.to_owned(), month, current });
            }
            (None, None) => claim(1, None),
        };
        if wanted.number > CLOSINGS_MAX {
            return Err(StoreError::TooManyClosings { month, closings_max: CLOSINGS_MAX });
        }
        if wanted.create(store).await? == CreateOutcome::Created {
            return Ok(wanted);
        }
        // Another worker was first: its claim is the one to work on.
        let last = Self::list(store, month).await?.pop();
        last.ok_or_else(|| StoreError::corrupt(wanted.key().to_string(), Corruption::Missing))
    }

    /// Stores a new claim.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was stored.
    pub async fn create(&self, store: &Store) -> Result<CreateOutcome, StoreError> {
        store.create_unfenced(self).await
    }

    /// Names the run of this closing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a newer worker has it.
    pub async fn set_run(&mut self, store: &Store, run_id: &str, fence: Fence) -> Result<(), StoreError> {
        self.run_id = Some(run_id.to_owned());
        store.put(self, fence).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::month;
    use crate::test_store::TestStore;

    async fn claim(store: &Store, replace: Option<&str>) -> Result<Closing, StoreError> {
        Closing::claim(store, month(), replace, Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test]
    async fn of_two_claims_at_once_one_counts_for_both() {
        let TestStore { store, .. } = &TestStore::new();
        let at = |second| Closing::claim(store, month(), None, Timestamp::from_second(second).unwrap());
        let (one, other) = tokio::join!(at(1), at(2));
        assert_eq!(one.unwrap(), other.unwrap(), "both work on the same closing");
        assert_eq!(Closing::list(store, month()).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_closing_is_claimed_once_and_replaced_by_its_run() {
        let TestStore { store, .. } = &TestStore::new();
        let mut first = claim(store, None).await.unwrap();
        assert_eq!((first.number, &first.run_id), (1, &None));
        assert_eq!(Closing::current_run_id(store, month()).await.unwrap(), None);
        first.set_run(store, "one", Fence::at(1)).await.unwrap();
        assert_eq!(claim(store, None).await.unwrap(), first, "the same closing again");
        let second = claim(store, Some("one")).await.unwrap();
        assert_eq!((second.number, second.replaces.as_deref()), (2, Some("one")));
        assert_eq!(
            Closing::current_run_id(store, month()).await.unwrap().as_deref(),
            Some("one"),
            "until it has a run"
        );
        assert_eq!(claim(store, Some("one")).await.unwrap(), second, "an interrupted replacement is continued");
    }

    #[tokio::test]
    async fn only_the_closing_run_can_be_replaced() {
        let TestStore { store, .. } = &TestStore::new();
        let error = claim(store, Some("x")).await.unwrap_err().to_string();
        assert_eq!(error, "`x` is not the closing run of 2026-06 (that is none); nothing was replaced");
        let mut first = claim(store, None).await.unwrap();
        first.set_run(store, "one", Fence::at(1)).await.unwrap();
        let error = claim(store, Some("draft")).await.unwrap_err().to_string();
        assert!(error.contains("that is one"), "{error}");
        assert_eq!(Closing::list(store, month()).await.unwrap(), [first]);
    }

    #[tokio::test]
    async fn a_month_has_a_limited_number_of_closings() {
        let TestStore { store, .. } = &TestStore::new();
        let last = Closing {
            month: month(),
            number: CLOSINGS_MAX,
            claimed_at: Timestamp::UNIX_EPOCH,
            replaces: None,
            run_id: Some("last".to_owned()),
        };
        last.create(store).await.unwrap();
        assert_eq!(claim(store, Some("last")).await.unwrap_err().to_string(), "2026-06 already has 99 closing runs");
    }

    #[tokio::test]
    async fn a_late_worker_names_no_run() {
        let TestStore { store, .. } = &TestStore::new();
        let mut closing = claim(store, None).await.unwrap();
        closing.set_run(store, "newer", Fence::at(2)).await.unwrap();
        let error = closing.set_run(store, "older", Fence::at(1)).await.unwrap_err().to_string();
        assert_eq!(error, "the closing of 2026-06 was taken over by a newer worker; this one stops");
        assert_eq!(Closing::current_run_id(store, month()).await.unwrap().as_deref(), Some("newer"));
    }
}
