//! Which rules fit what is billed: for each product of the PSA, what of the sources counts as many at the clients.
//!
//! Candidates are made from what the sources hold (kinds, days, attributes, sums), written as rules, and tried through the
//! reconciliation's own count. What fits is shown with how well; names only break ties.
//!
//! **Architecture invariant:** pure, and without a count of its own: a number comes from the reconciliation or it is not
//! looked at.

mod billed;
mod candidate;
mod categories;
mod caution;
mod fit;
mod likeness;
mod ranking;
mod seen;
mod standing;
mod suggest;
mod suggestion;
mod sums;
mod trial;
mod written;

pub use standing::{StandingDecision, StandingFor, with_decision};
pub use suggest::{SuggestionInputs, WhichProducts, suggest};
pub use suggestion::{CategorySuggestion, Caution, ProductSuggestion, RuleFit, SuggestedBasis, Suggestions, TriedRule};
pub use trial::TrialError;
pub use written::{AddedRule, WriteError, with_rules};
