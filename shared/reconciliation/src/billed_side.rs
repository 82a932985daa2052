//! What is billed at one client for one service: the lines that stand on the day looked at, those that end before it,
//! those that begin later, and how far all this is known.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Agreement, BillingStatus, Currency, LineId, LineRole, ProductCode};

use crate::context::{RunContext, months_earlier};
use crate::interval::{TooManyDigits, minus, plus};
use crate::outer::Holds;
use crate::run_inputs::{AgreementLine, BilledAgreement, BilledClient, LinesRead};
use crate::run_options::{LinesBelowZero, RepeatedLines, RunOptions};

/// A row of a line with its agreement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineRow<'a> {
    pub(crate) row: &'a AgreementLine,
    pub(crate) of: &'a BilledAgreement,
    /// The service that names its product.
    pub(crate) service: Option<&'a ProductCode>,
    /// Tells rows of one line id apart where each of them bills.
    pub(crate) repeat: usize,
    /// Whether it bills less than nothing: a credit, whatever its source calls it.
    pub(crate) is_credit: bool,
}

/// Which service names a product.
pub(crate) type ServiceOf<'s, 'a> = &'s dyn Fn(&ProductCode) -> Option<&'a ProductCode>;

impl<'a> LineRow<'a> {
    pub(crate) fn agreement(&self) -> &'a Agreement {
        &self.of.agreement
    }

    pub(crate) fn key(&self) -> (&'a str, &'a str, usize) {
        (self.agreement().id.as_str(), self.row.id.as_str(), self.repeat)
    }

    /// The first day billed, by the row and its agreement.
    pub(crate) fn begin(&self) -> Option<Date> {
        self.row.from.max(self.agreement().from)
    }

    /// The last day billed, by the row and its agreement.
    pub(crate) fn end(&self) -> Option<Date> {
        match (self.row.to, self.agreement().to) {
            (Some(own), Some(agreement)) => Some(own.min(agreement)),
            (own, agreement) => own.or(agreement),
        }
    }

    /// By this the newest line is told: a line without a first day is the oldest.
    pub(crate) fn age(&self) -> (Option<Date>, &'a str) {
        (self.begin(), self.row.id.as_str())
    }

    /// Units that are billed: less those that its own price includes, never below nothing.
    pub(crate) fn billed(&self) -> Result<Decimal, TooManyDigits> {
        let less = self.row.less_included.unwrap_or_default();
        if less <= Decimal::ZERO {
            return Ok(self.row.quantity);
        }
        Ok(minus(self.row.quantity, less)?.max(Decimal::ZERO))
    }

    pub(crate) fn has_less_included(&self) -> bool {
        self.row.less_included.is_some_and(|less| less > Decimal::ZERO)
    }

    pub(crate) fn currency(&self, context: &RunContext) -> Currency {
        self.row.currency.or(self.of.currency).unwrap_or(context.home_currency)
    }

    /// The price of one unit for one billing cycle; nothing for a line that is not billed by design.
    pub(crate) fn cycle_price(&self) -> Option<Decimal> {
        match self.row.status {
            BillingStatus::Billable => self.row.unit_price,
            BillingStatus::NoCharge | BillingStatus::DoNotBill => Some(Decimal::ZERO),
        }
    }

    /// Whether it is billed at nothing by design.
    pub(crate) fn is_free(&self) -> bool {
        self.row.status != BillingStatus::Billable
    }
}

/// Every row of some agreements; one that is there twice, once, unless each bills.
pub(crate) fn rows_of<'a>(
    agreements: &'a [BilledAgreement],
    service_of: ServiceOf<'_, 'a>,
    options: &RunOptions,
) -> Vec<LineRow<'a>> {
    let is_below_zero =
        |row: &AgreementLine| row.quantity < Decimal::ZERO || row.unit_price.is_some_and(|price| price < Decimal::ZERO);
    let mut found = Vec::new();
    for of in agreements {
        for (at, row) in of.lines.iter().enumerate() {
            let repeat = match options.repeated_lines {
                RepeatedLines::Add => at,
                // Rows of one id are few: those that supersede each other.
                RepeatedLines::Supersede if of.lines[..at].iter().any(|one| one.id == row.id && one == row) => continue,
                RepeatedLines::Supersede => 0,
            };
            let is_credit = options.lines_below_zero == LinesBelowZero::Credits && is_below_zero(row);
            found.push(LineRow { row, of, service: service_of(&row.product), repeat, is_credit });
        }
    }
    found
}

