//! Whether a reason is true of the two names, by means of its own: nothing here knows how the matcher came to say it.
//! Reasons that rest on other evidence, or on other clients, are not judged here.
#![allow(dead_code, unreachable_pub, reason = "shared by an example and a test")]

use truecount_matching::Reason;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words that may be left out of a name: legal forms, small words, ends of domains.
const SMALL: &str = "ltd limited inc incorporated llc llp lp plc corp corporation co company cie compagnie gmbh ag sa sas sarl bv nv spa \
    srl oy ab as asa aps kk pty pte pvt private proprietary sl sro kg ug ev cic cio the of and for a an in on at de la le les des du \
    et y e und der die das da do dos di to by t s am pa ad public partnership liability unlimited com org io at br cz pt nl uk www jsc van zu fuer fur eg e g dd d \
    aktiengesellschaft aktiebolag gesellschaft societe anonyme kabushiki kaisha";

/// A run of letters in both that is shorter is none.
const RUN_MIN: usize = 3;

/// What is false about the reasons for and against a client; empty: nothing was found to be.
pub fn falsehoods(reasons: &[Reason], against: &[Reason], account: &str, client: &str) -> Vec<String> {
    let mut found = Vec::new();
    if reasons.is_empty() {
        found.push("there is no reason for it".to_owned());
    }
    let (account, client) = (Spelled::of(account), Spelled::of(client));
    for reason in reasons.iter().chain(against) {
        let text = reason.to_string();
        let is_cut = text.trim() != text || text.contains("  ") || text.ends_with([':', ',']) || text.contains(": ,");
        if text.is_empty() || is_cut {
            found.push(format!("it says nothing: `{text}`"));
        }
        if let Some(why) = falsehood(reason, reasons, &account, &client) {
            found.push(format!("`{text}`: {why}"));
        }
    }
    found
}

/// A name as it is spelled.
struct Spelled {
    /// With stops left out, and with stops as spaces: a word may be written either way.
    readings: [Vec<String>; 2],
    letters: String,
}

impl Spelled {
    fn of(name: &str) -> Self {
        let mut plain = String::new();
        for character in name.nfkd().filter(|character| !is_combining_mark(*character)) {
            for lower in character.to_lowercase() {
                match lower {
                    'ß' => plain.push_str("ss"),
                    'æ' => plain.push_str("ae"),
                    'œ' => plain.push_str("oe"),
                    'ø' => plain.push('o'),
                    'ł' => plain.push('l'),
                    'đ' | 'ð' => plain.push('d'),
                    'ı' => plain.push('i'),
                    'ƒ' => plain.push('f'),
                    '¡' => plain.push('i'),
                    '&' | '+' => plain.push_str(" and "),
                    other => plain.push(other),
                }
            }
        }
        let is_dropped =
            |character: char| matches!(character, '.' | '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' | '?');
        let split = |text: &str| -> Vec<String> {
            text.split(|character: char| !character.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let joined: String = plain.chars().filter(|character| !is_dropped(*character)).collect();
        let readings = [split(&joined), split(&plain)];
        Self { letters: readings[0].concat(), readings }
    }

    fn contains(&self, words: &str) -> bool {
        words.split(' ').all(|word| self.letters.contains(word))
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.readings.iter().flatten().map(String::as_str)
    }

    /// Whether it has the word, or its plural.
    fn has(&self, word: &str) -> bool {
        self.words().any(|own| singular(own) == singular(word))
    }

    /// Whether in one of its readings each word other than legal forms and small ones is as wanted.
    fn all_own(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let is_good = |words: &Vec<String>| words.iter().filter(|word| !is_small(word)).all(|word| is_wanted(word));
        self.readings.iter().any(is_good)
    }

    /// Whether each of its own words may stand in another name: some word there begins alike.
    fn may_stand_in(&self, other: &Self) -> bool {
        let first = |word: &str| word.chars().next();
        self.all_own(|word| other.contains(word) || other.words().any(|own| first(own) == first(word)))
    }

    /// Its numbers; `twenty one` is one.
    fn numbers(&self) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        for reading in &self.readings {
            let mut tens = None;
            for number in reading.iter().map(|word| value(word)) {
                match (tens, number) {
                    (Some(before), Some(unit @ 1..=9)) => {
                        found.pop();
                        found.push(before + unit);
                    }
                    _ => found.extend(number),
                }
                tens = number.filter(|number| *number >= 20 && number % 10 == 0);
            }
        }
        found
    }
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|rest| rest.len() > 2).unwrap_or(word)
}

