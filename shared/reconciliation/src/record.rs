//! The outcome of a run as a stream of records: what a report, a history or a screen reads, one client at a time, with
//! every name that it needs. Numbers are text, so that no reader makes floats of them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AgreementId, BillingMonth, ClientId, Currency, LineId, ProductCode, SourceId};

use crate::actions::{RowAction, SetAside};
use crate::agreement_revenue::AgreementRevenue;
use crate::baseline::{BaselineState, SetupRows};
use crate::common_cause::CommonCauseRecord;
use crate::evidence::LedgerReason;
use crate::evidence_record::{AccountRecord, DoubtRecord, WideningRecord};
use crate::history::{ClosedException, ClosingFigures, EarlierException, ItemsMoved, RowHistory};
use crate::if_confirmed::IfConfirmed;
use crate::item_record::ItemRecord;
use crate::line_record::LineRecord;
use crate::long_number::LongNumber;
use crate::outcome::{
    AtStake, InvoicedWhen, LeftAloneReason, LineChange, OutcomeRow, RevenueCoverage, RowFault, RowKind, RunTotals,
};
use crate::outer::OuterService;
use crate::report_weights::{AmountPlace, ReportWeights};
use crate::scope::ScopeRecord;
use crate::source_record::{LinesReadWord, SourceRecord};

/// The format of the records. Fields are added; none changes its meaning.
pub const RECORD_FORMAT: u32 = 1;

/// One client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// [`RECORD_FORMAT`].
    pub format: u32,
    /// The PSA's id.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// How far its lines were read.
    #[serde(default, skip_serializing_if = "LinesReadWord::is_complete")]
    pub lines_read: LinesReadWord,
    /// Its rows, by service.
    pub rows: Vec<RowRecord>,
    /// Its recurring revenue a month, by currency.
    pub coverage: BTreeMap<Currency, RevenueCoverage>,
    /// The same by agreement, in order of their ids and currencies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<AgreementRevenue>,
    /// Exceptions of earlier closings that are surely gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<ClosedException>,
    /// Those of which nobody knows whether they still stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_known: Vec<EarlierException>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(crate) const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a run adds up beside its clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortfolioRecord {
    /// [`RECORD_FORMAT`].
    pub format: u32,
    /// The currency that is told first.
    pub home_currency: Currency,
    /// What the settings say of what weighs how much in a report.
    #[serde(default, skip_serializing_if = "ReportWeights::is_default")]
    pub weights: ReportWeights,
    /// The month of the closing whose history is gone on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_closing: Option<BillingMonth>,
    /// Where the run stands to the exceptions that the MSP accepted as its starting point; `None`: nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineState>,
    /// What of all there is was looked at; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeRecord>,
    /// How many rows there are of each kind, all clients together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<RowKind, u64>,
    /// Rows that could not be computed: numbers with too many digits, or a fault of this program.
    #[serde(default)]
    pub faults: u64,
    /// Rows that change a bill, and are in no total: no price is known, or there are several currencies.
    #[serde(default)]
    pub unpriced: u64,
    /// Rows that have something at stake, nobody knows how much.
    #[serde(default)]
    pub unknown_stakes: u64,
    /// Clients whose lines were not read completely.
    #[serde(default)]
    pub clients_incomplete: u64,
    /// Those of them of which no row is not reconciled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clients_untold: u64,
    /// The sources of usage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceRecord>,
    /// Clients that another has taken over.
    pub moved: Vec<MovedRecord>,
    /// Rows that probably have one cause. Each is in its client's record, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common_causes: Vec<CommonCauseRecord>,
    /// Accounts with usage that nobody decided.
    pub unmapped: Vec<AccountRecord>,
    /// Totals by currency, of what nobody has set aside.
    pub totals: BTreeMap<Currency, RunTotals>,
    /// What people have set aside: it is in `rows`, and neither in `unpriced` nor in `totals`.
    #[serde(default, skip_serializing_if = "SetAside::is_nothing")]
    pub set_aside: SetAside,
    /// Of a first comparison what probably comes of the setup: it is in `rows`, and neither in `unpriced` nor in `totals`.
    #[serde(default, skip_serializing_if = "SetupRows::is_nothing")]
    pub setup_rows: SetupRows,
    /// Recurring revenue a month, by currency.
    pub coverage: BTreeMap<Currency, RevenueCoverage>,
}

