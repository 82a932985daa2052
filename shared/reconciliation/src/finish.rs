//! What the sums mean: every client and rule compared, every account judged, everything put in order.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, ReadState, RuleId};

use crate::{
    AccountNo, ClientNo, Comparison, Comparisons, DecidedBy, Finding, MappingSuggestion, Profile, ReconcileError,
    Reconciler, Reconciliation, SourceNo,
    accounts::{judge_accounts, judge_untaken},
    compare::{Judge, UsageSum},
    coverage::{SourceCounts, coverage, unread_clients, unread_sources},
    exact,
    items::{AccountItems, Outcome},
    order::{in_order, suggestions_in_order, totals},
    reconciler::Decision,
    setup::setup,
    takers::Taker,
};

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) suggestions: Vec<MappingSuggestion>,
    /// Comparisons that could not be made, also those whose source is not among the sources of the run.
    pub(crate) not_reconciled: u64,
    /// By source.
    pub(crate) counts: Vec<SourceCounts>,
    /// Incomplete accounts that some finding names already.
    pub(crate) named_accounts: Vec<AccountNo>,
    /// Clients of whom some finding says already that their lines were not read.
    pub(crate) named_clients: Vec<ClientId>,
    /// Lines whose agreement's cycle cannot be brought to a month, by rule.
    pub(crate) cycle_unknown: BTreeMap<RuleId, u64>,
    /// Differences for which no price is known, by rule.
    pub(crate) price_unknown: BTreeMap<RuleId, u64>,
}

pub(crate) fn finish(books: &Reconciler) -> Result<Reconciliation, ReconcileError> {
    let mut found = Found { counts: vec![SourceCounts::default(); books.sources.len()], ..Found::default() };
    let sides = Sides::of(books);
    let judge = Judge::of(books);
    compare_clients(books, &judge, &sides, &mut found)?;
    judge_accounts(books, &judge, &mut found)?;
    if books.options.profile == Profile::Full {
        judge_untaken(books, &judge, &mut found);
    }
    unread_clients(books, &judge, &mut found);
    unread_sources(books, &judge, &mut found);
    in_order(&mut found.findings);
    suggestions_in_order(&mut found.suggestions);
    Ok(Reconciliation {
        month: BillingMonth::of(books.options.count_day.0),
        count_day: books.options.count_day,
        not_reconciled: found.not_reconciled,
        totals: totals(&found.findings)?,
        coverage: coverage(books, &found),
        setup: setup(books, &judge, &found),
        findings: found.findings,
        comparisons: found.comparisons,
        suggestions: found.suggestions,
    })
}

/// Who has which accounts.
pub(crate) struct Sides {
    /// By client: its confirmed accounts.
    confirmed: Vec<(ClientNo, AccountNo)>,
    /// Accounts proposed for a client, of a source.
    proposed: BTreeMap<(ClientNo, SourceNo), AccountNo>,
}

/// One client's accounts of one source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientSource {
    pub(crate) source: SourceNo,
    pub(crate) weakest: DecidedBy,
    /// The first that was not read completely.
    pub(crate) incomplete: Option<AccountNo>,
}

impl Sides {
    fn of(books: &Reconciler) -> Self {
        let mut sides = Self { confirmed: Vec::new(), proposed: BTreeMap::new() };
        for (number, account) in (0_u32..).map(AccountNo).zip(&books.accounts) {
            match &account.decision {
                Decision::Confirmed(client, _) => sides.confirmed.push((*client, number)),
                Decision::Proposed(proposal) => {
                    sides.proposed.entry((proposal.0, account.source)).or_insert(number);
                }
                Decision::None | Decision::Ignored | Decision::Split(_) | Decision::Unclear(_) => {}
            }
        }
        for (number, client) in &books.proposals {
            let account = &books.accounts[number.0 as usize];
            if !matches!(account.decision, Decision::Confirmed(..) | Decision::Ignored) {
                let first = sides.proposed.entry((*client, account.source)).or_insert(*number);
                *first = (*first).min(*number);
            }
        }
        sides.confirmed.sort_unstable();
        sides
    }

    fn accounts_of(&self, client: ClientNo) -> &[(ClientNo, AccountNo)] {
        let start = self.confirmed.partition_point(|(one, _)| *one < client);
        let end = self.confirmed[start..].partition_point(|(one, _)| *one == client);
        &self.confirmed[start..start + end]
    }

    pub(crate) fn proposed_for(&self, client: ClientNo, source: SourceNo) -> Option<AccountNo> {
        self.proposed.get(&(client, source)).copied()
    }
}

