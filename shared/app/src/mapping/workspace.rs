//! Everything that mapping decisions are made on: each account of the newest syncs with its decisions and its mapping,
//! and what a run would find now.

use std::collections::BTreeMap;

use jiff::civil::Date;
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_connectors::{Category, SourceKind, source_kind};
use truecount_reconciliation::MappingSuggestion;
use truecount_store::{
    MappingHistory, MappingRecord, NoneHistory, NoneRecord, SnapshotAccount, SnapshotEntry, nones_in_force,
};

use crate::account_mapping::{AccountMapping, Candidates, Client};
use crate::comparison::{
    BilledFor, Compared, Comparison, ComparisonInputs, MappingsInForce, NonesInForce, load_words, newest_sync,
};
use crate::{AppError, Config, Environment};

/// What a person maps with.
#[derive(Debug)]
pub struct MappingWorkspace {
    /// The enabled usage sources, in the order in which to work through them.
    pub sources: Vec<WorkspaceSource>,
    /// The PSA's clients, by id.
    pub clients: Vec<Client>,
    /// The month whose decisions are in force.
    pub month: BillingMonth,
    /// What hangs on the mappings of each source, as a run would find it now.
    pub billed_for: BilledFor,
    /// Accounts that nobody decided, as a run would find them now.
    pub suggestions: Vec<MappingSuggestion>,
}

/// A usage source with its accounts.
#[derive(Debug)]
pub struct WorkspaceSource {
    /// Its id.
    pub id: SourceId,
    /// What is known about its kind; `None`: there is no such kind.
    pub kind: Option<&'static SourceKind>,
    /// Its accounts as of the newest sync, by id.
    pub accounts: Vec<SnapshotAccount>,
    /// Every decision about them.
    pub history: MappingHistory,
    /// The mapping of each account, in the same order.
    pub mappings: Vec<AccountMapping>,
    /// Whose the undecided of them may be, in the same order; `None`: it is decided.
    pub candidates: Vec<Option<Candidates>>,
    /// Every decision about clients that have nothing in it.
    pub nones: NoneHistory,
    /// The day of the newest sync; `None`: there is none.
    pub synced_on: Option<Date>,
}

impl MappingWorkspace {
    /// Reads the newest syncs and compares them, without a run.
    ///
    /// # Errors
    /// [`AppError`] if something cannot be read.
    pub async fn load(env: &Environment, config: &Config) -> Result<Self, AppError> {
        let month = BillingMonth::of(config.settings.today(env));
        let mut sources = Vec::new();
        let mut histories = BTreeMap::new();
        let mut nones = BTreeMap::new();
        let (mut in_force, mut nones_now) = (MappingsInForce::new(), NonesInForce::new());
        for source in config.settings.enabled() {
            let frozen = newest_sync(env, source, config.settings.today(env)).await?;
            if !frozen.side.is_billed() {
                let history = MappingRecord::history(&env.store, &source.id).await?;
                let held = |(account, all): (&AccountId, &Vec<_>)| {
                    Some((account.clone(), truecount_store::in_force(all, month)?.clone()))
                };
                in_force.insert(source.id.clone(), history.iter().filter_map(held).collect());
                histories.insert(source.id.clone(), history);
                let decided = NoneRecord::history(&env.store, &source.id).await?;
                let now = nones_in_force(&decided, month).into_iter().cloned().collect();
                nones_now.insert(source.id.clone(), now);
                nones.insert(source.id.clone(), decided);
            }
            sources.push(frozen);
        }
        env.progress.step("reading the syncs");
        let today = config.settings.today(env);
        let inputs = ComparisonInputs {
            words: &load_words(&env.store, &sources, today).await?,
            mappings: &in_force,
            nones: &nones_now,
            // Whoever maps sees all accounts.
            scope: None,
            ..ComparisonInputs::of_syncs(env, config, &sources, today)
        };
        let comparison = Comparison::read(&inputs).await?;
        let Compared { billed_for, suggestions, .. } = comparison.compare(None, |_| Ok(()))?;
        let Comparison { mut clients, mut mappings, mut candidates, .. } = comparison;
        clients.sort_by(|a, b| a.id.cmp(&b.id));
        let mut usage: Vec<WorkspaceSource> = Vec::new();
        for frozen in sources.into_iter().filter(|frozen| !frozen.side.is_billed()) {
            usage.push(WorkspaceSource {
                history: histories.remove(&frozen.source).unwrap_or_default(),
                mappings: mappings.remove(&frozen.source).unwrap_or_default(),
                candidates: candidates.remove(&frozen.source).unwrap_or_default(),
                nones: nones.remove(&frozen.source).unwrap_or_default(),
                synced_on: frozen.as_of,
                kind: source_kind(&frozen.connector),
                accounts: match frozen.snapshot {
                    Some(id) => SnapshotAccount::list(&env.store, &frozen.source, id, frozen.account_count).await?,
                    None => Vec::new(),
                },
                id: frozen.source,
            });
        }
        let mut sources = usage;
        sort_by_billed_value(&mut sources);
        Ok(Self { sources, clients, month, billed_for, suggestions })
    }

