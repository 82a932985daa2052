//! Snapshots: what one sync of a source said. A list of accounts, per account its items in compressed chunks, and a
//! manifest. Nothing of a snapshot is read before its manifest is committed, and nothing of it changes afterwards.

mod accepted;
mod account;
mod base;
mod manifest;
mod read;
mod words;
mod write;

pub use accepted::{AcceptedFall, AcceptedKind};
pub(crate) use account::is_gone;
pub use account::{AccountContent, AccountHistory, Predecessor, Renamed, SnapshotAccount, SnapshotEntry, WholeReading};
pub use base::{Base, Count, SeenFall, Witness};
pub use manifest::SnapshotManifest;
pub use read::groups;
pub use words::{KnownWords, SeenWord, SnapshotWords, WordsSeen};
pub use write::SnapshotWriter;

/// What the sort keys of the rows of the list begin with.
const INDEX: &str = "INDEX#";

/// Sort key of one chunk of an account's items.
fn chunk_sort(account: &truecount_billing::AccountId, chunk: usize) -> String {
    format!("ACC#{}#{chunk:04}", crate::key::escaped(account))
}

#[cfg(test)]
mod tests;
