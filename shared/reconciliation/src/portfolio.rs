//! All clients: totals, coverage, accounts that nobody decided, and each undecided account at the client where it is
//! dearest.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, Currency, ProductCode, SourceId};
use truecount_rules::{BindingProblem, ClientBinding, NamedClient, Rules};

use crate::actions::{ActionKind, ActionsInForce};
use crate::agreement_revenue::agreement_revenues;
use crate::as_if_confirmed::{AsIfConfirmed, Foretold, ProposedMapping};
use crate::baseline::{BaselineState, SetupRows, take_out};
use crate::common_cause::CommonCauses;
use crate::context::RunContext;
use crate::count::count;
use crate::history::Absence;
use crate::interval::add;
use crate::item_evidence::fates;
use crate::moved::{find_moves, moved_clients};
use crate::names::Names;
use crate::outcome::{AtStake, OutcomeRow, RowKind, RunOutcome, RunTotals};
use crate::pool::{Pool, PoolDay, unread};
use crate::price::scaled;
use crate::reconcile_client::{ClientCase, ClientResult, ClientShared, ClientView, Compared};
use crate::record::{ClientRecord, MovedRecord, PortfolioRecord, RECORD_FORMAT, RowRecord};
use crate::report_weights::ReportWeights;
use crate::run_cache::RunCache;
use crate::run_index::RunIndex;
use crate::run_inputs::{AccountBelonging, RunInputs};
use crate::run_options::RunOptions;
use crate::scope::{Scope, ScopeRecord, known_by};
use crate::selection::{Fate, Selection};
use crate::shared_accounts::SharedAccounts;
use crate::should_bill::billable;
use crate::sighting_record::SharedDevices;
use crate::source_record::{LinesReadWord, source_records};

/// The reconciliation of a run: what comes out of it, then each client again with everything that stands behind its rows.
pub struct RunReconciler<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) rules: &'a Rules,
    pub(crate) context: RunContext,
    options: RunOptions,
    pub(crate) index: RunIndex,
    pub(crate) cache: RunCache<'a>,
    binding: ClientBinding,
    weights: ReportWeights,
    actions: Option<&'a ActionsInForce>,
    baseline: Option<BaselineState>,
    scope: Option<&'a Scope>,
    /// The run in which what is proposed is confirmed; `None`: nothing is.
    pub(crate) as_if: Option<AsIfConfirmed<'a>>,
}

impl<'a> RunReconciler<'a> {
    /// Prepares the reconciliation of all inputs.
    #[must_use]
    pub fn new(inputs: &'a RunInputs, rules: &'a Rules, context: RunContext) -> Self {
        Self::with_options(inputs, rules, context, RunOptions::default())
    }

    /// The same, compared otherwise than usual.
    #[must_use]
    pub fn with_options(inputs: &'a RunInputs, rules: &'a Rules, context: RunContext, options: RunOptions) -> Self {
        let named = inputs.clients.iter().map(|client| NamedClient {
            id: &client.id,
            identifier: client.identifier.as_deref(),
            name: &client.name,
        });
        let cache = RunCache::of(inputs, rules);
        let (index, binding) = (RunIndex::of(inputs, context.count_day), rules.bind(named));
        Self {
            inputs,
            rules,
            context,
            options,
            index,
            cache,
            binding,
            weights: ReportWeights::default(),
            actions: None,
            baseline: None,
            scope: None,
            as_if: None,
        }
    }

    /// The same, with what the settings say of what weighs how much in a report.
    #[must_use]
    pub fn with_weights(self, weights: ReportWeights) -> Self {
        Self { weights, ..self }
    }

    /// The same, with what people decided about exceptions: what they set aside is in no total of what is to be done.
    #[must_use]
    pub fn with_actions(self, actions: &'a ActionsInForce) -> Self {
        Self { actions: Some(actions), ..self }
    }

    /// The same, with the starting point that the MSP accepted: without one, what is wrong at many clients is in no total.
    #[must_use]
    pub fn with_baseline(self, baseline: Option<BaselineState>) -> Self {
        Self { baseline, ..self }
    }

    /// The same of what is in a scope alone; `None`: of all.
    #[must_use]
    pub fn with_scope(self, scope: Option<&'a Scope>) -> Self {
        Self { scope, ..self }
    }

