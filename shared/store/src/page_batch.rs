//! Pages of a crawl in the archive: batches of them, each ending with the state in which the crawl then was.
//!
//! The types of pages and of that state are the caller's: what a page is belongs to the connectors.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use truecount_billing::SourceId;

use crate::checkpoint::source_subject;
use crate::{Corruption, SnapshotId, Store, StoreError, gzip, object};

/// A line of a batch: a page, or at its end how far the crawl was.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<P, S> {
    Page(P),
    State(S),
}

/// Which batch of which crawl.
#[derive(Debug, Clone, Copy)]
pub struct PageBatch<'a> {
    /// The source.
    pub source: &'a SourceId,
    /// The snapshot that its pages will become.
    pub snapshot: SnapshotId,
    /// Its place in the crawl, from 0.
    pub number: u64,
}

impl PageBatch<'_> {
    fn key(&self) -> String {
        object::page_batch(self.source, self.snapshot, self.number)
    }

    /// Archives pages and the state after them. A batch that exists must hold the same: then its answer was lost.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has archived other pages under this number.
    pub async fn write<P: Serialize, S: Serialize>(
        &self,
        store: &Store,
        pages: &[P],
        state: &S,
    ) -> Result<(), StoreError> {
        match object::write_once(&*store.archive, &self.key(), pack(pages, state)?).await {
            Err(StoreError::Taken(_)) => Err(StoreError::Fenced(source_subject(self.source))),
            written => written.map(drop),
        }
    }

    /// Whether the batch exists and holds exactly this.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn holds<P: Serialize, S: Serialize>(
        &self,
        store: &Store,
        pages: &[P],
        state: &S,
    ) -> Result<bool, StoreError> {
        Ok(object::read(&*store.archive, &self.key()).await? == pack(pages, state)?)
    }

    /// Hands over each page of a batch that must exist.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or damaged.
    pub async fn each_page<P, S>(&self, store: &Store, mut each: impl FnMut(P)) -> Result<(), StoreError>
    where
        P: DeserializeOwned,
        S: DeserializeOwned,
    {
        let key = self.key();
        let bytes = object::read(&*store.archive, &key).await?;
        for line in gzip::lines::<Line<P, S>>(&store.archive.place(&key), &bytes) {
            if let Line::Page(page) = line? {
                each(page);
            }
        }
        Ok(())
    }

    /// The state after this batch; `None` if the batch does not exist.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is damaged.
    pub async fn state<S: DeserializeOwned>(&self, store: &Store) -> Result<Option<S>, StoreError> {
        let key = self.key();
        let Some(bytes) = store.archive.get(&key).await? else { return Ok(None) };
        let location = store.archive.place(&key);
        let mut state = None;
        for line in gzip::lines::<Line<serde::de::IgnoredAny, S>>(&location, &bytes) {
            if let Line::State(found) = line? {
                state = Some(found);
            }
        }
        state.map(Some).ok_or_else(|| StoreError::corrupt(location, Corruption::MissingAttribute("state")))
    }

    /// The state after this batch, which must exist.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or damaged.
    pub async fn expect_state<S: DeserializeOwned>(&self, store: &Store) -> Result<S, StoreError> {
        let missing = || StoreError::corrupt(store.archive.place(&self.key()), Corruption::Missing);
        self.state(store).await?.ok_or_else(missing)
    }
}

fn pack<P: Serialize, S: Serialize>(pages: &[P], state: &S) -> Result<Vec<u8>, StoreError> {
    let mut lines = gzip::LinesWriter::default();
    for page in pages {
        lines.push(&Line::<&P, &S>::Page(page))?;
    }
    lines.push(&Line::<&P, &S>::State(state))?;
    lines.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn pages_come_back_in_order_with_the_state_after_them() {
        let TestStore { store, .. } = &TestStore::new();
        let source = SourceId::new("rmm").unwrap();
        let batch = PageBatch { source: &source, snapshot: "2026-06-30#000001".parse().unwrap(), number: 0 };
        assert_eq!(batch.state::<u32>(store).await.unwrap(), None);
        assert!(batch.expect_state::<u32>(store).await.is_err());
        batch.write(store, &["one", "two"], &2_u32).await.unwrap();
        batch.write(store, &["one", "two"], &2_u32).await.unwrap();
        assert!(batch.holds(store, &["one", "two"], &2_u32).await.unwrap());
        assert!(!batch.holds(store, &["one", "three"], &2_u32).await.unwrap());
        let mut pages = Vec::new();
        batch.each_page::<String, u32>(store, |page| pages.push(page)).await.unwrap();
        assert_eq!(pages, ["one", "two"]);
        assert_eq!(batch.state::<u32>(store).await.unwrap(), Some(2));
        let error = batch.write(store, &["other"], &1_u32).await.unwrap_err();
        assert!(matches!(error, StoreError::Fenced(_)), "another worker's pages stay: {error}");
        let missing = PageBatch { number: 1, ..batch };
        let error = missing.each_page::<String, u32>(store, drop).await.unwrap_err();
        assert!(error.to_string().contains("raw/rmm/2026-06-30-000001/000001.jsonl.gz"), "{error}");
    }
}
