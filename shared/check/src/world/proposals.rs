//! Which mappings are proposed in a world: for an account that may be one of several clients' the first of them, and where
//! the names tell, the client whose name is most like the account's.

use rust_decimal::Decimal;
use truecount_matching::{Party, Sites, suggest};
use truecount_reconciliation::{AccountBelonging, ProposedMapping, RunInputs};

use super::{World, WorldBelonging};

impl World {
    /// What is proposed for each account of which nobody decided whose it is.
    pub(crate) fn proposals(&self, inputs: &RunInputs) -> Vec<ProposedMapping> {
        let mut found = Vec::new();
        for (account, (known, world)) in inputs.accounts.iter().zip(&self.accounts).enumerate() {
            let AccountBelonging::Undecided { may_be } = &known.belongs else { continue };
            match &world.belongs {
                WorldBelonging::ByName => found.extend(by_name(inputs, account)),
                _ => {
                    found.extend(may_be.first().map(|client| ProposedMapping { account, client: *client, score: None }))
                }
            }
        }
        found
    }
}

/// What the names of its source's accounts and of all clients propose for an account.
fn by_name(inputs: &RunInputs, account: usize) -> Option<ProposedMapping> {
    let source = inputs.accounts[account].source;
    let of_source = inputs.accounts.iter().enumerate().filter(|(_, other)| other.source == source);
    let (numbers, accounts): (Vec<usize>, Vec<Party<'_>>) =
        of_source.map(|(number, other)| (number, Party::named(&other.name))).unzip();
    let clients: Vec<Party<'_>> = inputs.clients.iter().map(|client| Party::named(&client.name)).collect();
    let place = numbers.iter().position(|number| *number == account)?;
    let suggested = suggest(&accounts, &clients, Sites::ManyToOne).into_iter().nth(place)?;
    let best = suggested.first().filter(|best| best.is_proposed())?;
    let score = Some(Decimal::new(best.score.thousandths().into(), 3));
    Some(ProposedMapping { account, client: best.client, score })
}