    /// The same, with the mappings that are proposed: rows say what they would be if all of them were confirmed. No figure
    /// of the run changes. A proposal for an account that is decided, or that cannot be the client's, takes no part.
    #[must_use]
    pub fn with_proposals(self, proposals: impl IntoIterator<Item = ProposedMapping>) -> Self {
        let as_if = AsIfConfirmed::of(self.inputs, proposals, self.context.count_day, &self.cache);
        Self { as_if, ..self }
    }

    /// Whether a client, by its number, is looked at.
    #[must_use]
    pub fn has_client(&self, client: usize) -> bool {
        self.scope.is_none_or(|scope| scope.has_client(known_by(&self.inputs.clients[client])))
    }

    /// Whether an account may be that of a client that is looked at, or of one that nobody knows.
    #[must_use]
    pub fn may_concern(&self, belongs: &AccountBelonging) -> bool {
        match belongs {
            AccountBelonging::Client(client) => self.has_client(*client),
            AccountBelonging::Ignored => true,
            AccountBelonging::Split { parts, .. } => parts.iter().any(|(_, client)| self.has_client(*client)),
            AccountBelonging::Undecided { may_be } => {
                may_be.is_empty() || may_be.iter().any(|client| self.has_client(*client))
            }
        }
    }

    fn scope_record(&self) -> Option<ScopeRecord> {
        let clients_in = (0..self.inputs.clients.len()).filter(|client| self.has_client(*client)).count() as u64;
        let record = |scope: &Scope| ScopeRecord {
            words: scope.words().clone(),
            clients_in,
            clients_all: self.inputs.clients.len() as u64,
        };
        self.scope.map(record)
    }

    /// Of the rows of a client, what set each aside; in their order.
    fn set_aside(&self, client: &ClientId, rows: &[OutcomeRow]) -> Vec<Option<ActionKind>> {
        let Some(actions) = self.actions else { return vec![None; rows.len()] };
        let day = self.context.count_day;
        actions.set_aside(client, rows, (BillingMonth::of(day), day))
    }

    /// Parts of the rules that mean no client, or several: nothing of them holds.
    #[must_use]
    pub fn binding_problems(&self) -> &[BindingProblem] {
        &self.binding.problems
    }

