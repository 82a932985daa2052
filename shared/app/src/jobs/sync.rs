//! Sync one source: crawl it page by page, parse the pages, commit what they say as a snapshot.
//!
//! Pages are archived before they are parsed; a checkpoint follows the pages that it counts; a snapshot can be used only
//! once it is committed. Out of time, the job stops and the next call continues.

mod account_history;
mod anomaly;
mod context;
mod crawl;
mod drop_guard;
mod dropped_file;
mod failure;
mod item_moves;
mod snapshot;
mod witness;

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{ReadReason, RefusedFile, Remedy, SourceId};
use truecount_connectors::{Source, connect};
use truecount_store::{Checkpoint, Retention, SnapshotId, SnapshotManifest, SyncStatus};

use self::context::SourceSync;
use self::failure::Stop;
pub use self::failure::SyncFailure;
use self::snapshot::Unchanged;
use super::runner::{JobContext, JobOutcome};
use crate::{AppError, Deadline, Environment, Settings};

/// How a sync ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SyncAnswer {
    /// The snapshot is committed.
    Committed {
        /// The source.
        source: SourceId,
        /// The day it is for.
        as_of: Date,
        /// Accounts in it.
        accounts: u64,
        /// Of these, not read completely.
        incomplete_accounts: u64,
        /// What is missing of the source, not known of which account.
        missing: Option<ReadReason>,
        /// Items or lines in it.
        items: u64,
        /// Pages that it was read from.
        pages: u64,
        /// Requests that it took.
        requests: u64,
        /// Whether it is the same as the last snapshot of that day, which then stands.
        unchanged: bool,
    },
    /// Out of time: the next call continues.
    Continue {
        /// The source.
        source: SourceId,
        /// Pages so far.
        pages: u64,
        /// How far it is: grows from call to call, unless nothing could be done.
        progress: u64,
    },
    /// Another worker syncs this source.
    Busy {
        /// The source.
        source: SourceId,
    },
    /// It could not be read; nothing was committed.
    Failed {
        /// The source.
        source: SourceId,
        /// Why, for a person.
        reason: ReadReason,
        /// What helps.
        remedy: Remedy,
    },
}

/// Syncs the source `id`.
///
/// # Errors
/// [`AppError`] if the backend cannot be used; a vendor that cannot be read is an answer, not an error.
pub async fn sync(
    env: &Environment,
    settings: &Settings,
    id: &str,
    deadline: Deadline,
) -> Result<SyncAnswer, AppError> {
    let source = settings.source(id)?;
    let today = settings.today(env);
    let retention = Retention::of_days(settings.retention.days);
    let job = JobContext { env, deadline };
    let outcome = job
        .exclusively(source.id.as_str(), async |lease| {
            let closing = &settings.closing;
            run(&SourceSync { env, source, lease, deadline, today, retention, closing }).await
        })
        .await?;
    Ok(match outcome {
        JobOutcome::Done(answer) => answer,
        JobOutcome::Busy => SyncAnswer::Busy { source: source.id.clone() },
    })
}

