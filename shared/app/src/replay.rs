//! Replays a run: everything that it wrote is made again from what it read, and compared hash by hash. Nothing is written.
//!
//! The outcome is made from the run's inputs, the report's files from the outcome that the run recorded, so that a file
//! differs only by what the report does.
//!
//! **Architecture invariant:** only the run's folder is read; a copy of the archive is enough, without table or settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use truecount_reports::{InputRef, ReportFile};
use truecount_store::{FrozenRun, HISTORY_FILE, OUTCOMES_FILE, RunFolder, StoreError, StoredOutcome, sha256_hex};

use crate::jobs::reconcile::{ComparedRun, compare_run};
use crate::jobs::report::{ReportFiles, client_sheets, header, report_files};
use crate::settings::{frozen_client_sheets, frozen_oversight};
use crate::{AppError, ProgressObserver};

/// The file that names the hash of each input and output.
const MANIFEST_FILE: &str = "manifest.json";

/// What the names of inputs begin with.
const INPUTS: &str = "inputs/";

/// A file of a run, made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayedFile {
    /// Its name within the run.
    pub name: String,
    /// What came of it.
    pub state: ReplayState,
    /// The SHA-256 that the run recorded, in hexadecimal; `None`: it recorded none.
    pub recorded: Option<String>,
    /// That of what was made again; of an input, of what is stored. `None`: there is nothing.
    pub replayed: Option<String>,
}

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// The same bytes.
    Same,
    /// Other bytes come out now.
    Differs,
    /// The same bytes come out, and what is stored is not what the run wrote. Of an input: it is not what the run read.
    Changed,
    /// It is not stored any more.
    Missing,
    /// The run did not record it.
    NotRecorded,
    /// It could not be made again, because of what it is made from.
    NotMade,
}

impl ReplayState {
    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Changed => "stored file was changed",
            Self::Missing => "stored file is missing",
            Self::NotRecorded => "not recorded by the run",
            Self::NotMade => "cannot be made again",
        }
    }
}

/// `manifest.json`, as far as it is needed.
#[derive(Deserialize)]
struct RecordedFiles {
    inputs: Vec<RecordedFile>,
    outputs: Vec<RecordedFile>,
}

#[derive(Deserialize)]
struct RecordedFile {
    name: String,
    sha256: String,
}

/// What the run recorded, and what is there.
struct Recorded {
    /// The hash of each, by name.
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    /// Every file of the folder, by name.
    stored: BTreeMap<String, StoredFile>,
}

/// A file that is there.
struct StoredFile {
    sha256: String,
    bytes: u64,
}

/// Makes a run's files again. Inputs first, then the outcome, then the report's files, each by name.
///
/// # Errors
/// [`AppError`] if the run is not reported, or its folder cannot be read.
pub async fn replay(folder: &RunFolder, progress: &dyn ProgressObserver) -> Result<Vec<ReplayedFile>, AppError> {
    let recorded = Recorded::read(folder).await?;
    let mut replayed = recorded.check_inputs();
    let is_whole = replayed.iter().all(|file| matches!(file.state, ReplayState::Same | ReplayState::NotRecorded));
    let mut made: Vec<(String, String)> = Vec::new();
    if is_whole {
        let run = FrozenRun::open(folder.clone()).await?;
        let ComparedRun { outcome, history, .. } = compare_run(&run, progress).await?;
        let outcome = ReportFile { name: OUTCOMES_FILE, bytes: outcome.into_bytes()? };
        let history = history.map(|(bytes, _)| ReportFile { name: HISTORY_FILE, bytes });
        let of_report = recorded.outcome(folder, &outcome).await?;
        progress.step("writing the report");
        let header = header(folder, &run.manifest, recorded.input_refs(), frozen_oversight(&run).await?);
        let of_history = recorded.history(folder, history.as_ref()).await?;
        let mut sheets = Vec::new();
        if let Some(prices) = frozen_client_sheets(&run).await? {
            for sheet in client_sheets(&of_report, &header, prices, None) {
                sheets.push(sheet?.reference());
            }
        }
        let ReportFiles { large, files, .. } = report_files(
            &of_report,
            of_history.map(|bytes| InputRef::of(HISTORY_FILE, &bytes)),
            &header,
            sheets.clone(),
        )?;
        let files = [outcome].into_iter().chain(history).chain(files);
        made = files.map(|file| (file.name.to_owned(), sha256_hex(&file.bytes))).collect();
        made.extend(large.iter().map(|(name, file)| ((*name).to_owned(), file.sha256().to_owned())));
        made.extend(sheets.into_iter().map(|sheet| (sheet.name, sheet.sha256)));
    }
    let mut outputs = recorded.outputs.clone();
    for (name, sha256) in made {
        let of_run = outputs.remove(&name);
        replayed.push(recorded.of_output(name, sha256, of_run));
    }
    let left = outputs.into_iter().map(|(name, sha256)| ReplayedFile {
        // Without its inputs nothing is said of a file but whether it is what the run wrote.
        state: match recorded.stored.get(&name) {
            None => ReplayState::Missing,
            Some(stored) if stored.sha256 != sha256 => ReplayState::Changed,
            Some(_) if is_whole => ReplayState::Differs,
            Some(_) => ReplayState::NotMade,
        },
        name,
        recorded: Some(sha256),
        replayed: None,
    });
    replayed.extend(left);
    Ok(replayed)
}

