//! Why two runs say different things of a service at a client.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use truecount_billing::{AccountId, ClientId, ProductCode, SourceId};

use super::{ChangeCause, ChangedInputs};
use crate::evidence_record::WideningRecord;
use crate::exception_id::ExceptionDirection;
use crate::interval::times;
use crate::outcome::RowKind;
use crate::record::{ClientRecord, PortfolioRecord, RowRecord};
use crate::source_record::{AccountReadWord, SourceReadWord};

/// An account of a source.
type AccountKey = (SourceId, AccountId);

/// What of a run tells why a row is not there.
#[derive(Debug)]
pub(super) struct RunRead {
    /// Services that are told of a client and another together.
    pub(super) moved: BTreeSet<(ClientId, ProductCode, Option<String>)>,
    /// Sources that were not used.
    unread: BTreeSet<SourceId>,
    /// Accounts of which something is not known.
    incomplete: BTreeSet<AccountKey>,
    /// Accounts that nobody decided.
    undecided: BTreeSet<AccountKey>,
}

impl RunRead {
    pub(super) fn of(portfolio: &PortfolioRecord) -> Self {
        let mut moved = BTreeSet::new();
        for one in &portfolio.moved {
            for (used, billed) in &one.services {
                moved.insert((one.from_id.clone(), used.service.clone(), used.section.clone()));
                moved.insert((one.to_id.clone(), billed.service.clone(), billed.section.clone()));
            }
        }
        let unread = portfolio.sources.iter().filter(|source| source.read != SourceReadWord::Used);
        // An earlier reading stands in for an account that failed, and one that is surely gone holds nothing.
        let incomplete =
            portfolio.sources.iter().flat_map(|source| &source.incomplete).filter(|one| {
                one.as_of.is_none() || !matches!(one.read, AccountReadWord::Failed | AccountReadWord::Gone)
            });
        let key = |source: &SourceId, account: &AccountId| (source.clone(), account.clone());
        Self {
            moved,
            unread: unread.map(|source| source.source.clone()).collect(),
            incomplete: incomplete.map(|one| key(&one.account.source, &one.account.account_id)).collect(),
            undecided: portfolio.unmapped.iter().map(|one| key(&one.source, &one.account_id)).collect(),
        }
    }
}

