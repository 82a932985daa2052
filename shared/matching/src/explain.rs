//! What two names have in common and what not, as named reasons.

use crate::Reason;
use crate::align::{Alignment, Pairing, WordMatch};
use crate::lists::{Entry, Lists};
use crate::name::Kind;
use crate::number::number;

/// Words above this weight are rare: they occur in at most about one name in fifty.
const RARE: f32 = 4.0;
/// Maximum words listed in a reason.
const WORDS_MAX: usize = 4;
/// Single letters that are written together in a name are rarely more.
const INITIALS_MAX: usize = 4;
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
    let has_all_words = explained.reasons.contains(&Reason::SameLetters);
    numbers_and_forms(&mut explained.against, a, b);
    if !has_all_words {
        only_in_one(&mut explained.against, a, b, &alignment);
    }
    explained
}

fn same(a: &Entry, b: &Entry) -> Option<Reason> {
    let (left, right) = (&a.name, &b.name);
    let sorted = |entry: &Entry| {
        let mut words: Vec<&str> = entry.name.core.iter().map(|word| word.text.as_str()).collect();
        words.sort_unstable();
        words.join(" ")
    };
    // the names' bytes are for the model: letters of other scripts may share one
    if left.plain == right.plain {
        Some(Reason::SameName)
    } else if a.words == b.words {
        Some(Reason::SameCore)
    } else if sorted(a) == sorted(b) {
        Some(Reason::SameWords)
    } else if has_same_letters(a, b) {
        Some(Reason::SameLetters)
    } else {
        None
    }
}

/// Also where the end of a domain is a word of the other name: `ep.net` and `E.P.Net`.
fn has_same_letters(a: &Entry, b: &Entry) -> bool {
    let core = |entry: &Entry| written(entry, (0, entry.name.core.len()), "");
    let (left, right) = (core(a), core(b));
    left == right || left == b.name.plain.replace(' ', "") || a.name.plain.replace(' ', "") == right
}

/// Some core words as they are written.
fn written(entry: &Entry, (from, to): (usize, usize), between: &str) -> String {
    entry.name.core[from..to].iter().map(|word| word.written.as_str()).collect::<Vec<_>>().join(between)
}

fn words(reasons: &mut Vec<Reason>, a: &Entry, b: &Entry, alignment: &Alignment) {
    let equal = || alignment.pairings.iter().filter(|pairing| pairing.kind == WordMatch::Equal);
    let forms = |pairing: &&Pairing| {
        let (left, right) = (&a.name.core[pairing.left.0].written, &b.name.core[pairing.right.0].written);
        (left != right).then(|| (left.clone(), right.clone()))
    };
    let mut shared: Vec<(f32, &str)> = equal()
        .filter(|pairing| forms(pairing).is_none())
        .map(|pairing| (a.weights[pairing.left.0], a.name.core[pairing.left.0].written.as_str()))
        .collect();
    shared.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    shared.dedup();
    let named = |words: &[(f32, &str)]| words.iter().take(WORDS_MAX).map(|(_, word)| (*word).to_owned()).collect();
    let rare = shared.iter().filter(|(weight, _)| *weight >= RARE).count();
    if rare > 0 {
        reasons.push(Reason::SharedRareWords(named(&shared[..rare])));
    }
    reasons.extend(
        equal().filter_map(|pairing| forms(&pairing)).map(|(account, client)| Reason::OtherForm { account, client }),
    );
    for pairing in &alignment.pairings {
        let (account, client) = (written(a, pairing.left, " "), written(b, pairing.right, " "));
        reasons.extend(match pairing.kind {
            WordMatch::Equal => None,
            WordMatch::Spelling => Some(Reason::Spelling { account, client }),
            WordMatch::Shortened => Some(Reason::Shortened { account, client }),
            WordMatch::Joined => Some(Reason::WrittenApart { account, client }),
            WordMatch::Initials if account.len() < client.len() => {
                Some(Reason::Initials { short: account, long: client })
            }
            WordMatch::Initials => Some(Reason::Initials { short: client, long: account }),
        });
    }
    let is_whole = |pairing: &&Pairing| matches!(pairing.kind, WordMatch::Equal | WordMatch::Joined);
    let found = |span: fn(&Pairing) -> (usize, usize)| -> usize {
        let spans = alignment.pairings.iter().filter(is_whole).map(span);
        spans.map(|(from, to)| to - from).sum()
    };
    let is_all = |entry: &Entry, found: usize| found > 0 && found == entry.name.core.len();
    if is_all(a, found(|pairing| pairing.left)) || is_all(b, found(|pairing| pairing.right)) {
        reasons.push(Reason::Subset);
    }
    if rare == 0 && !shared.is_empty() {
        reasons.push(Reason::SharedCommonWords(named(&shared)));
    }
}