/// Of each line the row that stands on a day and is no credit: the newest that has begun, if it has not ended.
pub(crate) fn standing<'a>(rows: &[LineRow<'a>], day_of: impl Fn(&LineRow<'a>) -> Date) -> Vec<LineRow<'a>> {
    let mut found = standing_with_credits(rows, day_of);
    found.retain(|row| !row.is_credit);
    found
}

/// The same, credits among them.
pub(crate) fn standing_with_credits<'a>(
    rows: &[LineRow<'a>],
    day_of: impl Fn(&LineRow<'a>) -> Date,
) -> Vec<LineRow<'a>> {
    let mut begun = begun(rows, &day_of);
    begun.retain(|row| row.end().is_none_or(|end| day_of(row) <= end));
    begun
}

/// Of each line the newest row that has begun on a day.
fn begun<'a>(rows: &[LineRow<'a>], day_of: impl Fn(&LineRow<'a>) -> Date) -> Vec<LineRow<'a>> {
    let mut begun: Vec<LineRow<'_>> = rows.iter().copied().filter(|row| row.begin() <= Some(day_of(row))).collect();
    begun.sort_by_key(|row| (row.key(), std::cmp::Reverse(row.row.from)));
    begun.dedup_by_key(|row| row.key());
    begun
}

/// What is billed for one service.
#[derive(Debug, Clone)]
pub(crate) struct BilledSide<'a> {
    /// Every recurring row of its products.
    recurring: Vec<LineRow<'a>>,
    /// Recurring lines that stand on the day looked at.
    pub(crate) lines: Vec<LineRow<'a>>,
    /// Lines of a fixed amount that stand.
    pub(crate) flat: Vec<LineRow<'a>>,
    /// Lines that stand and bill less than nothing, though their source does not call them credits.
    pub(crate) credits: Vec<LineId>,
    /// Lines that end on or after the count day and before both the day looked at and the next closing.
    pub(crate) ending: Vec<LineRow<'a>>,
    /// Units of `ending`.
    pub(crate) ending_units: Decimal,
    /// Units that stand; with one-time units, where they count.
    pub(crate) total: Decimal,
    /// The least that may stand.
    pub(crate) low: Decimal,
    /// The most; `None`: nobody knows.
    pub(crate) high: Option<Decimal>,
    /// Whether the lines differ between the days that could be looked at.
    pub(crate) days_differ: bool,
    pub(crate) has_unknown_cycle: bool,
    /// Whether any line stands.
    pub(crate) stands: Holds,
    /// Whether no line was read that stands on a day that could be looked at, or ends before it.
    pub(crate) is_empty: bool,
    /// One-time units of the period that are not quantity.
    pub(crate) one_time: Decimal,
    /// One-time units of the period that are.
    pub(crate) extra: Decimal,
    context: RunContext,
}

