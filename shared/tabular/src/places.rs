//! Places in a file, counted all and remembered a few.

/// Places of one kind that are remembered.
pub(crate) const PLACES_MAX: usize = 5;
/// Characters of a value that are remembered.
const SHOWN_CHARS: usize = 60;

/// The beginning of a value, as it is shown.
#[inline]
pub(crate) fn shown(text: &str) -> &str {
    if text.len() <= SHOWN_CHARS {
        return text;
    }
    text.char_indices().nth(SHOWN_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// How many lines there are of a kind, and the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    first: u64,
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    pub(crate) fn first(&self) -> Option<u64> {
        (self.count > 0).then_some(self.first)
    }
}

/// How many cells there are of a kind, and the first ones with their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) count: u64,
    pub(crate) first: Vec<(u64, String)>,
}

impl Places {
    #[inline]
    pub(crate) fn add(&mut self, line: u64, text: &str) {
        self.count += 1;
        if self.first.len() < PLACES_MAX {
            self.first.push((line, shown(text).to_owned()));
        }
    }
}
