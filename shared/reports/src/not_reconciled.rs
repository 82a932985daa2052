//! What was not reconciled and why, for the summary: a part per source, named, with the clients it touches.
//!
//! A source that was not read is never silent here, also where no comparison hangs on it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{ReadState, SourceId};
use truecount_reconciliation::{Finding, FindingKind, Reconciliation, SourceCoverage};

use crate::{
    ReportInput, label,
    summary::{Target, foreign},
};

/// How many sources are named.
const GAPS_MAX: usize = 6;
/// How many clients are named beside each.
const CLIENTS_MAX: usize = 5;

/// What is unknown, and why.
pub(crate) struct NotReconciled {
    pub(crate) title: String,
    /// What that means, as a sentence.
    pub(crate) meaning: &'static str,
    /// As in the subject: `3 not reconciled`.
    pub(crate) short: String,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) more: Option<String>,
}

/// One source.
pub(crate) struct Gap {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) clients: Option<String>,
}

impl NotReconciled {
    /// `None`: everything was read, and everything compared.
    pub(crate) fn of(input: &ReportInput<'_>, medium: Target) -> Option<Self> {
        let reconciliation = input.reconciliation;
        let mut by_source: BTreeMap<Option<&SourceId>, Vec<&Finding>> = BTreeMap::new();
        for finding in reconciliation.of_kind(FindingKind::NotCompared) {
            by_source.entry(finding.source.as_ref()).or_default().push(finding);
        }
        let mut gaps = Vec::new();
        for coverage in &reconciliation.coverage {
            let found = by_source.remove(&Some(&coverage.source)).unwrap_or_default();
            gaps.extend(Gap::of_source(coverage, &found, reconciliation, medium));
        }
        for (source, found) in by_source {
            let why = reasons(&found).unwrap_or_default();
            gaps.push(Gap::new(source.map_or("no source", SourceId::as_str), &why, clients(&found), medium));
        }
        if gaps.is_empty() {
            return None;
        }
        let (title, meaning, short) = match not_compared_count(reconciliation) {
            0 => {
                let title =
                    label::count(gaps.len() as u64, "source not read completely", "sources not read completely");
                (title.clone(), "What it would have told is unknown.", title)
            }
            number => {
                let title = format!("{} not reconciled", label::count(number, "comparison", "comparisons"));
                let short = format!("{} not reconciled", label::quantity(Decimal::from(number)));
                (title, "Unknown: not zero, and in no total.", short)
            }
        };
        let more = gaps.len().saturating_sub(GAPS_MAX) as u64;
        gaps.truncate(GAPS_MAX);
        let more = (more > 0).then(|| format!("{} more in coverage.csv", label::count(more, "source", "sources")));
        Some(Self { title, meaning, short, gaps, more })
    }
}

/// Comparisons that were not made: as counted by source, or as listed, whichever knows of more.
fn not_compared_count(reconciliation: &Reconciliation) -> u64 {
    let usage = reconciliation.coverage.iter().filter(|coverage| !coverage.side.is_billed());
    let counted = usage.map(|coverage| coverage.not_compared_count).sum::<u64>();
    let listed = reconciliation.comparisons.iter().filter(|row| row.kind == Some(FindingKind::NotCompared)).count();
    let found = reconciliation.of_kind(FindingKind::NotCompared).filter(|finding| finding.client_id.is_some()).count();
    counted.max(listed as u64).max(found as u64)
}

impl Gap {
    fn of_source(
        coverage: &SourceCoverage,
        found: &[&Finding],
        reconciliation: &Reconciliation,
        medium: Target,
    ) -> Option<Self> {
        let state = source_state(coverage);
        let accounts = accounts_not_read(coverage);
        if state.is_none() && accounts.is_none() && found.is_empty() {
            return None;
        }
        let why: Vec<_> = accounts.into_iter().chain(state.or_else(|| reasons(found))).collect();
        let rows = reconciliation.comparisons.iter();
        let rows = rows.filter(|row| row.kind == Some(FindingKind::NotCompared) && row.source == coverage.source);
        let mut clients = clients(found);
        clients.extend(rows.map(|row| row.client_name.as_str()));
        Some(Self::new(coverage.source.as_str(), &why.join("; "), clients, medium))
    }

    fn new(name: &str, why: &str, clients: BTreeSet<&str>, medium: Target) -> Self {
        let named: Vec<_> = clients.iter().take(CLIENTS_MAX).map(|client| foreign(medium, client, 32)).collect();
        let more = match clients.len().saturating_sub(CLIENTS_MAX) as u64 {
            0 => String::new(),
            more => format!(" and {} more", label::quantity(Decimal::from(more))),
        };
        Self {
            name: foreign(medium, name, 40),
            why: foreign(medium, why, 200),
            clients: (!named.is_empty()).then(|| format!("{}{more}", named.join(", "))),
        }
    }
}

/// Why a whole source cannot be relied on.
fn source_state(coverage: &SourceCoverage) -> Option<String> {
    match &coverage.read_state {
        ReadState::Complete => coverage.synced_on.is_none().then(|| "no sync that may be used".to_owned()),
        ReadState::Partial(reason) => Some(format!("read in part: {reason}")),
        ReadState::Failed(reason) => Some(format!("not read: {reason}")),
        ReadState::Doubtful(reason) => Some(format!("doubtful: {reason}")),
    }
}

/// How many accounts are missing; nothing where the whole source is, which says more.
fn accounts_not_read(coverage: &SourceCoverage) -> Option<String> {
    let (one, many) =
        if coverage.side.is_billed() { ("client", "clients") } else { ("vendor organization", "vendor organizations") };
    let is_whole = coverage.account_incomplete_count >= coverage.account_count && source_state(coverage).is_some();
    let of = label::count(coverage.account_count, one, many);
    let incomplete = label::quantity(Decimal::from(coverage.account_incomplete_count));
    (coverage.account_incomplete_count > 0 && !is_whole).then(|| format!("{incomplete} of {of} not read completely"))
}

/// The first reason, and how many others there are.
fn reasons(found: &[&Finding]) -> Option<String> {
    let reasons: BTreeSet<_> = found.iter().map(|finding| without_title(&finding.reason)).collect();
    let first = *reasons.first()?;
    Some(match reasons.len() as u64 - 1 {
        0 => first.to_owned(),
        more => format!("{first} (and {})", label::count(more, "other reason", "other reasons")),
    })
}

/// The part's title says that already.
fn without_title(reason: &str) -> &str {
    reason.strip_prefix("not reconciled: ").unwrap_or(reason)
}

fn clients<'a>(found: &[&'a Finding]) -> BTreeSet<&'a str> {
    found.iter().map(|finding| finding.client_name.as_str()).filter(|name| !name.is_empty()).collect()
}
