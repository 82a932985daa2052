//! What was done with a client's recurring revenue: compared, not reconciled, or left out, and why.

use rust_decimal::Decimal;
use truecount_billing::{AgreementId, Currency};

use crate::billed_side::LineRow;
use crate::context::RunContext;
use crate::interval::{TooManyDigits, add};
use crate::outcome::{ClientOutcome, RevenueCoverage};
use crate::run_options::RevenueUse;
use crate::service_count::ServiceCount;
use crate::value::{PricedUnits, Valuation};

/// What was done with recurring revenue.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Share {
    Compared,
    NotReconciled,
    Flat,
    Uncounted,
    Ignored,
}

/// Adds an amount that an agreement bills.
pub(crate) fn cover(
    outcome: &mut ClientOutcome,
    agreement: &AgreementId,
    currency: Currency,
    share: Share,
    amount: Decimal,
) {
    let of_agreement = outcome.agreements.entry((agreement.clone(), currency)).or_default();
    for coverage in [outcome.coverage.entry(currency).or_default(), of_agreement] {
        let coverage: &mut RevenueCoverage = coverage;
        let sum = match share {
            Share::Compared => &mut coverage.compared,
            Share::NotReconciled => &mut coverage.not_reconciled,
            Share::Flat => &mut coverage.flat,
            Share::Uncounted => &mut coverage.uncounted,
            Share::Ignored => &mut coverage.ignored,
        };
        add(sum, amount);
    }
}

/// Adds what a line bills.
pub(crate) fn cover_line(
    outcome: &mut ClientOutcome,
    line: &LineRow<'_>,
    context: &RunContext,
    share: Share,
    amount: Decimal,
) {
    cover(outcome, &line.agreement().id, line.currency(context), share, amount);
}

pub(crate) fn cover_lines<'a>(
    outcome: &mut ClientOutcome,
    value: &Valuation<'a>,
    lines: &[LineRow<'a>],
    share: Share,
) -> Result<(), TooManyDigits> {
    if value.shared.options.revenue == RevenueUse::NotAsked {
        return Ok(());
    }
    for priced in value.line_amounts(lines)? {
        if let (Some(line), Some(amount)) = (priced.change.line, priced.amount) {
            cover_line(outcome, &line, &value.shared.context, share, amount);
        }
    }
    Ok(())
}

/// The part of each line's revenue that lies between the ends is not reconciled, the rest was compared.
pub(crate) fn cover_compared(
    outcome: &mut ClientOutcome,
    value: &Valuation<'_>,
    count: &ServiceCount,
) -> Result<(), TooManyDigits> {
    let side = value.side;
    cover_lines(outcome, value, &side.lines, Share::Compared)?;
    if value.shared.options.revenue == RevenueUse::NotAsked {
        return Ok(());
    }
    // What is billed once is no recurring revenue: below it there is none left on the lines.
    let floor = side.total.min(side.extra);
    let near = count.most.as_ref().map_or(side.total, |most| side.total.min(most.should)).max(floor);
    let far = side.total.min(count.least.should).max(floor);
    if near == far {
        return Ok(());
    }
    for (target, from, to) in
        [(far, Share::NotReconciled, Share::Compared), (near, Share::Compared, Share::NotReconciled)]
    {
        for PricedUnits { change, amount, .. } in value.priced_change(target)? {
            let (Some(line), Some(amount)) = (change.line, amount) else { continue };
            let context = &value.shared.context;
            cover_line(outcome, &line, context, from, -amount);
            cover_line(outcome, &line, context, to, amount);
        }
    }
    Ok(())
}

/// What could not be computed is not reconciled, as far as the amounts of its lines are known.
pub(crate) fn cover_uncomputed(outcome: &mut ClientOutcome, value: &Valuation<'_>) {
    for (lines, share) in [(&value.side.lines, Share::NotReconciled), (&value.side.flat, Share::Flat)] {
        for line in lines {
            // One line with too many digits hides no other.
            let _ = cover_lines(outcome, value, std::slice::from_ref(line), share);
        }
    }
}
