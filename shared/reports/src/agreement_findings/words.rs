//! What a finding says: its name, one sentence, the next step, and whose that is.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_reconciliation::{AgreementFinding, AgreementIssue, LineRecord, ReviewedAgreement};

use crate::{label, sanitize, words::WorkOwner};

/// How many characters of a name stand in a sentence.
const NAME_MAX: usize = 40;
/// How many days or lines are named.
const NAMED_MAX: usize = 3;

pub(super) const fn kind(issue: &AgreementIssue) -> &'static str {
    match issue {
        AgreementIssue::AgreementNotRenewed { .. } => "agreement ends, nothing follows",
        AgreementIssue::AgreementSuperseded { .. } => "old and new agreement both bill",
        AgreementIssue::CreditWithoutEnd => "credit without an end",
        AgreementIssue::ChangeNotProrated { .. } => "change within a period, not prorated",
        AgreementIssue::PriceBelowCost { .. } => "price below cost",
        AgreementIssue::UnusualPrice { .. } => "price far from other clients'",
        AgreementIssue::IncreaseNotApplied { .. } => "planned price not applied",
        AgreementIssue::BilledAtZero => "billed at zero",
        AgreementIssue::LineNotContinued { .. } => "ended, and billed nowhere else",
        AgreementIssue::ExpectedServiceMissing => "expected service missing",
    }
}

pub(super) const fn next_step(issue: &AgreementIssue) -> &'static str {
    match issue {
        AgreementIssue::AgreementNotRenewed { .. } => "renew it, or confirm that it ends",
        AgreementIssue::AgreementSuperseded { .. } => "end the older agreement, or confirm that both bill",
        AgreementIssue::CreditWithoutEnd => "give it a last day, or confirm that it stays",
        AgreementIssue::ChangeNotProrated { .. } => "bill the part by hand, or switch proration on",
        AgreementIssue::PriceBelowCost { .. } => "raise the price, or correct the cost",
        AgreementIssue::UnusualPrice { .. } => "check the price",
        AgreementIssue::IncreaseNotApplied { .. } => "change the price",
        AgreementIssue::BilledAtZero => "correct it, or mark it as not billed",
        AgreementIssue::LineNotContinued { .. } => "ask whether the client still has it",
        AgreementIssue::ExpectedServiceMissing => "add a line, or write not_sold in the rules",
    }
}

pub(super) const fn owner(issue: &AgreementIssue) -> WorkOwner {
    match issue {
        AgreementIssue::AgreementNotRenewed { .. }
        | AgreementIssue::CreditWithoutEnd
        | AgreementIssue::PriceBelowCost { .. }
        | AgreementIssue::UnusualPrice { .. }
        | AgreementIssue::LineNotContinued { .. }
        | AgreementIssue::ExpectedServiceMissing => WorkOwner::AccountManager,
        AgreementIssue::AgreementSuperseded { .. }
        | AgreementIssue::ChangeNotProrated { .. }
        | AgreementIssue::IncreaseNotApplied { .. }
        | AgreementIssue::BilledAtZero => WorkOwner::BillingClerk,
    }
}

/// The day that it is about.
pub(super) fn day(issue: &AgreementIssue) -> Option<Date> {
    match issue {
        AgreementIssue::AgreementNotRenewed { last_day } | AgreementIssue::LineNotContinued { last_day } => {
            Some(*last_day)
        }
        AgreementIssue::ChangeNotProrated { days } => days.first().copied(),
        AgreementIssue::IncreaseNotApplied { from, .. } => Some(*from),
        _ => None,
    }
}

/// The price of one unit a month.
pub(super) const fn price(issue: &AgreementIssue) -> Option<Decimal> {
    match issue {
        AgreementIssue::PriceBelowCost { price, .. }
        | AgreementIssue::UnusualPrice { price, .. }
        | AgreementIssue::IncreaseNotApplied { price, .. } => Some(*price),
        _ => None,
    }
}

/// What that is held against.
pub(super) const fn against(issue: &AgreementIssue) -> Option<Decimal> {
    match issue {
        AgreementIssue::PriceBelowCost { cost: one, .. }
        | AgreementIssue::UnusualPrice { median: one, .. }
        | AgreementIssue::IncreaseNotApplied { planned: one, .. } => Some(*one),
        _ => None,
    }
}

