//! The words that a source has said, for the question whether a rule names one that it never had.

use std::collections::BTreeSet;

use truecount_billing::{SourceId, UsageItem};
use truecount_reconciliation::WordsOfSource;
use truecount_rules::Rules;
use truecount_store::KnownWords;

/// The attribute that is not kept from day to day: names are as many as items.
const NAME: &str = "name";

/// What a source has said up to a day.
pub(super) struct Words<'r> {
    words: WordsOfSource,
    /// The kinds whose names the rules ask for.
    named_kinds: BTreeSet<&'r str>,
}

impl<'r> Words<'r> {
    /// The words that were kept of a source.
    pub(super) fn of(source: &SourceId, kept: &[KnownWords], rules: &'r Rules) -> Self {
        let mut words = WordsOfSource::default();
        kept.iter().for_each(|known| note(known, &mut words));
        let asked = rules.words_asked().into_iter().filter(|asked| asked.source == source && asked.attribute == NAME);
        Self { words, named_kinds: asked.map(|asked| asked.kind).collect() }
    }

    /// Notes a kind of which the snapshot has items.
    pub(super) fn kind(&mut self, kind: &str) {
        self.words.add_kind(kind);
    }

    /// Notes what only the items of today tell.
    pub(super) fn item(&mut self, item: &UsageItem) {
        if let Some(name) = item.name.as_deref().filter(|_| self.named_kinds.contains(item.kind.as_str())) {
            self.words.add(&item.kind, NAME, name);
        }
    }

    pub(super) fn into_words(self) -> WordsOfSource {
        self.words
    }
}

fn note(known: &KnownWords, words: &mut WordsOfSource) {
    let is_of_kinds = known.kind.is_empty();
    for word in &known.words {
        match is_of_kinds {
            true => words.add_kind(word),
            false => words.add(&known.kind, &known.attribute, word),
        }
    }
    match (known.is_incomplete, is_of_kinds) {
        (false, _) => {}
        (true, true) => words.add_unknown_kinds(),
        (true, false) => words.add_unknown(&known.kind, &known.attribute),
    }
}
