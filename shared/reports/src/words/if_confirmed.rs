//! What mappings that are proposed would come to if they were confirmed: of one row, and of all rows that hang on one
//! account.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AddAndReduce, IfConfirmed, MappingSuggestion, ProposalEffect, ProposedAccount, RowKind, RowRecord,
};

use super::row::range;
use super::{name, widening};
use crate::label::{self, money, quantity};

/// How many accounts are named; more are counted.
const ACCOUNTS_MAX: usize = 2;

/// ``if `Bayview Dental` in rmm (95 %) is confirmed: 23 counted, agrees``; `None`: the row hangs on no proposal, or says the
/// same then.
pub(crate) fn if_confirmed(row: &RowRecord) -> Option<String> {
    let foretold = row.if_confirmed.as_deref()?;
    Some(format!("if {}: {}", confirmed(foretold), then(row, foretold)))
}

fn confirmed(foretold: &IfConfirmed) -> String {
    let mut parts: Vec<String> = foretold.accounts.iter().take(ACCOUNTS_MAX).map(account).collect();
    let more = foretold.accounts.len().saturating_sub(ACCOUNTS_MAX) as u64;
    for (number, one, several) in [
        (more, "more account", "more accounts"),
        (foretold.others, "account for another client", "accounts for other clients"),
    ] {
        if number > 0 {
            parts.push(label::count(number, one, several));
        }
    }
    let is_one = foretold.accounts.len() as u64 + foretold.others == 1;
    format!("{} {} confirmed", label::in_a_sentence(&parts), if is_one { "is" } else { "are" })
}

fn account(proposed: &ProposedAccount) -> String {
    let (called, source) = (name(&proposed.account.account_name), &proposed.account.source);
    format!("{called} in {source}{}", in_brackets(proposed.score))
}

/// ` (95 %)`, rounded down; empty where there is no score.
fn in_brackets(score: Option<Decimal>) -> String {
    let percent = score.and_then(|score| score.checked_mul(Decimal::ONE_HUNDRED));
    percent.map(|percent| format!(" ({} %)", percent.floor().normalize())).unwrap_or_default()
}

/// `23 counted, 3 underbilled, +GBP 45.00 a month`.
fn then(row: &RowRecord, then: &IfConfirmed) -> String {
    if then.kind == RowKind::NotReconciled {
        return still_open(then);
    }
    let counted = then.counted.map(|counted| match row.pack {
        _ if counted.is_zero() => "none counted".to_owned(),
        Some(size) => format!("{} packs of {} counted", quantity(counted), quantity(size)),
        None => format!("{} counted", quantity(counted)),
    });
    let parts = counted.into_iter().chain([verdict(row, then)]).chain(worth(then));
    parts.collect::<Vec<_>>().join(", ")
}

fn still_open(then: &IfConfirmed) -> String {
    let ends = then.at_least.map(|_| format!(", {}", range(then.at_least, then.at_most))).unwrap_or_default();
    let remains = then.remains.as_ref().map(|remains| format!("; {}", widening(remains).what)).unwrap_or_default();
    format!("still not known{ends}{remains}")
}

fn verdict(row: &RowRecord, then: &IfConfirmed) -> String {
    let variance = then.variance.unwrap_or_default();
    let units = quantity(variance.abs());
    let at_least = if then.at_least == then.at_most { "" } else { "at least " };
    match then.kind {
        RowKind::Underbilled => format!("{at_least}{units} underbilled"),
        RowKind::Overbilled => format!("{at_least}{units} overbilled"),
        RowKind::BilledWithoutUsage => format!("{} billed, not used", quantity(row.billed)),
        RowKind::UnbilledUsage => "not on the agreement".to_owned(),
        RowKind::AgreementEnding => format!("{units} in use on lines that end"),
        RowKind::LeftAlone if variance.is_zero() => "the difference is left alone".to_owned(),
        RowKind::LeftAlone => {
            let more = if variance.is_sign_negative() { "less" } else { "more" };
            format!("{units} {more} than billed, left alone")
        }
        kind => super::kind(kind).to_owned(),
    }
}