impl<'a> BilledSide<'a> {
    /// `is_of`: whether a row is the service's, and of the agreements looked at.
    pub(crate) fn of(
        client: &'a BilledClient,
        rows: &[LineRow<'a>],
        is_of: &dyn Fn(&LineRow<'_>) -> bool,
        service_of: ServiceOf<'_, 'a>,
        one_time_counts: bool,
        context: RunContext,
        options: &RunOptions,
    ) -> Result<Self, TooManyDigits> {
        let all: Vec<LineRow<'_>> = rows.iter().copied().filter(|row| is_of(row)).collect();
        let of_role = |role: LineRole| of_role(&all, role);
        let recurring = of_role(LineRole::Recurring);
        let looked_at = |line: &LineRow<'_>| context.day_looked_at(line.agreement());
        let fixed = of_role(LineRole::Flat);
        let (lines, flat) = (standing(&recurring, looked_at), standing(&fixed, looked_at));
        // Without an unknown cycle there is one day only.
        let has_second_day = all.iter().any(|line| line.agreement().cycle_months.is_none());
        let on_second_day = |rows: &[LineRow<'a>]| {
            standing(rows, |line| {
                let (first, second) = context.days_looked_at(line.agreement());
                second.unwrap_or(first)
            })
        };
        let second = has_second_day.then(|| (on_second_day(&recurring), on_second_day(&fixed)));
        let (last, last_flat) = second.as_ref().map_or((&lines, &flat), |(last, last_flat)| (last, last_flat));
        let credits =
            [LineRole::Recurring, LineRole::Flat].map(|role| standing_with_credits(&of_role(role), looked_at));
        let credits = credits.concat().into_iter().filter(|line| line.is_credit);
        let one_time = one_time_units(&of_role(LineRole::OneTime), &context)?;
        let (one_time, extra) = if one_time_counts { (Decimal::ZERO, one_time) } else { (one_time, Decimal::ZERO) };
        let total = plus(units(&lines)?, extra)?;
        let other = if has_second_day { plus(units(last)?, extra)? } else { total };
        let is_unknown = |line: &&LineRow<'_>| line.agreement().cycle_months.is_none();
        let stands = match (lines.is_empty() && flat.is_empty(), last.is_empty() && last_flat.is_empty()) {
            (false, false) => Holds::Surely,
            (true, true) => Holds::No,
            _ => Holds::Perhaps,
        };
        // Of what is billed at a fixed amount, quantity and usage are not compared.
        let is_perhaps_flat = lines.is_empty() && flat.is_empty() && !last_flat.is_empty();
        let mut side = Self {
            days_differ: has_second_day && (is_perhaps_flat || as_billed(&lines)? != as_billed(last)?),
            has_unknown_cycle: lines.iter().chain(last).any(|line| is_unknown(&line)),
            ending: Vec::new(),
            ending_units: Decimal::ZERO,
            total,
            low: total.min(other),
            high: Some(total.max(other)),
            recurring,
            lines,
            is_empty: stands == Holds::No,
            stands,
            flat,
            credits: credits.map(|line| line.row.id.clone()).collect(),
            one_time,
            extra,
            context,
        };
        side.ending = side.ending_lines();
        side.ending_units = units(&side.ending)?;
        side.is_empty &= side.ending.is_empty();
        let gone = match &client.read {
            LinesRead::Fell { before } => rows_of(before, service_of, options),
            LinesRead::Complete | LinesRead::Partial | LinesRead::Failed => Vec::new(),
        };
        side.beside(client, &gone.into_iter().filter(|row| is_of(row)).collect::<Vec<_>>())
    }

    /// The same beside what may not have been read. `gone`: rows before a fall.
    fn beside(mut self, client: &BilledClient, gone: &[LineRow<'_>]) -> Result<Self, TooManyDigits> {
        self.high = self.most(client, gone)?;
        let may_stand = !self.ending.is_empty() || self.high.is_none() || self.may_have_stood(gone);
        if self.stands == Holds::No && may_stand {
            self.stands = Holds::Perhaps;
        }
        Ok(self)
    }

    /// The most that may stand, as far as the client's lines were read. `gone`: rows before a fall.
    fn most(&self, client: &BilledClient, gone: &[LineRow<'_>]) -> Result<Option<Decimal>, TooManyDigits> {
        if matches!(client.read, LinesRead::Partial | LinesRead::Failed) {
            return Ok(None);
        }
        let mut gone =
            standing(&of_role(gone, LineRole::Recurring), |line| self.context.day_looked_at(line.agreement()));
        gone.retain(|line| !self.recurring.iter().any(|still| still.key() == line.key()));
        self.high.map(|high| plus(high, units(&gone)?)).transpose()
    }

    /// Whether a row before a fall stands, if that was none, or is of a line that ends before the day looked at.
    fn may_have_stood(&self, gone: &[LineRow<'_>]) -> bool {
        let days_of = |line: &LineRow<'_>| self.context.days_looked_at(line.agreement());
        let stands = [LineRole::Recurring, LineRole::Flat].into_iter().any(|role| {
            let rows = of_role(gone, role);
            !standing(&rows, |line| days_of(line).0).is_empty()
                || !standing(&rows, |line| days_of(line).1.unwrap_or(days_of(line).0)).is_empty()
        });
        stands || !self.ending_of(&[of_role(gone, LineRole::Recurring), self.recurring.clone()].concat()).is_empty()
    }

    /// Rows of lines that end before the day looked at.
    fn ending_of<'l>(&self, rows: &[LineRow<'l>]) -> Vec<LineRow<'l>> {
        let context = &self.context;
        let ends = |line: &LineRow<'_>| {
            let until = || context.day_looked_at(line.agreement()).min(context.next_closing);
            line.end().is_some_and(|end| context.count_day <= end && end < until())
        };
        if !rows.iter().any(ends) {
            return Vec::new();
        }
        let mut ending = standing(rows, |_| context.count_day);
        ending.retain(ends);
        ending
    }

    fn ending_lines(&self) -> Vec<LineRow<'a>> {
        let mut ending = self.ending_of(&self.recurring);
        ending.retain(|line| !self.lines.iter().any(|one| one.key() == line.key()));
        ending
    }

