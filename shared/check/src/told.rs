//! What a comparison by the rules language came to: the exceptions in order, the totals, and the files.

use std::{collections::BTreeMap, path::Path};

use truecount_billing::CountDay;
use truecount_reconciliation::{ClientRecord, PortfolioRecord, RowKind, SetupFinding, SourceReadWord, SourceReading};
use truecount_reports::{ExceptionRow, Exceptions};

use super::{CheckError, CheckOutcome, findings::add_up, output};

/// What a comparison came to, as it is told.
pub(super) struct Told<'a> {
    pub(super) clients: &'a [ClientRecord],
    pub(super) portfolio: &'a PortfolioRecord,
    pub(super) readings: &'a [SourceReading],
    pub(super) setup: &'a [SetupFinding],
}

/// Puts the exceptions in order, and writes the files if a folder is named.
pub(super) fn tell(
    told: &Told<'_>,
    out: Option<&Path>,
    as_of: CountDay,
) -> Result<(CheckOutcome, Vec<ExceptionRow>), CheckError> {
    let Told { clients, portfolio, readings, setup } = *told;
    let mut exceptions = Exceptions::new(portfolio.home_currency);
    clients.iter().for_each(|client| exceptions.client(client));
    readings.iter().for_each(|reading| exceptions.source(reading));
    let rows = exceptions.finish(portfolio);
    let mut kinds = BTreeMap::new();
    rows.iter().for_each(|row| *kinds.entry(row.kind).or_default() += 1);
    // What no rule counts, or what ends, changes no bill.
    let changes = rows.iter().filter(|row| row.at_stake().is_none());
    let totals = add_up(changes.filter_map(|row| row.currency.zip(row.monthly_impact)));
    let is_used = |source: &SourceReadWord| *source == SourceReadWord::Used;
    let not_reconciled = portfolio.rows.get(&RowKind::NotReconciled).copied().unwrap_or_default();
    let is_complete = not_reconciled == 0 && portfolio.sources.iter().all(|source| is_used(&source.read));
    let write = |take: &mut output::TakeRow<'_>| rows.iter().try_for_each(take);
    let written = out.map(|out| output::write((out, as_of), write, setup)).transpose()?;
    Ok((CheckOutcome { kinds, not_reconciled, is_complete, totals, setup_findings: setup.len() as u64, written }, rows))
}
