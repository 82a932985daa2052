//! Billed lines against usage, per client and rule: what differs, what that is worth, how sure it is.
//!
//! [`RuleSet`] says what is compared with what. A [`Reconciler`] takes sources, clients, lines, accounts, items and
//! decisions one at a time and answers with a [`Reconciliation`]: a value, never an error, for a difference.
//!
//! **Architecture invariant:** pure. No file, no clock, no network; the same inputs give the same findings, and
//! no float touches a quantity, a price or an order.

mod accounts;
mod arena;
mod compare;
mod coverage;
mod exact;
mod finding;
mod finish;
mod inputs;
mod items;
mod lines;
mod order;
mod reconciler;
mod rules;
mod sentences;
mod setup;
mod takers;
#[cfg(test)]
mod tests;
mod unread;
mod words;
mod worth;

pub use finding::{
    Comparison, Confidence, Explained, Finding, FindingKind, Level, MappingSuggestion, NextStep, Reconciliation,
    SetupFinding, SourceCoverage, Totals, ValueBasis,
};
pub use inputs::{
    AccountNo, AgreementTerms, BillingDays, ClientNo, Comparisons, DecidedBy, ItemRef, LineRef, Mapping, Options,
    Profile, ReconcileError, SourceNo, SourceStatus,
};
pub use reconciler::{ACCOUNTS_MAX, Reconciler};
pub use rules::{RULES_MAX, Rule, RuleSet, RulesError, STALE_DAYS};
