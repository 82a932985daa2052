//! A source that reads files: the newest file that was dropped, split into pages that are archived like any vendor's.

use std::fmt;

use jiff::civil::Date;
use tokio::io::{AsyncRead, AsyncReadExt};
use truecount_billing::{ReadReason, Remedy};
use truecount_connectors::{CrawlState, CsvFile, Page};
use truecount_store::{Checkpoint, InboxEntry, InboxFolder};

use super::context::SourceSync;
use super::crawl::{adopt, batch, write_batch};
use super::failure::{Stop, SyncFailure};
use crate::AppError;

/// Bytes of a file that are read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Bytes of pages in one batch.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A file that was dropped for a source.
pub(super) struct DroppedFile {
    /// The day that it is for.
    pub(super) as_of: Date,
    file: InboxEntry,
}

impl fmt::Display for DroppedFile {
    /// What a checkpoint identifies it by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file.identity())
    }
}

/// The newest file that was dropped for a source: by its day, then by its name.
pub(super) async fn newest(sync: &SourceSync<'_>, file: &CsvFile) -> Result<DroppedFile, Stop> {
    let folder = InboxFolder::source(&sync.source.id);
    let mut newest: Option<DroppedFile> = None;
    for found in folder.files(&sync.env.store).await? {
        let as_of = file.as_of(&found.name).map_err(SyncFailure::no_file)?.0;
        let key = (as_of, found.path(), found.size);
        let is_newer = newest.as_ref().is_none_or(|newest| key > (newest.as_of, newest.file.path(), newest.file.size));
        if as_of <= sync.today && is_newer {
            newest = Some(DroppedFile { as_of, file: found });
        }
    }
    newest.ok_or_else(|| {
        let folder = folder.location(&sync.env.store);
        let reason = format!("there is no file for it up to {}: put one into `{folder}`", sync.today);
        SyncFailure::no_file(reason).into()
    })
}

/// Archives the pages of the file that the checkpoint names; gives the state of a crawl that read no list twice.
pub(super) async fn crawl(
    sync: &SourceSync<'_>,
    file: &CsvFile,
    checkpoint: &mut Checkpoint,
) -> Result<CrawlState, Stop> {
    let dropped = newest(sync, file).await?;
    if checkpoint.file.as_ref() != Some(&dropped.to_string()) {
        return Err(replaced(checkpoint).into());
    }
    let location = dropped.file.location(&sync.env.store);
    let opened = dropped.file.open(&sync.env.store).await?;
    let mut bytes = opened.ok_or_else(|| AppError::damaged(&*location, "the file was removed"))?;
    adopt(sync, checkpoint).await?;
    let mut ingest =
        FileIngest { sync, archived: checkpoint.batches, at: 0, pages: Vec::new(), bytes: 0, page_count: 0 };
    let mut splitter = file.split(&dropped.file.name);
    loop {
        let part = next_part(&mut *bytes).await.map_err(|error| AppError::damaged(&*location, error))?;
        let is_last = part.len() < READ_BYTES;
        let pages = splitter.push(&part).map_err(SyncFailure::no_file)?;
        ingest.take(pages, checkpoint).await?;
        if is_last {
            break;
        }
        if sync.is_out_of_time() {
            return Err(Stop::OutOfTime);
        }
    }
    let rest = splitter.finish().map_err(SyncFailure::no_file)?;
    ingest.take(rest, checkpoint).await?;
    ingest.archive_batch(checkpoint).await?;
    checkpoint.is_crawled = true;
    sync.save(checkpoint).await?;
    Ok(CrawlState::default())
}

/// The next bytes of a file: always as many, but at its end, however the archive hands them over. So the same file is
/// always split at the same places.
async fn next_part(bytes: &mut (dyn AsyncRead + Send + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(READ_BYTES);
    bytes.take(READ_BYTES as u64).read_to_end(&mut part).await?;
    Ok(part)
}

fn replaced(checkpoint: &Checkpoint) -> SyncFailure {
    SyncFailure { reason: ReadReason::FileReplaced { file: checkpoint.file.clone() }, remedy: Remedy::Retry }
}

/// Batches of a file's pages. The file gives the same pages each time, so batches that are archived already are only
/// compared.
struct FileIngest<'a> {
    sync: &'a SourceSync<'a>,
    archived: u64,
    at: u64,
    pages: Vec<Page>,
    bytes: usize,
    page_count: u64,
}

impl FileIngest<'_> {
    async fn take(&mut self, pages: Vec<Page>, checkpoint: &mut Checkpoint) -> Result<(), Stop> {
        for page in pages {
            self.bytes += page.body.len();
            self.pages.push(page);
            self.page_count += 1;
            if self.bytes >= BATCH_BYTES {
                self.archive_batch(checkpoint).await?;
            }
        }
        Ok(())
    }

    async fn archive_batch(&mut self, checkpoint: &mut Checkpoint) -> Result<(), Stop> {
        let pages = std::mem::take(&mut self.pages);
        self.bytes = 0;
        if pages.is_empty() {
            return Ok(());
        }
        let mut state = CrawlState::default();
        state.pages = self.page_count;
        let number = self.at;
        self.at += 1;
        if number >= self.archived {
            return Ok(write_batch(self.sync, checkpoint, &pages, &state).await?);
        }
        if batch(self.sync, checkpoint, number).holds(&self.sync.env.store, &pages, &state).await? {
            return Ok(());
        }
        Err(replaced(checkpoint).into())
    }
}
