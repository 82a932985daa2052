//! What a run compares: sources with accounts and items, clients with agreements and lines.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, AccountList, Agreement, BillingMonth, BillingStatus, ClientId, Currency, LineId, LineRole, ProductCode,
    SourceId, attribute_words,
};
use truecount_rules::{KindVocabulary, Pattern};

use crate::columns::{ItemColumns, ItemNo};
use crate::history::KnownMoves;

/// Everything that is compared, as it was read and decided.
#[derive(Debug, Clone, Default)]
pub struct RunInputs {
    /// The sources of usage.
    pub sources: Vec<UsageSource>,
    /// Their accounts.
    pub accounts: Vec<UsageAccount>,
    /// The items of all accounts.
    pub items: ItemColumns,
    /// The clients of the PSA; also one that the PSA no longer has, if an account is decided to be its.
    pub clients: Vec<BilledClient>,
    /// What happened to items from sync to sync: only the history asks for it.
    pub moves: KnownMoves,
}

/// A source of usage.
#[derive(Debug, Clone)]
pub struct UsageSource {
    /// Its id in the rules.
    pub id: SourceId,
    /// The kinds of its items.
    pub kinds: Vec<KindVocabulary>,
    /// What its list of accounts is.
    pub list: AccountList,
    /// Whether a snapshot of it can be used.
    pub was_read: bool,
    /// The day of the snapshot.
    pub synced_on: Date,
    /// A snapshot is used for so many days.
    pub fresh_days: u32,
    /// The day of a newer sync, which failed.
    pub last_failure: Option<Date>,
    /// The closing since which nothing newer was read.
    pub unread_since: Option<BillingMonth>,
    /// Decided: clients without an account here have nothing here.
    pub none_for_rest: bool,
    /// Decided: these clients have nothing here.
    pub none: BTreeSet<ClientId>,
    /// The words of the last 400 days.
    pub words: WordsOfSource,
}

/// Each word that a source has had, by kind and attribute, all trimmed and in small letters.
#[derive(Debug, Clone, Default)]
pub struct WordsOfSource {
    kinds: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Kinds and attributes of which not every word is known.
    incomplete: BTreeSet<(String, String)>,
    has_unknown_kinds: bool,
    /// Kinds, attributes and words that are right, whether or not an item has had them.
    declared: BTreeSet<(String, String, String)>,
}

impl WordsOfSource {
    /// Notes that there were items of a kind.
    pub fn add_kind(&mut self, kind: &str) {
        self.kinds.entry(folded(kind)).or_default();
    }

    /// Notes the words of an attribute's value.
    pub fn add(&mut self, kind: &str, attribute: &str, value: &str) {
        let words = self.kinds.entry(folded(kind)).or_default().entry(attribute.to_owned()).or_default();
        words.extend(attribute_words(attribute, value).map(folded));
    }

    /// Notes a word that an attribute can have, whether or not an item has had it.
    pub fn declare(&mut self, kind: &str, attribute: &str, word: &str) {
        self.declared.insert((folded(kind), attribute.to_owned(), folded(word)));
    }

    /// Notes that an attribute of a kind had words that nobody has kept: any may have been among them.
    pub fn add_unknown(&mut self, kind: &str, attribute: &str) {
        self.incomplete.insert((folded(kind), attribute.to_owned()));
    }

    /// Notes that there were items of kinds that nobody has kept: any may have been among them, with any word.
    pub fn add_unknown_kinds(&mut self) {
        self.has_unknown_kinds = true;
    }

    /// The kinds of which there were items.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// The words that an attribute of a kind had, as far as they are kept.
    pub fn words(&self, kind: &str, attribute: &str) -> impl Iterator<Item = &str> + Clone {
        let words = self.kinds.get(&folded(kind)).and_then(|attributes| attributes.get(attribute));
        words.into_iter().flatten().map(String::as_str)
    }

    /// Whether an attribute of a kind had, or may have had, any word.
    pub(crate) fn has_any(&self, kind: &str, attribute: &str) -> bool {
        self.words(kind, attribute).next().is_some() || self.incomplete.contains(&(folded(kind), attribute.to_owned()))
    }

    /// Whether any kind had, or may have had, an item of a product.
    pub(crate) fn has_product(&self, pattern: &Pattern) -> bool {
        let had = |kind: &str| ["sku", "holds"].iter().any(|attribute| self.has(kind, attribute, pattern));
        self.has_unknown_kinds || self.kinds().any(had)
    }

