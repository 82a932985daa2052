//! The crawl's side of a sync: pages into packs in the archive, then the checkpoint that stands for them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use truecount_connectors::{
    Connector, CrawlError, CrawlState, CsvFile, Http, HttpSetup, PackSink, Page, Progress, Remedy, SinkError,
};
use truecount_platform::Placed;

use crate::keys::SnapshotId;
use crate::sync::{Checkpoint, Incident, Worker};
use crate::{AppError, keys, packed};

/// Seconds before the deadline at which no new question is asked.
const RESERVE_SECONDS: i64 = 5;

/// Bytes of a file read at a time.
const FILE_READ_BYTES: usize = 256 * 1024;

/// Bytes of pages of a file in one pack.
const FILE_PACK_BYTES: usize = 8 * 1024 * 1024;

/// A line of a pack: a page, or at its end how far the crawl was.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PackLine {
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

/// Whether a crawl that was begun for one day may still be finished on another: the night it crosses.
pub(crate) fn is_resumable(id: &SnapshotId, today: Date) -> bool {
    id.as_of.until(today).is_ok_and(|age| (0..=1).contains(&age.get_days()))
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
        Err(error) => return Ok(Ended::Incident(Incident { reason: error.to_string(), remedy: "renew" })),
    };
    let left = worker.deadline.at.duration_since(Timestamp::now()).as_millis() - i128::from(RESERVE_SECONDS) * 1_000;
    let deadline = Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
    let http = match Http::new(connector, HttpSetup { secret, deadline, ..HttpSetup::default() }) {
        Ok(http) => http,
        Err(error) => return Ok(Ended::Incident(Incident::repair(error))),
    };
    let mut state = adopt(worker, checkpoint).await?;
    let mut packs = Packs { worker, checkpoint };
    let stop = || worker.deadline.is_near(RESERVE_SECONDS);
    let ended = truecount_connectors::crawl(connector, &http, &mut state, &mut packs, &stop).await;
    match ended {
        Ok(Progress::Done) => {
            checkpoint.is_crawled = true;
            worker.save(checkpoint).await?;
            Ok(Ended::Done)
        }
        Ok(Progress::Stopped) => Ok(Ended::Stopped),
        Err(CrawlError::Fault(fault)) => {
            let remedy = match fault.remedy() {
                Remedy::Retry(_) => "retry",
                Remedy::Renew => "renew",
                Remedy::Repair => "repair",
            };
            Ok(Ended::Incident(Incident { reason: fault.to_string(), remedy }))
        }
        Err(CrawlError::Sink(error)) => Err(match error.downcast::<AppError>() {
            Ok(error) => *error,
            Err(error) => AppError::damaged("a pack of pages", error),
        }),
    }
}

/// The newest file that was dropped for a source, with its day.
pub(crate) async fn newest_drop(
    worker: &Worker<'_>,
    file: &CsvFile,
) -> Result<Result<(String, Date), Incident>, AppError> {
    let folder = keys::inbox(&worker.source.id);
    let today = worker.env.today();
    let mut newest: Option<(String, Date)> = None;
    for entry in worker.env.archive.list(&folder).await? {
        let name = &entry.key[folder.len()..];
        let as_of = match file.as_of(name) {
            Ok(day) => day.0,
            Err(why) => return Ok(Err(Incident::repair(why))),
        };
        let is_newer = newest.as_ref().is_none_or(|(key, day)| (as_of, &entry.key) > (*day, key));
        if as_of <= today && is_newer {
            newest = Some((entry.key.clone(), as_of));
        }
    }
    Ok(newest.ok_or_else(|| {
        let place = worker.env.archive.place(&folder);
        Incident::repair(format!("there is no file for it up to {today}: put one into `{place}`"))
    }))
}

