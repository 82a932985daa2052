//! A month compared: the accounts of the sources, which client each belongs to, and their reconciliation. Used by the
//! reconcile job and the replay, which read what a run has frozen, and by whoever shows what a run would find.

mod accounts;
mod billed_for;
mod compare;
mod history;
mod load;
mod run_inputs;

pub(crate) use accounts::{AccountsFrom, LoadedSource};
pub use billed_for::{BilledFor, BilledForSource};
pub(crate) use compare::{Compared, Comparison};
pub(crate) use history::RunHistory;
pub use load::{MappingsInForce, NonesInForce};
pub(crate) use load::{
    WordsOnDay, add_days, load_actions, load_mappings, load_nones, load_words, newest_sync, newest_syncs,
};
pub(crate) use run_inputs::{ComparisonInputs, source_readings};
