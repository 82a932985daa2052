//! Why a count is what it is: reasons as data, never as sentences.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use truecount_billing::{BillingMonth, LeftOutReason, LineId, ProductCode};

use crate::columns::ItemNo;

/// What lies between the units that a service looks at and those that should be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerReason {
    /// An item does not count by its own state.
    State(LeftOutReason),
    /// An item is not in the usual state of its kind.
    Usual,
    /// An item is of a product that its source leaves out.
    Product,
    /// An item was not seen for too long.
    Stale,
    /// Another item is the same device or person, and newer.
    Duplicate,
    /// Another service of the group, which comes before in its order, takes an item.
    Group,
    /// No service of the group takes the holder of a paid licence.
    Untaken,
    /// An item of another part of the count is the same machine.
    Same,
    /// Another part of the count is larger.
    Smaller,
    /// A device was last seen before another was first seen: probably it was replaced.
    Replaced,
    /// Another source has as many of the product: moved there, or bought at both.
    BoughtTwice,
    /// By rule, what another source has was moved there.
    Moved,
    /// Nobody knows whether an item counts.
    Unknown,
    /// Another client has a device, too, and it may have been seen there last.
    Elsewhere,
    /// An item of an account that several clients share may be this client's.
    Split,
    /// An account fell, and nobody has confirmed that.
    Fell,
    /// An account that the source no longer lists may still be there.
    Gone,
    /// An account that nobody decided may be this client's.
    Undecided,
    /// Units live inside another service, however many.
    Covered,
    /// Each unit of an item stands for more, or less, than one.
    Factor,
    /// What is counted in one unit is billed in another.
    Unit,
    /// Units that another service brings.
    Granted,
    /// Units that the price of something else includes.
    Included,
    /// The least that is billed where a line stands.
    Minimum,
    /// What is missing to what somebody is committed to.
    Commitment,
    /// What is missing to whole packs, where packs are billed.
    Pack,
    /// What is missing to the multiple that is billed.
    RoundUp,
    /// A one-time line may have billed them.
    OneTime,
}

impl LedgerReason {
    /// All but those that an item's own state gives.
    const OF_ALL_ITEMS: &[Self] = &[
        Self::Usual,
        Self::Product,
        Self::Stale,
        Self::Duplicate,
        Self::Group,
        Self::Untaken,
        Self::Same,
        Self::Smaller,
        Self::Replaced,
        Self::BoughtTwice,
        Self::Moved,
        Self::Unknown,
        Self::Elsewhere,
        Self::Split,
        Self::Fell,
        Self::Gone,
        Self::Undecided,
        Self::Covered,
        Self::Factor,
        Self::Unit,
        Self::Granted,
        Self::Included,
        Self::Minimum,
        Self::Commitment,
        Self::Pack,
        Self::RoundUp,
        Self::OneTime,
    ];

    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State(reason) => reason.as_str(),
            Self::Usual => "usual",
            Self::Product => "product",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Group => "group",
            Self::Untaken => "untaken",
            Self::Same => "same",
            Self::Smaller => "smaller",
            Self::Replaced => "replaced",
            Self::BoughtTwice => "bought_twice",
            Self::Moved => "moved",
            Self::Unknown => "unknown",
            Self::Elsewhere => "elsewhere",
            Self::Split => "split",
            Self::Fell => "fell",
            Self::Gone => "gone",
            Self::Undecided => "undecided",
            Self::Covered => "covered",
            Self::Factor => "factor",
            Self::Unit => "unit",
            Self::Granted => "granted",
            Self::Included => "included",
            Self::Minimum => "minimum",
            Self::Commitment => "commitment",
            Self::Pack => "pack",
            Self::RoundUp => "round_up",
            Self::OneTime => "one_time",
        }
    }
}

impl fmt::Display for LedgerReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for LedgerReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for LedgerReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let own = Self::OF_ALL_ITEMS.iter().copied().find(|reason| reason.as_str() == word);
        let of_state = || LeftOutReason::ALL.into_iter().map(Self::State).find(|reason| reason.as_str() == word);
        own.or_else(of_state).ok_or_else(|| D::Error::custom(format_args!("`{word}` is no reason of a ledger")))
    }
}

