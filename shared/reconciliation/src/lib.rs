//! Billed lines against usage, per client and rule: what differs, what that is worth, how sure it is.
//!
//! **Architecture invariant:** pure. No file, no clock, no network; the same inputs give the same findings, and
//! no float touches a quantity, a price or an order.

mod finding;

pub use finding::{
    Comparison, Confidence, Explained, Finding, FindingKind, Level, MappingSuggestion, NextStep, Reconciliation,
    SetupFinding, SourceCoverage, Totals, ValueBasis,
};
