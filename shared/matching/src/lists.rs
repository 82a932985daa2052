//! The two lists: every name parsed, each word and trigram weighted by its rarity.

use hashbrown::HashMap;

use crate::name::{CoreWord, Kind, Name, byte};

/// Number of trigram buckets: 36 letters and digits, a word end, and all others, to the third power.
pub(crate) const GRAMS: usize = 64 * 64 * 64;

/// Rarity is smoothed with general knowledge, as if this many more names had been seen.
const NAMES_ASSUMED: f32 = 500.0;

/// A name within its list.
#[derive(Debug)]
pub(crate) struct Entry {
    pub name: Name,
    /// The number of each core word, shared by both sides.
    pub words: Vec<u32>,
    /// The weight of each core word: its rarity over both lists.
    pub weights: Vec<f32>,
    pub weight: f32,
    /// The Euclidean norm of the weights.
    pub length: f32,
    /// Trigrams with weights, normalised to length one.
    pub grams: Vec<(u32, f32)>,
}

/// In how many names of each side a word occurs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    pub lefts: u32,
    pub rights: u32,
}

/// Both lists.
#[derive(Debug)]
pub(crate) struct Lists {
    pub lefts: Vec<Entry>,
    pub rights: Vec<Entry>,
    /// By word number.
    pub spreads: Vec<Spread>,
}

impl Lists {
    /// Names in an order independent of the caller's, because floating-point sums depend on the order.
    pub(crate) fn new(lefts: Vec<Name>, rights: Vec<Name>) -> Self {
        let mut vocabulary = Vocabulary { numbers: HashMap::new(), spreads: Vec::new() };
        let left_words: Vec<Vec<u32>> =
            lefts.iter().map(|name| vocabulary.read(name, |spread| &mut spread.lefts)).collect();
        let right_words: Vec<Vec<u32>> =
            rights.iter().map(|name| vocabulary.read(name, |spread| &mut spread.rights)).collect();
        let mut gram_names = vec![0_u32; GRAMS];
        let left_grams: Vec<Vec<u32>> = lefts.iter().map(|name| grams(name, &mut gram_names)).collect();
        let mut gram_rights = vec![0_u32; GRAMS];
        let right_grams: Vec<Vec<u32>> = rights.iter().map(|name| grams(name, &mut gram_rights)).collect();
        gram_names.iter_mut().zip(&gram_rights).for_each(|(all, rights)| *all += rights);

        #[expect(clippy::cast_precision_loss, reason = "a count of names")]
        let count = (lefts.len() + rights.len()) as f32;
        let scale = Scale { count };
        let gram_weights: Vec<f32> = gram_names.iter().map(|names| scale.gram(*names)).collect();
        let entry = |(name, (words, grams)): (Name, (Vec<u32>, Vec<u32>))| {
            let weights: Vec<f32> = words
                .iter()
                .zip(&name.core)
                .map(|(word, core)| scale.word(vocabulary.spreads[*word as usize], core))
                .collect();
            let weight = weights.iter().sum();
            let of_grams = grams.iter().map(|gram| gram_weights[*gram as usize].powi(2)).sum::<f32>().sqrt().max(1e-6);
            let grams = grams.into_iter().map(|gram| (gram, gram_weights[gram as usize] / of_grams)).collect();
            let length = weights.iter().map(|weight| weight * weight).sum::<f32>().sqrt().max(1e-6);
            Entry { name, words, weights, weight, length, grams }
        };
        let lefts = lefts.into_iter().zip(left_words.into_iter().zip(left_grams)).map(entry).collect();
        let rights = rights.into_iter().zip(right_words.into_iter().zip(right_grams)).map(entry).collect();
        Self { lefts, rights, spreads: vocabulary.spreads }
    }
}

struct Vocabulary {
    numbers: HashMap<Box<str>, u32>,
    spreads: Vec<Spread>,
}

impl Vocabulary {
    fn read(&mut self, name: &Name, side: fn(&mut Spread) -> &mut u32) -> Vec<u32> {
        let mut words = Vec::with_capacity(name.core.len());
        for word in &name.core {
            let number = match self.numbers.get(word.text.as_str()) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(self.spreads.len()).unwrap_or(u32::MAX);
                    self.numbers.insert(word.text.as_str().into(), number);
                    self.spreads.push(Spread::default());
                    number
                }
            };
            if !words.contains(&number) {
                *side(&mut self.spreads[number as usize]) += 1;
            }
            words.push(number);
        }
        words
    }
}

/// How rare a word or trigram is in these lists.
struct Scale {
    count: f32,
}

impl Scale {
    /// About 8 for a word in one or two names, about 3 for a common one.
    #[expect(clippy::cast_precision_loss, reason = "a count of names")]
    fn word(&self, spread: Spread, word: &CoreWord) -> f32 {
        let known = match word.kind {
            Kind::Own => 0.001,
            Kind::Generic => 0.04,
            Kind::Place => 0.02,
            Kind::Number(_) => 0.02,
        };
        let names = (spread.lefts + spread.rights) as f32 + known * NAMES_ASSUMED;
        ((self.count + NAMES_ASSUMED) / (names + 0.5)).ln().max(0.1)
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of names")]
    fn gram(&self, names: u32) -> f32 {
        ((self.count + NAMES_ASSUMED) / (names as f32 + 1.0)).ln().max(0.1)
    }
}

/// The trigrams of the core words, each once and in order; counts each.
fn grams(name: &Name, counts: &mut [u32]) -> Vec<u32> {
    let mut all: Vec<u32> = Vec::with_capacity(32);
    let mut before = [0_u32; 2];
    let mut push = |code: u32, before: &mut [u32; 2]| {
        all.push(before[0] << 12 | before[1] << 6 | code);
        *before = [before[1], code];
    };
    for word in &name.core {
        // the end of a word is the beginning of the next
        before = [before[1], 0];
        for character in word.written.chars() {
            push(drawer(character), &mut before);
        }
        push(0, &mut before);
    }
    all.sort_unstable();
    all.dedup();
    for gram in &all {
        counts[*gram as usize] += 1;
    }
    all
}

fn drawer(character: char) -> u32 {
    match byte(character) {
        letter @ b'a'..=b'z' => u32::from(letter - b'a') + 1,
        digit @ b'0'..=b'9' => u32::from(digit - b'0') + 27,
        other => u32::from(other) % 27 + 37,
    }
}