    /// The line that ended last before the day looked at, within a year before the count day, and was not free.
    pub(crate) fn ended_within_a_year(&self) -> Option<LineRow<'a>> {
        let context = &self.context;
        let since = months_earlier(context.count_day, 12);
        let looked_at = |line: &LineRow<'_>| context.day_looked_at(line.agreement());
        let has_ended = |line: &LineRow<'_>| line.end().is_some_and(|end| since <= end && end < looked_at(line));
        if !self.recurring.iter().any(has_ended) {
            return None;
        }
        let mut ended = begun(&self.recurring, looked_at);
        ended.retain(|line| has_ended(line) && !line.is_credit && !line.is_free() && line.row.unit_price.is_some());
        ended.retain(|line| line.agreement().cycle_months.is_some());
        ended.into_iter().max_by_key(|line| (line.end(), line.row.id.as_str(), line.agreement().id.as_str()))
    }

    /// Each later day on which a row or a line begins, with what is billed from then on.
    pub(crate) fn later(&self) -> Result<Vec<(Date, Decimal)>, TooManyDigits> {
        let looked_at = |line: &LineRow<'_>| self.context.day_looked_at(line.agreement());
        let begins = self.recurring.iter().filter_map(|line| line.begin().filter(|begin| *begin > looked_at(line)));
        let mut days: Vec<Date> = begins.collect();
        days.sort_unstable();
        days.dedup();
        let of = |day: Date| {
            let then = standing(&self.recurring, |line| looked_at(line).max(day));
            Ok((day, plus(units(&then)?, self.extra)?))
        };
        days.into_iter().map(of).collect()
    }

    /// Whether lines are in several currencies, or billed to several clients: then a value is a range.
    pub(crate) fn is_mixed(&self) -> bool {
        let of = |line: &LineRow<'_>| (line.currency(&self.context), line.agreement().bill_to.clone());
        let mut kinds = self.lines.iter().map(of);
        kinds.next().is_some_and(|first| kinds.any(|other| other != first))
    }

    pub(crate) fn has_less_included(&self) -> bool {
        self.lines.iter().any(LineRow::has_less_included)
    }

    /// Units for each line by its quantity, the oldest first, what is left to the newest; of each, what its own price
    /// includes is deducted.
    pub(crate) fn less_included(&self, counted: Decimal) -> Result<Decimal, TooManyDigits> {
        let mut ordered: Vec<&LineRow<'_>> = self.lines.iter().collect();
        ordered.sort_by_key(|line| line.age());
        let (mut rest, mut after) = (counted, Decimal::ZERO);
        for (at, line) in ordered.iter().enumerate() {
            let is_newest = at + 1 == ordered.len();
            let share = if is_newest { rest } else { rest.min(line.row.quantity.max(Decimal::ZERO)) };
            rest = minus(rest, share)?;
            let billed = match line.has_less_included() {
                true => minus(share, line.row.less_included.unwrap_or_default())?.max(Decimal::ZERO),
                false => share,
            };
            after = plus(after, billed)?;
        }
        Ok(after)
    }
}

/// Units of one-time lines of the period.
fn one_time_units(rows: &[LineRow<'_>], context: &RunContext) -> Result<Decimal, TooManyDigits> {
    let is_of_period = |line: &&LineRow<'_>| {
        let (begin, end) = context.period(line.agreement());
        !line.is_credit && line.row.from.is_none_or(|from| begin <= from && from < end)
    };
    rows.iter().filter(is_of_period).try_fold(Decimal::ZERO, |sum, line| plus(sum, line.row.quantity))
}

fn of_role<'a>(rows: &[LineRow<'a>], role: LineRole) -> Vec<LineRow<'a>> {
    rows.iter().copied().filter(|line| line.row.role == role).collect()
}

pub(crate) fn units(lines: &[LineRow<'_>]) -> Result<Decimal, TooManyDigits> {
    lines.iter().try_fold(Decimal::ZERO, |sum, line| plus(sum, line.billed()?))
}

/// What should be billed, and what is, hangs on of lines.
type AsBilled = (bool, Decimal, Vec<(Decimal, Option<Decimal>)>);

fn as_billed(lines: &[LineRow<'_>]) -> Result<AsBilled, TooManyDigits> {
    let less = lines.iter().filter(|line| line.has_less_included());
    let mut less: Vec<_> = less.map(|line| (line.row.quantity, line.row.less_included)).collect();
    less.sort_unstable();
    Ok((!lines.is_empty(), units(lines)?, less))
}
