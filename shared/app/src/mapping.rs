//! The mapping workflow: which vendor accounts wait for a decision, those with the highest monthly value first, how
//! much of the revenue is mapped, and how a person decides: one request, or a whole sheet.
//!
//! What a decision means for the count is not here but in [`crate::mappings_of`].
//!
//! **Architecture invariant:** nothing here counts usage.

mod bulk;
mod inbox;
mod none;
mod proposals;
mod request;
mod row;
mod sheets;
pub(crate) mod warnings;
mod workspace;

pub use crate::account_mapping::{Candidates, Proposal};
pub use bulk::{BulkConfirmation, BulkDecision, LeftOut, WhyLeftOut, bulk_confirmation, confirm_all};
pub use inbox::take as take_inbox;
pub use none::{NoneRequest, NoneRow, Reopened, UndecidedAccount, decide_none, reopened};
pub use proposals::Proposals;
pub use request::{MappingRequest, decide};
pub use row::{MappingProgress, MappingRow, RowState};
pub use sheets::{ImportResult, MappingSheet, RefusedRow, SHEET_COLUMNS, Strictness, client_label, import};
pub use workspace::{MappingWorkspace, WorkspaceSource, values_of};
