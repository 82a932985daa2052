//! How a decision stands by what a later run found.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ClientId};

use super::{ActionKind, ActionRecord, DecidedFigures, ExceptionAction};
use crate::history::ExceptionKey;
use crate::interval::add;
use crate::outcome::RowKind;

/// How a decision about an exception stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStanding {
    /// It rests: accepted, dismissed or snoozed. In no total of what is to be done.
    SetAside,
    /// An answer is waited for.
    Waits,
    /// The day that it names has passed.
    DatePassed,
    /// It was dismissed in an earlier month.
    MonthOver,
    /// More differs than was accepted.
    Grown,
    /// The PSA bills what it billed then.
    NotChanged,
    /// The PSA bills what it billed then, and that agrees now.
    NoLongerNeeded,
    /// The PSA bills what was decided.
    Resolved,
    /// The PSA bills neither.
    ChangedOtherwise,
    /// Nobody knows what the PSA bills.
    NotKnown,
}

impl ActionStanding {
    /// Every standing.
    pub const ALL: [Self; 10] = [
        Self::SetAside,
        Self::Waits,
        Self::DatePassed,
        Self::MonthOver,
        Self::Grown,
        Self::NotChanged,
        Self::NoLongerNeeded,
        Self::Resolved,
        Self::ChangedOtherwise,
        Self::NotKnown,
    ];

    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SetAside => "set_aside",
            Self::Waits => "waits",
            Self::DatePassed => "date_passed",
            Self::MonthOver => "month_over",
            Self::Grown => "grown",
            Self::NotChanged => "not_changed",
            Self::NoLongerNeeded => "no_longer_needed",
            Self::Resolved => "resolved",
            Self::ChangedOtherwise => "changed_otherwise",
            Self::NotKnown => "not_known",
        }
    }
}

/// What is billed now of what a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BilledNow {
    /// So many units, and whether the exception's service still differs.
    Units(Decimal, bool),
    /// Nobody knows.
    Unknown,
}

/// The last decision about an exception, with how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowAction {
    /// What was decided.
    pub action: ExceptionAction,
    /// How it stands.
    pub standing: ActionStanding,
    /// What the run said on which it was decided.
    pub figures: DecidedFigures,
    /// The month of that run.
    pub month: BillingMonth,
    /// Who decided.
    pub actor: String,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The ticket or purchase order that it is worked under. Foreign text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ticket: String,
    /// The day on which it was decided.
    pub decided_on: Date,
}

impl RowAction {
    /// A decision that stands so.
    #[must_use]
    pub fn of(record: &ActionRecord, standing: ActionStanding) -> Self {
        Self {
            action: record.action.clone(),
            standing,
            figures: record.figures.clone(),
            month: record.month,
            actor: record.actor.clone(),
            note: record.note.clone(),
            ticket: record.ticket.clone(),
            decided_on: record.decided_on,
        }
    }

    /// Whether it rests.
    #[must_use]
    pub fn is_set_aside(&self) -> bool {
        self.standing == ActionStanding::SetAside
    }
}

/// What became of a decision to change a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionOutcome {
    /// The exception's id.
    pub exception_id: String,
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// What the exception was about.
    #[serde(flatten)]
    pub key: ExceptionKey,
    /// What was decided, and how it stands.
    pub decided: RowAction,
    /// Units that are billed now; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Decimal>,
}

impl ActionRecord {
    /// How it stands on a day by a row of the month's run. `units`: what the row is about, signed.
    #[must_use]
    pub fn standing(
        &self,
        row: RowKind,
        units: Decimal,
        billed: BilledNow,
        at: (BillingMonth, Date),
    ) -> ActionStanding {
        let (month, day) = at;
        let has_passed = |until: Option<Date>| until.is_some_and(|until| day > until);
        match &self.action {
            ExceptionAction::Approved | ExceptionAction::Adjusted { .. } => self.done(billed),
            ExceptionAction::Asked { until, .. } if has_passed(Some(*until)) => ActionStanding::DatePassed,
            ExceptionAction::Asked { .. } => ActionStanding::Waits,
            // What nobody knows has neither grown nor is it what was decided about.
            _ if row == RowKind::NotReconciled => ActionStanding::NotKnown,
            action if has_passed(action.until()) => ActionStanding::DatePassed,
            ExceptionAction::Accepted { up_to, .. } => {
                let most = up_to.unwrap_or(self.figures.units.abs());
                if units.abs() > most { ActionStanding::Grown } else { ActionStanding::SetAside }
            }
            ExceptionAction::Dismissed { until: None } if month != self.month => ActionStanding::MonthOver,
            _ => ActionStanding::SetAside,
        }
    }

    /// How a decision to change a bill stands by what is billed.
    #[must_use]
    pub fn done(&self, billed: BilledNow) -> ActionStanding {
        let BilledNow::Units(billed, differs) = billed else { return ActionStanding::NotKnown };
        match self.target() {
            Some(target) if billed == target => ActionStanding::Resolved,
            _ if billed != self.figures.billed => ActionStanding::ChangedOtherwise,
            _ if differs => ActionStanding::NotChanged,
            _ => ActionStanding::NoLongerNeeded,
        }
    }

    /// Units that are to be billed by it; `None`: it changes no bill.
    #[must_use]
    pub fn target(&self) -> Option<Decimal> {
        match &self.action {
            ExceptionAction::Adjusted { quantity } => Some(*quantity),
            ExceptionAction::Approved => {
                let mut target = self.figures.billed;
                add(&mut target, self.figures.units);
                Some(target)
            }
            _ => None,
        }
    }

    /// Whether it is to change a bill.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(self.action.kind(), ActionKind::Approved | ActionKind::Adjusted)
    }
}
