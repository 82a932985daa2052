//! What is known about whose an account is: a person's decision, else an equal and unique name, else nothing.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, ClientId};
use truecount_matching::confirmed_by_name;
use truecount_reconciliation::{DecidedBy, Mapping};

use crate::decisions::{Decision, Verdict};

/// The mapping of every account of one source, in the order given: accounts and clients by id and name.
#[must_use]
pub fn of_accounts(
    accounts: &[(&AccountId, &str)],
    clients: &[(&ClientId, &str)],
    decisions: &BTreeMap<AccountId, Decision>,
    confirm_equal_names: bool,
) -> Vec<Mapping> {
    let equal = confirmed_by_name(accounts.iter().copied(), clients.iter().copied());
    let mapping = |id: &AccountId| {
        if let Some(decision) = decisions.get(id) {
            return decided(decision);
        }
        if let Some(client) = equal.confirmed.get(id) {
            let client_id = (*client).clone();
            return if confirm_equal_names {
                Mapping::Confirmed { client_id, by: DecidedBy::EqualName }
            } else {
                Mapping::Undecided { proposal: Some(client_id), why: "the names are equal".to_owned() }
            };
        }
        match equal.held_back.get(id) {
            Some(held) => {
                let proposal = held.clients.first().map(|client| (*client).clone());
                Mapping::Undecided { proposal, why: format!("the names are equal, but {}", held.why.for_people()) }
            }
            None => Mapping::Undecided { proposal: None, why: String::new() },
        }
    };
    accounts.iter().map(|(id, _)| mapping(id)).collect()
}

fn decided(decision: &Decision) -> Mapping {
    match &decision.verdict {
        Verdict::Confirmed { client_id } => Mapping::Confirmed { client_id: client_id.clone(), by: DecidedBy::Person },
        Verdict::Ignored => Mapping::Ignored { reason: decision.why.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_come_before_names_and_names_only_count_when_unique() {
        let ids: Vec<_> = ["a1", "a2", "a3", "a4"].iter().map(|id| AccountId::new(id).unwrap()).collect();
        let names = ["Acme Ltd", "Mill & Sons", "Twin", "Nobody"];
        let accounts: Vec<_> = ids.iter().zip(names).collect();
        let clients: Vec<_> = ["c1", "c2", "c3", "c4"].iter().map(|id| ClientId::new(id).unwrap()).collect();
        let clients: Vec<_> = clients.iter().zip(["ACME LTD.", "Mill & Sons", "Twin", "Twin"]).collect();
        let ignored = Decision {
            source: truecount_billing::SourceId::new("rmm").unwrap(),
            account_id: ids[1].clone(),
            verdict: Verdict::Ignored,
            who: "kim".into(),
            why: "internal".into(),
            when: jiff::Timestamp::UNIX_EPOCH,
        };
        let decisions = BTreeMap::from([(ids[1].clone(), ignored)]);
        let found = of_accounts(&accounts, &clients, &decisions, true);
        assert_eq!(found[0], Mapping::Confirmed { client_id: clients[0].0.clone(), by: DecidedBy::EqualName });
        assert_eq!(found[1], Mapping::Ignored { reason: "internal".into() });
        assert!(matches!(&found[2], Mapping::Undecided { proposal: Some(_), why } if why.contains("several clients")));
        assert_eq!(found[3], Mapping::Undecided { proposal: None, why: String::new() });
        let off = of_accounts(&accounts, &clients, &decisions, false);
        assert!(matches!(&off[0], Mapping::Undecided { proposal: Some(_), .. }));
    }
}
