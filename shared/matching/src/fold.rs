//! Folds a name into plain words, without case, accents and lookalike letters, so that spellings of a word are equal.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::lookalike::{has_lookalikes, imitated, is_hidden};

/// A word of a name and the part that it belongs to; commas, dashes and brackets separate parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoldedWord {
    pub text: String,
    pub part: u8,
}

/// A name's folded words, and its top-level domain if it is written as a domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folded {
    pub words: Vec<FoldedWord>,
    pub is_domain: bool,
}

/// Folds a name. `A.M.E.`, `A M E` and `AME` are one word; `&` and `+` are `and`; `O'Neill` is `oneill`.
pub(crate) fn fold(name: &str) -> Folded {
    let plain = plain_letters(name);
    let is_domain = is_domain(&plain);
    let mut words: Vec<FoldedWord> = Vec::new();
    let mut word = String::new();
    let mut part = 0_u8;
    let mut end = |word: &mut String, part: u8| {
        if !word.is_empty() {
            words.push(FoldedWord { text: std::mem::take(word), part });
        }
    };
    let characters: Vec<char> = plain.chars().collect();
    for (place, &character) in characters.iter().enumerate() {
        let is_between = |test: fn(char) -> bool| {
            place > 0 && test(characters[place - 1]) && characters.get(place + 1).copied().is_some_and(test)
        };
        match character {
            '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '`' => {}
            // a question mark in place of an apostrophe lost in conversion
            '?' if is_between(char::is_alphabetic) => {}
            // a dot separates inside a domain and abbreviates elsewhere
            '.' if !is_domain && is_shortening(&characters, place) => {}
            '&' | '+' => {
                end(&mut word, part);
                word.push_str("and");
                end(&mut word, part);
            }
            ',' | '(' | ')' | '[' | ']' | '/' | ':' | ';' | '|' | '–' | '—' => {
                end(&mut word, part);
                part = part.saturating_add(1);
            }
            '-' => {
                end(&mut word, part);
                if !is_between(char::is_alphanumeric) {
                    part = part.saturating_add(1);
                }
            }
            other if other.is_alphanumeric() => word.push(other),
            _ => end(&mut word, part),
        }
    }
    end(&mut word, part);
    Folded { words: join_single_letters(words), is_domain }
}

/// Whether a dot abbreviates a word, or stands between single letters as in `A.M.E.` and `S.p.A`.
fn is_shortening(characters: &[char], place: usize) -> bool {
    let is_letter = |at: usize| characters.get(at).is_some_and(|character| character.is_alphabetic());
    let is_after_single =
        place >= 1 && is_letter(place - 1) && (place == 1 || !characters[place - 2].is_alphanumeric());
    !characters.get(place + 1).is_some_and(|next| next.is_alphanumeric()) || (is_after_single && is_letter(place + 1))
}

/// Lower case letters without marks; letters that look like Latin ones become those.
fn plain_letters(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let imitates = has_lookalikes(name);
    let mut plain = String::with_capacity(name.len());
    for character in name.nfkd() {
        if character.is_ascii() {
            plain.push(character.to_ascii_lowercase());
            continue;
        }
        if is_combining_mark(character) || is_hidden(character) {
            continue;
        }
        let character = if imitates { imitated(character).unwrap_or(character) } else { character };
        for lower in character.to_lowercase().filter(|lower| !is_combining_mark(*lower)) {
            match lower {
                'ß' => plain.push_str("ss"),
                'æ' => plain.push_str("ae"),
                'œ' => plain.push_str("oe"),
                'ø' => plain.push('o'),
                'đ' | 'ð' => plain.push('d'),
                'þ' => plain.push_str("th"),
                'ł' => plain.push('l'),
                'ı' => plain.push('i'),
                'ς' => plain.push('σ'),
                '＆' => plain.push('&'),
                other => plain.push(other),
            }
        }
    }
    plain
}

/// A run of letters, digits, dots and dashes that ends in a known top-level domain: `acme.com`, `www.acme.co.uk`.
fn is_domain(plain: &str) -> bool {
    let text = plain.trim();
    let Some((before, last)) = text.rsplit_once('.') else { return false };
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    before.chars().count() >= 2 && crate::name::is_domain_end(last) && before.split('.').all(is_label)
}

/// `u c c` is `ucc`; a letter that stands alone stays separate, as in `site b`.
fn join_single_letters(words: Vec<FoldedWord>) -> Vec<FoldedWord> {
    let is_single = |word: &FoldedWord| word.text.len() == 1 && word.text.as_bytes()[0].is_ascii_alphabetic();
    let mut joined: Vec<FoldedWord> = Vec::with_capacity(words.len());
    let mut is_run = false;
    for word in words {
        let single = is_single(&word);
        match joined.last_mut() {
            Some(before) if single && is_run && before.part == word.part => before.text.push_str(&word.text),
            _ => joined.push(word),
        }
        is_run = single;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_of_known_names() {
        for (name, words) in [
            ("ACME,  Inc.", "acme inc"),
            ("Acme S.p.A.", "acme spa"),
            ("Acme s.r.o", "acme sro"),
            ("P A Joseph", "pa joseph"),
            ("AT&T", "at and t"),
            ("Mother's Touch I", "mothers touch i"),
            ("Mother?s Touch", "mothers touch"),
            ("Universität Łódź", "universitat lodz"),
            ("Straße & Sønn", "strasse and sonn"),
            ("ＡＣＭＥ\u{200b} Ltd", "acme ltd"),
            ("\u{0410}cm\u{0435}", "acme"),
            ("Ооо Ромашка", "ооо ромашка"),
            ("acme.co.uk", "acme co uk"),
            ("St.Mary", "st mary"),
            ("", ""),
        ] {
            let folded = fold(name).words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
            assert_eq!(folded, words, "{name:?}");
        }
    }

    #[test]
    fn parts_are_separated() {
        let parts = |name: &str| fold(name).words.iter().map(|word| word.part).collect::<Vec<_>>();
        assert_eq!(parts("Acme - North (Site 2)"), [0, 1, 2, 2]);
        assert_eq!(parts("Olive-Harvey"), [0, 0]);
        assert!(fold("www.acme.com").is_domain && !fold("Acme Inc.").is_domain && !fold("e.g. this").is_domain);
    }
}
