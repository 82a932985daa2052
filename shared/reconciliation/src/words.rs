//! The status words that vendors use, numbered as they come; one counts, the others say why not.

use truecount_billing::StatusWord;

use crate::items::Outcome;

/// The word of an item that counts.
pub(crate) const STATUS_ACTIVE: &str = StatusWord::ACTIVE.word;

/// The word of an item that counts where licences given to users are counted, and nowhere else.
pub(crate) const STATUS_DISABLED: &str = StatusWord::DISABLED.word;

/// So many different words are told apart; what comes after is one word.
const WORDS_MAX: usize = 500;
const OTHER: &str = "other";

/// The words by number.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<Box<str>>);

impl Words {
    /// The outcome that a status word stands for, when it is not the one that counts.
    pub(crate) fn outcome(&mut self, status: &str) -> Outcome {
        let status = if status.trim().is_empty() { "empty" } else { status };
        let place = self.0.iter().position(|word| **word == *status).unwrap_or_else(|| {
            let word = if self.0.len() < WORDS_MAX { status } else { OTHER };
            match self.0.iter().position(|known| **known == *word) {
                Some(place) => place,
                None => {
                    self.0.push(word.into());
                    self.0.len() - 1
                }
            }
        });
        Outcome(Outcome::STATUS + u16::try_from(place).unwrap_or(0))
    }

    /// The word of an outcome.
    pub(crate) fn of(&self, outcome: Outcome) -> &str {
        let place = outcome.0.checked_sub(Outcome::STATUS).map(usize::from);
        place.and_then(|place| self.0.get(place)).map_or(OTHER, |word| word)
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
