//! Sync one source: crawl it page by page, read the pages, seal what they say.
//!
//! Pages are archived before they are read; a checkpoint follows the pages it stands for; a snapshot can be used
//! only once it is sealed. Out of time, the work stops by itself and the next call goes on.

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{Remedy, SourceId};
use truecount_connectors::{Connector, SnapshotBuilder, connect, read_page};
use truecount_platform::{Row, Value};

use crate::environment::Environment;
use crate::jobs::account_history;
use crate::jobs::anomaly;
use crate::jobs::crawl::{self, Ended};
use crate::keys::SnapshotId;
use crate::lease::{self, Lease, LeaseOutcome};
use crate::seal::{SnapshotManifest, SyncStatus};
use crate::settings::{Settings, SourceSettings};
use crate::snapshot::{self, SnapshotAccount};
use crate::{AppError, Deadline, jsonl_gz, keys};

/// Rows written together before the deadline is looked at again.
const WRITE_ROWS: usize = 200;

/// Seconds before the deadline at which no new work is begun.
const RESERVE_SECONDS: i64 = 5;

/// How a sync ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SyncAnswer {
    /// The snapshot is sealed.
    Sealed {
        /// The source.
        source: SourceId,
        /// The day it is for.
        as_of: Date,
        /// Accounts in it.
        accounts: u64,
        /// Of these, not read completely.
        incomplete_accounts: u64,
        /// What is missing of the source, nobody knows for which account.
        missing: Option<String>,
        /// Items or lines in it.
        items: u64,
        /// Pages that it was read from.
        pages: u64,
        /// Requests that it took.
        requests: u64,
        /// Whether it is the same as the last seal of that day, which then stands.
        unchanged: bool,
    },
    /// Out of time: call again, it goes on.
    Continue {
        /// The source.
        source: SourceId,
        /// Pages so far.
        pages: u64,
        /// How far it is: grows from call to call, unless nothing could be done.
        progress: u64,
    },
    /// Another worker has this source.
    Busy {
        /// The source.
        source: SourceId,
    },
    /// It could not be read; nothing was sealed.
    Failed {
        /// The source.
        source: SourceId,
        /// Why, for a person.
        reason: String,
        /// What helps.
        remedy: Remedy,
    },
}

/// Syncs the source `id`.
///
/// # Errors
/// [`AppError`] if the homes cannot be used; a vendor that cannot be read is an answer, not an error.
pub async fn sync(
    env: &Environment,
    settings: &Settings,
    id: &str,
    deadline: Deadline,
) -> Result<SyncAnswer, AppError> {
    let source = settings.source(id)?;
    let lease = match lease::acquire(&env.table, source.id.as_str(), deadline.at, env.is_exclusive).await? {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy => return Ok(SyncAnswer::Busy { source: source.id.clone() }),
    };
    let worker = Worker { env, source, lease: &lease, deadline, today: settings.today(env) };
    let answer = worker.work().await;
    lease::release(&env.table, &lease).await?;
    answer
}

/// One sync under its lease.
pub(crate) struct Worker<'a> {
    pub(crate) env: &'a Environment,
    pub(crate) source: &'a SourceSettings,
    pub(crate) lease: &'a Lease,
    pub(crate) deadline: Deadline,
    /// The day in the MSP's time zone.
    pub(crate) today: Date,
}

/// Whether the last seal of the day says the same already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unchanged {
    Yes,
    No,
}

/// Why a source was not sealed.
pub(crate) struct Incident {
    pub(crate) reason: String,
    pub(crate) remedy: Remedy,
}

impl Incident {
    pub(crate) fn repair(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), remedy: Remedy::FixConfiguration }
    }
}

