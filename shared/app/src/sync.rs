//! Sync one source: crawl it page by page, read the pages, seal what they say.
//!
//! Pages are archived before they are read; a checkpoint follows the pages it stands for; a snapshot can be used
//! only once it is sealed. Out of time, the work stops by itself and the next call goes on.

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{Evidence, SourceId};
use truecount_connectors::{Connector, Reading, connect, read_page};
use truecount_platform::{Placed, Row, Value};

use crate::crawl::{self, Ended};
use crate::environment::Environment;
use crate::guard;
use crate::keys::SnapshotId;
use crate::lease::{self, Asked, Lease};
use crate::seal::{Attempt, Seal};
use crate::settings::{Settings, SourceSettings};
use crate::snapshot::{self, Entry};
use crate::{AppError, Deadline, keys, packed};

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
        /// Pages so far: grows from call to call.
        pages: u64,
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
        /// What helps: `retry`, `renew` (a credential), `repair` (settings or connector).
        remedy: &'static str,
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
        Asked::Held(lease) => lease,
        Asked::Busy => return Ok(SyncAnswer::Busy { source: source.id.clone() }),
    };
    let worker = Worker { env, source, lease: &lease, deadline };
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
}

/// Why a source was not sealed.
pub(crate) struct Incident {
    pub(crate) reason: String,
    pub(crate) remedy: &'static str,
}

impl Incident {
    pub(crate) fn repair(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), remedy: "repair" }
    }
}

