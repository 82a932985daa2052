//! Features of a pair of names. Each describes how the two names relate and how common they are in the lists; none depends
//! on which names they are.

use crate::align::{Alignment, WordMatch};
use crate::candidates::{Candidate, cosine};
use crate::edit;
use crate::lists::{Entry, Lists};
use crate::name::Kind;
use crate::words::Sort;

macro_rules! measures {
    ($($name:ident: $meaning:literal,)*) => {
        /// The features of a pair, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct Measures { $(#[doc = $meaning] pub $name: f32,)* }

        /// The names of the features, in order.
        pub const MEASURES: &[&str] = &[$(stringify!($name),)*];

        impl Measures {
            /// The values in the order of [`MEASURES`].
            #[must_use]
            pub fn to_array(&self) -> [f32; MEASURES.len()] { [$(self.$name,)*] }
        }
    };
}

measures! {
    same_core: "1 if the core words are equal in the same order, 0.9 in another order, 0.8 if only the joined letters are equal.",
    left_covered: "Share of the left name's weight with a corresponding word on the right; similar spellings count in part.",
    right_covered: "Share of the right name's weight with a corresponding word on the left.",
    left_equal: "Share of the left name's weight with an equal word on the right.",
    right_equal: "Share of the right name's weight with an equal word on the left.",
    left_over: "Weight of the rarest left word missing on the right.",
    right_over: "Weight of the rarest right word missing on the left.",
    left_over_count: "Number of left words missing on the right.",
    right_over_count: "Number of right words missing on the left.",
    left_over_own: "Weight of the rarest left word missing on the right that is neither generic nor a place.",
    right_over_own: "Weight of the rarest right word missing on the left that is neither generic nor a place.",
    left_over_lefts: "Logarithm of the number of left names with the rarest word that only the left has.",
    right_over_rights: "Logarithm of the number of right names with the rarest word that only the right has.",
    over_place: "Sides with an unmatched place: 0, 1 or 2.",
    over_other_part: "1 if the unmatched words are in another part of the name than the shared ones.",
    over_at_front: "Sides whose first word is unmatched: 0, 1 or 2.",
    shared_rarest: "Weight of the rarest shared word.",
    shared_sum: "Total weight of the shared words.",
    shared_count: "Number of shared words.",
    shared_rights: "Logarithm of the number of right names with the rarest shared word.",
    shared_lefts: "Logarithm of the number of left names with the rarest shared word.",
    spelling: "Lowest similarity among corresponding words, 1 if all are equal.",
    spelling_weight: "Weight of corresponding words that are not equal.",
    joined: "1 if two words of one side are one word of the other.",
    initials: "Letters of one side that are initials of words of the other.",
    whole_initials: "Letters, if one whole name is the initials of the other.",
    shortened: "1 if a word of one side is the beginning of a word of the other.",
    grams: "Cosine similarity of trigrams.",
    whole_likeness: "Edit similarity of the whole names.",
    joined_likeness: "Edit similarity of the joined core words.",
    joined_distance: "Edit distance of the joined core words.",
    jaro_winkler: "Jaro-Winkler similarity of the joined core words.",
    sorted_likeness: "Edit similarity of the sorted core words.",
    first_word: "1 if the first words are equal, less if they are similar.",
    last_word: "1 if the last words are equal.",
    contained: "1 if the joined letters of one contain those of the other.",
    legal: "Legal forms: 0 none, 1 only left, 2 only right, 3 the same, 4 some the same, 5 different.",
    number: "Numbers: 0 none, 1 the same, 2 only left, 3 only right, 4 different.",
    left_words: "Number of core words on the left.",
    right_words: "Number of core words on the right.",
    left_weight: "Total weight of the left words.",
    right_weight: "Total weight of the right words.",
    left_letters: "Letters of the left core words.",
    right_letters: "Letters of the right core words.",
    is_domain: "Written as a domain: 1 left, 2 right, 3 both with the same ending, 4 both with different endings.",
    alias_mark: "1 if a side names an alias or a former name.",
    left_sort: "Type of organization of the left name: 0 unknown, 1 trade, 2 practice, 3 public body, 4 charity.",
    right_sort: "Type of organization of the right name, likewise.",
    likeness: "The cheap similarity by which candidates are ordered.",
    rank: "Rank among the left name's candidates, best 0.",
    lead: "Lead over the best other right name of this left name.",
    lead_right: "Lead over the best other left name of this right name.",
    near_rights: "Right names nearly as similar to the left name.",
    near_lefts: "Left names nearly as similar to the right name as the best.",
    twin: "Similarity of the right name to the best other right name of this left name.",
}