    pub(crate) fn names(&self) -> Names<'_> {
        Names { inputs: self.inputs, index: &self.index }
    }

    pub(crate) fn case(&self, client: usize) -> ClientCase<'_> {
        self.case_in(client, &self.index, &self.cache)
    }

    /// The same, if what is proposed were confirmed.
    pub(crate) fn case_as_if<'s>(&'s self, client: usize, as_if: &'s AsIfConfirmed<'_>) -> ClientCase<'s> {
        self.case_in(client, &as_if.index, &as_if.cache)
    }

    fn case_in<'s>(&'s self, client: usize, index: &'s RunIndex, cache: &'s RunCache<'s>) -> ClientCase<'s> {
        let shared = ClientShared {
            inputs: self.inputs,
            index,
            cache,
            rules: self.rules,
            context: self.context,
            options: self.options,
            scope: self.scope,
        };
        ClientCase::of(shared, client, self.binding.number_of(&self.inputs.clients[client].id))
    }

    /// Compares every client, and adds up. Of a client only that is kept which hangs on others: its rows come with
    /// [`Self::client_record`], one client at a time.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        let (inputs, index, context) = (self.inputs, &self.index, &self.context);
        let cases: Vec<ClientCase<'_>> = (0..inputs.clients.len()).map(|client| self.case(client)).collect();
        let mut outcome = RunOutcome::default();
        let mut causes = CommonCauses::default();
        let mut kept: Vec<KeptClient<'_>> = Vec::with_capacity(cases.len());
        for (client, case) in cases.iter().enumerate() {
            if !self.has_client(client) {
                kept.push(KeptClient::of_nothing());
                continue;
            }
            let result = case.reconcile(&case.view());
            outcome.if_confirmed.extend(self.effects(client, &result.outcome.rows));
            let set_aside = self.set_aside(&result.outcome.client, &result.outcome.rows);
            causes.take(client, &result.outcome, |at| set_aside.get(at).is_some_and(Option::is_some));
            kept.push(KeptClient::of(result, case, set_aside, &mut outcome));
        }
        let moves = find_moves(&kept, index);
        outcome.moved_rows = moves.iter().flat_map(|one| [one.used, one.billed]).collect();
        for (client, kept) in kept.iter().enumerate() {
            for (at, row) in kept.rows.iter().filter(|(_, row)| may_have_moved(row.kind)) {
                if !outcome.moved_rows.contains(&(client, *at)) {
                    outcome.note(row, kept.set_aside.get(at).copied());
                }
            }
        }
        outcome.moved = moved_clients(&kept, inputs, &moves);
        let (causes, setup) = causes.finish(inputs, &outcome.moved_rows, |one, other| self.count_alike(one, other));
        outcome.common_causes = causes;
        if self.baseline == Some(BaselineState::NotAccepted) {
            outcome.leave_to_setup(setup);
        }
        outcome.unmapped = unmapped(inputs, index, &self.cache, context);
        outcome.unmapped.retain(|account| self.may_concern(&inputs.accounts[*account].belongs));
        let portfolio = Portfolio { inputs, index, context, cases: &cases, kept: &kept };
        portfolio.count_shared_once(&mut outcome);
        outcome
    }

    /// The record of one client, by its number, with everything that stands behind its rows.
    #[must_use]
    pub fn client_record(&self, client: usize, outcome: &RunOutcome) -> ClientRecord {
        let case = self.case(client);
        let view = case.view();
        let found = case.reconcile(&view).outcome;
        let rows = found.rows.iter().enumerate().filter(|(at, _)| !outcome.moved_rows.contains(&(client, *at)));
        let foretold = self.foretold(client, &found.rows).into_iter();
        let foretold: BTreeMap<usize, Foretold> = foretold.filter_map(|one| Some((one.at?, one))).collect();
        let record = |(at, row): (usize, &OutcomeRow)| {
            let if_confirmed = foretold.get(&at).and_then(|one| self.if_confirmed(one));
            RowRecord { if_confirmed, ..self.row_record(&case, &view, row) }
        };
        ClientRecord {
            format: RECORD_FORMAT,
            client_id: found.client,
            client_name: self.inputs.clients[client].name.clone(),
            lines_read: LinesReadWord::of(&self.inputs.clients[client].read),
            rows: rows.map(record).collect(),
            coverage: found.coverage,
            agreements: agreement_revenues(&self.inputs.clients[client], &self.context, found.agreements),
            closed: Vec::new(),
            not_known: Vec::new(),
        }
    }

    /// What it says that a client, by its number, has no row of a service, or of a section of it.
    #[must_use]
    pub fn absence(&self, client: usize, service: &ProductCode, section: Option<&str>) -> Absence {
        let case = self.case(client);
        case.absence(service, section, &case.view())
    }

    fn row_record(&self, case: &ClientCase<'_>, view: &ClientView<'_>, row: &OutcomeRow) -> RowRecord {
        let detail = match row.fault {
            Some(_) => case.detail_of_fault(view, row),
            None => case.detail(view, row).unwrap_or_default(),
        };
        self.names().row(row, &detail, &self.context)
    }

    /// Devices that a source lists at two clients, by source and clients.
    #[must_use]
    pub fn shared_devices(&self) -> Vec<SharedDevices> {
        let all = self.index.devices_of_two.of_sure_clients(self.inputs, &self.index).into_iter();
        let is_looked_at = |clients: [usize; 2]| clients.into_iter().any(|client| self.has_client(client));
        let all = all.filter(|((_, one, other), _)| is_looked_at([*one, *other]));
        let shared = all.map(|((source, one, other), items)| SharedDevices {
            source: self.inputs.sources[source].id.clone(),
            clients: [one, other].map(|client| self.names().client(client)),
            devices: items.iter().map(|item| self.names().item(*item)).collect(),
        });
        let mut shared: Vec<SharedDevices> = shared.collect();
        // The order of the inputs makes no difference.
        shared.iter_mut().for_each(|one| one.devices.sort_by(|a, b| a.item_id.cmp(&b.item_id)));
        shared.sort_by(|a, b| a.key().cmp(&b.key()));
        shared
    }

    /// Whether one source counts both services.
    fn count_alike(&self, one: &ProductCode, other: &ProductCode) -> bool {
        let sources = self.sources_of(one);
        self.sources_of(other).iter().any(|source| sources.contains(source))
    }

    /// The sources that count a service.
    #[must_use]
    pub fn sources_of(&self, service: &ProductCode) -> Vec<&SourceId> {
        let sources: BTreeSet<usize> =
            self.cache.usual(self.rules, service).iter().map(|(source, _)| *source).collect();
        sources.into_iter().map(|source| &self.inputs.sources[source].id).collect()
    }

    /// What an account that nobody decided would be billed a month at the prices of the rules, if all of it is billed;
    /// services without a price, and those of which nobody knows how much it has, are in no amount.
    #[must_use]
    pub fn account_value(&self, account: usize) -> BTreeMap<Currency, Decimal> {
        let pool = Rc::new(Pool::of_undecided(self.inputs, &[account], PoolDay::count(self.context.count_day)));
        let source = self.inputs.accounts[account].source;
        let mut values: BTreeMap<Currency, Decimal> = BTreeMap::new();
        for rule in self.cache.services.iter().filter_map(|code| self.rules.usual_rule(code)) {
            let Some(price) = &rule.price else { continue };
            let selections = self.cache.usual(self.rules, &rule.code);
            for (_, selection) in selections.iter().filter(|(of, _)| *of == source) {
                let most = count(&self.inputs.items, &pool, selection).ok().filter(|found| found.open.is_empty());
                let most = most.map(|found| found.factored.map_or(found.most, |factored| factored.high));
                let units = most.and_then(|most| billable(rule, most).ok());
                if let Some(value) = units.and_then(|units| scaled(&price.scale, units).ok()) {
                    add(values.entry(price.currency).or_default(), value);
                }
            }
        }
        values.retain(|_, value| !value.is_zero());
        values
    }

    /// What the run adds up beside its clients.
    #[must_use]
    pub fn portfolio_record(&self, outcome: &RunOutcome) -> PortfolioRecord {
        let number = |id: &ClientId| self.inputs.client_number(id).unwrap_or(0);
        let name = |id: &ClientId| self.inputs.clients[number(id)].name.clone();
        let moved = outcome.moved.iter().map(|moved| {
            let (from, to) = (self.case(number(&moved.from)), self.case(number(&moved.to)));
            let (used_at, billed_at) = (from.view(), to.view());
            let record = |(used, billed): &(OutcomeRow, OutcomeRow)| {
                (self.row_record(&from, &used_at, used), self.row_record(&to, &billed_at, billed))
            };
            MovedRecord {
                from_id: moved.from.clone(),
                from_name: name(&moved.from),
                to_id: moved.to.clone(),
                to_name: name(&moved.to),
                services: moved.services.iter().map(record).collect(),
            }
        });
        let is_incomplete = |client: &usize| {
            let is_complete = LinesReadWord::of(&self.inputs.clients[*client].read).is_complete();
            !is_complete && self.has_client(*client)
        };
        let mut sources = source_records(&self.names(), &self.context);
        for source in &mut sources {
            let is_looked_at =
                |id: &ClientId| self.inputs.client_number(id).is_none_or(|client| self.has_client(client));
            source.incomplete.retain(|one| one.client_id.as_ref().is_none_or(is_looked_at));
        }
        PortfolioRecord {
            format: RECORD_FORMAT,
            home_currency: self.context.home_currency,
            weights: self.weights.clone(),
            last_closing: None,
            baseline: self.baseline.clone(),
            scope: self.scope_record(),
            rows: outcome.rows.clone(),
            faults: outcome.faults,
            unpriced: outcome.unpriced,
            unknown_stakes: outcome.unknown_stakes,
            clients_untold: outcome.clients_untold,
            clients_incomplete: (0..self.inputs.clients.len()).filter(is_incomplete).count() as u64,
            sources,
            moved: moved.collect(),
            common_causes: outcome.common_causes.clone(),
            unmapped: outcome.unmapped.iter().map(|account| self.names().account(*account)).collect(),
            totals: outcome.totals.clone(),
            set_aside: outcome.set_aside.clone(),
            setup_rows: outcome.setup_rows.clone(),
            coverage: outcome.coverage.clone(),
        }
    }
}