fn initials(short: &Entry, long: &Entry) -> Option<(String, String)> {
    let [word] = short.name.core.as_slice() else { return None };
    let of = |words: &str| words.split(' ').filter_map(|word| word.chars().next()).collect::<String>();
    let core = written(long, (0, long.name.core.len()), " ");
    let is_initials = |words: &String| of(words) == word.written;
    let found = [core, long.name.rest.clone()].into_iter().find(is_initials)?;
    (word.written.len() > 1 && long.name.core.len() > 1).then(|| (word.written.clone(), found))
}

/// The longest run of letters within a word of both names, for names without a common word.
fn letters(a: &Entry, b: &Entry) -> Reason {
    let letters = |entry: &Entry| -> Vec<char> {
        written(entry, (0, entry.name.core.len()), " ").chars().take(LETTERS_MAX).collect()
    };
    let (left, right) = (letters(a), letters(b));
    let mut longest: &[char] = &[];
    for from in 0..left.len() {
        while let Some(run) = left.get(from..=from + longest.len())
            && !run.contains(&' ')
            && right.windows(run.len()).any(|other| other == run)
        {
            longest = run;
        }
    }
    if longest.len() >= RUN_MIN { Reason::SharedLetters(longest.iter().collect()) } else { Reason::FewLetters }
}

/// A number in a name: a word, or two as in `twenty one`.
struct NumberWords {
    /// The place after its last word.
    end: usize,
    written: String,
    number: u32,
}

/// The numbers of a name, in order.
fn numbers(entry: &Entry) -> Vec<NumberWords> {
    let core = &entry.name.core;
    let mut found: Vec<NumberWords> = Vec::new();
    for (place, word) in core.iter().enumerate() {
        let Some(number) = number(&word.written) else { continue };
        match found.last_mut() {
            Some(tens) if tens.end == place && is_compound(&tens.written, tens.number, &word.written, number) => {
                *tens = NumberWords {
                    end: place + 1,
                    written: format!("{} {}", tens.written, word.written),
                    number: tens.number + number,
                };
            }
            _ => found.push(NumberWords { end: place + 1, written: word.written.clone(), number }),
        }
    }
    found
}

/// Whether two words are one number, as `twenty` and `one` are 21.
fn is_compound(tens: &str, tens_number: u32, unit: &str, number: u32) -> bool {
    let is_word = |text: &str| text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word(tens) && is_word(unit) && tens_number >= 20 && tens_number.is_multiple_of(10) && (1..10).contains(&number)
}

/// The numbers of each name that the other has not; none, if they are the same digits, as in `24 7` and `247`.
fn own_numbers(a: &Entry, b: &Entry) -> (Vec<NumberWords>, Vec<NumberWords>) {
    let (mut left, mut right) = (numbers(a), numbers(b));
    let digits = |words: &[NumberWords]| words.iter().map(|one| one.number.to_string()).collect::<String>();
    if digits(&left) == digits(&right) {
        return (Vec::new(), Vec::new());
    }
    let of = |words: &[NumberWords]| words.iter().map(|one| one.number).collect::<Vec<_>>();
    let (of_left, of_right) = (of(&left), of(&right));
    left.retain(|one| !of_right.contains(&one.number));
    right.retain(|one| !of_left.contains(&one.number));
    (left, right)
}

/// Numbers, legal forms and domains that both have, and that differ.
fn numbers_and_forms(against: &mut Vec<Reason>, a: &Entry, b: &Entry) {
    let (left_numbers, right_numbers) = own_numbers(a, b);
    if !left_numbers.is_empty() && !right_numbers.is_empty() {
        let listed = |words: &[NumberWords]| words.iter().map(|one| one.written.as_str()).collect::<Vec<_>>().join(" ");
        against.push(Reason::DifferentNumber { account: listed(&left_numbers), client: listed(&right_numbers) });
    }
    let (left, right) = (&a.name.legal, &b.name.legal);
    if !left.is_empty() && !right.is_empty() && left != right {
        against.push(Reason::DifferentLegalForm { account: left.join(" "), client: right.join(" ") });
    }
    if let (Some(account), Some(client)) = (&a.name.domain_end, &b.name.domain_end)
        && account != client
    {
        let ends = |entry: &Entry| entry.name.plain.rsplit(' ').next().unwrap_or_default().to_owned();
        against.push(Reason::DifferentDomainEnd { account: ends(a), client: ends(b) });
    }
}

