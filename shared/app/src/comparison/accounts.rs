//! Where a comparison reads the accounts of its sources: the snapshots as they are stored now, or what a run has frozen.

use truecount_store::{
    FrozenAccounts, FrozenDay, FrozenRun, FrozenSource, InputAccount, ListedAccount, SnapshotReader, Store, StoreError,
};

/// Where the accounts are read.
#[derive(Clone, Copy)]
pub(crate) enum AccountsFrom<'a> {
    /// In the snapshots.
    Snapshots(&'a Store),
    /// In the folder of a run, and nowhere else.
    Frozen(&'a FrozenRun),
}

/// Reads the accounts of one source, group by group.
pub(crate) enum AccountReader<'a> {
    Snapshots(SnapshotReader<'a>),
    Frozen(Box<FrozenAccounts<'a>>),
}

/// A source that was read, with its list of accounts.
pub(crate) struct LoadedSource {
    pub(crate) frozen: FrozenSource,
    pub(crate) accounts: Vec<ListedAccount>,
}

impl<'a> AccountsFrom<'a> {
    pub(crate) fn of(self, source: &'a FrozenSource) -> AccountReader<'a> {
        match self {
            Self::Snapshots(store) => AccountReader::Snapshots(SnapshotReader::new(store, source)),
            Self::Frozen(run) => AccountReader::Frozen(Box::new(run.accounts(source))),
        }
    }

    /// The same on a day before the snapshot.
    pub(crate) fn before(self, source: &'a FrozenSource, day: &'a FrozenDay) -> AccountReader<'a> {
        match self {
            Self::Snapshots(store) => AccountReader::Snapshots(SnapshotReader::before(store, source, day)),
            Self::Frozen(run) => AccountReader::Frozen(Box::new(run.accounts_before(source, day))),
        }
    }
}

impl AccountReader<'_> {
    /// The next accounts, in the order of the source's list; `None`: there are no more.
    pub(crate) async fn next_group(&mut self) -> Result<Option<Vec<InputAccount>>, StoreError> {
        match self {
            Self::Snapshots(reader) => reader.next_group().await,
            Self::Frozen(reader) => reader.next_group().await,
        }
    }
}
