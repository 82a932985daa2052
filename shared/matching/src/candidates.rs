//! Which names are worth comparing: for each left name, the right names that share rare words, trigrams, initials or
//! joined letters with it, at a cost that does not grow with the product of the two lists.

use std::ops::RangeInclusive;

use hashbrown::HashMap;

use crate::lists::{GRAMS, Lists};

/// Maximum postings visited per left name, rarest first.
const LOOKS_MAX: usize = 2_000;
/// Maximum right names per left name compared letter by letter.
const SHORTLIST: usize = 16;
/// Candidates below this share of the best similarity are not measured.
const SHARE_OF_BEST: f32 = 0.35;
/// Maximum right names with the same initials considered.
const BY_FORM_MAX: usize = 50;
/// Maximum right names taken for a left name because they are its initials.
const ABBREVIATIONS_MAX: usize = 3;
/// Lengths of words that may be the initials of a name, in bytes.
const INITIALS: RangeInclusive<usize> = 2..=8;
/// Maximum right names measured per left name.
pub(crate) const CANDIDATES_MAX: usize = 10;

/// A right name that a left name may refer to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub right: u32,
    /// The share of the words' weight that both have in common, 0 to 1.
    pub words: f32,
    /// The cosine similarity of trigrams, 0 to 1.
    pub grams: f32,
    /// The joined letters are equal, or one is the initials of the other.
    pub is_by_form: bool,
}

impl Candidate {
    /// The cheap similarity by which candidates are ordered.
    pub(crate) fn likeness(self) -> f32 {
        0.5 * (self.words + self.grams)
    }

    fn rank(self) -> f32 {
        self.likeness() + if self.is_by_form { 0.6 } else { 0.0 }
    }
}

/// Index of the words, trigrams and forms of the right names.
pub(crate) struct Index<'a> {
    lists: &'a Lists,
    words: Postings,
    grams: Postings,
    joined: HashMap<&'a [u8], Vec<u32>>,
    initials: HashMap<&'a str, Vec<u32>>,
    /// Names of one word, by that word, if it is short enough to be initials.
    abbreviations: HashMap<&'a str, Vec<u32>>,
}

/// For each key, a slice of right names with the key's weight in each.
struct Postings {
    starts: Vec<u32>,
    rights: Vec<(u32, f32)>,
}

/// Right names, with a key's weight in each.
type Rights<'a> = &'a [(u32, f32)];

