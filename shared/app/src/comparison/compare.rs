//! The comparison itself: what was read goes through the reconciliation, and comes out as the lines of an outcome.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, Currency, Money, Side, SourceId};
use truecount_reconciliation::{
    AccountBelonging, ActionsInForce, AgreementReview, BaselineState, ExceptionKey, MappingSuggestion, OutcomeLine,
    PortfolioRecord, ProposalEffect, ProposedMapping, ReportWeights, RunContext, RunInputs, RunReconciler, Scope,
    SetupFinding, UsageAccount,
};
use truecount_reports::setup;
use truecount_rules::Rules;
use truecount_store::RULES_FILE;

use super::{BilledFor, LoadedSource, RunHistory};
use crate::AppError;
use crate::account_mapping::{AccountMapping, Candidates, Client, Proposal};

/// A comparison that is ready to be made, and which client it takes each account for.
pub(crate) struct Comparison<'a> {
    pub(super) rules: &'a Rules,
    pub(super) context: RunContext,
    pub(super) weights: ReportWeights,
    /// What people decided about exceptions.
    pub(super) actions: &'a ActionsInForce,
    pub(super) baseline: Option<BaselineState>,
    pub(super) scope: Option<&'a Scope>,
    pub(crate) inputs: RunInputs,
    /// The sources with their lists.
    pub(crate) sources: Vec<LoadedSource>,
    /// The PSA's clients.
    pub(crate) clients: Vec<Client>,
    /// The mapping of each account in the order of its source's list; none for the PSA.
    pub(crate) mappings: BTreeMap<SourceId, Vec<AccountMapping>>,
    /// Whose the undecided of these accounts may be, in the same order.
    pub(crate) candidates: BTreeMap<SourceId, Vec<Option<Candidates>>>,
}

/// What a comparison came to, beside the lines that it handed over.
pub(crate) struct Compared {
    pub(crate) portfolio: PortfolioRecord,
    /// Accounts that nobody decided.
    pub(crate) suggestions: Vec<MappingSuggestion>,
    /// What hangs on the mappings of each source.
    pub(crate) billed_for: BilledFor,
    /// Parts of the rules that mean no client, or several.
    pub(crate) setup: Vec<SetupFinding>,
}

