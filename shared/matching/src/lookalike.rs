//! Names with lookalike characters: mixed scripts, confusable letters, invisible characters.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A script, as far as mixing is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
    Devanagari,
    Thai,
    /// Han, kana, bopomofo and hangul, which are written together.
    EastAsian,
}

/// Whether a name must be confirmed by a person: it has letters of two scripts or of an unknown one, compatibility forms,
/// Latin letters that look like others, marks that are not part of a letter, or invisible characters.
#[must_use]
pub fn has_lookalikes(name: &str) -> bool {
    if name.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t') {
        return false;
    }
    let mut found = None;
    for character in name.chars() {
        if is_hidden(character) || imitates(character) {
            return true;
        }
    }
    for character in name.nfc() {
        // a mark that did not combine with a letter
        if is_combining_mark(character)
            && matches!(found, None | Some(Script::Latin | Script::Greek | Script::Cyrillic))
        {
            return true;
        }
        // digits are alphanumeric, too, and those of other scripts look alike
        if !character.is_alphanumeric() || character.is_ascii_digit() {
            continue;
        }
        let Some(script) = script(character) else { return true };
        if found.replace(script).is_some_and(|before| before != script) {
            return true;
        }
    }
    false
}

/// A letter whose compatibility form differs, or a Latin letter that does not decompose into a plain one.
fn imitates(character: char) -> bool {
    let is_letter_like = character.is_alphanumeric() && !character.is_ascii();
    let is_compatibility = || !std::iter::once(character).nfkc().eq(std::iter::once(character).nfc());
    is_letter_like && (is_compatibility() || matches!(character, 'ı' | 'ĸ' | 'ſ' | 'ƒ' | '\u{0180}'..='\u{01CC}'))
}

/// The plain letter or digit that a character resembles.
pub(crate) fn imitated(character: char) -> Option<char> {
    if character.is_ascii() {
        return None;
    }
    let mut buffer = [0; 4];
    let mut prototype = unicode_security::confusable_detection::skeleton(character.encode_utf8(&mut buffer));
    prototype.next().filter(char::is_ascii_alphanumeric).filter(|_| prototype.next().is_none())
}

/// Control characters, direction marks and zero-width characters.
pub(crate) fn is_hidden(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

fn script(character: char) -> Option<Script> {
    Some(match character {
        'a'..='z' | 'A'..='Z' | 'ª' | 'º' | '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}' => Script::Latin,
        '\u{0370}'..='\u{03FF}' | '\u{1F00}'..='\u{1FFF}' => Script::Greek,
        '\u{0400}'..='\u{052F}' => Script::Cyrillic,
        '\u{0531}'..='\u{0588}' => Script::Armenian,
        '\u{05D0}'..='\u{05F2}' => Script::Hebrew,
        '\u{0620}'..='\u{06FF}' => Script::Arabic,
        '\u{0900}'..='\u{097F}' => Script::Devanagari,
        '\u{0E01}'..='\u{0E5B}' => Script::Thai,
        '\u{3005}'..='\u{30FF}' | '\u{3105}'..='\u{312F}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => {
            Script::EastAsian
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_person_must_confirm() {
        for (name, expected) in [
            ("Acme & Sons (Site 2), Inc.", false),
            ("Müller Łódź Þór", false),
            ("Café Rouge", false),
            ("Cafe\u{301} Rouge", false),
            ("Ακμή Α.Ε.", false),
            ("株式会社アクメ", false),
            ("एक्मे", false),
            ("Acme\u{335}", true),
            ("\u{338}Acme", true),
            ("\u{0410}cme", true),
            ("Acme ΑΕ", true),
            ("ＡＣＭＥ", true),
            ("Acme\u{200b}", true),
            ("\u{202e}emcA", true),
            ("Acme ٣", true),
            ("Acm\u{0131}", true),
            ("\u{13aa}cme", true),
            ("ℂonsult", true),
        ] {
            assert_eq!(has_lookalikes(name), expected, "{name:?}");
        }
    }
}
