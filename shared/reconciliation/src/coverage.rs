//! What was read, what was compared with it, and one finding for each source that was not read.

use std::collections::BTreeSet;

use truecount_billing::ClientId;

use crate::{
    AccountNo, Confidence, Finding, FindingKind, NextStep, Reconciler, SourceCoverage, SourceNo,
    compare::Judge,
    finish::{Found, state_in_words},
    order::exception_id,
    reconciler::{AccountEntry, Decision, SourceEntry},
    unread::Unread,
};

/// Comparisons by source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SourceCounts {
    pub(crate) compared: u64,
    pub(crate) not_reconciled: u64,
}

/// A row for each source, by its id.
pub(crate) fn coverage(books: &Reconciler, found: &Found) -> Vec<SourceCoverage> {
    let mut rows: Vec<SourceCoverage> =
        books.sources.iter().zip(&found.counts).map(|(source, counts)| row(source, counts)).collect();
    let whole = |(number, _): &(AccountNo, &AccountEntry)| !books.parts.contains(number);
    for (_, account) in (0_u32..).map(AccountNo).zip(&books.accounts).filter(whole) {
        let row = &mut rows[usize::from(account.source.0)];
        row.accounts += 1;
        row.accounts_incomplete += u64::from(account.unread.is_some());
        row.accounts_mapped += u64::from(is_mapped(account));
        row.accounts_ignored += u64::from(matches!(account.decision, Decision::Ignored));
    }
    let all = found.counts.iter().fold((0, 0), |sum, one| (sum.0 + one.compared, sum.1 + one.not_reconciled));
    if let Some(billed) = rows.iter_mut().find(|row| row.side.is_billed()) {
        billed.accounts = books.clients.iter().filter(|client| client.is_known).count() as u64;
        billed.accounts_incomplete =
            books.clients.iter().filter(|client| !client.read_state.is_complete()).count() as u64;
        billed.accounts_mapped = billed.accounts;
        billed.items = books.line_count;
        (billed.compared, billed.not_reconciled) = all;
    }
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    rows
}

/// Everything in it is somebody's.
fn is_mapped(account: &AccountEntry) -> bool {
    match &account.decision {
        Decision::Confirmed(..) => true,
        Decision::Split(_) => account.items.sums().0.is_empty(),
        _ => false,
    }
}

fn row(entry: &SourceEntry, counts: &SourceCounts) -> SourceCoverage {
    SourceCoverage {
        source: entry.status.source.clone(),
        source_kind: entry.status.connector.clone(),
        side: entry.status.side,
        state: entry.status.read_state.clone(),
        as_of: entry.status.synced_on,
        receipt: entry.status.receipt.clone(),
        accounts: 0,
        accounts_incomplete: 0,
        accounts_mapped: 0,
        accounts_ignored: 0,
        items: entry.item_count,
        compared: counts.compared,
        not_reconciled: counts.not_reconciled,
    }
}

/// One finding for each source that cannot be used, each that a rule needs and that is not there, and the PSA's.
pub(crate) fn unread_sources(books: &Reconciler, judge: &Judge<'_>, found: &mut Found) {
    let numbers = (0_u16..).map(SourceNo).zip(&books.sources);
    for (number, entry) in numbers.filter(|(_, entry)| !entry.is_usable()) {
        let count = if entry.status.side.is_billed() {
            found.counts.iter().map(|one| one.not_reconciled).sum()
        } else {
            found.counts[usize::from(number.0)].not_reconciled
        };
        let mut reason = books.source_in_words(number);
        if count > 0 {
            reason.push_str(&format!("; {count} {} not made", plural(count, "comparison was", "comparisons were")));
        }
        found.findings.push(blank(judge, &entry.status.source, NextStep::FixSource, reason));
    }
    let mut missing: Vec<_> = books.rules.rules().iter().map(|rule| &rule.source).collect();
    missing.sort();
    missing.dedup();
    for source in missing.into_iter().filter(|source| books.find_source(source).is_none()) {
        let reason = format!("rules count in `{source}`, which is not among the sources of this run");
        found.findings.push(blank(judge, source, NextStep::FixRule, reason));
    }
    if judge.billed_unread == Some(Unread::Billed(None)) {
        let reason = "no PSA is among the sources of this run".to_owned();
        let mut finding = blank_of(judge, NextStep::FixSource, reason);
        finding.exception_id = exception_id(&["", "billed", "none"]);
        found.findings.push(finding);
    }
}

/// One finding for each client whose lines were not read and of whom no comparison says so: what is billed to it is
/// unknown, and nothing that it uses is there to be compared.
pub(crate) fn unread_clients(books: &Reconciler, judge: &Judge<'_>, found: &mut Found) {
    if judge.billed_unread.is_some() {
        return;
    }
    let psa = books.sources.iter().find(|source| source.status.side.is_billed());
    let named: BTreeSet<ClientId> = found.named_clients.drain(..).collect();
    let unread = books.clients.iter().filter(|client| !client.read_state.is_complete() && !named.contains(&client.id));
    for client in unread {
        let words = state_in_words(&client.read_state);
        let reason = format!("the client's billed lines were not read ({words})");
        found.findings.push(Finding {
            exception_id: exception_id(&["client", client.id.as_str(), "none"]),
            client_id: Some(client.id.clone()),
            client_name: client.name.to_string(),
            source: psa.map(|psa| psa.status.source.clone()),
            ..blank_of(judge, NextStep::FixSource, reason)
        });
    }
}

fn blank(judge: &Judge<'_>, source: &truecount_billing::SourceId, step: NextStep, reason: String) -> Finding {
    let mut finding = blank_of(judge, step, reason);
    finding.exception_id = exception_id(&["source", source.as_str(), "none"]);
    finding.confidence.freshness = judge.books.freshness(source);
    finding.counted_on = judge.books.synced_on(source);
    finding.source = Some(source.clone());
    finding
}

/// A finding about something that could not be compared, with nothing filled in.
pub(crate) fn blank_of(judge: &Judge<'_>, next_step: NextStep, reason: String) -> Finding {
    Finding {
        exception_id: String::new(),
        kind: FindingKind::NotReconciled,
        client_id: None,
        client_name: String::new(),
        source: None,
        account_id: None,
        account_name: None,
        rule_id: None,
        product_code: None,
        counted: None,
        billed: None,
        should_bill: None,
        variance: None,
        unit_price: None,
        monthly_impact: None,
        currency: None,
        value_basis: None,
        confidence: Confidence { mapping: 100, completeness: 0, freshness: 100, count_basis: 100, price_basis: 40 },
        next_step,
        count_day: judge.books.options.count_day,
        counted_on: None,
        service_period: judge.period,
        next_invoice_date: None,
        reason,
    }
}

pub(crate) fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
