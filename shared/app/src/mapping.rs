//! What is known about whose an account is: a person's decision, else an equal and unique name, else nothing.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, ClientId};
use truecount_matching::{confirmed_by_name, equal_but_for_legal_form};
use truecount_reconciliation::{DecidedBy, Mapping};

use crate::decisions::{Decision, Verdict};

/// What is known about one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMapping {
    /// Whose it is, or whose it might be.
    pub mapping: Mapping,
    /// Further clients whose it might be: none of them has used nothing while that is open.
    pub or_else: Vec<ClientId>,
}

impl From<Mapping> for AccountMapping {
    fn from(mapping: Mapping) -> Self {
        Self { mapping, or_else: Vec::new() }
    }
}

/// The mapping of every account of one source, in the order given: accounts and clients by id and name.
#[must_use]
pub fn of_accounts(
    accounts: &[(&AccountId, &str)],
    clients: &[(&ClientId, &str)],
    decisions: &BTreeMap<AccountId, Decision>,
    confirm_equal_names: bool,
) -> Vec<AccountMapping> {
    let equal = confirmed_by_name(accounts.iter().copied(), clients.iter().copied());
    let alike = equal_but_for_legal_form(accounts.iter().copied(), clients.iter().copied());
    let mapping = |id: &AccountId| {
        if let Some(decision) = decisions.get(id) {
            return decided(decision).into();
        }
        if let Some(client) = equal.confirmed.get(id) {
            let client_id = (*client).clone();
            return if confirm_equal_names {
                Mapping::Confirmed { client_id, by: DecidedBy::EqualName }.into()
            } else {
                proposed(&[client], "the names are equal".to_owned())
            };
        }
        if let Some(held) = equal.held_back.get(id) {
            return proposed(&held.clients, format!("the names are equal, but {}", held.why.for_people()));
        }
        let clients = alike.get(id).map_or(&[][..], Vec::as_slice);
        let why = if clients.is_empty() { "" } else { "the names are equal but for the legal form" };
        proposed(clients, why.to_owned())
    };
    accounts.iter().map(|(id, _)| mapping(id)).collect()
}

fn proposed(clients: &[&ClientId], why: String) -> AccountMapping {
    let mut clients = clients.iter().map(|client| (*client).clone());
    AccountMapping { mapping: Mapping::Undecided { proposal: clients.next(), why }, or_else: clients.collect() }
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
        let mapping = |at: usize| &found[at].mapping;
        assert_eq!(*mapping(0), Mapping::Confirmed { client_id: clients[0].0.clone(), by: DecidedBy::EqualName });
        assert_eq!(*mapping(1), Mapping::Ignored { reason: "internal".into() });
        assert!(matches!(mapping(2), Mapping::Undecided { proposal: Some(_), why } if why.contains("several clients")));
        assert_eq!(found[2].or_else, [clients[3].0.clone()], "each of the two is open");
        assert_eq!(*mapping(3), Mapping::Undecided { proposal: None, why: String::new() });
        let off = of_accounts(&accounts, &clients, &decisions, false);
        assert!(matches!(&off[0].mapping, Mapping::Undecided { proposal: Some(_), .. }));
    }

    #[test]
    fn another_legal_form_is_proposed_and_never_confirmed() {
        let (account, client) = (AccountId::new("a").unwrap(), ClientId::new("c").unwrap());
        let found = of_accounts(&[(&account, "Acme Inc")], &[(&client, "Acme Ltd")], &BTreeMap::new(), true);
        let why = "the names are equal but for the legal form".to_owned();
        assert_eq!(found, [Mapping::Undecided { proposal: Some(client), why }.into()]);
    }
}
