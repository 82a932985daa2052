//! A run's objects in the archive: its inputs and the files of its report. None of them ever changes.

use serde::{Serialize, de::DeserializeOwned};
use truecount_billing::{Account, SourceId};

use crate::{MappingRecord, NoneRecord, Run, SnapshotEntry, Store, StoreError, gzip, object};

/// Bytes of one part of a source's inputs, before it is compressed to about a tenth.
const PART_BYTES: usize = 256 << 20;

/// What the names of inputs begin with.
const INPUTS: &str = "inputs/";

/// An input of a run beside what it read of its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFile {
    /// The rules, as they were written.
    Rules,
    /// The settings that decide what is found, as JSON.
    Settings,
    /// The mappings in force, one JSON line each.
    Mappings,
    /// The decisions in force that clients have nothing in a source, one JSON line each.
    Nones,
    /// What the report says about files in the inbox, as JSON.
    Inbox,
}

impl InputFile {
    fn name(self) -> &'static str {
        match self {
            Self::Rules => "inputs/rules.toml.gz",
            Self::Settings => "inputs/settings.json.gz",
            Self::Mappings => "inputs/mappings.jsonl.gz",
            Self::Nones => "inputs/nones.jsonl.gz",
            Self::Inbox => "inputs/inbox.json.gz",
        }
    }
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
    /// Stores an input. The bytes are compressed here.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if there is another.
    pub async fn write_input(&self, store: &Store, file: InputFile, bytes: &[u8]) -> Result<(), StoreError> {
        store.write_once(&self.object(file.name()), gzip::compress(bytes)?).await.map(drop)
    }

    /// Reads an input, decompressed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or damaged.
    pub async fn read_input(&self, store: &Store, file: InputFile) -> Result<Vec<u8>, StoreError> {
        let key = self.object(file.name());
        gzip::decompress(&store.archive.place(&key), &store.read_object(&key).await?)
    }

    /// The mappings that were in force when the run's inputs were frozen.
    ///
    /// # Errors
    /// As [`Run::read_input`].
    pub async fn read_mappings(&self, store: &Store) -> Result<Vec<MappingRecord>, StoreError> {
        self.read_lines(store, InputFile::Mappings).await
    }

    /// The decisions that clients have nothing in a source which were in force when the run's inputs were frozen.
    ///
    /// # Errors
    /// As [`Run::read_input`].
    pub async fn read_nones(&self, store: &Store) -> Result<Vec<NoneRecord>, StoreError> {
        self.read_lines(store, InputFile::Nones).await
    }

    async fn read_lines<T: DeserializeOwned>(&self, store: &Store, file: InputFile) -> Result<Vec<T>, StoreError> {
        let key = self.object(file.name());
        let bytes = store.read_object(&key).await?;
        gzip::lines(&store.archive.place(&key), &bytes).collect()
    }

    /// Writes a file of the report. One that exists must be the same.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if there is another under this name.
    pub async fn write_file(&self, store: &Store, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        store.write_once(&self.object(name), bytes.to_vec()).await.map(drop)
    }

    /// Writes a file of the report unless one exists, whatever it holds: what was handed out stands.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn restore_file(&self, store: &Store, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        store.archive.put_new(&self.object(name), bytes.to_vec()).await?;
        Ok(())
    }

    /// A file of the run by its name; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn read_file(&self, store: &Store, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(store.archive.get(&self.object(name)).await?)
    }

    /// The files of the run, inputs included, by name.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn files(&self, store: &Store) -> Result<Vec<RunFile>, StoreError> {
        self.files_below(store, "").await
    }

    /// The inputs of the run, by name.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn inputs(&self, store: &Store) -> Result<Vec<RunFile>, StoreError> {
        self.files_below(store, INPUTS).await
    }

    /// Where a person finds the run's files.
    #[must_use]
    pub fn location(&self, store: &Store) -> String {
        store.archive.place(&self.object(""))
    }

    async fn files_below(&self, store: &Store, prefix: &str) -> Result<Vec<RunFile>, StoreError> {
        let folder = self.object("");
        let found = store.archive.list(&format!("{folder}{prefix}")).await?;
        Ok(found
            .into_iter()
            .map(|entry| RunFile { name: entry.key[folder.len()..].to_owned(), size: entry.size })
            .collect())
    }

    fn object(&self, file: &str) -> String {
        object::report(self.manifest.month, &self.run_id, file)
    }
}

