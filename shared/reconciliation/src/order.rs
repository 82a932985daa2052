//! The order of findings, their stable ids, and the totals. A total order: the same findings, the same file.

use std::{cmp::Reverse, collections::BTreeMap};

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use truecount_billing::Currency;

use crate::{Finding, MappingSuggestion, ReconcileError, Totals, exact};

/// Hexadecimal digits of an exception's id: 48 bits, so that a hundred thousand ids are still all different.
const ID_DIGITS: usize = 12;

/// An id begins with this letter, so that no spreadsheet takes one for a number (`004512…`, `12e45…`) and changes it.
const ID_LETTER: char = 'x';

/// The id of an exception, short and stable over months: the same parts, the same id.
#[must_use]
pub fn exception_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits = hash.finalize();
    let mut id = String::with_capacity(ID_DIGITS + 1);
    id.push(ID_LETTER);
    for byte in digits.iter().take(ID_DIGITS / 2) {
        for nibble in [byte >> 4, byte & 15] {
            id.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    id
}

/// By |monthly impact|, the greatest first and unknown last; then kind, client, source, account, rule, product, and
/// the id where all of these are equal.
pub(crate) fn in_order(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let impact = |finding: &Finding| Reverse(finding.monthly_impact.map(|amount| amount.abs()));
        impact(a)
            .cmp(&impact(b))
            .then_with(|| a.kind.as_str().cmp(b.kind.as_str()))
            .then_with(|| a.client_id.cmp(&b.client_id))
            .then_with(|| a.source.cmp(&b.source))
            .then_with(|| a.account_id.cmp(&b.account_id))
            .then_with(|| a.rule_id.cmp(&b.rule_id))
            .then_with(|| a.product_code.cmp(&b.product_code))
            .then_with(|| a.exception_id.cmp(&b.exception_id))
    });
}

/// By worth (the sum of its amounts orders, and is never shown), then items, source and account.
pub(crate) fn suggestions_in_order(suggestions: &mut [MappingSuggestion]) {
    suggestions.sort_by_cached_key(|one| {
        let amounts = one.monthly_value.iter();
        let worth = amounts.fold(Decimal::ZERO, |sum, money| sum.saturating_add(money.amount));
        (Reverse((worth, one.items)), one.source.clone(), one.account_id.clone())
    });
}

/// By currency; findings of unknown worth are in no sum.
pub(crate) fn totals(findings: &[Finding]) -> Result<Vec<Totals>, ReconcileError> {
    let mut totals = BTreeMap::<Currency, Totals>::new();
    for finding in findings {
        let (Some(impact), Some(currency)) = (finding.monthly_impact, finding.currency) else { continue };
        let total = totals.entry(currency).or_insert_with(|| Totals {
            currency,
            underbilled: Decimal::ZERO,
            overbilled: Decimal::ZERO,
            underbilled_count: 0,
            overbilled_count: 0,
        });
        let (sum, count) = if impact > Decimal::ZERO {
            (&mut total.underbilled, &mut total.underbilled_count)
        } else if impact < Decimal::ZERO {
            (&mut total.overbilled, &mut total.overbilled_count)
        } else {
            continue;
        };
        *sum = exact::sum(*sum, impact.abs()).ok_or_else(|| ReconcileError::TooLarge {
            subject: format!("all findings in {currency}"),
            what: "the total",
        })?;
        *count += 1;
    }
    Ok(totals.into_values().collect())
}
