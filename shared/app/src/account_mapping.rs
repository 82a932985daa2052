//! Which client an account belongs to: by a person's decision, else by an identifier that the vendor holds and that
//! the name does not contradict, else by an equal and unique name, else undecided. Pure.

mod candidates;
mod identifiers;

use std::collections::BTreeMap;

use truecount_billing::{Account, AccountFacts, AccountId, ClientId};
use truecount_connectors::{Cardinality, SourceKind};
use truecount_matching::{ByName, Sites, confirmed_by_name, equal_but_for_legal_form};
use truecount_store::{MappingDecision, MappingRecord};

pub use self::candidates::{Candidates, Proposal};
pub(crate) use self::candidates::{MappedSource, candidates};
use self::identifiers::Identifiers;
use crate::settings::MappingSettings;

/// Whether a client has one account in this source, or may have several. Where nothing is known, several: then a client
/// that is taken can still be proposed.
pub(crate) fn sites(kind: Option<&SourceKind>) -> Sites {
    match kind.map(|kind| kind.cardinality) {
        Some(Cardinality::OneAccountPerClient) => Sites::OneToOne,
        Some(Cardinality::ManyAccountsPerClient) | None => Sites::ManyToOne,
    }
}

/// A client of the PSA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its name. Foreign text.
    pub name: String,
    /// Its identifiers and domains.
    pub facts: AccountFacts,
}

/// What is decided about an account. Without a decision it is `Undecided` with no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// Its usage is this client's.
    Confirmed {
        /// Whose.
        client_id: ClientId,
        /// On what ground.
        by: DecidedBy,
    },
    /// Internal, not for resale: left out.
    Ignored {
        /// Why.
        reason: String,
    },
    /// What is in it belongs to several clients.
    Split {
        /// How it is split, in words.
        why: String,
    },
    /// Nobody has decided.
    Undecided {
        /// Whom it might be.
        proposal: Option<ClientId>,
        /// Why, in words; empty without a proposal.
        why: String,
        /// Whether that is two pieces of evidence that contradict each other.
        is_contradicted: bool,
    },
}

/// Who or what confirmed a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecidedBy {
    /// A person.
    Person,
    /// An identifier of the PSA's client that the vendor itself holds.
    Identifier,
    /// The names are equal after light normalising, and unique on both sides.
    EqualName,
}

/// Which client one account belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMapping {
    /// The client, or the one that it might belong to.
    pub mapping: Mapping,
    /// Further clients that it might belong to. While that is open, none of them can be taken to use nothing.
    pub or_else: Vec<ClientId>,
    /// The decision by which its items belong to several clients.
    pub split: Option<Split>,
}

/// The items of an account, divided among clients by an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The attribute.
    pub by: String,
    /// The client of each value.
    pub parts: BTreeMap<String, ClientId>,
}

impl AccountMapping {
    /// The clients that it is decided to be of.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &ClientId> {
        let own = match &self.mapping {
            Mapping::Confirmed { client_id, .. } => Some(client_id),
            Mapping::Ignored { .. } | Mapping::Split { .. } | Mapping::Undecided { .. } => None,
        };
        own.into_iter().chain(self.split.iter().flat_map(|split| split.parts.values()))
    }
}

impl From<Mapping> for AccountMapping {
    fn from(mapping: Mapping) -> Self {
        Self { mapping, or_else: Vec::new(), split: None }
    }
}

/// The mapping of every account of one source, in the order given.
#[must_use]
pub fn of_accounts(
    accounts: &[&Account],
    clients: &[Client],
    decisions: &BTreeMap<AccountId, MappingRecord>,
    settings: &MappingSettings,
) -> Vec<AccountMapping> {
    let named = || accounts.iter().map(|account| (&account.id, account.name.as_str()));
    let clients_named = || clients.iter().map(|client| (&client.id, client.name.as_str()));
    let equal = confirmed_by_name(named(), clients_named());
    let alike = equal_but_for_legal_form(named(), clients_named());
    let held = Identifiers::of(accounts, clients, &equal, &alike);
    let mapping = |account: &Account| {
        let decision = decisions.get(&account.id);
        if let Some(decision) = decision.filter(|one| one.decision != MappingDecision::Undecided) {
            return decided(decision);
        }
        let may_confirm = decision.is_none();
        if let Some(client_id) = held.confirmed(&account.id)
            && may_confirm
            && settings.confirm_vendor_identifiers
        {
            return Mapping::Confirmed { client_id: client_id.clone(), by: DecidedBy::Identifier }.into();
        }
        if let Some((clients, why, is_contradicted)) = held.proposal(&account.id) {
            return proposed(&clients, why, is_contradicted);
        }
        by_name(&account.id, &equal, alike.get(&account.id), may_confirm && settings.confirm_equal_names)
    };
    accounts.iter().map(|account| mapping(account)).collect()
}

fn decided(decision: &MappingRecord) -> AccountMapping {
    match &decision.decision {
        MappingDecision::Confirmed { client_id } => {
            Mapping::Confirmed { client_id: client_id.clone(), by: DecidedBy::Person }.into()
        }
        MappingDecision::Ignored { reason } => {
            let why = if decision.note.is_empty() { "" } else { ": " };
            Mapping::Ignored { reason: format!("{}{why}{}", reason.label(), decision.note) }.into()
        }
        MappingDecision::Split { by, parts } => AccountMapping {
            mapping: Mapping::Split { why: format!("split by {by}") },
            or_else: Vec::new(),
            split: Some(Split { by: by.clone(), parts: parts.clone() }),
        },
        MappingDecision::Undecided => proposed(&[], String::new(), false),
    }
}

fn by_name(
    account: &AccountId,
    equal: &ByName<&AccountId, &ClientId>,
    alike: Option<&Vec<&ClientId>>,
    confirms: bool,
) -> AccountMapping {
    if let Some(client) = equal.confirmed.get(account) {
        let client_id = (*client).clone();
        return if confirms {
            Mapping::Confirmed { client_id, by: DecidedBy::EqualName }.into()
        } else {
            proposed(&[client], "the names are equal".to_owned(), false)
        };
    }
    if let Some(held) = equal.held_back.get(account) {
        return proposed(&held.clients, format!("the names are equal, but {}", held.why.for_people()), false);
    }
    let clients = alike.map_or(&[][..], Vec::as_slice);
    let why = if clients.is_empty() { "" } else { "the names are equal but for the legal form" };
    proposed(clients, why.to_owned(), false)
}

fn proposed(clients: &[&ClientId], why: String, is_contradicted: bool) -> AccountMapping {
    let mut clients = clients.iter().map(|client| (*client).clone());
    AccountMapping {
        mapping: Mapping::Undecided { proposal: clients.next(), why, is_contradicted },
        or_else: clients.collect(),
        split: None,
    }
}

#[cfg(test)]
mod tests;
