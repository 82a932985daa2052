//! Billed lines against usage, per client and rule: what differs, what that is worth, how sure it is.
//!
//! [`RuleSet`] says what is compared with what. A [`Reconciler`] takes sources, clients, lines, accounts, items and
//! decisions one at a time and answers with a [`Reconciliation`]: a value, never an error, for a difference.
//!
//! **Architecture invariant:** pure. No file, no clock, no network; the same inputs give the same findings, and
//! no float touches a quantity, a price or an order.

mod accounts;
mod arena;
mod billed_side;
mod columns;
mod compare;
mod context;
mod count;
mod coverage;
mod evidence;
mod evidence_record;
mod exact;
mod finding;
mod finish;
mod inputs;
mod interval;
mod item_evidence;
mod items;
mod lines;
mod moved;
mod order;
mod outcome;
mod pool;
mod portfolio;
mod reconcile_client;
mod reconciler;
mod record;
mod revenue_share;
mod rules;
mod run_cache;
mod run_index;
mod run_inputs;
mod same_device;
mod selection;
mod sentences;
mod service_count;
mod setup;
mod shared_accounts;
mod source_record;
mod takers;
#[cfg(test)]
mod tests;
mod texts;
mod unread;
mod value;
mod verdict;
mod words;
mod worth;

pub use columns::{ItemColumns, ItemNo, TooManyItems};
pub use context::RunContext;
pub use evidence::{Doubt, ItemFate, LedgerReason, Widening};
pub use evidence_record::{AccountRecord, DoubtRecord, NamedItem, WideningRecord};
pub use finding::{
    Comparison, Confidence, Explained, Finding, FindingKind, Level, MappingSuggestion, NextStep, Reconciliation,
    SetupFinding, SourceCoverage, Totals, ValueBasis,
};
pub use inputs::{
    AccountNo, AgreementTerms, BillingDays, ClientNo, Comparisons, DecidedBy, ItemRef, LineRef, Mapping, Options,
    Profile, ReconcileError, SourceNo, SourceStatus,
};
pub use order::exception_id;
pub use outcome::{
    AtStake, ClientOutcome, ComparedUnits, InvoicedWhen, LineChange, MovedClient, OutcomeRow, RevenueCoverage,
    RowFault, RowFigures, RowKind, RowLedger, RowValue, RunOutcome, RunTotals,
};
pub use portfolio::RunReconciler;
pub use reconciler::{ACCOUNTS_MAX, Reconciler};
pub use record::{
    ChangeRecord, ClientRecord, CountedOn, ItemFateWord, ItemRecord, LineRecord, MovedRecord, PortfolioRecord,
    RECORD_FORMAT, RowRecord,
};
pub use rules::{RULES_MAX, Rule, RuleSet, RulesError, STALE_DAYS};
pub use run_inputs::{
    AccountBelonging, AgreementLine, BilledAgreement, BilledClient, ItemsRead, LinesRead, RunInputs, UsageAccount,
    UsageSource, WordsOfSource,
};
pub use source_record::{AccountReadWord, IncompleteAccount, LinesReadWord, SourceReadWord, SourceRecord};