/// One sentence. Holds foreign text.
pub(super) fn reason(row: &AgreementFinding) -> String {
    let agreement = row.agreements.first().map(|one| name(&one.name)).unwrap_or_default();
    let product = super::product(row).map(name).unwrap_or_default();
    let units = row.lines.first().map(|line| label::quantity(line.quantity)).unwrap_or_default();
    let priced = |price: &Decimal| format!("{units} {product} on {agreement} at {} a month", label::amount(*price));
    match &row.finding {
        AgreementIssue::AgreementNotRenewed { last_day } => {
            format!("{agreement} ends on {}, and nothing takes over {}", label::day(*last_day), of_lines(&row.lines))
        }
        AgreementIssue::AgreementSuperseded { by } => {
            let newer = row.agreements.iter().find(|one| one.id == *by);
            format!(
                "{agreement} still bills {} that {} bills, too",
                of_lines(&row.lines),
                newer.map(since).unwrap_or_default()
            )
        }
        AgreementIssue::CreditWithoutEnd => {
            let from = row.lines.first().and_then(|line| line.from);
            let from = from.map(|day| format!(", since {}", label::day(day))).unwrap_or_default();
            format!("{product} on {agreement} takes something off each period{from}, and has no last day")
        }
        AgreementIssue::ChangeNotProrated { days } => {
            format!(
                "{agreement} does not prorate, and {} changed on {}",
                of_lines(&row.lines),
                listed(days.iter().map(|day| label::day(*day)).collect())
            )
        }
        AgreementIssue::PriceBelowCost { price, cost } => {
            format!("{}; one costs {}", priced(price), label::amount(*cost))
        }
        AgreementIssue::UnusualPrice { price, median, clients } => {
            let others = label::count(*clients, "other client", "other clients");
            format!(
                "{}; the median of {others} is {}{}",
                priced(price),
                label::amount(*median),
                by_percent(*price, *median)
            )
        }
        AgreementIssue::IncreaseNotApplied { price, planned, from } => {
            format!("{}; the rules plan {} from {}", priced(price), label::amount(*planned), label::day(*from))
        }
        AgreementIssue::BilledAtZero => {
            let zero = |line: &LineRecord| {
                let what = if line.quantity.is_zero() { "quantity" } else { "price" };
                format!("{} ({what} 0)", name(line.product_name.as_deref().unwrap_or(line.product_code.as_str())))
            };
            format!("{agreement} has {}", listed(row.lines.iter().map(zero).collect()))
        }
        AgreementIssue::LineNotContinued { last_day } => {
            let all = row.lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.quantity));
            let units = all.map(label::quantity).unwrap_or_default();
            format!("{units} {product} ended on {} with {agreement}", label::day(*last_day))
        }
        AgreementIssue::ExpectedServiceMissing => {
            let kinds =
                row.agreements.first().and_then(|one| one.agreement_type.as_deref()).map(name).unwrap_or_default();
            let names = row.agreements.iter().map(|one| name(&one.name)).collect();
            format!("{} ({kinds}) should have {product}, and no line of it stands", listed(names))
        }
    }
}

/// `, 50 % less`: how far a price is from the median, in whole per cent.
fn by_percent(price: Decimal, median: Decimal) -> String {
    let share = price.checked_sub(median).and_then(|gap| gap.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(median));
    let Some(share) = share else { return String::new() };
    let word = if share.is_sign_negative() { "less" } else { "more" };
    let whole = share.abs().round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    format!(", {} % {word}", label::quantity(whole))
}

/// `2 lines (\`A\`, \`B\`)`; without lines, what an agreement bills by itself.
fn of_lines(lines: &[LineRecord]) -> String {
    if lines.is_empty() {
        return "its fixed amount".to_owned();
    }
    let mut names: Vec<String> = Vec::new();
    for line in lines {
        let shown = name(line.product_name.as_deref().unwrap_or(line.product_code.as_str()));
        if !names.contains(&shown) {
            names.push(shown);
        }
    }
    format!("{} ({})", label::count(lines.len() as u64, "line", "lines"), listed(names))
}

fn since(agreement: &ReviewedAgreement) -> String {
    let from = agreement.from.map(|day| format!(" (since {})", label::day(day))).unwrap_or_default();
    format!("{}{from}", name(&agreement.name))
}

/// `A, B and 2 more`.
fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    match (more, names.split_last()) {
        (0, Some((last, others))) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        (0, _) => names.concat(),
        (more, _) => format!("{} and {more} more", names.join(", ")),
    }
}

fn name(text: &str) -> String {
    format!("`{}`", sanitize::shortened(text, NAME_MAX))
}