async fn run(sync: &SourceSync<'_>) -> Result<SyncAnswer, AppError> {
    let (source, mut checkpoint) = match begin_or_resume(sync).await {
        Ok(begun) => begun,
        Err(stop) => return not_begun(sync, stop).await,
    };
    let mut read = read_source(sync, &source, &mut checkpoint).await;
    let is_resumed = checkpoint.snapshot.lease != sync.lease.number();
    if is_resumed && matches!(&read, Err(Stop::Failed(failure)) if failure.is_of_replaced_file()) {
        // What an earlier process began to read is not the newest file any more: that is read from its beginning.
        checkpoint = match begin(sync, &source).await {
            Ok(begun) => begun,
            Err(stop) => return not_begun(sync, stop).await,
        };
        read = read_source(sync, &source, &mut checkpoint).await;
    }
    match read {
        Ok(answer) => Ok(answer),
        Err(Stop::Failed(failure)) => {
            failed(sync, checkpoint.snapshot.as_of, checkpoint.vendor_ahead_seconds, failure).await
        }
        Err(Stop::OutOfTime) => Ok(yield_progress(sync, checkpoint.pages, checkpoint.accounts_written)),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// What is answered of a source that could not be begun.
async fn not_begun(sync: &SourceSync<'_>, stop: Stop) -> Result<SyncAnswer, AppError> {
    match stop {
        Stop::Failed(failure) => failed(sync, sync.today, None, failure).await,
        Stop::OutOfTime => Ok(yield_progress(sync, 0, 0)),
        Stop::Error(error) => Err(error),
    }
}

/// The source, and the sync to continue: one that has not ended, or a new one.
async fn begin_or_resume(sync: &SourceSync<'_>) -> Result<(Source, Checkpoint), Stop> {
    let source = connect(&sync.source.connector, &sync.source.options).map_err(SyncFailure::cannot_build)?;
    let unfinished = Checkpoint::load(&sync.env.store, &sync.source.id).await?;
    if let Some(checkpoint) = unfinished.filter(|found| crawl::is_resumable(found.began_on, sync.today)) {
        return Ok((source, checkpoint));
    }
    let checkpoint = begin(sync, &source).await?;
    Ok((source, checkpoint))
}

async fn begin(sync: &SourceSync<'_>, source: &Source) -> Result<Checkpoint, Stop> {
    let (as_of, file) = match source.file() {
        None => (sync.today, None),
        Some(file) => {
            let found = dropped_file::newest(sync, file).await?;
            (found.as_of, Some(found.to_string()))
        }
    };
    let id = SnapshotId { as_of, lease: sync.lease.number() };
    let checkpoint = Checkpoint::begin(sync.source.id.clone(), id, sync.today, file);
    sync.save(&checkpoint).await?;
    Ok(checkpoint)
}

async fn read_source(sync: &SourceSync<'_>, source: &Source, checkpoint: &mut Checkpoint) -> Result<SyncAnswer, Stop> {
    let committed = SnapshotManifest::load(&sync.env.store, &sync.source.id, checkpoint.snapshot).await?;
    if let Some(manifest) = committed {
        tracing::info!(source = %sync.source.id, "this snapshot was committed by an earlier call");
        return Ok(complete(sync, manifest, Unchanged::No, checkpoint.vendor_ahead_seconds).await?);
    }
    let parsed = loop {
        let state = match (checkpoint.is_crawled, source.file()) {
            (true, _) => crawl::adopt(sync, checkpoint).await?,
            (false, Some(file)) => dropped_file::crawl(sync, file, checkpoint).await?,
            (false, None) => crawl::crawl(sync, source, checkpoint).await?,
        };
        sync.env.progress.step(&format!("parsing the pages of {}", sync.source.id));
        if let Some(parsed) = crawl::parse_pages(sync, source, checkpoint, state).await? {
            break parsed;
        }
        // Some lists are read again: they changed while they were read, or nothing else tells that they did not.
    };
    let (manifest, unchanged) = snapshot::write_and_commit(sync, parsed, checkpoint).await?;
    Ok(complete(sync, manifest, unchanged, checkpoint.vendor_ahead_seconds).await?)
}

/// Records that the source is committed, and answers.
async fn complete(
    sync: &SourceSync<'_>,
    manifest: SnapshotManifest,
    unchanged: Unchanged,
    vendor_ahead_seconds: Option<i64>,
) -> Result<SyncAnswer, AppError> {
    record(sync, manifest.id.as_of, vendor_ahead_seconds, None).await?;
    Ok(SyncAnswer::Committed {
        source: manifest.source,
        as_of: manifest.id.as_of,
        accounts: manifest.account_count,
        incomplete_accounts: manifest.incomplete_count,
        missing: manifest.missing,
        items: manifest.item_count,
        pages: manifest.page_count,
        requests: manifest.request_count,
        unchanged: unchanged == Unchanged::Yes,
    })
}

/// Records a failure: the next sync begins anew, the report names the reason.
async fn failed(
    sync: &SourceSync<'_>,
    as_of: Date,
    vendor_ahead_seconds: Option<i64>,
    mut failure: SyncFailure,
) -> Result<SyncAnswer, AppError> {
    if let ReadReason::FilesRefused { files } = &mut failure.reason {
        let before = SyncStatus::last(&sync.env.store, &sync.source.id).await?.and_then(|status| status.failure);
        note_since(files, before.as_ref(), sync.today);
    }
    record(sync, as_of, vendor_ahead_seconds, Some(failure.reason.clone())).await?;
    tracing::warn!(source = %sync.source.id, reason = %failure.reason, "the source was not read");
    Ok(SyncAnswer::Failed { source: sync.source.id.clone(), reason: failure.reason, remedy: failure.remedy })
}

/// Notes since when each file is refused: a file of the same name that was refused before is taken for the same.
fn note_since(files: &mut [RefusedFile], before: Option<&ReadReason>, today: Date) {
    let before = match before {
        Some(ReadReason::FilesRefused { files }) => files.as_slice(),
        _ => &[],
    };
    for file in files {
        let known = before.iter().find(|known| known.name == file.name);
        file.since = known.and_then(|known| known.since).or(Some(today));
    }
}

async fn record(
    sync: &SourceSync<'_>,
    as_of: Date,
    vendor_ahead_seconds: Option<i64>,
    failure: Option<ReadReason>,
) -> Result<(), AppError> {
    let source = sync.source.id.clone();
    let (store, fence) = (&sync.env.store, sync.lease.fence());
    SyncStatus { source, as_of, at: sync.env.clock.now(), failure, vendor_ahead_seconds }.save(store, fence).await?;
    Ok(Checkpoint::clear(store, &sync.source.id, fence).await?)
}

fn yield_progress(sync: &SourceSync<'_>, pages: u64, accounts_written: u64) -> SyncAnswer {
    SyncAnswer::Continue { source: sync.source.id.clone(), pages, progress: pages + accounts_written }
}
