//! What comes of a run if every mapping that is proposed is confirmed: each client for which an account is proposed is
//! compared once more, by the same rules, with those accounts as its own.
//!
//! Deliberately absent: any figure of the run itself. Nothing that is found here is in a total, an id or a kind of row.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Currency, ProductCode};

use crate::evidence_record::WideningRecord;
use crate::if_confirmed::{IfConfirmed, ProposalEffect, ProposedAccount};
use crate::names::Names;
use crate::outcome::{ComparedUnits, OutcomeRow, RowKind};
use crate::pool::{Pool, unread};
use crate::portfolio::RunReconciler;
use crate::row_money::RowMoney;
use crate::run_cache::RunCache;
use crate::run_difference::AddAndReduce;
use crate::run_index::RunIndex;
use crate::run_inputs::{AccountBelonging, RunInputs};

/// A mapping that is proposed for an account of which nobody decided whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProposedMapping {
    /// The account, by its number.
    pub account: usize,
    /// The client, by its number.
    pub client: usize,
    /// How probable it is, from 0 to 1 with three places; `None`: it is proposed for another reason than a similar name.
    pub score: Option<Decimal>,
}

/// The run in which all proposals are confirmed.
pub(crate) struct AsIfConfirmed<'a> {
    proposals: BTreeMap<usize, ProposedMapping>,
    /// By client: the accounts that are proposed for it.
    of_client: BTreeMap<usize, Vec<usize>>,
    /// By source: how many of its accounts are proposed for a client.
    in_source: Vec<u64>,
    pub(crate) index: RunIndex,
    pub(crate) cache: RunCache<'a>,
}

impl<'a> AsIfConfirmed<'a> {
    /// `None`: nothing is proposed. A proposal for an account that is decided, that its source no longer has, or that
    /// cannot be the client's, takes no part.
    pub(crate) fn of(
        inputs: &'a RunInputs,
        proposals: impl IntoIterator<Item = ProposedMapping>,
        count_day: Date,
        cache: &RunCache<'a>,
    ) -> Option<Self> {
        let may_be = |one: &ProposedMapping| {
            let account = inputs.accounts.get(one.account).filter(|account| !account.is_former);
            account.is_some_and(|account| {
                matches!(&account.belongs, AccountBelonging::Undecided { may_be } if may_be.contains(&one.client))
            })
        };
        let proposals: BTreeMap<usize, ProposedMapping> =
            proposals.into_iter().filter(may_be).map(|one| (one.account, one)).collect();
        if proposals.is_empty() {
            return None;
        }
        let (mut of_client, mut in_source) = (BTreeMap::<usize, Vec<usize>>::new(), vec![0; inputs.sources.len()]);
        let mut as_if = HashMap::with_capacity(proposals.len());
        for one in proposals.values() {
            of_client.entry(one.client).or_default().push(one.account);
            in_source[inputs.accounts[one.account].source] += 1;
            as_if.insert(one.account, AccountBelonging::Client(one.client));
        }
        let index = RunIndex::as_if(inputs, count_day, as_if);
        Some(Self { proposals, of_client, in_source, index, cache: cache.as_if(inputs) })
    }

    /// The accounts proposed for a client on which hangs what these sources count for it, and how many that are proposed
    /// for others. Where there is none in them, all that are proposed for it.
    fn accounts(
        &self,
        inputs: &RunInputs,
        index: &RunIndex,
        client: usize,
        sources: &BTreeSet<usize>,
    ) -> (Vec<usize>, u64) {
        let own = self.of_client.get(&client).map(Vec::as_slice).unwrap_or_default();
        let is_there = |account: &usize| sources.contains(&inputs.accounts[*account].source);
        let there: Vec<usize> = own.iter().copied().filter(is_there).collect();
        let is_for_another = |account: &&usize| self.proposals.get(*account).is_some_and(|one| one.client != client);
        let others =
            sources.iter().map(|source| match Pool::is_of_all_undecided(inputs, &self.index, client, *source) {
                true => self.in_source[*source],
                false => index.possible(client, *source, true).iter().filter(is_for_another).count() as u64,
            });
        match others.sum() {
            0 if there.is_empty() => (own.to_vec(), 0),
            others => (there, others),
        }
    }
}