/// What both runs say of a service at a client; nothing, where one of them has no row.
pub(super) struct Pair<'a> {
    pub(super) rows: [Option<&'a RowRecord>; 2],
    pub(super) clients: [Option<&'a ClientRecord>; 2],
    pub(super) runs: &'a [RunRead; 2],
    pub(super) changed: &'a ChangedInputs,
}

impl<'a> Pair<'a> {
    /// What a month the units alone are worth, signed, with the causes of units and lines; `None`: only one of both moved, or
    /// it cannot be told apart.
    pub(super) fn units_and_lines(&self) -> Option<(Decimal, ChangeCause, ChangeCause)> {
        if self.is_unknown() || self.cause_of_doubt().is_some() {
            return None;
        }
        let [before, after] = self.rows;
        let should_bill = |row: Option<&RowRecord>| row.map_or(Some(Decimal::ZERO), |row| row.should_bill);
        let units = should_bill(after)?.checked_sub(should_bill(before)?)?;
        if units.is_zero() || !self.has_other_lines() {
            return None;
        }
        let price = after.and_then(|row| row.unit_price).or_else(|| before?.unit_price)?;
        let worth = times(units, price).ok().filter(|worth| !worth.is_zero())?;
        Some((worth, self.cause_of_count(), self.cause_of_lines()))
    }

    /// The first cause.
    pub(super) fn cause(&self) -> ChangeCause {
        if let Some(cause) = self.cause_of_doubt() {
            return cause;
        }
        let is_used =
            |row: &RowRecord| [row.counted_gross, row.at_least].iter().flatten().any(|units| !units.is_zero());
        match self.rows {
            [Some(row), None] | [None, Some(row)] if !is_used(row) => self.cause_of_lines(),
            _ if self.has_other_count() => self.cause_of_count(),
            _ => self.cause_of_lines(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = &'a RowRecord> {
        self.rows.into_iter().flatten()
    }

    /// The row that only one of the runs has, and the place of the other run.
    fn only_row(&self) -> Option<(&'a RowRecord, usize)> {
        match self.rows {
            [Some(row), None] => Some((row, 1)),
            [None, Some(row)] => Some((row, 0)),
            _ => None,
        }
    }

    fn differs<T: PartialEq>(&self, of: impl Fn(&'a RowRecord) -> T) -> bool {
        self.rows[0].map(&of) != self.rows[1].map(of)
    }

    fn is_unknown(&self) -> bool {
        self.rows().any(|row| row.kind == RowKind::NotReconciled)
    }

    fn has_other_lines(&self) -> bool {
        let billed = |row: Option<&RowRecord>| row.map(|row| row.billed).unwrap_or_default();
        let lines = |row: Option<&'a RowRecord>| row.map(|row| row.lines.as_slice()).unwrap_or_default();
        let [before, after] = self.rows;
        billed(before) != billed(after) || lines(before) != lines(after)
    }

    fn has_other_count(&self) -> bool {
        self.differs(|row| (row.at_least, row.at_most, row.should_bill))
            || self.differs(|row| (row.counted_gross, &row.explained))
    }

    /// What keeps one of the two from being known.
    fn cause_of_doubt(&self) -> Option<ChangeCause> {
        if self.are_lines_unread() && (self.is_unknown() || self.only_row().is_some()) {
            return Some(ChangeCause::Reading);
        }
        if let Some((row, other)) = self.only_row().filter(|(row, _)| row.kind != RowKind::NotReconciled) {
            return self.is_unread_at(row, other).then_some(ChangeCause::Reading);
        }
        let mut causes = [0, 1].into_iter().flat_map(|at| self.widenings_only_of(at));
        match self.is_unknown() {
            true => causes.min_by_key(|cause| place_of(*cause)),
            false => causes.any(|cause| cause == ChangeCause::Reading).then_some(ChangeCause::Reading),
        }
    }

    /// Whether the client's lines were read further in one of the runs than in the other.
    fn are_lines_unread(&self) -> bool {
        let [before, after] = self.clients.map(|client| client.map(|client| client.lines_read));
        before.zip(after).is_some_and(|(before, after)| before != after)
    }

    /// Whether the run that does not have the row did not read what it comes from, while the other one did.
    fn is_unread_at(&self, row: &RowRecord, other: usize) -> bool {
        let (there, here) = (&self.runs[other], &self.runs[1 - other]);
        let sources = row.sources.iter().map(|one| &one.source);
        let mut sources = sources.filter(|source| !here.unread.contains(*source));
        let mut accounts = accounts_of(row).into_iter().filter(|account| !here.incomplete.contains(account));
        sources.any(|source| there.unread.contains(source))
            || accounts.any(|account| there.incomplete.contains(&account))
    }

    /// The causes of what keeps one row open and the other not. Where both are reconciled only what moves the end that they
    /// are about says anything: with less read, less is surely used, and more may be.
    fn widenings_only_of(&self, at: usize) -> Vec<ChangeCause> {
        let (Some(row), other) = (self.rows[at], self.rows[1 - at]) else { return Vec::new() };
        let known = other.map(|other| other.widenings.as_slice()).unwrap_or_default();
        let moves_the_end = || {
            let (Some(own), Some(other)) = (row.should_bill, other.and_then(|other| other.should_bill)) else {
                return false;
            };
            match ExceptionDirection::of(row.kind) {
                ExceptionDirection::Under => own < other,
                ExceptionDirection::Over => own > other,
                ExceptionDirection::Ending | ExceptionDirection::None => false,
            }
        };
        if !self.is_unknown() && !moves_the_end() {
            return Vec::new();
        }
        row.widenings.iter().filter(|one| !known.contains(one)).map(cause_of).collect()
    }

    /// The first along the way from the accounts to what should be billed.
    fn cause_of_count(&self) -> ChangeCause {
        let items = |row: &'a RowRecord| -> BTreeSet<_> {
            row.items.iter().map(|item| (&item.source, &item.account_id, &item.item_id, item.units)).collect()
        };
        let has_usage = self.rows().flat_map(|row| &row.sources).any(|one| self.changed.usage.contains(&one.source));
        let has_items = self.differs(items) || self.differs(|row| row.counted_gross);
        if self.has_other_accounts() {
            return ChangeCause::Mapping;
        }
        if has_usage && (has_items || !self.changed.rules) {
            return ChangeCause::Usage;
        }
        match self.changed {
            ChangedInputs { rules: true, .. } => ChangeCause::Rules,
            ChangedInputs { mapping: true, .. } => ChangeCause::Mapping,
            // What a service counts can hang on lines: of a service that it lives in, or of its group.
            ChangedInputs { billing: true, day: false, .. } => ChangeCause::Billing,
            _ => ChangeCause::Day,
        }
    }

    /// Whether the client's accounts are others. Of a row that only one run has: whether nobody had decided about one.
    fn has_other_accounts(&self) -> bool {
        match self.only_row() {
            _ if !self.changed.mapping => false,
            Some((row, other)) => accounts_of(row).iter().any(|one| self.runs[other].undecided.contains(one)),
            None => self.differs(accounts_of),
        }
    }

    fn cause_of_lines(&self) -> ChangeCause {
        match self.changed {
            _ if self.are_lines_unread() => ChangeCause::Reading,
            ChangedInputs { rules: true, .. } if self.has_other_service() => ChangeCause::Rules,
            ChangedInputs { billing: true, .. } => ChangeCause::Billing,
            ChangedInputs { rules: true, .. } => ChangeCause::Rules,
            _ => ChangeCause::Day,
        }
    }

    /// Whether a line of a row that only one run has belongs to another service in the other one.
    fn has_other_service(&self) -> bool {
        let Some((row, other)) = self.only_row() else { return false };
        let there = self.clients[other].iter().flat_map(|client| &client.rows).flat_map(|row| &row.lines);
        let ids: BTreeSet<_> = there.map(|line| (&line.agreement_id, &line.line_id, &line.product_code)).collect();
        row.lines.iter().any(|line| ids.contains(&(&line.agreement_id, &line.line_id, &line.product_code)))
    }
}

fn accounts_of(row: &RowRecord) -> BTreeSet<AccountKey> {
    row.items.iter().map(|item| (item.source.clone(), item.account_id.clone())).collect()
}

/// The order in which causes of doubt are told.
const fn place_of(cause: ChangeCause) -> u8 {
    match cause {
        ChangeCause::Reading => 0,
        ChangeCause::Mapping => 1,
        ChangeCause::Rules => 2,
        _ => 3,
    }
}

const fn cause_of(widening: &WideningRecord) -> ChangeCause {
    match widening {
        WideningRecord::AccountUndecided { .. }
        | WideningRecord::AnyUndecided { .. }
        | WideningRecord::NoAccountByGrant { .. }
        | WideningRecord::NoAccountInFile { .. }
        | WideningRecord::ItemNotSplit { .. } => ChangeCause::Mapping,
        WideningRecord::WordNeverSeen { .. } | WideningRecord::UnwantedNeverSeen { .. } => ChangeCause::Rules,
        WideningRecord::SourceNotRead { .. }
        | WideningRecord::SourceTooOld { .. }
        | WideningRecord::AccountFailed { .. }
        | WideningRecord::AccountPartial { .. }
        | WideningRecord::AccountDoubtful { .. }
        | WideningRecord::AccountFell { .. }
        | WideningRecord::AccountGone { .. }
        | WideningRecord::DaysUnread { .. }
        | WideningRecord::ChangedUnread { .. } => ChangeCause::Reading,
        _ => ChangeCause::Usage,
    }
}
