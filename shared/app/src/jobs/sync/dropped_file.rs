//! A source that reads files: those of the newest day that were dropped, archived as they are, and then read together.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use jiff::civil::Date;
use tokio::io::{AsyncRead, AsyncReadExt};
use truecount_billing::{ReadReason, RefusedFile, Remedy};
use truecount_connectors::{CrawlState, FileDay, FileSource, Page, PageError, SpooledFile};
use truecount_store::{Checkpoint, InboxEntry, InboxFolder};

use super::context::SourceSync;
use super::crawl::{adopt, batch, write_batch};
use super::failure::{Stop, SyncFailure};
use crate::AppError;

/// Bytes of a file that are read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Bytes of pages in one batch.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How many files are opened to find their day, those written last first.
const OPENED_FILES_MAX: usize = 24;

/// The files of one day that were dropped for a source, by name.
pub(super) struct DroppedFiles {
    /// The day that they are for.
    pub(super) as_of: Date,
    files: Vec<InboxEntry>,
}

impl fmt::Display for DroppedFiles {
    /// What a checkpoint identifies them by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&identity(&self.files))
    }
}

/// What a checkpoint identifies files by that are read together.
pub(super) fn identity(files: &[InboxEntry]) -> String {
    files.iter().map(InboxEntry::identity).collect::<Vec<_>>().join(", ")
}

/// The files of the newest day that is not after today.
pub(super) async fn newest(sync: &SourceSync<'_>, file: &FileSource) -> Result<DroppedFiles, Stop> {
    let folder = InboxFolder::source(&sync.source.id);
    let mut found = folder.files(&sync.env.store).await?;
    if file.day_is_inside() {
        found.sort_by(|one, other| other.modified.cmp(&one.modified).then_with(|| one.name.cmp(&other.name)));
        found.truncate(OPENED_FILES_MAX);
    }
    let mut refused = Vec::new();
    let (mut dated, mut later) = (Vec::new(), Vec::new());
    for entry in found {
        match day_of(sync, file, &entry).await? {
            Ok(day) if day <= sync.today => dated.push((day, entry)),
            Ok(day) => later.push((day, entry.name)),
            Err(files) => refused.extend(files),
        }
    }
    if !refused.is_empty() {
        // One that is left aside might be the one that was meant.
        return Err(SyncFailure::refused(refused).into());
    }
    let Some(as_of) = dated.iter().map(|(day, _)| *day).max() else {
        let folder = folder.location(&sync.env.store);
        let mut reason = format!("there is no file for it up to {}: put one into `{folder}`", sync.today);
        if let Some((day, name)) = later.into_iter().min() {
            let _ = write!(reason, "; `{name}` is for {day}: correct its date if that is wrong");
        }
        return Err(SyncFailure::no_file(reason).into());
    };
    let mut files: Vec<InboxEntry> = dated.into_iter().filter(|(day, _)| *day == as_of).map(|(_, file)| file).collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(DroppedFiles { as_of, files })
}

/// The day that a file is for; or why nobody can tell.
async fn day_of(
    sync: &SourceSync<'_>,
    file: &FileSource,
    entry: &InboxEntry,
) -> Result<Result<Date, Vec<RefusedFile>>, Stop> {
    let refused = |why: String| Ok(Err(vec![RefusedFile::of(&entry.name, vec![why])]));
    match file.day_of(&entry.name) {
        FileDay::Known(day) => Ok(Ok(day)),
        FileDay::Refused(why) => refused(why),
        FileDay::WhenWritten => match entry.modified {
            Some(written) => Ok(Ok(sync.closing.day_at(written))),
            None => refused("it is not known when it was written: write `as_of` in the source's settings".to_owned()),
        },
        FileDay::Inside => {
            let spooled = spool(sync, entry).await?;
            match file.day_in(&entry.name, &spooled) {
                Ok(day) => Ok(Ok(day)),
                Err(PageError::Refused(files)) => Ok(Err(files)),
                Err(error) => refused(error.to_string()),
            }
        }
    }
}

/// A copy of a dropped file on this machine.
async fn spool(sync: &SourceSync<'_>, entry: &InboxEntry) -> Result<SpooledFile, Stop> {
    let location = entry.location(&sync.env.store);
    let damaged = |error: std::io::Error| AppError::damaged(&*location, error);
    let mut bytes = open(sync, entry).await?;
    let mut spooled = SpooledFile::create().map_err(damaged)?;
    loop {
        let part = next_part(&mut *bytes).await.map_err(damaged)?;
        spooled.write_all(&part).map_err(damaged)?;
        if part.len() < READ_BYTES {
            return Ok(spooled);
        }
    }
}

async fn open(sync: &SourceSync<'_>, entry: &InboxEntry) -> Result<Box<dyn AsyncRead + Send + Unpin>, Stop> {
    let opened = entry.open(&sync.env.store).await?;
    let removed = || AppError::damaged(&*entry.location(&sync.env.store), "the file was removed");
    Ok(opened.ok_or_else(removed)?)
}

/// Archives the files that the checkpoint names; gives the state of a crawl that read no list twice.
pub(super) async fn crawl(
    sync: &SourceSync<'_>,
    file: &FileSource,
    checkpoint: &mut Checkpoint,
) -> Result<CrawlState, Stop> {
    let dropped = newest(sync, file).await?;
    if checkpoint.file.as_ref() != Some(&dropped.to_string()) {
        return Err(replaced(checkpoint).into());
    }
    adopt(sync, checkpoint).await?;
    let mut ingest =
        FileIngest { sync, archived: checkpoint.batches, at: 0, pages: Vec::new(), bytes: 0, page_count: 0 };
    for entry in &dropped.files {
        let location = entry.location(&sync.env.store);
        let mut bytes = open(sync, entry).await?;
        let mut parts = file.parts(&entry.name);
        loop {
            let part = next_part(&mut *bytes).await.map_err(|error| AppError::damaged(&*location, error))?;
            let is_last = part.len() < READ_BYTES;
            ingest.take(parts.push(&part), checkpoint).await?;
            if is_last {
                break;
            }
            if sync.is_out_of_time() {
                return Err(Stop::OutOfTime);
            }
        }
        ingest.take(parts.finish().into_iter().collect(), checkpoint).await?;
    }
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