fn is_small(word: &str) -> bool {
    SMALL.split_whitespace().any(|small| small == word)
}

/// The number that a word stands for.
fn value(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    if !digits.is_empty() {
        return ["", "st", "nd", "rd", "th"].contains(&&word[digits.len()..]).then(|| digits.parse().ok())?;
    }
    let words = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
                 eighteen nineteen";
    let ordinals = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth \
                    fifteenth sixteenth seventeenth eighteenth nineteenth";
    let tens = "- - twenty thirty forty fifty sixty seventy eighty ninety";
    let tenths = "- - twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth";
    let at = |list: &str| list.split_whitespace().position(|one| one == word).and_then(|at| u32::try_from(at).ok());
    let spoken = at(words).or_else(|| at(ordinals)).or_else(|| at(tens).or_else(|| at(tenths)).map(|at| at * 10));
    spoken.or_else(|| roman(word))
}

fn roman(word: &str) -> Option<u32> {
    let units = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    (1..40_u32).find(|number| {
        let tens = "x".repeat(usize::try_from(number / 10).unwrap_or_default());
        let unit = units.iter().zip(0..).find(|(_, at)| *at == number % 10).map_or("", |(unit, _)| unit);
        format!("{tens}{unit}") == word
    })
}

fn falsehood(reason: &Reason, all: &[Reason], account: &Spelled, client: &Spelled) -> Option<String> {
    let when = |is_false: bool, why: &str| is_false.then(|| why.to_owned());
    let both = |of_account: &str, of_client: &str| account.contains(of_account) && client.contains(of_client);
    let alike = || account.may_stand_in(client) && client.may_stand_in(account);
    match reason {
        Reason::SameName => when(account.letters != client.letters, "the letters differ"),
        Reason::SameCore | Reason::SameWords => when(!alike(), "a word of one is not in the other"),
        Reason::SameLetters => {
            let is_same = squashed(account).iter().any(|letters| squashed(client).contains(letters));
            when(!is_same, "the letters differ")
        }
        Reason::WrittenApart { account: left, client: right } => {
            when(left.replace(' ', "") != right.replace(' ', "") || !both(left, right), "they are not the same letters")
        }
        Reason::OtherForm { account: left, client: right } => when(!both(left, right), "it is not in the name"),
        Reason::Spelling { account: left, client: right } => {
            when(!both(left, right) || common(left, right) * 2 < left.chars().count(), "it is not spelled like that")
        }
        Reason::Shortened { account: left, client: right } => {
            let is_begun = left.starts_with(right.as_str()) || right.starts_with(left.as_str());
            when(!is_begun || !both(left, right), "neither begins the other")
        }
        Reason::SharedRareWords(words) | Reason::SharedCommonWords(words) => {
            let missing = words.iter().find(|word| !both(word, word));
            missing.map(|word| format!("{word} is not in both"))
        }
        Reason::Initials { short, long } => {
            let initials: String = long.split(' ').filter_map(|word| word.chars().next()).collect();
            let is_there = both(short, long) || both(long, short);
            when(initials != *short || !is_there, "they are not its initials")
        }
        Reason::Subset => {
            when(!is_subset(account, client, all) && !is_subset(client, account, all), "a word is missing")
        }
        Reason::SharedLetters(letters) => when(!both(letters, letters), "they are not in both"),
        Reason::FewLetters => {
            let run = account.readings[0].iter().filter(|word| !is_small(word));
            let run = run.map(|word| longest_run(word, client)).max().unwrap_or_default();
            when(run >= RUN_MIN, "there is a run of letters in both")
        }
        Reason::DifferentNumber { account: left, client: right } => numbers_are_equal(left, right, account, client),
        Reason::DifferentLegalForm { account: left, client: right } => when(left == right, "they are the same"),
        Reason::DifferentPlace(words) => {
            let wrong = words.iter().find(|word| account.has(word) == client.has(word));
            wrong.map(|word| format!("both or neither have {word}"))
        }
        Reason::OnlyInAccount(words) => only(words, account, client),
        Reason::OnlyInClient(words) => only(words, client, account),
        _ => None,
    }
}

