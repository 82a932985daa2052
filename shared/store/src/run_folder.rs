//! A run's folder in the archive: its inputs, its outcome and the files of its report. None of them ever changes.
//!
//! **Architecture invariant:** only the archive is asked, never the table: a copy of the folder is as good as the one that
//! the run wrote.

use std::sync::Arc;

use truecount_billing::BillingMonth;
use truecount_platform::Archive;

use crate::{Run, Store, StoreError, TemporaryFile, object};

/// How many characters of a run's id are its month.
const MONTH_CHARACTERS: usize = 7;

/// The folder of one run.
#[derive(Clone)]
pub struct RunFolder {
    pub(crate) archive: Arc<dyn Archive>,
    month: BillingMonth,
    run_id: String,
}

/// A file in a run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Its name below the run's folder, such as `lines.csv` or `inputs/rules.toml.gz`.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
}

impl Run {
    /// The run's folder.
    #[must_use]
    pub fn folder(&self, store: &Store) -> RunFolder {
        RunFolder { archive: store.archive.clone(), month: self.manifest.month, run_id: self.run_id.clone() }
    }
}

impl Store {
    /// The folder of the run of this id; `None`: no run has such an id.
    #[must_use]
    pub fn run_folder(&self, run_id: &str) -> Option<RunFolder> {
        RunFolder::of(self.archive.clone(), run_id)
    }
}

impl RunFolder {
    /// The folder of the run of this id, whether or not it exists; `None`: no run has such an id.
    #[must_use]
    pub fn of(archive: Arc<dyn Archive>, run_id: &str) -> Option<Self> {
        let month = run_id.get(..MONTH_CHARACTERS)?.parse().ok()?;
        Some(Self { archive, month, run_id: run_id.to_owned() })
    }

    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The run's month.
    #[must_use]
    pub fn month(&self) -> BillingMonth {
        self.month
    }

    /// Where a person finds the run's files.
    #[must_use]
    pub fn location(&self) -> String {
        self.archive.place(&self.key(""))
    }

    /// Writes a file of the report. One that exists must be the same.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if there is another under this name.
    pub async fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        object::write_once(&*self.archive, &self.key(name), bytes.to_vec()).await.map(drop)
    }

    /// Writes a file of the report unless one exists, whatever it holds: what was handed out stands.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn restore_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.archive.put_new(&self.key(name), bytes.to_vec()).await?;
        Ok(())
    }

    /// The same as [`RunFolder::write_file`], of a file that need not fit the memory.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if there is another under this name.
    pub async fn write_temporary(&self, name: &str, file: &TemporaryFile) -> Result<(), StoreError> {
        object::write_once_from(&*self.archive, &self.key(name), file).await
    }

    /// The same as [`RunFolder::restore_file`], of a file that need not fit the memory.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn restore_temporary(&self, name: &str, file: &TemporaryFile) -> Result<(), StoreError> {
        self.archive.put_new_from(&self.key(name), file.path()).await?;
        Ok(())
    }

    /// A file of the run by its name; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.archive.get(&self.key(name)).await?)
    }

    /// The files of the run, inputs included, by name.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn files(&self) -> Result<Vec<RunFile>, StoreError> {
        let folder = self.key("");
        let found = self.archive.list(&folder).await?;
        let file = |entry: truecount_platform::ArchiveEntry| RunFile {
            name: entry.key[folder.len()..].to_owned(),
            size: entry.size,
        };
        Ok(found.into_iter().map(file).collect())
    }

    pub(crate) fn key(&self, file: &str) -> String {
        object::report(self.month, &self.run_id, file)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::run::tests::run;
    use crate::test_store::TestStore;
    use crate::{TemporaryFileWriter, sha256_hex};

    #[tokio::test]
    async fn a_file_that_was_handed_out_stands() {
        let TestStore { store, .. } = &TestStore::new();
        let folder = run(Some(1)).folder(store);
        folder.write_file("lines.csv", b"one").await.unwrap();
        folder.restore_file("lines.csv", b"two").await.unwrap();
        assert_eq!(folder.read_file("lines.csv").await.unwrap().unwrap(), b"one");
        assert!(matches!(folder.write_file("lines.csv", b"two").await, Err(StoreError::Taken(_))));
        assert_eq!(folder.read_file("other.csv").await.unwrap(), None);
        assert_eq!(folder.files().await.unwrap(), [RunFile { name: "lines.csv".to_owned(), size: 3 }]);
        assert!(folder.location().contains(folder.run_id()));
    }

    #[tokio::test]
    async fn a_temporary_file_is_stored_as_one_in_memory() {
        let TestStore { store, .. } = &TestStore::new();
        let folder = run(Some(1)).folder(store);
        let written = |bytes: &[u8]| {
            let mut writer = TemporaryFileWriter::create().unwrap();
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        };
        // More than is read at a time.
        let (one, other) = (vec![1; 600_000], vec![2; 600_000]);
        let file = written(&one);
        assert_eq!((file.sha256(), file.bytes()), (&*sha256_hex(&one), 600_000));
        folder.write_temporary("lines.csv", &file).await.unwrap();
        folder.write_temporary("lines.csv", &file).await.unwrap();
        let another = folder.write_temporary("lines.csv", &written(&other)).await.unwrap_err();
        assert!(matches!(&another, StoreError::Taken(place) if place.ends_with("lines.csv")), "{another}");
        folder.restore_temporary("lines.csv", &written(&other)).await.unwrap();
        assert_eq!(folder.read_file("lines.csv").await.unwrap().unwrap(), one);
        let path = file.path().to_owned();
        drop(file);
        assert!(!path.exists(), "it is deleted");
    }

    #[test]
    fn a_folder_is_found_by_the_id_of_its_run() {
        let TestStore { store, .. } = &TestStore::new();
        let run = run(Some(1));
        let folder = store.run_folder(&run.run_id).unwrap();
        assert_eq!((folder.location(), folder.month()), (run.folder(store).location(), run.manifest.month));
        for wrong in ["", "june", "2026-13-c1-0", "2026-6"] {
            assert!(store.run_folder(wrong).is_none(), "{wrong}");
        }
    }
}
