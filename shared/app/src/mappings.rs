//! The work of mapping: which accounts wait for a person, in the order of what hangs on them, and how far it is.
//!
//! **Architecture invariant:** nothing here counts. Usage is only a client's by [`crate::mappings_of`].

mod book;
mod decide;
mod row;

pub use book::{Book, BookSource, values_of};
pub use decide::{Wish, decide};
pub use row::{MappingRow, Progress, RowState};
