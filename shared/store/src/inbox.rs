//! Files that people drop: for a source, or with decisions.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use truecount_billing::SourceId;

use crate::hash::Hasher;
use crate::key::{Key, Partition};
use crate::{Corruption, CreateOutcome, Record, Store, StoreError, object};

/// Bytes of a file that are hashed at a time.
const HASH_BYTES: usize = 256 * 1024;

/// A folder into which people drop files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxFolder(String);

/// A file in such a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its name below the folder.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written, if the archive tells.
    pub modified: Option<Timestamp>,
    key: String,
}

impl InboxFolder {
    /// The files of a source.
    #[must_use]
    pub fn source(source: &SourceId) -> Self {
        Self(object::source_inbox(source))
    }

    /// Files with decisions.
    #[must_use]
    pub fn filled(of: FilledFile) -> Self {
        let path = match of {
            FilledFile::Mappings => object::MAPPINGS_INBOX,
            FilledFile::Actions => object::ACTIONS_INBOX,
        };
        Self(path.to_owned())
    }

    /// Its path below the archive's own folder, with a slash at its end.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }

    /// Where a person finds the folder.
    #[must_use]
    pub fn location(&self, store: &Store) -> String {
        store.archive.place(&self.0)
    }

    /// Where a person finds a file of this name.
    #[must_use]
    pub fn file_location(&self, store: &Store, name: &str) -> String {
        store.archive.place(&self.key(name))
    }

    /// Its files, by name.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn files(&self, store: &Store) -> Result<Vec<InboxEntry>, StoreError> {
        let found = store.archive.list(&self.0).await?;
        let file = |entry: truecount_platform::ArchiveEntry| InboxEntry {
            name: entry.key[self.0.len()..].to_owned(),
            size: entry.size,
            modified: entry.modified,
            key: entry.key,
        };
        Ok(found.into_iter().map(file).collect())
    }

    /// Puts a file, in place of an earlier one of that name.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn put(&self, store: &Store, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        Ok(store.archive.put(&self.key(name), bytes).await?)
    }

    /// Adds a file of this machine, however large; one of the same name must hold the same bytes.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if it holds others.
    pub async fn add_from(&self, store: &Store, name: &str, file: &Path) -> Result<CreateOutcome, StoreError> {
        let key = self.key(name);
        if store.archive.put_new_from(&key, file).await? == CreateOutcome::Created {
            return Ok(CreateOutcome::Created);
        }
        let location = store.archive.place(&key);
        let own = tokio::fs::File::open(file).await;
        let own =
            own.map_err(|error| StoreError::corrupt(file.display().to_string(), Corruption::Value(Box::new(error))))?;
        let there = store.archive.open(&key).await?.ok_or_else(|| StoreError::Taken(location.clone()))?;
        match hash(there, &location).await? == hash(own, &file.display().to_string()).await? {
            true => Ok(CreateOutcome::AlreadyExists),
            false => Err(StoreError::Taken(location)),
        }
    }

    /// Puts a file of this machine, however large, in place of an earlier one of that name.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn put_from(&self, store: &Store, name: &str, file: &Path) -> Result<(), StoreError> {
        Ok(store.archive.put_from(&self.key(name), file).await?)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

impl InboxEntry {
    /// Where a person finds it.
    #[must_use]
    pub fn location(&self, store: &Store) -> String {
        store.archive.place(&self.key)
    }

    /// Its path below the archive's own folder.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.key
    }

    /// What a checkpoint knows it by: path and length.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{} ({} bytes)", self.key, self.size)
    }

    /// Its bytes; `None` if it is gone.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn read(&self, store: &Store) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(store.archive.get(&self.key).await?)
    }

    /// Hash of its bytes; `None` if it is gone.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn sha256(&self, store: &Store) -> Result<Option<String>, StoreError> {
        let Some(bytes) = self.open(store).await? else { return Ok(None) };
        Ok(Some(hash(bytes, &self.location(store)).await?))
    }

    /// The file, to be read piece by piece; `None` if it is gone.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn open(&self, store: &Store) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, StoreError> {
        Ok(store.archive.open(&self.key).await?)
    }
}

