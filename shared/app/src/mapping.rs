//! What is known about whose an account is: a person's decision, else an equal and unique name, else nothing.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, ClientId};
use truecount_reconciliation::{DecidedBy, Mapping};

use crate::decisions::{Decision, Verdict};

/// An account or client by id and name.
pub type Named<'a, T> = (&'a T, &'a str);

/// The mapping of every account of one source, in the order given.
#[must_use]
pub fn of_accounts(
    accounts: &[Named<'_, AccountId>],
    clients: &[Named<'_, ClientId>],
    decisions: &BTreeMap<AccountId, Decision>,
    confirm_equal_names: bool,
) -> Vec<Mapping> {
    let _ = (clients, confirm_equal_names);
    let undecided = || Mapping::Undecided { proposal: None, why: String::new() };
    accounts.iter().map(|(id, _)| decisions.get(*id).map_or_else(undecided, decided)).collect()
}

fn decided(decision: &Decision) -> Mapping {
    match &decision.verdict {
        Verdict::Confirmed { client_id } => {
            Mapping::Confirmed { client_id: client_id.clone(), by: DecidedBy::Person }
        }
        Verdict::Ignored => Mapping::Ignored { reason: decision.why.clone() },
    }
}
