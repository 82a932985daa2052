//! One decision of a person, checked against what there is, and appended.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, BillingMonth, SourceId};
use truecount_reconciliation::Mapping;

use super::{MappingWorkspace, WorkspaceSource, values_of};
use crate::environment::Environment;
use crate::{AccountMapping, AppError};
use truecount_store::{MappingDecision, MappingRecord, SnapshotAccount};

/// What a person wants to be decided.
#[derive(Debug, Clone)]
pub struct MappingRequest {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// What.
    pub decision: MappingDecision,
    /// The first month that it holds for; `None`: every month.
    pub from: Option<BillingMonth>,
    /// Who decides.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
}

/// Checks and appends; answers the decision, and what a person should know about it.
///
/// # Errors
/// [`AppError::Unknown`] if source, account, client or attribute do not exist.
pub async fn decide(
    env: &Environment,
    book: &MappingWorkspace,
    wish: MappingRequest,
) -> Result<(MappingRecord, Vec<String>), AppError> {
    let source = book.source(&wish.source)?;
    let Some((entry, mapping)) = source.account(&wish.account_id) else {
        return Err(AppError::Unknown(format!(
            "the last sync of `{}` has no vendor organization `{}`; `truecount mappings list` shows them",
            wish.source, wish.account_id
        )));
    };
    clients_exist(book, &wish.decision)?;
    let notes = match &wish.decision {
        MappingDecision::Split { by, parts } => unknown_values(env, source, entry, by, parts).await?,
        _ => Vec::new(),
    };
    let mut decision = decision(wish, entry, mapping, env.clock.now());
    decision.number = decision.append(&env.store).await?;
    Ok((decision, notes))
}

/// A decision with what is known about the account at the moment it is taken.
pub(super) fn decision(
    wish: MappingRequest,
    entry: &SnapshotAccount,
    mapping: &AccountMapping,
    when: jiff::Timestamp,
) -> MappingRecord {
    let MappingRequest { source, account_id, decision, from, actor, note } = wish;
    let mut evidence = Vec::new();
    if let (Mapping::Undecided { proposal: Some(client), why }, MappingDecision::Confirmed { client_id }) =
        (&mapping.mapping, &decision)
        && client == client_id
    {
        evidence.push(why.clone());
    }
    let facts = &entry.account.facts;
    evidence.extend(facts.identifiers.iter().map(|text| format!("identifier at the vendor: {text}")));
    evidence.extend(facts.domains.iter().map(|text| format!("domain: {text}")));
    MappingRecord {
        account_name: entry.account.name.clone(),
        from,
        evidence,
        ..MappingRecord::new(source, account_id, decision, actor, note, when)
    }
}

fn clients_exist(book: &MappingWorkspace, decision: &MappingDecision) -> Result<(), AppError> {
    let clients: Vec<_> = match decision {
        MappingDecision::Confirmed { client_id } => vec![client_id],
        MappingDecision::Split { parts, .. } => parts.values().collect(),
        MappingDecision::Ignored { .. } | MappingDecision::Undecided => Vec::new(),
    };
    match clients.into_iter().find(|id| book.client(id).is_none()) {
        None => Ok(()),
        Some(id) => {
            Err(AppError::Unknown(format!("the PSA has no client `{id}`; `truecount clients show NAME` finds its id")))
        }
    }
}

/// An attribute that no item has is a mistake; a value that no item has may come.
pub(super) async fn unknown_values(
    env: &Environment,
    source: &WorkspaceSource,
    entry: &SnapshotAccount,
    by: &str,
    parts: &BTreeMap<String, truecount_billing::ClientId>,
) -> Result<Vec<String>, AppError> {
    let found = values_of(env, &source.id, entry).await?;
    let Some(values) = found.get(by) else {
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(AppError::Unknown(format!(
            "nothing in `{}` has the attribute `{by}`; attributes that it can be split by: {there}",
            entry.account.id
        )));
    };
    let missing = parts.keys().filter(|value| !values.contains_key(*value));
    let mut notes: Vec<_> = missing.map(|value| format!("no item has the {by} `{value}` now")).collect();
    let left = values.iter().filter(|(value, _)| !parts.contains_key(*value));
    notes.extend(left.map(|(value, count)| format!("the {by} `{value}` ({count} items) stays nobody's: an exception")));
    Ok(notes)
}
