//! Billed lines against usage, client by client: what surely differs, what that is worth, and what nobody knows.
//!
//! A [`RunReconciler`] compares [`RunInputs`] by rules. A count is an interval, which what is not known makes wider;
//! only what is sure is an exception. Everything comes out as data: the portfolio, then each client with its evidence,
//! one at a time.
//!
//! **Architecture invariant:** pure. No file, no clock, no network; the same inputs give the same findings, and
//! no float touches a quantity, a price or an order.

mod accounts_there;
mod actions;
mod agreement_finding;
mod agreement_revenue;
mod agreement_review;
mod agreements;
mod as_if_confirmed;
mod baseline;
mod billed_side;
mod binding;
mod columns;
mod common_cause;
mod context;
mod count;
mod drawn;
mod drawn_from;
mod evidence;
mod evidence_record;
mod exact;
mod exception_id;
mod group_takers;
mod history;
mod home_currency;
mod if_confirmed;
mod in_currencies;
mod interval;
mod item_evidence;
mod item_record;
mod joined;
mod left_out_products;
mod line_changes;
mod line_record;
mod long_number;
mod machines;
mod moved;
mod names;
mod outcome;
mod outcome_line;
mod outer;
mod peak;
mod peak_days;
mod pool;
mod portfolio;
mod portfolio_part;
mod price;
mod reconcile_client;
mod record;
mod replaced;
mod report_weights;
mod revenue_share;
mod row_money;
mod row_stream;
mod run_cache;
mod run_difference;
mod run_index;
mod run_inputs;
mod run_options;
mod same_device;
mod scope;
mod selection;
mod service_count;
mod shared_accounts;
mod should_bill;
mod sighting_record;
mod source_record;
mod texts;
mod trial;
mod two_clients;
mod two_sources;
mod union;
mod value;
mod verdict;
mod weighing;

pub use actions::{
    ActionFault, ActionField, ActionKind, ActionOutcome, ActionRecord, ActionRequest, ActionStanding, ActionsInForce,
    BilledNow, DecidedChange, DecidedFigures, ExceptionAction, RowAction, SetAside, exception_key,
};
pub use agreement_finding::{AgreementFinding, AgreementIssue, ReviewedAgreement};
pub use agreement_revenue::AgreementRevenue;
pub use agreement_review::AgreementReview;
pub use agreements::agreements;
pub use as_if_confirmed::ProposedMapping;
pub use baseline::{AcceptedBaseline, BaselineState, SetupRows};
pub use columns::{ItemColumns, ItemNo, ListedItem, TooManyItems};
pub use common_cause::{CommonCause, CommonCauseMember, CommonCauseRecord};
pub use context::RunContext;
pub use evidence::{Doubt, ItemFate, LedgerReason, Widening};
pub use evidence_record::{AccountRecord, DoubtRecord, NamedItem, WideningRecord};
pub use exception_id::{ExceptionDirection, exception_id, service_exception_id};
pub use history::{
    Absence, BaseOfHistory, CLOSED_MONTHS_KEPT, CameItem, ClientHistory, ClosedBecause, ClosedException,
    ClosingFigures, CountedItem, CountedItems, EarlierException, EarlierFigures, ExceptionKey, ExceptionState,
    FoundFigures, HistoryBeside, HistoryJoin, HistoryMerge, ItemsMoved, KnownMoves, PastClosing, PastException,
    ReservedNumber, RowHistory, ServiceClosings, SumsSoFar, WentItem, base_of_history,
};
pub use home_currency::{NO_CURRENCY, home_currency};
pub use if_confirmed::{IfConfirmed, ProposalEffect, ProposedAccount};
pub use item_record::{ItemFateWord, ItemRecord};
pub use line_changes::{LineChanged, LineDifference, LineDifferences, LineTerms, SyncedLines};
pub use line_record::LineRecord;
pub use long_number::{LineField, LongNumber};
pub use outcome::{
    AtStake, ClientOutcome, ComparedUnits, InvoicedWhen, LeftAloneReason, LineChange, MovedClient, OutcomeRow,
    RevenueCoverage, RowFault, RowFigures, RowKind, RowLedger, RowValue, RunOutcome, RunTotals,
};
pub use outcome_line::{MappingSuggestion, OUTCOMES_SCHEMA, OutcomeLine, SetupFinding, SourceReading};
pub use outer::OuterService;
pub use peak_days::PEAK_DAYS_BACK;
pub use portfolio::RunReconciler;
pub use portfolio_part::PortfolioPart;
pub use record::{ChangeRecord, ClientRecord, CountedOn, MovedRecord, PortfolioRecord, RECORD_FORMAT, RowRecord};
pub use report_weights::{AmountPlace, DatedRate, ReportWeights};
pub use row_stream::UnmappedUse;
pub use run_difference::{
    AddAndReduce, ChangeCause, ChangedInputs, CurrencyDifference, DifferencePart, RowDifference, RowInBrief,
    RunDifference,
};
pub use run_inputs::{
    AccountBelonging, AgreementLine, BilledAgreement, BilledClient, ItemsRead, LinesRead, RunInputs, UsageAccount,
    UsageSource, WordsOfSource,
};
pub use run_options::{ChangePrice, LinesBelowZero, MissingLine, RepeatedLines, RevenueUse, RunOptions, UndecidedUse};
pub use scope::{Scope, ScopeRecord, ScopeWords};
pub use sighting_record::{ClientName, SharedDevices, SightingRecord};
pub use source_record::{AccountReadWord, IncompleteAccount, LinesReadWord, SourceReadWord, SourceRecord};
pub use trial::{BilledProduct, UsedUnits};
