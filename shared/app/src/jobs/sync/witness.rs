//! On whose word a snapshot counts: an API on the day on which it was asked, or a file by its name and bytes.

use truecount_store::{Checkpoint, InboxFolder, StoreError, Witness};

use super::context::SourceSync;

/// The witness of the sync that a checkpoint is of.
pub(super) async fn of(sync: &SourceSync<'_>, checkpoint: &Checkpoint) -> Result<Witness, StoreError> {
    let Some(file) = &checkpoint.file else {
        return Ok(Witness::Api { day: checkpoint.began_on, at: sync.env.clock.now() });
    };
    let store = &sync.env.store;
    for entry in InboxFolder::source(&sync.source.id).files(store).await? {
        if entry.identity() == *file {
            let sha256 = entry.sha256(store).await?;
            return Ok(Witness::File { name: entry.name, sha256 });
        }
    }
    // It was read, and is gone: it confirms nothing.
    Ok(Witness::File { name: file.clone(), sha256: None })
}