/// `+GBP 45.00 a month`, of what changes a bill.
fn worth(then: &IfConfirmed) -> Option<String> {
    if !then.kind.changes_a_bill() {
        return None;
    }
    Some(match then.monthly_impact.zip(then.currency) {
        Some((amount, currency)) => {
            let sign = if amount.is_sign_negative() { "-" } else { "+" };
            let guess = if then.is_estimated { " (estimated)" } else { "" };
            format!("{sign}{} a month{guess}", money(amount.abs(), currency))
        }
        None => "no known value".to_owned(),
    })
}

/// ``if confirmed for `Bayview Dental` (95 %): settles 2 comparisons (both agree)``; `None`: no client is
/// proposed, or it is not looked at.
pub(crate) fn if_proposal_confirmed(suggestion: &MappingSuggestion) -> Option<String> {
    let (effect, client) = (suggestion.if_confirmed.as_deref()?, suggestion.client_name.as_deref()?);
    Some(format!("if confirmed for {}{}: {}", name(client), in_brackets(suggestion.score), proposal_effect(effect)))
}

/// `settles 3 comparisons (2 agree, 1 underbilled); GBP 45.00 to add a month; 1 comparison stays not reconciled`: what
/// becomes of a client's rows if a proposal is confirmed.
#[must_use]
pub fn proposal_effect(effect: &ProposalEffect) -> String {
    if effect.is_nothing() {
        return "changes no comparison".to_owned();
    }
    let mut parts = Vec::new();
    for (rows, verb, one, several) in [
        (&effect.settled, "settles", "comparison", "comparisons"),
        (&effect.new, "shows", "new comparison", "new comparisons"),
    ] {
        if !rows.is_empty() {
            let number = label::count(rows.values().sum(), one, several);
            parts.push(format!("{verb} {number} ({})", by_kind(rows)));
        }
    }
    parts.extend(effect.amounts.iter().filter_map(|(currency, amounts)| to_change(*currency, amounts)));
    for (number, one, several) in [
        (effect.unpriced, "change without a known value", "changes without a known value"),
        (effect.open, "comparison stays not reconciled", "comparisons stay not reconciled"),
    ] {
        if number > 0 {
            parts.push(label::count(number, one, several));
        }
    }
    if effect.together_with > 0 {
        let others = label::count(effect.together_with, "other proposal", "other proposals");
        parts.push(format!("together with {others} for the client"));
    }
    parts.join("; ")
}

/// `2 agree, 1 underbilled`; of one kind alone the number was said: `agrees`, `both agree`, `all agree`.
fn by_kind(rows: &BTreeMap<RowKind, u64>) -> String {
    if let (Some((kind, number)), 1) = (rows.first_key_value(), rows.len()) {
        let (one, several) = of_kind(*kind);
        return match number {
            1 => one.to_owned(),
            2 => format!("both {several}"),
            _ => format!("all {several}"),
        };
    }
    let told = rows.iter().map(|(kind, number)| {
        let (one, several) = of_kind(*kind);
        label::count(*number, one, several)
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What one row of a kind does, and what several do: without a comma, as the kind's own words may have one.
const fn of_kind(kind: RowKind) -> (&'static str, &'static str) {
    let one = match kind {
        RowKind::Agrees => return ("agrees", "agree"),
        RowKind::UnbilledUsage => "used but not on the agreement",
        RowKind::BilledWithoutUsage => "billed but not used",
        RowKind::EndedAgreementInUse => "in use after the agreement ended",
        RowKind::AgreementEnding => "in use on an agreement that ends",
        RowKind::UncountedLine => "billed but counted by no rule",
        RowKind::Flat => "billed at a flat amount",
        RowKind::Listed => "used and only listed",
        RowKind::Internal => "internal and not billed",
        kind => super::kind(kind),
    };
    (one, one)
}

/// `GBP 45.00 to add and GBP 12.00 to reduce a month`; `None`: neither.
fn to_change(currency: Currency, amounts: &AddAndReduce) -> Option<String> {
    let words = ["to add", "to reduce", "to add (estimated)", "to reduce (estimated)"];
    let told = amounts.each().into_iter().zip(words).filter(|(amount, _)| !amount.is_zero());
    let told: Vec<String> = told.map(|(amount, word)| format!("{} {word}", money(amount, currency))).collect();
    (!told.is_empty()).then(|| format!("{} a month", label::in_a_sentence(&told)))
}
