//! What the mapped accounts of the sources hold: which kinds, with which attributes and words. Candidates are made of it.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{SourceId, Unit, attribute_words};
use truecount_reconciliation::{AccountBelonging, ItemNo, RunInputs};
use truecount_rules::SourceVocabulary;

/// A word that fewer accounts have is one client's own, such as the name of its office: no rule for all.
const ACCOUNTS_OF_A_WORD_MIN: usize = 2;
/// The most words of an attribute that are tried, those of the most accounts first.
const WORDS_MAX: usize = 40;
/// The most products of a vendor that are tried.
const SKUS_MAX: usize = 200;
/// The attribute that names a vendor's product.
pub(crate) const SKU: &str = "sku";

/// A kind of item that the sources have.
#[derive(Debug, Clone)]
pub(crate) struct KindSeen {
    pub(crate) source: SourceId,
    pub(crate) kind: String,
    pub(crate) unit: Unit,
    /// Days after which an item is usually left out.
    pub(crate) stale_days: Option<u32>,
    /// Whether of any item it is known when it was last seen.
    pub(crate) has_last_seen: bool,
    /// By attribute, the vendor's product among them: the words that are tried.
    pub(crate) words: Vec<(String, Vec<String>)>,
}

/// Words of an attribute, each with the accounts that have it.
type AccountsByWord = BTreeMap<String, BTreeSet<usize>>;

/// What was seen of one kind.
#[derive(Default)]
struct Gathered {
    has_last_seen: bool,
    words: BTreeMap<String, AccountsByWord>,
}

/// The kinds of which clients have items, in the order of the sources.
pub(crate) fn kinds_seen(inputs: &RunInputs, vocabulary: &[SourceVocabulary]) -> Vec<KindSeen> {
    let mut gathered: BTreeMap<(usize, usize), Gathered> = BTreeMap::new();
    for (number, account) in inputs.accounts.iter().enumerate() {
        if !matches!(account.belongs, AccountBelonging::Client(_) | AccountBelonging::Split { .. }) {
            continue;
        }
        for item in account.items_now() {
            let Some(kind) = inputs.items.kind(item) else { continue };
            gathered.entry((account.source, kind)).or_default().note(inputs, number, item);
        }
    }
    let of_kind = |((source, kind), seen): ((usize, usize), Gathered)| {
        let of = &inputs.sources[source];
        let kind = &of.kinds[kind];
        let declared = vocabulary.iter().find(|one| one.source == of.id)?;
        let can_ask =
            |name: &str| name == SKU || declared.is_open || kind.attributes.iter().any(|attribute| attribute == name);
        let words = seen.words.into_iter().filter(|(name, _)| can_ask(name));
        let words = words.map(|(name, words)| (name.clone(), tried(&name, words)));
        Some(KindSeen {
            source: of.id.clone(),
            kind: kind.name.clone(),
            unit: kind.unit,
            stale_days: kind.stale_days,
            has_last_seen: seen.has_last_seen,
            words: words.filter(|(_, words)| !words.is_empty()).collect(),
        })
    };
    gathered.into_iter().filter_map(of_kind).collect()
}

impl Gathered {
    fn note(&mut self, inputs: &RunInputs, account: usize, item: ItemNo) {
        let items = &inputs.items;
        self.has_last_seen |= items.last_seen(item).is_some();
        let sku = items.sku(item).map(|sku| (SKU, sku));
        for (attribute, text) in items.attributes(item).chain(sku) {
            for word in attribute_words(attribute, text).map(str::trim).filter(|word| can_be_asked(word)) {
                let words = self.words.entry(attribute.to_owned()).or_default();
                match words.get_mut(word) {
                    Some(accounts) => drop(accounts.insert(account)),
                    None => drop(words.insert(word.to_owned(), BTreeSet::from([account]))),
                }
            }
        }
    }
}

/// In a rule an asterisk stands for anything.
fn can_be_asked(word: &str) -> bool {
    !word.is_empty() && !word.contains('*')
}

/// The words of several accounts, those of the most first.
fn tried(attribute: &str, words: AccountsByWord) -> Vec<String> {
    let mut words: Vec<_> = words.into_iter().map(|(word, accounts)| (accounts.len(), word)).collect();
    words.retain(|(accounts, _)| *accounts >= ACCOUNTS_OF_A_WORD_MIN);
    words.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    words.truncate(if attribute == SKU { SKUS_MAX } else { WORDS_MAX });
    words.into_iter().map(|(_, word)| word).collect()
}
