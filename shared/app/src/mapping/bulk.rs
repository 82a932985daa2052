//! Confirms the best proposals at once: those above a bound, except where somebody must look closer.

use std::collections::BTreeMap;

use serde::Serialize;
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_matching::{Score, Sites, has_lookalikes};
use truecount_store::{CreateOutcome, MappingDecision, MappingRecord};

use super::request::{MappingRequest, record};
use super::{MappingRow, MappingWorkspace, Proposal, RowState};
use crate::account_mapping::sites;
use crate::{AppError, Environment};

/// An account and the client that is to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkConfirmation {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// Its name. Foreign text.
    pub account_name: String,
    /// The client, with score and reasons.
    pub proposal: Proposal,
    /// The probability.
    pub score: Score,
    /// The number of the last decision about the account; 0: there is none.
    #[serde(skip)]
    last_decision: i64,
}

/// Why a proposal above the bound is not confirmed with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyLeftOut {
    /// Several clients have the best score.
    EqualScores,
    /// Evidence speaks for another client, or against these two being the same.
    Contradicted,
    /// Another client is proposed for a better reason than its name.
    OtherProposal,
    /// Several accounts of a source with one account a client would be this client's.
    SeveralAccounts,
    /// A name has lookalike characters.
    Lookalike,
    /// A person withdrew a decision about the account.
    Revoked,
    /// Somebody else has just decided about the account.
    DecidedMeanwhile,
}

impl WhyLeftOut {
    /// The text shown to people.
    #[must_use]
    pub fn for_people(self) -> &'static str {
        match self {
            Self::EqualScores => "several clients have this score",
            Self::Contradicted => "evidence contradicts it",
            Self::OtherProposal => "another client is proposed for another reason than its name",
            Self::SeveralAccounts => "several vendor accounts of this source would be this client's",
            Self::Lookalike => "a name has letters that can be taken for others",
            Self::Revoked => "a decision about it was revoked",
            Self::DecidedMeanwhile => "somebody else has just decided about it",
        }
    }
}

/// An account that is left out although a proposal is above the bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// What would have been confirmed.
    #[serde(flatten)]
    pub confirmation: BulkConfirmation,
    /// Why it is not.
    pub why: WhyLeftOut,
}

/// What to confirm: of each undecided account the best proposal, if its score is at least `least`. And what is left out.
#[must_use]
pub fn bulk_confirmation(workspace: &MappingWorkspace, least: Score) -> (Vec<BulkConfirmation>, Vec<LeftOut>) {
    let proposals = workspace.proposals();
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    for row in workspace.rows().into_iter().filter(|row| row.state == RowState::Undecided) {
        let Some(own) = proposals.get(&(&row.source, &row.account_id)) else { continue };
        let Some((confirmation, why)) = best(&row, &own.proposals, least) else { continue };
        match why {
            None => chosen.push(confirmation),
            Some(why) => left_out.push(LeftOut { confirmation, why }),
        }
    }
    let (several, chosen): (Vec<_>, Vec<_>) = {
        let taken = taken(workspace, &chosen);
        let key = |one: &BulkConfirmation| (one.source.clone(), one.proposal.client_id.clone());
        chosen.into_iter().partition(|one| taken.get(&key(one)).is_some_and(|count| *count > 1))
    };
    let several = several.into_iter();
    left_out.extend(several.map(|confirmation| LeftOut { confirmation, why: WhyLeftOut::SeveralAccounts }));
    (chosen, left_out)
}

/// The proposal with the best score, if that is high enough, and why it must be looked at alone.
fn best(row: &MappingRow, proposals: &[Proposal], least: Score) -> Option<(BulkConfirmation, Option<WhyLeftOut>)> {
    let score = proposals.iter().filter_map(|proposal| proposal.score).max().filter(|score| *score >= least)?;
    let mut equal = proposals.iter().filter(|proposal| proposal.score == Some(score));
    let proposal = equal.next()?;
    let is_proposed_otherwise = row.client_id.as_ref().is_some_and(|proposed| *proposed != proposal.client_id);
    let why = if row.last_decision > 0 {
        Some(WhyLeftOut::Revoked)
    } else if equal.next().is_some() {
        Some(WhyLeftOut::EqualScores)
    } else if proposal.is_contradicted {
        Some(WhyLeftOut::Contradicted)
    } else if is_proposed_otherwise {
        Some(WhyLeftOut::OtherProposal)
    } else if has_lookalikes(&row.account_name) || has_lookalikes(&proposal.client_name) {
        Some(WhyLeftOut::Lookalike)
    } else {
        None
    };
    let confirmation = BulkConfirmation {
        source: row.source.clone(),
        account_id: row.account_id.clone(),
        account_name: row.account_name.clone(),
        proposal: proposal.clone(),
        score,
        last_decision: row.last_decision,
    };
    Some((confirmation, why))
}

/// In sources with one account a client: how many accounts each client would have.
fn taken(workspace: &MappingWorkspace, chosen: &[BulkConfirmation]) -> BTreeMap<(SourceId, ClientId), usize> {
    let mut taken = BTreeMap::new();
    for source in workspace.sources.iter().filter(|source| sites(source.kind) == Sites::OneToOne) {
        let own = chosen.iter().filter(|one| one.source == source.id).map(|one| one.proposal.client_id.clone());
        for client in own.chain(source.mapped_clients().into_keys()) {
            *taken.entry((source.id.clone(), client)).or_default() += 1;
        }
    }
    taken
}

/// By whom, why and from when all of them are confirmed.
#[derive(Debug, Clone)]
pub struct BulkDecision {
    /// Who decides.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
    /// The first month that it holds for; `None`: every month.
    pub from: Option<BillingMonth>,
}

/// Records each confirmation with its evidence. What somebody else has just decided is left out.
///
/// # Errors
/// [`AppError`] if one cannot be stored; those before it stay.
pub async fn confirm_all(
    env: &Environment,
    workspace: &MappingWorkspace,
    chosen: &[BulkConfirmation],
    decided: &BulkDecision,
) -> Result<(Vec<MappingRecord>, Vec<LeftOut>), AppError> {
    let (mut recorded, mut left_out) = (Vec::new(), Vec::new());
    for confirmation in chosen {
        let source = workspace.source(&confirmation.source)?;
        let Some((entry, mapping)) = source.account(&confirmation.account_id) else { continue };
        let request = MappingRequest {
            source: confirmation.source.clone(),
            account_id: confirmation.account_id.clone(),
            decision: MappingDecision::Confirmed { client_id: confirmation.proposal.client_id.clone() },
            from: decided.from,
            actor: decided.actor.clone(),
            note: decided.note.clone(),
        };
        let candidates = source.candidates_of(&confirmation.account_id);
        let mut record = record(request, entry, mapping, candidates, env.clock.now());
        let reasons = confirmation.proposal.reasons.join(", ");
        record.evidence.push(format!("score {}: {reasons}", confirmation.score));
        record.number = confirmation.last_decision + 1;
        match record.append_after(&env.store, confirmation.last_decision).await? {
            CreateOutcome::Created => recorded.push(record),
            CreateOutcome::AlreadyExists => {
                left_out.push(LeftOut { confirmation: confirmation.clone(), why: WhyLeftOut::DecidedMeanwhile });
            }
        }
    }
    Ok((recorded, left_out))
}

#[cfg(test)]
mod tests;
