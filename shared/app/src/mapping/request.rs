//! One request of a person about one account: checked against the last syncs, then appended as a record.

use std::collections::BTreeMap;

use crate::account_mapping::{Candidates, Mapping};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_store::{MappingDecision, MappingRecord, SnapshotAccount};

use super::{MappingWorkspace, WorkspaceSource, values_of};
use crate::{AccountMapping, AppError, Environment};

/// What a person wants to decide.
#[derive(Debug, Clone)]
pub struct MappingRequest {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// Which client it belongs to, or why none.
    pub decision: MappingDecision,
    /// The first month that it holds for; `None`: every month.
    pub from: Option<BillingMonth>,
    /// Who decides.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
}

/// Checks a request and appends it. The record, and notes that a person should read.
///
/// # Errors
/// [`AppError::Refused`] if source, account, client or attribute do not exist.
pub async fn decide(
    env: &Environment,
    workspace: &MappingWorkspace,
    request: MappingRequest,
) -> Result<(MappingRecord, Vec<String>), AppError> {
    let source = workspace.source(&request.source)?;
    let Some((entry, mapping)) = source.account(&request.account_id) else {
        return Err(AppError::Refused(format!(
            "the last sync of `{}` has no vendor account `{}`; `truecount mappings list` shows them",
            request.source, request.account_id
        )));
    };
    clients_exist(workspace, &request.decision)?;
    let candidates = source.candidates_of(&request.account_id);
    let notes = match &request.decision {
        MappingDecision::Split { by, parts } => match check_split(env, source, entry, by, parts).await? {
            SplitCheck::Possible(notes) => notes,
            SplitCheck::Refused(reason) => return Err(AppError::Refused(reason)),
        },
        MappingDecision::Confirmed { client_id } => contradiction(candidates, client_id).into_iter().collect(),
        MappingDecision::Ignored { .. } | MappingDecision::Undecided => Vec::new(),
    };
    let mut record = record(request, entry, mapping, candidates, env.clock.now());
    record.number = record.append(&env.store).await?;
    Ok((record, notes))
}

/// What a person who confirms this client should read: evidence that it is another's.
fn contradiction(candidates: Option<&Candidates>, client: &ClientId) -> Option<String> {
    let own = candidates?.of(client).filter(|one| one.is_contradicted && !one.against.is_empty())?;
    Some(format!("evidence contradicts it, and is recorded with it: {}", own.against.join("; ")))
}

/// The record of a request, with what speaks for and against it at that moment.
pub(super) fn record(
    request: MappingRequest,
    entry: &SnapshotAccount,
    mapping: &AccountMapping,
    candidates: Option<&Candidates>,
    decided_at: jiff::Timestamp,
) -> MappingRecord {
    let MappingRequest { source, account_id, decision, from, actor, note } = request;
    let mut evidence = match &decision {
        MappingDecision::Confirmed { client_id } => known_about(mapping, candidates, client_id),
        _ => Vec::new(),
    };
    let facts = &entry.account.facts;
    evidence.extend(facts.identifiers.iter().map(|text| format!("identifier at the vendor: {text}")));
    evidence.extend(facts.domains.iter().map(|text| format!("domain: {text}")));
    MappingRecord {
        account_name: entry.account.name.clone(),
        from,
        evidence,
        ..MappingRecord::new(source, account_id, decision, actor, note, decided_at)
    }
}

/// What speaks for an account being this client's, for another's, and against it.
fn known_about(mapping: &AccountMapping, candidates: Option<&Candidates>, client: &ClientId) -> Vec<String> {
    let mut evidence = Vec::new();
    if let Mapping::Undecided { proposal: Some(proposed), why, is_contradicted: false } = &mapping.mapping
        && proposed == client
    {
        evidence.push(why.clone());
    }
    let Some(candidates) = candidates else { return evidence };
    if let Some(other) = candidates.proposals.first().filter(|best| best.client_id != *client) {
        let why = other.reasons.join(", ");
        let why = if why.is_empty() { why } else { format!(": {why}") };
        evidence.push(format!("proposed was {} [{}]{why}", other.client_name, other.client_id));
    }
    if let Some(own) = candidates.of(client).filter(|own| !own.against.is_empty()) {
        evidence.push(format!("against it: {}", own.against.join("; ")));
    }
    evidence
}

fn clients_exist(workspace: &MappingWorkspace, decision: &MappingDecision) -> Result<(), AppError> {
    let clients: Vec<_> = match decision {
        MappingDecision::Confirmed { client_id } => vec![client_id],
        MappingDecision::Split { parts, .. } => parts.values().collect(),
        MappingDecision::Ignored { .. } | MappingDecision::Undecided => Vec::new(),
    };
    match clients.into_iter().find(|id| workspace.client(id).is_none()) {
        None => Ok(()),
        Some(id) => {
            Err(AppError::Refused(format!("the PSA has no client `{id}`; `truecount clients show NAME` finds its id")))
        }
    }
}

/// Whether an account can be split as asked.
pub(super) enum SplitCheck {
    /// It can, with notes that a person should read.
    Possible(Vec<String>),
    /// It cannot: what is wrong and what to write.
    Refused(String),
}

/// Checks a split. An attribute that no item has is refused; a value that no item has yet is only noted.
pub(super) async fn check_split(
    env: &Environment,
    source: &WorkspaceSource,
    entry: &SnapshotAccount,
    by: &str,
    parts: &BTreeMap<String, ClientId>,
) -> Result<SplitCheck, AppError> {
    let found = values_of(env, &source.id, entry).await?;
    let Some(values) = found.get(by) else {
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        let there = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let account = &entry.account.id;
        return Ok(SplitCheck::Refused(format!(
            "no item in `{account}` has the attribute `{by}`; it can be split by: {there}"
        )));
    };
    let missing = parts.keys().filter(|value| !values.contains_key(*value));
    let mut notes: Vec<_> = missing.map(|value| format!("no item has the {by} `{value}` now")).collect();
    let left = values.iter().filter(|(value, _)| !parts.contains_key(*value));
    notes.extend(left.map(|(value, count)| {
        let items = if *count == 1 { "1 item".to_owned() } else { format!("{count} items") };
        format!("the {by} `{value}` ({items}) belongs to no client yet and is reported as an exception")
    }));
    Ok(SplitCheck::Possible(notes))
}

#[cfg(test)]
mod tests;
