//! Recurring revenue beside the lines that are compared: what agreements bill by themselves, and what was billed when that was
//! last known and was not read now.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use truecount_billing::LineRole;

use super::ClientCase;
use crate::billed_side::{LineRow, rows_of, standing};
use crate::outcome::ClientOutcome;
use crate::revenue_share::{Share, cover, cover_line};
use crate::run_inputs::BilledAgreement;
use crate::run_options::{LinesBelowZero, RevenueUse};
use crate::value::{header_amount, own_amount};

impl<'a> ClientCase<'a> {
    /// What agreements bill by themselves.
    pub(super) fn header_amounts<'l>(
        &self,
        agreements: impl Iterator<Item = &'l BilledAgreement>,
        share: Share,
        outcome: &mut ClientOutcome,
    ) {
        for of in agreements {
            let (Some(amount), Some(months)) = (of.amount, of.agreement.cycle_months) else { continue };
            let is_credit = amount < Decimal::ZERO && self.options.lines_below_zero == LinesBelowZero::Credits;
            if is_credit || !self.context.stands(&of.agreement) {
                continue;
            }
            let currency = of.currency.unwrap_or(self.context.home_currency);
            let share = if self.is_internal() { Share::Ignored } else { share };
            // An amount with too many digits is in no sum.
            if let Ok(amount) = header_amount(amount, months) {
                cover(outcome, &of.agreement.id, currency, share, amount);
            }
        }
    }

    /// What lines and agreements of before bill that are not among those that were read. `lines`: those.
    pub(super) fn unread_revenue(&self, lines: &[LineRow<'a>], outcome: &mut ClientOutcome) {
        let client = self.billed_client();
        let before = client.known_before();
        if before.is_empty() || self.options.revenue == RevenueUse::NotAsked {
            return;
        }
        let read: BTreeSet<_> = lines.iter().map(|line| (&line.agreement().id, &line.row.id)).collect();
        let is_unread = |line: &LineRow<'_>| {
            matches!(line.row.role, LineRole::Recurring | LineRole::Flat)
                && !read.contains(&(&line.agreement().id, &line.row.id))
                && self.is_line_in_scope(line)
        };
        let rows: Vec<LineRow<'_>> = rows_of(before, &|_| None, &self.options).into_iter().filter(is_unread).collect();
        let share = if self.is_internal() { Share::Ignored } else { Share::NotReconciled };
        for line in standing(&rows, |line| self.context.day_looked_at(line.agreement())) {
            if let Ok(Some(amount)) = own_amount(line) {
                cover_line(outcome, &line, &self.context, share, amount);
            }
        }
        if !self.has_all_services() {
            return;
        }
        let known: BTreeSet<_> = client.agreements.iter().map(|of| &of.agreement.id).collect();
        let is_gone = |of: &&BilledAgreement| !known.contains(&of.agreement.id);
        self.header_amounts(before.iter().filter(is_gone), Share::NotReconciled, outcome);
    }
}