/// Units of one rule and outcome in one account.
#[derive(Debug, Clone, Copy)]
struct Units {
    rule: u16,
    /// `None`: raw.
    outcome: Option<Outcome>,
    items: u64,
    extra: Decimal,
}

fn compare_clients(
    books: &Reconciler,
    judge: &Judge<'_>,
    sides: &Sides,
    found: &mut Found,
) -> Result<(), ReconcileError> {
    let mut order: Vec<u32> = (0..u32::try_from(books.clients.len()).unwrap_or(u32::MAX)).collect();
    order.sort_unstable_by(|a, b| books.clients[*a as usize].id.cmp(&books.clients[*b as usize].id));
    let (mut units, mut sources) = (Vec::new(), Vec::new());
    for number in order.into_iter().map(ClientNo) {
        units.clear();
        sources.clear();
        for (_, account) in sides.accounts_of(number) {
            gather(books, *account, &mut units, &mut sources);
        }
        units.sort_unstable_by_key(|one| (one.rule, one.outcome));
        let client = &books.clients[number.0 as usize];
        let mut rules: Vec<u16> = client.lines.iter().map(|lines| lines.rule).collect();
        rules.extend(units.iter().map(|one| one.rule));
        rules.sort_unstable();
        rules.dedup();
        for rule in rules {
            let usage =
                usage_of(&units, rule).ok_or_else(|| judge.too_large(client, rule, "the count of its usage"))?;
            let keep = books.options.comparisons == Comparisons::Every;
            judge.pair(number, rule, &usage, &sources, sides, keep, found)?;
        }
    }
    Ok(())
}

/// Adds what one confirmed account of a client has.
fn gather(books: &Reconciler, number: AccountNo, units: &mut Vec<Units>, sources: &mut Vec<ClientSource>) {
    let account = &books.accounts[number.0 as usize];
    let Decision::Confirmed(_, by) = account.decision else { return };
    let incomplete = account.unread.as_ref().map(|_| number);
    match sources.iter_mut().find(|one| one.source == account.source) {
        Some(one) => {
            one.weakest = one.weakest.max(by);
            one.incomplete = one.incomplete.or(incomplete);
        }
        None => sources.push(ClientSource { source: account.source, weakest: by, incomplete }),
    }
    let takers = &books.sources[usize::from(account.source.0)].takers;
    each_unit(&account.items, |local, outcome, items, extra| {
        if let Taker::Rule(rule) = takers.taker(local) {
            units.push(Units { rule: *rule, outcome, items, extra });
        }
    });
}

/// Each count of an account: local rule, outcome (`None`: raw), distinct items, units beyond one each.
pub(crate) fn each_unit(items: &AccountItems, mut take: impl FnMut(u16, Option<Outcome>, u64, Decimal)) {
    let (counts, left_out, extras) = items.sums();
    for count in counts {
        take(count.rule, None, u64::from(count.raw), Decimal::ZERO);
        if count.counted > 0 {
            take(count.rule, Some(Outcome::COUNTS), u64::from(count.counted), Decimal::ZERO);
        }
    }
    for one in left_out.iter().filter(|one| one.items > 0) {
        take(one.rule, Some(one.outcome), u64::from(one.items), Decimal::ZERO);
    }
    for extra in extras {
        take(extra.rule, extra.outcome, 0, extra.units);
    }
}

/// The units of one rule; `None` if they have more digits than are kept exactly.
fn usage_of(units: &[Units], rule: u16) -> Option<UsageSum> {
    let start = units.partition_point(|one| one.rule < rule);
    let mut sum = UsageSum::default();
    for one in units[start..].iter().take_while(|one| one.rule == rule) {
        let amount = exact::sum(Decimal::from(one.items), one.extra)?;
        match one.outcome {
            None => sum.raw = exact::sum(sum.raw, amount)?,
            Some(outcome) if outcome.is_used() => {
                sum.used = exact::sum(sum.used, amount)?;
                if outcome == Outcome::DISABLED {
                    sum.disabled = exact::sum(sum.disabled, amount)?;
                }
            }
            Some(outcome) => sum.leave_out(outcome, one.items, amount)?,
        }
    }
    Some(sum)
}

/// Why a read state is not complete, in words.
pub(crate) fn state_in_words(state: &ReadState) -> String {
    match state.reason() {
        Some(reason) => format!("{}: {reason}", state.as_str()),
        None => state.as_str().to_owned(),
    }
}
