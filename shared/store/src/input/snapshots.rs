//! The accounts of a source, read from its snapshots: the one that is used, and of earlier ones what its list names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;
use truecount_billing::Side;

use super::{EarlierReading, InputAccount, ListedAccount};
use crate::{
    FrozenDay, FrozenSource, SnapshotAccount, SnapshotEntry, SnapshotId, SnapshotManifest, Store, StoreError, groups,
};

/// Reads the accounts of a source group by group, so that memory stays bounded. A source without a snapshot has none; of
/// invoices only the list is read, as nothing is compared with them.
pub struct SnapshotReader<'a> {
    store: &'a Store,
    source: &'a FrozenSource,
    /// A day before the snapshot that `source` names: what accounts held still earlier is not read.
    before: Option<&'a FrozenDay>,
    /// `None`: not read yet.
    list: Option<Vec<SnapshotAccount>>,
    /// So many accounts of the list were given out.
    given: usize,
    earlier: EarlierSnapshots,
}

impl<'a> SnapshotReader<'a> {
    /// A reader of the snapshot that `source` names.
    #[must_use]
    pub fn new(store: &'a Store, source: &'a FrozenSource) -> Self {
        Self { store, source, before: None, list: None, given: 0, earlier: EarlierSnapshots::default() }
    }

    /// A reader of a snapshot before that.
    #[must_use]
    pub fn before(store: &'a Store, source: &'a FrozenSource, day: &'a FrozenDay) -> Self {
        Self { before: Some(day), ..Self::new(store, source) }
    }

    /// The next accounts in the order of the list; `None`: there are no more.
    ///
    /// # Errors
    /// [`StoreError`] if something is missing or damaged.
    pub async fn next_group(&mut self) -> Result<Option<Vec<InputAccount>>, StoreError> {
        let (store, source) = (self.store, self.source);
        let used = source.snapshot.map(|id| (id, source.account_count));
        let Some((id, accounts)) = self.before.map(|day| (day.snapshot, day.account_count)).or(used) else {
            return Ok(None);
        };
        let list = match self.list.take() {
            Some(list) => list,
            None => SnapshotAccount::list(store, &source.source, id, accounts).await?,
        };
        let Some(group) = groups(list.get(self.given..).unwrap_or_default()).next().filter(|group| !group.is_empty())
        else {
            self.list = Some(list);
            return Ok(None);
        };
        self.given += group.len();
        let mut accounts = Vec::with_capacity(group.len());
        if source.side == Side::Invoiced {
            let listed = group.iter().map(ListedAccount::from);
            accounts.extend(listed.map(|listed| InputAccount { listed, entries: Vec::new(), earlier: Vec::new() }));
        } else {
            let contents = SnapshotAccount::contents(store, &source.source, group).await?;
            for (entry, entries) in group.iter().zip(contents) {
                let earlier = match self.before {
                    Some(_) => Vec::new(),
                    None => self.earlier.of(store, source, entry).await?,
                };
                accounts.push(InputAccount { listed: ListedAccount::from(entry), entries, earlier });
            }
        }
        self.list = Some(list);
        Ok(Some(accounts))
    }
}

/// The snapshots of a source before the one that is used. Read only where a list names their day.
#[derive(Default)]
struct EarlierSnapshots {
    /// Newest first; `None`: not read yet.
    manifests: Option<Vec<SnapshotManifest>>,
    lists: BTreeMap<SnapshotId, Vec<SnapshotAccount>>,
}

impl EarlierSnapshots {
    /// What an account held on the days of its bases. Of several snapshots of a day the newest that was complete, and the
    /// newest that had as much of a kind as its base says.
    async fn of(
        &mut self,
        store: &Store,
        source: &FrozenSource,
        entry: &SnapshotAccount,
    ) -> Result<Vec<EarlierReading>, StoreError> {
        let mut days: Vec<Date> = entry.bases.values().map(|base| base.as_of).collect();
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        let mut readings = Vec::new();
        for day in days {
            let mut wanted: Vec<Wanted<'_>> = vec![Wanted::Complete];
            let of_day = entry.bases.iter().filter(|(_, base)| base.as_of == day);
            wanted.extend(of_day.map(|(kind, base)| Wanted::Count(kind, base.count)));
            for manifest in self.of_day(store, source, day).await? {
                let list = self.list(store, &manifest).await?;
                let at = list.binary_search_by(|found| found.account.id.cmp(&entry.account.id));
                let Some(found) = at.ok().map(|at| &list[at]) else { continue };
                let before = wanted.len();
                wanted.retain(|wanted| !wanted.is_met_by(found));
                if wanted.len() < before {
                    readings.push(reading(store, source, day, found).await?);
                }
            }
        }
        Ok(readings)
    }

    async fn of_day(
        &mut self,
        store: &Store,
        source: &FrozenSource,
        day: Date,
    ) -> Result<Vec<SnapshotManifest>, StoreError> {
        if self.manifests.is_none() {
            let mut all = SnapshotManifest::list(store, &source.source).await?;
            all.retain(|manifest| source.snapshot.is_some_and(|used| manifest.id < used));
            all.reverse();
            self.manifests = Some(all);
        }
        let all = self.manifests.iter().flatten();
        Ok(all.filter(|manifest| manifest.id.as_of == day).cloned().collect())
    }

    async fn list(&mut self, store: &Store, manifest: &SnapshotManifest) -> Result<&[SnapshotAccount], StoreError> {
        Ok(match self.lists.entry(manifest.id) {
            Entry::Occupied(list) => list.into_mut(),
            Entry::Vacant(place) => place.insert(manifest.accounts(store).await?),
        })
    }
}

/// What a reading is looked for by.
enum Wanted<'e> {
    Complete,
    Count(&'e String, crate::Count),
}

impl Wanted<'_> {
    fn is_met_by(&self, found: &SnapshotAccount) -> bool {
        match self {
            Self::Complete => found.account.read_state.is_complete(),
            Self::Count(kind, count) => found.counts.get(*kind) == Some(count),
        }
    }
}

async fn reading(
    store: &Store,
    source: &FrozenSource,
    as_of: Date,
    found: &SnapshotAccount,
) -> Result<EarlierReading, StoreError> {
    let contents = SnapshotAccount::contents(store, &source.source, std::slice::from_ref(found)).await?;
    let entries: Vec<SnapshotEntry> = contents.into_iter().flatten().collect();
    let (read_state, counts) = (found.account.read_state.clone(), found.counts.clone());
    Ok(EarlierReading { as_of, read_state, counts, entries })
}
