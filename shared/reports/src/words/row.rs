//! The reason of a row: one sentence with the numbers.

use std::fmt::{self, Write};

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AtStake, DoubtRecord, LedgerReason, LeftAloneReason, LineField, LineRecord, LinesReadWord, LongNumber, RowFault,
    RowKind, RowRecord, WideningRecord,
};

use super::{Explanation, WorkOwner, item_name, left_out_of, money_by_currency, name, widening};
use crate::label::{self, money, quantity};

/// How many causes of one row are told; the others are counted.
const CAUSES_MAX: usize = 2;

/// Why the row says what it says.
pub(crate) fn row(read: LinesReadWord, row: &RowRecord, home: Currency) -> String {
    let mut text = String::with_capacity(160);
    let mut say = || match (row.fault, row.kind) {
        (Some(fault), _) => write!(text, "{}", self::fault(fault, row)),
        (None, RowKind::NotReconciled) => not_reconciled(&mut text, read, row),
        (None, RowKind::AgreementEnding) => agreement_ending(&mut text, row),
        (None, RowKind::UncountedLine) => {
            write!(text, "{} billed, and no rule counts the product", quantity(row.billed))
        }
        (None, RowKind::Flat) => {
            write!(text, "{} billed as a flat amount: only that the line stands", quantity(row.billed))
        }
        (None, RowKind::Ignored) => write!(text, "{} billed; the rules ignore it", quantity(row.billed)),
        (None, RowKind::Internal) => {
            write!(text, "{} billed; the client is internal or not for resale", quantity(row.billed))
        }
        (None, _) => compared(&mut text, row, home),
    };
    // a String takes everything
    say().unwrap_or(());
    text
}

/// Why nothing of a row could be computed.
pub(crate) fn fault(fault: RowFault, row: &RowRecord) -> Explanation {
    match fault {
        RowFault::TooManyDigits => Explanation::new(
            match &row.longest_number {
                Some(longest) => format!("nothing was computed: it takes more than 28 digits; {}", number(longest)),
                None => "nothing was computed: a sum or a product has more than 28 digits".to_owned(),
            },
            "correct the quantity or the price at its source",
            WorkOwner::SyncAdmin,
        ),
        RowFault::BrokenLedger => Explanation::new(
            "the parts of the count do not add up, so no figure is given",
            "report it: this is a fault of Truecount",
            WorkOwner::SyncAdmin,
        ),
    }
}

/// ``line `L-7` has the quantity 1000000000000000.5``: as it came, to be found again.
fn number(longest: &LongNumber) -> String {
    match longest {
        LongNumber::Line { line_id, field, value, .. } => {
            let field = match field {
                LineField::Quantity => "quantity",
                LineField::UnitPrice => "price",
                LineField::LessIncluded => "included quantity",
            };
            format!("line {} has the {field} {value}", name(line_id.as_str()))
        }
        LongNumber::Item { item, value } => format!("{} stands for {value} units", item_name(item)),
    }
}

/// What was counted and billed, what differs, what is not sure, what was left out, and the price.
fn compared(text: &mut String, row: &RowRecord, home: Currency) -> fmt::Result {
    match row.counted {
        None => text.push_str(&between(row)),
        Some(counted) if counted.is_zero() => text.push_str("none counted"),
        Some(counted) => match row.pack {
            Some(size) => write!(text, "{} packs of {} counted", quantity(counted), quantity(size))?,
            None => write!(text, "{} counted", quantity(counted))?,
        },
    }
    if let Some(day) = row.peak_on.filter(|_| row.counted.is_some()) {
        write!(text, " at the peak on {}", label::day(day))?;
    }
    after_the_count(text, row)?;
    let is_without_line = matches!(row.kind, RowKind::UnbilledUsage | RowKind::EndedAgreementInUse | RowKind::Listed);
    if !is_without_line {
        write!(text, ", {} billed", quantity(row.billed))?;
    }
    verdict(text, row)?;
    left_alone(text, row)?;
    may_differ_by(text, row)?;
    not_counted(text, row)?;
    price(text, row, home)?;
    if row.kind.changes_a_bill() || row.kind == RowKind::EndedAgreementInUse { first_doubt(text, row) } else { Ok(()) }
}

/// `from 2 to 4 should be billed`.
pub(crate) fn between(row: &RowRecord) -> String {
    range(row.at_least, row.at_most)
}

