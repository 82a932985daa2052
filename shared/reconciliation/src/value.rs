//! What a change of billed units is worth a month, allocated to named lines: exactly what the change list would change.

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_rules::{CutTerm, PriceScale, RulePrice, ServiceRule};

use crate::billed_side::{BilledSide, LineRow, units};
use crate::context::RunContext;
use crate::interval::{TooManyDigits, minus, plus};
use crate::outcome::{AtStake, InvoicedWhen, LineChange};
use crate::price::{PriceGrowth, PriceOrigin, PricesOfAll, amount_of, each_at, scaled};
use crate::reconcile_client::ClientShared;
use crate::run_options::ChangePrice;

/// Prices and lines of one comparison.
pub(crate) struct Valuation<'a> {
    pub(crate) side: &'a BilledSide<'a>,
    pub(crate) rule: &'a ServiceRule,
    pub(crate) shared: ClientShared<'a>,
    /// The currency of a line that is not there yet; `None`: the client has several.
    pub(crate) client_currency: Option<Currency>,
}

/// So many units more, or less, of one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitsOfLine<'a> {
    /// `None`: there is no line yet.
    pub(crate) line: Option<LineRow<'a>>,
    pub(crate) units: Decimal,
}

/// What a change is worth a month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PricedUnits<'a> {
    pub(crate) change: UnitsOfLine<'a>,
    /// `None`: no price is known.
    pub(crate) amount: Option<Decimal>,
    pub(crate) origin: Option<PriceOrigin>,
}

impl<'a> Valuation<'a> {
    /// The lines whose quantity is changed: those that stand, else those that end.
    fn lines(&self) -> &[LineRow<'a>] {
        if self.side.lines.is_empty() { &self.side.ending } else { &self.side.lines }
    }

    /// What the lines of all clients say of prices.
    fn of_all(&self) -> &PricesOfAll {
        let ClientShared { inputs, cache, rules, context, options, .. } = &self.shared;
        cache.prices(inputs, rules, context, options)
    }

    fn is_at_newest_price(&self) -> bool {
        self.shared.options.change_price == ChangePrice::OfNewestLine
    }

    /// Whether lines differ in what makes one value of a change: then it is a range.
    pub(crate) fn is_mixed(&self) -> bool {
        !self.is_at_newest_price() && self.side.is_mixed()
    }

