//! What a run compares, read from what it has frozen: snapshots, mappings, the words that sources have said. Items go into
//! columns account by account; never are all of them held as they were stored.
//!
//! Deliberately absent: any decision about a count. What is not known is handed on as not known.

mod billed;
mod earlier;
mod lines;
mod may_be;
#[cfg(test)]
mod tests;
mod usage;
mod words;

use truecount_billing::Side;
use truecount_reconciliation::RunInputs;
use truecount_rules::Rules;

use self::billed::BilledSide;
use super::{ComparisonInputs, LoadedSource};
use crate::{AppError, Environment};

/// Reads what is compared. Invoices are not: beside what agreements will bill they would count every unit twice.
pub(crate) async fn run_inputs(
    env: &Environment,
    of: &ComparisonInputs<'_>,
    rules: &Rules,
) -> Result<RunInputs, AppError> {
    let mut inputs = RunInputs::default();
    let mut billed = BilledSide::default();
    for source in of.sources.iter().filter(|source| source.frozen.side == Side::Agreed) {
        billed.read(env, of, source).await?;
    }
    for source in of.sources.iter().filter(|source| !source.frozen.side.is_billed()) {
        usage::read(env, of, source, rules, &mut billed, &mut inputs).await?;
    }
    inputs.clients = billed.into_clients();
    Ok(inputs)
}

/// Whether something of a source is missing, and nobody knows of which account.
fn is_partial(source: &LoadedSource) -> bool {
    source.frozen.snapshot.is_some() && !source.frozen.read_state.is_complete()
}
