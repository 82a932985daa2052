//! Whose an undecided account may be: the clients with their probabilities, and the reasons for and against each. Made once
//! for a comparison, so that counts, mail, tables and sheets rest on the same. Pure; confirms nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use truecount_billing::{Account, ClientId, SourceId};
use truecount_connectors::SourceKind;
use truecount_matching::{MatchEvidence, Party, Reason, Score, Sites, Suggestion, suggest};

use super::{AccountMapping, Client, Mapping, sites};

/// How many names of a client's accounts in other sources are taken as further names of the client.
const KNOWN_AS_MAX: usize = 8;

/// A client that an account may belong to.
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
    /// Whether some of that is evidence for another client, or against these two being the same.
    pub is_contradicted: bool,
}

/// Whose an undecided account may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Candidates {
    /// The clients offered to a person, the best first.
    pub proposals: Vec<Proposal>,
    /// Clients too improbable to be offered. The account may be theirs all the same, and makes their counts wider.
    pub remote: Vec<Proposal>,
}

impl Candidates {
    /// Every client whose it may be.
    pub fn clients(&self) -> impl Iterator<Item = &ClientId> {
        self.proposals.iter().chain(&self.remote).map(|one| &one.client_id)
    }

    /// What is known of one client; `None`: nothing makes it likely.
    #[must_use]
    pub fn of(&self, client: &ClientId) -> Option<&Proposal> {
        self.proposals.iter().chain(&self.remote).find(|one| one.client_id == *client)
    }

    /// What is said where no client is offered; `None`: one is.
    #[must_use]
    pub fn nobody(&self) -> Option<String> {
        if !self.proposals.is_empty() {
            return None;
        }
        let named = |one: &Proposal| {
            let percent = one.percent.filter(|percent| *percent > 0);
            let percent = percent.map_or("less than 1 %".to_owned(), |percent| format!("{percent} %"));
            format!("{} [{}] {percent}", one.client_name, one.client_id)
        };
        let remote: Vec<_> = self.remote.iter().map(named).collect();
        let nobody = "nobody resembles it";
        Some(if remote.is_empty() {
            nobody.to_owned()
        } else {
            format!("{nobody} (most like it: {})", remote.join(", "))
        })
    }
}

/// The accounts of a source with their mappings, in the same order.
pub(crate) struct MappedSource<'a> {
    pub(crate) id: &'a SourceId,
    pub(crate) kind: Option<&'a SourceKind>,
    pub(crate) accounts: Vec<&'a Account>,
    pub(crate) mappings: &'a [AccountMapping],
}

