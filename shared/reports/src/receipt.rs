//! The receipt of a sync in words: what was left out and why, how the vendor's totals compare, and which of the vendor's
//! words nobody has explained.

use std::collections::BTreeMap;

use truecount_billing::{ControlTotals, Receipt, RowReason, UnknownWord};

/// How many unknown words are named.
const WORDS_MAX: usize = 20;

/// Reasons with their rows: `listed again 2; unreadable 1`.
#[must_use]
pub fn reasons(left_out: &BTreeMap<RowReason, u64>) -> String {
    let parts: Vec<_> = left_out.iter().filter(|(_, rows)| **rows > 0).collect();
    parts.iter().map(|(reason, rows)| format!("{reason} {rows}")).collect::<Vec<_>>().join("; ")
}

/// The reasons of all streams together.
#[must_use]
pub fn left_out(receipt: &Receipt) -> String {
    let mut sums = BTreeMap::new();
    for (reason, rows) in receipt.streams.values().flat_map(|stream| &stream.left_out) {
        *sums.entry(*reason).or_default() += rows;
    }
    reasons(&sums)
}

/// The words that the vocabulary does not have, with the rows that have them: ``status `OnHold` 2``.
#[must_use]
pub fn unknown_words(words: &[UnknownWord]) -> String {
    let one = |word: &UnknownWord| format!("{} `{}` {}", word.field, word.word, word.rows);
    let mut named: Vec<_> = words.iter().take(WORDS_MAX).map(one).collect();
    if words.len() > WORDS_MAX {
        named.push(format!("and {} more", words.len() - WORDS_MAX));
    }
    named.join("; ")
}

/// How a stream's lists compare with the vendor's own totals: `agreed 3; differed 1`.
#[must_use]
pub fn totals(totals: &ControlTotals) -> String {
    let ControlTotals { agreed, differed, refused, none } = *totals;
    let all = [("agreed", agreed), ("differed", differed), ("refused", refused), ("none", none)];
    let parts = all.into_iter().filter(|(_, lists)| *lists > 0);
    parts.map(|(word, lists)| format!("{word} {lists}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use truecount_billing::StreamReceipt;

    use super::*;

    #[test]
    fn reasons_of_all_streams_are_added() {
        let mut receipt = Receipt::default();
        for (name, again, unreadable) in [("devices", 2, 1), ("sites", 3, 0)] {
            let left_out = [(RowReason::Repeated, again), (RowReason::Unreadable, unreadable)].into();
            receipt.streams.insert(name.to_owned(), StreamReceipt { left_out, ..StreamReceipt::default() });
        }
        assert_eq!(left_out(&receipt), "listed again 5; unreadable 1");
        assert_eq!(reasons(&receipt.streams["sites"].left_out), "listed again 3");
        assert_eq!(left_out(&Receipt::default()), "");
    }

    #[test]
    fn the_first_words_are_named_and_the_rest_counted() {
        let word = |n: u64| UnknownWord { field: "status".into(), word: format!("W{n}"), rows: n };
        assert_eq!(unknown_words(&[word(1), word(2)]), "status `W1` 1; status `W2` 2");
        let many: Vec<_> = (0..22).map(word).collect();
        assert!(unknown_words(&many).ends_with("status `W19` 19; and 2 more"), "{}", unknown_words(&many));
    }

    #[test]
    fn only_totals_that_occur_are_named() {
        assert_eq!(totals(&ControlTotals { agreed: 3, refused: 1, ..ControlTotals::default() }), "agreed 3; refused 1");
        assert_eq!(totals(&ControlTotals::default()), "");
    }
}