/// Competing candidates: of the same left name, and other left names of the same right one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rivals {
    pub rank: usize,
    pub best_other: f32,
    pub best_other_left: f32,
    pub near_rights: usize,
    pub near_lefts: usize,
    pub twin: f32,
}

/// Measures a pair and aligns its words.
pub(crate) fn measure(lists: &Lists, left: usize, candidate: Candidate, rivals: &Rivals) -> (Measures, Alignment) {
    let a = &lists.lefts[left];
    let b = &lists.rights[candidate.right as usize];
    let alignment = Alignment::new(a, b);
    let mut measures = Measures::default();
    shared(&mut measures, lists, a, b, &alignment);
    left_over(&mut measures, lists, a, b, &alignment);
    letters(&mut measures, a, b);
    forms(&mut measures, a, b);
    measures.grams = candidate.grams;
    measures.likeness = candidate.likeness();
    measures.rank = count(rivals.rank);
    measures.lead = candidate.likeness() - rivals.best_other;
    measures.lead_right = candidate.likeness() - rivals.best_other_left;
    measures.near_rights = count(rivals.near_rights);
    measures.near_lefts = count(rivals.near_lefts);
    measures.twin = rivals.twin;
    (measures, alignment)
}

/// How similar two right names are to each other.
pub(crate) fn twins(a: &Entry, b: &Entry) -> f32 {
    cosine(&a.grams, &b.grams)
}

#[expect(clippy::cast_precision_loss, reason = "counts of words and names")]
fn count(number: usize) -> f32 {
    number as f32
}

#[expect(clippy::cast_precision_loss, reason = "counts of names")]
fn logarithm(names: u32) -> f32 {
    (names as f32 + 1.0).ln()
}

fn shared(measures: &mut Measures, lists: &Lists, a: &Entry, b: &Entry, alignment: &Alignment) {
    let (mut left, mut right, mut left_equal, mut right_equal) = (0.0, 0.0, 0.0, 0.0);
    let mut rarest = None;
    measures.spelling = 1.0;
    for pairing in &alignment.pairings {
        let weight_of = |entry: &Entry, (from, to): (usize, usize)| entry.weights[from..to].iter().sum::<f32>();
        let (of_left, of_right) = (weight_of(a, pairing.left), weight_of(b, pairing.right));
        left += of_left * pairing.likeness;
        right += of_right * pairing.likeness;
        measures.spelling = measures.spelling.min(pairing.likeness);
        let letters = a.name.core[pairing.left.0].written.len().min(b.name.core[pairing.right.0].written.len());
        match pairing.kind {
            WordMatch::Equal => {
                left_equal += of_left;
                right_equal += of_right;
                measures.shared_count += 1.0;
                measures.shared_sum += of_left;
                if of_left > measures.shared_rarest {
                    measures.shared_rarest = of_left;
                    rarest = Some(a.words[pairing.left.0]);
                }
            }
            WordMatch::Spelling => measures.spelling_weight += of_left.min(of_right),
            WordMatch::Shortened => measures.shortened = 1.0,
            WordMatch::Joined => measures.joined = 1.0,
            WordMatch::Initials => measures.initials = measures.initials.max(count(letters)),
        }
    }
    measures.left_covered = left / a.weight.max(1e-6);
    measures.right_covered = right / b.weight.max(1e-6);
    measures.left_equal = left_equal / a.weight.max(1e-6);
    measures.right_equal = right_equal / b.weight.max(1e-6);
    if let Some(word) = rarest {
        let spread = lists.spreads[word as usize];
        measures.shared_rights = logarithm(spread.rights);
        measures.shared_lefts = logarithm(spread.lefts);
    }
}

fn left_over(measures: &mut Measures, lists: &Lists, a: &Entry, b: &Entry, alignment: &Alignment) {
    let free_left = Places::free(a, alignment.left_taken);
    let free_right = Places::free(b, alignment.right_taken);
    let rarest = |entry: &Entry, free: Places| free.max_by(|x, y| entry.weights[*x].total_cmp(&entry.weights[*y]));
    let own = |entry: &Entry, free: Places| {
        let own = free.filter(|place| entry.name.core[*place].kind == Kind::Own);
        own.map(|place| entry.weights[place]).fold(0.0, f32::max)
    };
    let has_place = |entry: &Entry, mut free: Places| free.any(|place| entry.name.core[place].kind == Kind::Place);
    if let Some(place) = rarest(a, free_left) {
        measures.left_over = a.weights[place];
        measures.left_over_lefts = logarithm(lists.spreads[a.words[place] as usize].lefts);
    }
    if let Some(place) = rarest(b, free_right) {
        measures.right_over = b.weights[place];
        measures.right_over_rights = logarithm(lists.spreads[b.words[place] as usize].rights);
    }
    measures.left_over_count = count(free_left.count());
    measures.right_over_count = count(free_right.count());
    measures.left_over_own = own(a, free_left);
    measures.right_over_own = own(b, free_right);
    measures.over_place = count(usize::from(has_place(a, free_left)) + usize::from(has_place(b, free_right)));
    measures.over_at_front = count(usize::from(free_left.has(0)) + usize::from(free_right.has(0)));
    let is_apart = |entry: &Entry, mut free: Places| {
        let all = free;
        free.all(|place| {
            let part = entry.name.core[place].part;
            (0..entry.words.len()).all(|other| all.has(other) || entry.name.core[other].part != part)
        })
    };
    let is_over = free_left.0 != 0 || free_right.0 != 0;
    measures.over_other_part = count(usize::from(is_over && is_apart(a, free_left) && is_apart(b, free_right)));
}

