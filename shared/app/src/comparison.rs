//! A month compared: the accounts of the snapshots, which client each belongs to, and their reconciliation. Used by the
//! reconcile job, and by the mapping workflow to show what a run would find.

mod compute;
mod load;
#[cfg_attr(not(test), expect(dead_code, reason = "runs are still compared by the rules of before"))]
mod run_inputs;

pub(crate) use compute::{Comparison, ComparisonInputs, compare};
pub use load::MappingsInForce;
pub(crate) use load::{LoadedSource, load_mappings, load_sources};
