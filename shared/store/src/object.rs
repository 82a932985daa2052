//! Keys of objects in the archive, and the two rules for them: what is immutable is written once, and what must exist
//! is damage if it does not.

use truecount_billing::{BillingMonth, SourceId};
use truecount_platform::{Archive, ArchiveError, CreateOutcome, Detail, PortErrorKind};

use crate::{Corruption, SnapshotId, StoreError, TemporaryFile};

/// The settings, in the archive or data directory that holds the configuration.
pub const SETTINGS_FILE: &str = "config/settings.toml";

/// The rules, beside the settings.
pub const RULES_FILE: &str = "config/rules.toml";

/// One batch of a crawl's pages.
pub(crate) fn page_batch(source: &SourceId, id: SnapshotId, number: u64) -> String {
    format!("raw/{source}/{}-{:06}/{number:06}.jsonl.gz", id.as_of, id.lease)
}

/// A file of a run; with an empty name the run's folder.
pub(crate) fn report(month: BillingMonth, run_id: &str, file: &str) -> String {
    format!("reports/{month}/{run_id}/{file}")
}

/// The folder into which files for a source are dropped.
pub(crate) fn source_inbox(source: &SourceId) -> String {
    format!("inbox/sources/{source}/")
}

/// The folder into which files with mappings are dropped.
pub(crate) const MAPPINGS_INBOX: &str = "inbox/mappings/";

/// The folder into which files with decisions about exceptions are dropped.
pub(crate) const ACTIONS_INBOX: &str = "inbox/actions/";

/// Writes an object that never changes. One that exists must hold the same bytes: then this very call, or an earlier one
/// that was interrupted, wrote it.
///
/// # Errors
/// [`StoreError::Taken`] if it exists with other content.
pub(crate) async fn write_once(archive: &dyn Archive, key: &str, bytes: Vec<u8>) -> Result<CreateOutcome, StoreError> {
    if archive.put_new(key, bytes.clone()).await? == CreateOutcome::Created {
        return Ok(CreateOutcome::Created);
    }
    if read(archive, key).await? == bytes {
        return Ok(CreateOutcome::AlreadyExists);
    }
    Err(StoreError::Taken(archive.place(key)))
}

/// The same of a file that need not fit the memory.
///
/// # Errors
/// [`StoreError::Taken`] if it exists with other content.
pub(crate) async fn write_once_from(archive: &dyn Archive, key: &str, file: &TemporaryFile) -> Result<(), StoreError> {
    if archive.put_new_from(key, file.path()).await? == CreateOutcome::Created {
        return Ok(());
    }
    let place = archive.place(key);
    let Some(stored) = archive.open(key).await? else {
        return Err(StoreError::corrupt(place, Corruption::Missing));
    };
    match file.is_same_as(stored).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Taken(place)),
        Err(error) => {
            let cause = PortErrorKind::Unreachable(Detail::of(error));
            Err(ArchiveError { operation: "reading", place, cause }.into())
        }
    }
}

/// Reads an object that must exist.
///
/// # Errors
/// [`StoreError::Corrupt`] if it does not.
pub(crate) async fn read(archive: &dyn Archive, key: &str) -> Result<Vec<u8>, StoreError> {
    let found = archive.get(key).await?;
    found.ok_or_else(|| StoreError::corrupt(archive.place(key), Corruption::Missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn an_object_is_written_once() {
        let test = TestStore::new();
        let archive = &*test.store.archive;
        let write = |bytes: &[u8]| write_once(archive, "runs/x", bytes.to_vec());
        assert_eq!(write(b"one").await.unwrap(), CreateOutcome::Created);
        assert_eq!(write(b"one").await.unwrap(), CreateOutcome::AlreadyExists, "the same again");
        let error = write(b"two").await.unwrap_err();
        assert!(matches!(&error, StoreError::Taken(place) if place.ends_with("runs/x")), "{error}");
        assert_eq!(read(&*test.store.archive, "runs/x").await.unwrap(), b"one");
    }

    #[tokio::test]
    async fn an_object_that_is_gone_is_damage() {
        let test = TestStore::new();
        let error = read(&*test.store.archive, "runs/x").await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Missing, .. }), "{error}");
    }
}
