//! On whose word a snapshot counts: an API on the day on which it was asked, or files by their names and bytes.

use truecount_store::{Checkpoint, InboxEntry, InboxFolder, StoreError, Witness};

use super::context::SourceSync;
use super::dropped_file;

/// The witness of the sync that a checkpoint is of.
pub(super) async fn of(sync: &SourceSync<'_>, checkpoint: &Checkpoint) -> Result<Witness, StoreError> {
    let Some(file) = &checkpoint.file else {
        return Ok(Witness::Api { day: checkpoint.began_on, at: sync.env.clock.now() });
    };
    let store = &sync.env.store;
    let mut read: Vec<InboxEntry> = InboxFolder::source(&sync.source.id).files(store).await?;
    read.retain(|entry| file.contains(&entry.identity()));
    if dropped_file::identity(&read) == *file {
        let mut hashes = Vec::with_capacity(read.len());
        for entry in &read {
            hashes.push(entry.sha256(store).await?);
        }
        let names: Vec<&str> = read.iter().map(|entry| entry.name.as_str()).collect();
        let hashes: Option<Vec<String>> = hashes.into_iter().collect();
        return Ok(Witness::File { name: names.join(", "), sha256: hashes.map(|hashes| hashes.join(" ")) });
    }
    // It was read, and is gone: it confirms nothing.
    Ok(Witness::File { name: file.clone(), sha256: None })
}
