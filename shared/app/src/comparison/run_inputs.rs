//! What is compared, made ready for the reconciliation: accounts with their items, mappings, the words that sources have
//! said. Items go into columns account by account; never are all of them held as they were stored.
//!
//! Deliberately absent: any decision about a count (what is not known is handed on as not known), and the store: whatever
//! is read here comes from [`ComparisonInputs`], so that a run can use nothing that it has not frozen.

mod billed;
mod days;
mod nones;
#[cfg(test)]
mod tests;
mod usage;
mod whose;
mod words;

use std::collections::BTreeMap;

use jiff::civil::Date;
use truecount_billing::{CountDay, Side};
use truecount_reconciliation::{
    ActionsInForce, BaselineState, NO_CURRENCY, ReportWeights, RunContext, RunInputs, Scope, SourceReading,
    home_currency,
};
use truecount_rules::Rules;
use truecount_store::FrozenSource;

use self::billed::BilledSide;
use self::whose::Whose;
use super::{AccountsFrom, Comparison, LoadedSource, MappingsInForce, NonesInForce, WordsOnDay};
use crate::{AppError, Config, Environment, MappingSettings};

/// What is compared.
pub(crate) struct ComparisonInputs<'a> {
    pub(crate) rules: &'a Rules,
    /// Which mappings count without a decision.
    pub(crate) mapping: &'a MappingSettings,
    /// What weighs how much in a report.
    pub(crate) weights: &'a ReportWeights,
    pub(crate) count_day: CountDay,
    /// The day on which the next month is closed.
    pub(crate) next_closing: Date,
    pub(crate) sources: &'a [FrozenSource],
    pub(crate) accounts: AccountsFrom<'a>,
    pub(crate) words: &'a WordsOnDay,
    pub(crate) mappings: &'a MappingsInForce,
    pub(crate) nones: &'a NonesInForce,
    /// What people decided about exceptions.
    pub(crate) actions: &'a ActionsInForce,
    /// Where the run stands to the accepted baseline; `None`: nobody asks.
    pub(crate) baseline: Option<BaselineState>,
    /// What is looked at; `None`: all.
    pub(crate) scope: Option<&'a Scope>,
}

/// What decisions and words there are, where nobody asks for them.
static NO_WORDS: WordsOnDay = WordsOnDay::new();
static NO_MAPPINGS: MappingsInForce = MappingsInForce::new();
static NO_NONES: NonesInForce = NonesInForce::new();
static NO_ACTIONS: ActionsInForce = ActionsInForce::none();

impl<'a> ComparisonInputs<'a> {
    /// Syncs by today's settings, without a run: no words, and nothing that somebody decided.
    pub(crate) fn of_syncs(env: &'a Environment, config: &'a Config, sources: &'a [FrozenSource], day: Date) -> Self {
        Self {
            rules: &config.rules,
            mapping: &config.settings.mapping,
            weights: &config.settings.weights,
            count_day: CountDay(day),
            next_closing: config.settings.closing.next_after(day),
            sources,
            accounts: AccountsFrom::Snapshots(&env.store),
            words: &NO_WORDS,
            mappings: &NO_MAPPINGS,
            nones: &NO_NONES,
            actions: &NO_ACTIONS,
            baseline: None,
            scope: config.settings.scope.as_ref(),
        }
    }
}

impl<'a> Comparison<'a> {
    /// Reads what is compared. Invoices are not: beside what agreements will bill they would count every unit twice.
    pub(crate) async fn read(of: &ComparisonInputs<'a>) -> Result<Self, AppError> {
        let (mut inputs, mut mappings, mut candidates) = (RunInputs::default(), BTreeMap::new(), BTreeMap::new());
        let (mut billed, mut sources) = (BilledSide::default(), Vec::new());
        let of_side = |wanted: fn(Side) -> bool| of.sources.iter().filter(move |source| wanted(source.side));
        for source in of_side(|side| side == Side::Agreed) {
            sources.push(billed.read(of, source).await?);
        }
        let mut usage = Vec::new();
        for source in of_side(|side| !side.is_billed()) {
            usage.push(usage::read(of, source, &mut inputs).await?);
        }
        let lists: Vec<_> = usage.iter().map(|read| &read.loaded).collect();
        let whose = Whose::of(of, &lists, &billed.known);
        for (read, whose) in usage.into_iter().zip(whose) {
            let loaded = usage::add(of, read, &whose, &mut billed, &mut inputs);
            mappings.insert(loaded.frozen.source.clone(), whose.mappings);
            candidates.insert(loaded.frozen.source.clone(), whose.candidates);
            sources.push(loaded);
        }
        for source in of_side(|side| side == Side::Invoiced) {
            sources.push(listed(of, source).await?);
        }
        let (clients, known) = billed.into_clients();
        inputs.clients = clients;
        let home_currency = home_currency(of.rules.currency(), &inputs.clients);
        let home_currency = home_currency.map_err(|error| AppError::damaged(NO_CURRENCY, error))?;
        let context = RunContext { count_day: of.count_day.0, next_closing: of.next_closing, home_currency };
        let (rules, weights, actions) = (of.rules, of.weights.clone(), of.actions);
        let (clients, baseline, scope) = (known, of.baseline.clone(), of.scope);
        Ok(Self { rules, context, weights, actions, baseline, scope, inputs, sources, clients, mappings, candidates })
    }
}

/// A source of which nothing but the list is looked at.
async fn listed(of: &ComparisonInputs<'_>, source: &FrozenSource) -> Result<LoadedSource, AppError> {
    let (mut reader, mut accounts) = (of.accounts.of(source), Vec::new());
    while let Some(group) = reader.next_group().await? {
        accounts.extend(group.into_iter().map(|account| account.listed));
    }
    Ok(LoadedSource { frozen: source.clone(), accounts })
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
        unread_since: frozen.unread_since,
        receipt: frozen.receipt.clone(),
        accounts: accounts.len() as u64,
        accounts_incomplete: accounts.iter().filter(|one| !one.account.read_state.is_complete()).count() as u64,
    };
    let mut readings: Vec<_> = sources.iter().map(reading).collect();
    readings.sort_by(|a, b| a.source.cmp(&b.source));
    readings
}

/// Whether something of a source is missing, and nobody knows of which account.
fn is_partial(source: &FrozenSource) -> bool {
    source.snapshot.is_some() && !source.read_state.is_complete()
}
