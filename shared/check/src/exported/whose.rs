//! Whose the accounts of a source are: by the file of mappings, else by names that confirm themselves; and whose the
//! others may be.

use std::collections::BTreeMap;
use std::path::Path;

use truecount_billing::{AccountId, ClientId, SourceId};
use truecount_matching::{MatchEvidence, Party, Sites, confirmed_by_name, may_be};
use truecount_reconciliation::{AccountBelonging, BilledClient};

use super::MappedAccounts;
use super::read::ReadSource;
use crate::{CheckError, mappings, table::each_row};

/// The client of each account that the file names.
pub(super) type Mappings = BTreeMap<(SourceId, AccountId), ClientId>;

/// Reads the file of mappings.
pub(super) fn read_mappings(path: Option<&Path>) -> Result<Mappings, CheckError> {
    let mut found = Mappings::new();
    let Some(path) = path else { return Ok(found) };
    each_row(path, &mappings::COLUMNS, |row| {
        let source = SourceId::new(row.key(mappings::SOURCE)).map_err(|e| row.wrong(mappings::SOURCE, &e))?;
        let account = AccountId::new(row.key(mappings::ACCOUNT_ID)).map_err(|e| row.wrong(mappings::ACCOUNT_ID, &e))?;
        let client = ClientId::new(row.key(mappings::CLIENT_ID)).map_err(|e| row.wrong(mappings::CLIENT_ID, &e))?;
        let before = found.insert((source, account), client.clone());
        match before.filter(|before| *before != client) {
            Some(before) => {
                let why =
                    mappings::mapped_twice(row.key(mappings::ACCOUNT_ID), row.key(mappings::SOURCE), &client, &before);
                Err(row.wrong(mappings::CLIENT_ID, &why))
            }
            None => Ok(()),
        }
    })?;
    Ok(found)
}

/// Whose each account of a source is, in their order. `number_of` answers with the number of a client that a mapping names.
pub(super) fn belonging(
    (id, source): (&SourceId, &ReadSource),
    mappings: &Mappings,
    clients: &[BilledClient],
    mut number_of: impl FnMut(&ClientId) -> usize,
) -> (Vec<AccountBelonging>, MappedAccounts) {
    let mut counts = MappedAccounts { source: id.clone(), by_file: 0, by_name: 0, undecided: 0 };
    let names: Vec<String> = source.accounts.iter().map(|(id, account)| account.name(id)).collect();
    let equal = confirmed_by_name(names.iter().map(String::as_str).enumerate(), named(clients));
    let alike = alike(source, &names, clients);
    let known = source.accounts.iter().enumerate().zip(alike);
    let belongs = known.map(|((at, (account, read)), alike)| {
        if let Some(client) = mappings.get(&(id.clone(), account.clone())) {
            counts.by_file += 1;
            return AccountBelonging::Client(number_of(client));
        }
        if let Some(client) = equal.confirmed.get(&at).filter(|_| read.names.len() <= 1) {
            counts.by_name += 1;
            return AccountBelonging::Client(*client);
        }
        counts.undecided += 1;
        let held_back = equal.held_back.get(&at).into_iter().flat_map(|held_back| held_back.clients.iter().copied());
        let mut may_be: Vec<usize> = alike.into_iter().chain(held_back).collect();
        may_be.extend(by_other_facts(read, clients));
        may_be.sort_unstable();
        may_be.dedup();
        AccountBelonging::Undecided { may_be }
    });
    let belongs = belongs.collect();
    (belongs, counts)
}

/// Clients that one of several names is, or whose id the vendor holds.
fn by_other_facts(read: &super::read::ReadAccount, clients: &[BilledClient]) -> Vec<usize> {
    let mut found = Vec::new();
    for name in read.names.iter().filter(|_| read.names.len() > 1) {
        let equal = confirmed_by_name([(0, name.as_str())], named(clients));
        found.extend(equal.confirmed.into_values());
        found.extend(equal.held_back.into_values().flat_map(|held_back| held_back.clients));
    }
    let is_held = |client: &BilledClient| read.identifiers.iter().any(|id| id.trim() == client.id.as_str());
    found.extend(clients.iter().enumerate().filter(|(_, client)| is_held(client)).map(|(number, _)| number));
    found
}

fn named(clients: &[BilledClient]) -> impl Iterator<Item = (usize, &str)> {
    clients.iter().enumerate().map(|(number, client)| (number, client.name.as_str()))
}

/// Whose each account may be by what is known of it.
fn alike(source: &ReadSource, names: &[String], clients: &[BilledClient]) -> Vec<Vec<usize>> {
    let facts: Vec<(Vec<&str>, Vec<&str>)> = source
        .accounts
        .values()
        .map(|read| {
            let domains = read.domains.iter().map(String::as_str);
            (domains.collect(), read.identifiers.iter().map(String::as_str).collect())
        })
        .collect();
    let accounts: Vec<Party<'_>> = names
        .iter()
        .zip(&facts)
        .map(|(name, (domains, identifiers))| {
            let evidence = MatchEvidence { domains, identifiers, ..MatchEvidence::default() };
            Party { name, evidence }
        })
        .collect();
    let ids: Vec<[&str; 1]> = clients.iter().map(|client| [client.id.as_str()]).collect();
    let clients: Vec<Party<'_>> = clients
        .iter()
        .zip(&ids)
        .map(|(client, ids)| {
            let evidence = MatchEvidence { identifiers: ids, ..MatchEvidence::default() };
            Party { name: &client.name, evidence }
        })
        .collect();
    may_be(&accounts, &clients, Sites::ManyToOne)
}
