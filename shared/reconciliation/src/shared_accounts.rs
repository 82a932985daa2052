//! Undecided accounts that several clients may have: what is at stake for each is counted once, at the client where it
//! is dearest.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hashbrown::HashMap;
use rust_decimal::Decimal;
use truecount_billing::Currency;

use crate::count::SourceCount;
use crate::interval::{TooManyDigits, add};
use crate::outcome::{AtStake, OutcomeRow};
use crate::pool::{Pool, unread};
use crate::portfolio::{Portfolio, stake_up};
use crate::reconcile_client::Compared;
use crate::service_count::{ServiceCount, with_less};

/// Of more clients that may have an account, those with the most at stake are held against each other.
const HOLDERS_MAX: usize = 50;
/// So many counts are made again for accounts that share devices with others; beyond, what they add stays counted.
const RECOUNTS_MAX: usize = 20_000;

/// Which client each account that several may have is counted at.
#[derive(Default)]
pub(crate) struct SharedAccounts {
    /// By account: the client where it is dearest.
    dearest: BTreeMap<usize, usize>,
    /// The same by client.
    kept: BTreeMap<usize, Vec<usize>>,
    /// By count: what all accounts in `dearest` add to it together.
    sums: HashMap<usize, Decimal>,
    recounts: Cell<usize>,
}

impl SharedAccounts {
    pub(crate) fn of(portfolio: &Portfolio<'_>) -> Self {
        let mut shared = Self::default();
        let holders = holders(portfolio);
        if holders.is_empty() {
            return shared;
        }
        let stakes = stakes(portfolio);
        for (account, mut clients) in holders {
            if clients.len() > HOLDERS_MAX {
                clients.sort_by(|one, other| stakes[*other].cmp(&stakes[*one]).then(one.cmp(other)));
                clients.truncate(HOLDERS_MAX);
            }
            let gains: Vec<_> = clients.iter().map(|client| shared.gain(portfolio, *client, account)).collect();
            let id = |at: usize| &portfolio.inputs.clients[clients[at]].id;
            let best = (0..clients.len()).reduce(|best, next| {
                let order = gains[next].cmp(&gains[best]);
                if order.is_gt() || (order.is_eq() && id(next) < id(best)) { next } else { best }
            });
            if let Some(best) = best {
                shared.dearest.insert(account, clients[best]);
                shared.kept.entry(clients[best]).or_default().push(account);
            }
        }
        for (_, compared) in portfolio.compared() {
            for count in &compared.count.undecided {
                let of_shared = |(account, _): &(&usize, &Decimal)| shared.dearest.contains_key(account);
                let sum = || count.undecided.each.iter().filter(of_shared).map(|(_, units)| *units);
                shared.sums.entry(address(count)).or_insert_with(|| {
                    let mut all = Decimal::ZERO;
                    sum().for_each(|units| add(&mut all, units));
                    all
                });
            }
        }
        shared
    }

    /// What a row has at stake upwards, less the accounts that are counted elsewhere.
    pub(crate) fn stake_up(
        &self,
        portfolio: &Portfolio<'_>,
        client: usize,
        compared: &Compared<'_>,
        row: &OutcomeRow,
    ) -> Option<AtStake> {
        let before = stake_up(row)?;
        if before == AtStake::Unknown || self.dearest.is_empty() {
            return Some(before);
        }
        let is_here = |account: usize| self.dearest.get(&account).is_none_or(|dearest| *dearest == client);
        if links(compared).any(|account| !is_here(account)) {
            return Some(self.recounted(portfolio, client, compared, row, &is_here).unwrap_or(before));
        }
        let none = Vec::new();
        let kept = self.kept.get(&client).unwrap_or(&none);
        let mut less = Decimal::ZERO;
        for count in &compared.count.undecided {
            add(&mut less, self.sums.get(&address(count)).copied().unwrap_or_default());
            kept.iter()
                .filter_map(|account| count.undecided.each.get(account))
                .for_each(|units| add(&mut less, -*units));
        }
        if less.is_zero() {
            return Some(before);
        }
        Some(with_units_less(portfolio, client, compared, row, less).unwrap_or(before))
    }