impl PortfolioRecord {
    /// That of a run without rows.
    #[must_use]
    pub fn empty(home_currency: Currency) -> Self {
        Self {
            format: RECORD_FORMAT,
            home_currency,
            weights: ReportWeights::default(),
            last_closing: None,
            baseline: None,
            scope: None,
            rows: BTreeMap::new(),
            faults: 0,
            unpriced: 0,
            unknown_stakes: 0,
            clients_incomplete: 0,
            clients_untold: 0,
            sources: Vec::new(),
            moved: Vec::new(),
            common_causes: Vec::new(),
            unmapped: Vec::new(),
            totals: BTreeMap::new(),
            set_aside: SetAside::default(),
            setup_rows: SetupRows::default(),
            coverage: BTreeMap::new(),
        }
    }

    /// Rows of which nobody knows whether they agree, and clients that were not read and of which no row says so.
    #[must_use]
    pub fn not_reconciled(&self) -> u64 {
        self.rows.get(&RowKind::NotReconciled).copied().unwrap_or_default().saturating_add(self.clients_untold)
    }

    /// About how much an amount is in the home currency; `None`: no rate is known.
    #[must_use]
    pub fn in_home_currency(&self, currency: Currency, amount: Decimal) -> Option<Decimal> {
        self.weights.in_home_currency(self.home_currency, currency, amount)
    }

    /// The place of an amount among others.
    #[must_use]
    pub fn place_of(&self, currency: Currency, amount: Decimal) -> AmountPlace {
        AmountPlace::of(&self.weights, self.home_currency, currency, amount)
    }
}

/// A client that another has taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedRecord {
    /// The client whose agreement ended.
    pub from_id: ClientId,
    /// Its name. Foreign text.
    pub from_name: String,
    /// The client that is billed.
    pub to_id: ClientId,
    /// Its name. Foreign text.
    pub to_name: String,
    /// Of each service: what is used at the one, and what is billed too many at the other.
    pub services: Vec<(RowRecord, RowRecord)>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRecord {
    /// What it says.
    pub kind: RowKind,
    /// The service's code; of an uncounted line, its product.
    pub service: ProductCode,
    /// The section of the rules by which this agreement is compared by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Why nothing of it could be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<RowFault>,
    /// Lines that stand, and those that end before the next closing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineRecord>,
    /// Units that are billed.
    pub billed: Decimal,
    /// The least that should be billed; `None`: nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The most; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
    /// Units that count, of the end that the row is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Decimal>,
    /// The day of the month on which most counted, of the end that the row is about; `None`: the count day's units count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_on: Option<Date>,
    /// Units looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_gross: Option<Decimal>,
    /// An item is left out when it was not seen for so many days; `None`: never, or not all alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_days: Option<u32>,
    /// The last day on which no fewer can be billed than somebody is committed to; `None`: it has no end, or nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_until: Option<Date>,
    /// How many units are a pack, where the figures are of packs; `None`: they are of units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<Decimal>,
    /// What lies between `counted_gross` and `should_bill`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub explained: BTreeMap<LedgerReason, Decimal>,
    /// Units that should be billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_bill: Option<Decimal>,
    /// `should_bill` less `billed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<Decimal>,
    /// Of that, what is to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_correct: Option<Decimal>,
    /// Of that, what is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_alone: Option<Decimal>,
    /// Why that is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_alone_because: Option<LeftAloneReason>,
    /// The number with the most digits, of a row with too many to be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_number: Option<LongNumber>,
    /// The price of one more a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Decimal>,
    /// Of which currency the row's money is; `None`: of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// What the change is worth a month, signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Decimal>,
    /// Whether a price is a guess.
    pub is_estimated: bool,
    /// At stake upwards while something is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stake_up: Option<AtStake>,
    /// At stake downwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stake_down: Option<AtStake>,
    /// What usage after the last agreement ended costs, by currency.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cost: BTreeMap<Currency, Decimal>,
    /// When it is invoiced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoiced: Option<InvoicedWhen>,
    /// The day of that invoice, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// The next invoice date of the newest line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_invoice_date: Option<Date>,
    /// First and last day of what the next invoice pays for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_period: Option<(Date, Date)>,
    /// What is to be changed, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeRecord>,
    /// What somebody should look at before acting on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<DoubtRecord>,
    /// Why the ends differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widenings: Vec<WideningRecord>,
    /// The services that it lives inside at the client: they cover it, or grant units of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outer: Vec<OuterService>,
    /// The sources that count it, with the day on which each did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<CountedOn>,
    /// What became of each item that the service looks at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemRecord>,
    /// What earlier closings found of it; of a row that is not reconciled, what is open of its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<RowHistory>,
    /// What was decided about it; `None`: nothing, or it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RowAction>,
    /// Which items came and went since an earlier closing; `None`: none did, or none was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_moved: Option<ItemsMoved>,
    /// What the last closings before counted and billed of the service, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_closings: Vec<ClosingFigures>,
    /// What it would say if every mapping that is proposed were confirmed; `None`: the same, or nothing is proposed on which it
    /// hangs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_confirmed: Option<Box<IfConfirmed>>,
}

