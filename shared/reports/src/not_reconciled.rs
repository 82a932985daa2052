//! What was not reconciled and why, for the summary: one entry per source, with the clients it concerns.
//!
//! How many comparisons that are is counted in the reconciliation, not here. A source that was not read completely is
//! always named, also where no comparison needed it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{ReadState, SourceId};
use truecount_reconciliation::{Finding, FindingKind, Reconciliation, SourceCoverage};

use crate::{
    ReportInput, label,
    summary::{TextTarget, foreign},
};

/// How many sources are named.
const SOURCES_MAX: usize = 6;
/// How many clients are named beside each.
const CLIENTS_MAX: usize = 5;

/// What is unknown, and why.
pub(crate) struct NotReconciled {
    pub(crate) title: String,
    /// What that means, as a sentence.
    pub(crate) meaning: &'static str,
    /// As in the subject: `3 not reconciled`.
    pub(crate) short: String,
    pub(crate) sources: Vec<IncompleteSource>,
    /// `2 more sources in coverage.csv`.
    pub(crate) more: Option<String>,
}

/// One source that was not read completely, or that something could not be reconciled with.
pub(crate) struct IncompleteSource {
    pub(crate) name: String,
    pub(crate) reason: String,
    /// The first clients it concerns, and how many more.
    pub(crate) clients: Option<String>,
}

impl NotReconciled {
    /// `None`: everything was read, and everything was compared.
    pub(crate) fn of(input: &ReportInput<'_>, target: TextTarget) -> Option<Self> {
        let reconciliation = input.reconciliation;
        let mut by_source: BTreeMap<Option<&SourceId>, Vec<&Finding>> = BTreeMap::new();
        for finding in reconciliation.of_kind(FindingKind::NotReconciled) {
            by_source.entry(finding.source.as_ref()).or_default().push(finding);
        }
        let mut sources = Vec::new();
        for coverage in &reconciliation.coverage {
            let found = by_source.remove(&Some(&coverage.source)).unwrap_or_default();
            sources.extend(IncompleteSource::of(coverage, &found, reconciliation, target));
        }
        for (source, found) in by_source {
            let reason = reasons(&found).unwrap_or_default();
            let name = source.map_or("no source", SourceId::as_str);
            sources.push(IncompleteSource::new(name, &reason, clients(&found), target));
        }
        if sources.is_empty() {
            return None;
        }
        let (title, meaning, short) = headline(reconciliation.not_reconciled, sources.len() as u64);
        let more = sources.len().saturating_sub(SOURCES_MAX) as u64;
        sources.truncate(SOURCES_MAX);
        let more = (more > 0).then(|| format!("{} in coverage.csv", label::count(more, "more source", "more sources")));
        Some(Self { title, meaning, short, sources, more })
    }
}

/// Title, meaning and the subject's words.
fn headline(comparisons: u64, sources: u64) -> (String, &'static str, String) {
    if comparisons == 0 {
        let title = label::count(sources, "source not read completely", "sources not read completely");
        return (title.clone(), "What it would have shown is unknown.", title);
    }
    let title = format!("{} not reconciled", label::count(comparisons, "comparison", "comparisons"));
    let short = format!("{} not reconciled", label::quantity(Decimal::from(comparisons)));
    (title, "Unknown: not zero, and in no total.", short)
}

impl IncompleteSource {
    fn of(
        coverage: &SourceCoverage,
        found: &[&Finding],
        reconciliation: &Reconciliation,
        target: TextTarget,
    ) -> Option<Self> {
        let state = source_state(coverage);
        let accounts = accounts_not_read(coverage);
        if state.is_none() && accounts.is_none() && found.is_empty() {
            return None;
        }
        let reason: Vec<_> = accounts.into_iter().chain(state.or_else(|| reasons(found))).collect();
        let rows = reconciliation.comparisons.iter();
        let rows = rows.filter(|row| row.kind == Some(FindingKind::NotReconciled) && row.source == coverage.source);
        let mut clients = clients(found);
        clients.extend(rows.map(|row| row.client_name.as_str()));
        Some(Self::new(coverage.source.as_str(), &reason.join("; "), clients, target))
    }

    fn new(name: &str, reason: &str, clients: BTreeSet<&str>, target: TextTarget) -> Self {
        let named: Vec<_> = clients.iter().take(CLIENTS_MAX).map(|client| foreign(target, client, 32)).collect();
        let more = match clients.len().saturating_sub(CLIENTS_MAX) as u64 {
            0 => String::new(),
            more => format!(" and {} more", label::quantity(Decimal::from(more))),
        };
        Self {
            name: foreign(target, name, 40),
            reason: foreign(target, reason, 280),
            clients: (!named.is_empty()).then(|| format!("{}{more}", named.join(", "))),
        }
    }
}

/// Why a whole source cannot be relied on.
fn source_state(coverage: &SourceCoverage) -> Option<String> {
    match &coverage.state {
        ReadState::Complete => coverage.as_of.is_none().then(|| "no usable sync".to_owned()),
        ReadState::Partial(reason) => Some(format!("read in part: {reason}")),
        ReadState::Failed(reason) => Some(format!("not read: {reason}")),
        ReadState::Doubtful(reason) => Some(format!("doubtful: {reason}")),
    }
}

/// How many accounts are missing; `None` also where the whole source is, because its own state says more.
fn accounts_not_read(coverage: &SourceCoverage) -> Option<String> {
    let is_psa = coverage.side.is_billed();
    let (one, many) = if is_psa { ("client", "clients") } else { ("vendor account", "vendor accounts") };
    let is_whole = coverage.accounts_incomplete >= coverage.accounts && source_state(coverage).is_some();
    let all = label::count(coverage.accounts, one, many);
    let incomplete = label::quantity(Decimal::from(coverage.accounts_incomplete));
    (coverage.accounts_incomplete > 0 && !is_whole).then(|| format!("{incomplete} of {all} not read completely"))
}

/// The first reason, and how many others there are.
fn reasons(found: &[&Finding]) -> Option<String> {
    let reasons: BTreeSet<_> = found.iter().map(|finding| finding.reason.as_str()).collect();
    let first = *reasons.first()?;
    Some(match reasons.len() as u64 - 1 {
        0 => first.to_owned(),
        more => format!("{first} (and {})", label::count(more, "other reason", "other reasons")),
    })
}

fn clients<'a>(found: &[&'a Finding]) -> BTreeSet<&'a str> {
    found.iter().map(|finding| finding.client_name.as_str()).filter(|name| !name.is_empty()).collect()
}