/// Positions of words, as bits.
#[derive(Debug, Clone, Copy)]
struct Places(u32);

impl Places {
    fn free(entry: &Entry, taken: u32) -> Self {
        Self(!taken & ((1 << entry.words.len()) - 1))
    }

    fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(place)
    }
}

fn letters(measures: &mut Measures, a: &Entry, b: &Entry) {
    let (left, right) = (&a.name.joined, &b.name.joined);
    measures.whole_likeness = edit::likeness(&a.name.whole, &b.name.whole);
    measures.joined_likeness = edit::likeness(left, right);
    measures.joined_distance = count(edit::distance(left, right));
    measures.jaro_winkler = edit::jaro_winkler(left, right);
    measures.sorted_likeness = edit::likeness(&a.name.sorted, &b.name.sorted);
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let is_contained = short.len() >= 3 && long.windows(short.len()).any(|run| run == short.as_slice());
    measures.contained = count(usize::from(is_contained));
    measures.left_letters = count(left.len());
    measures.right_letters = count(right.len());
}

fn forms(measures: &mut Measures, a: &Entry, b: &Entry) {
    let (left, right) = (&a.name, &b.name);
    measures.same_core = if a.words == b.words {
        1.0
    } else if left.sorted == right.sorted {
        0.9
    } else if left.joined == right.joined {
        0.8
    } else {
        0.0
    };
    measures.left_words = count(a.words.len());
    measures.right_words = count(b.words.len());
    measures.left_weight = a.weight;
    measures.right_weight = b.weight;
    if let (Some(first), Some(other)) = (left.core.first(), right.core.first()) {
        let likeness = edit::likeness(first.written.as_bytes(), other.written.as_bytes());
        measures.first_word = if first.text == other.text { 1.0 } else { likeness * 0.9 };
    }
    measures.last_word = count(usize::from(a.words.last() == b.words.last()));
    measures.whole_initials = count(whole_initials(a, b).unwrap_or(0));
    measures.legal = legal(&left.legal, &right.legal);
    measures.number = number(&left.numbers, &right.numbers);
    measures.is_domain = match (&left.domain_end, &right.domain_end) {
        (None, None) => 0.0,
        (Some(_), None) => 1.0,
        (None, Some(_)) => 2.0,
        (Some(end), Some(other)) => {
            if end == other {
                3.0
            } else {
                4.0
            }
        }
    };
    measures.left_sort = sort(left.sort);
    measures.right_sort = sort(right.sort);
    measures.alias_mark = count(usize::from(left.has_alias_mark || right.has_alias_mark));
}

/// The number of letters, if the only word of one side is the initials of the other.
fn whole_initials(a: &Entry, b: &Entry) -> Option<usize> {
    let one_way = |short: &Entry, long: &Entry| {
        let [word] = short.name.core.as_slice() else { return None };
        let is_initials = word.written.len() > 1 && long.name.initials.contains(&word.written);
        is_initials.then_some(word.written.len())
    };
    one_way(a, b).or_else(|| one_way(b, a))
}

fn legal(left: &[&str], right: &[&str]) -> f32 {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => 0.0,
        (false, true) => 1.0,
        (true, false) => 2.0,
        (false, false) if left == right => 3.0,
        (false, false) if left.iter().any(|form| right.contains(form)) => 4.0,
        (false, false) => 5.0,
    }
}

fn sort(sort: Option<Sort>) -> f32 {
    match sort {
        None => 0.0,
        Some(Sort::Trade) => 1.0,
        Some(Sort::Practice) => 2.0,
        Some(Sort::Public) => 3.0,
        Some(Sort::Charity) => 4.0,
    }
}

fn number(left: &[u32], right: &[u32]) -> f32 {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => 0.0,
        (false, true) => 2.0,
        (true, false) => 3.0,
        (false, false) if left == right => 1.0,
        (false, false) => 4.0,
    }
}
