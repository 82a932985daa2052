//! The currency that is told first: that of the rules, else that of most lines.

use std::collections::BTreeMap;

use truecount_billing::{Currency, IdError};

use crate::run_inputs::BilledClient;

/// The code that stands for no currency at all: of money in a run that names none anywhere.
pub const NO_CURRENCY: &str = "XXX";

/// The home currency of a run. `of_rules`: that which the rules name.
///
/// # Errors
/// Never: every code that stands here is one.
pub fn home_currency(of_rules: Option<Currency>, clients: &[BilledClient]) -> Result<Currency, IdError> {
    of_rules.map_or_else(|| most_used(clients), Ok)
}

/// The currency of most lines, the first by name of several; of rules that name none.
fn most_used(clients: &[BilledClient]) -> Result<Currency, IdError> {
    let mut lines: BTreeMap<Currency, usize> = BTreeMap::new();
    let agreements = clients.iter().flat_map(|client| &client.agreements);
    for currency in agreements.flat_map(|one| &one.lines).filter_map(|line| line.currency) {
        *lines.entry(currency).or_default() += 1;
    }
    let most = lines.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most });
    most.map_or_else(|| Currency::new(NO_CURRENCY), |(currency, _)| Ok(currency))
}
