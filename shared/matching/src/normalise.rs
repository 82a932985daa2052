//! Normalises names: compatibility forms, case, spaces and punctuation. Words are never dropped.

use unicode_normalization::UnicodeNormalization;

/// Maximum passes until the form is stable: lower-casing can require composing again.
const PASSES_MAX: usize = 4;

/// The normalised form of a name: NFKC, lower case, apostrophes and full stops removed, every other run of spaces and
/// punctuation replaced by one space. `"ACME,  Inc."` and `"Acme Inc"` both give `acme inc`; `"Acme Ltd"` stays different.
#[must_use]
pub fn normalise(name: &str) -> String {
    let mut form = pass(name);
    for _ in 1..PASSES_MAX {
        let next = pass(&form);
        if next == form {
            break;
        }
        form = next;
    }
    form
}

fn pass(name: &str) -> String {
    let mut form = String::with_capacity(name.len());
    let mut is_apart = false;
    for character in name.nfkc().flat_map(char::to_lowercase).nfc() {
        if is_dropped(character) {
            continue;
        }
        if !is_kept(character) {
            is_apart = true;
            continue;
        }
        if is_apart && !form.is_empty() {
            form.push(' ');
        }
        is_apart = false;
        form.push(if character == 'ς' { 'σ' } else { character });
    }
    form
}

/// Characters removed inside a word: `O'Neill` is `oneill`, `St.` is `st`, `A.B.C.` is `abc`.
fn is_dropped(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{00AD}' | '.')
}

/// Characters kept: letters, digits, marks, and significant signs, as `A&B` is not `A B` and `C++` is not `C`.
fn is_kept(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, '&' | '+')
        || unicode_normalization::char::is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normalisation_of_known_names() {
        for (name, form) in [
            ("ACME,  Inc.", "acme inc"),
            ("Acme Ltd", "acme ltd"),
            ("  Café\u{a0}Rouge  ", "café rouge"),
            ("Cafe\u{301} Rouge", "café rouge"),
            ("O\u{2019}Neill & Sons", "oneill & sons"),
            ("Smith/Jones (Site 2)", "smith jones site 2"),
            ("ＡＣＭＥ", "acme"),
            ("St. Mary's", "st marys"),
            ("C++ Partners", "c++ partners"),
            ("…", ""),
            ("", ""),
        ] {
            assert_eq!(normalise(name), form, "{name:?}");
        }
        assert_ne!(normalise("Acme Ltd"), normalise("Acme Inc"));
        assert_ne!(normalise("Brown & Co"), normalise("Brown Co"));
    }

    proptest! {
        #[test]
        fn twice_is_once(name in any::<String>()) {
            let once = normalise(&name);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn case_of_ascii_and_space_do_not_matter(words in proptest::collection::vec("[A-Za-z0-9]{1,8}", 1..5)) {
            let upper = words.join("  ").to_uppercase();
            prop_assert_eq!(normalise(&upper), normalise(&words.join(" - ")));
        }
    }
}
