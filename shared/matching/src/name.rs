//! A parsed name: its core words, legal forms, numbers, and the forms in which it is looked up.

use crate::fold::{FoldedWord, fold};
use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};

use crate::words::{
    ALIAS_MARKS, DOMAIN_ENDS, EAST_ASIAN_FORMS, GENERIC, JOINING, LEGAL_FORMS, NUMBER_WORDS, PLACES, SORTS, SPELLINGS,
    Sort,
};

/// The word tables as maps.
struct Known {
    /// By first word: the forms that begin with it, the longest first.
    legal: HashMap<&'static str, Vec<(Vec<&'static str>, &'static str)>>,
    joining: HashSet<&'static str>,
    spellings: HashMap<&'static str, &'static str>,
    kinds: HashMap<&'static str, Kind>,
    sorts: HashMap<&'static str, Sort>,
    alias_marks: HashSet<&'static str>,
    domain_ends: HashSet<&'static str>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut legal = HashMap::<_, Vec<(Vec<&str>, &str)>>::new();
    for (family, forms) in LEGAL_FORMS {
        for form in forms.split('|') {
            let words: Vec<&str> = form.split(' ').collect();
            legal.entry(words[0]).or_default().push((words, *family));
        }
    }
    legal.values_mut().for_each(|forms| forms.sort_by_key(|(words, _)| std::cmp::Reverse(words.len())));
    let mut kinds: HashMap<&str, Kind> = GENERIC.split(' ').map(|word| (word, Kind::Generic)).collect();
    kinds.extend(PLACES.split(' ').map(|word| (word, Kind::Place)));
    kinds.extend(NUMBER_WORDS.iter().map(|(word, number)| (*word, Kind::Number(*number))));
    let spellings = SPELLINGS.iter().flat_map(|(word, others)| others.split(' ').map(move |other| (other, *word)));
    Known {
        legal,
        joining: JOINING.split(' ').collect(),
        spellings: spellings.collect(),
        kinds,
        sorts: SORTS
            .iter()
            .rev()
            .flat_map(|(sort, words)| words.split_whitespace().map(move |word| (word, *sort)))
            .collect(),
        alias_marks: ALIAS_MARKS.split(' ').collect(),
        domain_ends: DOMAIN_ENDS.split(' ').collect(),
    }
});

/// Further words are ignored: no company name is longer.
const WORDS_MAX: usize = 24;

/// The kind of a word, from general knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word of the name itself.
    Own,
    Generic,
    Place,
    Number(u32),
}

/// A core word: neither a legal form nor a connecting word.
#[derive(Debug, Clone)]
pub(crate) struct CoreWord {
    /// Folded, expanded, singular.
    pub text: String,
    /// Folded, otherwise as written.
    pub written: String,
    pub part: u8,
    pub kind: Kind,
}

/// A parsed name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Name {
    /// Empty only if the name has no letter and no digit.
    pub core: Vec<CoreWord>,
    /// The families of the legal forms, in order, each once.
    pub legal: Vec<&'static str>,
    /// All folded words joined by spaces, those of a domain's end, too.
    pub plain: String,
    /// The words that the model looks at, without legal forms, joined by spaces.
    pub rest: String,
    /// All folded words joined by spaces, truncated for comparison.
    pub whole: Vec<u8>,
    /// The core words as written, without spaces.
    pub joined: Vec<u8>,
    /// The core words sorted and joined by spaces.
    pub sorted: Vec<u8>,
    /// The numbers in the name, in order: `II`, `two` and `2` are equal.
    pub numbers: Vec<u32>,
    /// The initials of the core words, without and with the connecting words.
    pub initials: [String; 2],
    pub has_alias_mark: bool,
    /// The top-level domain, if it is written as a domain.
    pub domain_end: Option<String>,
    pub sort: Option<Sort>,
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let mut folded = fold(name);
        let plain = joined_by_spaces(folded.words.iter());
        let domain_end = folded.is_domain.then(|| strip_domain(&mut folded.words));
        let mut words = folded.words;
        words.truncate(WORDS_MAX);
        let mut legal = Vec::new();
        for word in &mut words {
            strip_east_asian(&mut word.text, &mut legal);
        }
        words.retain(|word| !word.text.is_empty());
        let whole = bytes(words.iter().map(|word| word.text.as_str()), " ");
        let is_legal = legal_words(&words, &mut legal);
        let has_alias_mark = words.iter().skip(1).any(|word| KNOWN.alias_marks.contains(word.text.as_str()));
        let rest: Vec<&FoldedWord> =
            words.iter().zip(&is_legal).filter(|(_, is_legal)| !**is_legal).map(|(word, _)| word).collect();
        let is_joining = |word: &FoldedWord, place: usize| {
            KNOWN.joining.contains(word.text.as_str()) && !(word.text.len() == 1 && place + 1 == rest.len())
        };
        let mut core: Vec<CoreWord> = rest
            .iter()
            .enumerate()
            .filter(|(place, word)| !is_joining(word, *place))
            .map(|(_, word)| core_word(word))
            .collect();
        if core.is_empty() {
            // only connecting words and legal forms: then those are the name
            core = words.iter().map(core_word).collect();
            legal.clear();
        }
        legal.sort_unstable();
        legal.dedup();
        let joined = bytes(core.iter().map(|word| word.written.as_str()), "");
        let sort = core.iter().rev().find_map(|word| KNOWN.sorts.get(word.written.as_str())).copied();
        let initials_of =
            |words: &mut dyn Iterator<Item = &str>| words.filter_map(|word| word.chars().next()).collect();
        let initials = [
            initials_of(&mut core.iter().map(|word| word.written.as_str())),
            initials_of(&mut rest.iter().map(|word| word.text.as_str())),
        ];
        let mut in_order: Vec<&str> = core.iter().map(|word| word.text.as_str()).collect();
        in_order.sort_unstable();
        let sorted = bytes(in_order.into_iter(), " ");
        let numbers = numbers(&core);
        let rest = joined_by_spaces(rest.into_iter());
        Self { core, legal, plain, rest, whole, joined, sorted, numbers, initials, has_alias_mark, domain_end, sort }
    }
}

