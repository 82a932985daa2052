//! Which account is which client's: from a file, or by names that are equal and unique.

use std::{collections::BTreeMap, path::Path};

use truecount_billing::{AccountId, ClientId, CountDay, ReadState, Side, SourceId};
use truecount_matching::confirmed_by_name;
use truecount_reconciliation::{AccountNo, DecidedBy, Mapping, Reconciler, SourceNo};

use super::{
    CheckError, status,
    table::{Columns, each_row},
};

const COLUMNS: Columns<3> = Columns { names: ["source", "account_id", "client_id"], optional_count: 0 };
const SOURCE: usize = 0;
const ACCOUNT_ID: usize = 1;
const CLIENT_ID: usize = 2;

/// Pushes every mapping. A source that is named here exists, even if it has no usage.
pub(super) fn read(path: &Path, as_of: CountDay, reconciler: &mut Reconciler) -> Result<(), CheckError> {
    each_row(path, &COLUMNS, |row| {
        let source = SourceId::new(row.key(SOURCE)).map_err(|e| row.wrong(SOURCE, &e))?;
        let id = AccountId::new(row.key(ACCOUNT_ID)).map_err(|e| row.wrong(ACCOUNT_ID, &e))?;
        if reconciler.find_source(&source).is_none() {
            reconciler.source(status(source.clone(), Side::Used, as_of));
        }
        let account = reconciler.account(&source, &id, "", &ReadState::Complete)?;
        let client_id = ClientId::new(row.key(CLIENT_ID)).map_err(|e| row.wrong(CLIENT_ID, &e))?;
        if let Some(other) = reconciler.mapped_client(account).filter(|other| **other != client_id) {
            let why = format!(
                "account `{id}` of {source} is mapped to client `{client_id}` here and to `{other}` before; leave one"
            );
            return Err(row.wrong(CLIENT_ID, &why));
        }
        Ok(reconciler.decide(account, Mapping::Confirmed { client_id, by: DecidedBy::Person })?)
    })
}

/// Confirms names that are equal and unique on both sides, and proposes those that a person has to look at.
pub(super) fn by_name(reconciler: &mut Reconciler) -> Result<(), CheckError> {
    let mut by_source = BTreeMap::<SourceNo, Vec<(AccountNo, &str)>>::new();
    for (account, source, name) in reconciler.accounts() {
        by_source.entry(source).or_default().push((account, name));
    }
    let (mut decisions, mut proposals) = (Vec::new(), Vec::new());
    for accounts in by_source.into_values() {
        let found = confirmed_by_name(accounts, reconciler.clients());
        for (account, client) in found.confirmed {
            decisions.push((account, Mapping::Confirmed { client_id: client.clone(), by: DecidedBy::EqualName }));
        }
        for (account, held_back) in found.held_back {
            let why = held_back.why.for_people().to_owned();
            let clients: Vec<ClientId> = held_back.clients.into_iter().cloned().collect();
            let proposal = clients.first().cloned();
            proposals.extend(clients.into_iter().skip(1).map(|client| (account, client)));
            decisions.push((account, Mapping::Undecided { proposal, why }));
        }
    }
    for (account, mapping) in decisions {
        reconciler.decide(account, mapping)?;
    }
    for (account, client) in proposals {
        reconciler.propose(account, &client)?;
    }
    Ok(())
}
