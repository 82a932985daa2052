//! Doubts and widenings of a record, by names.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, BillingMonth, LineId, ProductCode, SourceId};

use crate::sighting_record::SightingRecord;

/// An account of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The source.
    pub source: SourceId,
    /// The vendor's id.
    pub account_id: AccountId,
    /// As the vendor shows it. Foreign text.
    pub account_name: String,
    /// Whether its source is a file, and no vendor that answers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub in_file: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What somebody should look at before acting on a row, by names. Each means what it means in [`Doubt`](crate::Doubt).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each means what it means in `Doubt`")]
pub enum DoubtRecord {
    ListPrice,
    PriceOfEndedLine,
    CataloguePrice,
    UsualPrice,
    NoAccount { source: SourceId },
    AccountGone { account: AccountRecord, since: Date },
    UndecidedCouldFill { source: SourceId, accounts: usize },
    FirstMonthWithoutAny { source: SourceId, kind: String },
    OlderReading { source: SourceId, synced_on: Date, failed_on: Date },
    NotSinceClosing { source: SourceId, synced_on: Date, closing: BillingMonth },
    EarlierReading { account: AccountRecord, as_of: Date },
    GapFilled { source: SourceId, days: Vec<Date> },
    FactMissing { items: usize },
    SeenElsewhere { item: NamedItem, at: Vec<SightingRecord> },
    AgreementEnded,
    OneTimeBilled,
    AgreementTypesDiffer,
    NotSoldAndBilled,
    NotSoldReviewDue { why: String, review: Date },
    SeveralPrices,
    IncludedTwice,
    ProductSuperseded { lines: Vec<LineId> },
    CreditsAmongLines { lines: Vec<LineId> },
}

impl DoubtRecord {
    /// The word in files.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ListPrice => "list_price",
            Self::PriceOfEndedLine => "price_of_ended_line",
            Self::CataloguePrice => "catalogue_price",
            Self::UsualPrice => "usual_price",
            Self::NoAccount { .. } => "no_account",
            Self::AccountGone { .. } => "account_gone",
            Self::UndecidedCouldFill { .. } => "undecided_could_fill",
            Self::FirstMonthWithoutAny { .. } => "first_month_without_any",
            Self::OlderReading { .. } => "older_reading",
            Self::NotSinceClosing { .. } => "not_since_closing",
            Self::EarlierReading { .. } => "earlier_reading",
            Self::GapFilled { .. } => "gap_filled",
            Self::FactMissing { .. } => "fact_missing",
            Self::SeenElsewhere { .. } => "seen_elsewhere",
            Self::AgreementEnded => "agreement_ended",
            Self::OneTimeBilled => "one_time_billed",
            Self::AgreementTypesDiffer => "agreement_types_differ",
            Self::NotSoldAndBilled => "not_sold_and_billed",
            Self::NotSoldReviewDue { .. } => "not_sold_review_due",
            Self::SeveralPrices => "several_prices",
            Self::IncludedTwice => "included_twice",
            Self::ProductSuperseded { .. } => "product_superseded",
            Self::CreditsAmongLines { .. } => "credits_among_lines",
        }
    }
}

/// Why ends differ, by names. Each means what it means in [`Widening`](crate::Widening).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each means what it means in `Widening`")]
pub enum WideningRecord {
    SourceNotRead { source: SourceId },
    SourceTooOld { source: SourceId, synced_on: Date },
    NoAccountByGrant { source: SourceId },
    NoAccountInFile { source: SourceId },
    AccountFailed { account: AccountRecord },
    AccountPartial { account: AccountRecord },
    AccountDoubtful { account: AccountRecord },
    AccountFell { account: AccountRecord },
    AccountGone { account: AccountRecord },
    AccountUndecided { account: AccountRecord },
    AnyUndecided { source: SourceId, accounts: usize },
    ItemNotSplit { item: NamedItem },
    ItemUnknown { item: NamedItem, word: Option<String> },
    SeenElsewhere { item: NamedItem, at: Vec<SightingRecord> },
    Replaced { item: NamedItem, by: NamedItem, stale_on: Option<Date> },
    BoughtTwice { sku: String, sources: Vec<SourceId> },
    QuantityUnsaid { item: NamedItem },
    QuantityNegative { item: NamedItem, said: Decimal },
    HolderUntaken { item: NamedItem },
    CoverNotSure { service: ProductCode },
    GrantNotSure { service: ProductCode },
    DaysUnread { account: AccountRecord, from: Date, to: Date },
    ChangedUnread { account: AccountRecord, from: Date, to: Date },
    WordNeverSeen { source: SourceId, kind: String, attribute: Option<String>, word: Option<String> },
    UnwantedNeverSeen { source: SourceId, kind: String, attribute: String, word: String },
}

impl WideningRecord {
    /// The one of a row's widenings to settle first: an account that may be the client's before the access to others.
    #[must_use]
    pub fn first_to_settle(widenings: &[Self]) -> Option<&Self> {
        let first = widenings.first()?;
        let (Self::NoAccountByGrant { source } | Self::NoAccountInFile { source }) = first else {
            return Some(first);
        };
        let is_of_source =
            |other: &&Self| matches!(other, Self::AccountUndecided { account } if account.source == *source);
        widenings.iter().find(is_of_source).or(Some(first))
    }

    /// The word in files.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SourceNotRead { .. } => "source_not_read",
            Self::SourceTooOld { .. } => "source_too_old",
            Self::NoAccountByGrant { .. } => "no_account_by_grant",
            Self::NoAccountInFile { .. } => "no_account_in_file",
            Self::AccountFailed { .. } => "account_failed",
            Self::AccountPartial { .. } => "account_partial",
            Self::AccountDoubtful { .. } => "account_doubtful",
            Self::AccountFell { .. } => "account_fell",
            Self::AccountGone { .. } => "account_gone",
            Self::AccountUndecided { .. } => "account_undecided",
            Self::AnyUndecided { .. } => "any_undecided",
            Self::ItemNotSplit { .. } => "item_not_split",
            Self::ItemUnknown { .. } => "item_unknown",
            Self::SeenElsewhere { .. } => "seen_elsewhere",
            Self::Replaced { .. } => "replaced",
            Self::BoughtTwice { .. } => "bought_twice",
            Self::QuantityUnsaid { .. } => "quantity_unsaid",
            Self::QuantityNegative { .. } => "quantity_negative",
            Self::HolderUntaken { .. } => "holder_untaken",
            Self::CoverNotSure { .. } => "cover_not_sure",
            Self::GrantNotSure { .. } => "grant_not_sure",
            Self::DaysUnread { .. } => "days_unread",
            Self::ChangedUnread { .. } => "changed_unread",
            Self::WordNeverSeen { .. } => "word_never_seen",
            Self::UnwantedNeverSeen { .. } => "unwanted_never_seen",
        }
    }
}

/// An item as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedItem {
    /// The vendor's id of it.
    pub item_id: String,
    /// What a person calls it. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its source is a file, and no vendor that answers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub in_file: bool,
}
