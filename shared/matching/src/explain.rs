//! What two names have in common and what not, as named reasons.

use crate::Reason;
use crate::align::{Alignment, WordMatch};
use crate::lists::{Entry, Lists};
use crate::name::Kind;

/// Words above this weight are rare: they occur in at most about one name in fifty.
const RARE: f32 = 4.0;
/// Maximum words listed in a reason.
const WORDS_MAX: usize = 4;

/// Reasons for and against, the strongest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Explained {
    pub reasons: Vec<Reason>,
    pub against: Vec<Reason>,
}

pub(crate) fn explain(lists: &Lists, left: usize, right: usize) -> Explained {
    let (a, b) = (&lists.lefts[left], &lists.rights[right]);
    let alignment = Alignment::new(a, b);
    let mut explained = Explained::default();
    let same = same(a, b);
    let is_same = same.is_some();
    explained.reasons.extend(same);
    if !is_same {
        words(&mut explained.reasons, a, b, &alignment);
    }
    if let Some((short, long)) = initials(a, b).or_else(|| initials(b, a)) {
        explained.reasons.push(Reason::Initials { short, long });
    }
    against(&mut explained.against, a, b, &alignment);
    explained
}

fn same(a: &Entry, b: &Entry) -> Option<Reason> {
    let (left, right) = (&a.name, &b.name);
    if left.whole == right.whole {
        Some(Reason::SameName)
    } else if a.words == b.words {
        Some(Reason::SameCore)
    } else if left.sorted == right.sorted {
        Some(Reason::SameWords)
    } else if left.joined == right.joined {
        Some(Reason::SameLetters)
    } else {
        None
    }
}

fn words(reasons: &mut Vec<Reason>, a: &Entry, b: &Entry, alignment: &Alignment) {
    let mut shared: Vec<(f32, &str)> = alignment
        .pairings
        .iter()
        .filter(|pairing| pairing.kind == WordMatch::Equal)
        .map(|pairing| (a.weights[pairing.left.0], a.name.core[pairing.left.0].written.as_str()))
        .collect();
    shared.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let named = |words: &[(f32, &str)]| words.iter().take(WORDS_MAX).map(|(_, word)| (*word).to_owned()).collect();
    let rare = shared.iter().filter(|(weight, _)| *weight >= RARE).count();
    if rare > 0 {
        reasons.push(Reason::SharedRareWords(named(&shared[..rare])));
    }
    for pairing in &alignment.pairings {
        let written = |entry: &Entry, (from, to): (usize, usize)| -> String {
            entry.name.core[from..to].iter().map(|word| word.written.as_str()).collect::<Vec<_>>().join(" ")
        };
        let (account, client) = (written(a, pairing.left), written(b, pairing.right));
        reasons.extend(match pairing.kind {
            WordMatch::Equal => None,
            WordMatch::Spelling => Some(Reason::Spelling { account, client }),
            WordMatch::Shortened => Some(Reason::Shortened { account, client }),
            WordMatch::Joined => Some(Reason::SameLetters),
            WordMatch::Initials if account.len() < client.len() => {
                Some(Reason::Initials { short: account, long: client })
            }
            WordMatch::Initials => Some(Reason::Initials { short: client, long: account }),
        });
    }
    let is_all = |count: usize, taken: u32| taken.count_ones() as usize == count;
    if is_all(a.words.len(), alignment.left_taken) || is_all(b.words.len(), alignment.right_taken) {
        reasons.push(Reason::Subset);
    }
    if rare == 0 && !shared.is_empty() {
        reasons.push(Reason::SharedCommonWords(named(&shared)));
    }
}

fn initials(short: &Entry, long: &Entry) -> Option<(String, String)> {
    let [word] = short.name.core.as_slice() else { return None };
    let is_initials = word.written.len() > 1 && long.name.initials.contains(&word.written) && long.name.core.len() > 1;
    let long = || long.name.core.iter().map(|word| word.written.as_str()).collect::<Vec<_>>().join(" ");
    is_initials.then(|| (word.written.clone(), long()))
}

fn against(against: &mut Vec<Reason>, a: &Entry, b: &Entry, alignment: &Alignment) {
    if a.name.numbers != b.name.numbers {
        against.push(Reason::DifferentNumber);
    }
    let (left, right) = (&a.name.legal, &b.name.legal);
    if !left.is_empty() && !right.is_empty() && left != right {
        against.push(Reason::DifferentLegalForm { account: left.join(" "), client: right.join(" ") });
    }
    let mut places = Vec::new();
    let mut free = |entry: &Entry, is_free: &dyn Fn(usize) -> bool| {
        let mut words: Vec<(f32, String)> = Vec::new();
        for (place, word) in entry.name.core.iter().enumerate().filter(|(place, _)| is_free(*place)) {
            match word.kind {
                Kind::Place => places.push(word.written.clone()),
                Kind::Number(_) => {}
                Kind::Own | Kind::Generic => words.push((entry.weights[place], word.written.clone())),
            }
        }
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        words.into_iter().take(WORDS_MAX).map(|(_, word)| word).collect::<Vec<_>>()
    };
    let only_left = free(a, &|place| alignment.left_is_free(place));
    let only_right = free(b, &|place| alignment.right_is_free(place));
    if !places.is_empty() {
        against.push(Reason::DifferentPlace(places));
    }
    if !only_left.is_empty() {
        against.push(Reason::OnlyInAccount(only_left));
    }
    if !only_right.is_empty() {
        against.push(Reason::OnlyInClient(only_right));
    }
}
