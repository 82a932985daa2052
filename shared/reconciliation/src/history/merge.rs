//! One run's rows put to the history, client by client.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use truecount_billing::{BillingMonth, ClientId, ProductCode};

use super::closings::tell_closings;
use super::figures::is_settled;
use super::items::compare_items;
use super::moves::{KnownMoves, began};
use super::{
    CLOSED_MONTHS_KEPT, ClientHistory, ClosedBecause, ClosedException, EarlierException, ExceptionKey, ExceptionState,
    FoundFigures, Part, PastException, ReservedNumber, RowHistory, SumsSoFar,
};
use crate::exception_id::ExceptionDirection;
use crate::outcome::RowKind;
use crate::record::{ClientRecord, RECORD_FORMAT, RowRecord};
use crate::source_record::LinesReadWord;

/// What the lack of a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Nothing is billed, and nothing is used.
    Nothing,
    /// Nobody knows.
    Unknown,
    /// The rules do not have the service.
    NoRule,
    /// The rules do not have the service, and another of theirs has the product of this code.
    OtherRule,
}

/// Puts the clients of one run to the history before it.
#[derive(Debug)]
pub struct HistoryMerge {
    month: BillingMonth,
    count_day: Date,
    /// The number that is given out next; `None`: a draft gives out none.
    next_number: Option<u32>,
    /// Whether the closing before had the same rules.
    is_by_same_rules: bool,
}

impl HistoryMerge {
    /// A closing of this month, which gives out numbers from this one on.
    #[must_use]
    pub const fn closing(month: BillingMonth, count_day: Date, next_number: u32) -> Self {
        Self { month, count_day, next_number: Some(next_number), is_by_same_rules: false }
    }

    /// A draft of this month.
    #[must_use]
    pub const fn draft(month: BillingMonth, count_day: Date) -> Self {
        Self { month, count_day, next_number: None, is_by_same_rules: false }
    }

    /// The closing before had the same rules: what has come to count since has not done so by another rule.
    #[must_use]
    pub const fn by_same_rules(self) -> Self {
        Self { is_by_same_rules: true, ..self }
    }

    /// The number that is given out next; `None`: a draft gives out none.
    #[must_use]
    pub const fn next_number(&self) -> Option<u32> {
        self.next_number
    }

    /// Puts the rows of a client to its history: each gets what is known of it, and the record what was closed and of what
    /// nobody knows. `moved`: the services that are told of it and another client together. `known`: what happened to items from sync to sync. `absence`: what it says that a service, or a section of
    /// it, has no row.
    pub fn client(
        &mut self,
        before: Option<ClientHistory>,
        record: &mut ClientRecord,
        moved: &BTreeSet<Part>,
        known: &KnownMoves,
        absence: impl Fn(&ProductCode, Option<&str>) -> Absence,
    ) -> ClientHistory {
        let mut history =
            before.unwrap_or_else(|| ClientHistory::empty(record.client_id.clone(), record.client_name.clone()));
        history.client_name.clone_from(&record.client_name);
        self.forget(&mut history);
        let counted = std::mem::take(&mut history.counted);
        let is_moved = |part: &Part| moved.contains(part);
        history.counted = compare_items(
            counted,
            &mut record.rows,
            (self.count_day, (known, self.is_by_same_rules)),
            is_moved,
            &absence,
        );
        let closings = std::mem::take(&mut history.closings);
        let closings = tell_closings(closings, &mut record.rows, record.lines_read, self.month);
        // A draft is no closing.
        history.closings = if self.next_number.is_some() { closings } else { Vec::new() };
        let found = found(&record.rows);
        let began = began_by_key(&record.rows);
        let mut past: BTreeMap<ExceptionKey, PastException> =
            std::mem::take(&mut history.exceptions).into_iter().map(|one| (one.key.clone(), one)).collect();
        let mut told: BTreeMap<ExceptionKey, RowHistory> = BTreeMap::new();
        for (key, now) in &found {
            let one = self.stands(past.remove(key), key, (now, began.get(key).copied()), &mut history.reserved);
            told.insert(key.clone(), one.1);
            history.exceptions.extend(one.0);
        }
        for (key, one) in past {
            let why = why_gone(&key, &record.rows, moved, &absence);
            if why.is_none() && one.closed.is_none() {
                told.insert(key, one.untouched());
            }
            history.exceptions.push(self.stands_no_more(one, why, record));
        }
        for row in &mut record.rows {
            row.history = history_of(row, &told);
        }
        history.exceptions.sort_by(|a, b| a.key.cmp(&b.key));
        history
    }

