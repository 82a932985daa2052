//! The outcome of a run as a stream of records: what a report, a history or a screen reads, one client at a time, with
//! every name that it needs. Numbers are text, so that no reader makes floats of them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::Offset;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountList, AgreementId, BillingMonth, ClientId, Currency, LineId, ProductCode, SourceId};

use crate::actions::{RowAction, SetAside};
use crate::columns::ItemNo;
use crate::common_cause::CommonCauseRecord;
use crate::context::RunContext;
use crate::evidence::{Doubt, ItemFate, LedgerReason, Widening};
use crate::evidence_record::{AccountRecord, DoubtRecord, NamedItem, WideningRecord};
use crate::history::{ClosedException, EarlierException, ItemsMoved, RowHistory};
use crate::item_record::{ItemFateWord, ItemRecord};
use crate::line_record::{LineRecord, line_record};
use crate::long_number::LongNumber;
use crate::outcome::{
    AtStake, InvoicedWhen, LeftAloneReason, LineChange, OutcomeRow, RevenueCoverage, RowFault, RowKind, RunTotals,
};
use crate::outer::OuterService;
use crate::reconcile_client::RowDetail;
use crate::report_weights::{AmountPlace, ReportWeights};
use crate::run_index::RunIndex;
use crate::run_inputs::RunInputs;
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
    /// Exceptions of earlier closings that are surely gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<ClosedException>,
    /// Those of which nobody knows whether they still stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_known: Vec<EarlierException>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u64) -> bool {
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

/// Gives the things of a run's inputs their names.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) index: &'a RunIndex,
}

