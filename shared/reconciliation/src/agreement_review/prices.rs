//! Single lines: credits that never end, prices below cost or below what was planned, lines of nothing.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{BillingStatus, Money};

use super::charges::Thing;
use super::{ReviewedClient, is_sold};
use crate::agreement_finding::{AgreementFinding, AgreementIssue};
use crate::billed_side::LineRow;
use crate::exact;
use crate::value::{header_amount, own_amount};

impl<'a> ReviewedClient<'_, 'a> {
    pub(super) fn review_prices(&self, found: &mut Vec<AgreementFinding>) {
        let mut of_nothing: BTreeMap<&str, Vec<LineRow<'_>>> = BTreeMap::new();
        for line in &self.stands {
            found.extend(self.credit(line));
            found.extend(self.below_cost(line));
            found.extend(self.increase(line));
            if self.is_at_zero(line) {
                of_nothing.entry(line.agreement().id.as_str()).or_default().push(*line);
            }
        }
        for lines in of_nothing.into_values() {
            let agreement = lines[0].agreement();
            found.push(self.finding(AgreementIssue::BilledAtZero, None, &[agreement], &lines, None));
        }
    }

    fn of_line(&self, issue: AgreementIssue, line: &LineRow<'_>, monthly: Option<Decimal>) -> AgreementFinding {
        let monthly = monthly.map(|amount| Money::new(amount, line.currency(self.context())));
        self.finding(issue, Some(Thing::of(line)), &[line.agreement()], std::slice::from_ref(line), monthly)
    }

    fn credit(&self, line: &LineRow<'_>) -> Option<AgreementFinding> {
        if !line.is_credit || line.end().is_some() || line.row.status != BillingStatus::Billable {
            return None;
        }
        let amount = own_amount(*line).ok().flatten();
        // Less than nothing at a price of less than nothing takes nothing off.
        let is_taken_off = amount.map_or_else(|| line.row.quantity < Decimal::ZERO, |amount| amount < Decimal::ZERO);
        is_taken_off.then(|| self.of_line(AgreementIssue::CreditWithoutEnd, line, amount.map(|amount| -amount)))
    }

    fn below_cost(&self, line: &LineRow<'_>) -> Option<AgreementFinding> {
        let (price, months) = unit_price(line)?;
        let cost = line.row.unit_cost.filter(|cost| *cost > price)?;
        // Nobody says of which currency a cost is: that of other agreements' prices it may be, or that of home.
        if line.currency(self.context()) != self.context().home_currency {
            return None;
        }
        let monthly = difference(line, cost, price, months)?;
        let [price, cost] = [price, cost].map(|one| header_amount(one, months).ok());
        let issue = AgreementIssue::PriceBelowCost { price: price?, cost: cost? };
        Some(self.of_line(issue, line, Some(monthly)))
    }

    fn increase(&self, line: &LineRow<'_>) -> Option<AgreementFinding> {
        let (price, months) = unit_price(line)?;
        let rule = self.rule_of(line).filter(|rule| rule.not_sold.is_none())?;
        let planned = rule.planned_price_on(self.context().day_looked_at(line.agreement()))?;
        let of_cycle = exact::product(planned.each, months.into())?;
        if planned.currency != line.currency(self.context()) || price >= of_cycle {
            return None;
        }
        if self.later_rows(line).any(|later| later.row.unit_price.is_some_and(|price| price >= of_cycle)) {
            return None;
        }
        let monthly = difference(line, of_cycle, price, months)?;
        let price = header_amount(price, months).ok()?;
        let issue = AgreementIssue::IncreaseNotApplied { price, planned: planned.each, from: planned.from };
        Some(self.of_line(issue, line, Some(monthly)))
    }

    fn is_at_zero(&self, line: &LineRow<'_>) -> bool {
        let (quantity, price) = (line.row.quantity, line.row.unit_price);
        let is_zero = |line: &LineRow<'_>| line.row.quantity.is_zero() || line.row.unit_price == Some(Decimal::ZERO);
        if !is_sold(line) || !is_zero(line) || self.later_rows(line).any(|later| !is_zero(&later)) {
            return false;
        }
        let rule = self.rule_of(line);
        match quantity.is_zero() {
            true => rule.is_none_or(|rule| rule.not_sold.is_none()),
            // What it includes, or what the rule does, is in the price of something else.
            false => {
                let is_included = line.billed().is_ok_and(|units| units.is_zero());
                price == Some(Decimal::ZERO) && !is_included && rule.is_none_or(|rule| rule.included < quantity)
            }
        }
    }

    /// Rows of the same line that begin after this one.
    fn later_rows(&self, line: &LineRow<'a>) -> impl Iterator<Item = LineRow<'a>> {
        let (key, from) = (line.key(), line.row.from);
        self.rows.iter().copied().filter(move |other| other.key() == key && other.row.from > from)
    }
}

/// The price of a unit that is sold, and for how many months it is.
pub(super) fn unit_price(line: &LineRow<'_>) -> Option<(Decimal, u32)> {
    let price = line.row.unit_price.filter(|price| is_sold(line) && *price > Decimal::ZERO)?;
    let bills = line.billed().is_ok_and(|units| units > Decimal::ZERO);
    line.agreement().cycle_months.filter(|_| bills).map(|months| (price, months.max(1)))
}

/// What so much more for a cycle is worth a month, of all units of a line.
fn difference(line: &LineRow<'_>, more: Decimal, less: Decimal, months: u32) -> Option<Decimal> {
    let each = exact::difference(more, less)?;
    header_amount(exact::product(each, line.billed().ok()?)?, months).ok()
}
