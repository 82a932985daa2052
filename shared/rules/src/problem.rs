//! What is wrong with a rules file: all of it at once, each with its place and what to write instead.

use std::fmt;

/// One thing that is wrong, as `rules.toml:12:11: what is wrong; what to write`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesProblem {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub wrong: String,
    /// What to write.
    pub advice: String,
}

/// A rules file that cannot be used, with everything that is wrong with it in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.problems))]
pub struct RulesFileError {
    /// At least one.
    pub problems: Vec<RulesProblem>,
    /// Whether the file names no service at all: nothing would be compared.
    pub has_no_service: bool,
}

impl fmt::Display for RulesProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}; {}", self.file, self.line, self.column, self.wrong, self.advice)
    }
}

fn listed(problems: &[RulesProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The line and the column, in characters, of a byte; both from 1.
    pub(crate) fn place(&self, text: &str, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts[line - 1];
        // A byte order mark is no character that an editor counts.
        let start = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
        let before = text.as_bytes().get(start..at.min(text.len())).unwrap_or_default();
        // Every byte but those that continue a character.
        (line, 1 + before.iter().filter(|byte| **byte & 0xC0 != 0x80).count())
    }
}

/// The nearest of the words that may stand there, if one is near enough to be meant; else the shortest that has what is
/// written as a part of it.
#[must_use]
pub fn nearest<'w>(written: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    /// A shorter text is part of many words.
    const PART_MIN: usize = 3;
    /// Comparing costs the product of both lengths; nobody mistypes a word as long as this.
    const LENGTH_MAX: usize = 100;
    let written = written.trim().to_lowercase();
    let length = written.chars().count();
    if !(2..=LENGTH_MAX).contains(&length) {
        return None;
    }
    let far = (length / 3).max(1);
    let distance = |word: &str| strsim::damerau_levenshtein(&written, &word.to_lowercase());
    let words: Vec<&str> = words.into_iter().filter(|word| word.len() <= 4 * LENGTH_MAX).collect();
    let near = words.iter().map(|word| (distance(word), *word)).filter(|(distance, _)| *distance <= far);
    // The first of several that are equally near: the order of the words is that of their declaration.
    let near = near.min_by_key(|(distance, _)| *distance).map(|(_, word)| word);
    let has_it = |word: &&str| length >= PART_MIN && word.to_lowercase().contains(&written);
    near.or_else(|| words.into_iter().filter(has_it).min_by_key(|word| word.len()))
}

/// What to write instead of a word that is not known: the nearest one, else all if they are few.
pub(crate) fn instead_of<'w>(written: &str, words: impl IntoIterator<Item = &'w str> + Clone) -> String {
    /// A list that is longer helps nobody.
    const SHOWN_MAX: usize = 20;
    if let Some(word) = nearest(written, words.clone()) {
        return format!("did you mean \"{word}\"?");
    }
    let all: Vec<&str> = words.into_iter().collect();
    match all.len() {
        0 => "there is none that could be meant".to_owned(),
        1 => format!("the only one is \"{}\"", all[0]),
        2..=SHOWN_MAX => format!("use one of {}", all.join(", ")),
        more => format!("use one of {} and {} more", all[..SHOWN_MAX].join(", "), more - SHOWN_MAX),
    }
}

/// A foreign text, short and without control characters, for a message.
pub(crate) fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let mut short: String = text.chars().take(CHARACTERS_MAX).flat_map(escaped).collect();
    if text.chars().count() > CHARACTERS_MAX {
        short.push('…');
    }
    short
}

fn escaped(c: char) -> impl Iterator<Item = char> {
    let is_control = c.is_control();
    c.escape_debug().filter(move |_| is_control).chain((!is_control).then_some(c))
}
