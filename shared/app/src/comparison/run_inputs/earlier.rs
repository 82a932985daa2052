//! What an account held before: in the snapshot of the day that a base names. Read only where it is asked for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use truecount_billing::AccountId;
use truecount_store::{FrozenSource, SnapshotAccount, SnapshotEntry, SnapshotId, SnapshotManifest};

use crate::{AppError, Environment};

/// The snapshots of a source before the one that a run uses.
pub(super) struct EarlierSnapshots<'a> {
    env: &'a Environment,
    frozen: &'a FrozenSource,
    /// Newest first; `None`: not read yet.
    manifests: Option<Vec<SnapshotManifest>>,
    lists: BTreeMap<SnapshotId, Vec<SnapshotAccount>>,
}

impl<'a> EarlierSnapshots<'a> {
    pub(super) fn of(env: &'a Environment, frozen: &'a FrozenSource) -> Self {
        Self { env, frozen, manifests: None, lists: BTreeMap::new() }
    }

    /// Everything that an account held on a day, by the newest snapshot of that day in which it is as asked; `None`:
    /// there is none, or no longer.
    pub(super) async fn contents_of(
        &mut self,
        account: &AccountId,
        day: Date,
        is_wanted: impl Fn(&SnapshotAccount) -> bool,
    ) -> Result<Option<Vec<SnapshotEntry>>, AppError> {
        for manifest in self.of_day(day).await? {
            let list = self.list(&manifest).await?;
            let at = list.binary_search_by(|entry| entry.account.id.cmp(account));
            let found = at.ok().map(|at| &list[at]).filter(|entry| is_wanted(entry)).cloned();
            if let Some(entry) = found {
                let contents = SnapshotAccount::contents(&self.env.store, &self.frozen.source, &[entry]).await?;
                return Ok(contents.into_iter().next());
            }
        }
        Ok(None)
    }

    async fn of_day(&mut self, day: Date) -> Result<Vec<SnapshotManifest>, AppError> {
        if self.manifests.is_none() {
            let mut all = SnapshotManifest::list(&self.env.store, &self.frozen.source).await?;
            all.retain(|manifest| self.frozen.snapshot.is_some_and(|frozen| manifest.id < frozen));
            all.reverse();
            self.manifests = Some(all);
        }
        let all = self.manifests.iter().flatten();
        Ok(all.filter(|manifest| manifest.id.as_of == day).cloned().collect())
    }

    async fn list(&mut self, manifest: &SnapshotManifest) -> Result<&[SnapshotAccount], AppError> {
        if !self.lists.contains_key(&manifest.id) {
            let list = manifest.accounts(&self.env.store).await?;
            self.lists.insert(manifest.id, list);
        }
        Ok(self.lists.get(&manifest.id).map(Vec::as_slice).unwrap_or_default())
    }
}
