//! A run as it is frozen in its folder: what it is based on, and each of its inputs with its hash. Whoever compares a run,
//! for the first time or again, reads this and nothing else.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use truecount_reconciliation::ActionRecord;

use super::{EarlierReading, InputAccount, InputFile, InputLine, SourceOnDay};
use crate::{
    Corruption, FrozenDay, FrozenSource, HistoryLines, KnownWords, MappingRecord, NoneRecord, RunFolder, RunManifest,
    SnapshotEntry, StoreError, gzip, object, sha256_hex,
};

/// What the names of inputs begin with.
pub(super) const INPUTS: &str = "inputs/";

/// The file that says which run it is, and names the other inputs.
pub(super) const RECORD_FILE: &str = "inputs/run.json.gz";

/// Accounts that are given out together.
const GROUP_ACCOUNTS_MAX: usize = 64;

/// Items that are given out together; an account with more comes alone.
const GROUP_ENTRIES_MAX: usize = 50_000;

/// What is in [`RECORD_FILE`].
#[derive(Serialize, Deserialize)]
pub(super) struct FrozenRecord {
    pub(super) manifest: RunManifest,
    /// The hash of each other input as it is stored, by its name in the run's folder.
    pub(super) inputs: BTreeMap<String, String>,
}

impl SourceOnDay {
    /// The folder of its parts, within that of the run.
    pub(super) fn folder(&self) -> String {
        match self.before {
            None => format!("{INPUTS}sources/{}/", self.source),
            Some(day) => format!("{INPUTS}days/{}/{day}/", self.source),
        }
    }
}

/// A run with everything that it reads.
#[derive(Clone)]
pub struct FrozenRun {
    /// What it is based on.
    pub manifest: RunManifest,
    inputs: BTreeMap<String, String>,
    folder: RunFolder,
}

impl FrozenRun {
    /// Opens the run of a folder.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not frozen, or what it is based on is not what its id says.
    pub async fn open(folder: RunFolder) -> Result<Self, StoreError> {
        let key = folder.key(RECORD_FILE);
        let (place, bytes) = (folder.archive.place(&key), object::read(&*folder.archive, &key).await?);
        let json = gzip::decompress(&place, &bytes)?;
        let record = serde_json::from_slice(&json).map_err(|source| Corruption::Json { line: 1, source });
        let FrozenRecord { manifest, inputs } = record.map_err(|cause| StoreError::corrupt(&place, cause))?;
        let run_id = manifest.run_id()?;
        if run_id != folder.run_id() {
            return Err(StoreError::corrupt(place, Corruption::Misplaced(run_id)));
        }
        Ok(Self { manifest, inputs, folder })
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The names of its inputs in its folder, in order.
    #[must_use]
    pub fn input_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.inputs.keys().cloned().chain([RECORD_FILE.to_owned()]).collect();
        names.sort_unstable();
        names
    }

    /// The bytes of an input as they are stored.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or not what was frozen.
    pub async fn stored_input(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        if name == RECORD_FILE {
            return object::read(&*self.folder.archive, &self.folder.key(name)).await;
        }
        self.stored(name).await.map(|(_, bytes)| bytes)
    }

    /// Reads an input, decompressed; `None`: the run has none such.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or not what was frozen.
    pub async fn read(&self, file: InputFile) -> Result<Option<Vec<u8>>, StoreError> {
        let name = file.name();
        if !self.inputs.contains_key(&name) {
            return Ok(None);
        }
        let (place, bytes) = self.stored(&name).await?;
        gzip::decompress(&place, &bytes).map(Some)
    }

    /// The mappings in force.
    ///
    /// # Errors
    /// As [`FrozenRun::read`].
    pub async fn mappings(&self) -> Result<Vec<MappingRecord>, StoreError> {
        self.lines(InputFile::Mappings).await
    }

    /// The decisions in force that clients have nothing in a source.
    ///
    /// # Errors
    /// As [`FrozenRun::read`].
    pub async fn nones(&self) -> Result<Vec<NoneRecord>, StoreError> {
        self.lines(InputFile::Nones).await
    }

    /// What people decided about exceptions.
    ///
    /// # Errors
    /// As [`FrozenRun::read`].
    pub async fn actions(&self) -> Result<Vec<ActionRecord>, StoreError> {
        match self.manifest.actions_sha256 {
            Some(_) => self.lines(InputFile::Actions).await,
            None => Ok(Vec::new()),
        }
    }

    /// The words that the sources of usage had said.
    ///
    /// # Errors
    /// As [`FrozenRun::read`].
    pub async fn words(&self) -> Result<Vec<KnownWords>, StoreError> {
        self.lines(InputFile::Words).await
    }

    /// What earlier closings found.
    ///
    /// # Errors
    /// As [`FrozenRun::read`].
    pub async fn history(&self) -> Result<HistoryLines, StoreError> {
        if self.manifest.history.is_none() {
            return Ok(HistoryLines::none());
        }
        let (place, bytes) = self.stored(&InputFile::History.name()).await?;
        Ok(HistoryLines::of(place, bytes))
    }