/// What makes a count wider than one number. Sources and accounts by their numbers in the inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Widening {
    /// The source was not read: no upper end.
    SourceNotRead {
        /// The source.
        source: usize,
    },
    /// Its snapshot is too old: no upper end.
    SourceTooOld {
        /// The source.
        source: usize,
        /// The day of the snapshot.
        synced_on: Date,
    },
    /// The client has no account in a list that shows only what the credential may see: no upper end.
    NoAccountByGrant {
        /// The source.
        source: usize,
    },
    /// The client has no account in a file, which need not name all there is: no upper end.
    NoAccountInFile {
        /// The source.
        source: usize,
    },
    /// An account was not read, and there is no fresh earlier reading: no upper end.
    AccountFailed {
        /// The account.
        account: usize,
    },
    /// An account was read in part: no upper end.
    AccountPartial {
        /// The account.
        account: usize,
    },
    /// An account contradicts itself: no upper end.
    AccountDoubtful {
        /// The account.
        account: usize,
    },
    /// An account fell: from what it holds now to now and before together.
    AccountFell {
        /// The account.
        account: usize,
    },
    /// An account is no longer listed, and nobody has confirmed that, or another may be its successor.
    AccountGone {
        /// The account.
        account: usize,
    },
    /// An account that nobody decided may be this client's.
    AccountUndecided {
        /// The account.
        account: usize,
    },
    /// The client has no account in a list that shows all there is: any of the undecided ones may be its.
    AnyUndecided {
        /// The source.
        source: usize,
        /// How many undecided accounts it has.
        accounts: usize,
    },
    /// An item of a shared account that the split does not name may be this client's.
    ItemNotSplit {
        /// The item.
        item: ItemNo,
    },
    /// Nobody knows whether an item counts: a word that nobody has explained, or a fact that is missing.
    ItemUnknown {
        /// The item.
        item: ItemNo,
    },
    /// Another client has a device, too, and it may have been seen there last.
    SeenElsewhere {
        /// The device, at this client.
        item: ItemNo,
        /// The items that it is elsewhere.
        at: Vec<ItemNo>,
    },
    /// A device was last seen before another was first seen, and not since: probably it was replaced.
    Replaced {
        /// The one that was not seen since.
        item: ItemNo,
        /// The one that was seen then for the first time.
        by: ItemNo,
        /// From when on it is left out, if it is not seen again.
        stale_on: Option<Date>,
    },
    /// One product is bought at several sources that are added up: moved, or used at both?
    BoughtTwice {
        /// The product, in small letters.
        sku: String,
        /// The sources.
        sources: Vec<usize>,
    },
    /// The vendor did not say how many units an item stands for: no upper end.
    QuantityUnsaid {
        /// The item.
        item: ItemNo,
    },
    /// The vendor says that an item stands for less than nothing: no upper end.
    QuantityNegative {
        /// The item.
        item: ItemNo,
    },
    /// Somebody holds a paid licence, and no service of the group takes him.
    HolderUntaken {
        /// The item.
        item: ItemNo,
    },
    /// Whether another service, which covers this one, holds at the client.
    CoverNotSure {
        /// That service.
        service: ProductCode,
    },
    /// How many units another service brings.
    GrantNotSure {
        /// That service.
        service: ProductCode,
    },
    /// A kind, or a word of `where`, that the source never had: no upper end.
    WordNeverSeen {
        /// The source.
        source: usize,
        /// The kind of item.
        kind: String,
        /// The attribute and the word; `None`: the kind itself.
        word: Option<(String, String)>,
    },
    /// On more days in a row than can be told from those around them an account was not read: no upper end of its peak.
    DaysUnread {
        /// The account.
        account: usize,
        /// The first of these days.
        from: Date,
        /// The last.
        to: Date,
    },
    /// On a day or two an account was not read, and what it held before is not what it held afterwards.
    ChangedUnread {
        /// The account.
        account: usize,
        /// The first of these days.
        from: Date,
        /// The last.
        to: Date,
    },
    /// A word of `where_not` that the source never had: no lower end.
    UnwantedNeverSeen {
        /// The source.
        source: usize,
        /// The kind of item.
        kind: String,
        /// The attribute.
        attribute: String,
        /// The word.
        word: String,
    },
}