impl Postings {
    fn new(keys: usize, each: &mut dyn Iterator<Item = (u32, u32, f32)>) -> Self {
        let all: Vec<(u32, u32, f32)> = each.collect();
        let mut starts = vec![0_u32; keys + 1];
        for (key, _, _) in &all {
            starts[*key as usize + 1] += 1;
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut rights = vec![(0, 0.0); all.len()];
        for (key, right, weight) in all {
            let place = &mut next[key as usize];
            rights[*place as usize] = (right, weight);
            *place += 1;
        }
        Self { starts, rights }
    }

    fn of(&self, key: u32) -> Rights<'_> {
        &self.rights[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

/// Buffers reused for each left name.
pub(crate) struct Scratch {
    shares: Vec<f32>,
    touched: Vec<u32>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(lists: &'a Lists) -> Self {
        let numbered = || (0_u32..).zip(&lists.rights);
        let mut joined = HashMap::<&[u8], Vec<u32>>::new();
        let mut initials = HashMap::<&str, Vec<u32>>::new();
        let mut abbreviations = HashMap::<&str, Vec<u32>>::new();
        let add = |rights: &mut Vec<u32>, right: u32| {
            if rights.last() != Some(&right) {
                rights.push(right);
            }
        };
        for (right, entry) in numbered() {
            joined.entry(&entry.name.joined).or_default().push(right);
            for letters in entry.name.initials.iter().filter(|letters| letters.len() > 1) {
                add(initials.entry(letters.as_str()).or_default(), right);
            }
            if let [word] = entry.name.core.as_slice()
                && can_be_initials(&word.written)
            {
                add(abbreviations.entry(word.written.as_str()).or_default(), right);
            }
        }
        let words = Postings::new(
            lists.spreads.len(),
            &mut numbered().flat_map(|(right, entry)| {
                let length = entry.length;
                entry.words.iter().zip(&entry.weights).map(move |(word, weight)| (*word, right, weight / length))
            }),
        );
        let grams = Postings::new(
            GRAMS,
            &mut numbered()
                .flat_map(|(right, entry)| entry.grams.iter().map(move |(gram, weight)| (*gram, right, *weight))),
        );
        Self { lists, words, grams, joined, initials, abbreviations }
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch { shares: vec![0.0; self.lists.rights.len()], touched: Vec::new() }
    }

    /// The best candidates for a left name, best first.
    pub(crate) fn candidates(&self, left: usize, scratch: &mut Scratch) -> Vec<Candidate> {
        let entry = &self.lists.lefts[left];
        let length = entry.length;
        let mut keys: Vec<(usize, Rights<'_>, f32)> = Vec::with_capacity(entry.words.len() + entry.grams.len());
        let words =
            entry.words.iter().zip(&entry.weights).map(|(word, weight)| (self.words.of(*word), weight / length));
        let grams = entry.grams.iter().map(|(gram, weight)| (self.grams.of(*gram), *weight));
        keys.extend(words.chain(grams).map(|(rights, weight)| (rights.len(), rights, weight)));
        keys.sort_by_key(|(count, _, _)| *count);
        let mut looks = 0;
        for (count, rights, weight) in keys {
            looks += count;
            if looks > LOOKS_MAX && looks > count {
                break;
            }
            for (right, share) in rights {
                scratch.add(*right, weight * share);
            }
        }
        let mut by_form: Vec<u32> =
            self.by_form(left).flat_map(|rights| rights.iter().take(BY_FORM_MAX).copied()).collect();
        by_form.sort_unstable();
        by_form.dedup();
        by_form.iter().for_each(|right| scratch.add(*right, 1.0));
        let shortlist = scratch.take_best();
        let mut candidates: Vec<Candidate> = shortlist
            .into_iter()
            .map(|right| self.compare(left, right, by_form.binary_search(&right).is_ok()))
            .collect();
        candidates.sort_by(|a, b| b.rank().total_cmp(&a.rank()).then(a.right.cmp(&b.right)));
        let least = candidates.iter().map(|candidate| candidate.likeness()).fold(0.0, f32::max) * SHARE_OF_BEST;
        candidates.retain(|candidate| candidate.is_by_form || candidate.likeness() >= least);
        candidates.truncate(CANDIDATES_MAX);
        candidates
    }

    /// Right names with the same joined letters, or whose initials are a word of the left name.
    fn by_form(&self, left: usize) -> impl Iterator<Item = &[u32]> {
        let name = &self.lists.lefts[left].name;
        let joined = self.joined.get(name.joined.as_slice()).into_iter();
        let short = name.core.iter().filter(|word| can_be_initials(&word.written));
        let as_initials = short.filter_map(|word| self.initials.get(word.written.as_str()));
        joined.chain(as_initials).map(Vec::as_slice)
    }

    /// Right names that are the initials of the left name and not among its candidates. The model is not trained on them:
    /// among the candidates they would change the ranks of all others.
    pub(crate) fn abbreviations(&self, left: usize, candidates: &[Candidate]) -> Vec<Candidate> {
        let name = &self.lists.lefts[left].name;
        let mut rights: Vec<u32> = name
            .initials
            .iter()
            .filter_map(|letters| self.abbreviations.get(letters.as_str()))
            .flatten()
            .copied()
            .filter(|right| candidates.iter().all(|candidate| candidate.right != *right))
            .collect();
        rights.sort_unstable();
        rights.dedup();
        rights.truncate(ABBREVIATIONS_MAX);
        rights.into_iter().map(|right| self.compare(left, right, true)).collect()
    }

    fn compare(&self, left: usize, right: u32, is_by_form: bool) -> Candidate {
        let (a, b) = (&self.lists.lefts[left], &self.lists.rights[right as usize]);
        let shared = a.words.iter().zip(&a.weights).filter(|(word, _)| b.words.contains(word));
        let words = shared.map(|(_, weight)| weight * weight).sum::<f32>() / (a.length * b.length);
        let grams = cosine(&a.grams, &b.grams);
        Candidate { right, words: words.min(1.0), grams, is_by_form }
    }
}

fn can_be_initials(word: &str) -> bool {
    INITIALS.contains(&word.len())
}

/// Merges two lists sorted by key.
pub(crate) fn cosine(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((left, weight)), Some((right, other))) = (a.get(i), b.get(j)) {
        if left == right {
            sum += weight * other;
        }
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    sum
}

impl Scratch {
    fn add(&mut self, right: u32, share: f32) {
        let place = &mut self.shares[right as usize];
        if *place == 0.0 {
            self.touched.push(right);
        }
        *place += share;
    }

    /// The right names with the highest sums; clears the buffer.
    fn take_best(&mut self) -> Vec<u32> {
        let shares = &self.shares;
        let order = |a: &u32, b: &u32| shares[*b as usize].total_cmp(&shares[*a as usize]).then(a.cmp(b));
        let mut best = self.touched.clone();
        if best.len() > SHORTLIST {
            best.select_nth_unstable_by(SHORTLIST - 1, order);
            best.truncate(SHORTLIST);
        }
        for right in self.touched.drain(..) {
            self.shares[right as usize] = 0.0;
        }
        best
    }
}
