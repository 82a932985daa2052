//! Which account is which client's: from a file, or by names that are equal and unique.

use std::{fmt::Display, path::Path};

use truecount_billing::{AccountId, ClientId, SourceId};
use truecount_matching::confirmed_by_name;
use truecount_reconciliation::AccountBelonging;

use super::{
    CheckError,
    list::List,
    table::{Columns, OtherColumns, each_row},
};

pub(super) const COLUMNS: Columns<3> =
    Columns { names: ["source", "account_id", "client_id"], optional_count: 0, others: OtherColumns::Ignored };
pub(super) const SOURCE: usize = 0;
pub(super) const ACCOUNT_ID: usize = 1;
pub(super) const CLIENT_ID: usize = 2;

/// Takes every mapping. A source that is named here exists, even if it has no usage.
pub(super) fn read(path: &Path, list: &mut List) -> Result<(), CheckError> {
    each_row(path, &COLUMNS, |row| {
        let source = match list.find_source(row.key(SOURCE)) {
            Some(known) => known,
            None => list.source(&SourceId::new(row.key(SOURCE)).map_err(|e| row.wrong(SOURCE, &e))?),
        };
        let client = match list.find_client(row.key(CLIENT_ID)) {
            Some(known) => known,
            None => {
                let id = ClientId::new(row.key(CLIENT_ID)).map_err(|e| row.wrong(CLIENT_ID, &e))?;
                list.client(id).map_err(|what| row.too_much(CLIENT_ID, what))?
            }
        };
        let client = client as usize;
        let Some(known) = list.find_account(source, row.key(ACCOUNT_ID)) else {
            let id = AccountId::new(row.key(ACCOUNT_ID)).map_err(|e| row.wrong(ACCOUNT_ID, &e))?;
            let belongs = AccountBelonging::Client(client);
            list.new_account(source, id, "", belongs).map_err(|what| row.too_much(ACCOUNT_ID, what))?;
            return Ok(());
        };
        match list.inputs.accounts[known as usize].belongs {
            AccountBelonging::Client(other) if other != client => {
                let (id, source) = (row.key(ACCOUNT_ID), row.key(SOURCE));
                let (here, before) = (row.key(CLIENT_ID), &list.inputs.clients[other].id);
                let why = mapped_twice(id, source, &here, before);
                Err(row.wrong(CLIENT_ID, &why))
            }
            _ => Ok(()),
        }
    })
}

pub(super) fn mapped_twice(id: &str, source: &str, here: &dyn Display, before: &dyn Display) -> String {
    format!("account `{id}` of {source} is mapped to client `{here}` here and to `{before}` before; leave one")
}

/// Confirms names that are equal and unique on both sides; of those that a person has to look at, the accounts may be
/// each such client's.
pub(super) fn by_name(list: &mut List) {
    for source in 0..list.sources.len() {
        let of_source = list.inputs.accounts.iter().enumerate().filter(|(_, account)| account.source == source);
        // One of several names says nothing.
        let several = &list.sources[source].accounts_with_names;
        let has_one_name = |number: usize| u32::try_from(number).map_or(true, |number| !several.contains_key(&number));
        let of_source = of_source.filter(|(number, _)| has_one_name(*number));
        let accounts = of_source.map(|(number, account)| (number, account.name.as_str()));
        let clients = list.inputs.clients.iter().enumerate().map(|(number, client)| (number, client.name.as_str()));
        let found = confirmed_by_name(accounts, clients);
        for (account, client) in found.confirmed {
            list.inputs.accounts[account].belongs = AccountBelonging::Client(client);
        }
        for (account, held_back) in found.held_back {
            list.inputs.accounts[account].belongs = AccountBelonging::Undecided { may_be: held_back.clients };
        }
        by_several_names(list, source);
    }
}

/// An account with several names may be the client's that any of them is.
fn by_several_names(list: &mut List, source: usize) {
    for (account, names) in &list.sources[source].accounts_with_names {
        let mut may_be = Vec::new();
        for name in names {
            let clients = list.inputs.clients.iter().enumerate().map(|(number, client)| (number, client.name.as_str()));
            let found = confirmed_by_name([(0, name.as_str())], clients);
            may_be.extend(found.confirmed.into_values());
            may_be.extend(found.held_back.into_values().flat_map(|held_back| held_back.clients));
        }
        may_be.sort_unstable();
        may_be.dedup();
        list.inputs.accounts[*account as usize].belongs = AccountBelonging::Undecided { may_be };
    }
}
