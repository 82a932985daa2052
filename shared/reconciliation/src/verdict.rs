//! What a comparison says: which rows come of what should be billed, from at least to at most, against what is billed.

use rust_decimal::Decimal;
use truecount_billing::LineId;
use truecount_rules::{NoLine, NotSold, ServiceRule};

use crate::billed_side::BilledSide;
use crate::count::add;
use crate::evidence::{Doubt, LedgerReason, Widening};
use crate::interval::{TooManyDigits, minus, plus};
use crate::outcome::{
    AtStake, ComparedUnits, InvoicedWhen, LeftAloneReason, OutcomeRow, RowFigures, RowKind, RowLedger, RowValue,
};
use crate::outer::Holds;
use crate::price::PriceOrigin;
use crate::run_inputs::LinesRead;
use crate::run_options::MissingLine;
use crate::service_count::ServiceCount;
use crate::should_bill::End;
use crate::value::{PricedUnits, UnitsOfLine, Valuation, sum};

/// One comparison: a service at a client, or at one of its agreements that is compared by itself.
pub(crate) struct Verdict<'a> {
    pub(crate) rule: &'a ServiceRule,
    pub(crate) section: Option<&'a str>,
    pub(crate) side: &'a BilledSide<'a>,
    pub(crate) value: &'a Valuation<'a>,
    pub(crate) read: &'a LinesRead,
    /// Whether the client, or one linked to it that has a line of the service, has a live agreement.
    pub(crate) lives: Holds,
}

type Rows = Result<Vec<OutcomeRow>, TooManyDigits>;

