//! What two names have in common and what not, as named reasons.

use crate::Reason;
use crate::align::{Alignment, WordMatch};
use crate::lists::{Entry, Lists};
use crate::name::Kind;
use crate::number::number;

/// Words above this weight are rare: they occur in at most about one name in fifty.
const RARE: f32 = 4.0;
/// Maximum words listed in a reason.
const WORDS_MAX: usize = 4;
/// Letters of a name searched for runs in common.
const LETTERS_MAX: usize = 200;
/// Shorter runs of letters in common say nothing.
const RUN_MIN: usize = 3;

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
        let reason = Reason::Initials { short, long };
        if !explained.reasons.contains(&reason) {
            explained.reasons.push(reason);
        }
    }
    if explained.reasons.is_empty() {
        explained.reasons.push(letters(a, b));
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
    let is_all = |count: usize, taken: u32| count > 0 && taken.count_ones() as usize == count;
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

/// The longest run of letters in both names, for names without a common word.
fn letters(a: &Entry, b: &Entry) -> Reason {
    let written = |entry: &Entry| -> Vec<char> {
        let words = entry.name.core.iter().map(|word| word.written.as_str());
        words.collect::<Vec<_>>().join(" ").chars().take(LETTERS_MAX).collect()
    };
    let (left, right) = (written(a), written(b));
    let mut longest: &[char] = &[];
    for from in 0..left.len() {
        while let Some(run) = left.get(from..=from + longest.len())
            && right.windows(run.len()).any(|other| other == run)
        {
            longest = run;
        }
    }
    let run: String = longest.iter().collect();
    let run = run.trim();
    if run.chars().count() >= RUN_MIN { Reason::SharedLetters(run.to_owned()) } else { Reason::FewLetters }
}

/// A word of a name that stands for a number.
struct NumberWord<'a> {
    place: usize,
    written: &'a str,
    number: u32,
}

/// The numbers of a name that the other has not.
fn own_numbers<'a>(entry: &'a Entry, other: &Entry) -> Vec<NumberWord<'a>> {
    let is_in_other = |wanted: u32| other.name.core.iter().any(|word| number(&word.written) == Some(wanted));
    let words = entry.name.core.iter().enumerate();
    words
        .filter_map(|(place, word)| Some(NumberWord { place, written: &word.written, number: number(&word.written)? }))
        .filter(|word| !is_in_other(word.number))
        .collect()
}

fn against(against: &mut Vec<Reason>, a: &Entry, b: &Entry, alignment: &Alignment) {
    let (left_numbers, right_numbers) = (own_numbers(a, b), own_numbers(b, a));
    let differ = !left_numbers.is_empty() && !right_numbers.is_empty();
    if differ {
        let listed = |words: &[NumberWord<'_>]| words.iter().map(|word| word.written).collect::<Vec<_>>().join(" ");
        against.push(Reason::DifferentNumber { account: listed(&left_numbers), client: listed(&right_numbers) });
    }
    let (left, right) = (&a.name.legal, &b.name.legal);
    if !left.is_empty() && !right.is_empty() && left != right {
        against.push(Reason::DifferentLegalForm { account: left.join(" "), client: right.join(" ") });
    }
    let mut places = Vec::new();
    let mut free = |entry: &Entry, numbers: &[NumberWord<'_>], is_free: &dyn Fn(usize) -> bool| {
        let mut words: Vec<(f32, String)> = Vec::new();
        for (place, word) in entry.name.core.iter().enumerate().filter(|(place, _)| is_free(*place)) {
            let is_own_number = numbers.iter().any(|own| own.place == place);
            match word.kind {
                // told already, or the other has it in another form
                _ if number(&word.written).is_some() && (differ || !is_own_number) => {}
                // a number weighs little among words but tells sites apart
                _ if is_own_number => words.push((f32::MAX, word.written.clone())),
                Kind::Place => places.push(word.written.clone()),
                Kind::Own | Kind::Generic | Kind::Number(_) => words.push((entry.weights[place], word.written.clone())),
            }
        }
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        words.into_iter().take(WORDS_MAX).map(|(_, word)| word).collect::<Vec<_>>()
    };
    let only_left = free(a, &left_numbers, &|place| alignment.left_is_free(place));
    let only_right = free(b, &right_numbers, &|place| alignment.right_is_free(place));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    /// The reasons for and against.
    fn reasons(account: &str, client: &str) -> (String, String) {
        let lists = Lists::new(vec![Name::new(account)], vec![Name::new(client)]);
        let Explained { reasons, against } = super::explain(&lists, 0, 0);
        let told = |reasons: &[Reason]| reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        (told(&reasons), told(&against))
    }

    #[test]
    fn numbers_differ_only_if_both_have_another_one() {
        for (account, client, expected) in [
            ("First Avenue Dental", "1 Avenue Dental", ""),
            ("1st Avenue Dental", "First Avenue Dental", ""),
            ("Centre 33", "Centre 33rd", ""),
            ("Harbour School II", "Harbour School 3rd", "numbers differ: ii, 3rd"),
            ("Harbour School 2", "Harbour School", "only the account has 2"),
            ("First Harbour School", "Harbour School", "only the account has first"),
            ("Harbour School", "Harbour School Annex 7", "only the client has 7, annex"),
            ("U. of Lancaster", "University of Lancaster", ""),
            ("Brown", "Brown R", "only the client has r"),
        ] {
            assert_eq!(reasons(account, client).1, expected, "{account} / {client}");
        }
    }

    #[test]
    fn names_without_a_common_word_have_a_reason() {
        for (account, client, expected) in [
            ("Greentomatocars", "The Greens Health Centre", "both contain green"),
            ("RADVision Inc", "Visionist, Inc", "both contain vision"),
            ("FBK", "FFI", "only single letters in common"),
            ("--", "Acme", "only single letters in common"),
        ] {
            assert_eq!(reasons(account, client).0, expected, "{account} / {client}");
        }
    }
}
