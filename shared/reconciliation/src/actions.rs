//! What people decided about exceptions: approved, adjusted, asked, accepted, dismissed, snoozed, reopened. A decision
//! keeps the figures that it was made on, so that a later run can tell whether the difference grew, and whether the PSA
//! bills what was decided.
//!
//! Of the decisions about one exception the last counts; none is changed. A day that a decision names is the last on which
//! it holds.
//!
//! Deliberately absent: any reading or writing, and any words: faults and standings are data.

mod in_force;
mod request;
mod standing;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ClientId, LineId, Money};

use crate::exception_id::ExceptionDirection;
use crate::history::ExceptionKey;
use crate::interval::add;
use crate::outcome::RowKind;
use crate::record::{ChangeRecord, RowRecord};

pub use in_force::{ActionsInForce, SetAside};
pub use request::{ActionFault, ActionField, ActionRequest};
pub use standing::{ActionOutcome, ActionStanding, BilledNow, RowAction};

/// What can be decided about an exception, without the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// The bill is to be changed as the run says.
    Approved,
    /// It is to be changed to another quantity.
    Adjusted,
    /// Somebody was asked.
    Asked,
    /// The difference is right as it is.
    Accepted,
    /// It is nothing to act on this month.
    Dismissed,
    /// It is to be looked at later.
    Snoozed,
    /// An earlier decision is withdrawn.
    Reopened,
}

impl ActionKind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 7] =
        [Self::Approved, Self::Adjusted, Self::Asked, Self::Accepted, Self::Dismissed, Self::Snoozed, Self::Reopened];

    /// The word in files and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Adjusted => "adjusted",
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
            Self::Reopened => "reopened",
        }
    }

    /// The kind of a word, also as people write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.trim().to_ascii_lowercase();
        let meant = match word.as_str() {
            "approve" | "ok" => "approved",
            "adjust" => "adjusted",
            "ask" => "asked",
            "accept" => "accepted",
            "dismiss" => "dismissed",
            "snooze" => "snoozed",
            "reopen" | "undo" => "reopened",
            word => word,
        };
        Self::ALL.into_iter().find(|kind| kind.as_str() == meant)
    }
}

/// What was decided about an exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExceptionAction {
    /// The bill is to be changed as the run says.
    Approved,
    /// So many units are to be billed instead.
    Adjusted {
        /// Units of the service at the client, all lines together.
        quantity: Decimal,
    },
    /// Somebody was asked.
    Asked {
        /// Who. Foreign text.
        whom: String,
        /// The last day on which an answer is waited for.
        until: Date,
    },
    /// The difference is right as it is, until it grows or its date has passed.
    Accepted {
        /// The last day on which that holds; `None`: no day ends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Date>,
        /// Up to so many units of difference; `None`: as many as there were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Decimal>,
    },
    /// It is nothing to act on.
    Dismissed {
        /// The last day on which that holds; `None`: in the month of the run that it was decided on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Date>,
    },
    /// It is to be looked at later.
    Snoozed {
        /// The last day on which it rests.
        until: Date,
    },
    /// An earlier decision is withdrawn.
    Reopened,
}

impl ExceptionAction {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Approved => ActionKind::Approved,
            Self::Adjusted { .. } => ActionKind::Adjusted,
            Self::Asked { .. } => ActionKind::Asked,
            Self::Accepted { .. } => ActionKind::Accepted,
            Self::Dismissed { .. } => ActionKind::Dismissed,
            Self::Snoozed { .. } => ActionKind::Snoozed,
            Self::Reopened => ActionKind::Reopened,
        }
    }

    /// The last day on which it holds, where it names one.
    #[must_use]
    pub const fn until(&self) -> Option<Date> {
        match self {
            Self::Asked { until, .. } | Self::Snoozed { until } => Some(*until),
            Self::Accepted { until, .. } | Self::Dismissed { until } => *until,
            Self::Approved | Self::Adjusted { .. } | Self::Reopened => None,
        }
    }
}