impl Verdict<'_> {
    /// The rows of the comparison.
    pub(crate) fn rows(&self, count: &ServiceCount) -> Rows {
        let (least, most) = (count.least.should, count.most.as_ref().map(|most| most.should));
        let side = self.side;
        if matches!(self.read, LinesRead::Failed) && least <= Decimal::ZERO {
            return Ok(Vec::new());
        }
        if side.days_differ && (side.high.is_none_or(|high| !high.is_zero()) || least > Decimal::ZERO) {
            return Ok(vec![self.not_reconciled(count)?]);
        }
        let is_one = most == Some(least) && side.high == Some(least) && side.low == least;
        let is_on_a_line = !side.lines.is_empty() && side.ending_units.is_zero();
        if side.low.is_zero() && least <= Decimal::ZERO && !(is_one && is_on_a_line) {
            // Nothing is billed and nothing is surely used: what is unknown is told once, at its account or source.
            return Ok(Vec::new());
        }
        let mut rows = self.ending(count)?;
        let reference = side.high.map(|high| plus(high, side.ending_units)).transpose()?;
        let billed_once = match reference {
            Some(reference) if least > reference && side.one_time > Decimal::ZERO => {
                Some(self.with_one_time(count, reference)?)
            }
            _ => None,
        };
        let count = billed_once.as_ref().unwrap_or(count);
        let least = count.least.should;
        if billed_once.is_some() && Some(least) == reference {
            rows.push(self.not_reconciled(count)?);
        } else if let Some(reference) = reference.filter(|reference| least > *reference) {
            rows.push(self.upwards(count, reference)?);
        } else if let Some(end) = count.most.as_ref().filter(|most| most.should < side.low) {
            rows.push(self.downwards(count, end)?);
        } else if is_one {
            rows.push(self.agrees(count)?);
        } else if rows.is_empty() || most.zip(reference).is_none_or(|(most, reference)| most > reference) {
            rows.push(self.between(count, reference)?);
        }
        if billed_once.is_some() {
            rows.iter_mut().for_each(|row| row.doubts.push(Doubt::OneTimeBilled));
        }
        Ok(rows)
    }

    /// What ends before the day looked at takes what is above the lines that stand.
    fn ending(&self, count: &ServiceCount) -> Rows {
        let (least, ending) = (count.least.should, self.side.ending_units);
        let Some(high) = self.side.high.filter(|high| !ending.is_zero() && least > *high) else {
            return Ok(Vec::new());
        };
        let sure = minus(least, high)?.min(ending);
        let figures = figures(count, &count.least, sure);
        // Where the lines that end do not take all of it, the row of the rest has the ledger.
        let should_bill = plus(high, sure)?;
        let ledger = figures.ledger.filter(|_| should_bill == least);
        let figures = to_correct(RowFigures { ledger, should_bill, ..figures });
        Ok(vec![OutcomeRow { billed: high, ..self.row(RowKind::AgreementEnding, count, Some(figures)) }])
    }

    /// One-time lines of the period may have billed a part of what is used: that part is not sure.
    fn with_one_time(&self, count: &ServiceCount, reference: Decimal) -> Result<ServiceCount, TooManyDigits> {
        let mut count = count.clone();
        let paid = self.side.one_time.min(minus(count.least.should, reference)?);
        add(&mut count.least.parts, LedgerReason::OneTime, -paid)?;
        count.least.should = minus(count.least.should, paid)?;
        Ok(count)
    }

    /// Surely more is used than is billed.
    fn upwards(&self, count: &ServiceCount, reference: Decimal) -> Result<OutcomeRow, TooManyDigits> {
        let side = self.side;
        let (least, most) = (count.least.should, count.most.as_ref().map(|most| most.should));
        let variance = minus(least, reference)?;
        let figures = figures(count, &count.least, variance);
        let row = |kind, figures| OutcomeRow { billed: reference, ..self.row(kind, count, Some(figures)) };
        let alone = |why| because(why, row(RowKind::LeftAlone, left_alone(figures.clone())));
        let is_missing = side.lines.is_empty();
        let count_day = self.value.shared.context.count_day;
        if let Some(not_sold) = self.rule.not_sold.as_ref().filter(|one| is_missing && one.holds_on(count_day)) {
            let NotSold { why, review } = not_sold.clone();
            return Ok(alone(LeftAloneReason::NotSold { why, review }));
        }
        // A tolerance leaves a small difference of two numbers alone, not a missing line.
        let is_always_told = is_missing && self.value.shared.options.missing_line == MissingLine::AlwaysTold;
        let allowed = if is_always_told { Decimal::ZERO } else { self.tolerance()? };
        let later = side.later()?;
        let covered_from = |units: Decimal| later.iter().find(|(_, billed)| *billed >= units).map(|(day, _)| *day);
        let far = most.map(|most| minus(most, reference)).transpose()?;
        if variance <= allowed && far.is_some_and(|far| far <= allowed) {
            return Ok(alone(LeftAloneReason::Tolerance { units: allowed }));
        }
        if let Some(day) = most.and_then(covered_from) {
            return Ok(alone(LeftAloneReason::TypedFrom { day }));
        }
        if variance <= allowed || covered_from(least).is_some() {
            return self.not_reconciled(count);
        }
        if is_missing && self.lives == Holds::Perhaps {
            // Something to bill, or something to clean up.
            return self.not_reconciled(count);
        }
        if is_missing && self.lives == Holds::No {
            let mut row = row(RowKind::EndedAgreementInUse, to_correct(figures));
            row.doubts.push(Doubt::AgreementEnded);
            return Ok(row);
        }
        if is_missing && self.rule.no_line == NoLine::List {
            return Ok(row(RowKind::Listed, figures));
        }
        let kind = if is_missing { RowKind::UnbilledUsage } else { RowKind::Underbilled };
        let change = vec![UnitsOfLine { line: self.value.newest(), units: variance }];
        self.priced(row(kind, to_correct(figures)), &self.value.priced(reference, &change)?, count)
    }

    /// Surely less is used than is billed.
    fn downwards(&self, count: &ServiceCount, most: &End) -> Result<OutcomeRow, TooManyDigits> {
        let side = self.side;
        let variance = minus(most.should, side.low)?;
        let figures = figures(count, most, variance);
        let alone = |why| because(why, self.row(RowKind::LeftAlone, count, Some(left_alone(figures.clone()))));
        let allowed = self.tolerance()?;
        let later = side.later()?;
        let covered_from = |units: Decimal| later.iter().find(|(_, billed)| *billed <= units).map(|(day, _)| *day);
        let is_small = -variance <= allowed;
        if is_small && minus(side.low, count.least.should)? <= allowed {
            return Ok(alone(LeftAloneReason::Tolerance { units: allowed }));
        }
        if let Some(day) = covered_from(count.least.should) {
            return Ok(alone(LeftAloneReason::TypedFrom { day }));
        }
        if is_small || covered_from(most.should).is_some() {
            return self.not_reconciled(count);
        }
        let kind = if most.counted <= Decimal::ZERO { RowKind::BilledWithoutUsage } else { RowKind::Overbilled };
        let change = self.value.priced_change(most.should)?;
        self.priced(self.row(kind, count, Some(to_correct(figures))), &change, count)
    }

    fn agrees(&self, count: &ServiceCount) -> Result<OutcomeRow, TooManyDigits> {
        let figures = to_correct(figures(count, &count.least, Decimal::ZERO));
        Ok(self.row(RowKind::Agrees, count, Some(figures)))
    }

    /// What is billed lies within the ends.
    fn between(&self, count: &ServiceCount, reference: Option<Decimal>) -> Result<OutcomeRow, TooManyDigits> {
        let allowed = self.tolerance()?;
        let is_inside = match (&count.most, reference) {
            (Some(most), Some(reference)) if !self.side.lines.is_empty() && !allowed.is_zero() => {
                minus(most.should, self.side.low)? <= allowed && minus(reference, count.least.should)? <= allowed
            }
            _ => false,
        };
        let alone = |why| Ok(because(why, self.row(RowKind::LeftAlone, count, None)));
        match self.replaced(count, reference)? {
            _ if is_inside => alone(LeftAloneReason::Tolerance { units: allowed }),
            Some(why) => alone(why),
            None => self.not_reconciled(count),
        }
    }

    /// Whether what is billed is the lower end, and nothing but devices that were probably replaced is above it.
    fn replaced(
        &self,
        count: &ServiceCount,
        reference: Option<Decimal>,
    ) -> Result<Option<LeftAloneReason>, TooManyDigits> {
        let (least, Some(most)) = (&count.least, &count.most) else { return Ok(None) };
        // What hangs on another service, or on what was bought, is no replaced device.
        let is_otherwise_sure = count.outer.is_sure() && most.committed == least.committed;
        let is_billed = is_otherwise_sure && self.side.low == least.should && reference == Some(least.should);
        if self.side.lines.is_empty() || !is_billed || most.factored != plus(least.factored, least.replaced)? {
            return Ok(None);
        }
        let until = count.widenings.iter().filter_map(|widening| match widening {
            Widening::Replaced { stale_on, .. } => *stale_on,
            _ => None,
        });
        Ok(Some(LeftAloneReason::Replaced { units: least.replaced, until: until.min() }))
    }

    fn not_reconciled(&self, count: &ServiceCount) -> Result<OutcomeRow, TooManyDigits> {
        let (when, due) = self.value.when(self.value.newest());
        let stakes = self.stakes(RowKind::NotReconciled, count)?;
        let mut row = self.row(RowKind::NotReconciled, count, None);
        row.billed = self.billed_when_open(count.least.should)?;
        row.value = row.value.map(|value| RowValue { stakes: Some(stakes), when: Some(when), due, ..value });
        Ok(row)
    }

    /// What an open count is held against: what stands, and what ends with it where more than stands is surely used.
    fn billed_when_open(&self, least: Decimal) -> Result<Decimal, TooManyDigits> {
        match self.side.high.is_some_and(|high| least > high) {
            true => plus(self.side.low, self.side.ending_units),
            false => Ok(self.side.low),
        }
    }

    /// What nobody knows is worth, upwards and downwards.
    pub(crate) fn stakes(&self, kind: RowKind, count: &ServiceCount) -> Result<(AtStake, AtStake), TooManyDigits> {
        let (least, side) = (count.least.should, self.side);
        let nothing = AtStake::Known(Decimal::ZERO);
        let upwards = |floor: Decimal| match &count.most {
            None => Ok(AtStake::Unknown),
            Some(most) => self.value.raised(floor, minus(most.should, floor)?.max(Decimal::ZERO)),
        };
        match kind {
            RowKind::Underbilled | RowKind::UnbilledUsage => Ok((upwards(least)?, nothing)),
            RowKind::NotReconciled => {
                let down = match side.high {
                    None => AtStake::Unknown,
                    Some(high) if high > least => self.value.lowered(least, minus(high, side.total)?)?,
                    Some(_) => nothing,
                };
                Ok((upwards(self.billed_when_open(least)?)?, down))
            }
            RowKind::Overbilled | RowKind::BilledWithoutUsage => {
                let most = count.most.as_ref().map_or(least, |most| most.should);
                let down = match (self.value.worth(most)?, self.value.worth(least)?) {
                    (Some(near), Some(far)) => AtStake::Known(minus(near, far)?.max(Decimal::ZERO)),
                    _ => AtStake::Unknown,
                };
                Ok((nothing, down))
            }
            _ => Ok((nothing, nothing)),
        }
    }

    /// Puts the value of a change into a row.
    fn priced(
        &self,
        mut row: OutcomeRow,
        change: &[PricedUnits<'_>],
        count: &ServiceCount,
    ) -> Result<OutcomeRow, TooManyDigits> {
        let currency = self.value.currency();
        // An amount of no known currency can be added to nothing.
        let is_known = currency.is_some() && !self.value.is_mixed() && !self.side.has_unknown_cycle;
        let impact = if is_known { sum(change)? } else { None };
        let whens: Vec<_> = change.iter().map(|one| self.value.when_of(&one.change)).collect();
        let is_this_run = whens.iter().any(|(when, _)| *when == InvoicedWhen::ThisRun);
        let stakes = self.stakes(row.kind, count)?;
        for doubt in change.iter().filter_map(|one| one.origin?.doubt()) {
            if !row.doubts.contains(&doubt) {
                row.doubts.push(doubt);
            }
        }
        row.value = Some(RowValue {
            currency,
            impact,
            unit_price: self.value.unit_price()?,
            is_estimated: change.iter().any(|one| one.origin == Some(PriceOrigin::UsualAtOthers)),
            stakes: Some(stakes),
            when: Some(if is_this_run { InvoicedWhen::ThisRun } else { InvoicedWhen::Later }),
            due: whens.iter().filter_map(|(_, due)| *due).min(),
            changes: self.value.line_changes(change)?,
            cost: Vec::new(),
        });
        Ok(row)
    }

    fn tolerance(&self) -> Result<Decimal, TooManyDigits> {
        self.rule.tolerance.of(self.side.low).ok_or(TooManyDigits)
    }

    /// A row of this comparison, on what stands.
    fn row(&self, kind: RowKind, count: &ServiceCount, figures: Option<RowFigures>) -> OutcomeRow {
        let at_most = count.most.as_ref().map(|most| most.should);
        let about_most = count.most.as_ref().filter(|most| most.should < self.side.low);
        let peak_on = about_most.unwrap_or(&count.least).peak_on;
        let mut doubts = count.doubts.clone();
        match &self.rule.not_sold {
            Some(_) if !self.side.lines.is_empty() => doubts.push(Doubt::NotSoldAndBilled),
            Some(NotSold { why, review: Some(review) }) if *review <= self.value.shared.context.count_day => {
                doubts.push(Doubt::NotSoldReviewDue { why: why.clone(), review: *review });
            }
            _ => {}
        }
        if self.rule.included > Decimal::ZERO && self.side.has_less_included() {
            doubts.push(Doubt::IncludedTwice);
        }
        let old = self.side.lines.iter().filter(|line| self.rule.supersedes(&line.row.product));
        let lines: Vec<LineId> = old.map(|line| line.row.id.clone()).collect();
        if !lines.is_empty() {
            doubts.push(Doubt::ProductSuperseded { lines });
        }
        if !self.side.credits.is_empty() {
            doubts.push(Doubt::CreditsAmongLines { lines: self.side.credits.clone() });
        }
        OutcomeRow {
            kind,
            service: self.rule.code.clone(),
            section: self.section.map(str::to_owned),
            billed: self.side.low,
            compared: Some(ComparedUnits { at_least: count.least.should, at_most, peak_on, figures }),
            value: Some(RowValue {
                currency: self.value.currency(),
                impact: None,
                unit_price: None,
                is_estimated: false,
                stakes: None,
                when: None,
                due: None,
                changes: Vec::new(),
                cost: Vec::new(),
            }),
            doubts,
            widenings: count.widenings.clone(),
            outer: count.outer.0.clone(),
            left_alone: None,
            fault: None,
        }
    }
}

fn figures(count: &ServiceCount, end: &End, variance: Decimal) -> RowFigures {
    RowFigures {
        counted: count.is_counted.then_some(end.counted),
        ledger: Some(RowLedger { gross: end.gross, explained: end.parts.clone() }),
        should_bill: end.should,
        variance,
        to_correct: None,
        left_alone: None,
    }
}

fn to_correct(figures: RowFigures) -> RowFigures {
    RowFigures { to_correct: Some(figures.variance), left_alone: Some(Decimal::ZERO), ..figures }
}

fn because(why: LeftAloneReason, row: OutcomeRow) -> OutcomeRow {
    OutcomeRow { left_alone: Some(why), ..row }
}

fn left_alone(figures: RowFigures) -> RowFigures {
    RowFigures { to_correct: Some(Decimal::ZERO), left_alone: Some(figures.variance), ..figures }
}
