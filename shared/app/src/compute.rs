//! The comparison itself: what is stored goes into a reconciler, and its answer comes out. Everything read is also
//! written down as the run's inputs.

use truecount_billing::{AccountId, ClientId, Evidence};
use truecount_reconciliation::{ItemRef, Options, Reconciler, Reconciliation, SourceStatus};

use crate::environment::Environment;
use crate::reconcile::Decisions;
use crate::run::{PinnedSource, Run};
use crate::settings::Config;
use crate::snapshot::{self, Entry, Record};
use crate::{AppError, keys, mapping, packed};

/// A source of the run with its list of accounts.
pub(crate) struct Loaded {
    pub(crate) pinned: PinnedSource,
    pub(crate) entries: Vec<Entry>,
}

/// Compares what the run is pinned to.
pub(crate) async fn compute(
    env: &Environment,
    config: &Config,
    run: &Run,
    loaded: &[Loaded],
    decisions: &Decisions,
) -> Result<Reconciliation, AppError> {
    let mut reconciler = Reconciler::new(config.rules.clone(), Options::for_month(run.manifest.count_day));
    for source in loaded {
        reconciler.source(SourceStatus {
            source: source.pinned.source.clone(),
            connector: source.pinned.connector.clone(),
            evidence: source.pinned.evidence,
            read_state: source.pinned.read_state.clone(),
            synced_on: source.pinned.as_of,
        });
    }
    let is_billed = |source: &&Loaded| source.pinned.evidence == Evidence::Billed;
    let mut clients: Vec<(ClientId, String)> = Vec::new();
    for source in loaded.iter().filter(is_billed) {
        clients.extend(push_billed(env, run, source, &mut reconciler).await?);
    }
    let named: Vec<_> = clients.iter().map(|(id, name)| (id, name.as_str())).collect();
    for source in loaded.iter().filter(|source| !is_billed(source)) {
        push_usage(env, config, run, source, &named, decisions, &mut reconciler).await?;
    }
    Ok(reconciler.finish()?)
}

/// The clients of a PSA with their lines.
async fn push_billed(
    env: &Environment,
    run: &Run,
    source: &Loaded,
    reconciler: &mut Reconciler,
) -> Result<Vec<(ClientId, String)>, AppError> {
    let mut inputs = packed::Lines::default();
    let mut clients = Vec::with_capacity(source.entries.len());
    snapshot::each_account(&env.table, &source.pinned.source, &source.entries, |entry, records| {
        let account = &entry.account;
        let id = ClientId::new(account.id.as_str()).map_err(|e| AppError::damaged(account.id.as_str(), e))?;
        let client = reconciler.client(&id, &account.name)?;
        if !account.read_state.is_complete() {
            reconciler.client_read_state(client, account.read_state.clone());
        }
        note(&mut inputs, entry, records)?;
        for record in records {
            if let Record::Line(line) = record {
                reconciler.billed_line(line)?;
            }
        }
        clients.push((id, account.name.clone()));
        Ok(())
    })
    .await?;
    keep(env, run, source, inputs).await?;
    Ok(clients)
}

/// The accounts of a usage source with their items and mappings.
async fn push_usage(
    env: &Environment,
    config: &Config,
    run: &Run,
    source: &Loaded,
    clients: &[(&ClientId, &str)],
    decisions: &Decisions,
    reconciler: &mut Reconciler,
) -> Result<(), AppError> {
    let id = &source.pinned.source;
    let accounts: Vec<(&AccountId, &str)> =
        source.entries.iter().map(|entry| (&entry.account.id, entry.account.name.as_str())).collect();
    let none = std::collections::BTreeMap::new();
    let decided = decisions.get(id).unwrap_or(&none);
    let mappings = mapping::of_accounts(&accounts, clients, decided, config.settings.mapping.confirm_equal_names);
    let mut mappings = mappings.into_iter();
    let mut inputs = packed::Lines::default();
    snapshot::each_account(&env.table, id, &source.entries, |entry, records| {
        let account = &entry.account;
        let number = reconciler.account(id, &account.id, &account.name, &account.read_state)?;
        note(&mut inputs, entry, records)?;
        for record in records {
            if let Record::Item(item) = record {
                reconciler.usage_item(number, ItemRef::from(item))?;
            }
        }
        if let Some(mapping) = mappings.next() {
            reconciler.decide(number, mapping.mapping)?;
            mapping.or_else.iter().try_for_each(|client| reconciler.propose(number, client))?;
        }
        Ok(())
    })
    .await?;
    keep(env, run, source, inputs).await
}

/// What was read of an account, as a line for the account and one for each record.
fn note(inputs: &mut packed::Lines, entry: &Entry, records: &[Record]) -> Result<(), AppError> {
    inputs.push(&Named { account: &entry.account })?;
    records.iter().try_for_each(|record| inputs.push(record))
}

async fn keep(env: &Environment, run: &Run, source: &Loaded, inputs: packed::Lines) -> Result<(), AppError> {
    if source.pinned.snapshot.is_none() {
        return Ok(());
    }
    let file = format!("inputs/{}.jsonl.gz", source.pinned.source);
    env.archive_new(&keys::report(run.manifest.month, &run.run_id, &file), inputs.finish()?).await
}

#[derive(serde::Serialize)]
struct Named<'a> {
    account: &'a truecount_billing::Account,
}
