//! What a comparison came to: rows with figures, value, doubts and evidence. Everything is data; words are made elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AgreementId, ClientId, Currency, LineId, ProductCode};

use crate::actions::SetAside;
use crate::baseline::SetupRows;
use crate::common_cause::CommonCauseRecord;
use crate::evidence::{Doubt, LedgerReason, Widening};
use crate::if_confirmed::ProposalEffect;
use crate::outer::OuterService;

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// Both ends equal what is billed.
    Agrees,
    /// It differs, and nothing is to be done.
    LeftAlone,
    /// Surely more should be billed, and a line stands.
    Underbilled,
    /// Surely something should be billed, and no line stands.
    UnbilledUsage,
    /// Surely less should be billed; something is used.
    Overbilled,
    /// Surely less should be billed; nothing is used.
    BilledWithoutUsage,
    /// Used, and the client has no live agreement: cost, in no billing total.
    EndedAgreementInUse,
    /// Used, on a line that ends before the next closing.
    AgreementEnding,
    /// What is billed lies within the ends, which differ.
    NotReconciled,
    /// A line of a product that no rule names.
    UncountedLine,
    /// By rule only the line's standing matters.
    Flat,
    /// By rule not compared.
    Ignored,
    /// Usage without a line, which the rule only lists.
    Listed,
    /// The MSP's own.
    Internal,
}

impl RowKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Agrees,
        Self::LeftAlone,
        Self::Underbilled,
        Self::UnbilledUsage,
        Self::Overbilled,
        Self::BilledWithoutUsage,
        Self::EndedAgreementInUse,
        Self::AgreementEnding,
        Self::NotReconciled,
        Self::UncountedLine,
        Self::Flat,
        Self::Ignored,
        Self::Listed,
        Self::Internal,
    ];

    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::LeftAlone => "left_alone",
            Self::Underbilled => "underbilled",
            Self::UnbilledUsage => "unbilled_usage",
            Self::Overbilled => "overbilled",
            Self::BilledWithoutUsage => "billed_without_usage",
            Self::EndedAgreementInUse => "ended_agreement_in_use",
            Self::AgreementEnding => "agreement_ending",
            Self::NotReconciled => "not_reconciled",
            Self::UncountedLine => "uncounted_line",
            Self::Flat => "flat",
            Self::Ignored => "ignored",
            Self::Listed => "listed",
            Self::Internal => "internal",
        }
    }

    /// Whether somebody should act on it. What is not reconciled is not known, and is told apart.
    #[must_use]
    pub const fn is_acted_on(self) -> bool {
        match self {
            Self::Underbilled
            | Self::UnbilledUsage
            | Self::Overbilled
            | Self::BilledWithoutUsage
            | Self::EndedAgreementInUse
            | Self::AgreementEnding
            | Self::UncountedLine => true,
            Self::Agrees
            | Self::LeftAlone
            | Self::NotReconciled
            | Self::Flat
            | Self::Ignored
            | Self::Listed
            | Self::Internal => false,
        }
    }

    /// Whether what is billed stands beside what is used, and the difference, if any, is sure.
    #[must_use]
    pub const fn is_compared(self) -> bool {
        self.changes_a_bill() || matches!(self, Self::Agrees | Self::LeftAlone)
    }

    /// Whether it says that surely more or less should be billed.
    #[must_use]
    pub const fn changes_a_bill(self) -> bool {
        matches!(self, Self::Underbilled | Self::UnbilledUsage | Self::Overbilled | Self::BilledWithoutUsage)
    }
}

/// Money that is at stake while something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtStake {
    /// So much a month, never negative.
    Known(Decimal),
    /// Nobody knows.
    Unknown,
}

/// When a change is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoicedWhen {
    /// On the invoices of this run.
    ThisRun,
    /// Later.
    Later,
}

/// One row of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// What it says.
    pub kind: RowKind,
    /// The service's code; of an uncounted line, its product.
    pub service: ProductCode,
    /// The section of the rules by which this agreement is compared by itself.
    pub section: Option<String>,
    /// Units that are billed.
    pub billed: Decimal,
    /// What a comparison found; `None`: nothing was compared.
    pub compared: Option<ComparedUnits>,
    /// What it is worth; `None`: nothing was compared.
    pub value: Option<RowValue>,
    /// What somebody should look at before acting on it.
    pub doubts: Vec<Doubt>,
    /// Why the ends differ.
    pub widenings: Vec<Widening>,
    /// The services that it lives inside at the client.
    pub outer: Vec<OuterService>,
    /// Why a difference is left alone; `None`: there is none, or it is not.
    pub left_alone: Option<LeftAloneReason>,
    /// Why nothing of it could be computed; `None`: it was.
    pub fault: Option<RowFault>,
}

