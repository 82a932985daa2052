//! What somebody asks to be recorded, and everything that is wrong with it.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{ActionKind, DecidedFigures, ExceptionAction};
use crate::outcome::RowKind;

/// The longest note, in characters.
const NOTE_MAX: usize = 1000;

/// The longest number of a ticket or purchase order, in characters.
const TICKET_MAX: usize = 100;

/// The longest name of somebody who is asked, in characters.
const WHOM_MAX: usize = 200;

/// A decision as it was filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionRequest {
    /// What is decided; `None`: left empty.
    pub kind: Option<ActionKind>,
    /// Units: to be billed instead where it is adjusted, of difference at most where it is accepted.
    pub quantity: Option<Decimal>,
    /// Who is asked.
    pub whom: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Why.
    pub note: String,
    /// The ticket, or the client's purchase order, that it is worked under.
    pub ticket: String,
}

/// What is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionField {
    /// What is decided.
    Action,
    /// Units.
    Quantity,
    /// Who is asked.
    Whom,
    /// The last day.
    Until,
    /// Why.
    Note,
    /// The ticket or purchase order.
    Ticket,
}

/// What is wrong with a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionFault {
    /// It is not said what is decided.
    NoAction,
    /// It needs this.
    Needs(ActionKind, ActionField),
    /// It has no use for this.
    TakesNo(ActionKind, ActionField),
    /// That it is accepted needs an end: a day, or units.
    NeedsAnEnd,
    /// The day is not after today.
    PastDay {
        /// The day.
        until: Date,
        /// Today.
        today: Date,
    },
    /// Fewer units than none.
    Negative(Decimal),
    /// So many are billed now.
    IsBilled(Decimal),
    /// Fewer units are accepted than differ.
    FewerThanDiffer {
        /// Units that are accepted.
        up_to: Decimal,
        /// Units that differ.
        units: Decimal,
    },
    /// Nothing on a bill changes.
    ChangesNoBill(ActionKind, RowKind),
    /// Nobody knows whether it differs: somebody can be asked, and nothing else.
    NotReconciled(ActionKind),
    /// There is no decision to withdraw.
    NothingToReopen,
    /// The text is longer than so many characters.
    TooLong(ActionField, usize),
}

impl ActionFault {
    /// What is to be filled in otherwise.
    #[must_use]
    pub const fn field(&self) -> ActionField {
        match self {
            Self::NoAction | Self::ChangesNoBill(..) | Self::NotReconciled(_) | Self::NothingToReopen => {
                ActionField::Action
            }
            Self::Needs(_, field) | Self::TakesNo(_, field) | Self::TooLong(field, _) => *field,
            Self::NeedsAnEnd | Self::PastDay { .. } => ActionField::Until,
            Self::Negative(_) | Self::IsBilled(_) | Self::FewerThanDiffer { .. } => ActionField::Quantity,
        }
    }
}

/// Whether an action needs a field, may have it, or has no use for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Needed,
    Possible,
    None,
}

/// What each kind does with quantity, whom, until and note; each may have a ticket.
const fn uses(kind: ActionKind) -> [(ActionField, Use); 4] {
    let (quantity, whom, until, note) = match kind {
        ActionKind::Approved | ActionKind::Reopened => (Use::None, Use::None, Use::None, Use::Possible),
        ActionKind::Adjusted => (Use::Needed, Use::None, Use::None, Use::Possible),
        ActionKind::Asked => (Use::None, Use::Needed, Use::Needed, Use::Possible),
        ActionKind::Accepted => (Use::Possible, Use::None, Use::Possible, Use::Needed),
        ActionKind::Dismissed => (Use::None, Use::None, Use::Possible, Use::Needed),
        ActionKind::Snoozed => (Use::None, Use::None, Use::Needed, Use::Possible),
    };
    [
        (ActionField::Quantity, quantity),
        (ActionField::Whom, whom),
        (ActionField::Until, until),
        (ActionField::Note, note),
    ]
}

