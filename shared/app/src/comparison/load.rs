//! What a comparison is made of: the lists of accounts, and the mappings in force.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, BillingMonth, SourceId};
use truecount_store::{FrozenSource, MappingRecord, SnapshotAccount, Store, StoreError};

/// The mappings in force in a month, by source and account.
pub type MappingsInForce = BTreeMap<SourceId, BTreeMap<AccountId, MappingRecord>>;

/// A source with its list of accounts.
pub(crate) struct LoadedSource {
    pub(crate) frozen: FrozenSource,
    pub(crate) accounts: Vec<SnapshotAccount>,
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