/// Why a difference is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum LeftAloneReason {
    /// The rule's tolerance is so many units.
    Tolerance {
        /// Units.
        units: Decimal,
    },
    /// A line, or a row of one, that begins later covers it.
    TypedFrom {
        /// The day on which it begins.
        day: Date,
    },
    /// What is used above what is billed was probably replaced.
    Replaced {
        /// Units.
        units: Decimal,
        /// From when on the first of them is left out, if it is not seen again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Date>,
    },
    /// By rule the client does not buy it.
    NotSold {
        /// Why, as written; empty where the rules give none.
        why: String,
        /// When that is to be looked at again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        review: Option<Date>,
    },
}

/// Why a row could not be computed: nothing about one client stops another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFault {
    /// A number needs more than 28 digits.
    TooManyDigits,
    /// The parts of its ledger do not add up: a fault of this program.
    BrokenLedger,
}

/// Units of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedUnits {
    /// The least that should be billed.
    pub at_least: Decimal,
    /// The most; `None`: nobody knows.
    pub at_most: Option<Decimal>,
    /// The day on which most counted, of the end that the row is about, else of the lower; `None`: no peak is counted.
    pub peak_on: Option<Date>,
    /// The figures of the end that the row is about; `None`: only the ends are known.
    pub figures: Option<RowFigures>,
}

/// The figures of one end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFigures {
    /// Units that count; `None`: no source that counts them could be used.
    pub counted: Option<Decimal>,
    /// Units looked at, and what lies between them and `should_bill`; `None` where only a part of it is told.
    pub ledger: Option<RowLedger>,
    /// Units that should be billed.
    pub should_bill: Decimal,
    /// `should_bill` less what is billed.
    pub variance: Decimal,
    /// Of that, what is to be changed; `None`: it is only told.
    pub to_correct: Option<Decimal>,
    /// Of that, what is left alone; `None`: it is only told.
    pub left_alone: Option<Decimal>,
}

impl RowFigures {
    /// Whether the parts add up: what is looked at to what should be billed, that less what is billed to the variance,
    /// and the variance to what is corrected and left alone.
    pub(crate) fn adds_up(&self, billed: Decimal) -> bool {
        let ledger = self.ledger.as_ref().is_none_or(|ledger| {
            let sum = ledger.explained.values().try_fold(ledger.gross, |sum, units| sum.checked_add(*units));
            sum == Some(self.should_bill)
        });
        let variance = self.should_bill.checked_sub(billed) == Some(self.variance);
        let parts = self.to_correct.zip(self.left_alone).map(|(one, other)| one.checked_add(other));
        ledger && variance && parts.is_none_or(|sum| sum == Some(self.variance))
    }
}

/// How what should be billed comes from what is looked at: `gross` and the parts add up to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowLedger {
    /// Units looked at.
    pub gross: Decimal,
    /// Units by reason, signed.
    pub explained: BTreeMap<LedgerReason, Decimal>,
}

/// What a row is worth a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowValue {
    /// Of which currency; `None`: lines are in several, or billed to several.
    pub currency: Option<Currency>,
    /// What the change is worth, signed; `None`: not known, or there is no change.
    pub impact: Option<Decimal>,
    /// The price of one more a month; `None`: not known, or there is no change.
    pub unit_price: Option<Decimal>,
    /// Whether a price is a guess.
    pub is_estimated: bool,
    /// At stake upwards, and downwards; `None`: the row has none.
    pub stakes: Option<(AtStake, AtStake)>,
    /// When it is invoiced; `None`: nothing is to be invoiced.
    pub when: Option<InvoicedWhen>,
    /// The day of that invoice, where it is not the usual one.
    pub due: Option<Date>,
    /// What is to be changed, line by line.
    pub changes: Vec<LineChange>,
    /// What is used costs the MSP, by currency, where vendors tell it: of usage after the last agreement ended.
    pub cost: Vec<(Currency, Decimal)>,
}

/// A change of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// The line with its agreement; `None`: there is none yet.
    pub line: Option<(AgreementId, LineId)>,
    /// Its quantity now.
    pub from: Decimal,
    /// Its quantity afterwards.
    pub to: Decimal,
    /// What the change is worth a month, signed; `None`: not known.
    pub amount: Option<Decimal>,
    /// When it is invoiced.
    pub when: InvoicedWhen,
}

/// Recurring revenue a month, by what was done with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueCoverage {
    /// Compared.
    pub compared: Decimal,
    /// Between the ends of a count.
    pub not_reconciled: Decimal,
    /// Fixed amounts.
    pub flat: Decimal,
    /// Of products that no rule names.
    pub uncounted: Decimal,
    /// Left out on purpose.
    pub ignored: Decimal,
}

