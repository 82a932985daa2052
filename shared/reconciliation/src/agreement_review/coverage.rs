//! What a client was billed and is not any more, and what its kind of agreement is expected to have.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::Agreement;
use truecount_rules::ServiceBasis;

use super::charges::Thing;
use super::{ReviewedClient, bills_after, is_recurring};
use crate::agreement_finding::{AgreementFinding, AgreementIssue};
use crate::billed_side::LineRow;
use crate::interval::plus;

/// A line that ended longer ago is forgotten.
const ENDED_MONTHS: i64 = 12;
/// Another product that begins within so many days of a line's end may have replaced it.
const REPLACED_DAYS: i64 = 31;

impl<'a> ReviewedClient<'_, 'a> {
    pub(super) fn review_coverage(&self, found: &mut Vec<AgreementFinding>) {
        if self.is_whole() {
            self.not_continued(found);
            self.missing_services(found);
        }
    }

    fn not_continued(&self, found: &mut Vec<AgreementFinding>) {
        let context = self.context();
        if !self.lives() {
            return;
        }
        let earliest = context.count_day.saturating_sub(ENDED_MONTHS.months());
        let day_before = context.count_day.yesterday().unwrap_or(context.count_day);
        let around = self.rows_around();
        let mut ended: BTreeMap<_, (Date, Vec<LineRow<'_>>)> = BTreeMap::new();
        for line in self.newest_rows() {
            let Some(end) = line.end().filter(|end| earliest <= *end && *end < context.count_day) else { continue };
            let (last_day, lines) = ended.entry(Thing::of(&line).key()).or_insert((end, Vec::new()));
            if end > *last_day {
                (*last_day, *lines) = (end, Vec::new());
            }
            if end == *last_day {
                lines.push(line);
            }
        }
        for (key, (last_day, mut lines)) in ended {
            let is_billed = around.iter().any(|line| Thing::of(line).key() == key && bills_after(line, day_before));
            lines.retain(|line| self.is_missed(line));
            if is_billed || lines.is_empty() || self.is_replaced(&lines, last_day, day_before) {
                continue;
            }
            let agreements = unique(&lines);
            let monthly = self.together(&lines, &[]);
            let issue = AgreementIssue::LineNotContinued { last_day };
            found.push(self.finding(issue, Some(Thing::of(&lines[0])), &agreements, &lines, monthly));
        }
    }

    /// Whether an agreement of it is live and bills something.
    fn lives(&self) -> bool {
        self.client.agreements.iter().any(|of| {
            let bills = || {
                let line = self.stands.iter().any(|line| std::ptr::eq(line.of, of));
                line || (of.amount.is_some_and(|amount| amount > Decimal::ZERO) && self.context().stands(&of.agreement))
            };
            self.context().is_live(&of.agreement) && bills()
        })
    }

    /// Of each line that is no credit the row that begins last.
    fn newest_rows(&self) -> Vec<LineRow<'a>> {
        let mut rows: Vec<LineRow<'_>> =
            self.rows.iter().copied().filter(|line| is_recurring(line) && !line.is_credit).collect();
        rows.sort_by_key(|line| (line.key(), std::cmp::Reverse(line.row.from)));
        rows.dedup_by_key(|line| line.key());
        rows
    }

    /// Whether a line billed something that the client has not decided to do without.
    fn is_missed(&self, line: &LineRow<'_>) -> bool {
        self.bills_something(line) && self.rule_of(line).is_none_or(|rule| rule.not_sold.is_none())
    }

    /// Whether at least as many units of something that the client did not have began about when these lines ended.
    fn is_replaced(&self, lines: &[LineRow<'_>], last_day: Date, day_before: Date) -> bool {
        let days = REPLACED_DAYS.days();
        let (first, last) = (last_day.saturating_sub(days), last_day.saturating_add(days));
        let units = lines.iter().try_fold(Decimal::ZERO, |sum, line| plus(sum, line.billed()?));
        self.rows.iter().any(|line| {
            let begins = line.begin().is_some_and(|begin| first <= begin && begin <= last);
            begins
                && is_recurring(line)
                && !line.is_credit
                && bills_after(line, day_before)
                && self.is_new(line)
                && units.is_ok_and(|units| line.billed().is_ok_and(|billed| billed >= units))
        })
    }

    /// Whether nothing else of what a line bills was billed before it began.
    fn is_new(&self, line: &LineRow<'_>) -> bool {
        let key = Thing::of(line).key();
        !self
            .rows
            .iter()
            .any(|other| is_recurring(other) && other.begin() < line.begin() && Thing::of(other).key() == key)
    }

    fn missing_services(&self, found: &mut Vec<AgreementFinding>) {
        let Some(rules) = self.review.rules else { return };
        for service in rules.services() {
            let is_expected = rules.usual_rule(service).is_some_and(|rule| !rule.expected_at.is_empty());
            if !is_expected {
                continue;
            }
            let around = self.rows_around();
            let lacks = |agreement: &&Agreement| {
                let day = self.context().day_looked_at(agreement).yesterday();
                let day = day.unwrap_or(Date::MIN);
                let is_billed = || around.iter().any(|line| line.service == Some(service) && bills_after(line, day));
                self.is_expected(service, agreement) && !is_billed()
            };
            let agreements = self.client.agreements.iter().map(|of| &of.agreement);
            let mut lacking: Vec<&Agreement> = agreements.filter(lacks).collect();
            lacking.sort_by_key(|agreement| agreement.id.clone());
            if !lacking.is_empty() {
                let issue = AgreementIssue::ExpectedServiceMissing;
                found.push(self.finding(issue, Some(Thing::Service(service)), &lacking, &[], None));
            }
        }
    }

    fn is_expected(&self, service: &truecount_billing::ProductCode, agreement: &Agreement) -> bool {
        let context = self.context();
        let kind = agreement.agreement_type.as_deref().unwrap_or("");
        context.is_live(agreement)
            && context.stands(agreement)
            && self.rule_at(service, agreement).is_some_and(|rule| {
                rule.is_expected_at(kind) && rule.not_sold.is_none() && !matches!(rule.basis, ServiceBasis::Ignored(_))
            })
    }
}

/// The agreements of lines, each once, by id.
fn unique<'a>(lines: &[LineRow<'a>]) -> Vec<&'a Agreement> {
    let mut found: BTreeMap<&str, &Agreement> = BTreeMap::new();
    for line in lines {
        found.entry(line.of.agreement.id.as_str()).or_insert(&line.of.agreement);
    }
    found.into_values().collect()
}
