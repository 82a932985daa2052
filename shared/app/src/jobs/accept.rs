//! A person accepts a fall that no second witness has confirmed: the newest snapshot is committed again, relying on what
//! it counted, and from then on the next sync is held against that. What was read stays as it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use truecount_billing::{AccountId, ReadReason, ReadState, SourceId};
use truecount_store::{
    AcceptedFall, AcceptedKind, Checkpoint, Count, Lease, Retention, SnapshotAccount, SnapshotId, SnapshotManifest,
    SnapshotWriter, StoreError,
};

use super::runner::{JobContext, JobOutcome};
use crate::{AppError, Deadline, Environment, Settings};

/// What a person accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptRequest {
    /// The source.
    pub source: SourceId,
    /// The account; `None`: each account of the source that fell.
    pub account: Option<AccountId>,
    /// Who accepts it.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
    /// The snapshot whose falls the actor was shown; `None`: whichever is the newest.
    pub shown: Option<SnapshotId>,
}

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// There is no snapshot.
    #[error("`{0}` was never synced: there is nothing to accept")]
    NeverSynced(SourceId),
    /// No account of the source waits for a second witness.
    #[error("nothing to accept: no vendor account of `{source_id}` fell in the sync of {day}")]
    NothingFell {
        /// The source.
        source_id: SourceId,
        /// The day of its newest sync.
        day: Date,
    },
    /// The account is not in the newest snapshot.
    #[error("the sync of {day} has no vendor account `{account}` in `{source_id}`")]
    NoSuchAccount {
        /// The source.
        source_id: SourceId,
        /// The account.
        account: AccountId,
        /// The day of the newest sync.
        day: Date,
    },
    /// The account was read, and did not fall.
    #[error("nothing to accept: vendor account `{account}` of `{source_id}` did not fall in the sync of {day}")]
    DidNotFall {
        /// The source.
        source_id: SourceId,
        /// The account.
        account: AccountId,
        /// The day of the newest sync.
        day: Date,
    },
    /// The account was not read: nobody knows what there is.
    #[error("only a fall can be accepted, and vendor account `{account}` of `{source_id}` was not read: {reason}")]
    NotRead {
        /// The source.
        source_id: SourceId,
        /// The account.
        account: AccountId,
        /// Why it was not read.
        reason: Box<ReadReason>,
    },
    /// The source is being synced, or a sync of it waits to be continued.
    #[error("a sync of `{0}` is in progress: try again when it has finished")]
    Busy(SourceId),
    /// What fell is not what the person was shown.
    #[error("`{0}` was synced again meanwhile: nothing was accepted; look at what fell now")]
    Changed(SourceId),
    /// Our own side fails.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for AcceptError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// What would be accepted now, by account. Nothing is written.
///
/// # Errors
/// [`AcceptError`] says why there is nothing to accept.
pub async fn falls(
    env: &Environment,
    settings: &Settings,
    request: &AcceptRequest,
) -> Result<Vec<AcceptedFall>, AcceptError> {
    let source = settings.source(request.source.as_str())?;
    let newest = newest(env, &source.id, settings.today(env)).await?;
    let accounts = newest.accounts(&env.store).await?;
    let (_, falls) = relied_on(accounts, request, newest.id, env.clock.now())?;
    Ok(falls)
}

/// The accounts of a source that fell and that nobody has accepted; none if it was never synced.
///
/// # Errors
/// [`AppError`] if something cannot be read.
pub async fn open_falls(
    env: &Environment,
    settings: &Settings,
    source: &SourceId,
) -> Result<Vec<AcceptedFall>, AppError> {
    let (actor, note) = (String::new(), String::new());
    let request = AcceptRequest { source: source.clone(), account: None, actor, note, shown: None };
    match falls(env, settings, &request).await {
        Ok(falls) => Ok(falls),
        Err(AcceptError::App(error)) => Err(error),
        Err(_) => Ok(Vec::new()),
    }
}

/// A fall, and how to accept it: ``Alder Dental: server 50 on 2026-11-26, 3 now``.
#[must_use]
pub fn fall_in_words(fall: &AcceptedFall) -> String {
    let kind = |kind: &AcceptedKind| format!("{} {} on {}, {} now", kind.kind, kind.from, kind.from_day, kind.to);
    let kinds: Vec<_> = fall.kinds.iter().map(kind).collect();
    let gone = if fall.is_gone { "; no longer listed" } else { "" };
    format!("{}: {}{gone}", fall.account_name, kinds.join(", "))
}

/// Accepts what fell; answers it, by account.
///
/// # Errors
/// [`AcceptError`] says why there is nothing to accept, or what failed; then nothing has changed.
pub async fn accept(
    env: &Environment,
    settings: &Settings,
    request: &AcceptRequest,
    deadline: Deadline,
) -> Result<Vec<AcceptedFall>, AcceptError> {
    let source = settings.source(request.source.as_str())?;
    let (today, retention) = (settings.today(env), Retention::of_days(settings.retention.days));
    let job = JobContext { env, deadline };
    let outcome = job
        .exclusively(source.id.as_str(), async |lease| Ok(commit_again(env, request, lease, today, retention).await))
        .await?;
    match outcome {
        JobOutcome::Done(accepted) => accepted,
        JobOutcome::Busy => Err(AcceptError::Busy(request.source.clone())),
    }
}

