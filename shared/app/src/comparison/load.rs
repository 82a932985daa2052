//! What a comparison is made of: the lists of accounts, and the mappings in force.

use std::collections::BTreeMap;

use jiff::civil::Date;
use truecount_billing::{AccountId, BillingMonth, ReadReason, ReadState, SourceId};
use truecount_store::{
    FrozenSource, MappingRecord, NoneRecord, SnapshotAccount, SnapshotManifest, Store, StoreError, nones_in_force,
};

use crate::{AppError, Environment, SourceSettings};

/// The mappings in force in a month, by source and account.
pub type MappingsInForce = BTreeMap<SourceId, BTreeMap<AccountId, MappingRecord>>;

/// The decisions in force in a month that clients have nothing in a source, by source.
pub type NonesInForce = BTreeMap<SourceId, Vec<NoneRecord>>;

/// A source with its list of accounts.
pub(crate) struct LoadedSource {
    pub(crate) frozen: FrozenSource,
    pub(crate) accounts: Vec<SnapshotAccount>,
}

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
        side: source.side(),
        snapshot: manifest.as_ref().map(|manifest| manifest.id),
        as_of: manifest.as_ref().map(|manifest| manifest.id.as_of),
        account_count: manifest.as_ref().map_or(0, |manifest| manifest.account_count),
        content_sha256: manifest.as_ref().map(|manifest| manifest.content_sha256.clone()),
        read_state: manifest.as_ref().map_or(never, SnapshotManifest::source_state),
        receipt: manifest.map(|manifest| manifest.receipt),
        last_failure: None,
    })
}

/// Reads the lists of accounts.
pub(crate) async fn load_sources(store: &Store, sources: &[FrozenSource]) -> Result<Vec<LoadedSource>, StoreError> {
    let mut loaded = Vec::new();
    for frozen in sources {
        let accounts = match frozen.snapshot {
            Some(id) => SnapshotAccount::list(store, &frozen.source, id, frozen.account_count).await?,
            None => Vec::new(),
        };
        loaded.push(LoadedSource { frozen: frozen.clone(), accounts });
    }
    Ok(loaded)
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
