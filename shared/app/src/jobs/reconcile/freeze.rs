//! Freezing a run's inputs: what the snapshots hold, words seen, mappings, rules, settings and inbox as they are now.
//!
//! The run's id says what they are; what is compared is what was stored, so that what was not stored cannot be used.

use jiff::civil::Date;
use truecount_billing::{BillingMonth, CountDay, ReadReason, ReadState};
use truecount_connectors::connect;
use truecount_store::{
    BaselineRecord, Closing, FrozenDay, FrozenSource, InputFile, InputsWriter, KnownWords, Lease, MappingRecord,
    NoneRecord, Run, RunManifest, SnapshotManifest, SnapshotReader, SourceOnDay, SyncStatus, action_lines, sha256_hex,
};

use super::base::base;
use crate::actions::take_inbox as take_actions;
use crate::comparison::{add_days, load_actions, load_mappings, load_nones, load_words};
use crate::mapping::take_inbox;
use crate::refused_files::refused_file_findings;
use crate::schedule::{last_closing, missed_before};
use crate::{AppError, Config, Environment, SourceSettings};

/// The closing whose inputs are frozen.
#[derive(Clone, Copy)]
pub(super) struct ClosingToFreeze<'a> {
    pub(super) closing: &'a Closing,
    /// Whether something that the closing waits for was not read.
    pub(super) is_incomplete: bool,
}

/// Stores everything that the run is based on.
pub(super) async fn freeze_inputs(
    env: &Environment,
    config: &Config,
    (month, count_day): (BillingMonth, CountDay),
    closing: Option<ClosingToFreeze<'_>>,
    lease: &Lease,
) -> Result<Run, AppError> {
    env.progress.step("freezing the inputs");
    let mut sources = freeze_sources(env, config, month, count_day).await?;
    add_days(env, config, &mut sources, count_day.0).await?;
    let actions = Box::pin(take_actions(env, config)).await?;
    let inbox = [refused_file_findings(env, &config.settings).await?, take_inbox(env, config).await?, actions].concat();
    let inbox = (!inbox.is_empty()).then(|| serde_json::to_vec(&inbox)).transpose();
    let inbox = inbox.map_err(|error| AppError::damaged("the report on the inbox", error))?;
    let mappings = load_mappings(&env.store, &sources, month).await?;
    let mappings = MappingRecord::to_lines(mappings.values().flat_map(|of_source| of_source.values()))?;
    let nones = load_nones(&env.store, &sources, month).await?;
    let nones = NoneRecord::to_lines(nones.values().flatten())?;
    let actions = actions_in_force(env).await?;
    let words = load_words(&env.store, &sources, count_day.0).await?;
    let words = KnownWords::to_lines(words.values().flatten())?;
    let settings = config.result_settings()?;
    let rules_sha256 = sha256_hex(&config.rules_bytes);
    let (history, history_bytes) = base(env, month, &rules_sha256).await?.unzip();
    let manifest = RunManifest {
        month,
        count_day,
        next_closing: config.settings.closing.next_after(count_day.0),
        closing: closing.map(|of| of.closing.number),
        replaces: closing.and_then(|of| of.closing.replaces.clone()),
        is_incomplete: closing.is_some_and(|of| of.is_incomplete),
        missed: match closing {
            Some(_) => missed_before(env, &config.settings.closing, month).await?,
            None => Vec::new(),
        },
        created_at: closing.map_or_else(|| env.clock.now(), |of| of.closing.claimed_at),
        sources,
        mappings_sha256: sha256_hex(&mappings),
        nones_sha256: sha256_hex(&nones),
        actions_sha256: actions.as_deref().map(sha256_hex),
        words_sha256: sha256_hex(&words),
        rules_sha256,
        settings_sha256: sha256_hex(&settings),
        inbox_sha256: inbox.as_deref().map(sha256_hex),
        history,
        baseline: BaselineRecord::current(&env.store).await?,
    };
    let run = Run::new(manifest)?;
    if let Some(existing) = existing(env, &run, lease).await? {
        return Ok(existing);
    }
    let mut writer = InputsWriter::new(run.folder(&env.store));
    writer.write(InputFile::Rules, &config.rules_bytes).await?;
    writer.write(InputFile::Settings, &settings).await?;
    writer.write(InputFile::Mappings, &mappings).await?;
    writer.write(InputFile::Nones, &nones).await?;
    writer.write(InputFile::Words, &words).await?;
    write_what_there_is(&mut writer, [(InputFile::Actions, actions), (InputFile::Inbox, inbox)]).await?;
    if let Some(history) = history_bytes {
        writer.write_compressed(InputFile::History, history).await?;
    }
    write_sources(env, &mut writer, &run.manifest.sources).await?;
    let run = Run::new(writer.commit(run.manifest).await?.manifest)?;
    run.create(&env.store, lease.fence()).await?;
    Ok(run)
}

/// The run that has these inputs already. A draft of them is then what was asked for last.
async fn existing(env: &Environment, run: &Run, lease: &Lease) -> Result<Option<Run>, AppError> {
    let mut existing = Run::load(&env.store, run.manifest.month, &run.run_id).await?;
    let now = env.clock.now();
    if let Some(draft) = existing.as_mut().filter(|run| run.manifest.closing.is_none() && now > run.asked_at()) {
        draft.asked_again_at = Some(now);
        draft.save(&env.store, lease.fence()).await?;
    }
    Ok(existing)
}

/// What people decided about exceptions and is in force, as it is stored; `None`: nothing.
async fn actions_in_force(env: &Environment) -> Result<Option<Vec<u8>>, AppError> {
    let actions = load_actions(&env.store).await?;
    let is_any = actions.records().next().is_some();
    Ok(is_any.then(|| action_lines(actions.records())).transpose()?)
}

