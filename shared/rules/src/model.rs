//! What a rules file says of one service, everything decided: the shape that the reconciliation works with.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Currency, ProductCode, SourceId};

use crate::filter::{Filter, Pattern};
use crate::group::GroupShare;
use crate::join::CountJoin;
use crate::rules::{folded, is_folded_of};
use crate::unit::UnitConversion;
use crate::vocabulary::KindVocabulary;

/// What holds for one service at one client: the keys of the service, with what is nearer put over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRule {
    /// The service's code: the product code of the PSA that names it, the stable half of an exception's id.
    pub code: ProductCode,
    /// The product codes of its lines: at least one.
    pub products: Vec<ProductCode>,
    /// Those of them that this service took the place of.
    pub superseded: Vec<ProductCode>,
    /// What its quantity is compared with.
    pub basis: ServiceBasis,
    /// Units that are included in the price of something else; never negative. A line's own less included wins over it.
    pub included: Decimal,
    /// The least that is billed where a line stands.
    pub minimum: Option<Decimal>,
    /// What counts the units to which the MSP is committed at a vendor: no fewer should be billed.
    pub commitment: Option<VendorCommitment>,
    /// To what the client itself is committed: no fewer should be billed.
    pub client_committed: Option<ClientCommitted>,
    /// From when on fewer may be billed.
    pub cut: CutTerm,
    /// How the quantity that is billed is rounded up.
    pub rounding: Option<Rounding>,
    /// A small difference of two numbers that is left alone.
    pub tolerance: Tolerance,
    /// A month's price, where the client has none of its own.
    pub price: Option<RulePrice>,
    /// Prices that are planned, each from a day on, by that day.
    pub price_from: Vec<PlannedPrice>,
    /// The kinds of agreement on which a line of it must stand, trimmed and in small letters.
    pub expected_at: Vec<String>,
    /// Services that live inside this one, however many their units are.
    pub covers: Vec<ProductCode>,
    /// Units of other services that each unit of this one that should be billed brings.
    pub grants: Vec<(ProductCode, Decimal)>,
    /// What usage without a line is.
    pub no_line: NoLine,
    /// Whether one-time lines of the period are quantity.
    pub one_time_counts: bool,
    /// The client does not buy it, by decision.
    pub not_sold: Option<NotSold>,
    /// What somebody wrote about it, the nearest.
    pub note: Option<String>,
    /// The group that it is in.
    pub group: Option<ProductCode>,
    /// Of a service of a group: the items that it takes there, also where it is not counted.
    pub group_part: Option<CountPart>,
}

impl ServiceRule {
    /// The rule of a service of which nothing is said but what its quantity is compared with.
    #[must_use]
    pub fn new(code: ProductCode, basis: ServiceBasis) -> Self {
        Self {
            products: vec![code.clone()],
            code,
            superseded: Vec::new(),
            basis,
            included: Decimal::ZERO,
            minimum: None,
            commitment: None,
            client_committed: None,
            cut: CutTerm::AtOnce,
            rounding: None,
            tolerance: Tolerance::default(),
            price: None,
            price_from: Vec::new(),
            expected_at: Vec::new(),
            covers: Vec::new(),
            grants: Vec::new(),
            no_line: NoLine::default(),
            one_time_counts: false,
            not_sold: None,
            note: None,
            group: None,
            group_part: None,
        }
    }

    /// What is counted; `None`: nothing is.
    #[must_use]
    pub const fn count(&self) -> Option<&CountSpec> {
        match &self.basis {
            ServiceBasis::Counted(spec) => Some(spec),
            ServiceBasis::Flat | ServiceBasis::Ignored(_) => None,
        }
    }

    /// Whether the most of the days of a month counts.
    #[must_use]
    pub fn counts_a_peak(&self) -> bool {
        self.count().is_some_and(|spec| spec.at == CountAt::Peak)
    }

    /// What counts the units to which the MSP is committed; `None`: nothing does.
    #[must_use]
    pub fn committed(&self) -> Option<&CountSpec> {
        self.commitment.as_ref().and_then(|commitment| commitment.count.as_ref().or_else(|| self.count()))
    }
}

/// What the quantity of a service is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceBasis {
    /// A count.
    Counted(CountSpec),
    /// Nothing: only that a line stands.
    Flat,
    /// Nothing, by decision; the reason as written.
    Ignored(String),
}