/// A crawl that has not ended, as the table has it.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) id: SnapshotId,
    /// The day on which it began, whatever day it is for.
    pub(crate) began_on: Date,
    /// The dropped file that is read, where it is one.
    pub(crate) file: Option<String>,
    /// Packs in the archive.
    pub(crate) packs: u64,
    /// Whether every page is there.
    pub(crate) is_crawled: bool,
    /// Accounts whose rows are written, in the order of their ids.
    pub(crate) accounts_written: u64,
    /// Pages and requests so far.
    pub(crate) pages: u64,
    pub(crate) requests: u64,
}

impl Worker<'_> {
    async fn work(&self) -> Result<SyncAnswer, AppError> {
        let connector = match connect(&self.source.connector, &self.source.options) {
            Ok(connector) => connector,
            Err(error) => return self.failed(self.today, Incident::repair(error)).await,
        };
        let mut checkpoint = match self.resume().await? {
            Some(checkpoint) => checkpoint,
            None => match self.begin(&*connector).await? {
                Ok(checkpoint) => checkpoint,
                Err(incident) => return self.failed(self.today, incident).await,
            },
        };
        if let Some(seal) = SnapshotManifest::of(&self.env.table, &self.source.id, &checkpoint.id).await? {
            tracing::info!(source = %self.source.id, "this snapshot was sealed by an earlier call");
            return self.conclude(seal, Unchanged::No).await;
        }
        if !checkpoint.is_crawled {
            match crawl::crawl(self, &*connector, &mut checkpoint).await? {
                Ended::Done => {}
                Ended::Stopped => return Ok(self.go_on(&checkpoint)),
                Ended::Incident(incident) => return self.failed(checkpoint.id.as_of, incident).await,
            }
        }
        self.read_and_seal(&*connector, &mut checkpoint).await
    }

    /// The pages, read; then written account by account, and sealed.
    async fn read_and_seal(
        &self,
        connector: &dyn Connector,
        checkpoint: &mut Checkpoint,
    ) -> Result<SyncAnswer, AppError> {
        let as_of = checkpoint.id.as_of;
        self.env.progress.step(&format!("reading what {} said", self.source.id));
        let reading = match self.read(connector, checkpoint).await? {
            Ok(reading) => reading,
            Err(incident) => return self.failed(as_of, incident).await,
        };
        let earlier = self.earlier(&checkpoint.id).await?;
        if let Err(incident) = anomaly::proof_of_life(&reading, &earlier) {
            return self.failed(as_of, incident).await;
        }
        for (note, times) in &reading.notes {
            tracing::warn!(source = %self.source.id, times, "{note}");
        }
        let missing = reading.read_state.reason().map(str::to_owned);
        let gone = anomaly::vanished(&reading, &earlier);
        let known = snapshot::by_id(&earlier);
        let mut entries = Vec::with_capacity(reading.account_count() + gone.len());
        let mut rows: Vec<Row> = Vec::new();
        for (at, mut account) in reading.into_accounts().chain(gone).enumerate() {
            let before = known.get(&account.account.id).copied();
            anomaly::doubt(&mut account, before);
            let mut entry = snapshot::describe(&account, &checkpoint.id)?;
            entry.counts_before = anomaly::counts_before(&account.account.read_state, before);
            match before {
                Some(same) if snapshot::can_refer(same, &entry, as_of) => {
                    entry.at.clone_from(&same.at);
                    entry.chunks = same.chunks;
                }
                _ => {
                    let new = snapshot::rows(&self.source.id, &checkpoint.id, &account, &mut entry)?;
                    if at as u64 >= checkpoint.accounts_written {
                        rows.extend(new);
                    }
                }
            }
            entries.push(entry);
            if rows.len() >= WRITE_ROWS {
                self.env.table.batch_put(std::mem::take(&mut rows)).await?;
                checkpoint.accounts_written = at as u64 + 1;
                if self.deadline.is_near(RESERVE_SECONDS) {
                    self.save(checkpoint).await?;
                    return Ok(self.go_on(checkpoint));
                }
            }
        }
        entries.sort_by(|a, b| a.account.id.cmp(&b.account.id));
        account_history::carry(&earlier, &mut entries, as_of);
        rows.extend(snapshot::index_rows(&self.source.id, &checkpoint.id, &entries)?);
        self.env.table.batch_put(rows).await?;
        self.seal(checkpoint, &entries, missing).await
    }

    async fn seal(
        &self,
        checkpoint: &Checkpoint,
        entries: &[SnapshotAccount],
        missing: Option<String>,
    ) -> Result<SyncAnswer, AppError> {
        let seal = SnapshotManifest {
            id: checkpoint.id.clone(),
            connector: self.source.connector.clone(),
            side: self.source.side(),
            account_count: entries.len() as u64,
            incomplete_count: entries.iter().filter(|entry| !entry.account.read_state.is_complete()).count() as u64,
            item_count: entries.iter().map(SnapshotAccount::total).sum(),
            page_count: checkpoint.pages,
            request_count: checkpoint.requests,
            content_sha256: snapshot::content_sha256(entries, missing.as_deref()),
            missing,
        };
        let newest = SnapshotManifest::newest(&self.env.table, &self.source.id, seal.id.as_of).await?;
        let unchanged = newest.is_some_and(|newest| {
            newest.id.as_of == seal.id.as_of && newest.id != seal.id && newest.content_sha256 == seal.content_sha256
        });
        lease::hold(&self.env.table, self.lease).await?;
        if unchanged {
            return self.conclude(seal, Unchanged::Yes).await;
        }
        seal.place(&self.env.table, &self.source.id).await?;
        self.conclude(seal, Unchanged::No).await
    }

    /// Notes that the source is sealed, and answers.
    async fn conclude(&self, seal: SnapshotManifest, unchanged: Unchanged) -> Result<SyncAnswer, AppError> {
        let attempt = SyncStatus { as_of: seal.id.as_of, at: self.env.clock.now(), failure: None };
        attempt.note(&self.env.table, &self.source.id, self.lease.number).await?;
        self.forget().await?;
        Ok(SyncAnswer::Sealed {
            source: self.source.id.clone(),
            as_of: seal.id.as_of,
            accounts: seal.account_count,
            incomplete_accounts: seal.incomplete_count,
            missing: seal.missing,
            items: seal.item_count,
            pages: seal.page_count,
            requests: seal.request_count,
            unchanged: unchanged == Unchanged::Yes,
        })
    }

    /// Reads every archived page through the connector.
    async fn read(
        &self,
        connector: &dyn Connector,
        checkpoint: &Checkpoint,
    ) -> Result<Result<truecount_connectors::Snapshot, Incident>, AppError> {
        let mut reading = SnapshotBuilder::of(connector);
        for pack in 0..checkpoint.packs {
            let key = keys::pack(&self.source.id, &checkpoint.id, pack);
            let bytes = self.env.archive_get(&key).await?;
            let mut wrong = None;
            jsonl_gz::each_line(&key, &bytes, |line: crawl::PageBatchLine| {
                if let (crawl::PageBatchLine::Page(page), None) = (line, &wrong) {
                    wrong = read_page(connector, &page, &mut reading).err();
                }
                Ok(())
            })?;
            if let Some(error) = wrong {
                return Ok(Err(Incident::repair(error)));
            }
        }
        Ok(Ok(reading.finish()))
    }

    /// The list of the last seal before this one.
    async fn earlier(&self, id: &SnapshotId) -> Result<Vec<SnapshotAccount>, AppError> {
        match SnapshotManifest::before(&self.env.table, &self.source.id, id).await? {
            Some(seal) => snapshot::entries(&self.env.table, &self.source.id, &seal.id, seal.account_count).await,
            None => Ok(Vec::new()),
        }
    }

    /// A crawl that has not ended, if it may still be finished today.
    async fn resume(&self) -> Result<Option<Checkpoint>, AppError> {
        let partition = keys::source(&self.source.id);
        let Some(row) = self.env.table.get(&partition, keys::CHECKPOINT).await? else { return Ok(None) };
        let Some(id) = row.text("snapshot").and_then(SnapshotId::parse) else { return Ok(None) };
        let began_on = row.text("began_on").and_then(|day| day.parse().ok()).unwrap_or(id.as_of);
        let count = |name: &str| row.number(name).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Ok(crawl::is_resumable(began_on, self.today).then(|| Checkpoint {
            id,
            began_on,
            file: row.text("file").map(str::to_owned),
            packs: count("packs"),
            is_crawled: count("is_crawled") == 1,
            accounts_written: count("accounts_written"),
            pages: count("pages"),
            requests: count("requests"),
        }))
    }

    async fn begin(&self, connector: &dyn Connector) -> Result<Result<Checkpoint, Incident>, AppError> {
        let today = self.today;
        let (as_of, file) = match connector.file() {
            None => (today, None),
            Some(file) => match crawl::newest_drop(self, file).await? {
                Ok(found) => (found.as_of, Some(found.text())),
                Err(incident) => return Ok(Err(incident)),
            },
        };
        let checkpoint = Checkpoint {
            id: SnapshotId { as_of, lease: self.lease.number },
            began_on: today,
            file,
            packs: 0,
            is_crawled: false,
            accounts_written: 0,
            pages: 0,
            requests: 0,
        };
        self.save(&checkpoint).await?;
        Ok(Ok(checkpoint))
    }

    /// Notes how far the sync is. The pages it stands for are in the archive already.
    pub(crate) async fn save(&self, checkpoint: &Checkpoint) -> Result<(), AppError> {
        let number = |n: u64| Value::Number(i64::try_from(n).unwrap_or(i64::MAX));
        let row = Row::new(keys::source(&self.source.id), keys::CHECKPOINT)
            .with("snapshot", Value::Text(checkpoint.id.text()))
            .with("packs", number(checkpoint.packs))
            .with("is_crawled", number(u64::from(checkpoint.is_crawled)))
            .with("accounts_written", number(checkpoint.accounts_written))
            .with("pages", number(checkpoint.pages))
            .with("requests", number(checkpoint.requests))
            .with("began_on", Value::Text(checkpoint.began_on.to_string()));
        let row = match &checkpoint.file {
            Some(file) => row.with("file", Value::Text(file.clone())),
            None => row,
        };
        if self.env.table.put_fenced(row, self.lease.number).await? { Ok(()) } else { Err(self.fenced()) }
    }

    /// Empties the checkpoint. The row stays, with our lease on it, so that a worker who comes back late is refused.
    async fn forget(&self) -> Result<(), AppError> {
        let row = Row::new(keys::source(&self.source.id), keys::CHECKPOINT);
        if self.env.table.put_fenced(row, self.lease.number).await? { Ok(()) } else { Err(self.fenced()) }
    }

    fn fenced(&self) -> AppError {
        AppError::Fenced(format!("source `{}`", self.source.id))
    }

    fn go_on(&self, checkpoint: &Checkpoint) -> SyncAnswer {
        SyncAnswer::Continue {
            source: self.source.id.clone(),
            pages: checkpoint.pages,
            progress: checkpoint.pages + checkpoint.accounts_written,
        }
    }

    /// Notes an incident: the next sync begins anew, the report names the reason.
    async fn failed(&self, as_of: Date, incident: Incident) -> Result<SyncAnswer, AppError> {
        let attempt = SyncStatus { as_of, at: self.env.clock.now(), failure: Some(incident.reason.clone()) };
        attempt.note(&self.env.table, &self.source.id, self.lease.number).await?;
        self.forget().await?;
        tracing::warn!(source = %self.source.id, reason = %incident.reason, "the source was not read");
        Ok(SyncAnswer::Failed { source: self.source.id.clone(), reason: incident.reason, remedy: incident.remedy })
    }
}
