//! A snapshot in the table: a list of accounts, and per account its items in compressed chunks.
//!
//! An account whose content did not change since the last seal is referred to, not written again.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{Account, AccountId, BilledLine, ReadState, SourceId, UsageItem};
use truecount_connectors::AccountReading;
use truecount_platform::{Row, Table, Value};

use crate::{AccountHistory, AppError, Environment, SnapshotManifest, jsonl_gz, keys, keys::SnapshotId, start_of};

/// Items in one chunk; a chunk stays well under DynamoDB's 400 KB.
const CHUNK_ITEMS_MAX: usize = 4_000;

/// The most compressed bytes in one row.
const CHUNK_BYTES_MAX: usize = 300_000;

/// Accounts in one row of the list.
const INDEX_ACCOUNTS_MAX: usize = 1_000;

/// Days after which an unchanged account is written again, so that nothing a seal refers to expires before it.
const REFER_DAYS_MAX: i64 = 300;

/// Days that a snapshot is kept.
const KEEP_DAYS: i64 = 400;

/// What the reason of an account that the vendor no longer lists begins with.
const GONE: &str = "no longer in the vendor's list";

/// Accounts whose chunks are fetched together.
const FETCH_ACCOUNTS: usize = 64;

/// Items whose chunks are fetched together.
const FETCH_ITEMS: u64 = 50_000;

/// One account in a snapshot's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotAccount {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// How many items (or lines) by kind.
    pub counts: BTreeMap<String, u64>,
    /// How many there were when it was last read completely; only where it now is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts_before: Option<BTreeMap<String, u64>>,
    /// What became of it from seal to seal.
    #[serde(flatten)]
    pub lineage: AccountHistory,
    /// Hash of its content.
    pub sha256: String,
    /// The snapshot in which its chunks lie.
    pub at: String,
    /// How many chunks.
    pub chunks: usize,
}

impl SnapshotAccount {
    /// Items and lines together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The counts that the next ones are held against: one failure in between hides no fall.
    #[must_use]
    pub(crate) fn known_counts(&self) -> &BTreeMap<String, u64> {
        self.counts_before.as_ref().unwrap_or(&self.counts)
    }

    /// Items and lines as far as they are known.
    #[must_use]
    pub(crate) fn known_total(&self) -> u64 {
        self.known_counts().values().sum()
    }
}

/// One item or line in a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A usage item.
    Item(UsageItem),
    /// A billed line.
    Line(BilledLine),
}

/// Counts and hash of an account's content.
///
/// # Errors
/// [`AppError::Damaged`] if a value cannot be written.
pub(crate) fn describe(reading: &AccountReading, id: &SnapshotId) -> Result<SnapshotAccount, AppError> {
    let mut counts = BTreeMap::new();
    for item in &reading.items {
        *counts.entry(item.kind.clone()).or_insert(0) += 1;
    }
    if !reading.lines.is_empty() {
        counts.insert("line".to_owned(), reading.lines.len() as u64);
    }
    let mut hasher = sha2::Sha256::default();
    for record in records(reading) {
        let line = serde_json::to_vec(&record).map_err(|e| AppError::damaged("an item", e))?;
        sha2::Digest::update(&mut hasher, &line);
        sha2::Digest::update(&mut hasher, b"\n");
    }
    let sha256 = keys::hex(&sha2::Digest::finalize(hasher));
    Ok(SnapshotAccount {
        account: reading.account.clone(),
        counts,
        counts_before: None,
        lineage: AccountHistory::default(),
        sha256,
        at: id.text(),
        chunks: 0,
    })
}

/// Whether an earlier entry's chunks can stand for this content.
#[must_use]
pub(crate) fn can_refer(earlier: &SnapshotAccount, entry: &SnapshotAccount, today: Date) -> bool {
    let recent = SnapshotId::parse(&earlier.at)
        .and_then(|id| id.as_of.until(today).ok())
        .is_some_and(|age| i64::from(age.get_days()) <= REFER_DAYS_MAX);
    recent && earlier.sha256 == entry.sha256
}

/// The rows of an account's content; sets the entry's chunk count.
///
/// # Errors
/// [`AppError::Damaged`] if a value cannot be written.
pub(crate) fn rows(
    source: &SourceId,
    id: &SnapshotId,
    reading: &AccountReading,
    entry: &mut SnapshotAccount,
) -> Result<Vec<Row>, AppError> {
    let all: Vec<Record> = records(reading).collect();
    let mut bodies = Vec::new();
    for part in all.chunks(CHUNK_ITEMS_MAX) {
        split(part, &mut bodies)?;
    }
    entry.chunks = bodies.len();
    let partition = keys::shard(source, id, &entry.account.id);
    let counts = entry.counts.iter().map(|(kind, n)| format!("{kind} {n}")).collect::<Vec<_>>().join(", ");
    let row = |(at, body): (usize, Vec<u8>)| {
        Row::new(&partition, keys::account(&entry.account.id, at))
            .with("name", Value::Text(entry.account.name.clone()))
            .with("read_state", Value::Text(entry.account.read_state.as_str().to_owned()))
            .with("counts", Value::Text(counts.clone()))
            .with("body", Value::Bytes(body))
            .with("expires", Value::Number(expires(id)))
    };
    Ok(bodies.into_iter().enumerate().map(row).collect())
}

