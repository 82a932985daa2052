//! The crawl of a vendor's API: pages into batches in the archive, after each batch the checkpoint; and back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use truecount_billing::{ReadReason, Remedy, SourceId};
use truecount_connectors::{
    CrawlError, CrawlProgress, CrawlState, CredentialProvider, Http, HttpSetup, Page, PageError, PageSink, Reader,
    Reading, SinkError, Snapshot, Source,
};
use truecount_platform::{Fields, Secrets};
use truecount_store::{Checkpoint, PageBatch, StoreError};

use super::context::{RESERVE_SECONDS, SourceSync};
use super::failure::{Stop, SyncFailure};
use crate::AppError;

/// Whether a crawl that began on one day may still be finished on another: a night may lie between.
pub(super) fn is_resumable(began_on: Date, today: Date) -> bool {
    began_on.until(today).is_ok_and(|age| (0..=1).contains(&age.get_days()))
}

/// Requests everything that is not in the archive yet; gives the state in which the crawl ended.
pub(super) async fn crawl(
    sync: &SourceSync<'_>,
    source: &Source,
    checkpoint: &mut Checkpoint,
) -> Result<CrawlState, Stop> {
    let secret = sync.env.secrets.source(&sync.source.id).await;
    let secret = secret.map_err(|error| SyncFailure {
        reason: ReadReason::NoCredential { detail: error.to_string() },
        remedy: Remedy::FixCredentials,
    })?;
    let renewal = Arc::new(StoredSecret { secrets: Arc::clone(&sync.env.secrets), source: sync.source.id.clone() });
    let left = sync.deadline.at.duration_since(Timestamp::now()).as_millis() - i128::from(RESERVE_SECONDS) * 1_000;
    let deadline = Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
    let setup = HttpSetup { secret, renewal: Some(renewal), deadline, ..HttpSetup::default() };
    let http = Http::new(source, setup).map_err(SyncFailure::cannot_build)?;
    let mut state = adopt(sync, checkpoint).await?;
    let mut sink = BatchSink { sync, checkpoint };
    let crawled = truecount_connectors::crawl(source, &http, &mut state, &mut sink, &|| sync.is_out_of_time()).await;
    sync.env.progress.asked(sync.source.id.as_str(), http.requests(), http.throttles());
    checkpoint.vendor_ahead_seconds = http.skew().map(|ahead| ahead.as_secs()).or(checkpoint.vendor_ahead_seconds);
    match crawled {
        Ok(CrawlProgress::Done) => {
            checkpoint.is_crawled = true;
            sync.save(checkpoint).await?;
            Ok(state)
        }
        Ok(CrawlProgress::Stopped) => Err(Stop::OutOfTime),
        Err(CrawlError::SourceError(error)) => {
            Err(SyncFailure { reason: ReadReason::Fetch(error.failure()), remedy: error.remedy() }.into())
        }
        Err(CrawlError::Sink(error)) => Err(Stop::Error(match error.downcast::<StoreError>() {
            Ok(error) => AppError::Store(*error),
            Err(error) => AppError::damaged("a batch of pages", error),
        })),
    }
}

/// Parses every archived page: a pure function of the archive. `None`: lists changed while they were read, and are in
/// line to be read again.
pub(super) async fn parse_pages(
    sync: &SourceSync<'_>,
    source: &Source,
    checkpoint: &mut Checkpoint,
    mut state: CrawlState,
) -> Result<Option<Snapshot>, Stop> {
    let mut reader = Reader::new(source, &state, checkpoint.snapshot.as_of);
    if reader.has_lookups() {
        each_page(sync, checkpoint, |page| reader.look_up(page)).await?;
    }
    each_page(sync, checkpoint, |page| reader.parse(page)).await?;
    match reader.finish().map_err(unreadable)? {
        Reading::Whole(snapshot) => Ok(Some(*snapshot)),
        Reading::Moved(requests) => {
            tracing::info!(source = %sync.source.id, lists = requests.len(), "lists changed while they were read");
            state.read_again(requests);
            // The batch without pages carries the state: a later call knows what is read again.
            write_batch(sync, checkpoint, &[], &state).await?;
            checkpoint.is_crawled = false;
            sync.save(checkpoint).await?;
            Ok(None)
        }
    }
}

