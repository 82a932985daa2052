//! What changed in the PSA since the last closing, by its newest sync.

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{BillingMonth, ClientId, Side, SourceId};
use truecount_reconciliation::{LineDifferences, SyncedLines};
use truecount_store::{FrozenRun, FrozenSource, Run, SnapshotEntry};

use crate::comparison::{AccountsFrom, newest_sync};
use crate::schedule::closing_run;
use crate::{AppError, Config, Environment};

/// The changes between the sync that the last closing used and the newest one.
#[derive(Debug, Serialize)]
pub struct ChangesSinceClosing {
    /// The PSA.
    pub source: SourceId,
    /// The month that was closed last.
    pub month: BillingMonth,
    /// The day of the sync that its closing used.
    pub before: Date,
    /// The day of the newest sync.
    pub now: Date,
    /// What changed.
    #[serde(flatten)]
    pub differences: LineDifferences,
}

/// What changed in the PSA since the last closing; `None`: no month was closed with a sync of the PSA, or there is no
/// newer one.
///
/// # Errors
/// [`AppError`] if the closing's inputs, or the newest sync, cannot be read.
pub async fn changes_since_closing(
    env: &Environment,
    config: &Config,
) -> Result<Option<ChangesSinceClosing>, AppError> {
    let Some(run) = last_closing(env).await? else { return Ok(None) };
    let frozen = FrozenRun::open(run.folder(&env.store)).await?;
    let psa = frozen.manifest.sources.iter().find(|source| source.side == Side::Agreed);
    let Some((psa, before)) = psa.and_then(|psa| Some((psa, psa.as_of?))) else { return Ok(None) };
    let Ok(settings) = config.settings.source(psa.source.as_str()) else { return Ok(None) };
    let newest = newest_sync(env, settings, config.settings.today(env)).await?;
    let Some(now) = newest.as_of.filter(|_| newest.content_sha256 != psa.content_sha256) else { return Ok(None) };
    let lines_before = synced_lines(AccountsFrom::Frozen(&frozen), psa, before).await?;
    let lines_now = synced_lines(AccountsFrom::Snapshots(&env.store), &newest, now).await?;
    let (source, month) = (psa.source.clone(), run.manifest.month);
    let differences = lines_before.differences(&lines_now);
    Ok(Some(ChangesSinceClosing { source, month, before, now, differences }))
}

/// The closing run of the newest month that has one of which more than totals are kept.
async fn last_closing(env: &Environment) -> Result<Option<Run>, AppError> {
    for month in Run::months(&env.store).await?.into_iter().rev() {
        if let Some(run) = closing_run(&env.store, month).await?.filter(|run| run.outcome_sha256.is_some()) {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

async fn synced_lines<'a>(from: AccountsFrom<'a>, psa: &'a FrozenSource, day: Date) -> Result<SyncedLines, AppError> {
    let (mut reader, lines) = (from.of(psa), SyncedLines::of(day));
    let mut lines = if psa.read_state.is_complete() { lines } else { lines.partial() };
    while let Some(group) = reader.next_group().await? {
        for account in &group {
            let listed = &account.listed.account;
            // A PSA's account is its client.
            if let Ok(client) = ClientId::new(listed.id.as_str()) {
                lines.client(client, &listed.name, listed.read_state.is_complete());
            }
            for entry in &account.entries {
                if let SnapshotEntry::Line(line) = entry {
                    lines.line(line);
                }
            }
        }
    }
    Ok(lines)
}