    /// By how much the client's stakes upwards fall without an account: in the home currency, then in the others.
    fn gain(&self, portfolio: &Portfolio<'_>, client: usize, account: usize) -> Vec<Decimal> {
        let mut gained: BTreeMap<Currency, Decimal> = BTreeMap::new();
        for compared in &portfolio.kept[client].compared {
            let is_linked = links(compared).any(|one| one == account);
            let counts = compared.count.undecided.iter();
            let mut less = Decimal::ZERO;
            counts.filter_map(|count| count.undecided.each.get(&account)).for_each(|units| add(&mut less, *units));
            if !is_linked && less.is_zero() {
                continue;
            }
            for (_, row) in portfolio.kept[client].rows_of(compared) {
                let currency = row.value.as_ref().and_then(|value| value.currency);
                let (Some(AtStake::Known(before)), Some(currency)) = (stake_up(row), currency) else { continue };
                let without = match is_linked {
                    true => self.recounted(portfolio, client, compared, row, &|one| one != account),
                    false => with_units_less(portfolio, client, compared, row, less).ok(),
                };
                if let Some(AtStake::Known(without)) = without {
                    add(gained.entry(currency).or_default(), before - without);
                }
            }
        }
        let home = gained.remove(&portfolio.context.home_currency).unwrap_or_default();
        std::iter::once(home).chain(gained.into_values()).collect()
    }

    /// What a row has at stake upwards, counted again with some undecided accounts only; `None`: that was not possible.
    fn recounted(
        &self,
        portfolio: &Portfolio<'_>,
        client: usize,
        compared: &Compared<'_>,
        row: &OutcomeRow,
        allowed: &dyn Fn(usize) -> bool,
    ) -> Option<AtStake> {
        if self.recounts.replace(self.recounts.get() + 1) >= RECOUNTS_MAX {
            return None;
        }
        let case = &portfolio.cases[client];
        let count = case.count_with(&compared.part, &compared.side, compared.count.outer.clone(), allowed).ok()?;
        // What is sure of it stays what it was.
        let count = ServiceCount { least: compared.count.least.clone(), ..count };
        let value = case.valuation(&compared.side, &compared.part.rule);
        let stakes = case.verdict(&compared.part, &compared.side, &value).stakes(row.kind, &count);
        stakes.ok().map(|(up, _)| up)
    }
}

/// What a row has at stake upwards, with so many units less at the upper end of its count.
fn with_units_less(
    portfolio: &Portfolio<'_>,
    client: usize,
    compared: &Compared<'_>,
    row: &OutcomeRow,
    less: Decimal,
) -> Result<AtStake, TooManyDigits> {
    let case = &portfolio.cases[client];
    let count = with_less(&compared.count, less, &compared.part.rule, &compared.side)?;
    let value = case.valuation(&compared.side, &compared.part.rule);
    let (up, _) = case.verdict(&compared.part, &compared.side, &value).stakes(row.kind, &count)?;
    Ok(up)
}

/// Accounts of which what they add hangs on others.
fn links<'c>(compared: &'c Compared<'_>) -> impl Iterator<Item = usize> + 'c {
    compared.count.undecided.iter().flat_map(|count| count.undecided.linked.iter().copied())
}

/// Undecided accounts that several clients may have, each with those.
fn holders(portfolio: &Portfolio<'_>) -> BTreeMap<usize, Vec<usize>> {
    let (inputs, index) = (portfolio.inputs, portfolio.index);
    let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (source, kept) in inputs.sources.iter().enumerate() {
        if index.undecided(source).is_empty() || unread(kept, source, portfolio.context.count_day).is_some() {
            continue;
        }
        for client in 0..inputs.clients.len() {
            for account in Pool::possible(inputs, index, client, source) {
                holders.entry(*account).or_default().push(client);
            }
        }
    }
    holders.retain(|_, clients| clients.len() > 1);
    holders
}

/// What each client has at stake upwards, in the home currency.
fn stakes(portfolio: &Portfolio<'_>) -> Vec<Decimal> {
    let home = portfolio.context.home_currency;
    let of_client = |client: usize| {
        let mut sum = Decimal::ZERO;
        let kept = &portfolio.kept[client];
        for (_, row) in kept.compared.iter().flat_map(|compared| kept.rows_of(compared)) {
            if let (Some(AtStake::Known(up)), Some(value)) = (stake_up(row), &row.value)
                && value.currency == Some(home)
            {
                add(&mut sum, up);
            }
        }
        sum
    };
    (0..portfolio.kept.len()).map(of_client).collect()
}

/// Names a count: the same for all clients that share it.
fn address(count: &Rc<SourceCount>) -> usize {
    Rc::as_ptr(count).addr()
}
