//! Which items a rule takes: words with `*`, tables of attributes, and what comes out where an attribute is not known.

use std::ops::Not;

use truecount_billing::{HOLDS, attribute_words};

use crate::model::CountPart;

/// A word with `*` for any text. Capitals, and blanks around it, make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As written in the file.
    pub written: String,
    /// Trimmed, in small letters, cut at each `*`: one piece where there is none.
    pub pieces: Vec<String>,
    /// Of a product's friendly name: the part numbers that it stands for, trimmed and in small letters.
    pub part_numbers: Vec<String>,
    /// Whether another product took its place, so that none may be left.
    pub is_superseded: bool,
}

/// Tables of which one must fit. Without any, nothing fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of them is enough.
    pub tables: Vec<FilterTable>,
}

/// Attributes that must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterTable {
    /// An attribute's name (`sku`, `name` and `holds` among them), and the words of which one must fit.
    pub attributes: Vec<(String, Vec<Pattern>)>,
    /// Words of `holds` that must all be there.
    pub holds_all: Vec<Pattern>,
}

/// Whether something fits, where it may be that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It fits.
    Yes,
    /// It does not.
    No,
    /// An attribute that decides it is not known.
    Unknown,
}

/// What stands before the number of days in the name under which a filter asks whether an item was not seen for longer.
pub(crate) const UNSEEN: &str = "not_seen_for_days ";

/// After how many days without a sighting an item fits, where a filter asks for that under this name: its text is then
/// `true` or `false`.
#[must_use]
pub fn unseen_days(attribute: &str) -> Option<u32> {
    attribute.strip_prefix(UNSEEN)?.parse().ok()
}

/// The key for words of [`HOLDS`] that must all be there.
pub(crate) const HOLDS_ALL: &str = "holds_all";

impl CountPart {
    /// Whether the part takes an item, before its usual state and its last sighting are looked at. `text_of` gives the
    /// text of an attribute; `None`: it is not known.
    pub fn takes<'w>(&self, text_of: impl Fn(&str) -> Option<&'w str>) -> Fit {
        self.takes_but_for_except(&text_of).and(!self.except.matches(&text_of))
    }

    /// The same, whatever the group leaves out.
    pub fn takes_but_for_except<'w>(&self, text_of: impl Fn(&str) -> Option<&'w str>) -> Fit {
        let own = all_fit(&self.wanted, &[], &text_of).and(!self.unwanted.matches(&text_of));
        own.and(!self.of_sections(&text_of))
    }

    /// Whether the service takes an item, whichever agreement of the client it is of.
    pub fn service_takes<'w>(&self, text_of: impl Fn(&str) -> Option<&'w str>) -> Fit {
        let wanted = self.service_wanted.as_ref().unwrap_or(&self.wanted);
        let own = all_fit(wanted, &[], &text_of).and(!self.unwanted.matches(&text_of));
        own.and(!self.except.matches(&text_of))
    }

    /// Whether nobody knows of which of the client's agreements an item is, if the service takes it.
    pub fn is_agreement_unknown<'w>(&self, text_of: impl Fn(&str) -> Option<&'w str>) -> bool {
        let fit = match &self.service_wanted {
            Some(of_service) => all_fit(&self.wanted, of_service, &text_of),
            None => self.of_sections(&text_of),
        };
        fit == Fit::Unknown
    }

    /// Whether a section takes an item that the part would take.
    fn of_sections<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        let sections = self.less.iter().map(|section| all_fit(&section.wanted, &self.wanted, text_of));
        sections.fold(Fit::No, Fit::or)
    }

    /// The attribute by which an item is not in the usual state of its kind; `None`: it is, or that is not known.
    pub fn unusual<'w>(&self, text_of: impl Fn(&str) -> Option<&'w str>) -> Option<&str> {
        let is_other = |(name, words): &&(String, Vec<Pattern>)| any_word(name, words, &text_of) == Fit::No;
        self.usual.iter().find(is_other).map(|(name, _)| name.as_str())
    }
}

/// Whether all filters fit an item that fits all of `given`, also where nobody knows that it does: of an item whose class
/// is not known, "laptops, less laptops in York" asks for the site alone.
fn all_fit<'w>(filters: &[Filter], given: &[Filter], text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
    filters.iter().map(|filter| filter.matches_beside(given, text_of)).fold(Fit::Yes, Fit::and)
}