impl ActionRequest {
    /// Whether nothing is filled in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is to be recorded about an exception with these figures, or all that is wrong. `is_decided`: whether there is a
    /// decision that could be withdrawn.
    ///
    /// # Errors
    /// Every fault, in the order of the fields.
    pub fn check(
        &self,
        figures: &DecidedFigures,
        is_decided: bool,
        today: Date,
    ) -> Result<ExceptionAction, Vec<ActionFault>> {
        let Some(kind) = self.kind else { return Err(vec![ActionFault::NoAction]) };
        let mut faults = Vec::new();
        faults.extend(of_kind(kind, figures.kind, is_decided));
        faults.extend(self.of_fields(kind));
        faults.extend(self.of_quantity(kind, figures));
        faults.extend(self.until.filter(|until| *until <= today).map(|until| ActionFault::PastDay { until, today }));
        if kind == ActionKind::Accepted && self.until.is_none() && self.quantity.is_none() {
            faults.push(ActionFault::NeedsAnEnd);
        }
        match self.action(kind) {
            Some(action) if faults.is_empty() => Ok(action),
            _ => {
                faults.sort_by_key(ActionFault::field);
                Err(faults)
            }
        }
    }

    fn has(&self, field: ActionField) -> bool {
        match field {
            ActionField::Action => self.kind.is_some(),
            ActionField::Quantity => self.quantity.is_some(),
            ActionField::Whom => !self.whom.trim().is_empty(),
            ActionField::Until => self.until.is_some(),
            ActionField::Note => !self.note.trim().is_empty(),
            ActionField::Ticket => !self.ticket.trim().is_empty(),
        }
    }

    fn of_fields(&self, kind: ActionKind) -> Vec<ActionFault> {
        let fault = |(field, needed): (ActionField, Use)| match (needed, self.has(field)) {
            (Use::Needed, false) => Some(ActionFault::Needs(kind, field)),
            (Use::None, true) => Some(ActionFault::TakesNo(kind, field)),
            _ => None,
        };
        let mut faults: Vec<_> = uses(kind).into_iter().filter_map(fault).collect();
        let texts = [
            (ActionField::Whom, &self.whom, WHOM_MAX),
            (ActionField::Note, &self.note, NOTE_MAX),
            (ActionField::Ticket, &self.ticket, TICKET_MAX),
        ];
        let long = texts.into_iter().filter(|(_, text, most)| text.chars().count() > *most);
        faults.extend(long.map(|(field, _, most)| ActionFault::TooLong(field, most)));
        faults
    }

    fn of_quantity(&self, kind: ActionKind, figures: &DecidedFigures) -> Option<ActionFault> {
        let quantity = self.quantity?;
        let differ = figures.units.abs();
        match kind {
            _ if quantity.is_sign_negative() && !quantity.is_zero() => Some(ActionFault::Negative(quantity)),
            ActionKind::Adjusted if quantity == figures.billed => Some(ActionFault::IsBilled(quantity)),
            ActionKind::Accepted if quantity < differ => {
                Some(ActionFault::FewerThanDiffer { up_to: quantity, units: differ })
            }
            _ => None,
        }
    }

    /// The action, if all that it needs is there.
    fn action(&self, kind: ActionKind) -> Option<ExceptionAction> {
        Some(match kind {
            ActionKind::Approved => ExceptionAction::Approved,
            ActionKind::Adjusted => ExceptionAction::Adjusted { quantity: self.quantity?.normalize() },
            ActionKind::Asked => ExceptionAction::Asked { whom: self.whom.trim().to_owned(), until: self.until? },
            ActionKind::Accepted => {
                let up_to = self.quantity.map(|quantity| quantity.normalize());
                ExceptionAction::Accepted { until: self.until, up_to }
            }
            ActionKind::Dismissed => ExceptionAction::Dismissed { until: self.until },
            ActionKind::Snoozed => ExceptionAction::Snoozed { until: self.until? },
            ActionKind::Reopened => ExceptionAction::Reopened,
        })
    }
}

/// Whether a kind of decision fits a kind of row.
fn of_kind(kind: ActionKind, row: RowKind, is_decided: bool) -> Option<ActionFault> {
    match (kind, row) {
        (ActionKind::Reopened, _) => (!is_decided).then_some(ActionFault::NothingToReopen),
        (ActionKind::Asked, _) => None,
        (kind, RowKind::NotReconciled) => Some(ActionFault::NotReconciled(kind)),
        (ActionKind::Approved | ActionKind::Adjusted, row) if !row.changes_a_bill() => {
            Some(ActionFault::ChangesNoBill(kind, row))
        }
        _ => None,
    }
}