/// A row of a client that says something else if all proposals are confirmed.
pub(crate) struct Foretold {
    /// Its place among the client's rows; `None`: there is none now.
    pub(crate) at: Option<usize>,
    /// What it says then.
    then: OutcomeRow,
    accounts: Vec<usize>,
    others: u64,
}

impl RunReconciler<'_> {
    /// The rows of a client, whose rows are `now` these, that say something else if all proposals are confirmed; only those
    /// of which not everything is known now. None of a client for which nothing is proposed.
    pub(crate) fn foretold(&self, client: usize, now: &[OutcomeRow]) -> Vec<Foretold> {
        let is_proposed = |one: &&AsIfConfirmed<'_>| one.of_client.contains_key(&client);
        let Some(as_if) = self.as_if.as_ref().filter(is_proposed) else { return Vec::new() };
        let case = self.case_as_if(client, as_if);
        let view = case.view();
        let then = case.reconcile(&view).outcome.rows;
        let mut found = Vec::new();
        for (at, then) in pairs(now, then) {
            let is_foretold = at.is_none_or(|at| is_open(&now[at]) && Said::of(&now[at]) != Said::of(&then));
            if is_foretold {
                let sources = case.sources_behind(&then, &view);
                let (accounts, others) = as_if.accounts(self.inputs, &self.index, client, &sources);
                found.push(Foretold { at, then, accounts, others });
            }
        }
        found
    }

    /// What becomes of the rows of a client with each account that is proposed for it. Of an account whose source cannot be
    /// used nobody knows.
    pub(crate) fn effects(&self, client: usize, now: &[OutcomeRow]) -> BTreeMap<usize, ProposalEffect> {
        let foretold = self.foretold(client, now);
        let own = self.as_if.as_ref().and_then(|as_if| as_if.of_client.get(&client)).into_iter().flatten();
        let is_known = |account: &&usize| {
            let source = self.inputs.accounts[**account].source;
            unread(&self.inputs.sources[source], source, self.context.count_day).is_none()
        };
        let effect = |account: &usize| {
            let of_account: Vec<&Foretold> = foretold.iter().filter(|one| one.accounts.contains(account)).collect();
            let together: BTreeSet<usize> = of_account.iter().flat_map(|one| one.accounts.iter().copied()).collect();
            let mut effect =
                ProposalEffect { together_with: together.len().saturating_sub(1) as u64, ..ProposalEffect::default() };
            of_account.into_iter().for_each(|one| one.add_to(&mut effect));
            (*account, effect)
        };
        own.filter(is_known).map(effect).collect()
    }

    /// The record of what is foretold of a row.
    pub(crate) fn if_confirmed(&self, foretold: &Foretold) -> Option<Box<IfConfirmed>> {
        let as_if = self.as_if.as_ref()?;
        let names = Names { inputs: self.inputs, index: &as_if.index };
        let mut accounts: Vec<ProposedAccount> = foretold
            .accounts
            .iter()
            .map(|account| ProposedAccount {
                account: names.account(*account),
                score: as_if.proposals.get(account).and_then(|one| one.score),
            })
            .collect();
        // The order of the inputs makes no difference.
        accounts.sort_by(|one, other| (Reverse(one.score), &one.account).cmp(&(Reverse(other.score), &other.account)));
        let then = &foretold.then;
        let compared = then.compared.as_ref();
        let figures = compared.and_then(|compared| compared.figures.as_ref());
        let is_unknown = then.kind == RowKind::NotReconciled;
        let widenings = if is_unknown { names.widenings(then) } else { Vec::new() };
        Some(Box::new(IfConfirmed {
            accounts,
            others: foretold.others,
            kind: then.kind,
            at_least: compared.map(|compared| compared.at_least),
            at_most: compared.and_then(|compared| compared.at_most),
            counted: figures.and_then(|figures| figures.counted),
            should_bill: figures.map(|figures| figures.should_bill),
            variance: figures.map(|figures| figures.variance),
            currency: then.currency(),
            monthly_impact: then.impact(),
            is_estimated: then.is_estimated(),
            remains: WideningRecord::first_to_settle(&widenings).cloned(),
        }))
    }
}