/// What a run said of an exception when somebody decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedFigures {
    /// What its row said.
    pub kind: RowKind,
    /// Units that were billed.
    pub billed: Decimal,
    /// Units that should have been billed; `None`: only the ends were known, or nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_bill: Option<Decimal>,
    /// Units to be corrected, signed; of a line that no rule counts, units billed.
    pub units: Decimal,
    /// What that was worth a month, signed; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Money>,
    /// What was to be changed, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<DecidedChange>,
}

/// A change of one line, as a run said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedChange {
    /// The line; `None`: there was none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<LineId>,
    /// Its quantity then.
    pub from: Decimal,
    /// Its quantity afterwards.
    pub to: Decimal,
}

impl DecidedFigures {
    /// What the rows of one exception say together; `None`: there is none.
    #[must_use]
    pub fn of_rows<'a>(rows: impl IntoIterator<Item = &'a RowRecord>) -> Option<Self> {
        let together = |mut one: Self, other: Self| {
            add(&mut one.billed, other.billed);
            add(&mut one.units, other.units);
            one.should_bill = one.should_bill.zip(other.should_bill).map(|(mut sum, units)| {
                add(&mut sum, units);
                sum
            });
            let both = one.monthly_impact.zip(other.monthly_impact);
            one.monthly_impact = both.filter(|(a, b)| a.currency == b.currency).map(|(mut sum, worth)| {
                add(&mut sum.amount, worth.amount);
                sum
            });
            one.changes.extend(other.changes);
            one
        };
        rows.into_iter().map(Self::of).reduce(together)
    }

    /// What a row says.
    #[must_use]
    pub fn of(row: &RowRecord) -> Self {
        let change =
            |change: &ChangeRecord| DecidedChange { line_id: change.line_id.clone(), from: change.from, to: change.to };
        let worth = row.currency.zip(row.monthly_impact);
        Self {
            kind: row.kind,
            billed: row.billed,
            should_bill: row.should_bill,
            units: units(row),
            monthly_impact: worth.map(|(currency, amount)| Money { amount, currency }),
            changes: row.changes.iter().map(change).collect(),
        }
    }
}

/// Units that an exception is about, signed.
fn units(row: &RowRecord) -> Decimal {
    row.to_correct.or(row.variance).unwrap_or(row.billed)
}

/// What an exception that can be decided about is.
#[must_use]
pub fn exception_key(row: &RowRecord) -> ExceptionKey {
    ExceptionKey {
        service: row.service.clone(),
        section: row.section.clone(),
        direction: ExceptionDirection::of(row.kind),
    }
}

/// One decision about an exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// The exception's id.
    pub exception_id: String,
    /// The client.
    pub client_id: ClientId,
    /// Its name when this was decided. Foreign text.
    pub client_name: String,
    /// What the exception is about.
    #[serde(flatten)]
    pub key: ExceptionKey,
    /// What was decided.
    pub action: ExceptionAction,
    /// What the run said.
    pub figures: DecidedFigures,
    /// The run.
    pub run_id: String,
    /// Its month.
    pub month: BillingMonth,
    /// Who decided.
    pub actor: String,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The ticket or purchase order that it is worked under; empty: none was named. Foreign text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ticket: String,
    /// The day on which it was decided, where the MSP is.
    pub decided_on: Date,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Its place among the decisions about the exception, from 1; assigned when it is appended.
    pub number: i64,
}

impl ActionRecord {
    /// Whether it decides the same as another on the same figures, whoever decided, and when.
    #[must_use]
    pub fn decides_the_same(&self, other: &Self) -> bool {
        (&self.action, &self.figures, &self.note, &self.ticket, self.month)
            == (&other.action, &other.figures, &other.note, &other.ticket, other.month)
    }
}

#[cfg(test)]
mod tests;
