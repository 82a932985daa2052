//! What happened to the items of accounts since they were last read whole: the readings before are read back, a group of
//! accounts at a time, where they are not the same.

use std::collections::BTreeMap;

use jiff::civil::Date;
use truecount_billing::{AccountId, ItemMove, UsageItem, item_moves};
use truecount_connectors::AccountReading;
use truecount_store::{SnapshotAccount, SnapshotEntry, SnapshotId, StoreError, WholeReading};

use super::context::SourceSync;
use super::snapshot::content_of;

/// Accounts whose earlier readings are in memory together.
const GROUP_ACCOUNTS_MAX: usize = 64;
/// Items of theirs; an account with more is looked at alone.
const GROUP_ITEMS_MAX: u64 = 50_000;

/// How each account was read before.
pub(super) struct EarlierReadings<'s> {
    pub(super) sync: &'s SourceSync<'s>,
    /// The snapshot that is written now.
    pub(super) id: SnapshotId,
    /// The day of the one before.
    pub(super) as_of: Date,
    pub(super) known: BTreeMap<&'s AccountId, &'s SnapshotAccount>,
}

/// An account as it is listed, and what happened to its items.
pub(super) struct Described {
    pub(super) entry: SnapshotAccount,
    pub(super) moves: Vec<ItemMove>,
}

impl EarlierReadings<'_> {
    /// How many of the next accounts are looked at together.
    pub(super) fn group_len<'r>(&self, accounts: impl Iterator<Item = &'r AccountReading>) -> usize {
        let mut items = 0_u64;
        let fits = |account: &&AccountReading| {
            let before = self.whole(&account.account.id).map_or(0, |whole| whole.total);
            items = items.saturating_add(before);
            items <= GROUP_ITEMS_MAX
        };
        accounts.take(GROUP_ACCOUNTS_MAX).take_while(fits).count().max(1)
    }

    /// A group of accounts, each with what happened to its items.
    pub(super) async fn describe(&self, group: &[&AccountReading]) -> Result<Vec<Described>, StoreError> {
        let retention = self.sync.retention;
        let mut described = Vec::with_capacity(group.len());
        let (mut wanted, mut places) = (Vec::new(), Vec::new());
        for (at, account) in group.iter().enumerate() {
            let mut entry = SnapshotAccount::describe(&content_of(account, &[]), self.id, retention)?;
            let whole = self.whole(&account.account.id);
            if !account.account.read_state.is_complete() {
                entry.last_whole = whole;
            } else if let Some(whole) = whole.filter(|_| !self.is_same(&entry)) {
                places.push((at, whole.as_of));
                wanted.push((&account.account.id, whole));
            }
            described.push(Described { entry, moves: Vec::new() });
        }
        let earlier = self.read(&wanted).await?;
        for ((at, day), entries) in places.into_iter().zip(earlier) {
            let moves = moves_since(day, entries, (self.id.as_of, &group[at].items));
            if !moves.is_empty() {
                let entry = SnapshotAccount::describe(&content_of(group[at], &moves), self.id, retention)?;
                described[at] = Described { entry, moves };
            }
        }
        Ok(described)
    }

    /// Nothing is known of what was damaged or has expired: the sync does not hang on it.
    async fn read(&self, wanted: &[(&AccountId, WholeReading)]) -> Result<Vec<Vec<SnapshotEntry>>, StoreError> {
        match SnapshotAccount::whole_contents(&self.sync.env.store, &self.sync.source.id, wanted).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::warn!(source = %self.sync.source.id, %error, "nobody knows since when items are there");
                Ok(Vec::new())
            }
            read => read,
        }
    }

    /// The last reading of all of an account's items; of billed lines nobody asks.
    fn whole(&self, account: &AccountId) -> Option<WholeReading> {
        let before = self.known.get(account).filter(|_| !self.sync.source.side().is_billed())?;
        before.whole_reading(self.as_of)
    }

    /// Whether the account holds what it held, and nothing was known to have happened.
    fn is_same(&self, entry: &SnapshotAccount) -> bool {
        let before = self.known.get(&entry.account.id);
        before.is_some_and(|before| before.last_whole.is_none() && before.sha256 == entry.sha256)
    }
}

/// What is known after this reading, and what was known by the one before.
fn moves_since(before: Date, entries: Vec<SnapshotEntry>, now: (Date, &[UsageItem])) -> Vec<ItemMove> {
    let (mut items, mut known) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            SnapshotEntry::Item(item) => items.push(item),
            SnapshotEntry::Move(one) => known.push(one),
            SnapshotEntry::Line(_) => {}
        }
    }
    item_moves((before, &items), &known, now)
}
