//! The words of states that do not count and of kinds that nobody knows, numbered as they come.

use truecount_billing::ItemState;

use crate::items::Outcome;

/// So many different words are told apart; what comes after is one word.
const WORDS_MAX: usize = 500;
const OTHER: &str = "other";

/// The words by number.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<Word>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Word {
    text: Box<str>,
    meaning: Meaning,
}

/// What is known of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// Nobody knows what this state means.
    UnknownState,
    /// The source does not know what kind of thing these items are.
    UnknownKind,
    /// Items with it do not count.
    LeftOut,
}

/// The kind of items of which the source does not know what they are.
pub(crate) const UNKNOWN_KIND: &str = "unknown";

impl Words {
    /// The outcome that a state stands for; `None`: it counts.
    pub(crate) fn outcome(&mut self, state: ItemState<&str>) -> Option<Outcome> {
        Some(match state {
            ItemState::Counts => return None,
            ItemState::LeftOut(reason) => self.number(reason.as_str(), Meaning::LeftOut),
            ItemState::Unknown(word) if word.trim().is_empty() => self.number("empty", Meaning::UnknownState),
            ItemState::Unknown(word) => self.number(word, Meaning::UnknownState),
        })
    }

    /// The outcome of items that would count, if they are of the kind that a rule counts.
    pub(crate) fn unknown_kind(&mut self) -> Outcome {
        self.number(UNKNOWN_KIND, Meaning::UnknownKind)
    }

    fn number(&mut self, text: &str, meaning: Meaning) -> Outcome {
        let place = self.find(text, meaning).unwrap_or_else(|| {
            let is_full = self.0.len() >= WORDS_MAX && meaning == Meaning::UnknownState;
            let text = if is_full { OTHER } else { text };
            self.find(text, meaning).unwrap_or_else(|| {
                self.0.push(Word { text: text.into(), meaning });
                self.0.len() - 1
            })
        });
        Outcome(Outcome::STATUS + u16::try_from(place).unwrap_or(0))
    }

    fn find(&self, text: &str, meaning: Meaning) -> Option<usize> {
        self.0.iter().position(|word| *word.text == *text && word.meaning == meaning)
    }

    fn word(&self, outcome: Outcome) -> Option<&Word> {
        self.0.get(usize::from(outcome.0.checked_sub(Outcome::STATUS)?))
    }

    /// The word of an outcome.
    pub(crate) fn of(&self, outcome: Outcome) -> &str {
        self.word(outcome).map_or(OTHER, |word| &word.text)
    }

    /// What is known of an outcome's word; `None`: it has none.
    pub(crate) fn meaning(&self, outcome: Outcome) -> Option<Meaning> {
        self.word(outcome).map(|word| word.meaning)
    }

    /// Whether one outcome's word comes before another's, whichever was seen first.
    pub(crate) fn is_before(&self, one: Outcome, other: Outcome) -> bool {
        self.word(one) < self.word(other)
    }

    /// The reason code of an explained unit.
    pub(crate) fn reason(&self, outcome: Outcome) -> String {
        match outcome {
            Outcome::STALE => "stale".into(),
            Outcome::UNKNOWN => "quantity_unknown".into(),
            other => format!("status:{}", self.of(other)),
        }
    }
}