/// Accounts with usage that some service may take, of which nobody decided whose they are.
fn unmapped(inputs: &RunInputs, index: &RunIndex, cache: &RunCache<'_>, context: &RunContext) -> Vec<usize> {
    let mut found = Vec::new();
    for (source, kept) in inputs.sources.iter().enumerate() {
        if unread(kept, source, context.count_day).is_some() {
            continue;
        }
        for account in index.undecided(source) {
            let pool = Pool::of_undecided(inputs, &[*account], PoolDay::count(context.count_day));
            if cache.of_source(source).any(|selection| may_take_any(inputs, selection, &pool)) {
                found.push(*account);
            }
        }
    }
    found.sort_unstable();
    found
}

fn may_take_any(inputs: &RunInputs, selection: &Selection<'_>, pool: &Pool) -> bool {
    let is_taken = |fate: &Fate| matches!(fate, Fate::Taken(_));
    // With too many digits it could be anything.
    fates(&inputs.items, pool, selection).map_or(true, |fates| fates.iter().flatten().any(is_taken))
}

/// What is kept of a client while the others are compared: rows that hang on other clients.
pub(crate) struct KeptClient<'a> {
    /// By their place among the client's rows.
    pub(crate) rows: BTreeMap<usize, OutcomeRow>,
    /// Of these, what set them aside.
    set_aside: BTreeMap<usize, ActionKind>,
    pub(crate) compared: Vec<Compared<'a>>,
}

