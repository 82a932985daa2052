//! Freezing what a run reads: each input a file in its folder, then one that names them all with their hashes. Before that
//! one is written nothing is frozen.

use std::collections::BTreeMap;

use truecount_platform::CreateOutcome;

use super::frozen::{FrozenRecord, INPUTS, RECORD_FILE};
use super::{FrozenRun, InputAccount, InputLineRef, SourceOnDay};
use crate::{RunFolder, RunManifest, StoreError, gzip, object, sha256_hex};

/// Bytes of one part of a source's inputs, before it is compressed to about a tenth.
const PART_BYTES: usize = 256 << 20;

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
    /// The words that the sources of usage had said, one JSON line for each attribute of a kind.
    Words,
    /// What people decided about exceptions and is in force, one JSON line each.
    Actions,
    /// What the report says about files in the inbox, as JSON.
    Inbox,
    /// What earlier closings found, one JSON line for each client.
    History,
}

impl InputFile {
    /// Its name in the run's folder.
    pub(super) fn name(self) -> String {
        let name = match self {
            Self::Rules => "rules.toml.gz",
            Self::Settings => "settings.json.gz",
            Self::Mappings => "mappings.jsonl.gz",
            Self::Nones => "nones.jsonl.gz",
            Self::Words => "words.jsonl.gz",
            Self::Actions => "actions.jsonl.gz",
            Self::Inbox => "inbox.json.gz",
            Self::History => "history.jsonl.gz",
        };
        format!("{INPUTS}{name}")
    }
}

/// Writes the inputs of a run. What an earlier attempt has written stands: it was of the same run.
pub struct InputsWriter {
    folder: RunFolder,
    /// The hash of each, by name.
    written: BTreeMap<String, String>,
    /// The accounts that are not written yet.
    lines: gzip::LinesWriter,
    parts: u32,
}

impl InputsWriter {
    /// A writer of the inputs of the run with this folder.
    #[must_use]
    pub fn new(folder: RunFolder) -> Self {
        Self { folder, written: BTreeMap::new(), lines: gzip::LinesWriter::default(), parts: 0 }
    }

    /// Stores an input. The bytes are compressed here.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn write(&mut self, file: InputFile, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(file.name(), gzip::compress(bytes)?).await
    }

    /// Stores an input that is compressed already.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn write_compressed(&mut self, file: InputFile, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.put(file.name(), bytes).await
    }

    /// Adds an account of the source that is written now. Parts of a source are stored as they are full, so that none is
    /// too large for the memory, neither here nor where it is read.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn push(&mut self, of: &SourceOnDay, account: &InputAccount) -> Result<(), StoreError> {
        self.lines.push(&InputLineRef::Account(&account.listed))?;
        account.entries.iter().try_for_each(|entry| self.lines.push(entry))?;
        for earlier in &account.earlier {
            self.lines.push(&InputLineRef::Earlier(earlier))?;
            earlier.entries.iter().try_for_each(|entry| self.lines.push(entry))?;
        }
        if self.lines.plain_bytes >= PART_BYTES {
            self.write_part(of).await?;
        }
        Ok(())
    }

    /// Stores what is left of a source; one with no accounts has an empty part.
    ///
    /// # Errors
    /// [`StoreError::Archive`].
    pub async fn finish_source(&mut self, of: &SourceOnDay) -> Result<(), StoreError> {
        if self.parts == 0 || self.lines.plain_bytes > 0 {
            self.write_part(of).await?;
        }
        self.parts = 0;
        Ok(())
    }

    /// Names all that was written: from then on the run is frozen. Answers how it is frozen, which an earlier attempt may
    /// have decided.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was frozen.
    pub async fn commit(self, mut manifest: RunManifest) -> Result<FrozenRun, StoreError> {
        // How often a sync was begun says nothing of what it read: the same content is the same run, byte by byte.
        for source in &mut manifest.sources {
            let of_days = source.days.iter_mut().map(|day| &mut day.snapshot);
            source.snapshot.iter_mut().chain(of_days).for_each(|id| id.lease = 0);
        }
        let record = FrozenRecord { manifest, inputs: self.written };
        let json = serde_json::to_vec(&record).map_err(|error| StoreError::unwritable("a run's manifest", error))?;
        self.folder.archive.put_new(&self.folder.key(RECORD_FILE), gzip::compress(&json)?).await?;
        FrozenRun::open(self.folder).await
    }

    async fn write_part(&mut self, of: &SourceOnDay) -> Result<(), StoreError> {
        let lines = std::mem::take(&mut self.lines);
        self.parts += 1;
        self.put(format!("{}{:04}.jsonl.gz", of.folder(), self.parts), lines.finish()?).await
    }

    async fn put(&mut self, name: String, bytes: Vec<u8>) -> Result<(), StoreError> {
        let (archive, key) = (&*self.folder.archive, self.folder.key(&name));
        let mut sha256 = sha256_hex(&bytes);
        if archive.put_new(&key, bytes).await? == CreateOutcome::AlreadyExists {
            sha256 = sha256_hex(&object::read(archive, &key).await?);
        }
        self.written.insert(name, sha256);
        Ok(())
    }
}
