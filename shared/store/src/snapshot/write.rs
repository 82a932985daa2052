//! Writing a snapshot: items in chunks that fit a row, then the list of accounts. The manifest comes last, elsewhere.

use truecount_billing::{AccountId, SourceId};
use truecount_platform::Row;

use super::{AccountContent, INDEX, SnapshotAccount, SnapshotEntry, chunk_sort};
use crate::key::Partition;
use crate::{Retention, SnapshotId, Store, StoreError, gzip};

/// Items in one chunk.
const CHUNK_ITEMS_MAX: usize = 4_000;

/// The most compressed bytes in one row: DynamoDB allows 400 KB with keys and names.
const CHUNK_BYTES_MAX: usize = 300_000;

/// Accounts in one row of the list.
const INDEX_ACCOUNTS_MAX: usize = 1_000;

/// Rows that are written together.
const WRITE_ROWS: usize = 200;

/// Writes the rows of one snapshot, a batch at a time. Rows are overwritten, so a writer may begin again.
pub struct SnapshotWriter<'a> {
    store: &'a Store,
    source: &'a SourceId,
    id: SnapshotId,
    expires: i64,
    rows: Vec<Row>,
}

impl<'a> SnapshotWriter<'a> {
    /// A writer of the rows of a snapshot.
    #[must_use]
    pub fn new(store: &'a Store, source: &'a SourceId, id: SnapshotId, retention: Retention) -> Self {
        Self { store, source, id, expires: retention.expires(id.as_of), rows: Vec::new() }
    }

    /// Adds an account's content, and sets the entry's chunk count.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if an item has no JSON form.
    pub fn add(&mut self, content: &AccountContent<'_>, entry: &mut SnapshotAccount) -> Result<(), StoreError> {
        for (chunk, body) in chunks_of(content, entry)?.into_iter().enumerate() {
            let row = self.chunk_row(&entry.account.id, chunk, body, entry);
            self.rows.push(row);
        }
        Ok(())
    }

    /// Sets the chunk count of an entry whose rows were written by an earlier call.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if an item has no JSON form.
    pub fn skip(&self, content: &AccountContent<'_>, entry: &mut SnapshotAccount) -> Result<(), StoreError> {
        chunks_of(content, entry).map(drop)
    }

    /// Whether enough rows wait to be written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() >= WRITE_ROWS
    }

    /// Writes the rows that wait.
    ///
    /// # Errors
    /// [`StoreError`] if not all are known to be written.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        Ok(self.store.table.batch_put(std::mem::take(&mut self.rows)).await?)
    }

    /// Writes what waits, and the list of accounts.
    ///
    /// # Errors
    /// [`StoreError`] if not all is known to be written.
    pub async fn finish(mut self, accounts: &[SnapshotAccount]) -> Result<(), StoreError> {
        let partition = Partition::snapshot(self.source, self.id);
        for (at, part) in accounts.chunks(INDEX_ACCOUNTS_MAX).enumerate() {
            let mut lines = gzip::LinesWriter::default();
            part.iter().try_for_each(|entry| lines.push(entry))?;
            let row = Row::new(partition.as_str(), format!("{INDEX}{at:04}"))
                .with("account_count", part.len() as i64)
                .with("body", lines.finish()?)
                .with("expires", self.expires);
            self.rows.push(row);
        }
        self.flush().await
    }

    /// Beside the compressed body what a person looks for in the table's console.
    fn chunk_row(&self, account: &AccountId, chunk: usize, body: Vec<u8>, entry: &SnapshotAccount) -> Row {
        let counts = entry.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ");
        let key = Partition::shard(self.source, self.id, account).sort(chunk_sort(account, chunk));
        Row::new(key.partition, key.sort)
            .with("name", entry.account.name.as_str())
            .with("read_state", entry.account.read_state.as_str())
            .with("counts", counts)
            .with("body", body)
            .with("expires", self.expires)
    }
}

fn chunks_of(content: &AccountContent<'_>, entry: &mut SnapshotAccount) -> Result<Vec<Vec<u8>>, StoreError> {
    let all: Vec<SnapshotEntry> = content.entries().collect();
    let mut chunks = Vec::new();
    for part in all.chunks(CHUNK_ITEMS_MAX) {
        pack(part, &mut chunks)?;
    }
    entry.chunks = chunks.len();
    Ok(chunks)
}

/// Compresses entries, halving a part that is too large for a row.
fn pack(part: &[SnapshotEntry], chunks: &mut Vec<Vec<u8>>) -> Result<(), StoreError> {
    let mut lines = gzip::LinesWriter::default();
    part.iter().try_for_each(|entry| lines.push(entry))?;
    let body = lines.finish()?;
    if body.len() <= CHUNK_BYTES_MAX || part.len() < 2 {
        chunks.push(body);
        return Ok(());
    }
    let (front, back) = part.split_at(part.len() / 2);
    pack(front, chunks)?;
    pack(back, chunks)
}