/// Stores those inputs that there are.
async fn write_what_there_is(
    writer: &mut InputsWriter,
    inputs: [(InputFile, Option<Vec<u8>>); 2],
) -> Result<(), AppError> {
    for (file, bytes) in inputs {
        if let Some(bytes) = bytes {
            writer.write(file, &bytes).await?;
        }
    }
    Ok(())
}

/// Stores the accounts of the sources that have a snapshot, also on the days before it.
async fn write_sources(env: &Environment, writer: &mut InputsWriter, sources: &[FrozenSource]) -> Result<(), AppError> {
    for source in sources.iter().filter(|source| source.snapshot.is_some()) {
        write_source(writer, source, None, SnapshotReader::new(&env.store, source)).await?;
        for day in &source.days {
            write_source(writer, source, Some(day), SnapshotReader::before(&env.store, source, day)).await?;
        }
    }
    Ok(())
}

/// Stores the accounts of a source; `day`: on a day before its snapshot.
async fn write_source(
    writer: &mut InputsWriter,
    source: &FrozenSource,
    day: Option<&FrozenDay>,
    mut accounts: SnapshotReader<'_>,
) -> Result<(), AppError> {
    let of = SourceOnDay { source: source.source.clone(), before: day.map(|day| day.snapshot.as_of) };
    while let Some(group) = accounts.next_group().await? {
        for account in &group {
            writer.push(&of, account).await?;
        }
    }
    Ok(writer.finish_source(&of).await?)
}

/// The enabled sources as a run of a month uses them, by id.
pub(crate) async fn freeze_sources(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    count_day: CountDay,
) -> Result<Vec<FrozenSource>, AppError> {
    let before = last_closing(&env.store, month).await?;
    let mut sources = Vec::new();
    for source in config.settings.enabled() {
        let mut frozen = freeze_source(env, source, source_day(env, config, source, month, count_day)).await?;
        frozen.unread_since = before.as_ref().filter(|before| has_used(before, &frozen)).map(|of| of.manifest.month);
        sources.push(frozen);
    }
    sources.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(sources)
}

/// Whether a closing used this snapshot of a source already, or one of a later day. The same content of a later day was
/// read anew.
fn has_used(closing: &Run, frozen: &FrozenSource) -> bool {
    let then = closing.manifest.sources.iter().find(|then| then.source == frozen.source);
    matches!((frozen.as_of, then.and_then(|then| then.as_of)), (Some(now), Some(then)) if now <= then)
}

/// The day up to which the syncs of a source are used.
fn source_day(
    env: &Environment,
    config: &Config,
    source: &SourceSettings,
    month: BillingMonth,
    count_day: CountDay,
) -> Date {
    if source.side().is_billed() { billed_until(env, config, month, count_day) } else { count_day.0 }
}

/// The day up to which lines may be corrected in the PSA: the invoice date of the month, or today if that is earlier. What
/// is changed later is billed later.
fn billed_until(env: &Environment, config: &Config, month: BillingMonth, count_day: CountDay) -> Date {
    config.settings.closing.invoice_date(month).min(config.settings.today(env)).max(count_day.0)
}

/// The snapshot that a run uses: the newest that is not for a later day, and not too old on that day.
async fn freeze_source(env: &Environment, source: &SourceSettings, day: Date) -> Result<FrozenSource, AppError> {
    let side = source.side();
    let mut frozen = FrozenSource {
        source: source.id.clone(),
        connector: source.connector.clone(),
        file_profile: source.file_profile(),
        side,
        snapshot: None,
        as_of: None,
        account_count: 0,
        content_sha256: None,
        read_state: ReadState::Failed(ReadReason::NeverSynced),
        receipt: None,
        last_failure: None,
        unread_since: None,
        days: Vec::new(),
    };
    let failure = failure_of(env, source).await?;
    let Some(manifest) = SnapshotManifest::newest(&env.store, &source.id, day).await? else {
        if let Some(failure) = failure {
            frozen.read_state = ReadState::Failed(failure);
        }
        return Ok(frozen);
    };
    let synced_on = manifest.id.as_of;
    let fresh_days = source.fresh_days();
    let age_days = synced_on.until(day).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or_default());
    if age_days > fresh_days {
        let (as_of, days_max, failure) = (synced_on, fresh_days, failure.map(Box::new));
        let why = ReadReason::TooOld { as_of, days_max, day, failure };
        frozen.read_state = ReadState::Failed(why);
        return Ok(frozen);
    }
    // The last sync is the one that failed: the snapshot is older, also where both are of one day.
    let status = SyncStatus::last(&env.store, &source.id).await?.filter(|status| status.failure.is_some());
    frozen.last_failure = status.map(|status| status.as_of).filter(|failed_on| (synced_on..=day).contains(failed_on));
    frozen.snapshot = Some(manifest.id);
    frozen.as_of = Some(synced_on);
    frozen.account_count = manifest.account_count;
    frozen.read_state = manifest.source_state();
    frozen.content_sha256 = Some(manifest.content_sha256);
    frozen.receipt = Some(manifest.receipt);
    Ok(frozen)
}

/// Why a source cannot be synced, as far as is known. Wrong settings are a failure like any other.
pub(crate) async fn failure_of(env: &Environment, source: &SourceSettings) -> Result<Option<ReadReason>, AppError> {
    if let Err(error) = connect(&source.connector, &source.options) {
        return Ok(Some(ReadReason::CannotBuild { detail: error.to_string() }));
    }
    let status = SyncStatus::last(&env.store, &source.id).await?;
    Ok(status.and_then(|status| {
        let failure = Box::new(status.failure?);
        Some(ReadReason::SyncFailed { as_of: status.as_of, failure })
    }))
}

#[cfg(test)]
mod tests;
