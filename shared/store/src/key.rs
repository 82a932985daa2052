//! Keys of rows. A partition holds what is read together; sort keys put it in the order in which it is read.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};

use crate::{FilledFile, hash};

/// Partitions that the accounts of one snapshot, and the decisions about exceptions, are spread over, so that no partition takes all the writes.
const SHARD_COUNT: u8 = 16;

/// Where a row is stored. Only this crate makes one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub(crate) partition: String,
    pub(crate) sort: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.partition, self.sort)
    }
}

/// The first half of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition(String);

impl Partition {
    /// A source's manifests, its checkpoint, and how its last sync ended.
    pub(crate) fn source(source: &SourceId) -> Self {
        Self(format!("SOURCE#{source}"))
    }

    /// A snapshot's list of accounts.
    pub(crate) fn snapshot(source: &SourceId, id: SnapshotId) -> Self {
        Self(format!("SNAP#{source}#{id}"))
    }

    /// The partition that holds an account's items.
    pub(crate) fn shard(source: &SourceId, id: SnapshotId, account: &AccountId) -> Self {
        let shard = hash::first_byte(account.as_str()) % SHARD_COUNT;
        Self(format!("SNAP#{source}#{id}#{shard:02}"))
    }

    /// What people decided about the accounts of a source.
    pub(crate) fn mappings(source: &SourceId) -> Self {
        Self(format!("MAPPINGS#{source}"))
    }

    /// What people decided about clients that have nothing in a source.
    pub(crate) fn nones(source: &SourceId) -> Self {
        Self(format!("NONES#{source}"))
    }

    /// What people decided about the exceptions of a client, among those of other clients.
    pub(crate) fn actions(client: &ClientId) -> Self {
        Self::action_shard(hash::first_byte(client.as_str()) % SHARD_COUNT)
    }

    fn action_shard(shard: u8) -> Self {
        Self(format!("ACTIONS#{shard:02}"))
    }

    /// A month's runs, closings and mails.
    pub(crate) fn month(month: BillingMonth) -> Self {
        Self(format!("MONTH#{month}"))
    }

    /// Who works on something.
    pub(crate) fn lease(name: &str) -> Self {
        Self(format!("LEASE#{name}"))
    }

    /// The months that have runs.
    pub(crate) fn months() -> Self {
        Self("MONTHS".to_owned())
    }

    /// The baselines that were accepted.
    pub(crate) fn baseline() -> Self {
        Self("BASELINE".to_owned())
    }

    /// When the schedule was first asked.
    pub(crate) fn schedule() -> Self {
        Self("SCHEDULE".to_owned())
    }

    /// Files of decisions that were imported.
    pub(crate) fn filled_files(of: FilledFile) -> Self {
        Self(format!("INBOX#{}", of.as_str()))
    }

    /// A row that never exists.
    pub(crate) fn nowhere() -> Self {
        Self("DOCTOR".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn sort(self, sort: impl fmt::Display) -> Key {
        Key { partition: self.0, sort: sort.to_string() }
    }
}

/// The partitions of one snapshot: its list, then its shards.
pub(crate) fn snapshot_partitions(source: &SourceId, id: SnapshotId) -> Vec<Partition> {
    let list = Partition::snapshot(source, id);
    let shards = (0..SHARD_COUNT).map(|shard| Partition(format!("{}#{shard:02}", list.as_str()))).collect::<Vec<_>>();
    std::iter::once(list).chain(shards).collect()
}

/// The partitions of what people decided about exceptions.
pub(crate) fn action_partitions() -> Vec<Partition> {
    (0..SHARD_COUNT).map(Partition::action_shard).collect()
}

/// Foreign text inside a key, such as an account's id: `#` separates there, so one in the text is escaped.
pub(crate) fn escaped(text: impl AsRef<str>) -> String {
    text.as_ref().replace('%', "%25").replace('#', "%23")
}

/// One crawl of one source: the day it is for, and the number of the lease that began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SnapshotId {
    /// The day it is for.
    pub as_of: Date,
    /// The lease that began it: no two crawls of a source share one.
    pub lease: i64,
}

impl fmt::Display for SnapshotId {
    /// `2026-06-30#000007`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:06}", self.as_of, self.lease)
    }
}

/// A text that is no snapshot's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no snapshot: expected a day, `#` and a number")]
pub struct SnapshotIdError(String);

impl FromStr for SnapshotId {
    type Err = SnapshotIdError;

    fn from_str(text: &str) -> Result<Self, SnapshotIdError> {
        let read = || {
            let (as_of, lease) = text.split_once('#')?;
            Some(Self { as_of: as_of.parse().ok()?, lease: lease.parse().ok()? })
        };
        read().ok_or_else(|| SnapshotIdError(text.to_owned()))
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = SnapshotIdError;

    fn try_from(text: String) -> Result<Self, SnapshotIdError> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_hides_in_anothers_key() {
        let account = |text: &str| AccountId::new(text).unwrap();
        assert!(!format!("{}#1", escaped(account("a#1"))).starts_with(&format!("{}#", escaped(account("a")))));
        assert_ne!(escaped(account("a%231")), escaped(account("a#1")));
    }

    #[test]
    fn a_snapshot_id_reads_back_and_sorts_by_day() {
        let id = SnapshotId { as_of: jiff::civil::date(2026, 6, 30), lease: 7 };
        assert_eq!(id.to_string(), "2026-06-30#000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        let later = SnapshotId { as_of: jiff::civil::date(2026, 7, 1), lease: 1 };
        assert!(id < later && id.to_string() < later.to_string());
        for wrong in ["", "2026-06-30", "2026-06-31#000001", "2026-06-30#x"] {
            assert!(wrong.parse::<SnapshotId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_account_is_in_one_of_its_snapshots_partitions() {
        let (source, id) = (SourceId::new("rmm").unwrap(), "2026-06-30#000001".parse().unwrap());
        let all = snapshot_partitions(&source, id);
        assert_eq!(all.len(), 1 + usize::from(SHARD_COUNT));
        for account in ["a", "b", "17"] {
            assert!(all.contains(&Partition::shard(&source, id, &AccountId::new(account).unwrap())));
        }
    }
}