/// A dropped file, split into pages that are archived like any vendor's.
async fn read_drop(worker: &Worker<'_>, file: &CsvFile, checkpoint: &mut Checkpoint) -> Result<Ended, AppError> {
    let (key, as_of) = match newest_drop(worker, file).await? {
        Ok(found) => found,
        Err(incident) => return Ok(Ended::Incident(incident)),
    };
    if as_of != checkpoint.id.as_of {
        let why = format!("a newer file came while that of {} was read; sync again", checkpoint.id.as_of);
        return Ok(Ended::Incident(Incident { reason: why, remedy: "retry" }));
    }
    let Some(mut bytes) = worker.env.archive.open(&key).await? else {
        return Err(AppError::damaged(worker.env.archive.place(&key), "it is missing"));
    };
    adopt(worker, checkpoint).await?;
    let mut drop = Drop { worker, packed: checkpoint.packs, at: 0, pages: Vec::new(), bytes: 0, page_count: 0 };
    let name = key.rsplit('/').next().unwrap_or(&key).to_owned();
    let mut splitter = file.split(&name);
    let mut buffer = vec![0; FILE_READ_BYTES];
    loop {
        let read = bytes.read(&mut buffer).await.map_err(|e| AppError::damaged(worker.env.archive.place(&key), e))?;
        if read == 0 {
            break;
        }
        match splitter.push(&buffer[..read]) {
            Ok(pages) => drop.take(pages, checkpoint).await?,
            Err(error) => return Ok(Ended::Incident(Incident::repair(error))),
        }
        if worker.deadline.is_near(RESERVE_SECONDS) {
            return Ok(Ended::Stopped);
        }
    }
    match splitter.finish() {
        Ok(pages) => drop.take(pages, checkpoint).await?,
        Err(error) => return Ok(Ended::Incident(Incident::repair(error))),
    }
    drop.pack(checkpoint).await?;
    checkpoint.is_crawled = true;
    worker.save(checkpoint).await?;
    Ok(Ended::Done)
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

impl Drop<'_> {
    async fn take(&mut self, pages: Vec<Page>, checkpoint: &mut Checkpoint) -> Result<(), AppError> {
        for page in pages {
            self.bytes += page.body.len();
            self.pages.push(page);
            self.page_count += 1;
            if self.bytes >= FILE_PACK_BYTES {
                self.pack(checkpoint).await?;
            }
        }
        Ok(())
    }

    async fn pack(&mut self, checkpoint: &mut Checkpoint) -> Result<(), AppError> {
        let pages = std::mem::take(&mut self.pages);
        self.bytes = 0;
        if pages.is_empty() {
            return Ok(());
        }
        self.at += 1;
        if self.at <= self.packed {
            return Ok(());
        }
        let mut state = CrawlState::default();
        state.pages = self.page_count;
        write_pack(self.worker, checkpoint, &pages, &state).await
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
        packed::each_line(&key, &bytes, |line: PackLine| {
            if let PackLine::State(found) = line {
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
impl PackSink for Packs<'_> {
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
    let mut lines = packed::Lines::default();
    for page in pages {
        lines.push(&PageLine { page })?;
    }
    lines.push(&StateLine { state })?;
    let key = keys::pack(&worker.source.id, &checkpoint.id, checkpoint.packs);
    if worker.env.archive.put_new(&key, lines.finish()?).await? == Placed::Existed {
        return Err(AppError::Fenced(format!("source `{}`", worker.source.id)));
    }
    checkpoint.packs += 1;
    checkpoint.pages = state.pages;
    checkpoint.requests = state.requests;
    worker.save(checkpoint).await?;
    worker.env.progress.pages(worker.source.id.as_str(), state.pages);
    Ok(())
}

/// [`PackLine::Page`], borrowed.
#[derive(Serialize)]
struct PageLine<'a> {
    page: &'a Page,
}

/// [`PackLine::State`], borrowed.
#[derive(Serialize)]
struct StateLine<'a> {
    state: &'a CrawlState,
}
