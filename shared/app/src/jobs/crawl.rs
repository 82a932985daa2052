//! The crawl's side of a sync: pages into packs in the archive, then the checkpoint that stands for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use truecount_billing::{Remedy, SourceId};
use truecount_connectors::{
    Connector, CrawlError, CrawlProgress, CrawlState, CredentialProvider, CsvFile, Http, HttpSetup, Page, PageSink,
    SinkError,
};
use truecount_platform::{CreateOutcome, Fields, Secrets};

use crate::jobs::sync::{Checkpoint, Incident, Worker};
use crate::{AppError, jsonl_gz, keys};

/// Seconds before the deadline at which no new question is asked.
const RESERVE_SECONDS: i64 = 5;

/// Bytes of a file read at a time.
const FILE_READ_BYTES: usize = 256 * 1024;

/// Bytes of pages of a file in one pack.
const FILE_PACK_BYTES: usize = 8 * 1024 * 1024;

/// A line of a pack: a page, or at its end how far the crawl was.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageBatchLine {
    /// A page as it came, but for the fields that are cut.
    Page(Page),
    /// How far the crawl was after these pages.
    State(Box<CrawlState>),
}

/// How a crawl ended.
pub(crate) enum Ended {
    /// Every page is in the archive.
    Done,
    /// Out of time.
    Stopped,
    /// It could not be read.
    Incident(Incident),
}

/// Whether a crawl that was begun on one day may still be finished on another: the night it crosses.
pub(crate) fn is_resumable(began_on: Date, today: Date) -> bool {
    began_on.until(today).is_ok_and(|age| (0..=1).contains(&age.get_days()))
}

/// Asks the source everything that is not in the archive yet.
pub(crate) async fn crawl(
    worker: &Worker<'_>,
    connector: &dyn Connector,
    checkpoint: &mut Checkpoint,
) -> Result<Ended, AppError> {
    if let Some(file) = connector.file() {
        return read_drop(worker, file, checkpoint).await;
    }
    let secret = match worker.env.secrets.source(&worker.source.id).await {
        Ok(secret) => secret,
        Err(error) => {
            return Ok(Ended::Incident(Incident { reason: error.to_string(), remedy: Remedy::FixCredentials }));
        }
    };
    let renewal = Arc::new(LookUp { secrets: Arc::clone(&worker.env.secrets), source: worker.source.id.clone() });
    let left = worker.deadline.at.duration_since(Timestamp::now()).as_millis() - i128::from(RESERVE_SECONDS) * 1_000;
    let deadline = Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
    let http =
        match Http::new(connector, HttpSetup { secret, renewal: Some(renewal), deadline, ..HttpSetup::default() }) {
            Ok(http) => http,
            Err(error) => return Ok(Ended::Incident(Incident::repair(error))),
        };
    let mut state = adopt(worker, checkpoint).await?;
    let mut packs = Packs { worker, checkpoint };
    let stop = || worker.deadline.is_near(RESERVE_SECONDS);
    let ended = truecount_connectors::crawl(connector, &http, &mut state, &mut packs, &stop).await;
    worker.env.progress.asked(worker.source.id.as_str(), http.requests(), http.throttles());
    match ended {
        Ok(CrawlProgress::Done) => {
            checkpoint.is_crawled = true;
            worker.save(checkpoint).await?;
            Ok(Ended::Done)
        }
        Ok(CrawlProgress::Stopped) => Ok(Ended::Stopped),
        Err(CrawlError::SourceError(fault)) => {
            Ok(Ended::Incident(Incident { reason: fault.to_string(), remedy: fault.remedy() }))
        }
        Err(CrawlError::Sink(error)) => Err(match error.downcast::<AppError>() {
            Ok(error) => *error,
            Err(error) => AppError::damaged("a pack of pages", error),
        }),
    }
}

/// Looks a source's secret up again: somebody may have renewed it while the source is read.
struct LookUp {
    secrets: Arc<dyn Secrets>,
    source: SourceId,
}

#[async_trait]
impl CredentialProvider for LookUp {
    async fn secret(&self) -> Option<Fields> {
        match self.secrets.source(&self.source).await {
            Ok(fields) => Some(fields),
            Err(error) => {
                tracing::warn!(source = %self.source, %error, "the secret was refused and cannot be looked up again");
                None
            }
        }
    }
}

