//! What a run compares, read from what it has frozen: snapshots, mappings, the words that sources have said. Items go into
//! columns account by account; never are all of them held as they were stored.
//!
//! Deliberately absent: any decision about a count. What is not known is handed on as not known.

mod billed;
mod earlier;
mod lines;
mod may_be;
mod nones;
#[cfg(test)]
mod tests;
mod usage;
mod words;

use std::collections::BTreeMap;

use jiff::civil::Date;
use truecount_billing::{CountDay, Currency, IdError, Side};
use truecount_reconciliation::{BilledClient, RunContext, RunInputs, SourceReading};
use truecount_store::{InputWriter, Run};

use self::billed::BilledSide;
use super::{Comparison, LoadedSource, MappingsInForce, NonesInForce};
use crate::{AppError, Config, Environment};

/// The code that stands for no currency at all: of money in a run that names none anywhere.
const NO_CURRENCY: &str = "XXX";

/// What is compared.
pub(crate) struct ComparisonInputs<'a> {
    pub(crate) config: &'a Config,
    pub(crate) count_day: CountDay,
    /// The day on which the next month is closed.
    pub(crate) next_closing: Date,
    pub(crate) sources: &'a [LoadedSource],
    pub(crate) mappings: &'a MappingsInForce,
    pub(crate) nones: &'a NonesInForce,
    /// The run whose inputs are stored; `None`: nothing is.
    pub(crate) run: Option<&'a Run>,
}

impl<'a> Comparison<'a> {
    /// Reads what is compared. Invoices are not: beside what agreements will bill they would count every unit twice.
    pub(crate) async fn read(env: &Environment, of: &ComparisonInputs<'a>) -> Result<Self, AppError> {
        let (mut inputs, mut mappings) = (RunInputs::default(), BTreeMap::new());
        let mut billed = BilledSide::default();
        for source in of.sources.iter().filter(|source| source.frozen.side == Side::Agreed) {
            billed.read(env, of, source).await?;
        }
        for source in of.sources.iter().filter(|source| !source.frozen.side.is_billed()) {
            let found = usage::read(env, of, source, &mut billed, &mut inputs).await?;
            mappings.insert(source.frozen.source.clone(), found);
        }
        let (clients, known) = billed.into_clients();
        inputs.clients = clients;
        let rules = &of.config.rules;
        let home_currency = rules.currency().map_or_else(|| most_used(&inputs.clients), Ok);
        let home_currency = home_currency.map_err(|error| AppError::damaged(NO_CURRENCY, error))?;
        let context = RunContext { count_day: of.count_day.0, next_closing: of.next_closing, home_currency };
        Ok(Self { rules, context, inputs, clients: known, mappings })
    }
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

/// How far each source was read, by id.
pub(crate) fn source_readings(sources: &[LoadedSource]) -> Vec<SourceReading> {
    let reading = |LoadedSource { frozen, accounts }: &LoadedSource| SourceReading {
        source: frozen.source.clone(),
        source_kind: frozen.connector.clone(),
        side: frozen.side,
        state: frozen.read_state.clone(),
        as_of: frozen.as_of,
        last_failure: frozen.last_failure,
        receipt: frozen.receipt.clone(),
        accounts: accounts.len() as u64,
        accounts_incomplete: accounts.iter().filter(|one| !one.account.read_state.is_complete()).count() as u64,
    };
    let mut readings: Vec<_> = sources.iter().map(reading).collect();
    readings.sort_by(|a, b| a.source.cmp(&b.source));
    readings
}

/// Whether something of a source is missing, and nobody knows of which account.
fn is_partial(source: &LoadedSource) -> bool {
    source.frozen.snapshot.is_some() && !source.frozen.read_state.is_complete()
}

/// Stores what is read of a source: not without a run, nor where the source has no snapshot.
fn input_writer<'a>(env: &'a Environment, of: &ComparisonInputs<'a>, source: &'a LoadedSource) -> InputWriter<'a> {
    let run = of.run.filter(|_| source.frozen.snapshot.is_some());
    InputWriter::new(&env.store, run, &source.frozen.source)
}