/// Hands every archived page to `take`, in the order of the crawl.
async fn each_page(
    sync: &SourceSync<'_>,
    checkpoint: &Checkpoint,
    mut take: impl FnMut(&Page) -> Result<(), PageError>,
) -> Result<(), Stop> {
    for number in 0..checkpoint.batches {
        let mut wrong = None;
        let each = |page: Page| {
            if wrong.is_none() {
                wrong = take(&page).err();
            }
        };
        batch(sync, checkpoint, number).each_page::<Page, CrawlState>(&sync.env.store, each).await?;
        if let Some(error) = wrong {
            return Err(unreadable(error).into());
        }
    }
    Ok(())
}

fn unreadable(error: PageError) -> SyncFailure {
    match error {
        PageError::Refused(files) => SyncFailure::refused(files),
        PageError::Copy { .. } => SyncFailure::no_file(error),
        PageError::Answer { .. } => SyncFailure::unexpected_answer(error),
    }
}

/// How far the batches in the archive are: also one whose checkpoint was never written.
pub(super) async fn adopt(sync: &SourceSync<'_>, checkpoint: &mut Checkpoint) -> Result<CrawlState, StoreError> {
    let store = &sync.env.store;
    let mut state = match checkpoint.batches.checked_sub(1) {
        Some(last) => batch(sync, checkpoint, last).expect_state::<CrawlState>(store).await?,
        None => CrawlState::default(),
    };
    while let Some(next) = batch(sync, checkpoint, checkpoint.batches).state::<CrawlState>(store).await? {
        state = next;
        checkpoint.batches += 1;
    }
    checkpoint.pages = state.pages;
    checkpoint.requests = state.requests;
    Ok(state)
}

/// Archives pages and moves the checkpoint.
pub(super) async fn write_batch(
    sync: &SourceSync<'_>,
    checkpoint: &mut Checkpoint,
    pages: &[Page],
    state: &CrawlState,
) -> Result<(), StoreError> {
    batch(sync, checkpoint, checkpoint.batches).write(&sync.env.store, pages, state).await?;
    checkpoint.batches += 1;
    checkpoint.pages = state.pages;
    checkpoint.requests = state.requests;
    sync.save(checkpoint).await?;
    sync.env.progress.pages(sync.source.id.as_str(), state.pages);
    Ok(())
}

/// One batch of this crawl.
pub(super) fn batch<'a>(sync: &SourceSync<'a>, checkpoint: &Checkpoint, number: u64) -> PageBatch<'a> {
    PageBatch { source: &sync.source.id, snapshot: checkpoint.snapshot, number }
}

/// Takes the engine's pages, a batch at a time.
struct BatchSink<'a> {
    sync: &'a SourceSync<'a>,
    checkpoint: &'a mut Checkpoint,
}

#[async_trait]
impl PageSink for BatchSink<'_> {
    async fn pack(&mut self, pages: &[Page], state: &CrawlState) -> Result<(), SinkError> {
        if pages.is_empty() {
            return Ok(());
        }
        write_batch(self.sync, self.checkpoint, pages, state).await.map_err(Into::into)
    }
}

/// Reads a source's secret again: somebody may have renewed it while the source is read.
struct StoredSecret {
    secrets: Arc<dyn Secrets>,
    source: SourceId,
}

#[async_trait]
impl CredentialProvider for StoredSecret {
    async fn secret(&self) -> Option<Fields> {
        match self.secrets.source(&self.source).await {
            Ok(fields) => Some(fields),
            Err(error) => {
                tracing::warn!(source = %self.source, %error, "the secret was refused and cannot be read again");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_crawl_is_continued_over_one_night_and_no_longer() {
        let began = date(2026, 6, 30);
        for (today, expected) in
            [(date(2026, 6, 29), false), (began, true), (date(2026, 7, 1), true), (date(2026, 7, 2), false)]
        {
            assert_eq!(is_resumable(began, today), expected, "{today}");
        }
    }
}
