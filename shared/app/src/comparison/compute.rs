//! The comparison: what is stored goes into a reconciler, and its answer comes out. Everything that is read is also
//! stored as the run's inputs.

use std::collections::BTreeMap;

use truecount_billing::{Account, ClientId, CountDay, Side, SourceId, UsageItem};
use truecount_reconciliation::{
    AccountNo, ItemRef, Mapping, Options, Reconciler, Reconciliation, SourceCoverage, SourceStatus,
};
use truecount_store::{InputWriter, Run, SnapshotAccount, SnapshotEntry, groups};

use super::load::{LoadedSource, MappingsInForce};
use crate::account_mapping::{self, AccountMapping, Client, Split};
use crate::{AppError, Config, Environment};

/// Values of a split without a client that a sentence names.
const UNLISTED_NAMED: usize = 10;

/// A comparison, and which client it takes each account for.
pub(crate) struct Comparison {
    pub(crate) reconciliation: Reconciliation,
    /// The PSA's clients.
    pub(crate) clients: Vec<Client>,
    /// The mapping of each account in the order of its source's list; none for the PSA.
    pub(crate) mappings: BTreeMap<SourceId, Vec<AccountMapping>>,
}

/// What is compared.
pub(crate) struct ComparisonInputs<'a> {
    pub(crate) config: &'a Config,
    pub(crate) count_day: CountDay,
    pub(crate) sources: &'a [LoadedSource],
    pub(crate) mappings: &'a MappingsInForce,
    /// The run whose inputs are stored; `None`: nothing is.
    pub(crate) run: Option<&'a Run>,
}

/// Compares.
pub(crate) async fn compare(env: &Environment, inputs: &ComparisonInputs<'_>) -> Result<Comparison, AppError> {
    let mut reconciler = Reconciler::new(inputs.config.rules.clone(), Options::for_month(inputs.count_day));
    let (invoiced, compared): (Vec<_>, Vec<_>) =
        inputs.sources.iter().partition(|source| source.frozen.side == Side::Invoiced);
    for source in &compared {
        reconciler.source(SourceStatus {
            source: source.frozen.source.clone(),
            connector: source.frozen.connector.clone(),
            side: source.frozen.side,
            read_state: source.frozen.read_state.clone(),
            synced_on: source.frozen.as_of,
            receipt: source.frozen.receipt.clone(),
        });
    }
    let (agreed, usage): (Vec<&LoadedSource>, Vec<&LoadedSource>) =
        compared.into_iter().partition(|source| source.frozen.side == Side::Agreed);
    let mut clients = Vec::new();
    for source in agreed {
        clients.extend(push_billed(env, inputs, source, &mut reconciler).await?);
    }
    let mut mappings = BTreeMap::new();
    for source in usage {
        let found = push_usage(env, inputs, source, &clients, &mut reconciler).await?;
        mappings.insert(source.frozen.source.clone(), found);
    }
    let mut reconciliation = reconciler.finish()?;
    reconciliation.coverage.extend(invoiced.into_iter().map(read_only));
    reconciliation.coverage.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(Comparison { reconciliation, clients, mappings })
}

/// What invoices did bill is read and shown, and compared with nothing: beside what agreements will bill it would
/// count every unit twice.
fn read_only(source: &LoadedSource) -> SourceCoverage {
    let incomplete = source.accounts.iter().filter(|entry| !entry.account.read_state.is_complete());
    SourceCoverage {
        source: source.frozen.source.clone(),
        source_kind: source.frozen.connector.clone(),
        side: source.frozen.side,
        state: source.frozen.read_state.clone(),
        as_of: source.frozen.as_of,
        receipt: source.frozen.receipt.clone(),
        accounts: source.accounts.len() as u64,
        accounts_incomplete: incomplete.count() as u64,
        // Its accounts are the PSA's clients.
        accounts_mapped: source.accounts.len() as u64,
        accounts_ignored: 0,
        items: source.accounts.iter().map(|entry| entry.total()).sum(),
        compared: 0,
        not_reconciled: 0,
    }
}

#[cfg(test)]
mod tests;

/// The clients of a PSA with their lines.
async fn push_billed(
    env: &Environment,
    inputs: &ComparisonInputs<'_>,
    source: &LoadedSource,
    reconciler: &mut Reconciler,
) -> Result<Vec<Client>, AppError> {
    let mut writer = input_writer(env, inputs, source);
    let mut clients = Vec::with_capacity(source.accounts.len());
    for group in groups(&source.accounts) {
        let contents = SnapshotAccount::contents(&env.store, &source.frozen.source, group).await?;
        for (entry, records) in group.iter().zip(&contents) {
            let account = &entry.account;
            let id = ClientId::new(account.id.as_str()).map_err(|e| AppError::damaged(account.id.as_str(), e))?;
            let client = reconciler.client(&id, &account.name)?;
            if !account.read_state.is_complete() {
                reconciler.client_read_state(client, account.read_state.clone());
            }
            writer.push(account, records)?;
            for record in records {
                if let SnapshotEntry::Line(line) = record {
                    reconciler.billed_line(line)?;
                }
            }
            clients.push(Client { id, name: account.name.clone(), facts: account.facts.clone() });
        }
        writer.flush_if_full().await?;
    }
    writer.finish().await?;
    Ok(clients)
}