/// The letters of a name in its readings, with its small words and without them.
fn squashed(name: &Spelled) -> Vec<String> {
    let without = |words: &Vec<String>| words.iter().filter(|word| !is_small(word)).cloned().collect::<String>();
    name.readings.iter().flat_map(|words| [words.concat(), without(words)]).collect()
}

/// Whether each of a name's words is in the other: as it is, in a form that a reason names, or written apart.
fn is_subset(name: &Spelled, of: &Spelled, all: &[Reason]) -> bool {
    let is_named = |word: &str| {
        let has = |text: &str| text.split(' ').any(|one| one == word);
        all.iter().any(|reason| match reason {
            Reason::OtherForm { account, client } | Reason::WrittenApart { account, client } => {
                has(account) || has(client)
            }
            _ => false,
        })
    };
    name.all_own(|word| of.contains(word) || of.has(word) || is_named(word))
}

fn only(words: &[String], own: &Spelled, other: &Spelled) -> Option<String> {
    let in_other = other.numbers();
    let wrong = words.iter().find(|word| {
        let numbers = Spelled::of(word).numbers();
        let is_in_other = match numbers.is_empty() {
            true => other.has(word),
            false => numbers.iter().all(|number| in_other.contains(number)),
        };
        !own.contains(word) || is_in_other
    });
    wrong.map(|word| format!("{word} is in the other, or in neither"))
}

/// Numbers that are said to differ and do not.
fn numbers_are_equal(left: &str, right: &str, account: &Spelled, client: &Spelled) -> Option<String> {
    let (of_left, of_right) = (Spelled::of(left).numbers(), Spelled::of(right).numbers());
    if of_left.is_empty() || of_right.is_empty() {
        return Some("it is no number".to_owned());
    }
    let digits = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<String>();
    let (in_account, in_client) = (account.numbers(), client.numbers());
    let all_in = |numbers: &[u32], others: &[u32]| numbers.iter().all(|number| others.contains(number));
    let is_shared = all_in(&in_account, &in_client) && all_in(&in_client, &in_account);
    (is_shared || digits(&of_left) == digits(&of_right)).then(|| "they are the same numbers".to_owned())
}

/// Letters in both, in order.
fn common(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut lengths = vec![0_usize; right.len() + 1];
    for letter in left.chars() {
        let mut before = 0;
        for (at, other) in right.iter().enumerate() {
            let kept = lengths[at + 1];
            lengths[at + 1] = if letter == *other { before + 1 } else { kept.max(lengths[at]) };
            before = kept;
        }
    }
    lengths.last().copied().unwrap_or_default()
}

/// The longest run of letters of a word that stands within a word of a name.
fn longest_run(word: &str, name: &Spelled) -> usize {
    let letters: Vec<char> = word.chars().collect();
    let own = name.readings[0].iter().filter(|word| !is_small(word));
    let is_in = |run: &[char]| own.clone().any(|own| own.contains(&run.iter().collect::<String>()));
    (1..=letters.len()).rev().find(|length| letters.windows(*length).any(is_in)).unwrap_or_default()
}
