//! What was parsed, written account by account and committed.

use std::collections::{BTreeMap, VecDeque};

use truecount_billing::{AccountId, AccountList, ItemMove};
use truecount_connectors::{AccountReading, Snapshot, source_kind};
use truecount_store::{
    AccountContent, Checkpoint, SnapshotAccount, SnapshotManifest, SnapshotWords, SnapshotWriter, StoreError,
};

use super::anomaly::Earlier;
use super::context::SourceSync;
use super::drop_guard::Sighting;
use super::failure::{Stop, SyncFailure};
use super::item_moves::{Described, EarlierReadings};
use super::{account_history, anomaly, witness};

/// Whether the last snapshot of the day holds the same already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unchanged {
    Yes,
    No,
}

/// Writes what changed since the last snapshot, and commits.
pub(super) async fn write_and_commit(
    sync: &SourceSync<'_>,
    parsed: Snapshot,
    checkpoint: &mut Checkpoint,
) -> Result<(SnapshotManifest, Unchanged), Stop> {
    let (store, source, id) = (&sync.env.store, &sync.source.id, checkpoint.snapshot);
    let earlier = match SnapshotManifest::before(store, source, id).await? {
        Some(manifest) => Earlier { as_of: manifest.id.as_of, accounts: manifest.accounts(store).await? },
        None => Earlier { as_of: id.as_of, accounts: Vec::new() },
    };
    anomaly::reject_empty(&parsed, &earlier.accounts, kind_list(sync))?;
    if let Some((stream, rows)) = parsed.receipt.unbalanced() {
        return Err(SyncFailure::rows_unaccounted(stream, rows).into());
    }
    for word in &parsed.receipt.unknown_words {
        tracing::warn!(source = %source, rows = word.rows, field = word.field, word = word.word, "unknown word");
    }
    for (note, times) in &parsed.notes {
        tracing::warn!(source = %source, times, "{note}");
    }
    let missing = parsed.read_state.reason().cloned();
    let receipt = parsed.receipt.clone();
    let accounts = write_accounts(sync, parsed, &earlier, checkpoint).await?;
    let manifest = SnapshotManifest {
        source: source.clone(),
        id,
        connector: sync.source.connector.clone(),
        side: sync.source.side(),
        account_count: accounts.len() as u64,
        incomplete_count: accounts.iter().filter(|entry| !entry.account.read_state.is_complete()).count() as u64,
        item_count: accounts.iter().map(SnapshotAccount::total).sum(),
        page_count: checkpoint.pages,
        request_count: checkpoint.requests,
        content_sha256: SnapshotManifest::content_sha256(&accounts, missing.as_ref()),
        missing,
        receipt,
    };
    Ok(commit(sync, manifest).await?)
}

/// Writes the accounts in the order of their ids; answers the list of them.
async fn write_accounts(
    sync: &SourceSync<'_>,
    parsed: Snapshot,
    earlier: &Earlier,
    checkpoint: &mut Checkpoint,
) -> Result<Vec<SnapshotAccount>, Stop> {
    let id = checkpoint.snapshot;
    let witness = witness::of(sync, checkpoint).await?;
    let seen = Sighting { witness: &witness, as_of: id.as_of };
    let known: BTreeMap<&AccountId, &SnapshotAccount> =
        earlier.accounts.iter().map(|entry| (&entry.account.id, entry)).collect();
    let gone = anomaly::missing_accounts(&parsed, earlier, list_of(sync), seen);
    let mut words = SnapshotWords::default();
    let mut writer = SnapshotWriter::new(&sync.env.store, &sync.source.id, id, sync.retention);
    let mut entries = Vec::with_capacity(parsed.account_count() + gone.len());
    let listed = parsed.into_accounts().map(|reading| (reading, None));
    let gone = gone.into_iter().map(|missing| (missing.reading, Some(missing.bases)));
    let mut accounts: VecDeque<_> = listed.chain(gone).collect();
    let readings = EarlierReadings { sync, id, as_of: earlier.as_of, known };
    while !accounts.is_empty() {
        let group: Vec<_> = accounts.drain(..readings.group_len(accounts.iter().map(|(account, _)| account))).collect();
        let described = readings.describe(&group.iter().map(|(account, _)| account).collect::<Vec<_>>()).await?;
        for ((account, bases), Described { mut entry, moves }) in group.into_iter().zip(described) {
            let before = readings.known.get(&account.account.id).copied();
            account.items.iter().for_each(|item| words.item(item));
            account.lines.iter().for_each(|line| words.line(line));
            let content = content_of(&account, &moves);
            match bases {
                Some(bases) => entry.bases = bases,
                None => anomaly::flag_drop(&mut entry, before, earlier.as_of, seen),
            }
            if !before.is_some_and(|before| entry.reuse(before, id.as_of, sync.retention)) {
                // Rows of an interrupted call are stored already; only their number is needed.
                match entries.len() as u64 >= checkpoint.accounts_written {
                    true => writer.add(&content, &mut entry)?,
                    false => writer.skip(&content, &mut entry)?,
                }
            }
            entries.push(entry);
            if writer.is_full() {
                writer.flush().await?;
                checkpoint.accounts_written = entries.len() as u64;
                if sync.is_out_of_time() {
                    sync.save(checkpoint).await?;
                    return Err(Stop::OutOfTime);
                }
            }
        }
    }
    entries.sort_by(|a, b| a.account.id.cmp(&b.account.id));
    account_history::carry_forward(&earlier.accounts, &mut entries, id.as_of);
    writer.finish(&entries).await?;
    words.save(&sync.env.store, &sync.source.id, id.as_of, sync.lease.fence()).await?;
    Ok(entries)
}

/// What the source's list of accounts is. A client that a PSA no longer bills has no lines, whoever may see what.
fn list_of(sync: &SourceSync<'_>) -> AccountList {
    if sync.source.side().is_billed() { AccountList::Owned } else { kind_list(sync) }
}

/// What its kind says of that, on either side.
fn kind_list(sync: &SourceSync<'_>) -> AccountList {
    source_kind(&sync.source.connector).map_or(AccountList::Owned, |kind| kind.list_of(&sync.source.options))
}

/// Commits the snapshot, unless that day's last one holds the same.
async fn commit(
    sync: &SourceSync<'_>,
    manifest: SnapshotManifest,
) -> Result<(SnapshotManifest, Unchanged), StoreError> {
    let store = &sync.env.store;
    let newest = SnapshotManifest::newest(store, &manifest.source, manifest.id.as_of).await?;
    let is_unchanged = newest.is_some_and(|newest| {
        newest.id.as_of == manifest.id.as_of
            && newest.id != manifest.id
            && newest.content_sha256 == manifest.content_sha256
    });
    // The commit itself carries no lease: whoever was overtaken must not get there.
    sync.lease.ensure_held(store).await?;
    if is_unchanged {
        return Ok((manifest, Unchanged::Yes));
    }
    manifest.commit(store).await?;
    Ok((manifest, Unchanged::No))
}

pub(super) fn content_of<'a>(account: &'a AccountReading, moves: &'a [ItemMove]) -> AccountContent<'a> {
    AccountContent { account: &account.account, items: &account.items, lines: &account.lines, moves }
}