/// Hash of what can be read, a piece at a time.
async fn hash(mut bytes: impl AsyncRead + Unpin, location: &str) -> Result<String, StoreError> {
    let mut hasher = Hasher::default();
    let mut part = vec![0; HASH_BYTES];
    loop {
        let read = bytes
            .read(&mut part)
            .await
            .map_err(|error| StoreError::corrupt(location.to_owned(), Corruption::Value(Box::new(error))))?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher.raw(&part[..read]);
    }
}

/// What a file has that people have filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilledFile {
    /// Whose vendor accounts are.
    Mappings,
    /// What is to be done about exceptions.
    Actions,
}

impl FilledFile {
    /// The word in paths and keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mappings => "mappings",
            Self::Actions => "actions",
        }
    }
}

/// What happened to a file that was filled in: each is imported once, by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledFileNote {
    /// What it has.
    pub of: FilledFile,
    /// Hash of the file.
    pub sha256: String,
    /// Its name.
    pub file: String,
    /// Rows that were imported.
    pub imported: usize,
    /// Rows that were refused.
    pub refused: usize,
    /// The first refused rows, in words.
    pub examples: Vec<String>,
    /// Name and hash of the file with the refused rows that was written beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<(String, String)>,
}

impl Record for FilledFileNote {
    const KIND: &'static str = "";

    fn key(&self) -> Key {
        note_key(self.of, &self.sha256, &self.file)
    }
}

fn note_key(of: FilledFile, sha256: &str, file: &str) -> Key {
    Partition::filled_files(of).sort(format!("{sha256}#{file}"))
}

impl FilledFileNote {
    /// What happened to a file with this content and name, if it was imported.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub async fn load(store: &Store, of: FilledFile, sha256: &str, file: &str) -> Result<Option<Self>, StoreError> {
        store.get(&note_key(of, sha256, file)).await
    }

    /// Stores what happened to a file.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known to be stored.
    pub async fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.overwrite(self).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn a_file_is_added_once_and_listed_by_its_name() {
        let TestStore { store, .. } = &TestStore::new();
        let folder = InboxFolder::source(&SourceId::new("rmm").unwrap());
        let own = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(own.path(), b"a").unwrap();
        assert_eq!(folder.add_from(store, "june.csv", own.path()).await.unwrap(), CreateOutcome::Created);
        assert_eq!(folder.add_from(store, "june.csv", own.path()).await.unwrap(), CreateOutcome::AlreadyExists);
        std::fs::write(own.path(), b"b").unwrap();
        let error = folder.add_from(store, "june.csv", own.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Taken(_)), "{error}");
        let files = folder.files(store).await.unwrap();
        assert_eq!(files.iter().map(|file| (file.name.as_str(), file.size)).collect::<Vec<_>>(), [("june.csv", 1)]);
        assert_eq!(files[0].read(store).await.unwrap().unwrap(), b"a");
        assert_eq!(files[0].sha256(store).await.unwrap(), Some(crate::sha256_hex(b"a")));
        assert_eq!(files[0].location(store), folder.file_location(store, "june.csv"));
        folder.put(store, "june.csv", b"b".to_vec()).await.unwrap();
        assert_eq!(files[0].read(store).await.unwrap().unwrap(), b"b");
        assert_eq!(InboxFolder::filled(FilledFile::Mappings).files(store).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_file_is_known_by_content_and_name() {
        let TestStore { store, .. } = &TestStore::new();
        let mappings = FilledFile::Mappings;
        let note = FilledFileNote {
            of: mappings,
            sha256: "abc".to_owned(),
            file: "june.xlsx".to_owned(),
            imported: 3,
            refused: 1,
            examples: vec!["row 2".to_owned()],
            answer: None,
        };
        note.save(store).await.unwrap();
        assert_eq!(FilledFileNote::load(store, mappings, "abc", "june.xlsx").await.unwrap(), Some(note));
        assert_eq!(FilledFileNote::load(store, FilledFile::Actions, "abc", "june.xlsx").await.unwrap(), None);
        assert_eq!(FilledFileNote::load(store, mappings, "abc", "july.xlsx").await.unwrap(), None);
    }
}