/// A crawl that has not ended, as the table has it.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) id: SnapshotId,
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
            Err(error) => return self.failed(self.env.today(), Incident::repair(error)).await,
        };
        let mut checkpoint = match self.resume().await? {
            Some(checkpoint) => checkpoint,
            None => match self.begin(&*connector).await? {
                Ok(checkpoint) => checkpoint,
                Err(incident) => return self.failed(self.env.today(), incident).await,
            },
        };
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
        let earlier = self.earlier(as_of).await?;
        if let Err(incident) = guard::proof_of_life(&reading, &earlier) {
            return self.failed(as_of, incident).await;
        }
        for (note, times) in &reading.notes {
            tracing::warn!(source = %self.source.id, times, "{note}");
        }
        let missing = reading.read_state.reason().map(str::to_owned);
        let gone = guard::vanished(&reading, &earlier);
        let known = snapshot::by_id(&earlier);
        let mut entries = Vec::with_capacity(reading.account_count() + gone.len());
        let mut rows: Vec<Row> = Vec::new();
        for (at, mut account) in reading.into_accounts().chain(gone).enumerate() {
            let before = known.get(&account.account.id).copied();
            guard::doubt(&mut account, before);
            let mut entry = snapshot::describe(&account, &checkpoint.id)?;
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
        rows.extend(snapshot::index_rows(&self.source.id, &checkpoint.id, &entries)?);
        self.env.table.batch_put(rows).await?;
        self.seal(connector, checkpoint, &entries, missing).await
    }

    async fn seal(
        &self,
        connector: &dyn Connector,
        checkpoint: &Checkpoint,
        entries: &[Entry],
        missing: Option<String>,
    ) -> Result<SyncAnswer, AppError> {
        let seal = Seal {
            id: checkpoint.id.clone(),
            connector: self.source.connector.clone(),
            evidence: connector.evidence(),
            account_count: entries.len() as u64,
            incomplete_count: entries.iter().filter(|entry| !entry.account.read_state.is_complete()).count() as u64,
            item_count: entries.iter().map(Entry::total).sum(),
            page_count: checkpoint.pages,
            request_count: checkpoint.requests,
            content_sha256: snapshot::content_sha256(entries, missing.as_deref()),
            missing,
        };
        let newest = Seal::newest(&self.env.table, &self.source.id, seal.id.as_of).await?;
        let unchanged = newest.is_some_and(|newest| {
            newest.id.as_of == seal.id.as_of && newest.id != seal.id && newest.content_sha256 == seal.content_sha256
        });
        if !unchanged && seal.place(&self.env.table, &self.source.id).await? == Placed::Existed {
            tracing::info!(source = %self.source.id, "this snapshot was sealed by an earlier call");
        }
        let attempt = Attempt { as_of: seal.id.as_of, at: self.env.clock.now(), failure: None };
        attempt.note(&self.env.table, &self.source.id, self.lease.number).await?;
        self.forget(checkpoint).await?;
        Ok(SyncAnswer::Sealed {
            source: self.source.id.clone(),
            as_of: seal.id.as_of,
            accounts: seal.account_count,
            incomplete_accounts: seal.incomplete_count,
            missing: seal.missing,
            items: seal.item_count,
            pages: seal.page_count,
            requests: seal.request_count,
            unchanged,
        })
    }

    /// Reads every archived page through the connector.
    async fn read(
        &self,
        connector: &dyn Connector,
        checkpoint: &Checkpoint,
    ) -> Result<Result<truecount_connectors::Snapshot, Incident>, AppError> {
        let mut reading = Reading::of(connector);
        for pack in 0..checkpoint.packs {
            let key = keys::pack(&self.source.id, &checkpoint.id, pack);
            let bytes = self.env.archive_get(&key).await?;
            let mut wrong = None;
            packed::each_line(&key, &bytes, |line: crawl::PackLine| {
                if let (crawl::PackLine::Page(page), None) = (line, &wrong) {
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
    async fn earlier(&self, as_of: Date) -> Result<Vec<Entry>, AppError> {
        match Seal::newest(&self.env.table, &self.source.id, as_of).await? {
            Some(seal) => snapshot::entries(&self.env.table, &self.source.id, &seal.id, seal.account_count).await,
            None => Ok(Vec::new()),
        }
    }

    /// A crawl of today that has not ended.
    async fn resume(&self) -> Result<Option<Checkpoint>, AppError> {
        let partition = keys::source(&self.source.id);
        let Some(row) = self.env.table.get(&partition, keys::CHECKPOINT).await? else { return Ok(None) };
        let Some(id) = row.text("snapshot").and_then(SnapshotId::parse) else { return Ok(None) };
        let count = |name: &str| row.number(name).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let is_of_today = crawl::is_resumable(&id, self.env.today());
        Ok(is_of_today.then(|| Checkpoint {
            id,
            packs: count("packs"),
            is_crawled: count("is_crawled") == 1,
            accounts_written: count("accounts_written"),
            pages: count("pages"),
            requests: count("requests"),
        }))
    }

    async fn begin(&self, connector: &dyn Connector) -> Result<Result<Checkpoint, Incident>, AppError> {
        let as_of = match connector.file() {
            None => self.env.today(),
            Some(file) => match crawl::newest_drop(self, file).await? {
                Ok((_, as_of)) => as_of,
                Err(incident) => return Ok(Err(incident)),
            },
        };
        let id = SnapshotId { as_of, lease: self.lease.number };
        let checkpoint = Checkpoint { id, packs: 0, is_crawled: false, accounts_written: 0, pages: 0, requests: 0 };
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
            .with("requests", number(checkpoint.requests));
        let is_ours = self.env.table.put_fenced(row, self.lease.number).await?;
        if is_ours { Ok(()) } else { Err(AppError::Fenced(format!("source `{}`", self.source.id))) }
    }

    async fn forget(&self, checkpoint: &Checkpoint) -> Result<(), AppError> {
        let snapshot = Value::Text(checkpoint.id.text());
        self.env.table.delete_if(&keys::source(&self.source.id), keys::CHECKPOINT, "snapshot", &snapshot).await?;
        Ok(())
    }

    fn go_on(&self, checkpoint: &Checkpoint) -> SyncAnswer {
        SyncAnswer::Continue { source: self.source.id.clone(), pages: checkpoint.pages + checkpoint.accounts_written }
    }

    /// Notes an incident: the next sync begins anew, the report names the reason.
    async fn failed(&self, as_of: Date, incident: Incident) -> Result<SyncAnswer, AppError> {
        let attempt = Attempt { as_of, at: self.env.clock.now(), failure: Some(incident.reason.clone()) };
        attempt.note(&self.env.table, &self.source.id, self.lease.number).await?;
        if let Some(checkpoint) = self.resume().await? {
            self.forget(&checkpoint).await?;
        }
        tracing::warn!(source = %self.source.id, reason = %incident.reason, "the source was not read");
        Ok(SyncAnswer::Failed { source: self.source.id.clone(), reason: incident.reason, remedy: incident.remedy })
    }
}

/// Which side of the comparison a source is on.
pub(crate) fn evidence_of(source: &SourceSettings) -> Result<Evidence, AppError> {
    connect(&source.connector, &source.options).map(|connector| connector.evidence()).map_err(|error| {
        AppError::Settings { file: keys::SETTINGS.to_owned(), why: format!("source `{}`: {error}", source.id) }
    })
}