/// The most parts of one source that a count can have.
pub const PARTS_OF_A_SOURCE_MAX: u32 = u64::BITS;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountSpec {
    /// How the parts come to one number.
    pub join: CountJoin,
    /// At least one.
    pub parts: Vec<CountPart>,
    /// How the sum of the parts is converted into the unit that is billed; `None`: it is counted in it.
    pub conversion: Option<UnitConversion>,
    /// What holds for items of any kind: one that no part counts can be the same device as one that a part counts.
    pub policies: KindPolicies,
    /// On which day it is counted.
    pub at: CountAt,
}

/// On which day something is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CountAt {
    /// On the count day.
    #[default]
    CountDay,
    /// On each day of the running month, of which the largest counts.
    Peak,
}

/// When an item of a kind is looked at at all, whatever `where` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindPolicies {
    /// The service's `seen_within_days`; `None`: the kind's usual.
    pub(crate) stale: Option<StalePolicy>,
    /// The service's `unknown`; `None`: the kind's usual.
    pub(crate) unknown: Option<UnknownPolicy>,
    /// Attributes that a `where` or `where_not` of all that is counted names: their usual words do not hold.
    pub(crate) named: Vec<String>,
}

impl KindPolicies {
    /// From when on an item of the kind that was not seen is left out.
    #[must_use]
    pub fn stale_of(&self, kind: &KindVocabulary) -> StalePolicy {
        self.stale.unwrap_or_else(|| kind.stale_days.map_or(StalePolicy::Never, StalePolicy::AfterDays))
    }

    /// What an item of the kind is of which a fact is missing.
    #[must_use]
    pub fn unknown_of(&self, kind: &KindVocabulary) -> UnknownPolicy {
        // A holder is billable unless the contrary is shown; of a device nobody can say so.
        let usual = if kind.is_person { UnknownPolicy::Counts } else { UnknownPolicy::Widens };
        self.unknown.unwrap_or(usual)
    }

    /// The usual state of the kind, less the attributes that the service names: attribute and words.
    #[must_use]
    pub fn usual_of(&self, kind: &KindVocabulary) -> Vec<(String, Vec<Pattern>)> {
        let usual = kind.usual.iter().filter(|(attribute, _)| !self.named.contains(attribute));
        let patterns = |words: &[String]| words.iter().map(|word| Pattern::new(word)).collect();
        usual.map(|(attribute, words)| (attribute.clone(), patterns(words))).collect()
    }
}

/// The items of one kind of one source that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountPart {
    /// The source.
    pub source: SourceId,
    /// The kind of item.
    pub kind: String,
    /// What its units are multiplied by, more than nothing.
    pub times: Decimal,
    /// What an item must fit: all of these; none: everything fits.
    pub wanted: Vec<Filter>,
    /// What an item must not fit; empty: nothing is left out by it.
    pub unwanted: Filter,
    /// What the group leaves out, as `unwanted` does.
    pub except: Filter,
    /// What other services of the group take of its items; `None`: it is in none, or nobody has asked yet.
    pub group: Option<GroupShare>,
    /// Where the client is compared per agreement and this is the part without a section: which items of the
    /// same kind are the sections', and therefore not this part's.
    pub less: Vec<SectionShare>,
    /// Of an agreement section: what the service takes of the kind without it. `None`: the part is no section's.
    pub service_wanted: Option<Vec<Filter>>,
    /// The usual state, less the attributes that `wanted` or `unwanted` name: attribute and words. An item with another
    /// word of one of them is left out; an item without the attribute is not.
    pub usual: Vec<(String, Vec<Pattern>)>,
    /// From when on an item that was not seen is left out.
    pub stale: StalePolicy,
    /// What an item is of which a fact is missing that this part asks for.
    pub unknown: UnknownPolicy,
    /// Whether it may take nothing in the whole source, as its author says.
    pub may_be_empty: bool,
    /// Of the largest of several: which of them it is of, from 0.
    pub term: usize,
}

impl CountPart {
    /// Whether its units are multiplied.
    #[must_use]
    pub fn has_factor(&self) -> bool {
        self.times != Decimal::ONE
    }
}

/// Which items of one kind belong to an agreement section: its `where` says it. What its `where_not` leaves out is the
/// section's, too, and counted nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionShare {
    /// What an item must fit: all of these.
    pub wanted: Vec<Filter>,
}

/// From when on an item that was not seen is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StalePolicy {
    /// It was last seen more than so many days before the day of the snapshot.
    AfterDays(u32),
    /// Never.
    Never,
}

/// What an item is of which a fact is missing that a rule asks for. It says whether the item counts, never on which of a
/// client's agreements: where that is not known, the count of each that it may be of is wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// It may count or not: the count is an interval.
    Widens,
    /// It counts, with a doubt.
    Counts,
    /// It is left out, with a doubt.
    LeftOut,
}

