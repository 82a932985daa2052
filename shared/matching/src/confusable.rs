//! Names that a person would mistake for a client's although they are spelled differently: `Аcme` with a Cyrillic letter,
//! `Acme` with a mark or a zero-width character, `lnnovate` for `Innovate`, `B0lt` for `Bolt`.

use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::confusable_detection::skeleton;

use crate::lookalike::is_hidden;
use crate::{has_lookalikes, normalise};

/// Characters confused within one script, in lower case: digits, and the I that looks like an l.
const ALIKE: &[(char, char)] = &[
    ('0', 'o'),
    ('1', 'l'),
    ('i', 'l'),
    ('|', 'l'),
    ('!', 'l'),
    ('2', 'z'),
    ('3', 'e'),
    ('4', 'a'),
    ('@', 'a'),
    ('5', 's'),
    ('$', 's'),
    ('6', 'g'),
    ('9', 'g'),
    ('7', 't'),
    ('8', 'b'),
];
const ALIKE_PAIRS: &[(&str, &str)] = &[("rn", "m"), ("vv", "w"), ("cl", "d")];

/// The skeleton of a name: names with the same skeleton can be mistaken for each other. Case, accents, marks and
/// invisible characters are removed, letters of other scripts become the Latin ones that they resemble (Unicode Technical
/// Standard 39), and digits the letters that they resemble. An equal skeleton is no evidence of identity.
#[must_use]
pub fn look(name: &str) -> String {
    let compatible: String = name.nfkc().filter(|character| !is_hidden(*character)).collect();
    let upper: String = skeleton(&compatible).flat_map(char::to_lowercase).collect();
    let lower: String = skeleton(&upper).filter(|character| !is_combining_mark(*character)).collect();
    let mut look = String::with_capacity(lower.len());
    let mut is_apart = false;
    for character in lower.nfkc().flat_map(char::to_lowercase) {
        let alike = ALIKE.iter().find(|(other, _)| *other == character).map_or(character, |(_, letter)| *letter);
        if matches!(alike, '\'' | '\u{2019}' | '.') || is_combining_mark(alike) {
            continue;
        }
        if !alike.is_alphanumeric() && !matches!(alike, '&' | '+') {
            is_apart = !look.is_empty();
            continue;
        }
        if std::mem::take(&mut is_apart) {
            look.push(' ');
        }
        look.push(alike);
    }
    for (pair, letter) in ALIKE_PAIRS {
        look = look.replace(pair, letter);
    }
    look
}

/// Clients by the skeleton of their names.
#[derive(Debug, Clone)]
pub struct Looks<C> {
    by_look: BTreeMap<String, Vec<(String, C)>>,
}

/// Why a name is suspicious.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusable<C> {
    /// The name mixes scripts, or contains marks or invisible characters.
    pub is_mixed: bool,
    /// Clients whose name looks the same but is spelled differently, in order.
    pub clients: Vec<C>,
}

impl<C: Ord + Clone> Looks<C> {
    /// Indexes clients by name.
    pub fn new<'a>(clients: impl IntoIterator<Item = (C, &'a str)>) -> Self {
        let mut by_look = BTreeMap::<String, Vec<(String, C)>>::new();
        for (client, name) in clients {
            by_look.entry(look(name)).or_default().push((normalise(name), client));
        }
        by_look.remove("");
        Self { by_look }
    }

    /// What is suspicious about the name of an account, or of a client among the others. A name that equals a client's
    /// except for case, spaces and punctuation is that client's name, not an imitation.
    #[must_use]
    pub fn confusable(&self, name: &str) -> Option<Confusable<C>> {
        let form = normalise(name);
        let is_mixed = has_lookalikes(name);
        let alike = self.by_look.get(&look(name)).into_iter().flatten();
        let mut clients: Vec<C> =
            alike.filter(|(other, _)| is_mixed || *other != form).map(|(_, client)| client.clone()).collect();
        clients.sort();
        clients.dedup();
        (is_mixed || !clients.is_empty()).then_some(Confusable { is_mixed, clients })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mistaken_for_a_clients() {
        let looks = Looks::new([(1, "Acme Innovation"), (2, "Bolt & Sons"), (3, "Café Rouge"), (4, "Мир")]);
        for (name, expected) in [
            ("ACME INNOVATION", None),
            ("Acme lnnovation", Some((false, vec![1]))),
            ("Acrne Innovation", Some((false, vec![1]))),
            ("\u{0410}cme Innovation", Some((true, vec![1]))),
            ("Ａcme Innovation", Some((true, vec![1]))),
            ("Acme\u{200b} Innovation", Some((true, vec![1]))),
            ("Acme Innovatio\u{0301}n", Some((false, vec![1]))),
            ("Acme Inno\u{0335}vation", Some((true, vec![1]))),
            ("B0lt & Sons", Some((false, vec![2]))),
            ("Βοlt & Sons", Some((true, vec![2]))),
            ("Cafe Rouge", Some((false, vec![3]))),
            ("CAFÉ ROUGE", None),
            ("Mиp", Some((true, vec![4]))),
            ("Zebra", None),
            ("Zеbra", Some((true, vec![]))),
            ("", None),
        ] {
            let found = looks.confusable(name).map(|found| (found.is_mixed, found.clients));
            assert_eq!(found, expected, "{name:?}");
        }
    }
}
