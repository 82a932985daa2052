//! Foreign text made harmless: a client's or vendor's words are shown, never executed, by a spreadsheet, a browser,
//! a mail program or a terminal.
//!
//! Names of clients, vendor accounts, devices and products are written by others. What would act (a formula, a
//! line break in a header, an escape code, a direction override) is replaced by something that can be seen; every
//! other letter of every script stays. HTML's own characters are escaped by the template.

use std::borrow::Cow;

/// The text with every character that acts or hides replaced by its number: `[U+202E]` for a direction override,
/// `[U+001B]` for a terminal's escape, `[U+000A]` for a line break. For terminals, logs, mail and cells.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || !text.chars().any(acts_or_hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts_or_hides(character) {
            shown.push_str(&format!("[U+{:04X}]", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// One cell of text in a CSV file: [`visible`], and with an apostrophe before what a spreadsheet would take for a
/// formula, so that it shows the text (ASVS 1.2.10). Also after spaces or hidden characters, and for full-width
/// forms. Not for number columns: `-12.5` is a number there and stays one.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    let first = text.chars().find(|character| !is_skipped_before_a_formula(*character));
    let leading_control = text.starts_with(['\t', '\r', '\n', '\0']);
    let shown = visible(text);
    if leading_control || first.is_some_and(starts_a_formula) { Cow::Owned(format!("'{shown}")) } else { shown }
}

/// Text for a mail's body: [`visible`], and with a zero-width non-joiner where a mail program would otherwise make
/// a link of it (`www.example.com`, `https://…`, `a@b.example`). Nothing of it can be clicked.
#[must_use]
pub fn unlinked(text: &str) -> String {
    let shown = visible(text);
    let mut broken = String::with_capacity(shown.len());
    let mut characters = shown.chars().peekable();
    while let Some(character) = characters.next() {
        broken.push(character);
        let joins = matches!(character, '.' | ':' | '@' | '。' | '．' | '｡');
        let links = |next: &char| next.is_alphabetic() || *next == '/' || (character == '@' && next.is_numeric());
        if joins && characters.peek().is_some_and(links) {
            broken.push(NON_JOINER);
        }
    }
    broken
}

/// At most so many characters, the last one `…` if something was cut off.
#[must_use]
pub fn shortened(text: &str, characters_max: usize) -> Cow<'_, str> {
    if text.chars().count() <= characters_max {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    Cow::Owned(short)
}

const NON_JOINER: char = '\u{200C}';

/// Control characters, direction controls, separators that break lines, and characters that show nothing at all.
/// The joiners U+200C and U+200D stay: Persian, the scripts of India and emoji are written with them.
pub(crate) fn acts_or_hides(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{FFFE}' | '\u{FFFF}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

fn is_skipped_before_a_formula(character: char) -> bool {
    character.is_whitespace() || acts_or_hides(character) || matches!(character, '\u{200C}' | '\u{200D}')
}

/// The four signs and their full-width and small forms.
fn starts_a_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹢' | '﹣' | '﹦' | '﹫' | '−')
}