    pub(crate) fn newest(&self) -> Option<LineRow<'a>> {
        self.lines().iter().copied().max_by_key(LineRow::age)
    }

    /// The price of a line, or of one that is not there yet.
    fn price(&self, line: Option<LineRow<'_>>) -> Option<(PriceGrowth<'_>, PriceOrigin)> {
        if let Some(line) = line {
            let months = match line.agreement().cycle_months {
                None if line.is_free() => 1,
                None => return None,
                Some(months) => months.max(1),
            };
            if let Some(each) = line.cycle_price() {
                return Some((PriceGrowth::Each { each, months }, PriceOrigin::OwnLine));
            }
        }
        let of_rule = self.rule.price.as_ref();
        let origin = |price: &RulePrice| match price.is_clients_own {
            true => PriceOrigin::ClientRule,
            false => PriceOrigin::ListPrice,
        };
        if self.is_at_newest_price() {
            return of_rule.map(|price| (PriceGrowth::Scale(&price.scale), origin(price)));
        }
        let currency = line.map_or(self.client_currency, |line| Some(line.currency(&self.shared.context)))?;
        let ended = self.side.ended_within_a_year().filter(|ended| ended.currency(&self.shared.context) == currency);
        if let Some((each, months)) = ended.and_then(|ended| ended.cycle_price().zip(ended.agreement().cycle_months)) {
            return Some((PriceGrowth::Each { each, months: months.max(1) }, PriceOrigin::EndedLine));
        }
        let of_rule = of_rule.filter(|price| price.currency == currency);
        if let Some(price) = of_rule.filter(|price| price.is_clients_own) {
            return Some((PriceGrowth::Scale(&price.scale), PriceOrigin::ClientRule));
        }
        let monthly = |each| PriceGrowth::Each { each, months: 1 };
        // Nobody says of which currency a catalogue's prices are: those of home.
        let is_home = currency == self.shared.context.home_currency;
        if let Some(each) = self.of_all().catalogue(self.rule, line).filter(|_| is_home) {
            return Some((monthly(each), PriceOrigin::Catalogue));
        }
        if let Some(price) = of_rule {
            return Some((PriceGrowth::Scale(&price.scale), PriceOrigin::ListPrice));
        }
        let usual = self.of_all().usual(self.rule, currency)?;
        Some((monthly(usual), PriceOrigin::UsualAtOthers))
    }

    /// What changes are worth a month, one after the other, where so many units are billed before.
    pub(crate) fn priced(
        &self,
        from: Decimal,
        changes: &[UnitsOfLine<'a>],
    ) -> Result<Vec<PricedUnits<'a>>, TooManyDigits> {
        let mut before: Option<Decimal> = None;
        let of = |change: &UnitsOfLine<'a>| {
            let Some((growth, origin)) = self.price(change.line) else {
                return Ok(PricedUnits { change: *change, amount: None, origin: None });
            };
            let amount = match growth {
                PriceGrowth::Each { each, months } => amount_of(each, months, change.units)?,
                PriceGrowth::Scale(PriceScale::Each(each)) => amount_of(*each, 1, change.units)?,
                PriceGrowth::Scale(scale) => {
                    let units = before.map_or_else(|| self.at_scale(from), Ok)?;
                    let after = plus(units, change.units)?;
                    before = Some(after);
                    amount_of(minus(scaled(scale, after)?, scaled(scale, units)?)?, 1, Decimal::ONE)?
                }
            };
            Ok(PricedUnits { change: *change, amount: Some(amount), origin: Some(origin) })
        };
        changes.iter().map(of).collect()
    }

    /// Of so many units that are billed, those at the rule's price.
    fn at_scale(&self, billed: Decimal) -> Result<Decimal, TooManyDigits> {
        Ok(minus(billed, self.at_other_prices()?)?.max(Decimal::ZERO))
    }

    /// Units of lines that have another price than the rule's.
    fn at_other_prices(&self) -> Result<Decimal, TooManyDigits> {
        let has_other = |line: &&LineRow<'a>| !matches!(self.price(Some(**line)), Some((PriceGrowth::Scale(_), _)));
        self.lines().iter().filter(has_other).try_fold(Decimal::ZERO, |sum, line| plus(sum, line.billed()?))
    }

    /// Units that are billed on the lines whose quantity is changed, and beside them.
    fn billed(&self) -> Result<Decimal, TooManyDigits> {
        plus(units(self.lines())?, self.side.extra)
    }

    /// What one more unit costs a month; `None`: no price is known.
    pub(crate) fn unit_price(&self) -> Result<Option<Decimal>, TooManyDigits> {
        match self.price(self.newest()) {
            None => Ok(None),
            Some((PriceGrowth::Each { each, months }, _)) => amount_of(each, months, Decimal::ONE).map(Some),
            Some((PriceGrowth::Scale(scale), _)) => {
                Ok(each_at(scale, plus(self.at_scale(self.billed()?)?, Decimal::ONE)?))
            }
        }
    }

    /// What each of some lines is worth a month, the oldest first.
    pub(crate) fn line_amounts(&self, lines: &[LineRow<'a>]) -> Result<Vec<PricedUnits<'a>>, TooManyDigits> {
        let mut lines = lines.to_vec();
        lines.sort_by_key(|line| (line.begin(), line.row.id.as_str().to_owned()));
        let own: Result<Vec<_>, _> =
            lines.iter().map(|line| Ok(UnitsOfLine { line: Some(*line), units: line.billed()? })).collect();
        // Before them nothing is billed at the rule's price but what is billed beside the lines.
        self.priced(plus(self.at_other_prices()?, self.side.extra)?, &own?)
    }

    /// The change of lines from what is billed to `target`: more goes to the newest line; less to one that alone is the
    /// difference and stands on an older agreement than another, else to the newest first.
    fn change(&self, target: Decimal) -> Result<Vec<UnitsOfLine<'a>>, TooManyDigits> {
        let lines = self.lines();
        let difference = minus(target, plus(units(lines)?, self.side.extra)?)?;
        if difference.is_zero() {
            return Ok(Vec::new());
        }
        if difference > Decimal::ZERO || lines.is_empty() || self.is_at_newest_price() {
            return Ok(vec![UnitsOfLine { line: self.newest(), units: difference }]);
        }
        if let Some(line) = self.left_running(lines, -difference)? {
            return Ok(vec![UnitsOfLine { line: Some(line), units: difference }]);
        }
        let mut newest_first = lines.to_vec();
        newest_first.sort_by_key(|line| std::cmp::Reverse((line.begin(), line.row.id.as_str().to_owned())));
        let (mut cut, mut found) = (-difference, Vec::new());
        for line in newest_first {
            let share = cut.min(line.billed()?.max(Decimal::ZERO));
            if !share.is_zero() {
                found.push(UnitsOfLine { line: Some(line), units: -share });
                cut = minus(cut, share)?;
            }
        }
        if !cut.is_zero() {
            found.push(UnitsOfLine { line: self.newest(), units: -cut });
        }
        Ok(found)
    }

    /// The line that alone is the difference and stands on an older agreement than another: old and new both run?
    fn left_running(&self, lines: &[LineRow<'a>], cut: Decimal) -> Result<Option<LineRow<'a>>, TooManyDigits> {
        let newest_agreement = lines.iter().map(|line| line.agreement().from).max().flatten();
        let mut found: Vec<LineRow<'_>> = Vec::new();
        for line in lines {
            if line.billed()? == cut && line.agreement().from < newest_agreement {
                found.push(*line);
            }
        }
        Ok(found.into_iter().min_by_key(|line| (line.agreement().from, line.age())))
    }

    /// The change of lines from what is billed to `target`, with what it is worth.
    pub(crate) fn priced_change(&self, target: Decimal) -> Result<Vec<PricedUnits<'a>>, TooManyDigits> {
        self.priced(self.billed()?, &self.change(target)?)
    }

    /// What going from what is billed to `target` is worth; `None`: not known, or a range.
    pub(crate) fn worth(&self, target: Decimal) -> Result<Option<Decimal>, TooManyDigits> {
        if self.is_mixed() {
            return Ok(None);
        }
        sum(&self.priced_change(target)?)
    }

    /// What so many units more are worth, where so many are billed; nothing where they make it cheaper.
    pub(crate) fn raised(&self, from: Decimal, units: Decimal) -> Result<AtStake, TooManyDigits> {
        if units.is_zero() {
            return Ok(AtStake::Known(Decimal::ZERO));
        }
        if self.is_mixed() {
            return Ok(AtStake::Unknown);
        }
        let amount = sum(&self.priced(from, &[UnitsOfLine { line: self.newest(), units }])?)?;
        Ok(amount.map_or(AtStake::Unknown, |amount| AtStake::Known(amount.max(Decimal::ZERO))))
    }

    /// What billing down to `target` is worth. `more`: units that may be billed on lines that were not read today.
    pub(crate) fn lowered(&self, target: Decimal, more: Decimal) -> Result<AtStake, TooManyDigits> {
        let Some(worth) = self.worth(target.min(self.side.total))? else { return Ok(AtStake::Unknown) };
        match self.raised(self.side.total, more)? {
            AtStake::Known(extra) => Ok(AtStake::Known(minus(extra, worth)?.max(Decimal::ZERO))),
            AtStake::Unknown => Ok(AtStake::Unknown),
        }
    }

    /// The currency of a change; `None`: there are several.
    pub(crate) fn currency(&self) -> Option<Currency> {
        if self.is_mixed() {
            return None;
        }
        if self.is_at_newest_price() {
            let of_line = self.newest().and_then(|line| line.row.currency.or(line.of.currency));
            return of_line.or(self.rule.price.as_ref().map(|price| price.currency));
        }
        self.newest().map_or(self.client_currency, |line| Some(line.currency(&self.shared.context)))
    }

    /// When a change of a line is invoiced, and the day, where that is not the usual one.
    pub(crate) fn when(&self, line: Option<LineRow<'_>>) -> (InvoicedWhen, Option<Date>) {
        let Some(line) = line else { return (InvoicedWhen::ThisRun, None) };
        let invoice = self.shared.context.next_invoice(line.agreement());
        let is_longer = line.agreement().cycle_months.is_some_and(|months| months > 1);
        let is_before_next = |day: Date| day < self.shared.context.next_closing;
        let is_this_run = invoice.map_or(!is_longer, is_before_next);
        let when = if is_this_run { InvoicedWhen::ThisRun } else { InvoicedWhen::Later };
        (when, invoice.filter(|_| is_longer))
    }

    /// The same of fewer units, which may have to wait for a day that the rule says.
    pub(crate) fn when_of(&self, change: &UnitsOfLine<'_>) -> (InvoicedWhen, Option<Date>) {
        let (when, due) = self.when(change.line);
        if change.units >= Decimal::ZERO {
            return (when, due);
        }
        let RunContext { count_day, next_closing, .. } = self.shared.context;
        let allowed = match self.rule.cut {
            CutTerm::AtOnce => return (when, due),
            CutTerm::AfterNotice { days } => count_day.checked_add(i64::from(days).days()).ok(),
            CutTerm::AtRenewal => {
                let committed = self.rule.client_committed.and_then(|committed| committed.until);
                let last = committed.or_else(|| change.line.and_then(|line| line.agreement().to));
                last.and_then(|last| last.tomorrow().ok())
            }
        };
        match allowed {
            None => (InvoicedWhen::Later, due),
            Some(day) if day >= next_closing => (InvoicedWhen::Later, due.max(allowed)),
            Some(_) => (when, due.max(allowed)),
        }
    }

    /// What somebody types: each line from its quantity to the one that makes the change.
    pub(crate) fn line_changes(&self, changes: &[PricedUnits<'_>]) -> Result<Vec<LineChange>, TooManyDigits> {
        let of = |PricedUnits { change, amount, .. }: &PricedUnits<'_>| {
            let ((when, _), amount) = (self.when_of(change), *amount);
            let Some(line) = change.line else {
                return Ok(LineChange { line: None, from: Decimal::ZERO, to: change.units, amount, when });
            };
            let from = line.row.quantity;
            // A quantity below what its price includes must first come up to that.
            let base =
                if line.has_less_included() { from.max(line.row.less_included.unwrap_or_default()) } else { from };
            let to = plus(base, change.units)?;
            let line = Some((line.agreement().id.clone(), line.row.id.clone()));
            Ok(LineChange { line, from, to, amount, when })
        };
        changes.iter().map(of).collect()
    }
}

/// What changes are worth together; `None`: one is not known.
pub(crate) fn sum(changes: &[PricedUnits<'_>]) -> Result<Option<Decimal>, TooManyDigits> {
    let mut sum = Decimal::ZERO;
    for change in changes {
        let Some(amount) = change.amount else { return Ok(None) };
        sum = plus(sum, amount)?;
    }
    Ok(Some(sum))
}

/// A line's worth a month by its own price alone, of which no service is known.
pub(crate) fn own_amount(line: LineRow<'_>) -> Result<Option<Decimal>, TooManyDigits> {
    let Some(each) = line.cycle_price() else { return Ok(None) };
    let months = match line.agreement().cycle_months {
        None if line.is_free() => 1,
        None => return Ok(None),
        Some(months) => months.max(1),
    };
    amount_of(each, months, line.billed()?).map(Some)
}

/// What an agreement bills by itself in a month; `None`: nothing, or its cycle is not known.
pub(crate) fn header_amount(amount_of_cycle: Decimal, months: u32) -> Result<Decimal, TooManyDigits> {
    amount_of(amount_of_cycle, months.max(1), Decimal::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::MONEY_PLACES;

    /// Cases of [`money_is_exact`]; more where `TRUECOUNT_MONEY_CASES` says so.
    const CASES: u32 = 20_000;

    /// A deterministic sequence of numbers (an LCG, of which the upper half is used).
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, bound: u64) -> i128 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i128::from((self.0 >> 32) % bound)
        }

        /// Up to so many digits, of either sign.
        fn digits(&mut self, most: u64) -> i128 {
            let digits = self.below(most + 1);
            let number = (0..digits).fold(0, |number, _| number * 10 + self.below(10));
            if self.below(4) == 0 { -number } else { number }
        }
    }

    /// `numerator / 10^scale / months`, as a whole number of the smallest amounts.
    fn rounded(numerator: i128, scale: u32, months: i128) -> i128 {
        let (above, below) = (MONEY_PLACES.saturating_sub(scale), scale.saturating_sub(MONEY_PLACES));
        let (numerator, denominator) = (numerator * 10_i128.pow(above), months * 10_i128.pow(below));
        let (whole, left) = (numerator / denominator, numerator % denominator);
        if 2 * left.abs() >= denominator { whole + numerator.signum() } else { whole }
    }

    fn check(each: i128, each_scale: u32, units: i128, units_scale: u32, months: u32) {
        let price = Decimal::from_i128_with_scale(each, each_scale);
        let found = amount_of(price, months, Decimal::from_i128_with_scale(units, units_scale)).unwrap();
        let expected = rounded(each * units, each_scale + units_scale, i128::from(months));
        let expected = Decimal::from_i128_with_scale(expected, MONEY_PLACES);
        assert_eq!(found, expected, "{each}e-{each_scale} x {units}e-{units_scale} / {months}");
    }

    #[test]
    fn money_is_exact() {
        let cases = std::env::var("TRUECOUNT_MONEY_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
        let mut draw = Draw(1);
        for _ in 0..cases {
            let months = u32::try_from(1 + draw.below(60)).unwrap();
            let (each_scale, units_scale) = (draw.below(9), draw.below(7));
            let (each, units) = (draw.digits(8), draw.digits(8));
            check(each, u32::try_from(each_scale).unwrap(), units, u32::try_from(units_scale).unwrap(), months);
            // At a half of the smallest amount, or next to it by the last digit that a price can have.
            let half = (2 * draw.digits(8) + 1) * i128::from(months) * 5 * 10_i128.pow(15);
            check(half + draw.below(3) - 1, 28, 1, 0, months);
        }
    }
}