/// A file that was dropped for a source.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dropped {
    /// The day that it is for.
    pub(crate) as_of: Date,
    key: String,
    size: u64,
}

impl Dropped {
    /// What a checkpoint remembers it by.
    pub(crate) fn text(&self) -> String {
        format!("{} ({} bytes)", self.key, self.size)
    }
}

/// The newest file that was dropped for a source: by its day, then by its name.
pub(crate) async fn newest_drop(worker: &Worker<'_>, file: &CsvFile) -> Result<Result<Dropped, Incident>, AppError> {
    let folder = keys::inbox(&worker.source.id);
    let today = worker.today;
    let mut newest: Option<Dropped> = None;
    for entry in worker.env.archive.list(&folder).await? {
        let as_of = match file.as_of(&entry.key[folder.len()..]) {
            Ok(day) => day.0,
            Err(why) => return Ok(Err(Incident::repair(why))),
        };
        if as_of <= today {
            newest = newest.max(Some(Dropped { as_of, key: entry.key, size: entry.size }));
        }
    }
    Ok(newest.ok_or_else(|| {
        let place = worker.env.archive.place(&folder);
        Incident::repair(format!("there is no file for it up to {today}: put one into `{place}`"))
    }))
}

/// A dropped file, split into pages that are archived like any vendor's.
async fn read_drop(worker: &Worker<'_>, file: &CsvFile, checkpoint: &mut Checkpoint) -> Result<Ended, AppError> {
    let dropped = match newest_drop(worker, file).await? {
        Ok(found) => found,
        Err(incident) => return Ok(Ended::Incident(incident)),
    };
    if checkpoint.file.as_ref() != Some(&dropped.text()) {
        return Ok(Ended::Incident(another_file(checkpoint)));
    }
    let place = worker.env.archive.place(&dropped.key);
    let Some(mut bytes) = worker.env.archive.open(&dropped.key).await? else {
        return Err(AppError::damaged(place, "it is missing"));
    };
    adopt(worker, checkpoint).await?;
    let name = dropped.key.rsplit('/').next().unwrap_or(&dropped.key).to_owned();
    let mut drop = Drop { worker, packed: checkpoint.packs, at: 0, pages: Vec::new(), bytes: 0, page_count: 0 };
    let mut splitter = file.split(&name);
    loop {
        let part = next_part(&mut *bytes).await.map_err(|e| AppError::damaged(&place, e))?;
        let is_last = part.len() < FILE_READ_BYTES;
        let pages = match splitter.push(&part) {
            Ok(pages) => pages,
            Err(error) => return Ok(Ended::Incident(Incident::repair(error))),
        };
        if drop.take(pages, checkpoint).await? == Same::No {
            return Ok(Ended::Incident(another_file(checkpoint)));
        }
        if is_last {
            break;
        }
        if worker.deadline.is_near(RESERVE_SECONDS) {
            return Ok(Ended::Stopped);
        }
    }
    let rest = match splitter.finish() {
        Ok(pages) => pages,
        Err(error) => return Ok(Ended::Incident(Incident::repair(error))),
    };
    if drop.take(rest, checkpoint).await? == Same::No || drop.pack(checkpoint).await? == Same::No {
        return Ok(Ended::Incident(another_file(checkpoint)));
    }
    checkpoint.is_crawled = true;
    worker.save(checkpoint).await?;
    Ok(Ended::Done)
}

/// The next bytes of a file: always as many, but at its end, however the archive hands them over. So the same file is
/// always split at the same places.
async fn next_part(bytes: &mut (dyn AsyncRead + Send + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(FILE_READ_BYTES);
    bytes.take(FILE_READ_BYTES as u64).read_to_end(&mut part).await?;
    Ok(part)
}

fn another_file(checkpoint: &Checkpoint) -> Incident {
    let file = checkpoint.file.as_deref().unwrap_or("the file");
    Incident { reason: format!("another file came while {file} was read; sync again"), remedy: Remedy::Retry }
}

/// Packs of a file's pages. The file says the same each time, so packs that are there already are passed over.
struct Drop<'a> {
    worker: &'a Worker<'a>,
    packed: u64,
    at: u64,
    pages: Vec<Page>,
    bytes: usize,
    page_count: u64,
}

/// Whether what was packed before is what the file says now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Same {
    Yes,
    No,
}

