//! The words of states that do not count, numbered as they come.

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
    is_known: bool,
}

impl Words {
    /// The outcome that a state stands for; `None`: it counts.
    pub(crate) fn outcome(&mut self, state: ItemState<&str>) -> Option<Outcome> {
        let (text, is_known) = match state {
            ItemState::Counts => return None,
            ItemState::LeftOut(reason) => (reason.as_str(), true),
            ItemState::Unknown(word) if word.trim().is_empty() => ("empty", false),
            ItemState::Unknown(word) => (word, false),
        };
        let place = self.find(text, is_known).unwrap_or_else(|| {
            let (text, is_known) = if self.0.len() < WORDS_MAX { (text, is_known) } else { (OTHER, false) };
            self.find(text, is_known).unwrap_or_else(|| {
                self.0.push(Word { text: text.into(), is_known });
                self.0.len() - 1
            })
        });
        Some(Outcome(Outcome::STATUS + u16::try_from(place).unwrap_or(0)))
    }

    fn find(&self, text: &str, is_known: bool) -> Option<usize> {
        self.0.iter().position(|word| *word.text == *text && word.is_known == is_known)
    }

    fn word(&self, outcome: Outcome) -> Option<&Word> {
        self.0.get(usize::from(outcome.0.checked_sub(Outcome::STATUS)?))
    }

    /// The word of an outcome.
    pub(crate) fn of(&self, outcome: Outcome) -> &str {
        self.word(outcome).map_or(OTHER, |word| &word.text)
    }

    /// Whether it is known why an outcome's items do not count.
    pub(crate) fn is_known(&self, outcome: Outcome) -> bool {
        self.word(outcome).is_some_and(|word| word.is_known)
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
