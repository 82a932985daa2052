//! The work of mapping: which accounts wait for a person, in the order of what hangs on them, and how far it is.
//!
//! **Architecture invariant:** nothing here counts. Usage is only a client's by [`crate::mappings_of`].

mod decide;
mod import;
mod inbox;
mod row;
mod sheet;
mod suggest;
mod table;
pub(crate) mod warnings;
mod workspace;

pub use decide::{MappingRequest, decide};
pub use import::{Imported, Refused, Strictness, import};
pub use inbox::take as take_inbox;
pub use row::{MappingProgress, MappingRow, RowState};
pub use sheet::{COLUMNS as SHEET_COLUMNS, MappingSheet, label as client_label};
pub use suggest::{Proposal, Proposals};
pub use workspace::{MappingWorkspace, WorkspaceSource, values_of};
