//! What is right in a world: the rows that ask for attention, each with the figures that matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use truecount_billing::Currency;

use super::fields::Fields;

/// A row that is right. What is `None` is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRow {
    /// What it says.
    pub kind: WorldRowKind,
    /// The client's id.
    pub client: Option<String>,
    /// The service's code; of an uncounted line, its product.
    pub service: Option<String>,
    /// The agreement that is compared by itself.
    pub agreement: Option<String>,
    /// Of an unmapped account: its source.
    pub source: Option<String>,
    /// Of an unmapped account: its id.
    pub account: Option<String>,
    /// Of a moved client: where to.
    pub to: Option<String>,
    /// Units after state, stale and duplicates; `Some(None)`: no source that counts them could be used.
    pub counted: Option<Option<Decimal>>,
    /// The lower end of what should be billed.
    pub at_least: Option<Decimal>,
    /// The upper end of it.
    pub at_most: Option<WorldUpperEnd>,
    /// Units that are billed.
    pub billed: Option<Decimal>,
    /// Units that should be billed; `Some(None)`: only the ends are known.
    pub should_bill: Option<Option<Decimal>>,
    /// What should be billed less what is.
    pub variance: Option<Decimal>,
    /// Of that, what is to be changed.
    pub to_correct: Option<Decimal>,
    /// Of that, what is left alone.
    pub left_alone: Option<Decimal>,
    /// Units by reason between what was looked at and what should be billed: all of them.
    pub explained: Option<BTreeMap<String, Decimal>>,
    /// Units looked at.
    pub gross: Option<Decimal>,
    /// The day on which most counted, where a peak is counted.
    pub peak_on: Option<Date>,
    /// Value a month, signed; `Some(None)`: not known.
    pub impact: Option<Option<Decimal>>,
    /// Of which currency.
    pub currency: Option<Currency>,
    /// Whether the value is estimated.
    pub is_estimated: Option<bool>,
    /// At stake upwards.
    pub stake_up: Option<WorldUpperEnd>,
    /// At stake downwards.
    pub stake_down: Option<WorldUpperEnd>,
    /// On the invoices of this run, or later.
    pub when: Option<ExpectedWhen>,
    /// The day on which it is due.
    pub due: Option<Date>,
    /// Codes of doubts that must be there.
    pub doubts: Vec<String>,
    /// Codes of why the ends differ: all of them.
    pub widened_by: Option<BTreeSet<String>>,
    /// Items that count, among others.
    pub items_in: Vec<String>,
    /// Items that do not, among others.
    pub items_out: Vec<String>,
    /// What to change, line by line: all of it.
    pub lines: Option<Vec<String>>,
}

/// A number, or the lack of an upper end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldUpperEnd {
    /// At most so much.
    Known(Decimal),
    /// Nobody knows.
    Unknown,
}

impl fmt::Display for WorldUpperEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(number) => number.normalize().fmt(f),
            Self::Unknown => f.write_str("none"),
        }
    }
}

impl Serialize for WorldUpperEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// When a difference is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedWhen {
    /// On the invoices of this run.
    ThisRun,
    /// Later.
    Later,
}

impl ExpectedWhen {
    /// The word in a case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ThisRun => "this_run",
            Self::Later => "later",
        }
    }
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldRowKind {
    /// Both ends equal what is billed.
    Agrees,
    /// It differs, and nothing is to be done.
    LeftAlone,
    /// More should be billed on a line.
    Underbilled,
    /// More should be billed, and no line stands.
    UnbilledUsage,
    /// Less should be billed; something is used.
    Overbilled,
    /// Less should be billed; nothing is used.
    BilledWithoutUsage,
    /// Used, and the client has no live agreement.
    EndedAgreementInUse,
    /// Used, on a line that ends before the next closing.
    AgreementEnding,
    /// Nobody knows.
    NotReconciled,
    /// A line of a product that no rule names.
    UncountedLine,
    /// An account with usage, of which nobody decided whose it is.
    UnmappedAccount,
    /// Usage at a client whose agreement ended, and about as much too many at another.
    Moved,
    /// Only the line's standing matters.
    Flat,
    /// By decision not compared.
    Ignored,
    /// Usage without a line that is only listed.
    Listed,
    /// The MSP's own.
    Internal,
}

