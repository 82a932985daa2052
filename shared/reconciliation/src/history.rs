//! What earlier closing runs found: an exception keeps its number from month to month, ages while it stands, and is told
//! once when it is gone. One of which a run knows neither is named as such.
//!
//! A month counts once, by the closing run that stands for it; drafts read a history and leave none. What was not
//! reconciled neither closes nor ages. What was lost is what earlier closings found on their own invoices, added up: the
//! invoices of the month that is closed can still be right. A closed exception that comes back is reopened under its
//! number, and counts anew.
//!
//! An exception is one of a client's id, a service's code, a section and a direction: a client that was renamed is the
//! same, one that the PSA no longer has closes all of its exceptions, and a service whose code was changed closes those of
//! the old code and begins others.
//!
//! Deliberately absent: any reading or writing. A history is a stream of clients in order of their ids.

mod closings;
mod figures;
mod items;
mod join;
mod merge;
mod moves;

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ClientId, Currency, Money, ProductCode};

use crate::exception_id::{ExceptionDirection, service_exception_id};
use crate::outcome::RowKind;

pub use closings::{ClosingFigures, ServiceClosings};
pub use items::{CameItem, CountedItem, CountedItems, ItemsMoved, WentItem};
pub use join::{BaseOfHistory, HistoryBeside, HistoryJoin, PastClosing, base_of_history};
pub use merge::{Absence, HistoryMerge};
pub use moves::KnownMoves;

/// Months for which a closed exception is remembered; one that comes back later is a new one.
pub const CLOSED_MONTHS_KEPT: i32 = 24;

/// The exceptions of one client, as the closing runs so far have found them. One line of a stored history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHistory {
    /// The client.
    pub client_id: ClientId,
    /// Its name, when it was last seen. Foreign text.
    pub client_name: String,
    /// Its exceptions, by what they are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<PastException>,
    /// Numbers that a closing gave out which was replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved: Vec<ReservedNumber>,
    /// The items that counted when each service was last surely compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<CountedItems>,
    /// What the last closings counted and billed of each service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closings: Vec<ServiceClosings>,
}

/// A service, and the section of it; with an exception's direction, what it is about.
type Part = (ProductCode, Option<String>);

/// What an exception of a client is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExceptionKey {
    /// The service's code; of an uncounted line, its product.
    pub service: ProductCode,
    /// The section of the rules by which an agreement is compared by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Which way.
    pub direction: ExceptionDirection,
}

impl ExceptionKey {
    /// The exception's id.
    #[must_use]
    pub fn exception_id(&self, client: &ClientId) -> String {
        service_exception_id(client, &self.service, self.section.as_deref(), self.direction)
    }
}

/// One exception, over the closing runs so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastException {
    /// What it is about.
    #[serde(flatten)]
    pub key: ExceptionKey,
    /// Its number: short, and never another's.
    pub number: u32,
    /// The month whose closing found it first.
    pub first_month: BillingMonth,
    /// The month since which it stands; of a closed one, since which it stood.
    pub since: BillingMonth,
    /// The closings since then that found it.
    pub months_open: u32,
    /// The month whose closing no longer found it; `None`: it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<BillingMonth>,
    /// What the last of these closings found.
    pub last: FoundFigures,
    /// What the others of them found, added up.
    #[serde(default, skip_serializing_if = "SumsSoFar::is_nothing")]
    pub so_far: SumsSoFar,
    /// The day on which it began; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Date>,
}

/// What a closing found of an exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFigures {
    /// What its row said.
    pub kind: RowKind,
    /// Units to be corrected, signed; of a line that no rule counts, units billed.
    pub units: Decimal,
    /// What that is worth a month, signed; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Money>,
    /// What of that was on the invoices of that run.
    #[serde(default, skip_serializing_if = "SumsSoFar::is_nothing")]
    pub invoiced: SumsSoFar,
}

/// Amounts of one or several closings, by currency and never netted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SumsSoFar {
    /// Billed too little; negative: too much.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<Currency, Decimal>,
    /// The same, at prices that are a guess.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub estimated: BTreeMap<Currency, Decimal>,
    /// What is used after the last agreement ended has cost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cost: BTreeMap<Currency, Decimal>,
    /// Closings that found it without a price that is known: they are in no sum.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced_months: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A number that was given out by a closing which another replaced, and that did not find the exception.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReservedNumber {
    /// What it was given to.
    #[serde(flatten)]
    pub key: ExceptionKey,
    /// The number.
    pub number: u32,
    /// The month of that closing.
    pub month: BillingMonth,
}

/// What has become of an exception since the last closing that knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    /// No closing has found it, or none for a long time.
    New,
    /// It stands as it did.
    Open,
    /// It stands, and its units or what they are worth moved.
    Changed,
    /// It was closed, and is there again.
    Reopened,
}

/// What the history says of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowHistory {
    /// The exception's number; `None`: the closing gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// What has become of it.
    pub state: ExceptionState,
    /// The month since which it stands.
    pub since: BillingMonth,
    /// The month whose closing found it first, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_month: Option<BillingMonth>,
    /// Closings that found it since then, this run included unless it is not reconciled.
    pub months_open: u32,
    /// What the earlier of them found on their own invoices.
    #[serde(default, skip_serializing_if = "SumsSoFar::is_nothing")]
    pub so_far: SumsSoFar,
    /// What the last of them found, where that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EarlierFigures>,
    /// The day on which it began, where the syncs of the days between two closings tell; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Date>,
}

/// What an earlier closing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierFigures {
    /// Units, signed.
    pub units: Decimal,
    /// What they were worth a month, signed; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Money>,
}

/// An exception as earlier closings found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierException {
    /// Its id.
    pub exception_id: String,
    /// What it was about.
    #[serde(flatten)]
    pub key: ExceptionKey,
    /// Its number.
    pub number: u32,
    /// What it said last.
    pub kind: RowKind,
    /// The month since which it stood.
    pub since: BillingMonth,
    /// Closings that found it since then.
    pub months_open: u32,
    /// What the last of them found.
    pub last: EarlierFigures,
    /// What the earlier of them found on their own invoices.
    #[serde(default, skip_serializing_if = "SumsSoFar::is_nothing")]
    pub so_far: SumsSoFar,
}

/// An exception of earlier closings that is surely gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedException {
    /// As they found it.
    #[serde(flatten)]
    pub earlier: EarlierException,
    /// Why it is gone.
    pub because: ClosedBecause,
}

/// Why an exception is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBecause {
    /// What is billed is what should be billed.
    Agrees,
    /// A difference is left, and nothing is to be done.
    LeftAlone,
    /// Another exception of the same service stands instead.
    OtherException,
    /// By rule it is no longer compared.
    NotCompared,
    /// Nothing is billed, and nothing is used.
    NothingLeft,
    /// The rules no longer have the service.
    NoRule,
    /// Another service of the rules has the product now.
    OtherRule,
    /// The PSA no longer has the client.
    ClientGone,
}

#[cfg(test)]
mod tests;
