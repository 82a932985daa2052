//! Replays a run: everything that it wrote is made again from what it read, and compared hash by hash. Nothing is written.
//!
//! The outcome is made from the snapshots, mappings, rules and settings that the run froze; the report's files from the
//! stored outcome, so that a file differs only by what the report does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use truecount_reports::ReportFile;
use truecount_store::{OUTCOMES_FILE, Run, sha256_hex};

use crate::jobs::reconcile::compare_run;
use crate::jobs::report::{header_of, outcome_of, report_files};
use crate::{AppError, Config, Environment};

/// The file that names the hash of each input and output.
const MANIFEST_FILE: &str = "manifest.json";

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
    /// The same bytes come out, and what is stored is not what the run wrote.
    Changed,
    /// It is not stored any more.
    Missing,
    /// The run did not record it.
    NotRecorded,
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

/// Makes a run's files again. Inputs first, then the outcome, then the report's files, each by name.
///
/// # Errors
/// [`AppError`] if the run is not reported, or what it read cannot be read any more.
pub async fn replay(env: &Environment, config: &Config, run: &Run) -> Result<Vec<ReplayedFile>, AppError> {
    let manifest = run.read_file(&env.store, MANIFEST_FILE).await?.ok_or_else(|| {
        let (run_id, month) = (&run.run_id, run.manifest.month);
        AppError::Unknown(format!(
            "run `{run_id}` has no report yet; `truecount report --month {month} --run {run_id} --no-mail` writes it"
        ))
    })?;
    let recorded: RecordedFiles =
        serde_json::from_slice(&manifest).map_err(|error| AppError::damaged(MANIFEST_FILE, error))?;
    let hashes = |files: Vec<RecordedFile>| files.into_iter().map(|file| (file.name, file.sha256)).collect();
    let (inputs, mut outputs): (BTreeMap<_, _>, BTreeMap<_, _>) = (hashes(recorded.inputs), hashes(recorded.outputs));
    outputs.insert(MANIFEST_FILE.to_owned(), sha256_hex(&manifest));

    let stored = outcome_of(env, run).await?;
    let header = header_of(env, run).await?;
    let mut replayed: Vec<ReplayedFile> = Vec::new();
    let now: BTreeMap<String, String> =
        header.inputs.iter().map(|input| (input.name.clone(), input.sha256.clone())).collect();
    replayed.extend(inputs.iter().map(|(name, sha256)| of_input(name, sha256, now.get(name))));

    let (writer, _, _) = compare_run(env, config, run, None).await?;
    let outcome = ReportFile { name: OUTCOMES_FILE, bytes: writer.into_bytes()? };
    env.progress.step("writing the report");
    let (_, files) = report_files(&stored, &header)?;
    for file in [outcome].into_iter().chain(files) {
        let stored = run.read_file(&env.store, file.name).await?;
        replayed.push(of_output(&file, outputs.remove(file.name), stored.as_deref()));
    }
    let left = outputs.into_iter().map(|(name, sha256)| ReplayedFile {
        name,
        state: ReplayState::Differs,
        recorded: Some(sha256),
        replayed: None,
    });
    replayed.extend(left);
    Ok(replayed)
}

/// An input is not made again: it is what the run kept of what it read.
fn of_input(name: &str, recorded: &str, now: Option<&String>) -> ReplayedFile {
    let state = match now {
        Some(now) if now == recorded => ReplayState::Same,
        Some(_) => ReplayState::Changed,
        None => ReplayState::Missing,
    };
    let (recorded, replayed) = (Some(recorded.to_owned()), now.cloned());
    ReplayedFile { name: name.to_owned(), state, recorded, replayed }
}