/// The same of two ends.
pub(super) fn range(at_least: Option<Decimal>, at_most: Option<Decimal>) -> String {
    let least = quantity(at_least.unwrap_or_default());
    match at_most {
        Some(most) if Some(most) == at_least => format!("{least} should be billed"),
        Some(most) => format!("from {least} to {} should be billed", quantity(most)),
        None => format!("at least {least} should be billed, no upper limit is known"),
    }
}

/// What lies between the count and what should be billed.
fn after_the_count(text: &mut String, row: &RowRecord) -> fmt::Result {
    for (reason, units) in row.explained.iter().filter(|(reason, _)| is_after_the_count(**reason)) {
        match reason {
            LedgerReason::Factor | LedgerReason::Unit => {
                let direction = if units.is_sign_negative() { "less" } else { "more" };
                write!(text, ", {} {direction} {}", quantity(units.abs()), left_out_of(row, *reason))?;
            }
            LedgerReason::Minimum | LedgerReason::Commitment | LedgerReason::Pack | LedgerReason::RoundUp => {
                write!(text, ", {} more {}", quantity(units.abs()), left_out_of(row, *reason))?;
            }
            reason => write!(text, ", {} {}", quantity(units.abs()), left_out_of(row, *reason))?,
        }
    }
    let (Some(counted), Some(should_bill)) = (row.counted, row.should_bill) else { return Ok(()) };
    if counted == should_bill { Ok(()) } else { write!(text, ", should bill {}", quantity(should_bill)) }
}

/// Whether units of the reason lie between what is counted and what should be billed.
pub(crate) const fn is_after_the_count(reason: LedgerReason) -> bool {
    matches!(
        reason,
        LedgerReason::Covered
            | LedgerReason::Factor
            | LedgerReason::Unit
            | LedgerReason::Granted
            | LedgerReason::Included
            | LedgerReason::Minimum
            | LedgerReason::Commitment
            | LedgerReason::Pack
            | LedgerReason::RoundUp
            | LedgerReason::OneTime
    )
}

fn verdict(text: &mut String, row: &RowRecord) -> fmt::Result {
    let Some(variance) = row.variance else { return Ok(()) };
    let apart = quantity(variance.abs());
    let is_open = row.at_most != row.at_least;
    let at_least = if is_open { "at least " } else { "" };
    match row.kind {
        RowKind::Underbilled => write!(text, ": underbilled by {at_least}{apart}"),
        RowKind::Overbilled | RowKind::BilledWithoutUsage => write!(text, ": overbilled by {at_least}{apart}"),
        RowKind::UnbilledUsage | RowKind::Listed => write!(text, ", not on the agreement"),
        RowKind::EndedAgreementInUse => write!(text, ", and the client has no agreement any more"),
        RowKind::LeftAlone if variance.is_zero() => Ok(()),
        RowKind::LeftAlone if variance.is_sign_positive() => write!(text, ": underbilled by {apart}"),
        RowKind::LeftAlone => write!(text, ": overbilled by {apart}"),
        _ => Ok(()),
    }
}

fn left_alone(text: &mut String, row: &RowRecord) -> fmt::Result {
    match (&row.left_alone_because, row.kind) {
        (Some(why), _) => write!(text, ", left alone: {}", why_left_alone(why)),
        (None, RowKind::LeftAlone) => write!(text, ", left alone"),
        (None, _) => Ok(()),
    }
}

/// Why a difference is left alone.
pub(crate) fn why_left_alone(why: &LeftAloneReason) -> String {
    match why {
        LeftAloneReason::Tolerance { units } => format!("within the rule's tolerance of {}", quantity(*units)),
        LeftAloneReason::Replaced { units, until } => {
            let were = if *units == Decimal::ONE { "was" } else { "were" };
            let again =
                until.map(|day| format!(", which is looked at again on {}", label::day(day))).unwrap_or_default();
            format!("{} {were} probably replaced{again}", quantity(*units))
        }
        LeftAloneReason::TypedFrom { day } => format!("a line that begins on {} covers it", label::day(*day)),
        LeftAloneReason::NotSold { why, review } => {
            let why = if why.is_empty() { String::new() } else { format!(" ({})", name(why)) };
            let review = review.map(|day| format!(", to be looked at again on {}", label::day(day)));
            format!("not sold to the client{why}{}", review.unwrap_or_default())
        }
    }
}

