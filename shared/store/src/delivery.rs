//! What is known about one mail: an intention before it is sent, a note after it was.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;

use crate::key::{Key, Partition};
use crate::{Corruption, CreateOutcome, Record, Store, StoreError};

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// About to be sent for the first time; the outcome of that may be unknown.
    Intended,
    /// About to be sent once more, labelled as a possible repeat.
    Repeating,
    /// Accepted by the mail server.
    Sent,
    /// The outcome of the repeat is not known either: nothing more is sent automatically.
    Unknown,
}

impl DeliveryState {
    /// The word that conditional writes compare.
    fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Repeating => "repeating",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
        }
    }
}

/// One mail to one recipient group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The month that it is about.
    pub month: BillingMonth,
    /// What it is about within the month: a closing's number, a run's id, `failed-` and a day.
    pub name: String,
    /// The recipient group.
    pub group: String,
    /// The run, if it is about one.
    pub run_id: String,
    /// How far it is.
    pub state: DeliveryState,
    /// When it got there.
    pub at: Timestamp,
}

impl Record for Delivery {
    const KIND: &'static str = "MAIL";

    fn key(&self) -> Key {
        Partition::month(self.month).sort(format!("{}#{}#{}", Self::KIND, self.name, self.group))
    }

    fn revision(&self) -> Option<String> {
        Some(self.state.as_str().to_owned())
    }
}

impl Delivery {
    /// A mail that is about to be sent for the first time.
    #[must_use]
    pub fn intend(month: BillingMonth, name: &str, group: &str, run_id: &str) -> Self {
        Self {
            month,
            name: name.to_owned(),
            group: group.to_owned(),
            run_id: run_id.to_owned(),
            state: DeliveryState::Intended,
            at: Timestamp::now(),
        }
    }

    /// Stores the intention, unless there is one already.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was stored.
    pub async fn create(&self, store: &Store) -> Result<CreateOutcome, StoreError> {
        store.create(self).await
    }

    /// The mail as it is stored.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not.
    pub async fn reload(&self, store: &Store) -> Result<Self, StoreError> {
        let found = store.get(&self.key()).await?;
        found.ok_or_else(|| StoreError::corrupt(self.key().to_string(), Corruption::Missing))
    }

    /// Moves the mail to a state if it is stored in this one; `false`: another worker has moved it.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was moved.
    pub async fn advance(&mut self, store: &Store, state: DeliveryState) -> Result<bool, StoreError> {
        let next = Self { state, at: Timestamp::now(), ..self.clone() };
        let moved = store.replace(self, &next).await?;
        if moved {
            *self = next;
        }
        Ok(moved)
    }

    /// Records the outcome, whatever is stored: the mail server has spoken.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was recorded.
    pub async fn record(&mut self, store: &Store, state: DeliveryState) -> Result<(), StoreError> {
        (self.state, self.at) = (state, Timestamp::now());
        store.overwrite(self).await
    }

    /// Withdraws an intention that came to nothing, so that the next attempt counts as the first.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was withdrawn.
    pub async fn withdraw(&self, store: &Store) -> Result<(), StoreError> {
        store.delete(self).await.map(drop)
    }

    /// Every mail about a month.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn list(store: &Store, month: BillingMonth) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::month(month), &format!("{}#", Self::KIND)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::month;
    use crate::test_store::TestStore;

    fn mail() -> Delivery {
        Delivery::intend(month(), "0001", "billing", "run")
    }

    #[tokio::test]
    async fn one_mail_is_intended_once_and_noted_when_sent() {
        let TestStore { store, .. } = &TestStore::new();
        let mut first = mail();
        assert_eq!(first.create(store).await.unwrap(), CreateOutcome::Created);
        assert_eq!(mail().create(store).await.unwrap(), CreateOutcome::AlreadyExists);
        first.record(store, DeliveryState::Sent).await.unwrap();
        assert_eq!(mail().reload(store).await.unwrap(), first);
        assert_eq!(Delivery::list(store, month()).await.unwrap(), [first]);
    }

    #[tokio::test]
    async fn of_two_workers_one_repeats() {
        let TestStore { store, .. } = &TestStore::new();
        mail().create(store).await.unwrap();
        let (mut one, mut other) = (mail().reload(store).await.unwrap(), mail().reload(store).await.unwrap());
        assert!(one.advance(store, DeliveryState::Repeating).await.unwrap());
        assert!(!other.advance(store, DeliveryState::Repeating).await.unwrap());
        assert_eq!(other.state, DeliveryState::Intended, "it stays as it was read");
        assert_eq!(mail().reload(store).await.unwrap().state, DeliveryState::Repeating);
    }

    #[tokio::test]
    async fn only_an_intention_is_withdrawn() {
        let TestStore { store, .. } = &TestStore::new();
        let first = mail();
        first.create(store).await.unwrap();
        let mut sent = first.clone();
        sent.record(store, DeliveryState::Sent).await.unwrap();
        first.withdraw(store).await.unwrap();
        assert_eq!(mail().reload(store).await.unwrap().state, DeliveryState::Sent, "what was sent stays noted");
        sent.withdraw(store).await.unwrap();
        assert!(mail().reload(store).await.is_err());
        assert_eq!(mail().create(store).await.unwrap(), CreateOutcome::Created);
    }

    #[tokio::test]
    async fn the_compared_word_is_the_stored_word() {
        for state in [DeliveryState::Intended, DeliveryState::Repeating, DeliveryState::Sent, DeliveryState::Unknown] {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{}\"", state.as_str()));
        }
    }
}