impl Foretold {
    fn add_to(&self, effect: &mut ProposalEffect) {
        let then = &self.then;
        match (self.at, then.kind) {
            (Some(_), RowKind::NotReconciled) => effect.open += 1,
            (Some(_), kind) => *effect.settled.entry(kind).or_default() += 1,
            (None, kind) => *effect.new.entry(kind).or_default() += 1,
        }
        effect.unpriced += u64::from(then.is_unpriced());
        if let (true, Some(currency), Some(impact)) = (then.kind.changes_a_bill(), then.currency(), then.impact()) {
            let change = AddAndReduce::of_change(impact, then.is_estimated());
            effect.amounts.entry(currency).or_default().take(&change);
        }
    }
}

/// Whether something of a row is not known: it is not reconciled, or its ends differ.
fn is_open(row: &OutcomeRow) -> bool {
    let has_ends = |compared: &ComparedUnits| compared.at_most != Some(compared.at_least);
    row.kind == RowKind::NotReconciled || row.compared.as_ref().is_some_and(has_ends)
}

/// What a row says to whoever reads it.
#[derive(PartialEq, Eq)]
struct Said {
    kind: RowKind,
    is_open: bool,
    /// Of a row that is not reconciled.
    ends: Option<(Decimal, Option<Decimal>)>,
    /// Units that count, that should be billed, and that differ.
    figures: Option<(Option<Decimal>, Decimal, Decimal)>,
    worth: Option<(Option<Currency>, Decimal, bool)>,
}

impl Said {
    fn of(row: &OutcomeRow) -> Self {
        let compared = row.compared.as_ref();
        let is_unknown = row.kind == RowKind::NotReconciled;
        let figures = compared.and_then(|compared| compared.figures.as_ref());
        Self {
            kind: row.kind,
            is_open: is_open(row),
            ends: compared.filter(|_| is_unknown).map(|compared| (compared.at_least, compared.at_most)),
            figures: figures.map(|figures| (figures.counted, figures.should_bill, figures.variance)),
            worth: row.impact().map(|impact| (row.currency(), impact, row.is_estimated())),
        }
    }
}

type Part<'r> = (&'r ProductCode, Option<&'r str>);

fn part_of(row: &OutcomeRow) -> Part<'_> {
    (&row.service, row.section.as_deref())
}

/// Each row with its place now, if there is one now, and what is said then. What is told now and not then is left out: what
/// is confirmed makes nothing less sure.
fn pairs(now: &[OutcomeRow], then: Vec<OutcomeRow>) -> Vec<(Option<usize>, OutcomeRow)> {
    let partners = partners(now, &then);
    then.into_iter().zip(partners).map(|(row, at)| (at, row)).collect()
}

/// Which row of now each one of then is: of a service, or a section of it, with several rows what ends stands beside what
/// ends, and what is left beside what is left.
fn partners(now: &[OutcomeRow], then: &[OutcomeRow]) -> Vec<Option<usize>> {
    let mut free: BTreeMap<Part<'_>, Vec<usize>> = BTreeMap::new();
    for (at, row) in now.iter().enumerate() {
        free.entry(part_of(row)).or_default().push(at);
    }
    let is_ending = |row: &OutcomeRow| row.kind == RowKind::AgreementEnding;
    let mut partners: Vec<Option<usize>> = vec![None; then.len()];
    for must_be_alike in [true, false] {
        for (row, partner) in then.iter().zip(&mut partners).filter(|(_, partner)| partner.is_none()) {
            let Some(left) = free.get_mut(&part_of(row)) else { continue };
            let place = left.iter().position(|at| !must_be_alike || is_ending(&now[*at]) == is_ending(row));
            *partner = place.map(|place| left.remove(place));
        }
    }
    partners
}
