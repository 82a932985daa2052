//! Agreements that end with nothing behind them, that run beside their successor, that bill no part of a period.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{Agreement, Currency, LineRole};

use super::charges::Thing;
use super::{ReviewedClient, bills_after, is_recurring};
use crate::agreement_finding::{AgreementFinding, AgreementIssue};
use crate::billed_side::{LineRow, standing};
use crate::interval::{TooManyDigits, plus};
use crate::run_inputs::BilledAgreement;
use crate::value::header_amount;

/// An agreement that begins at most so many days before another ends may be what follows it, whatever it bills.
const SUCCESSOR_DAYS: i64 = 62;

/// Units by what is billed and its currency.
type UnitsOfThings = BTreeMap<(bool, String, Currency), Decimal>;

impl<'a> ReviewedClient<'_, 'a> {
    pub(super) fn review_agreements(&self, found: &mut Vec<AgreementFinding>) {
        for of in &self.client.agreements {
            found.extend(self.not_renewed(of));
            found.extend(self.superseded(of));
            found.extend(self.not_prorated(of));
        }
    }

    /// What the agreement bills by itself in a month, if that is more than nothing.
    fn own_amount(&self, of: &BilledAgreement) -> Option<(Currency, Option<Decimal>)> {
        let amount = of.amount.filter(|amount| *amount > Decimal::ZERO)?;
        let monthly = of.agreement.cycle_months.and_then(|months| header_amount(amount, months).ok());
        Some((of.currency.unwrap_or(self.context().home_currency), monthly))
    }

    fn not_renewed(&self, of: &BilledAgreement) -> Option<AgreementFinding> {
        let (context, agreement) = (self.context(), &of.agreement);
        let last_day = agreement.to.filter(|day| context.count_day <= *day && *day < context.next_closing)?;
        if !self.is_whole() || agreement.from > Some(last_day) || self.has_successor(agreement, last_day) {
            return None;
        }
        let own: Vec<LineRow<'_>> = self.rows_on(agreement).filter(is_recurring).collect();
        let around = self.rows_around();
        let mut lines = standing(&own, |_| last_day);
        lines.retain(|line| {
            let is_taken_over = around.iter().any(|other| {
                other.agreement().id != agreement.id
                    && Thing::of(other).key() == Thing::of(line).key()
                    && other.begin() > line.begin()
                    && bills_after(other, last_day)
            });
            self.bills_something(line) && !is_taken_over
        });
        let amount: Vec<_> = self.own_amount(of).into_iter().collect();
        if lines.is_empty() && amount.is_empty() {
            return None;
        }
        let monthly = self.together(&lines, &amount);
        Some(self.finding(AgreementIssue::AgreementNotRenewed { last_day }, None, &[agreement], &lines, monthly))
    }

    /// Whether an agreement of the client, or of one linked with it, begins about when this one ends, or later, and bills.
    fn has_successor(&self, agreement: &Agreement, last_day: Date) -> bool {
        let earliest = last_day.saturating_sub(SUCCESSOR_DAYS.days());
        let around = self.rows_around();
        self.agreements_around().any(|of| {
            let other = &of.agreement;
            let bills = || {
                let line = around.iter().any(|line| line.agreement().id == other.id && bills_after(line, last_day));
                line || (self.own_amount(of).is_some() && other.to.is_none_or(|to| to > last_day))
            };
            other.id != agreement.id
                && other.from > agreement.from
                && other.from.is_some_and(|from| from >= earliest)
                && bills()
        })
    }

    fn rows_on(&self, agreement: &Agreement) -> impl Iterator<Item = LineRow<'a>> {
        self.rows.iter().copied().filter(move |line| std::ptr::eq(line.agreement(), agreement))
    }

    /// Whether a line is looked at and bills more than nothing, or an amount that is not known.
    pub(super) fn bills_something(&self, line: &LineRow<'_>) -> bool {
        let bills = !line.row.quantity.is_zero() && line.cycle_price().is_none_or(|price| !price.is_zero());
        bills && line.billed().is_ok_and(|units| !units.is_zero()) && self.is_reviewed(line)
    }

    fn superseded(&self, of: &BilledAgreement) -> Option<AgreementFinding> {
        let older = &of.agreement;
        let things = self.things(of).ok()?;
        let has_amount = self.own_amount(of).is_some() && self.context().stands(older);
        if (things.is_empty() && !has_amount) || self.is_apart(older) {
            return None;
        }
        let newer = self.client.agreements.iter().filter(|other| {
            let newer = &other.agreement;
            newer.id != older.id
                && newer.from > older.from
                && newer.parent.as_ref() != Some(&older.id)
                && older.parent.as_ref() != Some(&newer.id)
                && newer.bill_to == older.bill_to
                && !self.is_apart(newer)
                && self.context().stands(newer)
                && (!has_amount || self.own_amount(other).is_some())
                && self.things(other).is_ok_and(|of_newer| supersedes(newer, &of_newer, older, &things))
        });
        let newer = newer.max_by_key(|other| (other.agreement.from, other.agreement.id.clone()))?;
        let lines = self.standing_on(older);
        let amount: Vec<_> = self.own_amount(of).filter(|_| has_amount).into_iter().collect();
        let monthly = self.together(&lines, &amount);
        let issue = AgreementIssue::AgreementSuperseded { by: newer.agreement.id.clone() };
        Some(self.finding(issue, None, &[older, &newer.agreement], &lines, monthly))
    }

    /// Lines of an agreement that stand and bill something.
    fn standing_on(&self, agreement: &Agreement) -> Vec<LineRow<'a>> {
        let own = self.stands.iter().filter(|line| std::ptr::eq(line.agreement(), agreement) && !line.is_credit);
        own.filter(|line| self.bills_something(line)).copied().collect()
    }

    fn things(&self, of: &BilledAgreement) -> Result<UnitsOfThings, TooManyDigits> {
        let mut things = UnitsOfThings::new();
        for line in self.standing_on(&of.agreement) {
            let (is_service, code) = Thing::of(&line).key();
            let units = things.entry((is_service, code, line.currency(self.context()))).or_default();
            *units = plus(*units, line.billed()?)?;
        }
        Ok(things)
    }

    /// Whether the rules compare the agreement by itself: then it is no other one's predecessor.
    fn is_apart(&self, agreement: &Agreement) -> bool {
        let own = self.review.rules.zip(self.bound).map(|(rules, bound)| rules.client(bound));
        own.is_some_and(|own| own.section_of_agreement(&agreement.id, &agreement.name).is_some())
    }

    fn not_prorated(&self, of: &BilledAgreement) -> Option<AgreementFinding> {
        let (context, agreement) = (self.context(), &of.agreement);
        let months = agreement.cycle_months.filter(|_| agreement.prorates == Some(false))?;
        let invoice = match context.next_invoice(agreement) {
            None if months > 1 => return None,
            None => context.coming_month(),
            Some(invoice) => invoice,
        };
        let (begin, end) = context.period(agreement);
        let is_within = |day: &Date| begin < *day && *day < end && *day != invoice;
        let days_of = |line: &LineRow<'_>| {
            let first = line.row.from.filter(|from| agreement.from.is_none_or(|begin| *from > begin));
            let last = line.row.to.filter(|to| agreement.to.is_none_or(|end| *to < end));
            let after = last.and_then(|to| to.tomorrow().ok());
            [first, after].into_iter().flatten().filter(is_within).collect::<Vec<_>>()
        };
        let is_typed = |line: &LineRow<'_>| {
            self.rows_on(agreement).any(|other| {
                other.row.role == LineRole::Proration
                    && Thing::of(&other).key() == Thing::of(line).key()
                    && other.row.from.is_none_or(|from| begin <= from && from < end)
            })
        };
        let own = self.rows_on(agreement).filter(|line| line.row.role == LineRole::Recurring && !line.is_credit);
        let lines: Vec<LineRow<'_>> =
            own.filter(|line| self.bills_something(line) && !days_of(line).is_empty() && !is_typed(line)).collect();
        let days: BTreeSet<Date> = lines.iter().flat_map(days_of).collect();
        let issue = AgreementIssue::ChangeNotProrated { days: days.into_iter().collect() };
        (!lines.is_empty()).then(|| self.finding(issue, None, &[agreement], &lines, None))
    }
}

/// Whether an agreement that began later bills all that another one bills: under the same name, but for its numbers, or in
/// the same quantities of several things.
fn supersedes(newer: &Agreement, of_newer: &UnitsOfThings, older: &Agreement, of_older: &UnitsOfThings) -> bool {
    let has_all = of_older.keys().all(|thing| of_newer.contains_key(thing));
    let has_same_units = of_older.len() > 1 && of_older.iter().all(|(thing, units)| of_newer.get(thing) == Some(units));
    let (newer, older) = (letters(&newer.name), letters(&older.name));
    has_all && (has_same_units || (newer == older && !newer.is_empty()))
}

/// A name without what may differ from year to year.
fn letters(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect()
}