/// A change of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// The line; `None`: there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<LineId>,
    /// Its agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement_id: Option<AgreementId>,
    /// Its quantity now.
    pub from: Decimal,
    /// Its quantity afterwards.
    pub to: Decimal,
    /// What the change is worth a month, signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Decimal>,
    /// When it is invoiced.
    pub invoiced: InvoicedWhen,
}

/// A source, and the day of its snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedOn {
    /// The source.
    pub source: SourceId,
    /// The day.
    pub day: Date,
}

impl RowRecord {
    /// A row of which only its kind and service are known.
    #[must_use]
    pub fn empty(kind: RowKind, service: ProductCode) -> Self {
        Self {
            kind,
            service,
            section: None,
            fault: None,
            lines: Vec::new(),
            billed: Decimal::ZERO,
            at_least: None,
            at_most: None,
            counted: None,
            peak_on: None,
            counted_gross: None,
            stale_days: None,
            committed_until: None,
            pack: None,
            explained: BTreeMap::new(),
            should_bill: None,
            variance: None,
            to_correct: None,
            left_alone: None,
            left_alone_because: None,
            longest_number: None,
            unit_price: None,
            currency: None,
            monthly_impact: None,
            is_estimated: false,
            stake_up: None,
            stake_down: None,
            cost: BTreeMap::new(),
            invoiced: None,
            due: None,
            next_invoice_date: None,
            service_period: None,
            changes: Vec::new(),
            doubts: Vec::new(),
            widenings: Vec::new(),
            outer: Vec::new(),
            sources: Vec::new(),
            items: Vec::new(),
            history: None,
            action: None,
            items_moved: None,
            last_closings: Vec::new(),
            if_confirmed: None,
        }
    }
}

/// Puts the figures of a row into its record.
pub(crate) fn with_figures(mut record: RowRecord, row: &OutcomeRow) -> RowRecord {
    if let Some(compared) = &row.compared {
        record.at_least = Some(compared.at_least);
        record.at_most = compared.at_most;
        record.peak_on = compared.peak_on;
        if let Some(figures) = &compared.figures {
            record.counted = figures.counted;
            record.should_bill = Some(figures.should_bill);
            record.variance = Some(figures.variance);
            record.to_correct = figures.to_correct;
            record.left_alone = figures.left_alone;
            if let Some(ledger) = &figures.ledger {
                record.counted_gross = figures.counted.map(|_| ledger.gross);
                record.explained.clone_from(&ledger.explained);
            }
        }
    }
    if let Some(value) = &row.value {
        record.currency = value.currency;
        record.monthly_impact = value.impact;
        record.is_estimated = value.is_estimated;
        (record.stake_up, record.stake_down) = value.stakes.unzip();
        record.cost = value.cost.iter().copied().collect();
        record.invoiced = value.when;
        record.due = value.due;
        record.changes = value.changes.iter().map(change).collect();
    }
    record
}

fn change(change: &LineChange) -> ChangeRecord {
    let (agreement_id, line_id) = change.line.clone().unzip();
    ChangeRecord {
        line_id,
        agreement_id,
        from: change.from,
        to: change.to,
        monthly_impact: change.amount,
        invoiced: change.when,
    }
}
