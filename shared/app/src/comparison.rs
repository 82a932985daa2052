//! A month compared: the accounts of the snapshots, which client each belongs to, and their reconciliation. Used by the
//! reconcile job, and by the mapping workflow to show what a run would find.

mod billed_for;
mod compare;
mod load;
mod run_inputs;

pub use billed_for::{BilledFor, BilledForSource};
pub(crate) use compare::{Compared, Comparison};
pub(crate) use load::{LoadedSource, load_mappings, load_nones, load_sources, newest_sync};
pub use load::{MappingsInForce, NonesInForce};
pub(crate) use run_inputs::{ComparisonInputs, source_readings};
