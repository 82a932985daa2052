//! Several rows in one sentence: of how many clients, and what is at stake.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;

use super::{Explanation, WorkOwner};
use crate::label::{self, money};

/// What is at stake in several rows of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MergedStake {
    pub(crate) up: Decimal,
    pub(crate) down: Decimal,
    /// Whether a row has no known limit.
    pub(crate) has_unknown: bool,
}

impl MergedStake {
    /// The larger amount; `None`: none is known.
    pub(crate) fn largest(&self) -> Option<Decimal> {
        Some(self.up.max(self.down)).filter(|amount| !self.has_unknown || !amount.is_zero())
    }
}

/// `12 clients`.
pub(crate) fn clients(number: usize) -> String {
    label::count(number as u64, "client", "clients")
}

/// `4 services`.
pub(crate) fn services(number: usize) -> String {
    label::count(number as u64, "service", "services")
}

/// What is the case, what is at stake of it everywhere, and what would settle it.
pub(crate) fn of_many(told: &Explanation, stakes: &BTreeMap<Currency, MergedStake>, home: Currency) -> String {
    let Explanation { what, owner, .. } = told;
    format!("{what}; {}; to settle it ({}): {}", stakes_of_many(stakes, home), owner.as_str(), told.step())
}

/// `at stake a month: GBP 40.00 up and 1,200.00 down, USD 9.00 down, and some have no known limit`, the home currency first.
fn stakes_of_many(stakes: &BTreeMap<Currency, MergedStake>, home: Currency) -> String {
    let mut ordered: Vec<_> = stakes.iter().collect();
    ordered.sort_by_key(|(currency, _)| (**currency != home, **currency));
    let amounts: Vec<String> = ordered.iter().filter_map(|(currency, stake)| of_currency(**currency, stake)).collect();
    let amounts = if amounts.is_empty() { "no known amount".to_owned() } else { amounts.join(", ") };
    let unknown = if stakes.values().any(|stake| stake.has_unknown) { ", and some have no known limit" } else { "" };
    format!("at stake a month: {amounts}{unknown}")
}

fn of_currency(currency: Currency, stake: &MergedStake) -> Option<String> {
    match (stake.up.is_zero(), stake.down.is_zero()) {
        (true, true) => None,
        (false, true) => Some(format!("{} up", money(stake.up, currency))),
        (true, false) => Some(format!("{} down", money(stake.down, currency))),
        (false, false) => Some(format!("{} up and {} down", money(stake.up, currency), label::amount(stake.down))),
    }
}

/// Rows that are not reconciled, and of which less than the materiality is at stake each.
pub(crate) fn below_materiality(rows: usize, materiality: Decimal, home: Currency) -> Explanation {
    let rows = label::count(rows as u64, "comparison is", "comparisons are");
    Explanation::new(
        format!("{rows} not reconciled, with less than {} a month at stake in each", money(materiality, home)),
        "look at them in lines.csv, or lower `materiality` in the settings",
        WorkOwner::BillingClerk,
    )
}
