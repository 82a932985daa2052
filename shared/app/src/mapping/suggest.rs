//! Which client an undecided account might belong to: ranked, each with its probability and the reasons for and against.

use std::collections::{BTreeMap, BTreeSet};

use crate::account_mapping::Mapping;
use serde::Serialize;
use truecount_billing::{AccountId, ClientId, SourceId};
use truecount_matching::{MatchEvidence, Party, Score, Sites, Suggestion};

use super::{MappingWorkspace, WorkspaceSource};
use crate::account_mapping::{Client, sites};

/// How many names of a client's accounts in other sources are taken as further names of the client.
const KNOWN_AS_MAX: usize = 8;

/// A client that an account might belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// The probability in per cent, rounded down; `None`: proposed for another reason than a similar name.
    pub percent: Option<u32>,
    /// The probability exactly.
    pub score: Option<Score>,
    /// What speaks for it, the strongest reason first.
    pub reasons: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
}

/// The proposals for each undecided account.
pub type Proposals = BTreeMap<(SourceId, AccountId), Vec<Proposal>>;

/// What is known about a client besides its name: from the PSA, and from the accounts that are mapped to it.
#[derive(Default)]
struct Known<'a> {
    names: Vec<&'a str>,
    domains: Vec<&'a str>,
    identifiers: Vec<&'a str>,
}

impl MappingWorkspace {
    /// The clients that each undecided account might belong to, best first.
    #[must_use]
    pub fn proposals(&self) -> Proposals {
        let mut found = Proposals::new();
        for source in &self.sources {
            found.extend(self.of_source(source));
        }
        found
    }

    fn of_source(&self, source: &WorkspaceSource) -> Proposals {
        let suggested = self.matched(source, truecount_matching::suggest);
        let confirmed = source.mappings.iter().filter_map(|one| match &one.mapping {
            Mapping::Confirmed { client_id, .. } => Some(client_id),
            _ => None,
        });
        let confirmed: BTreeSet<&ClientId> = confirmed.collect();
        let taken = |client: &ClientId| confirmed.contains(client);
        let mut found = Proposals::new();
        for ((entry, mapping), suggestions) in source.accounts.iter().zip(&source.mappings).zip(suggested) {
            let Mapping::Undecided { proposal, why } = &mapping.mapping else { continue };
            let mut proposals: Vec<Proposal> = suggestions.iter().filter_map(|one| self.proposal(one)).collect();
            for client in proposal.iter().chain(&mapping.or_else).rev() {
                self.put_first(&mut proposals, client, why);
            }
            if sites(source.kind) == Sites::OneToOne {
                for proposal in proposals.iter_mut().filter(|proposal| taken(&proposal.client_id)) {
                    proposal.against.push("another vendor account of this source is mapped to it".to_owned());
                }
                proposals.sort_by_key(|proposal| taken(&proposal.client_id));
            }
            if !proposals.is_empty() {
                found.insert((source.id.clone(), entry.account.id.clone()), proposals);
            }
        }
        found
    }

    /// The clients whose each undecided account of a source may be: those that resemble it, and those proposed for another
    /// reason.
    #[must_use]
    pub fn may_be(&self, source: &WorkspaceSource) -> BTreeMap<AccountId, BTreeSet<ClientId>> {
        let matched = self.matched(source, truecount_matching::may_be);
        let mut found = BTreeMap::new();
        for ((entry, mapping), clients) in source.accounts.iter().zip(&source.mappings).zip(matched) {
            let Mapping::Undecided { proposal, .. } = &mapping.mapping else { continue };
            let alike = clients.into_iter().filter_map(|client| Some(&self.clients.get(client)?.id));
            let may_be = alike.chain(proposal).chain(&mapping.or_else).cloned().collect();
            found.insert(entry.account.id.clone(), may_be);
        }
        found
    }

    /// Applies the matcher to the accounts of a source and all clients.
    fn matched<T>(
        &self,
        source: &WorkspaceSource,
        matcher: impl Fn(&[Party<'_>], &[Party<'_>], Sites) -> Vec<T>,
    ) -> Vec<T> {
        let known = self.known_but_by(source);
        let clients: Vec<Party<'_>> =
            self.clients.iter().zip(&known).map(|(client, known)| party(client, known)).collect();
        let facts: Vec<(Vec<&str>, Vec<&str>)> = source
            .accounts
            .iter()
            .map(|entry| &entry.account.facts)
            .map(|facts| (texts(&facts.domains), texts(&facts.identifiers)))
            .collect();
        let accounts: Vec<Party<'_>> = source
            .accounts
            .iter()
            .zip(&facts)
            .map(|(entry, (domains, identifiers))| Party {
                name: entry.account.name.as_str(),
                evidence: MatchEvidence { domains, identifiers, ..MatchEvidence::default() },
            })
            .collect();
        matcher(&accounts, &clients, sites(source.kind))
    }

    fn proposal(&self, suggestion: &Suggestion) -> Option<Proposal> {
        let client = self.clients.get(suggestion.client)?;
        Some(Proposal {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            percent: Some(suggestion.score.percent()),
            score: Some(suggestion.score),
            reasons: suggestion.reasons.iter().map(|reason| reason.for_people()).collect(),
            against: suggestion.against.iter().map(|reason| reason.for_people()).collect(),
        })
    }

    /// What equal names and identifiers propose comes before similar names. The probability stays as it was.
    fn put_first(&self, proposals: &mut Vec<Proposal>, id: &ClientId, why: &str) {
        let at = proposals.iter().position(|proposal| proposal.client_id == *id);
        let mut proposal = match (at, self.client(id)) {
            (Some(at), _) => proposals.remove(at),
            (None, Some(client)) => Proposal {
                client_id: id.clone(),
                client_name: client.name.clone(),
                percent: None,
                score: None,
                reasons: Vec::new(),
                against: Vec::new(),
            },
            (None, None) => return,
        };
        proposal.reasons.insert(0, why.to_owned());
        proposals.insert(0, proposal);
    }

    /// By client: an account that is mapped in another source helps to map those of this one.
    fn known_but_by(&self, here: &WorkspaceSource) -> Vec<Known<'_>> {
        let places: BTreeMap<&ClientId, usize> =
            self.clients.iter().enumerate().map(|(at, client)| (&client.id, at)).collect();
        let mut known: Vec<Known<'_>> = self
            .clients
            .iter()
            .map(|client| Known {
                names: Vec::new(),
                domains: texts(&client.facts.domains),
                identifiers: std::iter::once(client.id.as_str()).chain(texts(&client.facts.identifiers)).collect(),
            })
            .collect();
        for source in self.sources.iter().filter(|source| source.id != here.id) {
            for (entry, mapping) in source.accounts.iter().zip(&source.mappings) {
                let Mapping::Confirmed { client_id, .. } = &mapping.mapping else { continue };
                let Some(known) = places.get(client_id).and_then(|at| known.get_mut(*at)) else { continue };
                if known.names.len() < KNOWN_AS_MAX {
                    known.names.push(entry.account.name.as_str());
                    known.domains.extend(texts(&entry.account.facts.domains));
                }
            }
        }
        known
    }
}

fn party<'a>(client: &'a Client, known: &'a Known<'a>) -> Party<'a> {
    Party {
        name: &client.name,
        evidence: MatchEvidence {
            domains: &known.domains,
            identifiers: &known.identifiers,
            known_as: &known.names,
            ..MatchEvidence::default()
        },
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests;
