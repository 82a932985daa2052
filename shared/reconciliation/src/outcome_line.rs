//! The lines of a stored outcome: what the run adds up first, then one client after another, and notes.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, BillingMonth, ClientId, Money, ReadState, Receipt, Side, SourceId};

use crate::actions::ActionOutcome;
use crate::agreement_finding::AgreementFinding;
use crate::if_confirmed::ProposalEffect;
use crate::record::{ClientRecord, PortfolioRecord};

/// The JSON Schema of a line of a stored outcome, by which other programs read it.
pub const OUTCOMES_SCHEMA: &str = include_str!("outcomes.schema.json");

/// A line of a stored outcome. The portfolio is the first. A field that is added here is added to [`OUTCOMES_SCHEMA`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeLine {
    /// What the run adds up beside its clients.
    Portfolio(Box<PortfolioRecord>),
    /// A source of either side, and how far it was read.
    Source(Box<SourceReading>),
    /// What about the setup makes counts unreliable.
    Setup(SetupFinding),
    /// An account that nobody decided.
    Suggestion(MappingSuggestion),
    /// A client.
    Client(Box<ClientRecord>),
    /// What became of a decision to change a bill.
    Action(Box<ActionOutcome>),
    /// Something about a client's agreements.
    AgreementFinding(Box<AgreementFinding>),
}

/// How far a source was read, as the sync that a run uses has it. A row of `coverage.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReading {
    /// The source.
    pub source: SourceId,
    /// What kind of source it is.
    pub source_kind: String,
    /// Which side it gives.
    pub side: Side,
    /// How far it was read.
    pub state: ReadState,
    /// The day of the sync used; `None`: there is none that may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// The day of a later sync that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Date>,
    /// The month of the last closing, if that used this sync, or one of a later day, already: nothing was read since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_since: Option<BillingMonth>,
    /// What became of every row that was read; `None`: there is no sync, or no receipt of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// Accounts in it: vendor accounts, or the PSA's clients.
    pub accounts: u64,
    /// Of these, not read completely.
    pub accounts_incomplete: u64,
}

/// Something about the setup that makes counts unreliable. A row of `setup.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SetupFinding {
    /// A short code such as `rule_without_lines`, `line_without_rule`, `unknown_status`, `item_without_quantity`.
    pub code: String,
    /// What it is about: a rule, product, source or file place.
    pub subject: String,
    /// One sentence for people, ending in what to do.
    pub message: String,
    /// How many times.
    pub count: u64,
}

/// An account without a confirmed mapping, and which client it might be. A row of `mapping-suggestions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSuggestion {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// Its name. Foreign text.
    #[serde(rename = "account")]
    pub account_name: String,
    /// The client proposed, if any.
    pub client_id: Option<ClientId>,
    /// That client's name.
    #[serde(rename = "client")]
    pub client_name: Option<String>,
    /// How probable it is that the account is this client's, from 0 to 1 with three places; `None`: proposed for another
    /// reason than a similar name, or no client is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Decimal>,
    /// Why this client, or why none.
    pub reason: String,
    /// What speaks against this client; empty: nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub against: String,
    /// Items of the account.
    pub items: u64,
    /// What they are worth a month at list price, one amount a currency; empty: unknown.
    pub monthly_value: Vec<Money>,
    /// What becomes of the client's rows if this is confirmed, with every other proposal; `None`: no client is proposed, it is
    /// not looked at, or the source cannot be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_confirmed: Option<Box<ProposalEffect>>,
}