fn joined_by_spaces<'a>(words: impl Iterator<Item = &'a FoldedWord>) -> String {
    words.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn numbers(core: &[CoreWord]) -> Vec<u32> {
    let number = |word: &CoreWord| if let Kind::Number(number) = word.kind { Some(number) } else { None };
    let mut numbers: Vec<u32> = core.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

pub(crate) fn is_domain_end(label: &str) -> bool {
    KNOWN.domain_ends.contains(label)
}

/// The name inside a domain: `acme` for `www.acme.co.uk`.
fn strip_domain(words: &mut Vec<FoldedWord>) -> String {
    if words.len() > 1 && words[0].text == "www" {
        words.remove(0);
    }
    let label = |word: &FoldedWord| is_domain_end(&word.text);
    let mut end = String::new();
    while words.len() > 1 && words.last().is_some_and(label) {
        end.extend(words.pop().map(|word| word.text));
    }
    end
}

fn strip_east_asian(text: &mut String, legal: &mut Vec<&'static str>) {
    if text.is_ascii() {
        return;
    }
    for (form, family) in EAST_ASIAN_FORMS {
        if text.len() > form.len() && (text.starts_with(form) || text.ends_with(form)) {
            *text = text.replacen(form, "", 1);
            legal.push(family);
        }
    }
}

/// Which words are legal forms; the first word of a name never counts as one.
fn legal_words(words: &[FoldedWord], legal: &mut Vec<&'static str>) -> Vec<bool> {
    let mut is_legal = vec![false; words.len()];
    let mut place = 1;
    while place < words.len() {
        let longest = KNOWN.legal.get(words[place].text.as_str()).into_iter().flatten().find(|(form, _)| {
            words.get(place..place + form.len()).is_some_and(|run| form.iter().eq(run.iter().map(|word| &word.text)))
        });
        let Some((form, family)) = longest else {
            place += 1;
            continue;
        };
        legal.push(family);
        is_legal[place..place + form.len()].fill(true);
        place += form.len();
    }
    is_legal
}

fn core_word(word: &FoldedWord) -> CoreWord {
    let written = word.text.clone();
    let spelled = KNOWN.spellings.get(written.as_str()).copied().unwrap_or(&written);
    let text = without_plural(spelled);
    let kind = kind_of(&written, &text);
    CoreWord { text, written, part: word.part, kind }
}

fn kind_of(written: &str, text: &str) -> Kind {
    if written.len() <= 9 && written.bytes().all(|byte| byte.is_ascii_digit()) {
        return written.parse().map_or(Kind::Own, Kind::Number);
    }
    // a single letter counts as a number, too: site A, site B, and the roman I
    if let [letter @ b'a'..=b'z'] = written.as_bytes() {
        return Kind::Number(if *letter == b'i' { 1 } else { 1_000_000_000 + u32::from(*letter) });
    }
    KNOWN.kinds.get(written).or_else(|| KNOWN.kinds.get(text)).copied().unwrap_or(Kind::Own)
}

/// `companies` is `company`, `services` is `service`; `glass`, `status` and `basis` stay.
fn without_plural(word: &str) -> String {
    if let Some(before) = word.strip_suffix("ies").filter(|before| before.len() > 2) {
        return format!("{before}y");
    }
    let stays = word.len() <= 3 || ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    word.strip_suffix('s').filter(|_| !stays).unwrap_or(word).to_owned()
}

/// Characters as bytes for comparison: letters of other scripts may share one, so equal bytes do not mean equal names.
fn bytes<'a>(words: impl Iterator<Item = &'a str>, between: &str) -> Vec<u8> {
    let mut all = Vec::new();
    for word in words {
        if !all.is_empty() {
            all.extend_from_slice(between.as_bytes());
        }
        all.extend(word.chars().map(byte));
    }
    all
}

pub(crate) fn byte(character: char) -> u8 {
    let code = u32::from(character);
    let low = u8::try_from(code % 128).unwrap_or(0);
    if code < 128 { low } else { 128 + low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_and_legal_forms() {
        for (name, core, legal) in [
            ("Acme Ltd", "acme", "ltd"),
            ("The Acme Company, Limited", "acme", "co ltd"),
            ("Acme Pty. Ltd.", "acme", "ltd pty"),
            ("Acme Sociedad Anónima", "acme", "sa"),
            ("Limited Ltd", "limited", "ltd"),
            ("The Co", "the co", ""),
            ("Universities of Acme", "university acme", ""),
            ("深圳市证通电子股份有限公司", "深圳市证通电子", "ltd"),
            ("www.acme-labs.co.uk", "acme laboratory", ""),
            ("株式会社アクメ", "アクメ", "kk"),
        ] {
            let taken = Name::new(name);
            let core_words = taken.core.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            assert_eq!((core_words.as_str(), taken.legal.join(" ").as_str()), (core, legal), "{name}");
        }
    }

    #[test]
    fn numbers_are_equal_however_written() {
        let numbers = |name| Name::new(name).numbers;
        assert_eq!(numbers("Acme II"), numbers("Acme 2"));
        assert_eq!(numbers("Acme two"), [2]);
        assert_eq!(numbers("Acme Site B 3"), [3, 1_000_000_098]);
        assert_eq!(numbers("Touch I"), [1]);
    }
}
