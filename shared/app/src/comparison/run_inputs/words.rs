//! The words that a source has said, for the question whether a rule names one that it never had.

use std::collections::BTreeSet;

use jiff::civil::Date;
use truecount_billing::{SourceId, UsageItem};
use truecount_reconciliation::WordsOfSource;
use truecount_rules::Rules;
use truecount_store::WordsSeen;

use crate::{AppError, Environment};

/// The attribute that is not kept from day to day: names are as many as items.
const NAME: &str = "name";

/// What a source has said up to a day.
pub(super) struct Words<'r> {
    words: WordsOfSource,
    /// The kinds whose names the rules ask for.
    named_kinds: BTreeSet<&'r str>,
}

impl<'r> Words<'r> {
    /// The words that were kept of a source. One that was first seen after the day is none of them.
    pub(super) async fn read(
        env: &Environment,
        source: &SourceId,
        day: Date,
        rules: &'r Rules,
    ) -> Result<Self, AppError> {
        let mut words = WordsOfSource::default();
        for seen in WordsSeen::list(&env.store, source, day).await? {
            note(&seen, day, &mut words);
        }
        let asked = rules.words_asked().into_iter().filter(|asked| asked.source == source && asked.attribute == NAME);
        Ok(Self { words, named_kinds: asked.map(|asked| asked.kind).collect() })
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

fn note(seen: &WordsSeen, day: Date, words: &mut WordsOfSource) {
    let is_of_kinds = seen.kind.is_empty();
    for (word, _) in seen.words.iter().filter(|(_, days)| days.first <= day) {
        match is_of_kinds {
            true => words.add_kind(word),
            false => words.add(&seen.kind, &seen.attribute, word),
        }
    }
    match (seen.incomplete_on, is_of_kinds) {
        (None, _) => {}
        (Some(_), true) => words.add_unknown_kinds(),
        (Some(_), false) => words.add_unknown(&seen.kind, &seen.attribute),
    }
}
