//! What a run's inputs are called in its records: sources, accounts, items, and what is doubtful about them.

use jiff::tz::Offset;
use truecount_billing::{AccountList, SourceId};

use crate::columns::ItemNo;
use crate::context::RunContext;
use crate::evidence::{Doubt, ItemFate, Widening};
use crate::evidence_record::{AccountRecord, DoubtRecord, NamedItem, WideningRecord};
use crate::item_record::{ItemFateWord, ItemRecord};
use crate::line_record::line_record;
use crate::outcome::OutcomeRow;
use crate::reconcile_client::RowDetail;
use crate::record::{CountedOn, RowRecord, with_figures};
use crate::run_index::RunIndex;
use crate::run_inputs::RunInputs;
use crate::two_clients::clients_of;

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
            Doubt::NotSinceClosing { source, synced_on, closing } => {
                DoubtRecord::NotSinceClosing { source: self.source(*source), synced_on: *synced_on, closing: *closing }
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

    /// Why the ends of a row differ.
    pub(crate) fn widenings(&self, row: &OutcomeRow) -> Vec<WideningRecord> {
        row.widenings.iter().map(|widening| self.widening(widening)).collect()
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
            widenings: self.widenings(row),
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
        let of_account = self.index.account_of(item)?;
        let account = &self.inputs.accounts[of_account];
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
            is_unassigned: clients_of(self.inputs, self.index, of_account, item).is_empty(),
        })
    }
}
