//! The reason of a comparison: one sober sentence with the numbers, in the words that people who bill read.

use std::fmt::{self, Write};

use rust_decimal::Decimal;

use crate::{
    FindingKind, Rule, ValueBasis, compare::Numbers, exact::plain, items::Outcome, lines::RuleLines, words::Words,
    worth::Worth,
};

/// What was compared, what differs, what was left out, and the price.
pub(crate) fn compared(
    rule: &Rule,
    lines: Option<&RuleLines>,
    numbers: &Numbers,
    worth: &Worth,
    kind: Option<FindingKind>,
    words: &Words,
) -> String {
    let mut text = String::with_capacity(128);
    let mut say = || {
        used_and_billed(&mut text, numbers, kind)?;
        verdict(&mut text, rule, lines, numbers, kind)?;
        left_out(&mut text, rule, numbers, words)?;
        if kind.is_some() { price(&mut text, worth) } else { Ok(()) }
    };
    // a String takes everything
    say().unwrap_or(());
    text
}

fn used_and_billed(text: &mut String, numbers: &Numbers, kind: Option<FindingKind>) -> fmt::Result {
    if numbers.used.is_zero() {
        text.push_str("none counted");
    } else {
        write!(text, "{} counted", plain(numbers.used))?;
    }
    if !numbers.disabled.is_zero() {
        write!(text, ", {} of them disabled", plain(numbers.disabled))?;
    }
    if !numbers.included.is_zero() {
        write!(text, ", {} included", plain(numbers.included))?;
    }
    if !numbers.minimum.is_zero() {
        write!(text, ", {} at least", plain(numbers.expected))?;
    }
    if numbers.expected != numbers.used {
        write!(text, ", should bill {}", plain(numbers.expected))?;
    }
    if matches!(kind, Some(FindingKind::UnbilledUsage | FindingKind::EndedAgreementInUse)) {
        return Ok(());
    }
    write!(text, ", {} billed", plain(numbers.billed))
}

fn verdict(
    text: &mut String,
    rule: &Rule,
    lines: Option<&RuleLines>,
    numbers: &Numbers,
    kind: Option<FindingKind>,
) -> fmt::Result {
    let apart = plain(numbers.variance.abs());
    match kind {
        None if apart.is_zero() => Ok(()),
        None => write!(text, ": {apart} apart, within the tolerance of {}", plain(rule.tolerance)),
        Some(FindingKind::Underbilled) => write!(text, ": underbilled by {apart}"),
        Some(FindingKind::Overbilled | FindingKind::BilledWithoutUsage) => write!(text, ": overbilled by {apart}"),
        Some(FindingKind::EndedAgreementInUse) => match lines.and_then(|lines| lines.agreement_ended_on) {
            Some(day) => write!(text, ", although the agreement ended on {day}"),
            None => write!(text, ", although the agreement ended"),
        },
        Some(_) => write!(text, ", not on the agreement"),
    }
}

fn left_out(text: &mut String, rule: &Rule, numbers: &Numbers, words: &Words) -> fmt::Result {
    let word = |why: Outcome| if why == Outcome::STALE { "" } else { words.of(why) };
    let left_out = numbers.left_out.iter().filter(|(_, units)| !units.is_zero());
    let mut parts: Vec<(&str, Decimal)> = left_out.map(|(why, units)| (word(*why), plain(*units))).collect();
    parts.sort_unstable();
    for (place, (why, units)) in parts.into_iter().enumerate() {
        text.push_str(if place == 0 { "; not counted: " } else { ", " });
        if why.is_empty() {
            write!(text, "{units} not seen within {} days", rule.stale_days)?;
        } else {
            write!(text, "{units} {why}")?;
        }
    }
    Ok(())
}

fn price(text: &mut String, worth: &Worth) -> fmt::Result {
    let (Some(price), Some(basis)) = (worth.unit_price.map(money), worth.basis) else {
        return text.write_str("; no price is known");
    };
    match (worth.currency, basis) {
        (Some(currency), ValueBasis::Calculated) => write!(text, "; {price} {currency} each a month"),
        (Some(currency), ValueBasis::Estimated) => write!(text, "; list price {price} {currency} each a month"),
        (None, _) => write!(text, "; {price} each a month in an unknown currency"),
    }
}

/// With two places, or up to four where there are more.
pub(crate) fn money(amount: Decimal) -> Decimal {
    let rounding = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    let mut shown = plain(amount.round_dp_with_strategy(4, rounding));
    if shown.scale() < 2 {
        shown.rescale(2);
    }
    shown
}
