//! What has become of a closing by the last working day before its invoices: which of the changes that it asked for stand
//! in the PSA, and which lines changed beside them. By the newest sync of the PSA, held against the closing's own.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BilledLine, BillingMonth, ClientId, Currency, LineId, ProductCode, Side};
use truecount_reconciliation::{ChangeRecord, ClientRecord, InvoicedWhen, OutcomeLine, RowRecord};
use truecount_reports::{AskedChange, Counted, LastDayReview, LineChangeSince, Notice};
use truecount_rules::Rules;
use truecount_store::{FrozenRun, FrozenSource, Run, SnapshotEntry, SnapshotManifest};

use crate::jobs::report::outcome_of;
use crate::schedule::closing_run;
use crate::{AppError, Config, Environment};

/// How many changes of each kind are named.
const NAMED_MAX: usize = 10;

/// A line as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeenLine {
    client: ClientId,
    product: ProductCode,
    quantity: Decimal,
    from: Option<Date>,
    until: Option<Date>,
}

/// The lines of one sync that are billed on a day. Of several rows of a line the one that begins last stands.
type SeenLines = BTreeMap<LineId, SeenLine>;

/// The lines of the closing and those of the newest sync.
struct ComparedLines<'a> {
    before: SeenLines,
    now: SeenLines,
    rules: &'a Rules,
}

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
        since: Counted::default(),
    };
    let frozen_run = FrozenRun::open(run.folder(&env.store)).await?;
    let psa = frozen_run.manifest.sources.iter().find(|source| source.side == Side::Agreed);
    let Some(psa) = psa.filter(|psa| psa.snapshot.is_some()) else { return Ok(Some(Notice::LastDay(review))) };
    let newest = SnapshotManifest::newest(&env.store, &psa.source, today).await?;
    let is_newer = |newest: &SnapshotManifest| {
        Some(newest.id.as_of) > psa.as_of || psa.content_sha256.as_ref() != Some(&newest.content_sha256)
    };
    let Some(newest) = newest.filter(is_newer) else { return Ok(Some(Notice::LastDay(review))) };
    review.read_on = Some(newest.id.as_of);
    let lines = ComparedLines {
        before: frozen_lines(&frozen_run, psa, review.invoice_date).await?,
        now: seen_lines(env, &newest, review.invoice_date).await?,
        rules: &config.rules,
    };
    fill(&mut review, &clients(env, &run).await?, &lines);
    Ok(Some(Notice::LastDay(review)))
}

async fn seen_lines(env: &Environment, manifest: &SnapshotManifest, billed_on: Date) -> Result<SeenLines, AppError> {
    let mut lines = SeenLines::new();
    manifest.each_line(&env.store, |line| see(&mut lines, line, billed_on)).await?;
    end(&mut lines, billed_on);
    Ok(lines)
}

async fn frozen_lines(run: &FrozenRun, psa: &FrozenSource, billed_on: Date) -> Result<SeenLines, AppError> {
    let (mut accounts, mut lines) = (run.accounts(psa), SeenLines::new());
    while let Some(group) = accounts.next_group().await? {
        for entry in group.iter().flat_map(|account| &account.entries) {
            if let SnapshotEntry::Line(line) = entry {
                see(&mut lines, line, billed_on);
            }
        }
    }
    end(&mut lines, billed_on);
    Ok(lines)
}

/// Leaves out what ended before a day.
fn end(lines: &mut SeenLines, billed_on: Date) {
    lines.retain(|_, line| line.until.is_none_or(|until| until >= billed_on));
}

fn see(lines: &mut SeenLines, line: &BilledLine, billed_on: Date) {
    if line.effective_from.is_some_and(|from| from > billed_on) {
        return;
    }
    let seen = SeenLine {
        client: line.client_id.clone(),
        product: line.product_code.clone(),
        quantity: line.quantity,
        from: line.effective_from,
        until: line.effective_to,
    };
    let stands = lines.get(&line.line_id).is_none_or(|known| known.from <= seen.from);
    if stands {
        lines.insert(line.line_id.clone(), seen);
    }
}

