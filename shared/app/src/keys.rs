//! Where everything lies in the table and the archive: the one place that spells keys.

use jiff::civil::Date;
use sha2::{Digest, Sha256};
use truecount_billing::{AccountId, BillingMonth, SourceId};

/// Partitions that the accounts of one snapshot are spread over, so that no key takes all the writes.
pub const SHARD_COUNT: u8 = 16;

/// One crawl of one source: the day it was for, and the number of the lease that began it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId {
    /// The day it was for.
    pub as_of: Date,
    /// The lease that began it: no two crawls share one.
    pub lease: i64,
}

impl SnapshotId {
    /// `2026-06-30#000007`
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}#{:06}", self.as_of, self.lease)
    }

    /// Reads what [`SnapshotId::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (as_of, lease) = text.split_once('#')?;
        Some(Self { as_of: as_of.parse().ok()?, lease: lease.parse().ok()? })
    }
}

/// Partition of a source's seals, checkpoint and last attempt.
#[must_use]
pub fn source(source: &SourceId) -> String {
    format!("SOURCE#{source}")
}

/// Sort key of a seal.
#[must_use]
pub fn seal(id: &SnapshotId) -> String {
    format!("SEAL#{}", id.text())
}

/// Sort key of the state of a crawl that has not ended.
pub const CHECKPOINT: &str = "CHECKPOINT";

/// Sort key of how the last sync ended.
pub const ATTEMPT: &str = "ATTEMPT";

/// Partition of a snapshot's list of accounts.
#[must_use]
pub fn snapshot(source: &SourceId, id: &SnapshotId) -> String {
    format!("SNAP#{source}#{}", id.text())
}

/// Partition of an account's items.
#[must_use]
pub fn shard(source: &SourceId, id: &SnapshotId, account: &AccountId) -> String {
    let shard = Sha256::digest(account.as_str().as_bytes())[0] % SHARD_COUNT;
    format!("SNAP#{source}#{}#{shard:02}", id.text())
}

/// Sort key of one chunk of an account's items.
#[must_use]
pub fn account(account: &AccountId, chunk: usize) -> String {
    format!("ACC#{}#{chunk:04}", part(account))
}

/// Sort key of the decision `number` about an account; with `None` what all of them begin with.
#[must_use]
pub fn decision(account: &AccountId, number: Option<i64>) -> String {
    number.map_or_else(|| format!("{}#", part(account)), |number| format!("{}#{number:06}", part(account)))
}

/// An account's id inside a key: `#` separates, so one in the id is spelt out.
fn part(account: &AccountId) -> String {
    account.as_str().replace('%', "%25").replace('#', "%23")
}

/// Sort key of one chunk of the list of accounts.
#[must_use]
pub fn index(chunk: usize) -> String {
    format!("INDEX#{chunk:04}")
}

/// Partition of the decisions about a source's accounts.
#[must_use]
pub fn decisions(source: &SourceId) -> String {
    format!("DECISIONS#{source}")
}

/// Partition of a month's runs.
#[must_use]
pub fn month(month: BillingMonth) -> String {
    format!("MONTH#{month}")
}

/// Sort key of a run.
#[must_use]
pub fn run(run_id: &str) -> String {
    format!("RUN#{run_id}")
}

/// Sort key of a closing.
#[must_use]
pub fn closing(number: u32) -> String {
    format!("CLOSING#{number:04}")
}

/// Sort key of a mail of a closing; drafts have their run's id in the number's place.
#[must_use]
pub fn outbox(name: &str, group: &str) -> String {
    format!("OUTBOX#{name}#{group}")
}

/// Partition of what is known about closings as such.
pub const CLOSINGS: &str = "CLOSINGS";

/// Sort key of the day on which a home was first asked what is due.
pub const BEGAN: &str = "BEGAN";

/// Partition that lists the months which have runs, for people's questions.
pub const MONTHS: &str = "MONTHS";

/// The object that holds one pack of pages.
#[must_use]
pub fn pack(source: &SourceId, id: &SnapshotId, number: u64) -> String {
    format!("raw/{source}/{}-{:06}/{number:06}.jsonl.gz", id.as_of, id.lease)
}

/// The folder of a run's files.
#[must_use]
pub fn report(month: BillingMonth, run_id: &str, file: &str) -> String {
    format!("reports/{month}/{run_id}/{file}")
}

/// What a run computed, before it is put into files.
#[must_use]
pub fn reconciliation(month: BillingMonth, run_id: &str) -> String {
    format!("runs/{month}/{run_id}/reconciliation.json.gz")
}

/// Where files for a source are dropped.
#[must_use]
pub fn inbox(source: &SourceId) -> String {
    format!("inbox/sources/{source}/")
}

/// Where files with mappings are dropped.
pub const MAPPINGS_INBOX: &str = "inbox/mappings/";

/// Partition of the files with mappings that were taken, by their content.
pub const MAPPINGS_TAKEN: &str = "INBOX#mappings";

/// The settings.
pub const SETTINGS: &str = "config/settings.toml";

/// The rules.
pub const RULES: &str = "config/rules.toml";

/// Lower-case hex of a SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_hides_in_anothers_key() {
        let (one, other) = (AccountId::new("a").unwrap(), AccountId::new("a#1").unwrap());
        assert!(!decision(&other, Some(1)).starts_with(&decision(&one, None)));
        assert_ne!(part(&AccountId::new("a%231").unwrap()), part(&other));
    }

    #[test]
    fn a_snapshot_is_read_back() {
        let id = SnapshotId { as_of: jiff::civil::date(2026, 6, 30), lease: 7 };
        assert_eq!(id.text(), "2026-06-30#000007");
        assert_eq!(SnapshotId::parse(&id.text()), Some(id));
    }
}