/// The rows of a snapshot's list of accounts.
///
/// # Errors
/// [`AppError::Damaged`] if a value cannot be written.
pub(crate) fn index_rows(
    source: &SourceId,
    id: &SnapshotId,
    entries: &[SnapshotAccount],
) -> Result<Vec<Row>, AppError> {
    let partition = keys::snapshot(source, id);
    let mut rows = Vec::new();
    for (at, part) in entries.chunks(INDEX_ACCOUNTS_MAX).enumerate() {
        let mut lines = jsonl_gz::Lines::default();
        for entry in part {
            lines.push(entry)?;
        }
        let row = Row::new(&partition, keys::index(at)).with("account_count", Value::Number(part.len() as i64));
        rows.push(row.with("body", Value::Bytes(lines.finish()?)).with("expires", Value::Number(expires(id))));
    }
    Ok(rows)
}

/// A snapshot's list of accounts, by id.
///
/// # Errors
/// [`AppError`] if it cannot be read whole.
pub(crate) async fn entries(
    table: &Table,
    source: &SourceId,
    id: &SnapshotId,
    expected: u64,
) -> Result<Vec<SnapshotAccount>, AppError> {
    let partition = keys::snapshot(source, id);
    let mut entries = Vec::new();
    for row in table.query(&partition, "INDEX#").await? {
        let place = format!("{partition} {}", row.sk);
        let body = row.bytes("body").ok_or_else(|| AppError::damaged(&place, "it has no body"))?;
        jsonl_gz::each_line(&place, body, |entry: SnapshotAccount| {
            entries.push(entry);
            Ok(())
        })?;
    }
    if entries.len() as u64 != expected {
        let why = format!("{} accounts are listed, the seal names {expected}", entries.len());
        return Err(AppError::damaged(partition, why));
    }
    Ok(entries)
}

/// The accounts of a source by its newest seal; none if it was never sealed.
///
/// # Errors
/// [`AppError`] if they cannot be read.
pub async fn entries_of(env: &Environment, source: &SourceId, today: Date) -> Result<Vec<SnapshotAccount>, AppError> {
    match SnapshotManifest::newest(&env.table, source, today).await? {
        Some(seal) => entries(&env.table, source, &seal.id, seal.account_count).await,
        None => Ok(Vec::new()),
    }
}

/// Hands over each billed line of a source by its newest seal.
///
/// # Errors
/// [`AppError`] if a chunk is missing or damaged.
pub async fn each_line(
    env: &Environment,
    source: &SourceId,
    today: Date,
    mut each: impl FnMut(&BilledLine),
) -> Result<(), AppError> {
    let entries = entries_of(env, source, today).await?;
    for group in groups(&entries) {
        for record in contents(&env.table, source, group).await?.iter().flatten() {
            if let Record::Line(line) = record {
                each(line);
            }
        }
    }
    Ok(())
}

/// Accounts that are read together: so many, and so many items, at the most (an account with more is read alone).
pub(crate) fn groups(entries: &[SnapshotAccount]) -> impl Iterator<Item = &[SnapshotAccount]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut items = 0;
        let fits = |entry: &&SnapshotAccount| {
            items += entry.total();
            items <= FETCH_ITEMS
        };
        let most = rest.iter().take(FETCH_ACCOUNTS).take_while(fits).count().max(1);
        let (group, others) = rest.split_at_checked(most)?;
        rest = others;
        Some(group)
    })
}

/// Reads the contents of a group of accounts, in its order.
///
/// # Errors
/// [`AppError`] if a chunk is missing or damaged.
pub(crate) async fn contents(
    table: &Table,
    source: &SourceId,
    group: &[SnapshotAccount],
) -> Result<Vec<Vec<Record>>, AppError> {
    let mut wanted = Vec::new();
    for entry in group {
        let id = SnapshotId::parse(&entry.at).ok_or_else(|| AppError::damaged(&entry.at, "it is no snapshot"))?;
        let partition = keys::shard(source, &id, &entry.account.id);
        wanted.extend((0..entry.chunks).map(|chunk| (partition.clone(), keys::account(&entry.account.id, chunk))));
    }
    let found = table.batch_get(&wanted).await?;
    let mut bodies: BTreeMap<(String, String), Row> =
        found.into_iter().map(|row| ((row.pk.clone(), row.sk.clone()), row)).collect();
    let mut wanted = wanted.into_iter();
    let mut contents = Vec::with_capacity(group.len());
    for entry in group {
        let mut records = Vec::new();
        for key in wanted.by_ref().take(entry.chunks) {
            let place = format!("{} {}", key.0, key.1);
            let row = bodies.remove(&key).ok_or_else(|| AppError::damaged(&place, "it is missing"))?;
            let body = row.bytes("body").ok_or_else(|| AppError::damaged(&place, "it has no body"))?;
            jsonl_gz::each_line(&place, body, |record: Record| {
                records.push(record);
                Ok(())
            })?;
        }
        if records.len() as u64 != entry.total() {
            let why = format!("{} items are stored, {} were counted", records.len(), entry.total());
            return Err(AppError::damaged(format!("{source} {}", entry.account.id), why));
        }
        contents.push(records);
    }
    Ok(contents)
}