    /// Whether there were, or may have been, items of a kind.
    #[must_use]
    pub fn has_kind(&self, kind: &str) -> bool {
        self.has_unknown_kinds || self.kinds.contains_key(&folded(kind))
    }

    /// Whether an attribute of a kind had, or may have had, a word that fits.
    #[must_use]
    pub fn has(&self, kind: &str, attribute: &str, pattern: &Pattern) -> bool {
        let kind = folded(kind);
        let is_it =
            |(of, name, word): &(String, String, String)| *of == kind && name == attribute && pattern.fits(word);
        if self.declared.iter().any(is_it) {
            return true;
        }
        let Some(attributes) = self.kinds.get(&kind) else { return self.has_unknown_kinds };
        let fits = |words: &BTreeSet<String>| words.iter().any(|word| pattern.fits(word));
        attributes.get(attribute).is_some_and(fits) || self.incomplete.contains(&(kind, attribute.to_owned()))
    }
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase()
}

/// An account of a source.
#[derive(Debug, Clone)]
pub struct UsageAccount {
    /// Its source, by number.
    pub source: usize,
    /// The vendor's id.
    pub id: AccountId,
    /// As the vendor shows it. Foreign text.
    pub name: String,
    /// Whose it is.
    pub belongs: AccountBelonging,
    /// What is known of its items.
    pub reading: ItemsRead,
    /// What it held on days before its source's snapshot on which all of it was read; only of sources of which a count
    /// asks for that.
    pub days: BTreeMap<Date, Range<ItemNo>>,
    /// Whether the source's snapshot no longer has it: it is looked at on those days alone.
    pub is_former: bool,
}

impl UsageAccount {
    /// An account of which no other day is known. `source`: by number; `name`: as the vendor shows it.
    #[must_use]
    pub fn new(source: usize, id: AccountId, name: String, belongs: AccountBelonging, reading: ItemsRead) -> Self {
        Self { source, id, name, belongs, reading, days: BTreeMap::new(), is_former: false }
    }

    /// Its items by this sync; none where it was not read.
    #[must_use]
    pub fn items_now(&self) -> Range<ItemNo> {
        self.reading.now()
    }

    /// How many items it has; where it fell or failed, before.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.reading.ranges().map(|items| items.len() as u64).max().unwrap_or_default()
    }
}

/// Whose an account is. Clients by their number.
#[derive(Debug, Clone)]
pub enum AccountBelonging {
    /// Decided.
    Client(usize),
    /// Decided: it is nobody's that is billed.
    Ignored,
    /// Decided: by an attribute of its items.
    Split {
        /// The attribute.
        by: String,
        /// Its words, each with its client.
        parts: Vec<(String, usize)>,
    },
    /// Nobody decided.
    Undecided {
        /// Whose it may be; nobody: it resembles none.
        may_be: Vec<usize>,
    },
}

/// What is known of the items of an account.
#[derive(Debug, Clone)]
pub enum ItemsRead {
    /// All of them.
    Complete(Range<ItemNo>),
    /// These, and perhaps more.
    Partial(Range<ItemNo>),
    /// Nothing of this sync.
    Failed {
        /// Its newest complete reading.
        earlier: Option<(Date, Range<ItemNo>)>,
    },
    /// It contradicts itself.
    Doubtful,
    /// It fell, and nobody has confirmed that.
    Fell {
        /// What it holds now.
        now: Range<ItemNo>,
        /// What it held before.
        before: Range<ItemNo>,
    },
    /// The source no longer lists it.
    Gone {
        /// What it held.
        before: Range<ItemNo>,
        /// Since when, where a second sync agreed.
        confirmed: Option<Date>,
    },
}

impl ItemsRead {
    /// Its items by this sync; none where it was not read.
    #[must_use]
    pub fn now(&self) -> Range<ItemNo> {
        match self {
            Self::Complete(items) | Self::Partial(items) | Self::Fell { now: items, .. } => items.clone(),
            Self::Failed { .. } | Self::Doubtful | Self::Gone { .. } => 0..0,
        }
    }