    /// A client that the run does not have: with `is_gone` the PSA does not have it any more, else nobody knows. Answers its
    /// history, and a record of what was closed, or of what nobody knows, if there is any.
    pub fn absent_client(&mut self, before: ClientHistory, is_gone: bool) -> (ClientHistory, Option<ClientRecord>) {
        let mut history = before;
        self.forget(&mut history);
        let mut record = ClientRecord {
            format: RECORD_FORMAT,
            client_id: history.client_id.clone(),
            client_name: history.client_name.clone(),
            lines_read: LinesReadWord::Complete,
            rows: Vec::new(),
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        };
        let why = is_gone.then_some(ClosedBecause::ClientGone);
        if is_gone {
            history.counted.clear();
            history.closings.clear();
        }
        for one in std::mem::take(&mut history.exceptions) {
            let one = self.stands_no_more(one, why, &mut record);
            history.exceptions.push(one);
        }
        let is_told = !record.closed.is_empty() || !record.not_known.is_empty();
        (history, is_told.then_some(record))
    }

    /// An exception that the run has found.
    fn stands(
        &mut self,
        before: Option<PastException>,
        key: &ExceptionKey,
        (now, began): (&FoundFigures, Option<Date>),
        reserved: &mut Vec<ReservedNumber>,
    ) -> (Option<PastException>, RowHistory) {
        let (state, so_far, number, earlier) = match &before {
            None => (ExceptionState::New, SumsSoFar::default(), self.number(key, reserved), None),
            Some(one) if one.closed.is_some() => {
                (ExceptionState::Reopened, SumsSoFar::default(), Some(one.number), None)
            }
            Some(one) => {
                let mut so_far = one.so_far.clone();
                so_far.add(&one.last.invoiced);
                let has_moved = one.last.has_moved(now);
                let state = if has_moved { ExceptionState::Changed } else { ExceptionState::Open };
                (state, so_far, Some(one.number), has_moved.then(|| one.last.told()))
            }
        };
        let going_on = before.as_ref().filter(|one| one.closed.is_none());
        let since = going_on.map_or(self.month, |one| one.since);
        let months_open = going_on.map_or(0, |one| one.months_open).saturating_add(1);
        let began = going_on.map_or(began, |one| one.began);
        let first_month = before.as_ref().map_or(self.month, |one| one.first_month);
        let row = RowHistory {
            number,
            state,
            since,
            first_month: (first_month != since).then_some(first_month),
            months_open,
            so_far: so_far.clone(),
            before: earlier,
            began,
        };
        let kept = number.map(|number| PastException {
            key: key.clone(),
            number,
            first_month,
            since,
            months_open,
            closed: None,
            last: now.clone(),
            so_far,
            began,
        });
        (kept, row)
    }

    /// An exception that the run has not found, told in the record if it was open. `why`: why it is gone; `None`: nobody
    /// knows whether it is.
    fn stands_no_more(
        &self,
        one: PastException,
        why: Option<ClosedBecause>,
        record: &mut ClientRecord,
    ) -> PastException {
        if one.closed.is_some() {
            return one;
        }
        let earlier = one.told(&record.client_id);
        match why {
            Some(because) => record.closed.push(ClosedException { earlier, because }),
            None => record.not_known.push(earlier),
        }
        PastException { closed: why.map(|_| self.month), ..one }
    }

    /// The number of an exception that no closing has found: the one that is kept for it, else the next.
    fn number(&mut self, key: &ExceptionKey, reserved: &mut Vec<ReservedNumber>) -> Option<u32> {
        if let Some(at) = reserved.iter().position(|one| one.key == *key) {
            return Some(reserved.remove(at).number);
        }
        let number = self.next_number?;
        self.next_number = Some(number.saturating_add(1));
        Some(number)
    }

    /// Forgets what is long over.
    fn forget(&self, history: &mut ClientHistory) {
        let is_kept = |month: BillingMonth| months_between(month, self.month) <= CLOSED_MONTHS_KEPT;
        history.exceptions.retain(|one| one.closed.is_none_or(is_kept));
        history.reserved.retain(|one| is_kept(one.month));
    }
}

impl PastException {
    fn told(&self, client: &ClientId) -> EarlierException {
        EarlierException {
            exception_id: self.key.exception_id(client),
            key: self.key.clone(),
            number: self.number,
            kind: self.last.kind,
            since: self.since,
            months_open: self.months_open,
            last: self.last.told(),
            so_far: self.so_far.clone(),
        }
    }

