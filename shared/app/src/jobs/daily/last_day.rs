//! What has become of a closing by the last working day before its invoices: which of the changes that it asked for stand
//! in the PSA, and which lines changed beside them. By the newest sync of the PSA, held against the closing's own.

mod lines;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency, Side};
use truecount_reconciliation::{Absence, ClientRecord, InvoicedWhen, OutcomeLine};
use truecount_reports::{AskedChange, ClosingReadiness, Counted, LastDayReview, LineChangeSince, Notice};
use truecount_store::{FrozenRun, Run, SnapshotManifest};

use self::lines::{Asked, Became, ComparedLines, SeenLines};
use super::readiness::unread_of;
use crate::comparison::load_actions;
use crate::schedule::closing_run;
use crate::stored_outcome::outcome_of;
use crate::{AppError, Config, Environment};

/// How many changes of each kind are named.
const NAMED_MAX: usize = 10;

/// What is said on the last working day; `None`: the month has no closing run of which more than totals are kept.
pub(super) async fn review(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
) -> Result<Option<Notice>, AppError> {
    let Some(run) = closing_run(&env.store, month).await?.filter(|run| run.outcome_sha256.is_some()) else {
        return Ok(None);
    };
    let (calendar, today) = (&config.settings.closing, config.settings.today(env));
    let mut review = LastDayReview {
        month,
        invoice_date: calendar.invoice_date(month),
        closed_on: calendar.day_at(run.manifest.created_at),
        read_on: None,
        done: Counted::default(),
        open: Counted::default(),
        otherwise: Counted::default(),
        unknown: Counted::default(),
        since: Counted::default(),
        unread: ClosingReadiness::default(),
    };
    let frozen_run = FrozenRun::open(run.folder(&env.store)).await?;
    let psa = frozen_run.manifest.sources.iter().find(|source| source.side == Side::Agreed);
    let Some(psa) = psa.filter(|psa| psa.snapshot.is_some()) else { return Ok(Some(Notice::LastDay(review))) };
    review.unread = unread_of(env, config, month, &psa.source).await?;
    let newest = SnapshotManifest::newest(&env.store, &psa.source, today).await?;
    let is_newer = |newest: &SnapshotManifest| {
        Some(newest.id.as_of) > psa.as_of || psa.content_sha256.as_ref() != Some(&newest.content_sha256)
    };
    let Some(newest) = newest.filter(is_newer) else { return Ok(Some(Notice::LastDay(review))) };
    review.read_on = Some(newest.id.as_of);
    let lines = ComparedLines {
        before: SeenLines::frozen(&frozen_run, psa, review.invoice_date).await?,
        now: SeenLines::synced(env, &newest, review.invoice_date).await?,
        rules: &config.rules,
    };
    fill(&mut review, &Box::pin(clients(env, &run, today)).await?, &lines);
    Ok(Some(Notice::LastDay(review)))
}

/// The clients of a run, with what was decided about their exceptions by today: most decisions come after the closing.
async fn clients(env: &Environment, run: &Run, today: Date) -> Result<Vec<ClientRecord>, AppError> {
    let stored = outcome_of(env, run).await?;
    let (in_force, at) = (load_actions(&env.store).await?, (run.manifest.month, today));
    let mut clients = Vec::new();
    for line in stored.lines() {
        if let OutcomeLine::Client(mut client) = line? {
            client.rows.iter_mut().for_each(|row| row.action = None);
            in_force.put_to(&mut client, at, |_| Absence::Unknown);
            clients.push(*client);
        }
    }
    Ok(clients)
}

/// Sorts what was asked for by what became of it, the highest impact first, and what else changed by line.
fn fill(review: &mut LastDayReview, clients: &[ClientRecord], lines: &ComparedLines<'_>) {
    let asked: Vec<_> = clients.iter().flat_map(asked).collect();
    let mut told = BTreeSet::new();
    let mut sorted: BTreeMap<Became, Vec<AskedChange>> = BTreeMap::new();
    for (change, became) in asked.iter().zip(lines.became(&asked, &mut told)) {
        sorted.entry(became).or_default().push(asked_change(change));
    }
    let mut by_impact = |became| {
        let mut changes = sorted.remove(&became).unwrap_or_default();
        changes.sort_by_key(|change| std::cmp::Reverse(change.monthly_impact.map(|(_, amount)| amount.abs())));
        Counted::of(changes, NAMED_MAX)
    };
    review.done = by_impact(Became::Done);
    review.open = by_impact(Became::Open);
    review.otherwise = by_impact(Became::Otherwise);
    review.unknown = by_impact(Became::Unknown);
    let names: BTreeMap<_, _> = clients.iter().map(|client| (&client.client_id, &client.client_name)).collect();
    let since = lines.changed_beside(&told).into_iter().map(|change| LineChangeSince {
        client_name: names.get(change.client).map_or_else(|| change.client.to_string(), |name| (*name).clone()),
        product: change.product.to_string(),
        from: change.from,
        to: change.to,
        by: change.by.into_iter().map(str::to_owned).collect(),
    });
    review.since = Counted::of(since, NAMED_MAX);
}

/// The changes that a closing asks for on its own invoices, of exceptions that nobody has set aside.
fn asked(client: &ClientRecord) -> impl Iterator<Item = Asked<'_>> {
    let rows = client.rows.iter().filter(|row| row.kind.changes_a_bill() && !row.is_set_aside());
    let changes = rows.flat_map(move |row| row.changes.iter().map(move |change| Asked { client, row, change }));
    changes.filter(|asked| asked.change.invoiced == InvoicedWhen::ThisRun)
}

fn asked_change(asked: &Asked<'_>) -> AskedChange {
    let Asked { client, row, change } = asked;
    let monthly_impact: Option<(Currency, Decimal)> = row.currency.zip(change.monthly_impact);
    AskedChange {
        client_name: client.client_name.clone(),
        service: row.service.to_string(),
        from: change.from,
        to: change.to,
        monthly_impact,
    }
}
