//! What a kind of source counts, and what each of its words means: the kinds of items with their unit, identities and
//! attributes, and per field of the vendor's the words that are known.
//!
//! A word that is not here is never "not counted": it makes the item unknown.

use truecount_billing::{ItemState, LeftOutReason, Unit};

/// The vocabulary of a kind of source.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// The kinds of items that it gives.
    pub items: &'static [ItemKind],
    /// The vendor's words, by field.
    pub words: &'static [WordList],
    /// Part numbers of its products, each with a friendly name: rules may name either.
    pub sku_names: &'static [(&'static str, &'static str)],
    /// Products that usually no service counts.
    pub skus_left_out: &'static [SkuLeftOut],
}

/// A product that usually no service counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkuLeftOut {
    /// Its part number.
    pub part_number: &'static str,
    /// What it is called where it is sold.
    pub name: &'static str,
    /// Why it does not count.
    pub why: SkuReason,
}

/// Why a product usually does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkuReason {
    /// It costs nothing.
    Free,
    /// It ends by itself, and costs nothing until then.
    Trial,
    /// People take it themselves, and it costs nothing.
    Viral,
    /// No person is given one.
    NotAssignable,
}

impl SkuReason {
    /// The word in files and for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Trial => "trial",
            Self::Viral => "viral",
            Self::NotAssignable => "not assignable",
        }
    }
}

/// One kind of item.
#[derive(Debug, Clone, Copy)]
pub struct ItemKind {
    /// Its name in rules, such as `server`.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What one of its quantity is.
    pub unit: Unit,
    /// What it can be recognised by elsewhere.
    pub identities: &'static [IdentityField],
    /// What makes two items of this kind one device or person, the surest first; empty: nothing but their ids. A licence
    /// has its holder's identities, and one person may hold several.
    pub same_by: &'static [IdentityField],
    /// Items not seen for more than so many days are usually left out; `None`: the last sighting makes no difference.
    pub stale_days: Option<u32>,
    /// Attribute and words of its usual state: an item with another word of that attribute is usually left out, one
    /// without the attribute is not.
    pub usual: &'static [(&'static str, &'static [&'static str])],
    /// Whether one item is a person.
    pub is_person: bool,
    /// The kind of purchases from which its items are drawn, and the attribute that each purchase tells, and an item only
    /// where all of its account and product tell the same.
    pub drawn_from: Option<(&'static str, &'static str)>,
    /// What else is known of it, for `where` in rules.
    pub attributes: &'static [Attribute],
}

impl ItemKind {
    /// A kind of which only this is known: nothing makes two of its items one, none is left out by its age or state.
    #[must_use]
    pub const fn new(name: &'static str, title: &'static str, unit: Unit, attributes: &'static [Attribute]) -> Self {
        Self {
            name,
            title,
            unit,
            identities: &[],
            same_by: &[],
            stale_days: None,
            usual: &[],
            is_person: false,
            drawn_from: None,
            attributes,
        }
    }
}

/// What a device or person is known by beyond one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityField {
    /// A serial number.
    Serial,
    /// A network card's address.
    MacAddress,
    /// A host name.
    HostName,
    /// A directory's object id.
    ObjectId,
    /// A mail address.
    MailAddress,
}

/// An attribute of an item.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name in rules.
    pub name: &'static str,
    /// What its values mean.
    pub meaning: &'static str,
    /// Values that this program gives it: that no item has one of them yet is no mistake of a rule that names it.
    pub words: &'static [&'static str],
}

impl Attribute {
    /// An attribute with the vendor's own values.
    #[must_use]
    pub const fn new(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, words: &[] }
    }

    /// One whose values, or some of them, this program gives.
    #[must_use]
    pub const fn of_words(name: &'static str, meaning: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, meaning, words }
    }
}

/// The words of one field of a vendor's.
#[derive(Debug, Clone, Copy)]
pub struct WordList {
    /// The field, by the vendor's name.
    pub field: &'static str,
    /// Each word with what it means. Capitals, and blanks around it, make no difference.
    pub words: &'static [(&'static str, Meaning)],
}

/// What a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The item counts.
    Counts,
    /// The item is left out.
    LeftOut(LeftOutReason),
    /// The item is of this kind.
    Kind(&'static str),
    /// The attribute has this value.
    Value(&'static str),
    /// So many months, such as a billing cycle; `None`: the cycle does not repeat by months.
    Months(Option<u32>),
}

/// What stands for a word that the vendor left out.
pub const MISSING: &str = "(missing)";

impl WordList {
    /// What a word means; `None`: it is not known. A missing word is never known.
    #[must_use]
    pub fn meaning(&self, word: Option<&str>) -> Option<Meaning> {
        let word = word?.trim();
        self.words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
    }

    /// The state that a word gives an item; `Unknown` for a word that is not known.
    #[must_use]
    pub fn state(&self, word: Option<&str>) -> ItemState {
        match self.meaning(word) {
            Some(Meaning::LeftOut(reason)) => ItemState::LeftOut(reason),
            Some(_) => ItemState::Counts,
            None => ItemState::Unknown(shown(word)),
        }
    }
}

impl Vocabulary {
    /// No items and no words: a source of the billed side, or of files that bring their own.
    pub const NONE: Self = Self { items: &[], words: &[], sku_names: &[], skus_left_out: &[] };

    /// For which reasons items are left out.
    pub fn left_out(&self) -> impl Iterator<Item = LeftOutReason> {
        self.words.iter().flat_map(|list| list.words).filter_map(|(_, meaning)| match meaning {
            Meaning::LeftOut(reason) => Some(*reason),
            _ => None,
        })
    }
}

/// The word of a flag, in a list of words.
pub(crate) fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A word as it is kept: short, without control characters.
pub(crate) fn shown(word: Option<&str>) -> String {
    let word = word.unwrap_or(MISSING);
    crate::packed::clip(word.trim(), 100).chars().flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: WordList = WordList {
        field: "status",
        words: &[("Active", Meaning::Counts), ("Trial", Meaning::LeftOut(LeftOutReason::Trial))],
    };

    #[test]
    fn capitals_and_blanks_make_no_difference_and_nothing_else_is_guessed() {
        for word in ["Active", "active", " ACTIVE "] {
            assert_eq!(STATUS.state(Some(word)), ItemState::Counts);
        }
        assert_eq!(STATUS.state(Some("trial")), ItemState::LeftOut(LeftOutReason::Trial));
        for (word, kept) in [(Some("Activ"), "Activ"), (Some(""), ""), (None, MISSING), (Some("a\u{1b}["), "a\\u{1b}[")]
        {
            assert_eq!(STATUS.state(word), ItemState::Unknown(kept.to_owned()));
        }
    }
}