impl Recorded {
    async fn read(folder: &RunFolder) -> Result<Self, AppError> {
        let mut stored = BTreeMap::new();
        for file in folder.files().await? {
            let Some(bytes) = folder.read_file(&file.name).await? else { continue };
            stored.insert(file.name, StoredFile { sha256: sha256_hex(&bytes), bytes: bytes.len() as u64 });
        }
        let (run_id, month) = (folder.run_id(), folder.month());
        if stored.is_empty() {
            let place = folder.location();
            return Err(AppError::Refused(format!(
                "there is no run `{run_id}` in the archive: `{place}` has no files"
            )));
        }
        let manifest = folder.read_file(MANIFEST_FILE).await?.ok_or_else(|| {
            AppError::Refused(format!(
                "run `{run_id}` has no report yet; `truecount report --month {month} --run {run_id} --no-mail` writes it"
            ))
        })?;
        let recorded: RecordedFiles =
            serde_json::from_slice(&manifest).map_err(|error| AppError::damaged(MANIFEST_FILE, error))?;
        let hashes = |files: Vec<RecordedFile>| files.into_iter().map(|file| (file.name, file.sha256)).collect();
        let mut outputs: BTreeMap<_, _> = hashes(recorded.outputs);
        outputs.insert(MANIFEST_FILE.to_owned(), sha256_hex(&manifest));
        Ok(Self { inputs: hashes(recorded.inputs), outputs, stored })
    }

    /// An input is not made again: it is what the run kept of what it read.
    fn check_inputs(&self) -> Vec<ReplayedFile> {
        let of_run = self.inputs.iter().map(|(name, recorded)| {
            let stored = self.stored.get(name).map(|file| file.sha256.clone());
            let state = match &stored {
                Some(stored) if stored == recorded => ReplayState::Same,
                Some(_) => ReplayState::Changed,
                None => ReplayState::Missing,
            };
            ReplayedFile { name: name.clone(), state, recorded: Some(recorded.clone()), replayed: stored }
        });
        let is_strange = |name: &String| name.starts_with(INPUTS) && !self.inputs.contains_key(name);
        let strange = self.stored.iter().filter(|(name, _)| is_strange(name)).map(|(name, file)| ReplayedFile {
            name: name.clone(),
            state: ReplayState::NotRecorded,
            recorded: None,
            replayed: Some(file.sha256.clone()),
        });
        of_run.chain(strange).collect()
    }

    fn input_refs(&self) -> Vec<InputRef> {
        let of_run = self.inputs.keys().filter_map(|name| Some((name, self.stored.get(name)?)));
        let input = |(name, file): (&String, &StoredFile)| InputRef {
            name: name.clone(),
            sha256: file.sha256.clone(),
            bytes: file.bytes,
        };
        of_run.map(input).collect()
    }

    /// The outcome that the report was made from, as far as there is one; else the one that was made again.
    async fn outcome(&self, folder: &RunFolder, made: &ReportFile) -> Result<StoredOutcome, AppError> {
        let again = || StoredOutcome::of(OUTCOMES_FILE.to_owned(), made.bytes.clone());
        let Some(recorded) = self.outputs.get(OUTCOMES_FILE) else { return Ok(again()) };
        match folder.outcome(recorded).await {
            Ok(outcome) => Ok(outcome),
            Err(StoreError::Corrupt { .. }) => Ok(again()),
            Err(error) => Err(error.into()),
        }
    }

    /// The history that the run left, as far as it is stored; else the one that was made again.
    async fn history(&self, folder: &RunFolder, made: Option<&ReportFile>) -> Result<Option<Vec<u8>>, AppError> {
        let Some(recorded) = self.outputs.get(HISTORY_FILE) else { return Ok(None) };
        let stored = folder.read_file(HISTORY_FILE).await?.filter(|bytes| sha256_hex(bytes) == *recorded);
        Ok(stored.or_else(|| made.map(|file| file.bytes.clone())))
    }

    fn of_output(&self, name: String, replayed: String, recorded: Option<String>) -> ReplayedFile {
        let state = match (&recorded, self.stored.get(&name)) {
            (None, _) => ReplayState::NotRecorded,
            (Some(_), None) => ReplayState::Missing,
            (Some(recorded), _) if *recorded != replayed => ReplayState::Differs,
            (Some(recorded), Some(stored)) if stored.sha256 != *recorded => ReplayState::Changed,
            (Some(_), Some(_)) => ReplayState::Same,
        };
        ReplayedFile { name, state, recorded, replayed: Some(replayed) }
    }
}

#[cfg(test)]
mod tests;