/// Hash over the accounts, their states and contents: the same content has the same hash, whenever it was read.
#[must_use]
pub(crate) fn content_sha256(entries: &[SnapshotAccount], missing: Option<&str>) -> String {
    let mut hasher = sha2::Sha256::default();
    sha2::Digest::update(&mut hasher, missing.unwrap_or("").as_bytes());
    for entry in entries {
        let account = &entry.account;
        let state = format!("{} {}", account.read_state.as_str(), account.read_state.reason().unwrap_or(""));
        for part in [account.id.as_str(), &account.name, &state, &entry.sha256] {
            sha2::Digest::update(&mut hasher, (part.len() as u64).to_be_bytes());
            sha2::Digest::update(&mut hasher, part.as_bytes());
        }
        if let Some(renamed) = &entry.lineage.renamed {
            sha2::Digest::update(&mut hasher, format!("renamed {} {}", renamed.on, renamed.from).as_bytes());
        }
        if let Some(took_over) = &entry.lineage.took_over {
            sha2::Digest::update(&mut hasher, format!("took over {} {}", took_over.on, took_over.id).as_bytes());
        }
        for fact in account.facts.identifiers.iter().chain(&account.facts.domains) {
            sha2::Digest::update(&mut hasher, b"fact");
            sha2::Digest::update(&mut hasher, (fact.len() as u64).to_be_bytes());
            sha2::Digest::update(&mut hasher, fact.as_bytes());
        }
    }
    keys::hex(&sha2::Digest::finalize(hasher))
}

/// Whether an account is only kept because it was there before.
#[must_use]
pub(crate) fn is_gone(entry: &SnapshotAccount) -> bool {
    matches!(&entry.account.read_state, ReadState::Doubtful(reason) if reason.starts_with(GONE))
}

/// An account that the vendor no longer lists, kept as doubtful for one seal.
#[must_use]
pub(crate) fn vanished(earlier: &SnapshotAccount) -> AccountReading {
    let day = SnapshotId::parse(&earlier.at).map_or_else(String::new, |id| format!(" on {}", id.as_of));
    let reason = format!("{GONE}; it had {} items{day}", earlier.known_total());
    let account = Account { read_state: ReadState::Doubtful(reason), ..earlier.account.clone() };
    AccountReading { account, items: Vec::new(), lines: Vec::new() }
}

fn records(reading: &AccountReading) -> impl Iterator<Item = Record> + '_ {
    let items = reading.items.iter().cloned().map(Record::Item);
    items.chain(reading.lines.iter().cloned().map(Record::Line))
}

/// Packs the records, halving a part that is too large for a row.
fn split(part: &[Record], bodies: &mut Vec<Vec<u8>>) -> Result<(), AppError> {
    let mut lines = jsonl_gz::Lines::default();
    for record in part {
        lines.push(record)?;
    }
    let body = lines.finish()?;
    if body.len() <= CHUNK_BYTES_MAX || part.len() < 2 {
        bodies.push(body);
        return Ok(());
    }
    let (front, back) = part.split_at(part.len() / 2);
    split(front, bodies)?;
    split(back, bodies)
}

/// Seconds since 1970 at which DynamoDB may drop a snapshot's row.
fn expires(id: &SnapshotId) -> i64 {
    let day = id.as_of.saturating_add(jiff::Span::new().days(KEEP_DAYS));
    start_of(day).map_or(i64::MAX, jiff::Timestamp::as_second)
}

/// The account ids of a list, for lookups.
#[must_use]
pub(crate) fn by_id(entries: &[SnapshotAccount]) -> BTreeMap<&AccountId, &SnapshotAccount> {
    entries.iter().map(|entry| (&entry.account.id, entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_bounded_by_accounts_and_by_items() {
        let entries = |totals: &[u64]| {
            let one = |(at, total): (usize, &u64)| SnapshotAccount {
                account: Account::new(AccountId::new(format!("{at}")).unwrap(), "x", ReadState::Complete),
                counts: BTreeMap::from([("server".to_owned(), *total)]),
                counts_before: None,
                sha256: String::new(),
                at: String::new(),
                chunks: 1,
                lineage: AccountHistory::default(),
            };
            totals.iter().enumerate().map(one).collect::<Vec<_>>()
        };
        for (totals, expected) in [
            (vec![], vec![]),
            (vec![1; 130], vec![64, 64, 2]),
            (vec![30_000, 20_000, 1], vec![2, 1]),
            (vec![90_000, 90_000, 1, 1], vec![1, 1, 2]),
            (vec![1, 90_000, 0], vec![1, 1, 1]),
        ] {
            let entries = entries(&totals);
            assert_eq!(groups(&entries).map(<[SnapshotAccount]>::len).collect::<Vec<_>>(), expected, "{totals:?}");
        }
    }
}