/// What a run adds up, of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTotals {
    /// To add on the invoices of this run.
    pub add: Decimal,
    /// To reduce there; positive.
    pub reduce: Decimal,
    /// To add later.
    pub later_add: Decimal,
    /// To reduce later; positive.
    pub later_reduce: Decimal,
    /// To add on the invoices of this run, at prices that are a guess.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub estimated_add: Decimal,
    /// To reduce there, at such prices; positive.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub estimated_reduce: Decimal,
    /// To add later, at such prices.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub estimated_later_add: Decimal,
    /// To reduce later, at such prices; positive.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub estimated_later_reduce: Decimal,
    /// What is used after the last agreement ended costs the MSP.
    pub clean_up: Decimal,
    /// At stake upwards, each undecided account once.
    pub not_reconciled_up: Decimal,
    /// At stake downwards.
    pub not_reconciled_down: Decimal,
}

/// What came of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOutcome {
    /// The client.
    pub client: ClientId,
    /// Its rows, by service.
    pub rows: Vec<OutcomeRow>,
    /// Its recurring revenue by currency.
    pub coverage: BTreeMap<Currency, RevenueCoverage>,
    /// The same by agreement.
    pub agreements: BTreeMap<(AgreementId, Currency), RevenueCoverage>,
}

/// Usage at a client whose agreement ended, and about as much billed too many at another: nobody moved its accounts.
/// One entry, in no total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedClient {
    /// The client whose agreement ended.
    pub from: ClientId,
    /// The client that is billed.
    pub to: ClientId,
    /// Of each service: what is used at the one, and what is billed too many at the other.
    pub services: Vec<(OutcomeRow, OutcomeRow)>,
}

/// What came of a run, beside the rows of its clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunOutcome {
    /// Clients that another has taken over; their rows are here, and not at the clients.
    pub moved: Vec<MovedClient>,
    /// Those rows, by client and place.
    pub(crate) moved_rows: BTreeSet<(usize, usize)>,
    /// How many rows there are of each kind.
    pub rows: BTreeMap<RowKind, u64>,
    /// Clients whose lines were not read completely, and of which no row is not reconciled.
    pub clients_untold: u64,
    /// Rows that could not be computed.
    pub faults: u64,
    /// Rows that change a bill and whose value is not known: they are in no total.
    pub unpriced: u64,
    /// Rows of which nobody knows what is at stake.
    pub unknown_stakes: u64,
    /// Accounts with usage that a rule takes, of which nobody decided whose they are; by their numbers.
    pub unmapped: Vec<usize>,
    /// Rows that probably have one cause.
    pub common_causes: Vec<CommonCauseRecord>,
    /// Totals by currency, of what nobody has set aside; one of which all are nothing is not there.
    pub totals: BTreeMap<Currency, RunTotals>,
    /// What people have set aside: it is in `rows`, and neither in `unpriced` nor in `totals`.
    pub set_aside: SetAside,
    /// Of a first comparison what probably comes of the setup: it is in `rows`, and neither in `unpriced` nor in `totals`.
    pub setup_rows: SetupRows,
    /// Recurring revenue by currency.
    pub coverage: BTreeMap<Currency, RevenueCoverage>,
    /// By account for which a client is proposed, what becomes of the client's rows if every proposal is confirmed. In nothing
    /// above.
    pub if_confirmed: BTreeMap<usize, ProposalEffect>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of which `wrong` is one unit off.
    fn figures(wrong: &str) -> (RowFigures, Decimal) {
        let said = |name: &str, units: i64| Decimal::from(units + i64::from(name == wrong));
        let explained =
            BTreeMap::from([(LedgerReason::Stale, said("stale", -2)), (LedgerReason::Included, said("included", -5))]);
        let figures = RowFigures {
            counted: Some(Decimal::from(26)),
            ledger: Some(RowLedger { gross: said("gross", 28), explained }),
            should_bill: Decimal::from(21),
            variance: said("variance", 4),
            to_correct: Some(said("to correct", 3)),
            left_alone: Some(said("left alone", 1)),
        };
        (figures, said("billed", 17))
    }

    #[test]
    fn figures_that_do_not_add_up_are_found() {
        let adds_up = |wrong: &str| {
            let (figures, billed) = figures(wrong);
            figures.adds_up(billed)
        };
        assert!(adds_up(""));
        for wrong in ["stale", "included", "gross", "variance", "to correct", "left alone", "billed"] {
            assert!(!adds_up(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_only_told_is_not_added_up() {
        let (mut figures, billed) = figures("gross");
        (figures.ledger, figures.to_correct) = (None, None);
        assert!(figures.adds_up(billed));
    }
}