    /// A client by its id.
    #[must_use]
    pub fn client(&self, id: &ClientId) -> Option<&Client> {
        let at = self.clients.binary_search_by(|client| client.id.cmp(id)).ok()?;
        self.clients.get(at)
    }

    /// A usage source by its id.
    ///
    /// # Errors
    /// [`AppError::Refused`] with the names that exist.
    pub fn source(&self, id: &SourceId) -> Result<&WorkspaceSource, AppError> {
        self.sources.iter().find(|source| source.id == *id).ok_or_else(|| {
            let names: Vec<_> = self.sources.iter().map(|source| source.id.as_str()).collect();
            AppError::Refused(format!("there is no enabled usage source `{id}`; there are {}", names.join(", ")))
        })
    }
}

impl WorkspaceSource {
    /// An account with its mapping.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<(&SnapshotAccount, &AccountMapping)> {
        let at = self.accounts.iter().position(|entry| entry.account.id == *id)?;
        Some((&self.accounts[at], self.mappings.get(at)?))
    }

    /// Whose an undecided account may be; `None`: it is decided, or there is none.
    #[must_use]
    pub fn candidates_of(&self, id: &AccountId) -> Option<&Candidates> {
        let at = self.accounts.iter().position(|entry| entry.account.id == *id)?;
        self.candidates.get(at)?.as_ref()
    }

    /// The number of the last decision about an account; 0: there is none.
    #[must_use]
    pub fn last_number(&self, id: &AccountId) -> i64 {
        self.history.get(id).and_then(|all| all.last()).map_or(0, |last| last.number)
    }
}

/// Licence distributors first, then one RMM: what they count is most of what an MSP bills.
fn sort_by_billed_value(sources: &mut [WorkspaceSource]) {
    let category = |source: &WorkspaceSource| source.kind.map(|kind| kind.category);
    let rmms = sources.iter().filter(|source| category(source) == Some(Category::Rmm));
    let first_rmm = rmms.map(|source| source.id.clone()).min();
    let rank = |source: &WorkspaceSource| match category(source) {
        Some(Category::Distributor) => 0,
        // A second RMM mostly sees the devices of the first again.
        Some(Category::Rmm) if Some(&source.id) == first_rmm.as_ref() => 1,
        _ => 2,
    };
    sources.sort_by_cached_key(|source| (rank(source), source.id.clone()));
}