    /// What is said of it where nobody knows whether it stands.
    fn untouched(&self) -> RowHistory {
        RowHistory {
            number: Some(self.number),
            state: ExceptionState::Open,
            since: self.since,
            first_month: (self.first_month != self.since).then_some(self.first_month),
            months_open: self.months_open,
            so_far: self.so_far.clone(),
            before: None,
            began: self.began,
        }
    }
}

/// What the rows of a client have found.
fn found(rows: &[RowRecord]) -> BTreeMap<ExceptionKey, FoundFigures> {
    let mut found: BTreeMap<ExceptionKey, FoundFigures> = BTreeMap::new();
    for row in rows {
        let Some(key) = key_of(row) else { continue };
        let now = FoundFigures::of(row);
        found.entry(key).and_modify(|one| one.add(&now)).or_insert(now);
    }
    found
}

/// The days on which exceptions began that one row alone is about.
fn began_by_key(rows: &[RowRecord]) -> BTreeMap<ExceptionKey, Date> {
    let mut of_keys: BTreeMap<ExceptionKey, Vec<&RowRecord>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key_of(row) {
            of_keys.entry(key).or_default().push(row);
        }
    }
    let only = |(key, rows): (ExceptionKey, Vec<&RowRecord>)| match rows.as_slice() {
        [one] => Some((key, began(one)?)),
        _ => None,
    };
    of_keys.into_iter().filter_map(only).collect()
}

/// What a row is about; `None`: it is no exception, or nobody knows.
fn key_of(row: &RowRecord) -> Option<ExceptionKey> {
    let is_known = row.kind.is_acted_on() && row.fault.is_none();
    is_known.then(|| ExceptionKey {
        service: row.service.clone(),
        section: row.section.clone(),
        direction: ExceptionDirection::of(row.kind),
    })
}

/// What is said of a row: of one that is not reconciled, what is open of its service, first what changes a bill.
fn history_of(row: &RowRecord, told: &BTreeMap<ExceptionKey, RowHistory>) -> Option<RowHistory> {
    if let Some(key) = key_of(row) {
        return told.get(&key).cloned();
    }
    if is_settled(row.kind) {
        return None;
    }
    let of = |direction| {
        told.get(&ExceptionKey { service: row.service.clone(), section: row.section.clone(), direction }).cloned()
    };
    [ExceptionDirection::Under, ExceptionDirection::Over, ExceptionDirection::Ending].into_iter().find_map(of)
}

/// Why an exception that no row is about is gone; `None`: nobody knows whether it is.
fn why_gone(
    key: &ExceptionKey,
    rows: &[RowRecord],
    moved: &BTreeSet<Part>,
    absence: &impl Fn(&ProductCode, Option<&str>) -> Absence,
) -> Option<ClosedBecause> {
    let kinds: Vec<RowKind> = (rows.iter())
        .filter(|row| row.service == key.service && row.section == key.section)
        .map(|row| if row.fault.is_some() { RowKind::NotReconciled } else { row.kind })
        .collect();
    if kinds.iter().any(|kind| !is_settled(*kind)) || moved.contains(&(key.service.clone(), key.section.clone())) {
        return None;
    }
    let has = |kind| kinds.contains(&kind);
    if has(RowKind::Agrees) {
        return Some(ClosedBecause::Agrees);
    }
    if has(RowKind::LeftAlone) {
        return Some(ClosedBecause::LeftAlone);
    }
    if kinds.iter().any(|kind| kind.is_acted_on()) {
        return Some(ClosedBecause::OtherException);
    }
    if !kinds.is_empty() {
        return Some(ClosedBecause::NotCompared);
    }
    match absence(&key.service, key.section.as_deref()) {
        Absence::Unknown => None,
        Absence::Nothing => Some(ClosedBecause::NothingLeft),
        // No rule has ever had the product of a line that none counts.
        Absence::NoRule if key.direction == ExceptionDirection::None => Some(ClosedBecause::NothingLeft),
        Absence::NoRule => Some(ClosedBecause::NoRule),
        Absence::OtherRule => Some(ClosedBecause::OtherRule),
    }
}

pub(super) fn months_between(earlier: BillingMonth, later: BillingMonth) -> i32 {
    let number = |month: BillingMonth| {
        let day = month.first_day();
        i32::from(day.year()) * 12 + i32::from(day.month())
    };
    number(later) - number(earlier)
}