/// How far the other end lies, and why.
fn may_differ_by(text: &mut String, row: &RowRecord) -> fmt::Result {
    let (Some(should_bill), Some(at_least)) = (row.should_bill, row.at_least) else { return Ok(()) };
    match row.at_most {
        Some(most) if most == at_least => return Ok(()),
        None => text.push_str("; there may be more"),
        Some(most) if most > should_bill => write!(text, "; there may be up to {} more", quantity(most - should_bill))?,
        Some(_) => write!(text, "; there may be up to {} fewer", quantity(should_bill - at_least))?,
    }
    causes(text, row, ": ")
}

/// The first causes and how many others there are.
fn causes(text: &mut String, row: &RowRecord, before: &str) -> fmt::Result {
    let all = super::causes(&row.widenings);
    for (at, one) in all.iter().take(CAUSES_MAX).enumerate() {
        write!(text, "{}{}", if at == 0 { before } else { ", " }, one.what)?;
    }
    match all.len().saturating_sub(CAUSES_MAX) as u64 {
        0 => Ok(()),
        more => write!(text, " (and {})", label::count(more, "more reason", "more reasons")),
    }
}

fn not_counted(text: &mut String, row: &RowRecord) -> fmt::Result {
    let parts = row.explained.iter().filter(|(reason, units)| !is_after_the_count(**reason) && !units.is_zero());
    let (more, left_out_units): (Vec<_>, Vec<_>) =
        parts.partition(|(reason, units)| is_perhaps_used(**reason) && units.is_sign_positive());
    for (title, parts, sign) in
        [("; not counted: ", left_out_units, Decimal::NEGATIVE_ONE), ("; also counted: ", more, Decimal::ONE)]
    {
        for (at, (reason, units)) in parts.into_iter().enumerate() {
            let title = if at == 0 { title } else { ", " };
            write!(text, "{title}{} {}", quantity(*units * sign), left_out_of(row, *reason))?;
        }
    }
    Ok(())
}

/// Whether units of the reason stand above what is surely used.
const fn is_perhaps_used(reason: LedgerReason) -> bool {
    matches!(
        reason,
        LedgerReason::Unknown
            | LedgerReason::Elsewhere
            | LedgerReason::Split
            | LedgerReason::Fell
            | LedgerReason::Gone
            | LedgerReason::Undecided
    )
}

/// The first doubt about the count, and what would settle it.
fn first_doubt(text: &mut String, row: &RowRecord) -> fmt::Result {
    match row.doubts.iter().find(|doubt| !super::is_slight(doubt)) {
        Some(doubt) => write!(text, "; not sure: {}", super::doubt(doubt)),
        None => Ok(()),
    }
}

fn price(text: &mut String, row: &RowRecord, home: Currency) -> fmt::Result {
    if row.kind == RowKind::EndedAgreementInUse {
        return match row.cost.is_empty() {
            true => write!(text, "; what it costs is not known"),
            false => write!(text, "; it costs {} a month", money_by_currency(&row.cost, home)),
        };
    }
    if !row.kind.changes_a_bill() {
        return Ok(());
    }
    match (row.monthly_impact, row.currency, row.unit_price) {
        (Some(_), Some(currency), Some(price)) => {
            let whose = whose_price(row).map(|whose| format!("{whose} ")).unwrap_or_default();
            write!(text, "; {whose}{} each a month", money(price, currency))?;
            due(text, row)
        }
        (Some(_), ..) => due(text, row),
        (None, ..) => {
            write!(text, "; {}", why_no_value(row))?;
            due(text, row)
        }
    }
}

/// Whose the price is, where it is not the line's own.
pub(crate) fn whose_price(row: &RowRecord) -> Option<&'static str> {
    row.doubts.iter().find_map(|doubt| match doubt {
        DoubtRecord::ListPrice => Some("list price"),
        DoubtRecord::PriceOfEndedLine => Some("price of an ended line"),
        DoubtRecord::CataloguePrice => Some("catalogue price"),
        DoubtRecord::UsualPrice => Some("usual price at other clients"),
        _ => None,
    })
}

/// Of a longer billing cycle: the day of the invoice that bills the change.
fn due(text: &mut String, row: &RowRecord) -> fmt::Result {
    row.due.map_or(Ok(()), |day| write!(text, ", due on {}", label::day(day)))
}

/// Why nobody knows what a change is worth.
pub(crate) fn why_no_value(row: &RowRecord) -> &'static str {
    match row.currency {
        None => "no single value: the lines have several currencies or payers",
        Some(_) if row.lines.iter().any(has_unknown_cycle) => "no value: the billing cycle is not known",
        Some(_) => "no price is known",
    }
}

