//! Who may work on something now. A lease's number only grows, so that a worker who comes back late is refused.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::key::{Key, Partition};
use crate::{CreateOutcome, Record, Store, StoreError};

/// Seconds after a worker's deadline at which its lease can be taken: by then the runtime has ended the worker.
const GRACE_SECONDS: i64 = 3;

/// How a lease that is found is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseMode {
    /// Other processes work on the same store: a lease is respected until it expires.
    Shared,
    /// This process has the store alone (a locked folder): a lease that is found belongs to a process that died.
    SingleProcess,
}

/// The number that a worker's writes carry: a row that holds a greater one refuses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(i64);

impl Fence {
    /// Before any lease: what is written so, every holder of a lease may overwrite.
    pub const NONE: Self = Self(0);

    /// The fence of the lease with this number.
    #[must_use]
    pub fn at(number: i64) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> i64 {
        self.0
    }
}

/// The right to work on one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    name: String,
    number: i64,
}

/// What asking for a lease gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is ours.
    Held(Lease),
    /// Somebody else works on it.
    Busy,
}

/// A lease as the table has it.
#[derive(Serialize, Deserialize)]
struct LeaseRecord {
    name: String,
    number: i64,
    held_until: Timestamp,
    /// Distinguishes two writers that ask at the same moment for the same time, so that a lost answer can be resolved.
    written_at: Timestamp,
}

impl Record for LeaseRecord {
    const KIND: &'static str = "LEASE";

    fn key(&self) -> Key {
        key(&self.name)
    }

    fn revision(&self) -> Option<String> {
        Some(self.number.to_string())
    }
}

fn key(name: &str) -> Key {
    Partition::lease(name).sort(LeaseRecord::KIND)
}

impl LeaseRecord {
    fn new(name: &str, number: i64, held_until: Timestamp) -> Self {
        Self { name: name.to_owned(), number, held_until, written_at: Timestamp::now() }
    }
}

impl Lease {
    /// Asks for the lease `name` until `deadline`.
    ///
    /// # Errors
    /// [`StoreError`] if the table cannot be reached, or the lease that is stored is damaged.
    pub async fn acquire(store: &Store, name: &str, deadline: Timestamp) -> Result<LeaseOutcome, StoreError> {
        let held_until = deadline.saturating_add(GRACE_SECONDS.seconds()).unwrap_or(deadline);
        let Some(found) = store.get::<LeaseRecord>(&key(name)).await? else {
            return Ok(match store.create(&LeaseRecord::new(name, 1, held_until)).await? {
                CreateOutcome::Created => LeaseOutcome::Held(Self { name: name.to_owned(), number: 1 }),
                CreateOutcome::AlreadyExists => LeaseOutcome::Busy,
            });
        };
        if found.held_until > Timestamp::now() && store.lease_mode == LeaseMode::Shared {
            return Ok(LeaseOutcome::Busy);
        }
        let number = found.number + 1;
        let taken = store.replace(&found, &LeaseRecord::new(name, number, held_until)).await?;
        Ok(if taken { LeaseOutcome::Held(Self { name: name.to_owned(), number }) } else { LeaseOutcome::Busy })
    }

    /// Its number: grows with every holder.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// What this holder's writes carry.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence(self.number)
    }

    /// Makes sure that nobody else has taken the lease meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if somebody has; [`StoreError::Table`] if the table cannot be reached.
    pub async fn ensure_held(&self, store: &Store) -> Result<(), StoreError> {
        let found = store.get::<LeaseRecord>(&key(&self.name)).await?;
        if found.is_some_and(|found| found.number == self.number) {
            return Ok(());
        }
        Err(StoreError::Fenced(format!("`{}`", self.name)))
    }

    /// Gives the lease back. One that somebody else has taken meanwhile stays theirs.
    ///
    /// # Errors
    /// [`StoreError`] if the table cannot be reached; the lease then expires.
    pub async fn release(self, store: &Store) -> Result<(), StoreError> {
        let free = LeaseRecord::new(&self.name, self.number, Timestamp::UNIX_EPOCH);
        store.replace(&free, &free).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    fn in_seconds(seconds: i64) -> Timestamp {
        Timestamp::now() + seconds.seconds()
    }

    async fn acquire(store: &Store, seconds: i64) -> LeaseOutcome {
        Lease::acquire(store, "rmm", in_seconds(seconds)).await.unwrap()
    }

    async fn held(store: &Store, seconds: i64) -> Lease {
        match acquire(store, seconds).await {
            LeaseOutcome::Held(lease) => lease,
            LeaseOutcome::Busy => panic!("busy"),
        }
    }

    #[tokio::test]
    async fn a_lease_that_is_held_makes_others_wait() {
        let TestStore { store, .. } = &TestStore::new();
        let first = held(store, 60).await;
        assert_eq!(first.number(), 1);
        assert_eq!(acquire(store, 60).await, LeaseOutcome::Busy);
        let other = Lease::acquire(store, "psa", in_seconds(60)).await.unwrap();
        assert!(matches!(other, LeaseOutcome::Held(_)), "another name is another lease");
        first.release(store).await.unwrap();
        assert_eq!(held(store, 60).await.number(), 2);
    }

    #[tokio::test]
    async fn an_expired_lease_is_taken_only_after_its_grace() {
        let TestStore { store, .. } = &TestStore::new();
        held(store, 1 - GRACE_SECONDS).await;
        assert_eq!(acquire(store, 60).await, LeaseOutcome::Busy, "the runtime may still be ending its holder");
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        assert_eq!(held(store, 60).await.number(), 2);
    }

    #[tokio::test]
    async fn who_lost_the_lease_is_fenced_and_cannot_release_it() {
        let TestStore { store, .. } = &TestStore::new();
        let late = held(store, -GRACE_SECONDS).await;
        late.ensure_held(store).await.unwrap();
        let newer = held(store, 60).await;
        let error = late.ensure_held(store).await.unwrap_err();
        assert_eq!(error.to_string(), "`rmm` was taken over by a newer worker; this one stops");
        late.release(store).await.unwrap();
        newer.ensure_held(store).await.unwrap();
        assert_eq!(acquire(store, 60).await, LeaseOutcome::Busy, "the newer one still holds it");
    }

    #[tokio::test]
    async fn a_single_process_takes_the_lease_of_one_that_died() {
        let test = TestStore::new();
        let died = held(&test.store, 600).await;
        let alone = test.single_process();
        assert_eq!(held(&alone, 600).await.number(), 2);
        assert!(died.ensure_held(&test.store).await.is_err());
    }

    #[tokio::test]
    async fn of_several_who_ask_at_once_one_holds_it() {
        let TestStore { store, .. } = &TestStore::new();
        for name in ["a", "b", "c"] {
            let ask = || Lease::acquire(store, name, in_seconds(60));
            let (first, second, third) = tokio::join!(ask(), ask(), ask());
            let outcomes = [first.unwrap(), second.unwrap(), third.unwrap()];
            let held = outcomes.iter().filter(|one| matches!(one, LeaseOutcome::Held(_))).count();
            assert_eq!(held, 1, "{outcomes:?}");
        }
    }

    #[tokio::test]
    async fn a_damaged_lease_is_not_taken_for_a_free_one() {
        let TestStore { store, .. } = &TestStore::new();
        held(store, 60).await;
        let at = key("rmm");
        let row = truecount_platform::Row::new(at.partition, at.sort).with("body", "{}").with("revision", "1");
        store.table.put(row).await.unwrap();
        assert!(matches!(Lease::acquire(store, "rmm", in_seconds(60)).await, Err(StoreError::Corrupt { .. })));
    }
}
