//! Accounts that nobody mapped, accounts that were not read, and items that no rule takes.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{Currency, Money};

use crate::{
    AccountNo, ClientNo, Confidence, Finding, FindingKind, MappingSuggestion, NextStep, ReconcileError, Reconciler,
    SourceNo, ValueBasis,
    compare::Judge,
    coverage::{blank_of, plural},
    exact::{self, plain},
    finish::{Found, each_unit, state_in_words},
    items::Outcome,
    order::exception_id,
    reconciler::{AccountEntry, Decision},
    sentences::money,
    takers::Taker,
    unread::account_too_large,
};

/// What an account that nobody mapped has, at list prices.
#[derive(Debug, Default)]
struct Unmapped {
    used: Decimal,
    /// Items, each once, whether or not they count.
    item_count: u64,
    quantity_unknown: u64,
    /// Items with a word that nobody knows, which may count.
    unclear: u64,
    worth: BTreeMap<Currency, Decimal>,
    /// Units of rules without a list price.
    unpriced: Decimal,
}

/// Judges each account by itself.
pub(crate) fn judge_accounts(books: &Reconciler, judge: &Judge<'_>, found: &mut Found) -> Result<(), ReconcileError> {
    let named: BTreeSet<AccountNo> = found.named_accounts.iter().copied().collect();
    for (number, account) in (0_u32..).map(AccountNo).zip(&books.accounts) {
        let source = &books.sources[usize::from(account.source.0)];
        let is_unread = account.unread.is_some();
        if matches!(account.decision, Decision::Ignored) {
            continue;
        }
        let is_part = books.parts.contains(&number);
        if is_unread && source.is_usable() && !is_part && !named.contains(&number) {
            found.findings.push(unread_account(books, judge, account));
        }
        let (proposal, why) = match &account.decision {
            Decision::Confirmed(..) | Decision::Ignored => continue,
            Decision::None => (None, ""),
            Decision::Unclear(why) | Decision::Split(why) => (None, &**why),
            Decision::Proposed(proposal) => (Some(proposal.0), proposal.1.as_str()),
        };
        let sums = sum(books, account).ok_or_else(|| account_too_large(books, number, "the worth of its usage"))?;
        if sums.item_count == 0 && matches!(account.decision, Decision::Split(_)) {
            continue;
        }
        let something = !sums.used.is_zero() || sums.quantity_unknown > 0 || sums.unclear > 0;
        if something && !is_unread && source.is_usable() && judge.billed_unread.is_none() {
            found.findings.push(unmapped(books, judge, account, &sums));
        }
        found.suggestions.push(suggestion(books, account, proposal, why, &sums));
    }
    Ok(())
}

fn sum(books: &Reconciler, account: &AccountEntry) -> Option<Unmapped> {
    let takers = &books.sources[usize::from(account.source.0)].takers;
    let mut sums = Unmapped::default();
    let mut by_rule = BTreeMap::<u16, Decimal>::new();
    let mut is_exact = true;
    each_unit(&account.items, |local, outcome, items, extra| match (takers.taker(local), outcome) {
        (_, None) => sums.item_count += items,
        (Taker::Rule(rule), Some(outcome)) if outcome.is_used() => {
            let sum = by_rule.entry(*rule).or_default();
            match exact::sum(Decimal::from(items), extra).and_then(|units| exact::sum(*sum, units)) {
                Some(more) => *sum = more,
                None => is_exact = false,
            }
        }
        (Taker::Rule(_), Some(Outcome::UNKNOWN)) => sums.quantity_unknown += items,
        (Taker::Rule(_), Some(outcome)) if books.is_unclear(outcome) => sums.unclear += items,
        _ => {}
    });
    for (rule, units) in by_rule.into_iter().filter(|_| is_exact) {
        let rule = &books.rules.rules()[usize::from(rule)];
        let units = exact::product(units, rule.factor)?;
        sums.used = exact::sum(sums.used, units)?;
        match rule.list_price {
            Some(price) => {
                let sum = sums.worth.entry(price.0.currency).or_default();
                *sum = exact::sum(*sum, exact::product(units, price.0.amount)?)?;
            }
            None => sums.unpriced = exact::sum(sums.unpriced, units)?,
        }
    }
    is_exact.then_some(sums)
}