/// What a run read of one source, stored as its inputs: in parts, so that no source is too large for the memory, neither
/// here nor where the parts are hashed.
pub struct InputWriter<'a> {
    store: &'a Store,
    run: Option<&'a Run>,
    source: &'a SourceId,
    lines: gzip::LinesWriter,
    parts: u32,
}

/// The line before an account's entries.
#[derive(Serialize)]
struct AccountLine<'a> {
    account: &'a Account,
}

impl<'a> InputWriter<'a> {
    /// A writer of what `run` reads of `source`; without a run, nothing is stored.
    #[must_use]
    pub fn new(store: &'a Store, run: Option<&'a Run>, source: &'a SourceId) -> Self {
        Self { store, run, source, lines: gzip::LinesWriter::default(), parts: 0 }
    }

    /// Adds an account with its items and lines.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if a value has no JSON form.
    pub fn push(&mut self, account: &Account, entries: &[SnapshotEntry]) -> Result<(), StoreError> {
        if self.run.is_none() {
            return Ok(());
        }
        self.lines.push(&AccountLine { account })?;
        entries.iter().try_for_each(|entry| self.lines.push(entry))
    }

    /// Stores a part that is large enough, and begins another.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if another is stored.
    pub async fn flush_if_full(&mut self) -> Result<(), StoreError> {
        if self.lines.plain_bytes < PART_BYTES {
            return Ok(());
        }
        self.write_part().await
    }

    /// Stores the last part; a source with nothing in it has an empty one.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if another is stored.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        if self.parts > 0 && self.lines.plain_bytes == 0 {
            return Ok(());
        }
        self.write_part().await
    }

    async fn write_part(&mut self) -> Result<(), StoreError> {
        let Some(run) = self.run else { return Ok(()) };
        let lines = std::mem::take(&mut self.lines);
        self.parts += 1;
        let part = if self.parts == 1 { String::new() } else { format!(".{:04}", self.parts) };
        let name = format!("{INPUTS}{}{part}.jsonl.gz", self.source);
        self.store.write_once(&run.object(&name), lines.finish()?).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corruption;
    use crate::run::tests::run;
    use crate::test_store::TestStore;

    #[tokio::test]
    async fn inputs_read_back_as_they_were_written() {
        let TestStore { store, .. } = &TestStore::new();
        let run = run(None);
        run.write_input(store, InputFile::Rules, b"[[rules]]\n").await.unwrap();
        run.write_input(store, InputFile::Rules, b"[[rules]]\n").await.unwrap();
        assert_eq!(run.read_input(store, InputFile::Rules).await.unwrap(), b"[[rules]]\n");
        let error = run.write_input(store, InputFile::Rules, b"other").await.unwrap_err();
        assert!(matches!(&error, StoreError::Taken(place) if place.contains("inputs/rules.toml.gz")), "{error}");
        let error = run.read_input(store, InputFile::Settings).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Missing, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_source_without_accounts_has_an_empty_input() {
        let TestStore { store, .. } = &TestStore::new();
        let (run, source) = (run(None), SourceId::new("rmm").unwrap());
        InputWriter::new(store, Some(&run), &source).finish().await.unwrap();
        let inputs = run.inputs(store).await.unwrap();
        assert_eq!(inputs.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["inputs/rmm.jsonl.gz"]);
        let bytes = run.read_file(store, "inputs/rmm.jsonl.gz").await.unwrap().unwrap();
        assert_eq!(bytes.len() as u64, inputs[0].size);
        assert_eq!(gzip::decompress("x", &bytes).unwrap(), b"");
    }

    #[tokio::test]
    async fn a_file_that_was_handed_out_stands() {
        let TestStore { store, .. } = &TestStore::new();
        let run = run(Some(1));
        run.write_file(store, "lines.csv", b"one").await.unwrap();
        run.restore_file(store, "lines.csv", b"two").await.unwrap();
        assert_eq!(run.read_file(store, "lines.csv").await.unwrap().unwrap(), b"one");
        assert!(matches!(run.write_file(store, "lines.csv", b"two").await, Err(StoreError::Taken(_))));
        assert_eq!(run.read_file(store, "other.csv").await.unwrap(), None);
        assert_eq!(run.files(store).await.unwrap(), [RunFile { name: "lines.csv".to_owned(), size: 3 }]);
        assert!(run.location(store).contains(&run.run_id));
    }
}