    /// Its items, now and before.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = &Range<ItemNo>> {
        let ranges = match self {
            Self::Complete(items) | Self::Partial(items) => [Some(items), None],
            Self::Failed { earlier } => [earlier.as_ref().map(|(_, items)| items), None],
            Self::Doubtful => [None, None],
            Self::Fell { now, before } => [Some(now), Some(before)],
            Self::Gone { before, .. } => [Some(before), None],
        };
        ranges.into_iter().flatten().filter(|items| !items.is_empty())
    }
}

/// A client of the PSA.
#[derive(Debug, Clone)]
pub struct BilledClient {
    /// The PSA's id.
    pub id: ClientId,
    /// Its name there. Foreign text.
    pub name: String,
    /// What else the PSA knows it by.
    pub identifier: Option<String>,
    /// How far its lines were read.
    pub read: LinesRead,
    /// Its agreements when they were last read completely, where lines are missing or none was read.
    pub last_known: Vec<BilledAgreement>,
    /// Its agreements.
    pub agreements: Vec<BilledAgreement>,
}

impl BilledClient {
    /// What it was billed when that was last known, where it is not now.
    pub(crate) fn known_before(&self) -> &[BilledAgreement] {
        match &self.read {
            LinesRead::Complete => &[],
            LinesRead::Partial | LinesRead::Failed => &self.last_known,
            LinesRead::Fell { before } => before,
        }
    }
}

/// How far the lines of a client were read.
#[derive(Debug, Clone)]
pub enum LinesRead {
    /// All.
    Complete,
    /// Lines are missing.
    Partial,
    /// None.
    Failed,
    /// There is less than before, and nobody has confirmed that.
    Fell {
        /// What there was.
        before: Vec<BilledAgreement>,
    },
}

/// An agreement with its lines.
#[derive(Debug, Clone)]
pub struct BilledAgreement {
    /// Its terms.
    pub agreement: Agreement,
    /// What it bills by itself in a cycle, without a line.
    pub amount: Option<Decimal>,
    /// Of which currency.
    pub currency: Option<Currency>,
    /// Its lines; rows that supersede each other have one id.
    pub lines: Vec<AgreementLine>,
}

/// A row of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementLine {
    /// The PSA's id.
    pub id: LineId,
    /// The product.
    pub product: ProductCode,
    /// The product's name. Foreign text.
    pub product_name: Option<String>,
    /// The product's category.
    pub category: Option<String>,
    /// What the line is on its agreement.
    pub role: LineRole,
    /// Units.
    pub quantity: Decimal,
    /// Units that its price includes.
    pub less_included: Option<Decimal>,
    /// Price of one unit for one billing cycle.
    pub unit_price: Option<Decimal>,
    /// What the PSA's catalogue asks for one unit a month.
    pub catalogue_price: Option<Decimal>,
    /// What one unit costs the MSP for one billing cycle.
    pub unit_cost: Option<Decimal>,
    /// Of which currency; `None`: the agreement's, else the home currency.
    pub currency: Option<Currency>,
    /// First day billed.
    pub from: Option<Date>,
    /// Last day billed.
    pub to: Option<Date>,
    /// Billed, at no charge, or not billed by design.
    pub status: BillingStatus,
}

impl RunInputs {
    /// The number of a client.
    #[must_use]
    pub fn client_number(&self, id: &ClientId) -> Option<usize> {
        self.clients.iter().position(|client| client.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(word: &str) -> Pattern {
        Pattern::new(word)
    }

    #[test]
    fn a_word_that_nobody_has_kept_may_have_been() {
        let mut words = WordsOfSource::default();
        words.add_kind("Server");
        words.add("Server", "site", " Leeds ");
        words.add_unknown("server", "class");
        for (kind, attribute, word, expected) in [
            ("server", "site", "leeds", true),
            ("server", "site", "york", false),
            ("server", "class", "york", true),
            ("server", "sku", "york", false),
            ("user", "site", "leeds", false),
        ] {
            assert_eq!(words.has(kind, attribute, &pattern(word)), expected, "{kind} {attribute} {word}");
        }
        assert!(words.has_kind("SERVER") && !words.has_kind("user"));
        words.declare("user", "sold_by", "client");
        assert!(words.has("User", "sold_by", &pattern("Client")) && !words.has("user", "sold_by", &pattern("us")));
        assert!(!words.has_kind("user"), "a word alone is no item");
        words.add_unknown_kinds();
        assert!(words.has_kind("user") && words.has("user", "site", &pattern("york")));
        assert!(!words.has("server", "site", &pattern("york")), "of a kind that is known every word is");
    }
}