impl Names<'_> {
    fn source(&self, source: usize) -> SourceId {
        self.inputs.sources[source].id.clone()
    }

    fn is_file(&self, source: usize) -> bool {
        self.inputs.sources[source].list == AccountList::Exported
    }

    pub(crate) fn account(&self, account: usize) -> AccountRecord {
        let account = &self.inputs.accounts[account];
        let (account_id, account_name) = (account.id.clone(), account.name.clone());
        let in_file = self.is_file(account.source);
        AccountRecord { source: self.source(account.source), account_id, account_name, in_file }
    }

    pub(crate) fn item(&self, item: ItemNo) -> NamedItem {
        let items = &self.inputs.items;
        let source = self.index.account_of(item).map(|account| self.inputs.accounts[account].source);
        let in_file = source.is_some_and(|source| self.is_file(source));
        NamedItem { item_id: items.id(item).to_owned(), name: items.name(item).map(str::to_owned), in_file }
    }

    fn doubt(&self, doubt: &Doubt) -> DoubtRecord {
        match doubt {
            Doubt::ListPrice => DoubtRecord::ListPrice,
            Doubt::PriceOfEndedLine => DoubtRecord::PriceOfEndedLine,
            Doubt::CataloguePrice => DoubtRecord::CataloguePrice,
            Doubt::UsualPrice => DoubtRecord::UsualPrice,
            Doubt::NoAccount { source } => DoubtRecord::NoAccount { source: self.source(*source) },
            Doubt::AccountGone { account, since } => {
                DoubtRecord::AccountGone { account: self.account(*account), since: *since }
            }
            Doubt::UndecidedCouldFill { source, accounts } => {
                DoubtRecord::UndecidedCouldFill { source: self.source(*source), accounts: *accounts }
            }
            Doubt::FirstMonthWithoutAny { source, kind } => {
                DoubtRecord::FirstMonthWithoutAny { source: self.source(*source), kind: kind.clone() }
            }
            Doubt::OlderReading { source, synced_on, failed_on } => {
                DoubtRecord::OlderReading { source: self.source(*source), synced_on: *synced_on, failed_on: *failed_on }
            }
            Doubt::EarlierReading { account, as_of } => {
                DoubtRecord::EarlierReading { account: self.account(*account), as_of: *as_of }
            }
            Doubt::GapFilled { source, days } => {
                DoubtRecord::GapFilled { source: self.source(*source), days: days.clone() }
            }
            Doubt::FactMissing { items } => DoubtRecord::FactMissing { items: *items },
            Doubt::SeenElsewhere { item, at } => {
                DoubtRecord::SeenElsewhere { item: self.item(*item), at: self.sightings(at) }
            }
            Doubt::AgreementEnded => DoubtRecord::AgreementEnded,
            Doubt::OneTimeBilled => DoubtRecord::OneTimeBilled,
            Doubt::AgreementTypesDiffer => DoubtRecord::AgreementTypesDiffer,
            Doubt::NotSoldAndBilled => DoubtRecord::NotSoldAndBilled,
            Doubt::NotSoldReviewDue { why, review } => {
                DoubtRecord::NotSoldReviewDue { why: why.clone(), review: *review }
            }
            Doubt::SeveralPrices => DoubtRecord::SeveralPrices,
            Doubt::IncludedTwice => DoubtRecord::IncludedTwice,
            Doubt::ProductSuperseded { lines } => DoubtRecord::ProductSuperseded { lines: lines.clone() },
            Doubt::CreditsAmongLines { lines } => DoubtRecord::CreditsAmongLines { lines: lines.clone() },
        }
    }

    fn widening(&self, widening: &Widening) -> WideningRecord {
        match widening {
            Widening::SourceNotRead { source } => WideningRecord::SourceNotRead { source: self.source(*source) },
            Widening::SourceTooOld { source, synced_on } => {
                WideningRecord::SourceTooOld { source: self.source(*source), synced_on: *synced_on }
            }
            Widening::NoAccountByGrant { source } => WideningRecord::NoAccountByGrant { source: self.source(*source) },
            Widening::NoAccountInFile { source } => WideningRecord::NoAccountInFile { source: self.source(*source) },
            Widening::AccountFailed { account } => WideningRecord::AccountFailed { account: self.account(*account) },
            Widening::AccountPartial { account } => WideningRecord::AccountPartial { account: self.account(*account) },
            Widening::AccountDoubtful { account } => {
                WideningRecord::AccountDoubtful { account: self.account(*account) }
            }
            Widening::AccountFell { account } => WideningRecord::AccountFell { account: self.account(*account) },
            Widening::AccountGone { account } => WideningRecord::AccountGone { account: self.account(*account) },
            Widening::AccountUndecided { account } => {
                WideningRecord::AccountUndecided { account: self.account(*account) }
            }
            Widening::AnyUndecided { source, accounts } => {
                WideningRecord::AnyUndecided { source: self.source(*source), accounts: *accounts }
            }
            Widening::ItemNotSplit { item } => WideningRecord::ItemNotSplit { item: self.item(*item) },
            Widening::ItemUnknown { item } => WideningRecord::ItemUnknown {
                item: self.item(*item),
                word: self.inputs.items.unknown_state(*item).map(str::to_owned),
            },
            Widening::SeenElsewhere { item, at } => {
                WideningRecord::SeenElsewhere { item: self.item(*item), at: self.sightings(at) }
            }
            Widening::Replaced { item, by, stale_on } => {
                WideningRecord::Replaced { item: self.item(*item), by: self.item(*by), stale_on: *stale_on }
            }
            Widening::BoughtTwice { sku, sources } => WideningRecord::BoughtTwice {
                sku: sku.clone(),
                sources: sources.iter().map(|source| self.source(*source)).collect(),
            },
            Widening::QuantityUnsaid { item } => WideningRecord::QuantityUnsaid { item: self.item(*item) },
            Widening::QuantityNegative { item } => WideningRecord::QuantityNegative {
                item: self.item(*item),
                said: self.inputs.items.units_said(*item).unwrap_or_default(),
            },
            Widening::HolderUntaken { item } => WideningRecord::HolderUntaken { item: self.item(*item) },
            Widening::CoverNotSure { service } => WideningRecord::CoverNotSure { service: service.clone() },
            Widening::GrantNotSure { service } => WideningRecord::GrantNotSure { service: service.clone() },
            Widening::DaysUnread { account, from, to } => {
                WideningRecord::DaysUnread { account: self.account(*account), from: *from, to: *to }
            }
            Widening::ChangedUnread { account, from, to } => {
                WideningRecord::ChangedUnread { account: self.account(*account), from: *from, to: *to }
            }
            Widening::WordNeverSeen { source, kind, word } => {
                let (attribute, word) = word.clone().unzip();
                WideningRecord::WordNeverSeen { source: self.source(*source), kind: kind.clone(), attribute, word }
            }
            Widening::UnwantedNeverSeen { source, kind, attribute, word } => WideningRecord::UnwantedNeverSeen {
                source: self.source(*source),
                kind: kind.clone(),
                attribute: attribute.clone(),
                word: word.clone(),
            },
        }
    }

    /// A row with what stands behind it.
    pub(crate) fn row(&self, row: &OutcomeRow, detail: &RowDetail<'_>, context: &RunContext) -> RowRecord {
        let record = RowRecord {
            section: row.section.clone(),
            fault: row.fault,
            left_alone_because: row.left_alone.clone(),
            longest_number: detail.longest.map(|longest| longest.named(self)),
            lines: detail.lines.iter().map(|line| line_record(line, context)).collect(),
            billed: row.billed,
            stale_days: detail.stale_days,
            committed_until: detail.committed_until,
            pack: detail.pack,
            unit_price: detail.unit_price,
            next_invoice_date: detail.next_invoice,
            service_period: detail.service_period,
            doubts: row.doubts.iter().map(|doubt| self.doubt(doubt)).collect(),
            widenings: row.widenings.iter().map(|widening| self.widening(widening)).collect(),
            outer: row.outer.clone(),
            sources: detail.sources.iter().map(|source| self.counted_on(*source, row)).collect(),
            items: detail.items.iter().filter_map(|(item, fate)| self.item_record(*item, *fate)).collect(),
            ..RowRecord::empty(row.kind, row.service.clone())
        };
        with_figures(record, row)
    }

    fn counted_on(&self, source: usize, row: &OutcomeRow) -> CountedOn {
        let peak_on = row.compared.as_ref().and_then(|compared| compared.peak_on);
        let synced_on = self.inputs.sources[source].synced_on;
        CountedOn { source: self.source(source), day: peak_on.map_or(synced_on, |day| day.min(synced_on)) }
    }

    fn item_record(&self, item: ItemNo, fate: ItemFate) -> Option<ItemRecord> {
        let items = &self.inputs.items;
        let account = &self.inputs.accounts[self.index.account_of(item)?];
        let source = &self.inputs.sources[account.source];
        let (fate, reason) = ItemFateWord::of(fate);
        Some(ItemRecord {
            source: source.id.clone(),
            account_id: account.id.clone(),
            item_id: items.id(item).to_owned(),
            name: items.name(item).map(str::to_owned),
            kind: items.kind(item).map(|kind| source.kinds[kind].name.clone()),
            units: items.units_said(item),
            first_seen: items.first_seen(item).map(|moment| Offset::UTC.to_datetime(moment).date()),
            fate,
            reason,
        })
    }
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