fn only_in_one(against: &mut Vec<Reason>, a: &Entry, b: &Entry, alignment: &Alignment) {
    let (mut left_numbers, mut right_numbers) = own_numbers(a, b);
    if !left_numbers.is_empty() && !right_numbers.is_empty() {
        // said already
        (left_numbers, right_numbers) = (Vec::new(), Vec::new());
    }
    let mut places = Vec::new();
    let only_left = only(a, b, &left_numbers, &|at| alignment.left_is_free(at), &mut places);
    let only_right = only(b, a, &right_numbers, &|at| alignment.right_is_free(at), &mut places);
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

/// Words of a name that correspond to none of the other and are not in it at all, the rarest first; places apart.
/// `numbers` are those that only this name has.
fn only(
    entry: &Entry,
    other: &Entry,
    numbers: &[NumberWords],
    is_free: &dyn Fn(usize) -> bool,
    places: &mut Vec<String>,
) -> Vec<String> {
    // A word that is there twice is free once, though the other has it. A letter may be one of several that are one word.
    let is_in_other = |place: usize| {
        let word = &entry.name.core[place].written;
        let is_word =
            |other: &str| other == word || word.len() == 1 && other.len() <= INITIALS_MAX && other.contains(word);
        other.words.contains(&entry.words[place]) || other.name.plain.split(' ').any(is_word)
    };
    // a number weighs little among words but tells sites apart
    let mut words: Vec<(f32, String)> = numbers.iter().map(|own| (f32::MAX, own.written.clone())).collect();
    for (place, word) in entry.name.core.iter().enumerate() {
        if !is_free(place) || is_in_other(place) || number(&word.written).is_some() {
            continue;
        }
        match word.kind {
            Kind::Place => places.push(word.written.clone()),
            Kind::Own | Kind::Generic | Kind::Number(_) => words.push((entry.weights[place], word.written.clone())),
        }
    }
    words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    words.dedup();
    words.into_iter().take(WORDS_MAX).map(|(_, word)| word).collect()
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
    fn a_number_is_one_however_many_words_it_has() {
        for (account, client, expected) in [
            ("Twenty One Group", "21 Group", ""),
            ("Twenty-First Street Dental", "21st Street Dental", ""),
            ("24/7 Plumbing", "247 Plumbing", ""),
            ("Twenty Two Group", "21 Group", "numbers differ: twenty two, 21"),
            ("Forty Winks Four", "Forty Winks", "only the account has four"),
        ] {
            assert_eq!(reasons(account, client).1, expected, "{account} / {client}");
        }
    }

    #[test]
    fn what_is_said_of_words_is_so_as_they_are_written() {
        for (account, client, expected) in [
            ("riotos.org", "RIOTOS", "same name but for legal form, small words, accents, word forms or domain end"),
            (
                "Harbour Centre",
                "Harbour Center Leeds",
                "both have the rare harbour; centre is a form of center; all words of one are in the other",
            ),
            ("Smyth Roofing", "Smith Roofing", "both have the rare roofing; smyth is spelled like smith"),
            ("UoL", "University of Lancaster", "uol are the initials of university of lancaster"),
        ] {
            assert_eq!(reasons(account, client).0, expected, "{account} / {client}");
        }
        for (account, client, expected) in [
            ("NIC.at", "NIC.br", "domains end differently: at, br"),
            ("Harbour Harbour Dental", "Harbour Dental", ""),
            ("Markham J E", "J Markham Computing", "only the account has je; only the client has computing"),
            ("E.P.Net LLC", "ep.net", ""),
        ] {
            assert_eq!(reasons(account, client).1, expected, "{account} / {client}");
        }
    }

    #[test]
    fn names_without_a_common_word_have_a_reason() {
        for (account, client, expected) in [
            ("Greentomatocars", "The Greens Health Centre", "both contain green"),
            ("RADVision Inc", "Visionist, Inc", "both contain vision"),
            ("FBK", "FFI", "hardly any letters in common"),
            ("--", "Acme", "hardly any letters in common"),
        ] {
            assert_eq!(reasons(account, client).0, expected, "{account} / {client}");
        }
    }
}