async fn commit_again(
    env: &Environment,
    request: &AcceptRequest,
    lease: &Lease,
    today: Date,
    retention: Retention,
) -> Result<Vec<AcceptedFall>, AcceptError> {
    let (store, source) = (&env.store, &request.source);
    // What such a sync commits later would count as older than what is committed here.
    if Checkpoint::load(store, source).await?.is_some() {
        return Err(AcceptError::Busy(source.clone()));
    }
    let newest = newest(env, source, today).await?;
    if request.shown.is_some_and(|shown| shown != newest.id) {
        return Err(AcceptError::Changed(source.clone()));
    }
    let accounts = newest.accounts(store).await?;
    let id = SnapshotId { as_of: newest.id.as_of, lease: lease.number() };
    let (kept, accepted) = relied_on(accounts, request, id, env.clock.now())?;
    SnapshotWriter::new(store, source, id, retention).finish(&kept).await?;
    for one in &accepted {
        one.save(store).await?;
    }
    let manifest = SnapshotManifest {
        id,
        account_count: kept.len() as u64,
        incomplete_count: kept.iter().filter(|entry| !entry.account.read_state.is_complete()).count() as u64,
        content_sha256: SnapshotManifest::content_sha256(&kept, newest.missing.as_ref()),
        ..newest
    };
    // The commit itself carries no lease: whoever was overtaken must not get there.
    lease.ensure_held(store).await?;
    manifest.commit(store).await?;
    Ok(accepted)
}

async fn newest(env: &Environment, source: &SourceId, today: Date) -> Result<SnapshotManifest, AcceptError> {
    let newest = SnapshotManifest::newest(&env.store, source, today).await?;
    newest.ok_or_else(|| AcceptError::NeverSynced(source.clone()))
}

/// The accounts as they stand once the falls are accepted, and what was accepted.
fn relied_on(
    accounts: Vec<SnapshotAccount>,
    request: &AcceptRequest,
    id: SnapshotId,
    now: Timestamp,
) -> Result<(Vec<SnapshotAccount>, Vec<AcceptedFall>), AcceptError> {
    let (mut kept, mut accepted) = (Vec::with_capacity(accounts.len()), Vec::new());
    let mut refused = None;
    for mut entry in accounts {
        let is_wanted = request.account.as_ref().is_none_or(|account| *account == entry.account.id);
        if !is_wanted {
            kept.push(entry);
            continue;
        }
        if !has_fallen(&entry) {
            refused = request.account.as_ref().map(|_| refusal(&entry, &request.source, id.as_of));
            kept.push(entry);
            continue;
        }
        accepted.push(AcceptedFall {
            source: request.source.clone(),
            account_id: entry.account.id.clone(),
            account_name: entry.account.name.clone(),
            is_gone: entry.is_gone(),
            kinds: fallen_kinds(&entry),
            snapshot: id,
            actor: request.actor.clone(),
            note: request.note.clone(),
            accepted_at: now,
        });
        if !entry.is_gone() {
            entry.account.read_state = ReadState::Complete;
            entry.bases = BTreeMap::new();
            kept.push(entry);
        }
    }
    match (accepted.is_empty(), refused, &request.account) {
        (false, ..) => Ok((kept, accepted)),
        (true, Some(refused), _) => Err(refused),
        (true, None, Some(account)) => Err(AcceptError::NoSuchAccount {
            source_id: request.source.clone(),
            account: account.clone(),
            day: id.as_of,
        }),
        (true, None, None) => Err(AcceptError::NothingFell { source_id: request.source.clone(), day: id.as_of }),
    }
}

/// Whether an account is not relied on only because of a fall, or because it is no longer listed.
fn has_fallen(entry: &SnapshotAccount) -> bool {
    entry.is_gone() || matches!(entry.account.read_state, ReadState::Doubtful(ReadReason::Dropped { .. }))
}

fn fallen_kinds(entry: &SnapshotAccount) -> Vec<AcceptedKind> {
    let fallen = entry.bases.iter().filter(|(_, base)| base.fall.is_some() || entry.is_gone());
    let kind = |(kind, base): (&String, &truecount_store::Base)| AcceptedKind {
        kind: kind.clone(),
        from: base.count,
        from_day: base.as_of,
        to: entry.counts.get(kind).copied().unwrap_or(Count::default()),
    };
    fallen.map(kind).collect()
}

fn refusal(entry: &SnapshotAccount, source: &SourceId, day: Date) -> AcceptError {
    let (source_id, account) = (source.clone(), entry.account.id.clone());
    match entry.account.read_state.reason() {
        Some(reason) => AcceptError::NotRead { source_id, account, reason: Box::new(reason.clone()) },
        None => AcceptError::DidNotFall { source_id, account, day },
    }
}

#[cfg(test)]
mod tests;