fn of_output(file: &ReportFile, recorded: Option<String>, stored: Option<&[u8]>) -> ReplayedFile {
    let replayed = sha256_hex(&file.bytes);
    let state = match (&recorded, stored.map(sha256_hex)) {
        (None, _) => ReplayState::NotRecorded,
        (Some(_), None) => ReplayState::Missing,
        (Some(recorded), _) if *recorded != replayed => ReplayState::Differs,
        (Some(recorded), Some(stored)) if stored != *recorded => ReplayState::Changed,
        (Some(_), Some(_)) => ReplayState::Same,
    };
    ReplayedFile { name: file.name.to_owned(), state, recorded, replayed: Some(replayed) }
}

#[cfg(test)]
mod tests {
    use truecount_billing::CountDay;

    use super::*;
    use crate::test_environment::{RULES, SETTINGS, TestEnvironment, billed, config, month, soon};
    use crate::{MailPolicy, ReconcileAnswer, RunKind};

    async fn closed(test: &TestEnvironment) -> Run {
        let kind = RunKind::Closing { replace: None };
        let answer = crate::reconcile(&test.env, &test.config, Some(month()), &kind, soon()).await.unwrap();
        let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
        crate::report(&test.env, &test.config, month(), Some(&run_id), MailPolicy::Off, soon()).await.unwrap();
        Run::load(&test.env.store, month(), &run_id).await.unwrap().unwrap()
    }

    async fn states(test: &TestEnvironment, run: &Run) -> Vec<(String, ReplayState)> {
        let files = replay(&test.env, &test.config, run).await.unwrap();
        files.into_iter().map(|file| (file.name, file.state)).collect()
    }

    fn not_same(states: &[(String, ReplayState)]) -> Vec<(&str, ReplayState)> {
        let others = states.iter().filter(|(_, state)| *state != ReplayState::Same);
        others.map(|(name, state)| (name.as_str(), *state)).collect()
    }

    #[tokio::test]
    async fn a_run_comes_out_the_same_whatever_has_changed_since() {
        let mut test = TestEnvironment::synced().await;
        let run = closed(&test).await;
        test.on("2026-07-05");
        test.commit("psa", "2026-07-05", &[billed("c1", "Harbour Dental", 9)]).await;
        test.config = config(SETTINGS, &RULES.replace("rmm.server", "rmm.workstation"));
        let states = states(&test, &run).await;
        assert_eq!(not_same(&states), []);
        let names: Vec<_> = states.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["inputs/rules.toml.gz", OUTCOMES_FILE, "lines.csv", "exceptions.csv", MANIFEST_FILE] {
            assert!(names.contains(&name), "{name} is not in {names:?}");
        }
    }

    #[tokio::test]
    async fn what_was_changed_or_is_missing_is_named() {
        let test = TestEnvironment::synced().await;
        let run = closed(&test).await;
        let file = |name: &str| std::path::Path::new(&run.location(&test.env.store)).join(name);
        std::fs::write(file("lines.csv"), "mine").unwrap();
        std::fs::remove_file(file("setup.csv")).unwrap();
        let after = states(&test, &run).await;
        assert_eq!(not_same(&after), [("lines.csv", ReplayState::Changed), ("setup.csv", ReplayState::Missing)]);
    }

    #[tokio::test]
    async fn another_comparison_is_another_outcome() {
        let test = TestEnvironment::synced().await;
        let mut run = closed(&test).await;
        // Nobody can do so: it stands for a version that compares otherwise.
        run.manifest.count_day = CountDay("2026-07-20".parse().unwrap());
        let after = states(&test, &run).await;
        for name in [OUTCOMES_FILE, MANIFEST_FILE] {
            assert!(not_same(&after).contains(&(name, ReplayState::Differs)), "{name}: {after:?}");
        }
    }

    #[tokio::test]
    async fn a_run_without_a_report_is_refused_with_the_command() {
        let test = TestEnvironment::synced().await;
        let answer = crate::reconcile(&test.env, &test.config, None, &RunKind::Draft, soon()).await.unwrap();
        let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
        let run = Run::load(&test.env.store, month(), &run_id).await.unwrap().unwrap();
        let error = replay(&test.env, &test.config, &run).await.unwrap_err().to_string();
        assert!(error.contains("has no report yet") && error.contains(&run_id), "{error}");
    }
}
