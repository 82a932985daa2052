//! Clients that have nothing in a source, because a person decided so: one request, what is decided now, and which of it
//! a new account reopens.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_reports::sanitize;
use truecount_store::{CreateOutcome, NoneDecision, NoneRecord, NoneScope, nones_in_force};

use super::{Candidates, MappingWorkspace, WorkspaceSource};
use crate::{AppError, Environment};

/// Names that one note lists.
const NAMED_MAX: usize = 5;

/// What a person wants to decide.
#[derive(Debug, Clone)]
pub struct NoneRequest {
    /// The source.
    pub source: SourceId,
    /// Whom it is about.
    pub scope: NoneScope,
    /// That they have nothing there, or that it is open again.
    pub decision: NoneDecision,
    /// The first month that it holds for; `None`: every month.
    pub from: Option<BillingMonth>,
    /// Who decides.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
}

/// An undecided account, as far as it can reopen a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecidedAccount {
    /// The account.
    pub account_id: AccountId,
    /// The day of the first sync that had it; `None`: not known, and not new.
    pub since: Option<Date>,
    /// The clients whose it may be.
    pub may_be: BTreeSet<ClientId>,
}

/// A decision that is open again for a client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reopened {
    /// The decision.
    #[serde(flatten)]
    pub scope: NoneScope,
    /// The client that may have something there after all.
    pub for_client: ClientId,
    /// The new account that may be its.
    pub by_account: AccountId,
}

/// What is decided now about clients that have nothing in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoneRow {
    /// Always `none`.
    pub state: &'static str,
    /// The name of the client; `None`: it is about all that are left, or the PSA no longer has it. Foreign text.
    pub client_name: Option<String>,
    /// The decision.
    #[serde(flatten)]
    pub record: NoneRecord,
    /// Where it is open again.
    pub reopened: Vec<Reopened>,
}

/// Which decisions are open again: an account that was first seen after the decision is undecided and may be a client's
/// that the decision is about. A client with an account of its own is none of those that are left.
#[must_use]
pub fn reopened(
    nones: &[&NoneRecord],
    undecided: &[UndecidedAccount],
    with_account: &BTreeSet<ClientId>,
) -> Vec<Reopened> {
    let mut found = Vec::new();
    for none in nones {
        let new = undecided.iter().filter(|account| !none.knew_of(account.since));
        for account in new {
            let about = account.may_be.iter().filter(|client| match &none.scope {
                NoneScope::Client { client_id } => client_id == *client,
                NoneScope::Rest => !with_account.contains(*client),
            });
            found.extend(about.map(|client| Reopened {
                scope: none.scope.clone(),
                for_client: client.clone(),
                by_account: account.account_id.clone(),
            }));
        }
    }
    found
}

impl MappingWorkspace {
    /// What is decided now about clients that have nothing in a source, source by source.
    #[must_use]
    pub fn nones(&self) -> Vec<NoneRow> {
        self.sources.iter().flat_map(|source| self.nones_of(source)).collect()
    }

    fn nones_of(&self, source: &WorkspaceSource) -> Vec<NoneRow> {
        let records = nones_in_force(&source.nones, self.month);
        if records.is_empty() {
            return Vec::new();
        }
        let mut may_be = may_be(source);
        let undecided = source.accounts.iter().filter_map(|entry| {
            let may_be = may_be.remove(&entry.account.id)?;
            Some(UndecidedAccount { account_id: entry.account.id.clone(), since: entry.history.since, may_be })
        });
        let undecided: Vec<UndecidedAccount> = undecided.collect();
        let reopened = reopened(&records, &undecided, &source.mapped_clients().into_keys().collect());
        let row = |record: &&NoneRecord| NoneRow {
            state: "none",
            client_name: match &record.scope {
                NoneScope::Client { client_id } => self.client(client_id).map(|client| client.name.clone()),
                NoneScope::Rest => None,
            },
            record: (*record).clone(),
            reopened: reopened.iter().filter(|one| one.scope == record.scope).cloned().collect(),
        };
        records.iter().map(row).collect()
    }

    /// The clients that a decision is about.
    fn clients_of(&self, source: &WorkspaceSource, scope: &NoneScope) -> BTreeSet<ClientId> {
        match scope {
            NoneScope::Client { client_id } => BTreeSet::from([client_id.clone()]),
            NoneScope::Rest => {
                let mapped = source.mapped_clients();
                let ids = self.clients.iter().map(|client| &client.id);
                ids.filter(|id| !mapped.contains_key(*id)).cloned().collect()
            }
        }
    }

    /// `Quay Foods Ltd` [251].
    fn named(&self, id: &ClientId) -> String {
        let name = self.client(id).map_or("", |client| client.name.as_str());
        format!("`{}` [{id}]", sanitize::visible(name))
    }
}

impl WorkspaceSource {
    /// The clients that accounts are mapped to, each with one of them.
    pub(super) fn mapped_clients(&self) -> BTreeMap<ClientId, AccountId> {
        let mut clients = BTreeMap::new();
        for (entry, mapping) in self.accounts.iter().zip(&self.mappings) {
            for client in mapping.clients() {
                clients.entry(client.clone()).or_insert_with(|| entry.account.id.clone());
            }
        }
        clients
    }
}

