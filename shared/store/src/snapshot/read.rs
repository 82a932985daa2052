//! Reading a snapshot back: its list of accounts, then their items a group at a time.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, BilledLine, SourceId};
use truecount_platform::Row;

use super::{INDEX, SnapshotAccount, SnapshotEntry, SnapshotManifest, WholeReading, chunk_sort};
use crate::key::{Key, Partition};
use crate::{Corruption, SnapshotId, Store, StoreError, gzip};

/// Accounts whose items are read together.
const GROUP_ACCOUNTS_MAX: usize = 64;

/// Items that are read together; an account with more is read alone.
const GROUP_ITEMS_MAX: u64 = 50_000;

impl SnapshotManifest {
    /// The accounts of this snapshot, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot all be read.
    pub async fn accounts(&self, store: &Store) -> Result<Vec<SnapshotAccount>, StoreError> {
        SnapshotAccount::list(store, &self.source, self.id, self.account_count).await
    }

    /// Hands over each billed line of this snapshot.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a chunk is missing or damaged.
    pub async fn each_line(&self, store: &Store, mut each: impl FnMut(&BilledLine)) -> Result<(), StoreError> {
        let accounts = self.accounts(store).await?;
        for group in groups(&accounts) {
            for entry in SnapshotAccount::contents(store, &self.source, group).await?.iter().flatten() {
                if let SnapshotEntry::Line(line) = entry {
                    each(line);
                }
            }
        }
        Ok(())
    }
}

impl SnapshotAccount {
    /// The accounts of a snapshot, by id; `expected` is how many its manifest names.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if they are not as many.
    pub async fn list(
        store: &Store,
        source: &SourceId,
        id: SnapshotId,
        expected: u64,
    ) -> Result<Vec<Self>, StoreError> {
        let partition = Partition::snapshot(source, id);
        let mut accounts = Vec::new();
        for row in store.table.query(partition.as_str(), INDEX).await? {
            each_entry(&row, |entry: Self| accounts.push(entry))?;
        }
        let found = accounts.len() as u64;
        if found != expected {
            return Err(StoreError::corrupt(partition.as_str(), Corruption::Count { found, expected }));
        }
        Ok(accounts)
    }

    /// The items and lines of some accounts, in their order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a chunk is missing or damaged.
    pub async fn contents(
        store: &Store,
        source: &SourceId,
        accounts: &[Self],
    ) -> Result<Vec<Vec<SnapshotEntry>>, StoreError> {
        let stored: Vec<_> = accounts.iter().map(|one| (&one.account.id, one.at, one.chunks, one.total())).collect();
        read(store, source, &stored).await
    }

    /// The items and lines of some accounts by whole readings of them, in their order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a chunk is missing or damaged.
    pub async fn whole_contents(
        store: &Store,
        source: &SourceId,
        readings: &[(&AccountId, WholeReading)],
    ) -> Result<Vec<Vec<SnapshotEntry>>, StoreError> {
        let stored: Vec<_> = readings.iter().map(|(id, one)| (*id, one.at, one.chunks, one.total)).collect();
        read(store, source, &stored).await
    }
}

/// Each of these accounts as a snapshot stored it in so many chunks, with so many items and lines.
async fn read(
    store: &Store,
    source: &SourceId,
    stored: &[(&AccountId, SnapshotId, usize, u64)],
) -> Result<Vec<Vec<SnapshotEntry>>, StoreError> {
    let keys = |(account, at, chunks, _): &(&AccountId, SnapshotId, usize, u64)| -> Vec<Key> {
        let key = |chunk| Partition::shard(source, *at, account).sort(chunk_sort(account, chunk));
        (0..*chunks).map(key).collect()
    };
    let keys: Vec<Vec<Key>> = stored.iter().map(keys).collect();
    let wanted = keys.iter().flatten().map(|key| (key.partition.clone(), key.sort.clone())).collect::<Vec<_>>();
    let found = store.table.batch_get(&wanted).await?;
    let mut rows: BTreeMap<(String, String), Row> =
        found.into_iter().map(|row| ((row.pk.clone(), row.sk.clone()), row)).collect();
    let mut contents = Vec::with_capacity(stored.len());
    for ((account, _, _, expected), keys) in stored.iter().zip(keys) {
        let mut entries = Vec::new();
        for key in keys {
            let location = key.to_string();
            let row = rows.remove(&(key.partition, key.sort));
            let row = row.ok_or_else(|| StoreError::corrupt(location, Corruption::Missing))?;
            each_entry(&row, |entry| entries.push(entry))?;
        }
        let found = entries.iter().filter(|entry| !matches!(entry, SnapshotEntry::Move(_))).count() as u64;
        if found != *expected {
            let location = format!("{source} {account}");
            return Err(StoreError::corrupt(location, Corruption::Count { found, expected: *expected }));
        }
        contents.push(entries);
    }
    Ok(contents)
}

/// Splits accounts into groups that are read together, so that memory stays bounded.
pub fn groups(accounts: &[SnapshotAccount]) -> impl Iterator<Item = &[SnapshotAccount]> {
    let mut rest = accounts;
    std::iter::from_fn(move || {
        let mut items = 0;
        let fits = |entry: &&SnapshotAccount| {
            items += entry.total();
            items <= GROUP_ITEMS_MAX
        };
        let most = rest.iter().take(GROUP_ACCOUNTS_MAX).take_while(fits).count().max(1);
        let (group, others) = rest.split_at_checked(most)?;
        rest = others;
        Some(group)
    })
}

fn each_entry<T: serde::de::DeserializeOwned>(row: &Row, mut each: impl FnMut(T)) -> Result<(), StoreError> {
    let location = format!("{} / {}", row.pk, row.sk);
    let body = row.bytes("body").ok_or_else(|| StoreError::corrupt(&location, Corruption::MissingAttribute("body")))?;
    gzip::lines(&location, body).try_for_each(|entry| entry.map(&mut each))
}
