//! Which words of two names correspond: equal, spelled similarly, shortened, joined, or as initials.

use crate::edit;
use crate::lists::Entry;

/// How two words correspond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordMatch {
    Equal,
    Spelling,
    Shortened,
    Joined,
    Initials,
}

/// Corresponding words, by position.
#[derive(Debug, Clone)]
pub(crate) struct Pairing {
    pub left: (usize, usize),
    pub right: (usize, usize),
    pub kind: WordMatch,
    pub likeness: f32,
}

/// Which words of a left and a right name correspond. Positions are bits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alignment {
    pub pairings: Vec<Pairing>,
    pub left_taken: u32,
    pub right_taken: u32,
}

/// Shorter words are never treated as misspelled.
const MISSPELLED_MIN: usize = 4;
const LIKENESS_MIN: f32 = 0.7;

impl Alignment {
    pub(crate) fn new(left: &Entry, right: &Entry) -> Self {
        let mut alignment = Self::default();
        for (i, word) in left.words.iter().enumerate() {
            if let Some(j) = (0..right.words.len()).find(|j| right.words[*j] == *word && alignment.right_is_free(*j)) {
                alignment.take((i, i + 1), (j, j + 1), WordMatch::Equal, 1.0);
            }
        }
        if alignment.is_over(left, right) {
            return alignment;
        }
        alignment.spellings(left, right);
        if !alignment.is_over(left, right) {
            alignment.joined(left, right);
        }
        if !alignment.is_over(left, right) {
            alignment.initials(left, right);
        }
        alignment
    }

    pub(crate) fn left_is_free(&self, place: usize) -> bool {
        self.left_taken & (1 << place) == 0
    }

    pub(crate) fn right_is_free(&self, place: usize) -> bool {
        self.right_taken & (1 << place) == 0
    }

    fn is_over(&self, left: &Entry, right: &Entry) -> bool {
        let all = |words: &[u32]| (1_u32 << words.len()) - 1;
        self.left_taken == all(&left.words) || self.right_taken == all(&right.words)
    }

    fn take(&mut self, left: (usize, usize), right: (usize, usize), kind: WordMatch, likeness: f32) {
        (left.0..left.1).for_each(|place| self.left_taken |= 1 << place);
        (right.0..right.1).for_each(|place| self.right_taken |= 1 << place);
        self.pairings.push(Pairing { left, right, kind, likeness });
    }

    /// Similar words, most similar first.
    fn spellings(&mut self, left: &Entry, right: &Entry) {
        let mut found = Vec::new();
        for i in (0..left.words.len()).filter(|i| self.left_is_free(*i)) {
            for j in (0..right.words.len()).filter(|j| self.right_is_free(*j)) {
                let (a, b) = (&left.name.core[i], &right.name.core[j]);
                if let Some((kind, likeness)) = kind(a.written.as_bytes(), b.written.as_bytes()) {
                    found.push((likeness, i, j, kind));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        for (likeness, i, j, kind) in found {
            if self.left_is_free(i) && self.right_is_free(j) {
                self.take((i, i + 1), (j, j + 1), kind, likeness);
            }
        }
    }

    /// `Light House` and `Lighthouse`.
    fn joined(&mut self, left: &Entry, right: &Entry) {
        for (i, word) in left.name.core.iter().enumerate().filter(|(_, word)| word.written.len() > 3) {
            for j in 0..right.name.core.len().saturating_sub(1) {
                if self.left_is_free(i)
                    && self.right_is_free(j)
                    && self.right_is_free(j + 1)
                    && is_joined(&word.written, right, j)
                {
                    self.take((i, i + 1), (j, j + 2), WordMatch::Joined, 0.95);
                }
            }
        }
        for (j, word) in right.name.core.iter().enumerate().filter(|(_, word)| word.written.len() > 3) {
            for i in 0..left.name.core.len().saturating_sub(1) {
                if self.right_is_free(j)
                    && self.left_is_free(i)
                    && self.left_is_free(i + 1)
                    && is_joined(&word.written, left, i)
                {
                    self.take((i, i + 2), (j, j + 1), WordMatch::Joined, 0.95);
                }
            }
        }
    }

    /// `CVS` and `Council for Voluntary Service`.
    fn initials(&mut self, left: &Entry, right: &Entry) {
        for i in 0..left.name.core.len() {
            if let Some(run) = initials_of(&left.name.core[i].written, right, |place| self.right_is_free(place))
                && self.left_is_free(i)
            {
                self.take((i, i + 1), run, WordMatch::Initials, 0.8);
            }
        }
        for j in 0..right.name.core.len() {
            if let Some(run) = initials_of(&right.name.core[j].written, left, |place| self.left_is_free(place))
                && self.right_is_free(j)
            {
                self.take(run, (j, j + 1), WordMatch::Initials, 0.8);
            }
        }
    }
}

fn kind(a: &[u8], b: &[u8]) -> Option<(WordMatch, f32)> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() >= 3 && long.starts_with(short) {
        return Some((WordMatch::Shortened, if short.len() * 2 > long.len() { 0.9 } else { 0.75 }));
    }
    if short.len() < MISSPELLED_MIN || long.len() - short.len() > 3 || is_number(a) || is_number(b) {
        return None;
    }
    let likeness = edit::likeness(a, b);
    (likeness >= LIKENESS_MIN).then_some((WordMatch::Spelling, likeness))
}

fn is_number(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
}

fn is_joined(word: &str, entry: &Entry, place: usize) -> bool {
    let (first, second) = (&entry.name.core[place].written, &entry.name.core[place + 1].written);
    word.len() == first.len() + second.len() && word.starts_with(first.as_str()) && word.ends_with(second.as_str())
}

/// The run of unmatched words whose initials are the word.
fn initials_of(word: &str, entry: &Entry, is_free: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
    let count = word.chars().count();
    let core = &entry.name.core;
    if !(2..=8).contains(&count) || core.len() < count {
        return None;
    }
    (0..=core.len() - count).map(|from| (from, from + count)).find(|(from, to)| {
        let run = &core[*from..*to];
        (*from..*to).all(&is_free) && run.iter().map(|word| word.written.chars().next()).eq(word.chars().map(Some))
    })
}