/// The clients whose each undecided account of a source may be.
fn may_be(source: &WorkspaceSource) -> BTreeMap<AccountId, BTreeSet<ClientId>> {
    let accounts = source.accounts.iter().zip(&source.candidates);
    let clients = |found: &Candidates| found.clients().cloned().collect();
    accounts.filter_map(|(entry, found)| Some((entry.account.id.clone(), clients(found.as_ref()?)))).collect()
}

/// Checks a request and appends it. The record, and notes that a person should read.
///
/// # Errors
/// [`AppError::Refused`] if source or client do not exist, the client has an account there, or it is decided already.
pub async fn decide_none(
    env: &Environment,
    workspace: &MappingWorkspace,
    request: NoneRequest,
) -> Result<(NoneRecord, Vec<String>), AppError> {
    let source = workspace.source(&request.source)?;
    check(workspace, source, &request)?;
    let is_none = request.decision == NoneDecision::None;
    let evidence = if is_none { evidence(workspace, source, &request.scope) } else { Vec::new() };
    let notes = if is_none { notes(workspace, source, &request.scope) } else { Vec::new() };
    let last = source.nones.get(&request.scope).and_then(|all| all.last()).map_or(0, |last| last.number);
    let NoneRequest { source: id, scope, decision, from, actor, note } = request;
    let record = NoneRecord {
        source: id,
        scope,
        decision,
        from,
        actor,
        note,
        evidence,
        synced_on: source.synced_on,
        decided_at: env.clock.now(),
        number: last + 1,
    };
    match record.append_after(&env.store, last).await? {
        CreateOutcome::Created => Ok((record, notes)),
        CreateOutcome::AlreadyExists => Err(AppError::Refused(
            "somebody else has just decided about this; look at `truecount mappings list`".to_owned(),
        )),
    }
}

fn check(workspace: &MappingWorkspace, source: &WorkspaceSource, request: &NoneRequest) -> Result<(), AppError> {
    let refused = |reason: String| Err(AppError::Refused(reason));
    let before = source.nones.get(&request.scope).and_then(|all| all.last());
    if request.decision == NoneDecision::Undecided {
        return match before {
            Some(last) if last.decision == NoneDecision::None => Ok(()),
            _ => refused("there is no such decision to undo; `truecount mappings list` shows them".to_owned()),
        };
    }
    if let Some(last) = before
        && (last.decision, last.from) == (request.decision, request.from)
        && workspace.nones_of(source).iter().all(|row| row.record.scope != request.scope || row.reopened.is_empty())
    {
        return refused(format!("{} decided the same before", sanitize::visible(&last.actor)));
    }
    let NoneScope::Client { client_id } = &request.scope else { return Ok(()) };
    if workspace.client(client_id).is_none() {
        return refused(format!("the PSA has no client `{client_id}`; `truecount clients show NAME` finds its id"));
    }
    match source.mapped_clients().get(client_id) {
        Some(account) => {
            let client = workspace.named(client_id);
            refused(format!("{client} has the vendor account `{account}` in {}; undo that mapping first", source.id))
        }
        None => Ok(()),
    }
}

/// What the decision was made on: how many accounts the sync had, and which of them may be a client's.
fn evidence(workspace: &MappingWorkspace, source: &WorkspaceSource, scope: &NoneScope) -> Vec<String> {
    let mut evidence = Vec::new();
    if let Some(day) = source.synced_on {
        evidence.push(format!("sync of {day}: {} vendor accounts", source.accounts.len()));
    }
    evidence.extend(candidates(workspace, source, scope));
    evidence
}

fn candidates(workspace: &MappingWorkspace, source: &WorkspaceSource, scope: &NoneScope) -> Option<String> {
    let clients = workspace.clients_of(source, scope);
    let may_be = may_be(source);
    let named = source
        .accounts
        .iter()
        .filter(|entry| may_be.get(&entry.account.id).is_some_and(|clients_of| !clients_of.is_disjoint(&clients)));
    let named: Vec<String> =
        named.map(|entry| format!("`{}` [{}]", sanitize::visible(&entry.account.name), entry.account.id)).collect();
    (!named.is_empty()).then(|| format!("undecided vendor accounts that may be theirs: {}", listed(&named)))
}

/// Undecided accounts that may be a client's, and lines that stand although the source has nothing.
fn notes(workspace: &MappingWorkspace, source: &WorkspaceSource, scope: &NoneScope) -> Vec<String> {
    let clients = workspace.clients_of(source, scope);
    let mut notes: Vec<String> = candidates(workspace, source, scope).into_iter().collect();
    let of_source =
        workspace.billed_for.iter().filter(|(of, client, _)| **of == source.id && clients.contains(*client));
    let billed: BTreeSet<String> = of_source
        .flat_map(|(_, client, billed)| billed.products.iter().map(move |product| (client, product)))
        .map(|(client, product)| format!("{} for `{product}`", workspace.named(client)))
        .collect();
    if !billed.is_empty() {
        let billed: Vec<String> = billed.into_iter().collect();
        notes.push(format!("billed although {} has nothing: {}", source.id, listed(&billed)));
    }
    notes
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