fn has_unknown_cycle(line: &LineRecord) -> bool {
    line.cycle_months.is_none()
}

fn agreement_ending(text: &mut String, row: &RowRecord) -> fmt::Result {
    let units = quantity(row.variance.unwrap_or_default().abs());
    let last = row.lines.iter().filter_map(|line| line.to).min();
    write!(text, "{units} in use on lines that end")?;
    match last {
        Some(day) => write!(text, ": renew or remove by {}", label::day(day)),
        None => write!(text, " before the next closing: renew or remove"),
    }
}

/// From where to where, what is billed, why nobody knows, what that is worth, and what settles it.
fn not_reconciled(text: &mut String, read: LinesReadWord, row: &RowRecord) -> fmt::Result {
    text.push_str(&between(row));
    if read != LinesReadWord::Failed {
        write!(text, ", {} billed", quantity(row.billed))?;
    }
    match why_not_reconciled(read, row) {
        Some(told) => write!(text, "; {}", told.what)?,
        None => causes(text, row, "; ")?,
    }
    at_stake(text, row)?;
    match settling(read, row) {
        Some(told) => write!(text, "; to settle it ({}): {}", told.owner.as_str(), told.step()),
        None => Ok(()),
    }
}

/// What would settle a row that is not reconciled; `None`: it is reconciled, or nobody knows what would.
pub(crate) fn settled_by(read: LinesReadWord, row: &RowRecord) -> Option<&'static str> {
    match (row.fault, row.kind) {
        (Some(fault), _) => Some(self::fault(fault, row).settled_by),
        (None, RowKind::NotReconciled) => settling(read, row).map(|told| told.settled_by),
        (None, _) => None,
    }
}

fn settling(read: LinesReadWord, row: &RowRecord) -> Option<Explanation> {
    why_not_reconciled(read, row).or_else(|| WideningRecord::first_to_settle(&row.widenings).map(widening))
}

/// What keeps a row from being reconciled that is no widening of its count.
pub(crate) fn why_not_reconciled(read: LinesReadWord, row: &RowRecord) -> Option<Explanation> {
    use WorkOwner::{BillingClerk, SyncAdmin};
    let is_one = row.at_least.is_some() && row.at_least == row.at_most;
    let lines = match read {
        LinesReadWord::Complete => None,
        LinesReadWord::Partial => Some("the client's lines were read in part"),
        LinesReadWord::Failed => Some("the client's lines were not read"),
        LinesReadWord::Fell => Some("the client suddenly has fewer lines"),
    };
    if let Some(what) = lines.filter(|_| is_one || row.widenings.is_empty()) {
        return Some(Explanation::new(what, "sync the PSA again and run again", SyncAdmin));
    }
    if !row.widenings.is_empty() {
        return None;
    }
    if row.doubts.iter().any(|doubt| matches!(doubt, DoubtRecord::OneTimeBilled)) {
        return Some(super::doubt(&DoubtRecord::OneTimeBilled));
    }
    Some(if row.at_least.is_some() && row.at_most.is_none() {
        Explanation::new("a source of the rule is not connected", "connect the source or correct the rule", SyncAdmin)
    } else if row.lines.iter().any(has_unknown_cycle) {
        let what = "the billing cycle is not known, and the lines change between the days that could be meant";
        Explanation::new(what, "set the agreement's billing cycle in the PSA", BillingClerk)
    } else {
        Explanation::new(
            "the line that is typed for later, or the tolerance, covers a part of it",
            "look at the agreement's lines",
            BillingClerk,
        )
    })
}

fn at_stake(text: &mut String, row: &RowRecord) -> fmt::Result {
    let parts = stakes(row);
    if parts.is_empty() { Ok(()) } else { write!(text, "; at stake a month: {}", parts.join(", ")) }
}

/// `GBP 20.00 up`, `an unknown amount down`: what nobody knows is worth so much a month.
pub(crate) fn stakes(row: &RowRecord) -> Vec<String> {
    let mut parts = Vec::new();
    for (stake, direction) in [(row.stake_up, "up"), (row.stake_down, "down")] {
        match (stake, row.currency) {
            (Some(AtStake::Known(amount)), Some(currency)) if !amount.is_zero() => {
                parts.push(format!("{} {direction}", money(amount, currency)));
            }
            (Some(AtStake::Unknown), _) => parts.push(format!("an unknown amount {direction}")),
            _ => {}
        }
    }
    parts
}