impl Comparison<'_> {
    /// Compares, and hands over the lines of the outcome: the portfolio, the suggestions, the clients in order of their ids,
    /// the findings of their agreements. `history`: what earlier closings found; `None`: nobody asks.
    pub(crate) fn compare(
        &self,
        mut history: Option<&mut RunHistory>,
        mut each: impl FnMut(&OutcomeLine) -> Result<(), AppError>,
    ) -> Result<Compared, AppError> {
        let reconciler = RunReconciler::new(&self.inputs, self.rules, self.context);
        let reconciler = reconciler.with_weights(self.weights.clone()).with_actions(self.actions);
        let reconciler = reconciler.with_baseline(self.baseline.clone()).with_scope(self.scope);
        let reconciler = reconciler.with_proposals(self.proposals());
        let mut outcome = reconciler.outcome();
        let effects = std::mem::take(&mut outcome.if_confirmed);
        let last_closing = history.as_ref().and_then(|history| history.last_closing);
        let portfolio = PortfolioRecord { last_closing, ..reconciler.portfolio_record(&outcome) };
        each(&OutcomeLine::Portfolio(Box::new(portfolio.clone())))?;
        let suggestions = self.suggestions(&reconciler, effects);
        for suggestion in &suggestions {
            each(&OutcomeLine::Suggestion(suggestion.clone()))?;
        }
        let mut billed_for = BilledFor::default();
        for number in self.clients_in_order().into_iter().filter(|number| reconciler.has_client(*number)) {
            let mut client = reconciler.client_record(number, &outcome);
            if let Some(history) = &mut history {
                while let Some(absent) = history.absent(Some(&client.client_id), self.has_all_clients(), self.scope)? {
                    each(&OutcomeLine::Client(Box::new(absent)))?;
                }
                let absence = |service: &_, section: Option<&str>| reconciler.absence(number, service, section);
                history.client(&mut client, &outcome, &self.inputs.moves, absence)?;
                // Of what is out of scope nothing is said.
                client.not_known.retain(|one| self.scope.is_none_or(|scope| scope.has_code(&one.key.service)));
            }
            billed_for.client(&client, |service| reconciler.sources_of(service));
            let absence = |key: &ExceptionKey| reconciler.absence(number, &key.service, key.section.as_deref());
            let done = self.actions.put_to(&mut client, self.month_and_day(), absence);
            each(&OutcomeLine::Client(Box::new(client)))?;
            for one in done {
                each(&OutcomeLine::Action(Box::new(one)))?;
            }
        }
        if let Some(history) = history {
            while let Some(absent) = history.absent(None, self.has_all_clients(), self.scope)? {
                each(&OutcomeLine::Client(Box::new(absent)))?;
            }
        }
        let review = self.agreement_review();
        let looked_at = (0..self.inputs.clients.len()).filter(|number| reconciler.has_client(*number));
        for found in looked_at.flat_map(|number| review.client(number)) {
            each(&OutcomeLine::AgreementFinding(Box::new(found)))?;
        }
        let mut setup = setup::of_rules(RULES_FILE, reconciler.binding_problems(), self.context.home_currency);
        setup.extend(reconciler.shared_devices().iter().map(setup::of_shared_devices));
        if let Some(scope) = self.scope {
            setup.extend(setup::of_scope(&scope.unmatched(&self.inputs.clients, self.rules)));
        }
        if portfolio.is_first_comparison() {
            setup.extend(setup::of_services_at_many_clients(&portfolio.common_causes));
        }
        Ok(Compared { portfolio, suggestions, billed_for, setup })
    }

    /// Whether a client is in the scope of the run.
    pub(crate) fn has_client(&self, id: &ClientId) -> bool {
        let Some(scope) = self.scope else { return true };
        let client = self.inputs.clients.iter().find(|client| client.id == *id);
        let named = client.map(|client| [Some(client.name.as_str()), client.identifier.as_deref()]);
        scope.has_client(named.into_iter().flatten().flatten().chain([id.as_str()]))
    }

    /// The numbers of the clients, in order of their ids.
    fn clients_in_order(&self) -> Vec<usize> {
        let clients = &self.inputs.clients;
        let mut order: Vec<usize> = (0..clients.len()).collect();
        order.sort_by(|one, other| clients[*one].id.cmp(&clients[*other].id));
        order
    }

    fn month_and_day(&self) -> (BillingMonth, Date) {
        let day = self.context.count_day;
        (BillingMonth::of(day), day)
    }

    /// Whether a client that is not there is not in the PSA.
    fn has_all_clients(&self) -> bool {
        let mut psas = self.sources.iter().map(|source| &source.frozen).filter(|source| source.side == Side::Agreed);
        psas.all(|psa| psa.snapshot.is_some() && psa.read_state.is_complete())
    }

    /// The sources with the day of the sync that is compared; `None`: there is none.
    pub(crate) fn synced_on(&self) -> BTreeMap<SourceId, Option<Date>> {
        self.sources.iter().map(|source| (source.frozen.source.clone(), source.frozen.as_of)).collect()
    }

    /// What holds for the whole comparison.
    pub(crate) fn context(&self) -> RunContext {
        self.context
    }

    /// The review of the clients' agreements by themselves.
    pub(crate) fn agreement_review(&self) -> AgreementReview<'_> {
        AgreementReview::new(&self.inputs.clients, Some(self.rules), self.context)
    }

    /// The currency of lines and prices that tell none.
    pub(crate) fn home_currency(&self) -> Currency {
        self.context.home_currency
    }

    /// The accounts that nobody decided, by number, with whose each may be.
    fn undecided(&self) -> impl Iterator<Item = (usize, &UsageAccount, Option<&Candidates>)> {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let with_candidates = self.inputs.accounts.iter().enumerate().map(move |(number, account)| {
            let place = places.entry(account.source).or_default();
            let of_source = self.candidates.get(&self.inputs.sources[account.source].id);
            let candidates = of_source.and_then(|all| all.get(*place)?.as_ref());
            *place += 1;
            (number, account, candidates)
        });
        with_candidates.filter(|(_, account, _)| matches!(account.belongs, AccountBelonging::Undecided { .. }))
    }

    /// The first client that is proposed for each of them.
    fn proposals(&self) -> Vec<ProposedMapping> {
        let clients = self.inputs.clients.iter().enumerate();
        let numbers: BTreeMap<&ClientId, usize> = clients.map(|(number, client)| (&client.id, number)).collect();
        let proposal = |(account, _, candidates): (usize, &UsageAccount, Option<&Candidates>)| {
            let best = candidates?.proposals.first()?;
            Some(ProposedMapping { account, client: *numbers.get(&best.client_id)?, score: score(best) })
        };
        self.undecided().filter_map(proposal).collect()
    }

    /// Those of them that have items, by source and id. `effects`: by account, what comes of its proposal.
    fn suggestions(
        &self,
        reconciler: &RunReconciler<'_>,
        mut effects: BTreeMap<usize, ProposalEffect>,
    ) -> Vec<MappingSuggestion> {
        let mut found = Vec::new();
        for (number, account, candidates) in self.undecided() {
            if account.items() > 0 && reconciler.may_concern(&account.belongs) {
                let source = &self.inputs.sources[account.source].id;
                let suggested = suggestion(source, account, candidates, reconciler.account_value(number));
                found.push(MappingSuggestion { if_confirmed: effects.remove(&number).map(Box::new), ..suggested });
            }
        }
        found.sort_by(|a, b| (&a.source, &a.account_id).cmp(&(&b.source, &b.account_id)));
        found
    }
}

/// To three places.
fn score(proposal: &Proposal) -> Option<Decimal> {
    proposal.score.map(|score| Decimal::new(score.thousandths().into(), 3))
}

fn suggestion(
    source: &SourceId,
    account: &UsageAccount,
    candidates: Option<&Candidates>,
    values: BTreeMap<Currency, Decimal>,
) -> MappingSuggestion {
    let best = candidates.and_then(|candidates| candidates.proposals.first());
    let nobody = candidates.and_then(Candidates::nobody).unwrap_or_default();
    MappingSuggestion {
        source: source.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        client_id: best.map(|best| best.client_id.clone()),
        client_name: best.map(|best| best.client_name.clone()),
        score: best.and_then(score),
        reason: best.map_or(nobody, |best| best.reasons.join("; ")),
        against: best.map(|best| best.against.join("; ")).unwrap_or_default(),
        items: account.items(),
        monthly_value: values.into_iter().map(|(currency, amount)| Money { amount, currency }).collect(),
        if_confirmed: None,
    }
}

#[cfg(test)]
mod tests;
