//! Many short texts in one buffer: a million items hold numbers instead of strings.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// The number of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TextNo(u32);

impl TextNo {
    /// Where there is no text.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Its place among [`Texts::len`].
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    bytes: String,
    /// Where each text ends; it begins where the one before it ends.
    ends: Vec<u32>,
    /// Those that were put in by [`Texts::intern`].
    interned: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// Puts a text in, whether it is there or not; `None`: there is no room for it.
    pub(crate) fn push(&mut self, text: &str) -> Option<TextNo> {
        let number = u32::try_from(self.ends.len()).ok().filter(|number| *number != u32::MAX)?;
        self.bytes.push_str(text);
        self.ends.push(u32::try_from(self.bytes.len()).ok()?);
        Some(TextNo(number))
    }

    /// Puts a text in, once: the same text has one number.
    pub(crate) fn intern(&mut self, text: &str) -> Option<TextNo> {
        let hash = self.hash(text);
        if let Some(known) = self.interned.find(hash, |number| self.text(TextNo(*number)) == text) {
            return Some(TextNo(*known));
        }
        let number = self.push(text)?;
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.interned.insert_unique(hash, number.0, |number| hash_of(hasher, slice(bytes, ends, *number)));
        Some(number)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn text(&self, number: TextNo) -> &str {
        slice(&self.bytes, &self.ends, number.0)
    }

    fn hash(&self, text: &str) -> u64 {
        hash_of(&self.hasher, text)
    }
}

fn slice<'t>(bytes: &'t str, ends: &[u32], number: u32) -> &'t str {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] as usize };
    &bytes[start..ends[number] as usize]
}

fn hash_of(hasher: &DefaultHashBuilder, text: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text.as_bytes());
    state.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_again_and_interned_once() {
        let mut texts = Texts::default();
        let pushed = texts.push("server").unwrap();
        let interned: Vec<TextNo> = ["server", "", "é", "server", "é"].map(|text| texts.intern(text).unwrap()).to_vec();
        assert_ne!(pushed, interned[0]);
        assert_eq!((interned[0], interned[2]), (interned[3], interned[4]));
        assert_eq!(
            [pushed, interned[0], interned[1], interned[2]].map(|number| texts.text(number)),
            ["server", "server", "", "é"]
        );
    }
}