/// To what the MSP is committed at a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorCommitment {
    /// What counts it; `None`: the items that are counted tell it themselves.
    pub count: Option<CountSpec>,
    /// Whether it is the client's, of which agreements that are compared by themselves may each have a share.
    pub may_be_shared: bool,
}

/// To what a client is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCommitted {
    /// How many units, as they are billed; `None`: as many as are.
    pub units: Option<Decimal>,
    /// The last day on which it holds; `None`: it has no end.
    pub until: Option<Date>,
}

/// From when on fewer units may be billed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CutTerm {
    /// At once.
    #[default]
    AtOnce,
    /// When what the client is committed to ends, else its agreement.
    AtRenewal,
    /// So many days after it was told.
    AfterNotice {
        /// Days.
        days: u32,
    },
}

/// How the quantity that is billed is rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// The quantity counts whole packs of so many units; what is included, the minimum, the tolerance and the price are of
    /// packs, too.
    Packs(Decimal),
    /// The quantity counts units, and is a multiple of so many.
    Multiple(Decimal),
}

/// What is decided of products that a client buys at two sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoughtAt {
    /// All of it is used.
    Both,
    /// It was moved: what both have is one.
    Moved {
        /// Where it was.
        from: SourceId,
        /// Where it is.
        to: SourceId,
        /// Since which day.
        on: Date,
    },
}

/// A difference of two numbers that is left alone: the larger of both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Units.
    pub units: Decimal,
    /// Per cent of what is billed.
    pub percent: Decimal,
}

/// A month's price of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePrice {
    /// How it grows with the number of units.
    pub scale: PriceScale,
    /// Of which currency.
    pub currency: Currency,
    /// Whether the client's own part of the rules names it; else it is the service's.
    pub is_clients_own: bool,
}

/// How a price grows with the number of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceScale {
    /// Each unit costs the same.
    Each(Decimal),
    /// Each unit costs what its own tier says; at least one tier.
    Graduated(Vec<PriceTier>),
    /// All units cost what the tier of their number says; at least one tier.
    Volume(Vec<PriceTier>),
}

/// A part of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTier {
    /// To which number of units it goes, that one included; `None`: the last tier goes on.
    pub up_to: Option<Decimal>,
    /// For each unit.
    pub each: Decimal,
}

/// A price of one unit a month that holds from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedPrice {
    /// The first day.
    pub from: Date,
    /// For each unit.
    pub each: Decimal,
    /// Of which currency.
    pub currency: Currency,
}

/// What usage without a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoLine {
    /// An exception.
    #[default]
    Exception,
    /// A list.
    List,
}

/// A standing decision that a client does not buy a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSold {
    /// Why, as written; empty where the file gives none.
    pub why: String,
    /// When it is to be looked at again: from then on it leaves nothing alone.
    pub review: Option<Date>,
}

impl NotSold {
    /// Whether usage without a line is left alone on a day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.review.is_none_or(|review| day < review)
    }
}

/// When something of a client holds, both days included; `None`: open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct When {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl ServiceRule {
    /// Whether the service took the place of a product. Capitals, and blanks around the code, make no difference.
    #[must_use]
    pub fn supersedes(&self, product: &ProductCode) -> bool {
        self.superseded.iter().any(|old| is_folded_of(&folded(old.as_str()), product.as_str()))
    }

    /// Whether it is compared only where a line of it stands, or `expected_at` names the kind of agreement.
    #[must_use]
    pub fn holds_by_line(&self) -> bool {
        !self.covers.is_empty() || !self.grants.is_empty() || self.group.is_some()
    }

    /// Units of another service that each unit of it brings.
    #[must_use]
    pub fn granted(&self, service: &ProductCode) -> Option<Decimal> {
        self.grants.iter().find(|(code, _)| code == service).map(|(_, units)| *units)
    }

    /// The planned price that holds on a day.
    #[must_use]
    pub fn planned_price_on(&self, day: Date) -> Option<&PlannedPrice> {
        self.price_from.iter().rev().find(|planned| planned.from <= day)
    }

    /// Whether a line of it must stand on an agreement of a kind. Capitals, and blanks around the name, make no difference.
    #[must_use]
    pub fn is_expected_at(&self, agreement_type: &str) -> bool {
        self.expected_at.iter().any(|name| is_folded_of(name, agreement_type))
    }
}

impl When {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Tolerance {
    /// How many units may differ of so many billed; `None` beyond 28 digits.
    #[must_use]
    pub fn of(&self, billed: Decimal) -> Option<Decimal> {
        let share = billed.abs().checked_mul(self.percent)?.checked_div(Decimal::ONE_HUNDRED)?;
        Some(self.units.max(share))
    }
}
