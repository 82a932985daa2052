//! The words of a column, and what each means.

use crate::fold::{Pattern, folded};

/// What the words of one field mean; `*` in a word stands for any characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WordTable {
    /// The longest first among those with a star, and behind all without.
    entries: Vec<(Pattern, String)>,
}

impl WordTable {
    #[must_use]
    pub(crate) fn new(words: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut entries: Vec<(Pattern, String)> =
            words.into_iter().map(|(word, meaning)| (Pattern::new(&word), meaning)).collect();
        entries.sort_by_key(|(pattern, _)| (!pattern.is_exact(), std::cmp::Reverse(pattern.sure_chars())));
        Self { entries }
    }

    /// What a word means; `None`: the table does not have it.
    #[must_use]
    pub(crate) fn meaning(&self, word: &str) -> Option<&str> {
        if self.entries.is_empty() {
            return None;
        }
        let word = folded(word);
        self.entries.iter().find(|(pattern, _)| pattern.matches(&word)).map(|(_, meaning)| meaning.as_str())
    }

    /// All meanings.
    pub(crate) fn meanings(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(_, meaning)| meaning.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_word_comes_before_a_pattern_and_a_long_pattern_before_a_short_one() {
        let words = [("*", "other"), ("*server*", "server"), ("*server room*", "sensor"), ("Server Room 1", "room")];
        let table = WordTable::new(words.map(|(word, meaning)| (word.to_owned(), meaning.to_owned())));
        for (word, meaning) in [
            ("server room 1", "room"),
            ("Old Server Room", "sensor"),
            ("Windows Server", "server"),
            ("Printer", "other"),
        ] {
            assert_eq!(table.meaning(word), Some(meaning), "{word}");
        }
        assert_eq!(WordTable::default().meaning("a"), None);
    }
}
