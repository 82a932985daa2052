//! Whose the accounts of all sources are, and whose the undecided ones may be. All sources at once: an account that is
//! mapped in one helps to map those of another.

use truecount_billing::Account;
use truecount_connectors::source_kind;

use super::nones::Nones;
use super::{ComparisonInputs, LoadedSource};
use crate::account_mapping::{self, AccountMapping, Candidates, Client, MappedSource, candidates};

/// What speaks against a client for which it was decided that it has nothing in the source.
const HAS_NOTHING: &str = "it was decided that this client has nothing in this source";

/// Whose the accounts of a source are, in the order of its list.
pub(super) struct Whose<'a> {
    pub(super) mappings: Vec<AccountMapping>,
    /// `None`: it is decided.
    pub(super) candidates: Vec<Option<Candidates>>,
    pub(super) nones: Nones<'a>,
}

impl<'a> Whose<'a> {
    /// Of each of the sources, in their order.
    pub(super) fn of(of: &ComparisonInputs<'a>, sources: &[&LoadedSource], clients: &[Client]) -> Vec<Self> {
        let mappings: Vec<_> = sources.iter().map(|source| mappings(of, source, clients)).collect();
        let mut described = Vec::with_capacity(sources.len());
        for (source, mappings) in sources.iter().zip(&mappings) {
            described.push(MappedSource {
                id: &source.frozen.source,
                kind: source_kind(&source.frozen.connector),
                accounts: accounts(source),
                mappings,
            });
        }
        let found: Vec<_> = (0..sources.len()).map(|at| candidates(&described, at, clients)).collect();
        let whose =
            |((source, mappings), candidates): ((&&LoadedSource, Vec<AccountMapping>), Vec<Option<Candidates>>)| {
                let records = of.nones.get(&source.frozen.source).map(Vec::as_slice).unwrap_or_default();
                let nones = Nones::of(records, mappings.iter().flat_map(AccountMapping::clients).cloned().collect());
                let mut whose = Self { mappings, candidates, nones };
                whose.hold_nones_against(source);
                whose
            };
        sources.iter().zip(mappings).zip(found).map(whose).collect()
    }

    fn hold_nones_against(&mut self, source: &LoadedSource) {
        for (entry, found) in source.accounts.iter().zip(&mut self.candidates) {
            let Some(Candidates { proposals, remote }) = found else { continue };
            for one in proposals.iter_mut().chain(remote) {
                if self.nones.excludes(&one.client_id, entry.history.since) {
                    one.against.insert(0, HAS_NOTHING.to_owned());
                    one.is_contradicted = true;
                }
            }
        }
    }
}

fn mappings(of: &ComparisonInputs<'_>, source: &LoadedSource, clients: &[Client]) -> Vec<AccountMapping> {
    let none = Default::default();
    let decided = of.mappings.get(&source.frozen.source).unwrap_or(&none);
    account_mapping::of_accounts(&accounts(source), clients, decided, of.mapping)
}

fn accounts(source: &LoadedSource) -> Vec<&Account> {
    source.accounts.iter().map(|entry| &entry.account).collect()
}