impl Filter {
    /// Whether one of the tables fits. `text_of` gives the text of an attribute; `None`: it is not known.
    pub fn matches<'w>(&self, text_of: impl Fn(&str) -> Option<&'w str>) -> Fit {
        self.matches_beside(&[], &text_of)
    }

    fn matches_beside<'w>(&self, given: &[Self], text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        self.tables.iter().map(|table| table.matches(given, text_of)).fold(Fit::No, Fit::or)
    }

    /// Whether what fits has one of these words, whichever of the tables it fits.
    fn requires(&self, attribute: &str, words: &[Pattern]) -> bool {
        let asks = |table: &FilterTable| table.attributes.iter().any(|(name, own)| name == attribute && own == words);
        !self.tables.is_empty() && self.tables.iter().all(asks)
    }

    /// The same, with further words wherever it asks for a product.
    pub(crate) fn with_products(&self, words: &[Pattern]) -> Self {
        let mut filter = self.clone();
        let attributes = filter.tables.iter_mut().flat_map(|table| &mut table.attributes);
        attributes.filter(|(name, _)| is_of_products(name)).for_each(|(_, own)| own.extend_from_slice(words));
        filter
    }

    /// Whether it asks for a product.
    pub(crate) fn asks_for_products(&self) -> bool {
        self.attributes().any(is_of_products)
    }

    /// The attributes that its tables name.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().flat_map(FilterTable::patterns).map(|(attribute, _)| attribute)
    }
}

/// Whether an attribute has words of products.
fn is_of_products(attribute: &str) -> bool {
    matches!(attribute, "sku" | HOLDS)
}

impl FilterTable {
    /// Whether all attributes fit, but for those that `given` asks for alike.
    fn matches<'w>(&self, given: &[Filter], text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        let is_given = |name: &str, words: &[Pattern]| given.iter().any(|filter| filter.requires(name, words));
        let asked = self.attributes.iter().filter(|(name, words)| !is_given(name, words));
        let attributes = asked.map(|(name, words)| any_word(name, words, text_of));
        let held = self.holds_all.iter().map(|word| any_word(HOLDS, std::slice::from_ref(word), text_of));
        attributes.chain(held).fold(Fit::Yes, Fit::and)
    }

    pub(crate) fn names(&self, attribute: &str) -> bool {
        (attribute == HOLDS_ALL && !self.holds_all.is_empty())
            || self.attributes.iter().any(|(name, _)| name == attribute)
    }

    /// Each attribute with each of its patterns.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, &Pattern)> {
        let any = self.attributes.iter().flat_map(|(name, words)| words.iter().map(move |word| (name.as_str(), word)));
        any.chain(self.holds_all.iter().map(|word| (HOLDS, word)))
    }
}

fn any_word<'w>(name: &str, patterns: &[Pattern], text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
    let Some(text) = text_of(name) else { return Fit::Unknown };
    let fits = attribute_words(name, text).any(|word| patterns.iter().any(|pattern| pattern.fits(word)));
    if fits { Fit::Yes } else { Fit::No }
}

impl Pattern {
    /// The pattern of a word as written in a file.
    #[must_use]
    pub fn new(written: &str) -> Self {
        let pieces = written.trim().split('*').map(str::to_lowercase).collect();
        Self { written: written.to_owned(), pieces, part_numbers: Vec::new(), is_superseded: false }
    }

    /// Whether a source's word fits. A blank word fits nothing.
    #[must_use]
    pub fn fits(&self, word: &str) -> bool {
        let word = word.trim();
        if word.is_empty() {
            return false;
        }
        if word.is_ascii() {
            return self.fits_lower(word.as_bytes());
        }
        self.fits_lower(word.to_lowercase().as_bytes())
    }

    /// Whether a word that is trimmed, and in small letters as far as it is not ASCII, fits.
    fn fits_lower(&self, word: &[u8]) -> bool {
        fits_pieces(&self.pieces, word)
            || self.part_numbers.iter().any(|number| number.as_bytes().eq_ignore_ascii_case(word))
    }
}

/// Whether the first piece begins the word, the last one ends it, and the others stand between in their order.
fn fits_pieces(pieces: &[String], word: &[u8]) -> bool {
    let (first, last, between) = match pieces {
        [] => return false,
        [whole] => return whole.as_bytes().eq_ignore_ascii_case(word),
        [first, between @ .., last] => (first.as_bytes(), last.as_bytes(), between),
    };
    if word.len() < first.len() + last.len() {
        return false;
    }
    let (start, rest) = word.split_at(first.len());
    let (mut middle, end) = rest.split_at(rest.len() - last.len());
    if !start.eq_ignore_ascii_case(first) || !end.eq_ignore_ascii_case(last) {
        return false;
    }
    for piece in between.iter().filter(|piece| !piece.is_empty()) {
        let found = middle.windows(piece.len()).position(|window| window.eq_ignore_ascii_case(piece.as_bytes()));
        let Some(at) = found else { return false };
        middle = &middle[at + piece.len()..];
    }
    true
}

impl Fit {
    /// Both fit.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// One of both fits.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !((!self).and(!other))
    }
}

impl Not for Fit {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}
