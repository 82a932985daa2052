//! Decisions on exceptions: which exceptions of a run can be decided about, one decision, and a whole sheet of them.
//!
//! What a decision means for a run is not here but in the reconciliation.

mod board;
mod cells;
mod changes;
mod import;
mod inbox;
mod rejected;
mod standing;

pub use board::{ActionBoard, BoardException, UnknownException};
pub use changes::{ChangesSinceClosing, changes_since_closing};
pub use import::{ActionImport, RejectedRow, import};
pub use inbox::take as take_inbox;
pub use rejected::RejectedFormat;
pub use standing::{StandingAction, standing_now};

use truecount_reconciliation::{ActionRecord, ActionsInForce};
use truecount_store::{AppendedAction, RepeatOf};

use crate::comparison::load_actions;
use crate::{AppError, Environment};

/// What people decided about exceptions and is in force now.
///
/// # Errors
/// [`AppError`] if it cannot be read.
pub async fn in_force(env: &Environment) -> Result<ActionsInForce, AppError> {
    Ok(load_actions(&env.store).await?)
}

/// Appends decisions one after another. Answers for each what became of it.
///
/// # Errors
/// [`AppError`] if one cannot be stored. Those stored before stay; the same again continues after them.
pub async fn record(
    env: &Environment,
    actions: &[ActionRecord],
    repeat: RepeatOf,
) -> Result<Vec<AppendedAction>, AppError> {
    let mut appended = Vec::with_capacity(actions.len());
    for action in actions {
        appended.push(env.store.append_action(action, repeat).await?);
    }
    Ok(appended)
}