impl WorldRowKind {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 16] = [
        ("agrees", Self::Agrees),
        ("left_alone", Self::LeftAlone),
        ("underbilled", Self::Underbilled),
        ("unbilled_usage", Self::UnbilledUsage),
        ("overbilled", Self::Overbilled),
        ("billed_without_usage", Self::BilledWithoutUsage),
        ("ended_agreement_in_use", Self::EndedAgreementInUse),
        ("agreement_ending", Self::AgreementEnding),
        ("not_reconciled", Self::NotReconciled),
        ("uncounted_line", Self::UncountedLine),
        ("unmapped_account", Self::UnmappedAccount),
        ("moved", Self::Moved),
        ("flat", Self::Flat),
        ("ignored", Self::Ignored),
        ("listed", Self::Listed),
        ("internal", Self::Internal),
    ];

    /// The word in a case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Whether such a row asks for attention, so that a world must name it.
    #[must_use]
    pub fn asks_for_attention(self) -> bool {
        !matches!(self, Self::Agrees | Self::LeftAlone | Self::Flat | Self::Ignored | Self::Listed | Self::Internal)
    }
}

pub(crate) fn row(fields: &Fields<'_>) -> ExpectedRow {
    let kind = fields.choice("kind", &WorldRowKind::ALL);
    if !fields.has("kind") {
        fields.fault("kind", "it is missing".to_owned());
    }
    let whose: &[&str] = match kind {
        Some(WorldRowKind::UnmappedAccount) => &["source", "account"],
        Some(WorldRowKind::Moved) => &["client", "to"],
        _ => &["client", "service"],
    };
    for key in whose.iter().filter(|key| !fields.has(key)) {
        fields.fault(key, "it is missing".to_owned());
    }
    let end = |key: &str| {
        let found = fields.number_or(key, "none")?;
        Some(found.map_or(WorldUpperEnd::Unknown, WorldUpperEnd::Known))
    };
    let explained = |table: &Fields<'_>| {
        table.keys().into_iter().map(|reason| (reason.clone(), table.need_number(&reason))).collect()
    };
    ExpectedRow {
        kind: kind.unwrap_or(WorldRowKind::Agrees),
        client: fields.text("client"),
        service: fields.text("service"),
        agreement: fields.text("agreement"),
        source: fields.text("source"),
        account: fields.text("account"),
        to: fields.text("to"),
        counted: fields.number_or("counted", ""),
        at_least: fields.number("at_least"),
        at_most: end("at_most"),
        billed: fields.number("billed"),
        should_bill: fields.number_or("should_bill", ""),
        variance: fields.number("variance"),
        to_correct: fields.number("to_correct"),
        left_alone: fields.number("left_alone"),
        explained: fields.table("explained", explained),
        gross: fields.number("gross"),
        peak_on: fields.day("peak_on"),
        impact: fields.number_or("impact", ""),
        currency: fields.currency("currency"),
        is_estimated: fields.choice("basis", &[("calculated", false), ("estimated", true)]),
        stake_up: end("stake_up"),
        stake_down: end("stake_down"),
        when: fields.choice("when", &[("this_run", ExpectedWhen::ThisRun), ("later", ExpectedWhen::Later)]),
        due: fields.day("due"),
        doubts: fields.texts("doubts"),
        widened_by: fields.has("widened_by").then(|| fields.texts("widened_by").into_iter().collect()),
        items_in: fields.texts("items_in"),
        items_out: fields.texts("items_out"),
        lines: fields.has("lines").then(|| fields.texts("lines")),
    }
}
