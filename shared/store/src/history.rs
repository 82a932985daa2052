//! The history of exceptions that a closing run leaves beside its outcome: one JSON line a client, compressed, in order of
//! the clients' ids, so that whoever reads it needs the memory of one client.

use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;
use truecount_reconciliation::ClientHistory;

use crate::{Corruption, RunFolder, StoreError, gzip, object, sha256_hex};

/// The file's name in the run's folder.
pub const HISTORY_FILE: &str = "history.jsonl.gz";

/// The history that a closing run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftHistory {
    /// Hash of the file.
    pub sha256: String,
    /// The number that it would have given out next.
    pub next_number: u32,
}

/// The history that a run goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenHistory {
    /// Hash of the file.
    pub sha256: String,
    /// The number that a closing gives out next.
    pub next_number: u32,
    /// The month whose closing it goes on from; `None`: there is none before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_closing: Option<BillingMonth>,
    /// Whether that closing had the rules of this run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_by_same_rules: bool,
}

/// Writes a history, client by client.
#[derive(Default)]
pub struct HistoryWriter(gzip::LinesWriter);

impl HistoryWriter {
    /// Adds a client. Their ids are in order.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if a value has no JSON form.
    pub fn push(&mut self, client: &ClientHistory) -> Result<(), StoreError> {
        self.0.push(client)
    }

    /// The file, without storing it.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if it cannot be compressed.
    pub fn into_bytes(self) -> Result<Vec<u8>, StoreError> {
        self.0.finish()
    }
}

/// A history that is read client by client.
pub struct HistoryLines(Option<gzip::LinesReader<Vec<u8>>>);

impl HistoryLines {
    /// That of no client.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The clients of a file. `location` names it where a line is damaged.
    pub(crate) fn of(location: String, bytes: Vec<u8>) -> Self {
        Self(Some(gzip::LinesReader::new(location, bytes)))
    }
}

impl Iterator for HistoryLines {
    type Item = Result<ClientHistory, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next()
    }
}

impl RunFolder {
    /// The history that the run left, if it has the hash that was recorded.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or another.
    pub async fn history(&self, left: &LeftHistory) -> Result<HistoryLines, StoreError> {
        let key = self.key(HISTORY_FILE);
        let (location, bytes) = (self.archive.place(&key), object::read(&*self.archive, &key).await?);
        if sha256_hex(&bytes) != left.sha256 {
            return Err(StoreError::corrupt(location, Corruption::Hash));
        }
        Ok(HistoryLines::of(location, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::run;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn a_history_reads_back_client_by_client_if_its_hash_is_right() {
        let TestStore { store, .. } = &TestStore::new();
        let folder = run(Some(1)).folder(store);
        let client = |id: &str| ClientHistory::empty(id.parse().unwrap(), format!("Client {id}"));
        let mut writer = HistoryWriter::default();
        ["1", "2"].iter().for_each(|id| writer.push(&client(id)).unwrap());
        let bytes = writer.into_bytes().unwrap();
        let left = LeftHistory { sha256: sha256_hex(&bytes), next_number: 1 };
        let Err(error) = folder.history(&left).await else { panic!("it is not stored") };
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Missing, .. }), "{error}");
        folder.write_file(HISTORY_FILE, &bytes).await.unwrap();
        let read: Vec<ClientHistory> = folder.history(&left).await.unwrap().map(Result::unwrap).collect();
        assert_eq!(read, [client("1"), client("2")]);
        let other = LeftHistory { sha256: "0".to_owned(), ..left };
        let Err(error) = folder.history(&other).await else { panic!("another hash") };
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Hash, .. }), "{error}");
        assert!(HistoryLines::none().next().is_none());
    }
}
