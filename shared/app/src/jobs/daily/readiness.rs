//! How much of what a closing needs was read: every enabled source, and of the clients that the last closing compared
//! those whose accounts were read completely, by their revenue.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, CountDay, Currency, ReadReason, SourceId};
use truecount_reconciliation::{AccountRecord, OutcomeLine};
use truecount_reports::{ClosingReadiness, Counted, ReadRevenue, UnreadAccount, UnreadSource};
use truecount_store::{FrozenSource, Run, SnapshotAccount, SnapshotManifest};

use crate::jobs::reconcile::{failure_of, freeze_sources};
use crate::mapping::MappingWorkspace;
use crate::schedule::last_closing;
use crate::stored_outcome::outcome_of;
use crate::{AppError, Config, Environment, SourceSettings};

/// How many accounts that were not read completely are named.
const ACCOUNTS_MAX: usize = 20;

/// How many refused files, and obstacles of each, are named.
const REFUSED_FILES_MAX: usize = 3;

/// An account that was not read completely.
struct Incomplete {
    account: AccountRecord,
    is_client: bool,
    reason: ReadReason,
}

/// What was read of the sources that a closing of a month would use today.
///
/// # Errors
/// [`AppError`] if something cannot be read back.
pub(crate) async fn readiness(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
) -> Result<ClosingReadiness, AppError> {
    let frozen = frozen(env, config, month).await?;
    let (unread, clients) = unread(env, config, &frozen).await?;
    let revenue = if clients.is_empty() { BTreeMap::new() } else { read_revenue(env, month, &clients).await? };
    Ok(ClosingReadiness { revenue, ..unread })
}

/// What was not read of one source by its newest sync that a closing of a month would use today.
pub(super) async fn unread_of(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    source: &SourceId,
) -> Result<ClosingReadiness, AppError> {
    let mut frozen = frozen(env, config, month).await?;
    frozen.retain(|frozen| frozen.source == *source);
    Ok(unread(env, config, &frozen).await?.0)
}

async fn frozen(env: &Environment, config: &Config, month: BillingMonth) -> Result<Vec<FrozenSource>, AppError> {
    let count_day = CountDay(month.last_day().min(config.settings.today(env)));
    freeze_sources(env, config, month, count_day).await
}

/// Sources and accounts that were not read completely, and the clients whose accounts they are.
async fn unread(
    env: &Environment,
    config: &Config,
    frozen: &[FrozenSource],
) -> Result<(ClosingReadiness, BTreeSet<ClientId>), AppError> {
    let (mut sources, mut incomplete) = (Vec::new(), Vec::new());
    for frozen in frozen {
        let source = config.settings.source(frozen.source.as_str())?;
        sources.extend(unread_source(env, source, frozen).await?);
        incomplete.extend(incomplete_accounts(env, frozen).await?);
    }
    let owners = owners(env, config, &incomplete).await?;
    let accounts = incomplete.iter().zip(&owners).map(|(one, clients)| UnreadAccount {
        account: one.account.clone(),
        client_name: clients.values().next().filter(|_| clients.len() == 1).cloned(),
        reason: one.reason.clone(),
    });
    let accounts = Counted::of(accounts, ACCOUNTS_MAX);
    let clients = owners.into_iter().flat_map(BTreeMap::into_keys).collect();
    Ok((ClosingReadiness { sources, accounts, revenue: BTreeMap::new() }, clients))
}

/// Why a source was not read, or not completely; `None`: it was.
async fn unread_source(
    env: &Environment,
    source: &SourceSettings,
    frozen: &FrozenSource,
) -> Result<Option<UnreadSource>, AppError> {
    let not_since = frozen.unread_since.zip(frozen.as_of);
    let reason = match (frozen.read_state.reason(), frozen.last_failure) {
        (Some(reason), _) => Some(reason.clone()),
        (None, Some(_)) => failure_of(env, source).await?,
        (None, None) => not_since.map(|(closing, as_of)| ReadReason::NotSinceClosing { closing, as_of }),
    };
    let (source, in_file) = (source.id.clone(), frozen.file_profile.is_some());
    Ok(reason.map(|reason| UnreadSource { source, in_file, reason: brief(reason) }))
}