impl Widening {
    /// Whether an account was not read on too many days in a row.
    pub(crate) const fn is_of_unread_days(&self) -> bool {
        matches!(self, Self::DaysUnread { .. })
    }
}

/// What somebody should look at before acting on a row, though it does not change what is sure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The price is the rule's, not the client's own.
    ListPrice,
    /// The price is that of a line of the client that has ended.
    PriceOfEndedLine,
    /// The price is that of the PSA's catalogue, not the client's own.
    CataloguePrice,
    /// The price is what most other clients pay.
    UsualPrice,
    /// The client has no account in a source that lists all that there is, where lines stand: is the key restricted?
    NoAccount {
        /// The source.
        source: usize,
    },
    /// An account is no longer listed, which a second sync agreed with.
    AccountGone {
        /// The account.
        account: usize,
        /// Since when.
        since: Date,
    },
    /// Accounts that nobody decided, and that resemble no client, could together fill at least half of the gap.
    UndecidedCouldFill {
        /// The source.
        source: usize,
        /// How many.
        accounts: usize,
    },
    /// The source had such items before, and has none now.
    FirstMonthWithoutAny {
        /// The source.
        source: usize,
        /// The kind of item.
        kind: String,
    },
    /// A newer sync of the source failed, so that this one is older.
    OlderReading {
        /// The source.
        source: usize,
        /// The day of the snapshot.
        synced_on: Date,
        /// The day of the sync that failed.
        failed_on: Date,
    },
    /// Nothing newer of the source was read since a closing that used this reading.
    NotSinceClosing {
        /// The source.
        source: usize,
        /// The day of the snapshot.
        synced_on: Date,
        /// The month of that closing.
        closing: BillingMonth,
    },
    /// An account was not read; its newest complete reading is used.
    EarlierReading {
        /// The account.
        account: usize,
        /// The day of that reading.
        as_of: Date,
    },
    /// On days that are told from those around them not every account was read: what was there before and afterwards was there.
    GapFilled {
        /// The source.
        source: usize,
        /// These days, in order.
        days: Vec<Date>,
    },
    /// A fact of some items is missing, and the rule decides that they count, or that they do not.
    FactMissing {
        /// How many items.
        items: usize,
    },
    /// Another client has a device, too, where it was seen before.
    SeenElsewhere {
        /// The device, at this client.
        item: ItemNo,
        /// The items that it is elsewhere.
        at: Vec<ItemNo>,
    },
    /// The agreement ended: renewed, moved or over?
    AgreementEnded,
    /// A one-time line of the period may have billed a part.
    OneTimeBilled,
    /// The kinds of the client's agreements say different things: only what all say holds.
    AgreementTypesDiffer,
    /// The rules say that the client does not buy it, and a line stands.
    NotSoldAndBilled,
    /// The rules say that the client does not buy it, which was to be looked at again by now.
    NotSoldReviewDue {
        /// Why, as written; empty where the rules give none.
        why: String,
        /// The day of the review.
        review: Date,
    },
    /// The lines have several prices.
    SeveralPrices,
    /// The line deducts what is included; the rule's `included` is not deducted, too.
    IncludedTwice,
    /// Lines are of a product that the service took the place of: one change of product.
    ProductSuperseded {
        /// These.
        lines: Vec<LineId>,
    },
    /// Lines with a quantity or price below zero were taken for credits, though the PSA calls them recurring.
    CreditsAmongLines {
        /// These.
        lines: Vec<LineId>,
    },
}

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemFate {
    /// It counts.
    In,
    /// It does not.
    Out(LedgerReason),
    /// Nobody knows.
    Open(LedgerReason),
}