impl<'a> KeptClient<'a> {
    /// Adds what of a client hangs on no other to the run.
    fn of(
        result: ClientResult<'a>,
        case: &ClientCase<'_>,
        set_aside: Vec<Option<ActionKind>>,
        run: &mut RunOutcome,
    ) -> Self {
        let is_told = result.outcome.rows.iter().any(|row| row.kind == RowKind::NotReconciled);
        run.clients_untold += u64::from(!case.lines_read().is_complete() && !is_told);
        for (currency, one) in &result.outcome.coverage {
            run.coverage.entry(*currency).or_default().add(one);
        }
        let is_shared = |at: usize| result.compared.iter().any(|compared| compared.rows.contains(&at));
        let mut rows = BTreeMap::new();
        for (at, row) in result.outcome.rows.into_iter().enumerate() {
            let may_have_moved = may_have_moved(row.kind);
            if !may_have_moved {
                run.note(&row, set_aside.get(at).copied().flatten());
            }
            if may_have_moved || is_shared(at) {
                rows.insert(at, row);
            }
        }
        let set_aside = set_aside.into_iter().enumerate().filter_map(|(at, kind)| Some((at, kind?))).collect();
        Self { rows, set_aside, compared: result.compared }
    }

    /// Of a client that is not looked at.
    fn of_nothing() -> Self {
        Self { rows: BTreeMap::new(), set_aside: BTreeMap::new(), compared: Vec::new() }
    }

    /// The rows of a comparison, with their places.
    pub(crate) fn rows_of(&self, compared: &Compared<'_>) -> impl Iterator<Item = (usize, &OutcomeRow)> {
        self.rows.range(compared.rows.clone()).map(|(at, row)| (*at, row))
    }
}

impl RunOutcome {
    /// Takes what probably comes of the setup out of the totals.
    fn leave_to_setup(&mut self, setup: SetupRows) {
        take_out(&mut self.totals, &setup.totals);
        self.unpriced = self.unpriced.saturating_sub(setup.unpriced);
        self.setup_rows = setup;
    }
}

pub(crate) struct Portfolio<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) index: &'a RunIndex,
    pub(crate) context: &'a RunContext,
    pub(crate) cases: &'a [ClientCase<'a>],
    pub(crate) kept: &'a [KeptClient<'a>],
}

impl Portfolio<'_> {
    /// Takes off what is at stake for an undecided account at more than one client.
    fn count_shared_once(&self, outcome: &mut RunOutcome) {
        let shared = SharedAccounts::of(self);
        for (client, compared) in self.compared() {
            for (at, row) in self.kept[client].rows_of(compared) {
                let Some(currency) = row.value.as_ref().and_then(|value| value.currency) else { continue };
                if outcome.moved_rows.contains(&(client, at)) || self.kept[client].set_aside.contains_key(&at) {
                    continue;
                }
                let once = shared.stake_up(self, client, compared, row);
                if let (Some(AtStake::Known(all)), Some(AtStake::Known(once))) = (stake_up(row), once) {
                    add(&mut outcome.totals.entry(currency).or_default().not_reconciled_up, once - all);
                }
            }
        }
        outcome.totals.retain(|_, total| *total != RunTotals::default());
    }

    pub(crate) fn compared(&self) -> impl Iterator<Item = (usize, &Compared<'_>)> {
        let all = self.kept.iter().enumerate();
        all.flat_map(|(client, kept)| kept.compared.iter().map(move |compared| (client, compared)))
    }
}

/// Whether a row of this kind can be one half of a client that another has taken over.
fn may_have_moved(kind: RowKind) -> bool {
    matches!(kind, RowKind::EndedAgreementInUse | RowKind::Overbilled | RowKind::BilledWithoutUsage)
}

pub(crate) fn stake_up(row: &OutcomeRow) -> Option<AtStake> {
    row.value.as_ref().and_then(|value| value.stakes).map(|(up, _)| up)
}