/// The same with only the first of the files that were refused: it is handed on, and shown in a short mail.
fn brief(reason: ReadReason) -> ReadReason {
    match reason {
        ReadReason::FilesRefused { mut files } => {
            files.truncate(REFUSED_FILES_MAX);
            for file in &mut files {
                file.more += file.obstacles.len().saturating_sub(REFUSED_FILES_MAX) as u64;
                file.obstacles.truncate(REFUSED_FILES_MAX);
            }
            ReadReason::FilesRefused { files }
        }
        ReadReason::SyncFailed { as_of, failure } => {
            ReadReason::SyncFailed { as_of, failure: Box::new(brief(*failure)) }
        }
        ReadReason::TooOld { as_of, days_max, day, failure } => {
            let failure = failure.map(|failure| Box::new(brief(*failure)));
            ReadReason::TooOld { as_of, days_max, day, failure }
        }
        reason => reason,
    }
}

async fn incomplete_accounts(env: &Environment, frozen: &FrozenSource) -> Result<Vec<Incomplete>, AppError> {
    let Some(id) = frozen.snapshot else { return Ok(Vec::new()) };
    let manifest = SnapshotManifest::load(&env.store, &frozen.source, id).await?;
    if manifest.is_none_or(|manifest| manifest.incomplete_count == 0) {
        return Ok(Vec::new());
    }
    let accounts = SnapshotAccount::list(&env.store, &frozen.source, id, frozen.account_count).await?;
    let incomplete = accounts.into_iter().filter_map(|SnapshotAccount { account, .. }| {
        let reason = account.read_state.reason()?.clone();
        let record = AccountRecord {
            source: frozen.source.clone(),
            account_id: account.id,
            account_name: account.name,
            in_file: frozen.file_profile.is_some(),
        };
        Some(Incomplete { account: record, is_client: frozen.side.is_billed(), reason })
    });
    Ok(incomplete.collect())
}

/// The clients of each account, with their names.
async fn owners(
    env: &Environment,
    config: &Config,
    incomplete: &[Incomplete],
) -> Result<Vec<BTreeMap<ClientId, String>>, AppError> {
    let is_usage = incomplete.iter().any(|one| !one.is_client);
    let workspace = if is_usage { Some(MappingWorkspace::load(env, config).await?) } else { None };
    let of = |one: &Incomplete| {
        let account = &one.account;
        if one.is_client {
            let id = ClientId::new(account.account_id.as_str())
                .map_err(|error| AppError::damaged(account.account_id.as_str(), error))?;
            return Ok(BTreeMap::from([(id, account.account_name.clone())]));
        }
        let Some(workspace) = &workspace else { return Ok(BTreeMap::new()) };
        let mapped = workspace.source(&account.source)?.account(&account.account_id);
        let clients = mapped.into_iter().flat_map(|(_, mapping)| mapping.clients());
        let named = |id: &ClientId| (id.clone(), workspace.client(id).map_or_else(String::new, |of| of.name.clone()));
        Ok(clients.map(named).collect())
    };
    incomplete.iter().map(of).collect()
}

/// What the last closing before a month that compared anything compared, and what of it is not of these clients; empty:
/// there is none.
async fn read_revenue(
    env: &Environment,
    month: BillingMonth,
    unread: &BTreeSet<ClientId>,
) -> Result<BTreeMap<Currency, ReadRevenue>, AppError> {
    let mut before = month;
    while let Some(run) = last_closing(&env.store, before).await? {
        let revenue = revenue_of(env, &run, unread).await?;
        if revenue.values().any(|of| of.compared > Decimal::ZERO) {
            return Ok(revenue);
        }
        before = run.manifest.month;
    }
    Ok(BTreeMap::new())
}

/// The same of one closing; empty: it is not known any more.
async fn revenue_of(
    env: &Environment,
    run: &Run,
    unread: &BTreeSet<ClientId>,
) -> Result<BTreeMap<Currency, ReadRevenue>, AppError> {
    let stored = match outcome_of(env, run).await {
        Ok(stored) => stored,
        // What it compared is not known any more, and the next closing does not wait for somebody to make it again.
        Err(AppError::LostOutcome(_)) => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut revenue: BTreeMap<Currency, ReadRevenue> = BTreeMap::new();
    for line in stored.lines() {
        let OutcomeLine::Client(client) = line? else { continue };
        let is_read = !unread.contains(&client.client_id);
        for (currency, coverage) in &client.coverage {
            let of = revenue.entry(*currency).or_default();
            let too_large = || AppError::damaged(run.run_id.as_str(), "an amount with too many digits");
            of.compared = of.compared.checked_add(coverage.compared).ok_or_else(too_large)?;
            if is_read {
                of.read = of.read.checked_add(coverage.compared).ok_or_else(too_large)?;
            }
        }
    }
    Ok(revenue)
}