impl Drop<'_> {
    async fn take(&mut self, pages: Vec<Page>, checkpoint: &mut Checkpoint) -> Result<Same, AppError> {
        for page in pages {
            self.bytes += page.body.len();
            self.pages.push(page);
            self.page_count += 1;
            if self.bytes >= FILE_PACK_BYTES && self.pack(checkpoint).await? == Same::No {
                return Ok(Same::No);
            }
        }
        Ok(Same::Yes)
    }

    async fn pack(&mut self, checkpoint: &mut Checkpoint) -> Result<Same, AppError> {
        let pages = std::mem::take(&mut self.pages);
        self.bytes = 0;
        if pages.is_empty() {
            return Ok(Same::Yes);
        }
        let mut state = CrawlState::default();
        state.pages = self.page_count;
        let pack = self.at;
        self.at += 1;
        if pack < self.packed {
            let key = keys::pack(&self.worker.source.id, &checkpoint.id, pack);
            let is_same = self.worker.env.archive_get(&key).await? == packed_pages(&pages, &state)?;
            return Ok(if is_same { Same::Yes } else { Same::No });
        }
        write_pack(self.worker, checkpoint, &pages, &state).await?;
        Ok(Same::Yes)
    }
}

/// How far the packs in the archive are: also one whose checkpoint was not written any more.
async fn adopt(worker: &Worker<'_>, checkpoint: &mut Checkpoint) -> Result<CrawlState, AppError> {
    let key = |pack| keys::pack(&worker.source.id, &checkpoint.id, pack);
    let mut last = match checkpoint.packs.checked_sub(1) {
        Some(pack) => Some((key(pack), worker.env.archive_get(&key(pack)).await?)),
        None => None,
    };
    let mut packs = checkpoint.packs;
    while let Some(bytes) = worker.env.archive.get(&key(packs)).await? {
        last = Some((key(packs), bytes));
        packs += 1;
    }
    let mut state = CrawlState::default();
    if let Some((key, bytes)) = last {
        jsonl_gz::each_line(&key, &bytes, |line: PageBatchLine| {
            if let PageBatchLine::State(found) = line {
                state = *found;
            }
            Ok(())
        })?;
    }
    checkpoint.packs = packs;
    checkpoint.pages = state.pages;
    checkpoint.requests = state.requests;
    Ok(state)
}

/// Archives packs and moves the checkpoint after each.
struct Packs<'a> {
    worker: &'a Worker<'a>,
    checkpoint: &'a mut Checkpoint,
}

#[async_trait]
impl PageSink for Packs<'_> {
    async fn pack(&mut self, pages: &[Page], state: &CrawlState) -> Result<(), SinkError> {
        if pages.is_empty() {
            return Ok(());
        }
        write_pack(self.worker, self.checkpoint, pages, state).await.map_err(Into::into)
    }
}

async fn write_pack(
    worker: &Worker<'_>,
    checkpoint: &mut Checkpoint,
    pages: &[Page],
    state: &CrawlState,
) -> Result<(), AppError> {
    let key = keys::pack(&worker.source.id, &checkpoint.id, checkpoint.packs);
    let bytes = packed_pages(pages, state)?;
    // One that is there and the same was written by this very call, whose answer was lost on the way.
    if worker.env.archive.put_new(&key, bytes.clone()).await? == CreateOutcome::AlreadyExists
        && worker.env.archive_get(&key).await? != bytes
    {
        return Err(AppError::Fenced(format!("source `{}`", worker.source.id)));
    }
    checkpoint.packs += 1;
    checkpoint.pages = state.pages;
    checkpoint.requests = state.requests;
    worker.save(checkpoint).await?;
    worker.env.progress.pages(worker.source.id.as_str(), state.pages);
    Ok(())
}

fn packed_pages(pages: &[Page], state: &CrawlState) -> Result<Vec<u8>, AppError> {
    let mut lines = jsonl_gz::Lines::default();
    for page in pages {
        lines.push(&PageLine { page })?;
    }
    lines.push(&StateLine { state })?;
    lines.finish()
}

/// [`PageBatchLine::Page`], borrowed.
#[derive(Serialize)]
struct PageLine<'a> {
    page: &'a Page,
}

/// [`PageBatchLine::State`], borrowed.
#[derive(Serialize)]
struct StateLine<'a> {
    state: &'a CrawlState,
}