/// One row for an account: its counts over all rules together. Two currencies are not added; the worth is unknown
/// then, and the sentence names both amounts.
fn unmapped(books: &Reconciler, judge: &Judge<'_>, account: &AccountEntry, sums: &Unmapped) -> Finding {
    let source = &books.sources[usize::from(account.source.0)].status.source;
    let mut reason = format!("{} counted in {source}, not mapped to a client", plain(sums.used));
    let one_currency = (sums.worth.len() == 1).then(|| sums.worth.first_key_value()).flatten();
    for (place, (currency, amount)) in sums.worth.iter().enumerate() {
        let before = if place == 0 { "; at list prices " } else { " and " };
        reason.push_str(&format!("{before}{} {currency}", money(*amount)));
    }
    if !sums.unpriced.is_zero() {
        reason.push_str(&format!("; no list price for {} of them", plain(sums.unpriced)));
    }
    if let Decision::Split(why) = &account.decision {
        reason.push_str(&format!("; {why}"));
    }
    let known = (sums.quantity_unknown == 0 && sums.unclear == 0).then(|| plain(sums.used));
    if sums.quantity_unknown > 0 {
        let items = plural(sums.quantity_unknown, "item", "items");
        reason.push_str(&format!("; besides {} {items} without a quantity", sums.quantity_unknown));
    }
    if sums.unclear > 0 {
        let items = plural(sums.unclear, "item", "items");
        reason.push_str(&format!("; besides {} {items} of a status or kind that nobody has explained", sums.unclear));
    }
    let price_basis = if one_currency.is_some() { 70 } else { 40 };
    Finding {
        exception_id: exception_id(&["account", source.as_str(), account.id.as_str(), "unmapped"]),
        kind: FindingKind::UnmappedAccount,
        client_name: account.name.to_string(),
        source: Some(source.clone()),
        account_id: Some(account.id.clone()),
        account_name: Some(account.name.to_string()),
        counted: known,
        billed: known.map(|_| Decimal::ZERO),
        should_bill: known,
        variance: known,
        counted_on: books.synced_on(source),
        monthly_impact: one_currency.map(|(_, amount)| *amount),
        currency: one_currency.map(|(currency, _)| *currency),
        value_basis: one_currency.map(|_| ValueBasis::Estimated),
        confidence: Confidence {
            mapping: 0,
            completeness: 100,
            freshness: books.freshness(source),
            count_basis: 100,
            price_basis,
        },
        ..blank_of(judge, NextStep::ConfirmMapping, reason)
    }
}

/// An account that was not read and that no comparison names.
fn unread_account(books: &Reconciler, judge: &Judge<'_>, account: &AccountEntry) -> Finding {
    let source = &books.sources[usize::from(account.source.0)].status.source;
    let state = account.unread.as_deref().map(state_in_words).unwrap_or_default();
    let reason = format!("vendor account `{}` in {source} was not read ({state})", account.called());
    let client = match &account.decision {
        Decision::Confirmed(client, _) => Some(&books.clients[client.0 as usize]),
        _ => None,
    };
    Finding {
        exception_id: exception_id(&["account", source.as_str(), account.id.as_str(), "none"]),
        client_id: client.map(|client| client.id.clone()),
        client_name: client.map_or_else(|| account.name.to_string(), |client| client.name.to_string()),
        source: Some(source.clone()),
        account_id: Some(account.id.clone()),
        account_name: Some(account.name.to_string()),
        counted_on: books.synced_on(source),
        ..blank_of(judge, NextStep::FixSource, reason)
    }
}

fn suggestion(
    books: &Reconciler,
    account: &AccountEntry,
    proposal: Option<ClientNo>,
    why: &str,
    sums: &Unmapped,
) -> MappingSuggestion {
    let client = proposal.map(|client| &books.clients[client.0 as usize]);
    MappingSuggestion {
        source: books.sources[usize::from(account.source.0)].status.source.clone(),
        account_id: account.id.clone(),
        account_name: account.name.to_string(),
        client_id: client.map(|client| client.id.clone()),
        client_name: client.map(|client| client.name.to_string()),
        reason: why.to_owned(),
        items: sums.item_count,
        monthly_value: sums.worth.iter().map(|(currency, amount)| Money::new(*amount, *currency)).collect(),
    }
}