/// The accounts of a usage source with their items and mappings.
async fn push_usage(
    env: &Environment,
    inputs: &ComparisonInputs<'_>,
    source: &LoadedSource,
    clients: &[Client],
    reconciler: &mut Reconciler,
) -> Result<Vec<AccountMapping>, AppError> {
    let id = &source.frozen.source;
    let accounts: Vec<&Account> = source.accounts.iter().map(|entry| &entry.account).collect();
    let none = BTreeMap::new();
    let decided = inputs.mappings.get(id).unwrap_or(&none);
    let mappings = account_mapping::of_accounts(&accounts, clients, decided, &inputs.config.settings.mapping);
    let mut each = mappings.iter();
    let mut writer = input_writer(env, inputs, source);
    for group in groups(&source.accounts) {
        let contents = SnapshotAccount::contents(&env.store, id, group).await?;
        for (entry, records) in group.iter().zip(&contents) {
            let account = &entry.account;
            let number = reconciler.account(id, &account.id, &account.name, &account.read_state)?;
            writer.push(account, records)?;
            let Some(found) = each.next() else { continue };
            match &found.split {
                Some(split) => push_parts(number, split, records, reconciler)?,
                None => {
                    reconciler.decide(number, found.mapping.clone())?;
                    found.or_else.iter().try_for_each(|client| reconciler.propose(number, client))?;
                    push_items(number, records, reconciler, |_| true)?;
                }
            }
        }
        writer.flush_if_full().await?;
    }
    writer.finish().await?;
    Ok(mappings)
}

fn push_items(
    number: AccountNo,
    records: &[SnapshotEntry],
    reconciler: &mut Reconciler,
    is_wanted: impl Fn(&UsageItem) -> bool,
) -> Result<(), AppError> {
    for record in records {
        if let SnapshotEntry::Item(item) = record
            && is_wanted(item)
        {
            reconciler.usage_item(number, ItemRef::from(item))?;
        }
    }
    Ok(())
}

/// Each client gets its part; items with none of the values stay with the account, which has no client.
fn push_parts(
    number: AccountNo,
    split: &Split,
    records: &[SnapshotEntry],
    reconciler: &mut Reconciler,
) -> Result<(), AppError> {
    let is_listed = |item: &UsageItem| value_of(item, split).is_some_and(|value| split.parts.contains_key(value));
    let mut unlisted = BTreeMap::<Option<&str>, u64>::new();
    for record in records {
        if let SnapshotEntry::Item(item) = record
            && !is_listed(item)
        {
            *unlisted.entry(value_of(item, split)).or_default() += 1;
        }
    }
    reconciler.decide(number, Mapping::Split { why: in_words(&split.by, &unlisted) })?;
    push_items(number, records, reconciler, |item| !is_listed(item))?;
    for (value, client) in &split.parts {
        let part = reconciler.part(number, &format!("{} {value}", split.by), client)?;
        push_items(part, records, reconciler, |item| value_of(item, split) == Some(value))?;
    }
    Ok(())
}

fn value_of<'a>(item: &'a UsageItem, split: &Split) -> Option<&'a str> {
    item.attributes.get(&split.by).map(String::as_str)
}

/// ``split by site; without a client yet: `14` (3 items), without a site (1 item)``.
fn in_words(by: &str, unlisted: &BTreeMap<Option<&str>, u64>) -> String {
    let item = |count: u64| if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    let one = |(value, count): (&Option<&str>, &u64)| match value {
        Some(value) => format!("`{value}` ({})", item(*count)),
        None => format!("without a {by} ({})", item(*count)),
    };
    let mut named: Vec<String> = unlisted.iter().rev().take(UNLISTED_NAMED).map(one).collect();
    if unlisted.len() > UNLISTED_NAMED {
        named.push(format!("and {} more", unlisted.len() - UNLISTED_NAMED));
    }
    match named.as_slice() {
        [] => format!("split by {by}"),
        named => format!("split by {by}; without a client yet: {}", named.join(", ")),
    }
}

/// Stores what is read of a source: not without a run, nor where the source has no snapshot.
pub(super) fn input_writer<'a>(
    env: &'a Environment,
    inputs: &ComparisonInputs<'a>,
    source: &'a LoadedSource,
) -> InputWriter<'a> {
    let run = inputs.run.filter(|_| source.frozen.snapshot.is_some());
    InputWriter::new(&env.store, run, &source.frozen.source)
}