/// By account of the source at this place, whose it may be; `None`: that is decided. An account that is mapped in another
/// of the sources helps.
pub(crate) fn candidates(sources: &[MappedSource<'_>], at: usize, clients: &[Client]) -> Vec<Option<Candidates>> {
    let Some(here) = sources.get(at) else { return Vec::new() };
    let is_undecided = |one: &AccountMapping| matches!(one.mapping, Mapping::Undecided { .. });
    if !here.mappings.iter().any(is_undecided) {
        return vec![None; here.accounts.len()];
    }
    let suggested = suggested(sources, here, clients);
    let by_id: BTreeMap<&ClientId, &Client> = clients.iter().map(|client| (&client.id, client)).collect();
    let taken: BTreeSet<&ClientId> = here.mappings.iter().flat_map(AccountMapping::clients).collect();
    let one = |(mapping, suggestions): (&AccountMapping, Vec<Suggestion>)| {
        let Mapping::Undecided { proposal, why, is_contradicted } = &mapping.mapping else { return None };
        let told: Vec<&ClientId> = proposal.iter().chain(&mapping.or_else).filter(|_| *is_contradicted).collect();
        let mut all: Vec<(bool, Proposal)> =
            suggestions.iter().filter_map(|one| offered(one, clients, &told)).collect();
        for client in proposal.iter().chain(&mapping.or_else).rev() {
            put_first(&mut all, by_id.get(client).copied(), why, *is_contradicted);
        }
        all.iter_mut().for_each(|(_, one)| one.is_contradicted |= *is_contradicted);
        if sites(here.kind) == Sites::OneToOne {
            for (_, proposal) in all.iter_mut().filter(|(_, one)| taken.contains(&one.client_id)) {
                proposal.against.push("another vendor account of this source is mapped to it".to_owned());
            }
            all.sort_by_key(|(_, one)| taken.contains(&one.client_id));
        }
        let (proposals, remote): (Vec<_>, Vec<_>) = all.into_iter().partition(|(is_proposed, _)| *is_proposed);
        let bare = |all: Vec<(bool, Proposal)>| all.into_iter().map(|(_, one)| one).collect();
        Some(Candidates { proposals: bare(proposals), remote: bare(remote) })
    };
    here.mappings.iter().zip(suggested).map(one).collect()
}

/// The matcher's answer for all accounts of a source and all clients.
fn suggested(sources: &[MappedSource<'_>], here: &MappedSource<'_>, clients: &[Client]) -> Vec<Vec<Suggestion>> {
    let known = known_elsewhere(sources, here, clients);
    let clients: Vec<Party<'_>> = clients.iter().zip(&known).map(|(client, known)| party(client, known)).collect();
    let facts = here.accounts.iter().map(|account| (texts(&account.facts.domains), texts(&account.facts.identifiers)));
    let facts: Vec<(Vec<&str>, Vec<&str>)> = facts.collect();
    let mut accounts: Vec<Party<'_>> = Vec::with_capacity(here.accounts.len());
    for (account, (domains, identifiers)) in here.accounts.iter().zip(&facts) {
        let evidence = MatchEvidence { domains, identifiers, ..MatchEvidence::default() };
        accounts.push(Party { name: &account.name, evidence });
    }
    suggest(&accounts, &clients, sites(here.kind))
}

/// A suggestion, and whether it is offered. Of the `told` clients it is said already that identifier and name name two.
fn offered(suggestion: &Suggestion, clients: &[Client], told: &[&ClientId]) -> Option<(bool, Proposal)> {
    let client = clients.get(suggestion.client)?;
    let is_told = |reason: &&Reason| {
        told.contains(&&client.id) && matches!(reason, Reason::NameOfOther(_) | Reason::OtherIdentifier(_))
    };
    let proposal = Proposal {
        client_id: client.id.clone(),
        client_name: client.name.clone(),
        percent: Some(suggestion.score.percent()),
        score: Some(suggestion.score),
        reasons: suggestion.reasons.iter().map(|reason| reason.for_people()).collect(),
        against: suggestion.against.iter().filter(|one| !is_told(one)).map(|reason| reason.for_people()).collect(),
        is_contradicted: suggestion.is_contradicted(),
    };
    Some((suggestion.is_proposed(), proposal))
}

/// What equal names and identifiers propose comes before similar names and is always offered. The probability stays.
fn put_first(all: &mut Vec<(bool, Proposal)>, client: Option<&Client>, why: &str, is_contradicted: bool) {
    let Some(client) = client else { return };
    let mut proposal = match all.iter().position(|(_, one)| one.client_id == client.id) {
        Some(at) => all.remove(at).1,
        None => Proposal {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            percent: None,
            score: None,
            reasons: Vec::new(),
            against: Vec::new(),
            is_contradicted,
        },
    };
    let side = if is_contradicted { &mut proposal.against } else { &mut proposal.reasons };
    side.insert(0, why.to_owned());
    all.insert(0, (true, proposal));
}

/// What is known about a client besides its name: from the PSA, and from the accounts that are mapped to it.
struct Known<'a> {
    names: Vec<&'a str>,
    domains: Vec<&'a str>,
    identifiers: Vec<&'a str>,
}

/// By client: an account that is mapped in another source helps to map those of this one.
fn known_elsewhere<'a>(sources: &[MappedSource<'a>], here: &MappedSource<'_>, clients: &'a [Client]) -> Vec<Known<'a>> {
    let places: BTreeMap<&ClientId, usize> = clients.iter().enumerate().map(|(at, client)| (&client.id, at)).collect();
    let of_psa = |client: &'a Client| Known {
        names: Vec::new(),
        domains: texts(&client.facts.domains),
        identifiers: std::iter::once(client.id.as_str()).chain(texts(&client.facts.identifiers)).collect(),
    };
    let mut known: Vec<Known<'a>> = clients.iter().map(of_psa).collect();
    for source in sources.iter().filter(|source| source.id != here.id) {
        for (account, mapping) in source.accounts.iter().zip(source.mappings) {
            let Mapping::Confirmed { client_id, .. } = &mapping.mapping else { continue };
            let Some(known) = places.get(client_id).and_then(|at| known.get_mut(*at)) else { continue };
            if known.names.len() < KNOWN_AS_MAX {
                known.names.push(account.name.as_str());
                known.domains.extend(texts(&account.facts.domains));
            }
        }
    }
    known
}

fn party<'a>(client: &'a Client, known: &'a Known<'_>) -> Party<'a> {
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