/// The kind of a person.
const PERSON: &str = "user";

/// The kind of what a person holds.
const LICENCE: &str = "licence";

/// Items of one kind and SKU that no rule takes.
#[derive(Debug)]
pub(crate) struct Untaken<'a> {
    pub(crate) source: SourceNo,
    pub(crate) kind: &'a str,
    pub(crate) sku: &'a str,
    /// Distinct items whose status counts.
    pub(crate) item_count: u64,
    pub(crate) account_count: u64,
}

/// What no rule takes, of accounts that are not ignored. A SKU that a rule of the source counts by another kind (by
/// user, where the vendor lists its subscription too) is not missing, nor are people whose licences are listed as well.
pub(crate) fn untaken(books: &Reconciler) -> Vec<Untaken<'_>> {
    let mut counts = BTreeMap::<(SourceNo, u16), (u64, u64)>::new();
    for account in books.accounts.iter().filter(|account| !matches!(account.decision, Decision::Ignored)) {
        let takers = &books.sources[usize::from(account.source.0)].takers;
        for count in account.items.sums().0.iter().filter(|count| count.counted > 0) {
            if matches!(takers.taker(count.rule), Taker::Nobody { .. }) {
                let sum = counts.entry((account.source, count.rule)).or_default();
                *sum = (sum.0 + u64::from(count.counted), sum.1 + 1);
            }
        }
    }
    let rows = counts.into_iter().filter_map(|((source, local), (item_count, account_count))| {
        match books.sources[usize::from(source.0)].takers.taker(local) {
            Taker::Nobody { sku, .. } if is_counted_otherwise(books, source, sku) => None,
            Taker::Nobody { kind, .. } if **kind == *PERSON && lists_licences(books, source) => None,
            Taker::Nobody { kind, sku } => Some(Untaken { source, kind, sku, item_count, account_count }),
            Taker::Rule(_) => None,
        }
    });
    rows.collect()
}

fn is_counted_otherwise(books: &Reconciler, source: SourceNo, sku: &str) -> bool {
    let id = &books.sources[usize::from(source.0)].status.source;
    let mut rules = books.rules.rules().iter().filter(|rule| rule.source == *id);
    !sku.is_empty() && rules.any(|rule| rule.skus.iter().any(|one| one == sku))
}

fn lists_licences(books: &Reconciler, source: SourceNo) -> bool {
    books.sources[usize::from(source.0)].takers.has_kind(LICENCE)
}

impl Untaken<'_> {
    /// ``kind `license`, SKU `FLOW_FREE` ``.
    pub(crate) fn what(&self) -> String {
        match (self.kind, self.sku) {
            ("", "") => "other kinds and SKUs".into(),
            (kind, "") => format!("kind `{kind}`"),
            (kind, sku) => format!("kind `{kind}`, SKU `{sku}`"),
        }
    }

    /// One sentence for people.
    pub(crate) fn in_words(&self, source: &str) -> String {
        let organizations = plural(self.account_count, "vendor account", "vendor accounts");
        let items = plural(self.item_count, "item", "items");
        format!(
            "{} {items} of {} in {source} ({} {organizations}), counted by no rule",
            self.item_count,
            self.what(),
            self.account_count
        )
    }
}

/// One finding for each kind and SKU that no rule takes; its worth is unknown.
pub(crate) fn judge_untaken(books: &Reconciler, judge: &Judge<'_>, found: &mut Found) {
    for one in untaken(books) {
        let entry = &books.sources[usize::from(one.source.0)];
        if !entry.is_usable() {
            continue;
        }
        let source = &entry.status.source;
        found.findings.push(Finding {
            exception_id: exception_id(&["product", source.as_str(), one.kind, one.sku, "unmapped"]),
            kind: FindingKind::UnmappedProduct,
            source: Some(source.clone()),
            counted: Some(Decimal::from(one.item_count)),
            counted_on: books.synced_on(source),
            confidence: Confidence {
                mapping: 100,
                completeness: 100,
                freshness: books.freshness(source),
                count_basis: 100,
                price_basis: 40,
            },
            ..blank_of(judge, NextStep::FixRule, one.in_words(source.as_str()))
        });
    }
}