/// The attributes that an account could be split by: for each the values, and how many items have them.
///
/// # Errors
/// [`AppError`] if its items cannot be read.
pub async fn values_of(
    env: &Environment,
    source: &SourceId,
    entry: &SnapshotAccount,
) -> Result<BTreeMap<String, BTreeMap<String, u64>>, AppError> {
    let mut found = BTreeMap::<String, BTreeMap<String, u64>>::new();
    for record in SnapshotAccount::contents(&env.store, source, std::slice::from_ref(entry)).await?.iter().flatten() {
        if let SnapshotEntry::Item(item) = record {
            for (name, value) in &item.attributes {
                *found.entry(name.clone()).or_default().entry(value.clone()).or_default() += 1;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::account_mapping::Mapping;

    use super::*;
    use crate::test_environment::{TODAY, TestEnvironment, at_sites, billed, confirmed, used};

    fn source(id: &str, kind: &str) -> WorkspaceSource {
        let (accounts, history, mappings) = (Vec::new(), MappingHistory::new(), Vec::new());
        let (nones, synced_on) = (NoneHistory::new(), None);
        WorkspaceSource {
            id: id.parse().unwrap(),
            kind: source_kind(kind),
            accounts,
            history,
            mappings,
            candidates: Vec::new(),
            nones,
            synced_on,
        }
    }

    fn of_category(category: Category) -> &'static str {
        truecount_connectors::SOURCE_KINDS.iter().find(|kind| kind.category == category).unwrap().name
    }

    #[test]
    fn distributors_come_first_then_one_rmm_then_the_rest_by_id() {
        let (rmm, distributor) = (of_category(Category::Rmm), of_category(Category::Distributor));
        let mut sources = [
            source("f", of_category(Category::File)),
            source("e", distributor),
            source("d", rmm),
            source("c", rmm),
            source("b", distributor),
            source("a", "no-such-kind"),
            source("tenants", of_category(Category::Productivity)),
        ];
        sort_by_billed_value(&mut sources);
        assert_eq!(sources.map(|one| one.id.to_string()), ["b", "e", "c", "a", "d", "f", "tenants"]);
    }

    #[tokio::test]
    async fn the_newest_syncs_are_shown_however_old_they_are() {
        let test = TestEnvironment::new();
        test.commit("psa", "2026-01-31", &[billed("c2", "Mill & Sons", 1), billed("c1", "Harbour Dental", 1)]).await;
        test.commit("rmm", "2026-01-30", &[used("a1", "Zorn", 7)]).await;
        test.commit("rmm", "2026-01-31", &[used("a1", "Zorn", 1), used("a2", "Yaxley", 1)]).await;
        let workspace = test.workspace().await;
        let ids: Vec<_> = workspace.clients.iter().map(|client| client.id.as_str()).collect();
        assert_eq!(ids, ["c1", "c2"]);
        assert!(
            workspace.client(&"c2".parse().unwrap()).is_some() && workspace.client(&"c3".parse().unwrap()).is_none()
        );
        let source = workspace.source(&"rmm".parse().unwrap()).unwrap();
        assert_eq!(source.account(&"a1".parse().unwrap()).unwrap().0.total(), 1);
        assert_eq!((source.accounts.len(), source.mappings.len()), (2, 2));
        assert!(workspace.source(&"psa".parse().unwrap()).is_err(), "its accounts are the clients");
    }

    #[tokio::test]
    async fn only_decisions_of_this_month_are_in_force_and_all_are_in_the_history() {
        let mut test = TestEnvironment::synced().await;
        test.decide("a2", confirmed("c1"), None).await;
        test.decide("a2", confirmed("c2"), Some("2026-07")).await;
        let a2 = "a2".parse().unwrap();
        for (day, client) in [("2026-06-30", "c1"), ("2026-07-01", "c2")] {
            test.on(day);
            let workspace = test.workspace().await;
            let source = workspace.source(&"rmm".parse().unwrap()).unwrap();
            let (_, mapping) = source.account(&a2).unwrap();
            let Mapping::Confirmed { client_id, .. } = &mapping.mapping else { panic!("{mapping:?}") };
            assert_eq!((client_id.as_str(), source.last_number(&a2)), (client, 2), "{day}");
        }
    }

    #[tokio::test]
    async fn an_account_can_be_split_by_what_its_items_have() {
        let test = TestEnvironment::new();
        test.commit("rmm", TODAY, &[at_sites("a1", "The Old Mill", &["leeds", "york", "leeds"])]).await;
        let workspace = test.workspace().await;
        let source = workspace.source(&"rmm".parse().unwrap()).unwrap();
        let values = values_of(&test.env, &source.id, &source.accounts[0]).await.unwrap();
        let sites: Vec<_> = values["site"].iter().map(|(site, count)| format!("{site} {count}")).collect();
        assert_eq!((values.len(), sites), (1, vec!["leeds 2".to_owned(), "york 1".to_owned()]));
    }
}
