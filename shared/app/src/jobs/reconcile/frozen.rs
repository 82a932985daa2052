//! Comparing what a run has frozen: the same for its first outcome, for one that was lost, and for each replay.
//!
//! **Architecture invariant:** nothing is compared but [`FrozenRun`]; neither the table nor the settings of today are read.

use truecount_reconciliation::{
    AcceptedBaseline, ActionsInForce, BaselineState, OutcomeLine, PortfolioRecord, SetupFinding, SourceReading,
};
use truecount_store::{FrozenRun, HISTORY_FILE, InputFile, OUTCOMES_FILE, OutcomeWriter, Run, RunManifest, sha256_hex};

use crate::comparison::{
    AccountsFrom, Comparison, ComparisonInputs, MappingsInForce, NonesInForce, RunHistory, WordsOnDay, source_readings,
};
use crate::mapping::warnings;
use crate::settings::FrozenConfig;
use crate::{AppError, Environment, ProgressObserver};

/// What comes of comparing a run.
pub(crate) struct ComparedRun {
    /// The outcome, line by line.
    pub(crate) outcome: OutcomeWriter,
    pub(crate) portfolio: PortfolioRecord,
    pub(crate) readings: Vec<SourceReading>,
    /// The history that it leaves, and the number that it would give out next; `None`: it is a draft.
    pub(crate) history: Option<(Vec<u8>, u32)>,
}

/// Compares what a run has frozen.
pub(crate) async fn compare_run(run: &FrozenRun, progress: &dyn ProgressObserver) -> Result<ComparedRun, AppError> {
    progress.step("reading the inputs");
    let actions = ActionsInForce::of(run.actions().await?);
    let (mappings, nones, words) = (mappings(run).await?, nones(run).await?, words(run).await?);
    let FrozenConfig { rules, mapping, weights, scope } = config(run).await?;
    let RunManifest { count_day, next_closing, .. } = run.manifest;
    let inputs = ComparisonInputs {
        rules: &rules,
        mapping: &mapping,
        weights: &weights,
        count_day,
        next_closing,
        sources: &run.manifest.sources,
        accounts: AccountsFrom::Frozen(run),
        words: &words,
        mappings: &mappings,
        nones: &nones,
        actions: &actions,
        baseline: Some(baseline_of(&run.manifest)),
        scope: scope.as_ref(),
    };
    let comparison = Comparison::read(&inputs).await?;
    progress.step("comparing");
    let mut writer = OutcomeWriter::default();
    let mut history = RunHistory::of(run).await?;
    let mut compared = comparison.compare(history.as_mut(), |line| Ok(writer.push(line)?))?;
    let readings = source_readings(&comparison.sources);
    for reading in &readings {
        writer.push(&OutcomeLine::Source(Box::new(reading.clone())))?;
    }
    let mut setup = std::mem::take(&mut compared.setup);
    setup.extend(warnings::warnings(&comparison, &compared, &mappings, count_day));
    setup.extend(inbox(run).await?);
    setup.sort();
    for finding in setup {
        writer.push(&OutcomeLine::Setup(finding))?;
    }
    let history = history.map(RunHistory::finish).transpose()?.flatten();
    Ok(ComparedRun { outcome: writer, portfolio: compared.portfolio, readings, history })
}

/// Makes the outcome of a reconciled run, and the history that it left, again if a file of them is lost.
pub(crate) async fn restore_outcome(env: &Environment, run: &Run) -> Result<(), AppError> {
    let folder = run.folder(&env.store);
    let Some(outcome) = &run.outcome_sha256 else { return Ok(()) };
    let mut lost = Vec::new();
    for (name, recorded) in
        [(OUTCOMES_FILE, Some(outcome)), (HISTORY_FILE, run.history.as_ref().map(|left| &left.sha256))]
    {
        let Some(recorded) = recorded else { continue };
        if folder.read_file(name).await?.is_none() {
            lost.push((name, recorded));
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let compared = compare_run(&FrozenRun::open(folder.clone()).await?, &*env.progress).await?;
    let (outcome, history) = (compared.outcome.into_bytes()?, compared.history.unwrap_or_default().0);
    for (name, recorded) in lost {
        let bytes = if name == OUTCOMES_FILE { &outcome } else { &history };
        if sha256_hex(bytes) != *recorded {
            let place = folder.location();
            return Err(AppError::LostOutcome(format!(
                "`{name}` is missing in `{place}`, and this version makes another one from the run's inputs; restore it \
                 from a backup"
            )));
        }
        folder.write_file(name, bytes).await?;
    }
    Ok(())
}

/// Where the run stands to the baseline that counted when it was frozen.
fn baseline_of(manifest: &RunManifest) -> BaselineState {
    match &manifest.baseline {
        None => BaselineState::NotAccepted,
        Some(record) => BaselineState::Accepted(AcceptedBaseline {
            month: record.month,
            exceptions: record.exceptions,
            actor: record.actor.clone(),
            accepted_on: record.accepted_on,
        }),
    }
}

async fn mappings(run: &FrozenRun) -> Result<MappingsInForce, AppError> {
    let mut mappings = MappingsInForce::new();
    for record in run.mappings().await? {
        mappings.entry(record.source.clone()).or_default().insert(record.account_id.clone(), record);
    }
    Ok(mappings)
}

async fn nones(run: &FrozenRun) -> Result<NonesInForce, AppError> {
    let mut nones = NonesInForce::new();
    for record in run.nones().await? {
        nones.entry(record.source.clone()).or_default().push(record);
    }
    Ok(nones)
}

async fn words(run: &FrozenRun) -> Result<WordsOnDay, AppError> {
    let mut words = WordsOnDay::new();
    for known in run.words().await? {
        words.entry(known.source.clone()).or_default().push(known);
    }
    Ok(words)
}

/// What the report says about files in the inbox.
async fn inbox(run: &FrozenRun) -> Result<Vec<SetupFinding>, AppError> {
    let Some(bytes) = run.read(InputFile::Inbox).await? else { return Ok(Vec::new()) };
    serde_json::from_slice(&bytes).map_err(|error| AppError::damaged("the report on the inbox", error))
}

async fn config(run: &FrozenRun) -> Result<FrozenConfig, AppError> {
    let (rules, settings) = (run.read(InputFile::Rules).await?, run.read(InputFile::Settings).await?);
    FrozenConfig::from_bytes(&rules.unwrap_or_default(), &settings.unwrap_or_default())
}