    /// The accounts of a source.
    #[must_use]
    pub fn accounts(&self, source: &FrozenSource) -> FrozenAccounts<'_> {
        let of = SourceOnDay { source: source.source.clone(), before: None };
        self.accounts_in(of.folder(), source.snapshot.map(|_| source.account_count))
    }

    /// The accounts of a source on a day before its snapshot.
    #[must_use]
    pub fn accounts_before(&self, source: &FrozenSource, day: &FrozenDay) -> FrozenAccounts<'_> {
        let of = SourceOnDay { source: source.source.clone(), before: Some(day.snapshot.as_of) };
        self.accounts_in(of.folder(), Some(day.account_count))
    }

    fn accounts_in(&self, folder: String, expected: Option<u64>) -> FrozenAccounts<'_> {
        let parts = self.inputs.keys().filter(|name| name.starts_with(&folder)).map(String::as_str).collect();
        FrozenAccounts { run: self, folder, expected, parts, lines: None, next: None, given: 0 }
    }

    async fn lines<T: DeserializeOwned>(&self, file: InputFile) -> Result<Vec<T>, StoreError> {
        let (place, bytes) = self.stored(&file.name()).await?;
        gzip::lines(&place, &bytes).collect()
    }

    /// Where an input is, and its bytes if they are those that were frozen.
    async fn stored(&self, name: &str) -> Result<(String, Vec<u8>), StoreError> {
        let key = self.folder.key(name);
        let (place, bytes) = (self.folder.archive.place(&key), object::read(&*self.folder.archive, &key).await?);
        match self.inputs.get(name) {
            Some(frozen) if *frozen == sha256_hex(&bytes) => Ok((place, bytes)),
            Some(_) => Err(StoreError::corrupt(place, Corruption::Hash)),
            None => Err(StoreError::corrupt(place, Corruption::Missing)),
        }
    }
}

/// Reads the accounts of a source group by group, so that memory stays bounded.
pub struct FrozenAccounts<'a> {
    run: &'a FrozenRun,
    folder: String,
    /// How many accounts there are; `None`: there is no snapshot.
    expected: Option<u64>,
    parts: VecDeque<&'a str>,
    lines: Option<gzip::LinesReader<Vec<u8>>>,
    /// An account that is begun.
    next: Option<InputAccount>,
    given: u64,
}

impl FrozenAccounts<'_> {
    /// The next accounts, in the order of the source's list; `None`: there are no more.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a part is missing or not what was frozen.
    pub async fn next_group(&mut self) -> Result<Option<Vec<InputAccount>>, StoreError> {
        let (mut group, mut entries): (Vec<InputAccount>, usize) = (Vec::new(), 0);
        while group.len() < GROUP_ACCOUNTS_MAX && entries < GROUP_ENTRIES_MAX {
            let Some(account) = self.next_account().await? else { break };
            entries += account.entries.len();
            group.push(account);
        }
        self.given += group.len() as u64;
        if !group.is_empty() {
            return Ok(Some(group));
        }
        let found = self.given;
        if let Some(expected) = self.expected.filter(|expected| *expected != found) {
            let place = self.run.folder.archive.place(&self.run.folder.key(&self.folder));
            return Err(StoreError::corrupt(place, Corruption::Count { found, expected }));
        }
        Ok(None)
    }

    async fn next_account(&mut self) -> Result<Option<InputAccount>, StoreError> {
        loop {
            if self.lines.is_none() {
                let Some(part) = self.parts.pop_front() else { return Ok(self.next.take()) };
                let (place, bytes) = self.run.stored(part).await?;
                self.lines = Some(gzip::LinesReader::new(place, bytes));
            }
            let Some(lines) = &mut self.lines else { continue };
            let Some(line) = lines.next::<InputLine>().transpose()? else {
                self.lines = None;
                continue;
            };
            if let InputLine::Account(listed) = line {
                let begun = InputAccount { listed, entries: Vec::new(), earlier: Vec::new() };
                match self.next.replace(begun) {
                    Some(whole) => return Ok(Some(whole)),
                    None => continue,
                }
            }
            let place = lines.location();
            let account = self.next.as_mut().ok_or_else(|| StoreError::corrupt(place, Corruption::Missing))?;
            account.add(line);
        }
    }
}

impl InputAccount {
    /// Adds a line that comes after its own.
    fn add(&mut self, line: InputLine) {
        let entry = match line {
            InputLine::Item(item) => SnapshotEntry::Item(item),
            InputLine::Line(line) => SnapshotEntry::Line(line),
            InputLine::Move(one) => SnapshotEntry::Move(one),
            InputLine::Earlier(reading) => return self.earlier.push(EarlierReading { entries: Vec::new(), ..reading }),
            InputLine::Account(_) => return,
        };
        match self.earlier.last_mut() {
            Some(earlier) => earlier.entries.push(entry),
            None => self.entries.push(entry),
        }
    }
}
