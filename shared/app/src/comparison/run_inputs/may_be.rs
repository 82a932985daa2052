//! Whom an undecided account may belong to.

use crate::account_mapping::Mapping;
use truecount_billing::{Account, AccountFacts, ClientId};
use truecount_connectors::SourceKind;
use truecount_matching::{MatchEvidence, Party, may_be};

use crate::account_mapping::{AccountMapping, Client, sites};

/// By account, the clients that it may belong to: those that its identifier or an equal name proposes, then those whose
/// names it resembles; none, where it is decided.
pub(super) fn possible_clients(
    accounts: &[&Account],
    mappings: &[AccountMapping],
    clients: &[Client],
    kind: Option<&SourceKind>,
) -> Vec<Vec<ClientId>> {
    let is_undecided = |one: &AccountMapping| matches!(one.mapping, Mapping::Undecided { .. });
    if !mappings.iter().any(is_undecided) {
        return vec![Vec::new(); accounts.len()];
    }
    let by_name = resembled(accounts, clients, kind);
    let of = |(one, resembled): (&AccountMapping, Vec<usize>)| {
        let Mapping::Undecided { proposal, .. } = &one.mapping else { return Vec::new() };
        let mut found: Vec<ClientId> = proposal.iter().chain(&one.or_else).cloned().collect();
        for client in resembled.into_iter().filter_map(|at| clients.get(at)) {
            if !found.contains(&client.id) {
                found.push(client.id.clone());
            }
        }
        found
    };
    mappings.iter().zip(by_name).map(of).collect()
}

/// By account, the places of the clients that it resembles, the most probable first.
fn resembled(accounts: &[&Account], clients: &[Client], kind: Option<&SourceKind>) -> Vec<Vec<usize>> {
    let accounts: Vec<Known<'_>> = accounts.iter().map(|one| Known::of(&one.name, None, &one.facts)).collect();
    let clients: Vec<Known<'_>> =
        clients.iter().map(|one| Known::of(&one.name, Some(one.id.as_str()), &one.facts)).collect();
    may_be(&parties(&accounts), &parties(&clients), sites(kind))
}

/// What is known of an account or a client.
struct Known<'a> {
    name: &'a str,
    domains: Vec<&'a str>,
    identifiers: Vec<&'a str>,
}

impl<'a> Known<'a> {
    fn of(name: &'a str, id: Option<&'a str>, facts: &'a AccountFacts) -> Self {
        let identifiers = id.into_iter().chain(facts.identifiers.iter().map(String::as_str)).collect();
        Self { name, domains: facts.domains.iter().map(String::as_str).collect(), identifiers }
    }
}

fn parties<'a>(known: &'a [Known<'a>]) -> Vec<Party<'a>> {
    let evidence = |one: &'a Known<'a>| MatchEvidence {
        domains: &one.domains,
        identifiers: &one.identifiers,
        ..MatchEvidence::default()
    };
    known.iter().map(|one| Party { name: one.name, evidence: evidence(one) }).collect()
}