/// The clients of a run.
async fn clients(env: &Environment, run: &Run) -> Result<Vec<ClientRecord>, AppError> {
    let stored = outcome_of(env, run).await?;
    let mut clients = Vec::new();
    for line in stored.lines() {
        if let OutcomeLine::Client(client) = line? {
            clients.push(*client);
        }
    }
    Ok(clients)
}

/// What became of a change that the closing asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Became {
    Done,
    Open,
    /// The line has another quantity than before and than was asked for.
    Otherwise,
}

/// Sorts what was asked for by what became of it, the highest impact first, and what else changed by line.
fn fill(review: &mut LastDayReview, clients: &[ClientRecord], lines: &ComparedLines<'_>) {
    let mut sorted: BTreeMap<Became, Vec<AskedChange>> = BTreeMap::new();
    let mut asked_lines = BTreeSet::new();
    for (client, row, change) in clients.iter().flat_map(asked) {
        let line = lines.line_of(client, row, change);
        let became = lines.became(change, line.as_ref());
        asked_lines.extend(line);
        sorted.entry(became).or_default().push(asked_change(client, row, change));
    }
    let mut by_impact = |became| {
        let mut changes = sorted.remove(&became).unwrap_or_default();
        changes.sort_by_key(|change| std::cmp::Reverse(change.monthly_impact.map(|(_, amount)| amount.abs())));
        Counted::of(changes, NAMED_MAX)
    };
    review.done = by_impact(Became::Done);
    review.open = by_impact(Became::Open);
    review.otherwise = by_impact(Became::Otherwise);
    let names: BTreeMap<_, _> = clients.iter().map(|client| (&client.client_id, &client.client_name)).collect();
    let ids: BTreeSet<_> = lines.before.keys().chain(lines.now.keys()).collect();
    let since = ids.into_iter().filter(|id| !asked_lines.contains(*id)).filter_map(|id| {
        let (old, new) = (lines.before.get(id), lines.now.get(id));
        let (from, to) = (old.map(|line| line.quantity), new.map(|line| line.quantity));
        let line = new.or(old).filter(|_| from != to)?;
        let client_name = names.get(&line.client).map_or_else(|| line.client.to_string(), |name| (*name).clone());
        Some(LineChangeSince { client_name, product: line.product.to_string(), from, to })
    });
    review.since = Counted::of(since, NAMED_MAX);
}

/// The changes that a closing asks for on its own invoices.
fn asked(client: &ClientRecord) -> impl Iterator<Item = (&ClientRecord, &RowRecord, &ChangeRecord)> {
    let rows = client.rows.iter().filter(|row| row.kind.changes_a_bill());
    let changes = rows.flat_map(|row| row.changes.iter().map(move |change| (row, change)));
    let now = changes.filter(|(_, change)| change.invoiced == InvoicedWhen::ThisRun);
    now.map(move |(row, change)| (client, row, change))
}

impl ComparedLines<'_> {
    /// The line that a change is about; of one that is to be added, the new line of its service.
    fn line_of(&self, client: &ClientRecord, row: &RowRecord, change: &ChangeRecord) -> Option<LineId> {
        let is_new = |(id, line): &(&LineId, &SeenLine)| {
            line.client == client.client_id
                && self.rules.service_of_product(&line.product) == Some(&row.service)
                && !self.before.contains_key(*id)
        };
        let new = || self.now.iter().find(is_new).map(|(id, _)| id.clone());
        change.line_id.clone().or_else(new)
    }

    fn became(&self, change: &ChangeRecord, line: Option<&LineId>) -> Became {
        // A line that is no longer billed bills nothing.
        let quantity = line.and_then(|line| self.now.get(line)).map_or(Decimal::ZERO, |line| line.quantity);
        match quantity {
            now if now == change.to => Became::Done,
            now if now == change.from => Became::Open,
            _ => Became::Otherwise,
        }
    }
}

fn asked_change(client: &ClientRecord, row: &RowRecord, change: &ChangeRecord) -> AskedChange {
    let monthly_impact: Option<(Currency, Decimal)> = row.currency.zip(change.monthly_impact);
    AskedChange {
        client_name: client.client_name.clone(),
        service: row.service.to_string(),
        from: change.from,
        to: change.to,
        monthly_impact,
    }
}
