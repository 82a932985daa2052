//! The rows of one client after another with nothing but their figures: for lists of which nobody asks what stands behind
//! a row. Deliberately absent: what hangs on several clients at once, such as a client that another has taken over.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_rules::RulePrice;

use crate::count::count;
use crate::interval::{TooManyDigits, plus};
use crate::outcome::{OutcomeRow, RowKind};
use crate::pool::{Pool, unread};
use crate::portfolio::RunReconciler;
use crate::price::scaled;
use crate::reconcile_client::RowDetail;
use crate::record::RowRecord;
use crate::should_bill::billable;
use crate::source_record::{SourceReadWord, SourceRecord, source_records};

/// What an account that nobody decided holds, over all services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmappedUse {
    /// The account, by its number.
    pub account: usize,
    /// Units that count, of all services together; `None`: not known.
    pub counted: Option<Decimal>,
    /// What they are worth a month at list prices; `None`: nothing that counts has a price, or prices are in several
    /// currencies.
    pub value: Option<(Currency, Decimal)>,
}

impl RunReconciler<'_> {
    /// Compares one client after another, and hands on the number of the client with each row of a kind that is wanted,
    /// without lines and items.
    pub fn each_row(&self, is_wanted: impl Fn(RowKind) -> bool, mut take: impl FnMut(usize, RowRecord)) {
        for client in 0..self.inputs.clients.len() {
            let case = self.case(client);
            for row in case.reconcile(&case.view()).outcome.rows.iter().filter(|row| is_wanted(row.kind)) {
                take(client, self.bare_record(row));
            }
        }
    }

    fn bare_record(&self, row: &OutcomeRow) -> RowRecord {
        let selections = self.cache.usual(self.rules, &row.service);
        let mut sources: Vec<usize> = selections.iter().map(|(source, _)| *source).collect();
        sources.dedup();
        let detail = RowDetail {
            sources,
            unit_price: row.value.as_ref().and_then(|value| value.unit_price),
            ..RowDetail::default()
        };
        self.names().row(row, &detail, &self.context)
    }

    /// The sources that were not used.
    #[must_use]
    pub fn unread_sources(&self) -> Vec<SourceRecord> {
        let mut sources = source_records(&self.names(), &self.context);
        sources.retain(|source| source.read != SourceReadWord::Used);
        sources
    }

    /// The accounts that nobody decided and that hold something which counts, or may count, for a service; in order.
    #[must_use]
    pub fn undecided_accounts(&self) -> Vec<UnmappedUse> {
        let mut found = Vec::new();
        for (source, kept) in self.inputs.sources.iter().enumerate() {
            if unread(kept, source, self.context.count_day).is_some() {
                continue;
            }
            for account in self.index.undecided(source) {
                let held = self.held(source, *account).unwrap_or(Held { is_open: true, ..Held::default() });
                if held.is_open || !held.counted.is_zero() {
                    found.push(held.told(*account));
                }
            }
        }
        found.sort_unstable_by_key(|one| one.account);
        found
    }

    fn held(&self, source: usize, account: usize) -> Result<Held, TooManyDigits> {
        let pool = Pool::of_account(self.inputs, account, self.context.count_day);
        let mut held = Held::default();
        for rule in self.cache.services.iter().filter_map(|code| self.rules.usual_rule(code)) {
            let selections = self.cache.usual(self.rules, &rule.code);
            for (_, selection) in selections.iter().filter(|(of, _)| *of == source) {
                let one = count(&self.inputs.items, &pool, selection)?;
                held.is_open |= !one.open.is_empty() || one.least != one.most;
                let factored = one.factored.map_or(one.least, |factored| factored.low);
                held.add(one.least, billable(rule, factored)?, rule.price.as_ref())?;
            }
        }
        Ok(held)
    }
}

/// What one account holds.
#[derive(Default)]
struct Held {
    counted: Decimal,
    is_open: bool,
    worth: BTreeMap<Currency, Decimal>,
}

impl Held {
    fn add(&mut self, counted: Decimal, units: Decimal, price: Option<&RulePrice>) -> Result<(), TooManyDigits> {
        if counted.is_zero() {
            return Ok(());
        }
        self.counted = plus(self.counted, counted)?;
        if let Some(price) = price {
            let sum = self.worth.entry(price.currency).or_default();
            *sum = plus(*sum, scaled(&price.scale, units)?)?;
        }
        Ok(())
    }

    fn told(self, account: usize) -> UnmappedUse {
        let mut worth = self.worth.into_iter();
        let value = worth.next().filter(|_| worth.next().is_none());
        UnmappedUse { account, counted: (!self.is_open).then_some(self.counted), value }
    }
}
