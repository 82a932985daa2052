//! An account as a person sees it who maps: which client it belongs to, and its monthly value.

use std::collections::{BTreeMap, BTreeSet};

use crate::account_mapping::{AccountMapping, Candidates, DecidedBy, Mapping};
use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{AccountId, ClientId, Currency, Money, SourceId};

use super::{MappingWorkspace, WorkspaceSource};
use truecount_matching::Score;
use truecount_reconciliation::{MappingSuggestion, ProposalEffect};
use truecount_store::SnapshotAccount;

/// Whether an account is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// No decision yet.
    Undecided,
    /// Its items belong to several clients.
    Split,
    /// It belongs to one client.
    Confirmed,
    /// No client is billed for it.
    Ignored,
}

impl RowState {
    /// The word in tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Split => "split",
            Self::Confirmed => "confirmed",
            Self::Ignored => "ignored",
        }
    }
}

/// A vendor account and which client it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingRow {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// Its name. Foreign text.
    pub account_name: String,
    /// Whether it is mapped.
    pub state: RowState,
    /// The client that it belongs to; of an undecided one the first that is proposed.
    pub client_id: Option<ClientId>,
    /// That client's name. Foreign text.
    pub client_name: Option<String>,
    /// How probable it is that a proposed client is right.
    pub score: Option<Score>,
    /// Why this client, or why none, in words.
    pub reason: String,
    /// What speaks against a proposed client, in words.
    pub against: String,
    /// Items in it.
    pub items: u64,
    /// Its monthly value: its usage at list prices, else what its client is billed for what the source counts.
    pub monthly_value: Vec<Money>,
    /// The number of the last decision about it; 0: there is none.
    pub last_decision: i64,
    /// Of one that nobody decided what becomes of the client's rows if the first proposal is confirmed, with every other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_confirmed: Option<ProposalEffect>,
}

/// How much of the recurring revenue is mapped, of one source and currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingProgress {
    /// The source.
    pub source: SourceId,
    /// The currency.
    pub currency: Currency,
    /// What is billed in a month for what this source counts.
    pub billed: Decimal,
    /// The part of it that is billed to clients with a mapped vendor account here.
    pub mapped: Decimal,
}

impl MappingProgress {
    /// Whole per cent, rounded down: 100 only when everything is mapped.
    #[must_use]
    pub fn percent(&self) -> Option<Decimal> {
        Some(self.mapped.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(self.billed)?.floor())
    }
}

impl MappingWorkspace {
    /// Every account: source by source, undecided ones first, then by monthly value.
    #[must_use]
    pub fn rows(&self) -> Vec<MappingRow> {
        let suggestions: BTreeMap<_, _> =
            self.suggestions.iter().map(|row| ((&row.source, &row.account_id), row)).collect();
        let mut rows = Vec::new();
        for source in &self.sources {
            let accounts = source.accounts.iter().zip(&source.mappings).zip(&source.candidates);
            let own = accounts.map(|((entry, found), candidates)| {
                let suggested = suggestions.get(&(&source.id, &entry.account.id)).copied();
                self.row(source, entry, (&found.mapping, candidates.as_ref()), suggested)
            });
            let from = rows.len();
            rows.extend(own);
            let order = |row: &MappingRow| {
                let most = row.monthly_value.iter().map(|money| money.amount).max();
                let is_decided = row.state > RowState::Split;
                (is_decided, std::cmp::Reverse((most, row.items)), row.account_id.clone())
            };
            rows[from..].sort_by_cached_key(order);
        }
        rows
    }

    fn row(
        &self,
        source: &WorkspaceSource,
        entry: &SnapshotAccount,
        (mapping, candidates): (&Mapping, Option<&Candidates>),
        suggested: Option<&MappingSuggestion>,
    ) -> MappingRow {
        let best = candidates.and_then(|candidates| candidates.proposals.first());
        let (state, client_id, reason) = match mapping {
            Mapping::Confirmed { client_id, by } => {
                (RowState::Confirmed, Some(client_id.clone()), confirmed_because(*by).to_owned())
            }
            Mapping::Ignored { reason } => (RowState::Ignored, None, reason.clone()),
            Mapping::Split { why } => (RowState::Split, None, why.clone()),
            Mapping::Undecided { .. } => {
                let nobody = || candidates.and_then(Candidates::nobody).unwrap_or_default();
                let reason = best.map_or_else(nobody, |best| best.reasons.join("; "));
                (RowState::Undecided, best.map(|best| best.client_id.clone()), reason)
            }
        };
        // what hangs on a client that only resembles it is not the account's value
        let valued_as = match mapping {
            Mapping::Undecided { proposal, .. } => proposal.as_ref(),
            _ => client_id.as_ref(),
        };
        let of_client = valued_as.and_then(|client| self.billed_for.of(&source.id, client));
        let listed = suggested.map_or(&[][..], |suggested| suggested.monthly_value.as_slice());
        let monthly_value = match (listed, of_client) {
            ([], Some(billed)) => {
                billed.amounts.iter().map(|(currency, amount)| Money::new(*amount, *currency)).collect()
            }
            (listed, _) => listed.to_vec(),
        };
        MappingRow {
            source: source.id.clone(),
            account_id: entry.account.id.clone(),
            account_name: entry.account.name.clone(),
            state,
            client_name: client_id.as_ref().and_then(|id| self.client(id)).map(|client| client.name.clone()),
            client_id,
            score: best.and_then(|best| best.score),
            reason,
            against: best.map(|best| best.against.join("; ")).unwrap_or_default(),
            items: entry.total(),
            monthly_value,
            last_decision: source.last_number(&entry.account.id),
            if_confirmed: suggested.and_then(|suggested| suggested.if_confirmed.as_deref().cloned()),
        }
    }

    /// How much of the recurring revenue is mapped, by source and currency.
    #[must_use]
    pub fn progress(&self) -> Vec<MappingProgress> {
        let mut found = Vec::new();
        for source in &self.sources {
            let mapped: BTreeSet<&ClientId> = source.mappings.iter().flat_map(AccountMapping::clients).collect();
            let mut sums = BTreeMap::<Currency, (Decimal, Decimal)>::new();
            for (_, client, billed) in self.billed_for.iter().filter(|(of, _, _)| **of == source.id) {
                let is_mapped = mapped.contains(client);
                for (currency, amount) in &billed.amounts {
                    let sum = sums.entry(*currency).or_default();
                    sum.0 = sum.0.saturating_add(*amount);
                    if is_mapped {
                        sum.1 = sum.1.saturating_add(*amount);
                    }
                }
            }
            found.extend(sums.into_iter().map(|(currency, (billed, mapped))| MappingProgress {
                source: source.id.clone(),
                currency,
                billed,
                mapped,
            }));
        }
        found
    }
}

/// Why a mapping counts as confirmed, in words.
fn confirmed_because(by: DecidedBy) -> &'static str {
    match by {
        DecidedBy::Person => "decided by a person",
        DecidedBy::Identifier => "the vendor holds this client's identifier",
        DecidedBy::EqualName => "the names are equal",
    }
}

#[cfg(test)]
mod tests;
