//! What a comparison is made of besides the accounts: the newest syncs, the decisions in force, the words seen.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use truecount_billing::{AccountId, BillingMonth, ReadReason, ReadState, SourceId};
use truecount_reconciliation::{ActionsInForce, PEAK_DAYS_BACK};
use truecount_store::{
    FrozenDay, FrozenSource, KnownWords, MappingRecord, NoneRecord, SnapshotManifest, Store, StoreError, nones_in_force,
};

use crate::{AppError, Config, Environment, SourceSettings};

/// The mappings in force in a month, by source and account.
pub type MappingsInForce = BTreeMap<SourceId, BTreeMap<AccountId, MappingRecord>>;

/// The decisions in force in a month that clients have nothing in a source, by source.
pub type NonesInForce = BTreeMap<SourceId, Vec<NoneRecord>>;

/// The words that the sources of usage had said up to a day.
pub(crate) type WordsOnDay = BTreeMap<SourceId, Vec<KnownWords>>;

/// The newest sync of a source, however old it is.
pub(crate) async fn newest_sync(
    env: &Environment,
    source: &SourceSettings,
    today: Date,
) -> Result<FrozenSource, AppError> {
    let manifest = SnapshotManifest::newest(&env.store, &source.id, today).await?;
    let never = ReadState::Failed(ReadReason::NeverSynced);
    Ok(FrozenSource {
        source: source.id.clone(),
        connector: source.connector.clone(),
        file_profile: source.file_profile(),
        side: source.side(),
        snapshot: manifest.as_ref().map(|manifest| manifest.id),
        as_of: manifest.as_ref().map(|manifest| manifest.id.as_of),
        account_count: manifest.as_ref().map_or(0, |manifest| manifest.account_count),
        content_sha256: manifest.as_ref().map(|manifest| manifest.content_sha256.clone()),
        read_state: manifest.as_ref().map_or(never, SnapshotManifest::source_state),
        receipt: manifest.map(|manifest| manifest.receipt),
        last_failure: None,
        unread_since: None,
        days: Vec::new(),
    })
}

/// Adds the days before the snapshots of those sources of which a peak is counted, as far as they are kept.
pub(crate) async fn add_days(
    env: &Environment,
    config: &Config,
    sources: &mut [FrozenSource],
    count_day: Date,
) -> Result<(), StoreError> {
    let (store, of_peaks) = (&env.store, config.rules.peak_sources());
    let kept_days = i64::from(config.settings.retention.days) - 1;
    let kept_since = config.settings.today(env).saturating_sub(kept_days.days());
    let from = count_day.saturating_sub(i64::from(PEAK_DAYS_BACK).days()).max(kept_since);
    for source in sources.iter_mut().filter(|source| of_peaks.contains(&source.source)) {
        if let Some(before) = source.as_of.filter(|_| source.snapshot.is_some()) {
            source.days = FrozenDay::between(store, &source.source, from, before).await?;
        }
    }
    Ok(())
}

/// The newest syncs of sources, however old they are.
pub(crate) async fn newest_syncs<'s>(
    env: &Environment,
    sources: impl Iterator<Item = &'s SourceSettings>,
    today: Date,
) -> Result<Vec<FrozenSource>, AppError> {
    let mut newest = Vec::new();
    for source in sources {
        newest.push(newest_sync(env, source, today).await?);
    }
    Ok(newest)
}

/// Reads the words that the usage sources had said up to a day.
pub(crate) async fn load_words(store: &Store, sources: &[FrozenSource], day: Date) -> Result<WordsOnDay, StoreError> {
    let mut all = WordsOnDay::new();
    for frozen in sources.iter().filter(|frozen| !frozen.side.is_billed()) {
        all.insert(frozen.source.clone(), KnownWords::on(store, &frozen.source, day).await?);
    }
    Ok(all)
}

/// Reads the mappings of the usage sources.
pub(crate) async fn load_mappings(
    store: &Store,
    sources: &[FrozenSource],
    month: BillingMonth,
) -> Result<MappingsInForce, StoreError> {
    let mut all = MappingsInForce::new();
    for frozen in sources.iter().filter(|frozen| !frozen.side.is_billed()) {
        all.insert(frozen.source.clone(), MappingRecord::in_force(store, &frozen.source, month).await?);
    }
    Ok(all)
}

/// Reads what people decided about exceptions and is in force.
pub(crate) async fn load_actions(store: &Store) -> Result<ActionsInForce, StoreError> {
    Ok(ActionsInForce::of(store.actions().await?))
}

/// Reads the decisions that clients have nothing in the usage sources.
pub(crate) async fn load_nones(
    store: &Store,
    sources: &[FrozenSource],
    month: BillingMonth,
) -> Result<NonesInForce, StoreError> {
    let mut all = NonesInForce::new();
    for frozen in sources.iter().filter(|frozen| !frozen.side.is_billed()) {
        let history = NoneRecord::history(store, &frozen.source).await?;
        all.insert(frozen.source.clone(), nones_in_force(&history, month).into_iter().cloned().collect());
    }
    Ok(all)
}
