//! Compares a world, and says what came out in the words of its format.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AtStake, InvoicedWhen, ItemFate, LineChange, OutcomeRow, RevenueCoverage, RowFigures, RowKind, RowValue, RunInputs,
    RunTotals, reconcile_run,
};

use super::inputs::{ReadyWorld, WorldRunError};
use super::observed::{ObservedRow, ObservedWorld};
use super::{ExpectedWhen, World, WorldAmounts, WorldRowKind, WorldUpperEnd};

/// Why a stream of worlds came to an end.
#[derive(Debug, thiserror::Error)]
pub enum WorldStreamError {
    /// It could not be read further.
    #[error("the worlds cannot be read")]
    Read(#[source] std::io::Error),
    /// An outcome could not be written.
    #[error("an outcome cannot be written")]
    Write(#[source] std::io::Error),
}

/// The outcome of a world that cannot be used.
#[derive(Serialize)]
struct UnusableWorld<'a> {
    name: &'a str,
    error: String,
}

/// Compares many worlds, one line of JSON each, and writes one line of outcome for each: of a world that cannot be used,
/// why. Answers with how many could not be used.
///
/// # Errors
/// [`WorldStreamError`]; what was written before stays.
pub fn compare_worlds(file: &str, worlds: impl BufRead, mut outcomes: impl Write) -> Result<usize, WorldStreamError> {
    let mut unusable = 0;
    for (number, line) in worlds.lines().enumerate() {
        let line = line.map_err(WorldStreamError::Read)?;
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("{file}:{}", number + 1);
        let (name, outcome) = match World::from_json(&place, &line) {
            Ok(world) => (world.name.clone(), world.outcome().map_err(|error| told(&error))),
            Err(error) => (place.clone(), Err(told(&error))),
        };
        unusable += usize::from(outcome.is_err());
        let written = match &outcome {
            Ok(outcome) => serde_json::to_string(outcome),
            Err(error) => serde_json::to_string(&UnusableWorld { name: &name, error: error.clone() }),
        };
        let written = written.map_err(|error| WorldStreamError::Write(error.into()))?;
        writeln!(outcomes, "{written}").map_err(WorldStreamError::Write)?;
    }
    outcomes.flush().map_err(WorldStreamError::Write)?;
    Ok(unusable)
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl World {
    /// What comes out of the world.
    ///
    /// # Errors
    /// [`WorldRunError`].
    pub fn outcome(&self) -> Result<ObservedWorld, WorldRunError> {
        let ReadyWorld { rules, inputs, context } = self.ready()?;
        let outcome = reconcile_run(&inputs, &rules, &context);
        let clients = outcome
            .clients
            .iter()
            .flat_map(|client| client.rows.iter().map(|row| observed(row, client.client.as_str(), &inputs)));
        let unmapped = outcome.unmapped.iter().map(|account| {
            let account = &inputs.accounts[*account];
            ObservedRow {
                source: Some(inputs.sources[account.source].id.to_string()),
                account: Some(account.id.to_string()),
                ..ObservedRow::new(WorldRowKind::UnmappedAccount)
            }
        });
        let moved = outcome.moved.iter().map(|moved| ObservedRow {
            client: Some(moved.from.to_string()),
            service: moved.services.first().map(|(used, _)| used.service.to_string()),
            to: Some(moved.to.to_string()),
            ..ObservedRow::new(WorldRowKind::Moved)
        });
        Ok(ObservedWorld {
            name: self.name.clone(),
            rows: clients.chain(unmapped).chain(moved).collect(),
            totals: by_currency(&outcome.totals, totals),
            coverage: by_currency(&outcome.coverage, coverage),
        })
    }
}

fn by_currency<T>(amounts: &BTreeMap<Currency, T>, named: fn(&T) -> Vec<(&'static str, Decimal)>) -> WorldAmounts {
    let of = |amounts: &T| named(amounts).into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect();
    amounts.iter().map(|(currency, amounts)| (*currency, of(amounts))).collect()
}

fn totals(totals: &RunTotals) -> Vec<(&'static str, Decimal)> {
    vec![
        ("add", totals.add),
        ("reduce", totals.reduce),
        ("clean_up", totals.clean_up),
        ("not_reconciled_up", totals.not_reconciled_up),
        ("not_reconciled_down", totals.not_reconciled_down),
        ("later_add", totals.later_add),
        ("later_reduce", totals.later_reduce),
    ]
}

fn coverage(coverage: &RevenueCoverage) -> Vec<(&'static str, Decimal)> {
    vec![
        ("compared", coverage.compared),
        ("not_reconciled", coverage.not_reconciled),
        ("flat", coverage.flat),
        ("uncounted", coverage.uncounted),
        ("ignored", coverage.ignored),
    ]
}

fn observed(row: &OutcomeRow, client: &str, inputs: &RunInputs) -> ObservedRow {
    let mut found = ObservedRow {
        client: Some(client.to_owned()),
        service: Some(row.service.to_string()),
        agreement: row.section.clone(),
        billed: Some(row.billed),
        ..ObservedRow::new(kind(row.kind))
    };
    if let Some(compared) = &row.compared {
        found.at_least = Some(compared.at_least);
        found.at_most = Some(compared.at_most.map_or(WorldUpperEnd::Unknown, WorldUpperEnd::Known));
        if let Some(figures) = &compared.figures {
            put_figures(&mut found, figures);
        }
    }
    if let Some(value) = &row.value {
        put_value(&mut found, value, row.kind);
    }
    found.doubts = row.doubts.iter().map(|doubt| doubt.code().to_owned()).collect();
    for (item, fate) in &row.items {
        match fate {
            ItemFate::In => found.items_in.push(inputs.items.id(*item).to_owned()),
            ItemFate::Out(_) => found.items_out.push(inputs.items.id(*item).to_owned()),
            ItemFate::Open(_) => {}
        }
    }
    found
}

fn put_figures(found: &mut ObservedRow, figures: &RowFigures) {
    found.counted = Some(figures.counted);
    found.should_bill = Some(figures.should_bill);
    found.variance = Some(figures.variance);
    found.to_correct = figures.to_correct;
    found.left_alone = figures.left_alone;
    if let Some(ledger) = &figures.ledger {
        found.gross = Some(ledger.gross);
        found.explained = ledger.explained.iter().map(|(reason, units)| (reason.to_string(), *units)).collect();
    }
}

fn put_value(found: &mut ObservedRow, value: &RowValue, kind: RowKind) {
    found.currency = value.currency;
    found.impact = value.impact;
    found.is_estimated = kind.changes_a_bill().then_some(value.is_estimated);
    if let Some((up, down)) = value.stakes {
        found.stake_up = Some(stake(up));
        found.stake_down = Some(stake(down));
    }
    found.when = value.when.map(|when| match when {
        InvoicedWhen::ThisRun => ExpectedWhen::ThisRun,
        InvoicedWhen::Later => ExpectedWhen::Later,
    });
    found.due = value.due;
    found.lines = value.changes.iter().filter_map(change).collect();
}

fn stake(at_stake: AtStake) -> WorldUpperEnd {
    match at_stake {
        AtStake::Known(amount) => WorldUpperEnd::Known(amount),
        AtStake::Unknown => WorldUpperEnd::Unknown,
    }
}

/// A change of a line that stands, such as `L1: 20 -> 21`.
fn change(change: &LineChange) -> Option<String> {
    let (_, line) = change.line.as_ref()?;
    Some(format!("{line}: {} -> {}", change.from.normalize(), change.to.normalize()))
}

fn kind(kind: RowKind) -> WorldRowKind {
    match kind {
        RowKind::Agrees => WorldRowKind::Agrees,
        RowKind::LeftAlone => WorldRowKind::LeftAlone,
        RowKind::Underbilled => WorldRowKind::Underbilled,
        RowKind::UnbilledUsage => WorldRowKind::UnbilledUsage,
        RowKind::Overbilled => WorldRowKind::Overbilled,
        RowKind::BilledWithoutUsage => WorldRowKind::BilledWithoutUsage,
        RowKind::EndedAgreementInUse => WorldRowKind::EndedAgreementInUse,
        RowKind::AgreementEnding => WorldRowKind::AgreementEnding,
        RowKind::NotReconciled => WorldRowKind::NotReconciled,
        RowKind::UncountedLine => WorldRowKind::UncountedLine,
        RowKind::Flat => WorldRowKind::Flat,
        RowKind::Ignored => WorldRowKind::Ignored,
        RowKind::Listed => WorldRowKind::Listed,
        RowKind::Internal => WorldRowKind::Internal,
    }
}
