//! Which closing a history goes on from, and the numbers that stay given out.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::iter::Peekable;

use truecount_billing::{BillingMonth, ClientId};

use super::{ClientHistory, ExceptionKey, ReservedNumber};

/// A closing run that left a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PastClosing {
    /// Its month.
    pub month: BillingMonth,
    /// Which closing of the month: a later one replaces the earlier ones.
    pub closing: u32,
    /// The number that it would have given out next.
    pub next_number: u32,
}

/// What the history of a run begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseOfHistory {
    /// The closing before its month, by its place.
    pub before: Option<usize>,
    /// The closing of its own month, whose numbers stay given out; by its place.
    pub same_month: Option<usize>,
    /// No closing has given out this number or a higher one.
    pub next_number: u32,
}

/// What a run of a month goes on from: the last closing of the newest month before it. A closing of the month itself, which
/// this run replaces or looks at again, only lends its numbers, so that the month counts once.
#[must_use]
pub fn base_of_history(closings: &[PastClosing], month: BillingMonth) -> BaseOfHistory {
    let newest = |is_wanted: fn(Ordering) -> bool| {
        let wanted = closings.iter().enumerate().filter(|(_, one)| is_wanted(one.month.cmp(&month)));
        wanted.max_by_key(|(_, one)| (one.month, one.closing)).map(|(at, _)| at)
    };
    BaseOfHistory {
        before: newest(Ordering::is_lt),
        same_month: newest(Ordering::is_eq),
        next_number: closings.iter().map(|one| one.next_number).max().unwrap_or(1),
    }
}

/// Two histories client by client, both in order of their ids: the one that is gone on from, with the numbers of the other.
pub struct HistoryJoin<B: Iterator, S: Iterator> {
    before: Peekable<B>,
    same_month: Peekable<S>,
    month: BillingMonth,
}

impl<B, S, E> HistoryJoin<B, S>
where
    B: Iterator<Item = Result<ClientHistory, E>>,
    S: Iterator<Item = Result<ClientHistory, E>>,
{
    /// `before` is gone on from; `same_month`, of this month, lends its numbers.
    pub fn new(before: B, same_month: S, month: BillingMonth) -> Self {
        Self { before: before.peekable(), same_month: same_month.peekable(), month }
    }
}

impl<B, S, E> Iterator for HistoryJoin<B, S>
where
    B: Iterator<Item = Result<ClientHistory, E>>,
    S: Iterator<Item = Result<ClientHistory, E>>,
{
    type Item = Result<ClientHistory, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = |one: &Result<ClientHistory, E>| one.as_ref().ok().map(|one| one.client_id.clone());
        // What could not be read comes at once.
        let order = match (self.before.peek(), self.same_month.peek()) {
            (Some(before), Some(same)) => match (id(before), id(same)) {
                (Some(before), Some(same)) => before.cmp(&same),
                (None, _) => Ordering::Less,
                (_, None) => Ordering::Greater,
            },
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        match order {
            Ordering::Less => self.before.next(),
            Ordering::Greater => {
                let month = self.month;
                self.same_month.next().map(|same| same.map(|same| with_numbers(None, same, month)))
            }
            Ordering::Equal => {
                let (before, same) = (self.before.next()?, self.same_month.next()?);
                Some(before.and_then(|before| same.map(|same| with_numbers(Some(before), same, self.month))))
            }
        }
    }
}

/// A history beside a run, both in order of their clients' ids.
pub struct HistoryBeside<I: Iterator> {
    before: Peekable<I>,
}

impl<I, E> HistoryBeside<I>
where
    I: Iterator<Item = Result<ClientHistory, E>>,
{
    /// Nothing of it is looked at yet.
    pub fn new(before: I) -> Self {
        Self { before: before.peekable() }
    }

    /// The next client that comes before this one of the run, which does not have it; without one, the next of those that
    /// are left.
    ///
    /// # Errors
    /// What the history's reader says.
    pub fn before(&mut self, client: Option<&ClientId>) -> Result<Option<ClientHistory>, E> {
        self.before
            .next_if(|one| one.as_ref().map_or(true, |one| client.is_none_or(|id| one.client_id < *id)))
            .transpose()
    }

    /// What is known of this client.
    ///
    /// # Errors
    /// What the history's reader says.
    pub fn of(&mut self, client: &ClientId) -> Result<Option<ClientHistory>, E> {
        self.before.next_if(|one| one.as_ref().map_or(true, |one| one.client_id == *client)).transpose()
    }
}

/// A client's history with the numbers that another of the same client has given out.
fn with_numbers(before: Option<ClientHistory>, same: ClientHistory, month: BillingMonth) -> ClientHistory {
    let ClientHistory { client_id, client_name, exceptions, reserved, counted: _, closings: _ } = same;
    let mut history = before.unwrap_or_else(|| ClientHistory::empty(client_id, client_name));
    let mut known: BTreeSet<ExceptionKey> = history.exceptions.iter().map(|one| one.key.clone()).collect();
    known.extend(history.reserved.iter().map(|one| one.key.clone()));
    let given = exceptions.into_iter().map(|one| ReservedNumber { key: one.key, number: one.number, month });
    history.reserved.extend(given.chain(reserved).filter(|one| known.insert(one.key.clone())));
    history.reserved.sort();
    history
}

impl ClientHistory {
    /// That of a client of which nothing was found yet.
    #[must_use]
    pub fn empty(client_id: ClientId, client_name: String) -> Self {
        Self {
            client_id,
            client_name,
            exceptions: Vec::new(),
            reserved: Vec::new(),
            counted: Vec::new(),
            closings: Vec::new(),
        }
    }

    /// Whether there is nothing to be remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exceptions.is_empty() && self.reserved.is_empty() && self.counted.is_empty() && self.closings.is_empty()
    }
}
