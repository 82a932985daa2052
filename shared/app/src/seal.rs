//! A seal: one conditional write after which a snapshot may be used, and never changes.

use jiff::{Timestamp, civil::Date};
use truecount_billing::{ReadState, Side, SourceId};
use truecount_platform::{CreateOutcome, Row, Table, Value};

use crate::{AppError, keys, keys::SnapshotId};

/// Days that a sealed snapshot may be older than the count day.
pub const AGE_DAYS_MAX: i32 = 3;

/// What a seal says about its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotManifest {
    /// The snapshot.
    pub id: SnapshotId,
    /// The connector that read it.
    pub connector: String,
    /// The side it is compared on.
    pub side: Side,
    /// Accounts in it.
    pub account_count: u64,
    /// Of these, not read completely.
    pub incomplete_count: u64,
    /// Items or lines in it.
    pub item_count: u64,
    /// Pages that it was read from.
    pub page_count: u64,
    /// Requests that it took.
    pub request_count: u64,
    /// Hash of the content.
    pub content_sha256: String,
    /// What is missing of the source, nobody knows for which account.
    pub missing: Option<String>,
}

impl SnapshotManifest {
    /// Seals, unless this snapshot is sealed already.
    ///
    /// # Errors
    /// [`AppError::Table`].
    pub async fn place(&self, table: &Table, source: &SourceId) -> Result<CreateOutcome, AppError> {
        let number = |n: u64| Value::Number(i64::try_from(n).unwrap_or(i64::MAX));
        let row = Row::new(keys::source(source), keys::seal(&self.id))
            .with("connector", Value::Text(self.connector.clone()))
            .with("side", Value::Text(self.side.as_str().to_owned()))
            .with("account_count", number(self.account_count))
            .with("incomplete_count", number(self.incomplete_count))
            .with("item_count", number(self.item_count))
            .with("page_count", number(self.page_count))
            .with("request_count", number(self.request_count))
            .with("content_sha256", Value::Text(self.content_sha256.clone()));
        let row = match &self.missing {
            Some(missing) => row.with("missing", Value::Text(missing.clone())),
            None => row,
        };
        Ok(table.put_new(row).await?)
    }

    /// The newest seal of a source not after `day`.
    ///
    /// # Errors
    /// [`AppError`] if it cannot be read.
    pub async fn newest(table: &Table, source: &SourceId, day: Date) -> Result<Option<Self>, AppError> {
        let not_after = format!("SEAL#{day}#~");
        let row = table.last(&keys::source(source), "SEAL#", Some(&not_after)).await?;
        row.as_ref().map(Self::from_row).transpose()
    }

    /// The newest seal of a source before that of `id`, which may be there already.
    ///
    /// # Errors
    /// [`AppError`] if it cannot be read.
    pub async fn before(table: &Table, source: &SourceId, id: &SnapshotId) -> Result<Option<Self>, AppError> {
        let not_after = keys::seal(&SnapshotId { as_of: id.as_of, lease: id.lease.saturating_sub(1) });
        let row = table.last(&keys::source(source), "SEAL#", Some(&not_after)).await?;
        row.as_ref().map(Self::from_row).transpose()
    }

    /// The seal of one snapshot, if it is sealed.
    ///
    /// # Errors
    /// [`AppError`] if it cannot be read.
    pub async fn of(table: &Table, source: &SourceId, id: &SnapshotId) -> Result<Option<Self>, AppError> {
        let row = table.get(&keys::source(source), &keys::seal(id)).await?;
        row.as_ref().map(Self::from_row).transpose()
    }

    fn from_row(row: &Row) -> Result<Self, AppError> {
        let place = format!("{} {}", row.pk, row.sk);
        let missing = |what: &str| AppError::damaged(&place, format!("it has no {what}"));
        let count = |what: &str| row.number(what).and_then(|n| u64::try_from(n).ok()).ok_or_else(|| missing(what));
        let text = |what: &str| row.text(what).map(str::to_owned).ok_or_else(|| missing(what));
        let id = row.sk.strip_prefix("SEAL#").and_then(SnapshotId::parse).ok_or_else(|| missing("snapshot"))?;
        Ok(Self {
            id,
            connector: text("connector")?,
            side: text("side")?.parse().map_err(|e| AppError::damaged(&place, e))?,
            account_count: count("account_count")?,
            incomplete_count: count("incomplete_count")?,
            item_count: count("item_count")?,
            page_count: count("page_count")?,
            request_count: count("request_count")?,
            content_sha256: text("content_sha256")?,
            missing: row.text("missing").map(str::to_owned),
        })
    }

    /// How far the source itself was read; accounts have states of their own.
    #[must_use]
    pub fn source_state(&self) -> ReadState {
        self.missing.clone().map_or(ReadState::Complete, ReadState::Partial)
    }

    /// How far the source was read, its accounts included.
    #[must_use]
    pub fn read_state(&self) -> ReadState {
        if self.missing.is_some() || self.incomplete_count == 0 {
            return self.source_state();
        }
        let (incomplete, all) = (self.incomplete_count, self.account_count);
        ReadState::Partial(format!("{incomplete} of {all} vendor organizations were not read completely"))
    }
}

/// How the last sync of a source ended: what people are told when there is no seal to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStatus {
    /// The day it was for.
    pub as_of: Date,
    /// When it ended.
    pub at: Timestamp,
    /// Why it failed; `None`: it sealed.
    pub failure: Option<String>,
}

impl SyncStatus {
    /// Notes how a sync ended.
    ///
    /// # Errors
    /// [`AppError::Table`]; [`AppError::Fenced`] if a newer worker holds the source.
    pub async fn note(&self, table: &Table, source: &SourceId, lease: i64) -> Result<(), AppError> {
        let mut row = Row::new(keys::source(source), keys::ATTEMPT)
            .with("as_of", Value::Text(self.as_of.to_string()))
            .with("at", Value::Text(self.at.to_string()));
        if let Some(failure) = &self.failure {
            row = row.with("failure", Value::Text(failure.clone()));
        }
        if table.put_fenced(row, lease).await? { Ok(()) } else { Err(AppError::Fenced(format!("source `{source}`"))) }
    }

    /// The last one, if the source was ever synced.
    ///
    /// # Errors
    /// [`AppError`] if it cannot be read.
    pub async fn last(table: &Table, source: &SourceId) -> Result<Option<Self>, AppError> {
        let Some(row) = table.get(&keys::source(source), keys::ATTEMPT).await? else { return Ok(None) };
        let place = format!("{} {}", row.pk, row.sk);
        let damaged = || AppError::damaged(&place, "its day or time is missing");
        let as_of = row.text("as_of").and_then(|text| text.parse().ok()).ok_or_else(damaged)?;
        let at = row.text("at").and_then(|text| text.parse().ok()).ok_or_else(damaged)?;
        Ok(Some(Self { as_of, at, failure: row.text("failure").map(str::to_owned) }))
    }
}
