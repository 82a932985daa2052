//! A cell's text without what programs put around it.

use crate::cell::{Cell, CellKind};

/// The text without blanks of any kind around it.
#[must_use]
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        [only] if only.is_ascii_graphic() => text,
        _ => text.trim_matches(is_blank),
    }
}

/// White space, and the marks without width that browsers and editors leave behind.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// The text of a cell: trimmed, and without the `="…"` that keeps spreadsheets from taking an id for a number.
#[must_use]
#[inline]
pub(crate) fn plain(text: &str) -> &str {
    let text = trimmed(text);
    if text.as_bytes().first() != Some(&b'=') {
        return text;
    }
    let inner = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).map_or(text, trimmed)
}

/// Words that stand where there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Nothing(Vec<String>);

impl Nothing {
    pub(crate) fn of(words: &[String]) -> Self {
        Self(words.iter().map(|word| trimmed(word).to_lowercase()).collect())
    }

    /// The cell, or an empty one if it only says that there is nothing.
    #[inline]
    pub(crate) fn blanked<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        if self.0.is_empty() || cell.kind != CellKind::Text { cell } else { self.looked_at(cell) }
    }

    fn looked_at<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        let text = plain(cell.text);
        let is_same = |word: &String| {
            word.eq_ignore_ascii_case(text)
                || !text.is_ascii() && word.chars().eq(text.chars().flat_map(char::to_lowercase))
        };
        if self.0.iter().any(is_same) { Cell::EMPTY } else { cell }
    }
}

/// Whether two headings are the same to a reader: the size of letters, and how many blanks are between words, do not
/// matter.
#[must_use]
pub(crate) fn is_same_heading(a: &str, b: &str) -> bool {
    fn words(text: &str) -> impl Iterator<Item = &str> {
        text.split(is_blank).filter(|word| !word.is_empty())
    }
    let first = |text: &str| text.chars().find(|c| !is_blank(*c)).map(|c| c.to_lowercase().next());
    first(a) == first(b) && words(a).map(str::to_lowercase).eq(words(b).map(str::to_lowercase))
}

/// Whether a spreadsheet has turned a long number into one of a few digits, such as `9.91214E+15`.
#[must_use]
#[inline]
pub fn is_scientific(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(e) = bytes.len().checked_sub(4) else { return false };
    let e = match (bytes[e], bytes[e + 1]) {
        (b'E' | b'e', b'+' | b'-') => e,
        _ if e > 0 && matches!((bytes[e - 1], bytes[e]), (b'E' | b'e', b'+' | b'-')) => e - 1,
        _ => return false,
    };
    let (mantissa, exponent) = (&bytes[..e], &bytes[e + 2..]);
    let mantissa = mantissa.strip_prefix(b"-").unwrap_or(mantissa);
    let mut marks = 0;
    exponent.iter().all(u8::is_ascii_digit)
        && mantissa.first().is_some_and(u8::is_ascii_digit)
        && mantissa.iter().all(|byte| {
            marks += usize::from(matches!(byte, b'.' | b','));
            matches!(byte, b'0'..=b'9' | b'.' | b',')
        })
        && marks < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_put_around_a_text_is_none_of_it() {
        for (text, inner) in [
            (" C1\u{A0}", "C1"),
            ("\u{200E}C1", "C1"),
            ("=\"00123\"", "00123"),
            ("=\" 7\" ", "7"),
            ("=A1&\"x\"", "=A1&\"x\""),
            ("=", "="),
            ("", ""),
            ("a b", "a b"),
            ("7", "7"),
        ] {
            assert_eq!(plain(text), inner, "{text:?}");
        }
    }

    #[test]
    fn headings_are_the_same_to_a_reader() {
        assert!(is_same_heading("Unit  Price", " unit\nprice"));
        assert!(!is_same_heading("Unit Price", "UnitPrice"));
        assert!(!is_same_heading("Unit", "Unit Price"));
    }

    #[test]
    fn numbers_of_a_few_digits_with_an_exponent_are_known() {
        for text in ["9.91214E+15", "9,91214E+15", "1E+05", "1e-07", "-1.5E+300", "9E+15"] {
            assert!(is_scientific(text), "{text}");
        }
        for text in
            ["12E5", "E+15", "A1E+15", "1.2.3E+15", "1E+1", "1E+1A", "2026-06-30", "", "E+00", "x1E+05", "1E+0005"]
        {
            assert!(!is_scientific(text), "{text}");
        }
    }
}
