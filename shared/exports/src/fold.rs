//! How headings and words are compared: capitals and blanks make no difference.

/// The form in which headings and words are compared.
#[must_use]
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.trim_start_matches('\u{feff}').split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// At most so many characters of a foreign text, without control characters.
#[must_use]
pub(crate) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// The word that somebody who wrote another one most likely meant.
#[must_use]
pub(crate) fn nearest<'w>(written: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let written = folded(written);
    let scored = words.into_iter().map(|word| (strsim::damerau_levenshtein(&written, &folded(word)), word));
    let near = scored.filter(|(distance, word)| *distance <= 1 + word.chars().count() / 4);
    near.min_by_key(|(distance, word)| (*distance, *word)).map(|(_, word)| word)
}

/// A text in which `*` stands for any characters; `?*` is anything but nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<String>,
}

impl Pattern {
    #[must_use]
    pub(crate) fn new(written: &str) -> Self {
        Self { parts: written.split('*').map(folded_part).collect() }
    }

    /// Whether it matches a single text only.
    #[must_use]
    pub(crate) fn is_exact(&self) -> bool {
        self.parts.len() == 1
    }

    /// How many characters are not left open.
    #[must_use]
    pub(crate) fn sure_chars(&self) -> usize {
        self.parts.iter().map(|part| part.chars().count()).sum()
    }

    /// Whether it matches a folded text.
    #[must_use]
    pub(crate) fn matches(&self, folded: &str) -> bool {
        if self.parts == ["?", ""] {
            return !folded.is_empty();
        }
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|only| only.trim() == folded);
        };
        let Some(mut rest) = folded.strip_prefix(first.trim_start()) else { return false };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.trim_end())
    }
}

/// As [`folded`], with a blank kept at an end that another part follows.
fn folded_part(part: &str) -> String {
    let inner = folded(part);
    let blank = |is: bool| if is { " " } else { "" };
    if inner.is_empty() {
        return blank(!part.is_empty()).to_owned();
    }
    format!("{}{inner}{}", blank(part.starts_with(char::is_whitespace)), blank(part.ends_with(char::is_whitespace)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_and_blanks_make_no_difference() {
        for text in ["Company Name", " company  name ", "COMPANY\u{a0}NAME", "\u{feff}Company\tName"] {
            assert_eq!(folded(text), "company name", "{text:?}");
        }
        assert_ne!(folded("CompanyName"), "company name");
    }

    #[test]
    fn a_star_stands_for_anything_between() {
        for (pattern, text, matches) in [
            ("active", "active", true),
            ("active", "inactive", false),
            ("*server*", "windows server 2022", true),
            ("windows *", "windows desktop", true),
            ("windows *", "windows", false),
            ("* desktop", "windows desktop", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("?*", "", false),
            ("?*", "a", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn the_nearest_word_is_near() {
        let words = ["quantity", "unit_price", "sku"];
        assert_eq!(nearest("quantitiy", words), Some("quantity"));
        assert_eq!(nearest("Unit_Prise", words), Some("unit_price"));
        assert_eq!(nearest("colour", words), None);
    }
}
