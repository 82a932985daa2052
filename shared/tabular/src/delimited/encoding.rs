//! Which encoding the characters of a file are in: told by its first bytes, or by all of them.
//!
//! Windows-1252 is what is left when a file is not UTF-8: nothing proves it. What no text in it would have, such as a
//! low quotation mark in the middle of a word, is told as doubt.

use std::{
    fmt,
    io::{self, Read},
};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::{
    caps::{Cap, Caps},
    input::Input,
    obstacle::{Obstacle, ObstacleKind},
    row::Stop,
};

const BLOCK_BYTES: usize = 1 << 16;

/// An encoding of characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl TextEncoding {
    /// UTF-8.
    pub const UTF_8: Self = Self(UTF_8);
    /// UTF-16, the lower byte first.
    pub const UTF_16_LE: Self = Self(UTF_16LE);
    /// UTF-16, the higher byte first.
    pub const UTF_16_BE: Self = Self(UTF_16BE);
    /// Windows-1252, that of western Windows.
    pub const WINDOWS_1252: Self = Self(WINDOWS_1252);

    /// The encoding of a name, such as `utf-8`, `windows-1250`, `macintosh` or `ibm866`: the labels of the WHATWG
    /// Encoding Standard.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Encoding::for_label_no_replacement(name.as_bytes()).map(Self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub(super) fn is_utf_8(self) -> bool {
        self.0 == UTF_8
    }

    pub(super) fn decoder(self) -> encoding_rs::Decoder {
        self.0.new_decoder_without_bom_handling()
    }
}

impl fmt::Debug for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was found out about a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodingFound {
    pub(crate) encoding: TextEncoding,
    /// Bytes before the text that say its encoding.
    pub(crate) mark_bytes: usize,
    /// Why the encoding is not sure.
    pub(crate) doubt: Option<Obstacle>,
}

/// Looks at every byte of a file, unless its first ones or the profile say the encoding.
pub(crate) fn find_encoding(
    input: &dyn Input,
    named: Option<TextEncoding>,
    caps: &Caps,
) -> Result<EncodingFound, Stop> {
    let mut from = input.open()?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut length = fill(&mut *from, &mut block)?;
    let told = |encoding, mark_bytes| Ok(EncodingFound { encoding: TextEncoding(encoding), mark_bytes, doubt: None });
    if let Some((encoding, mark_bytes)) = Encoding::for_bom(&block[..length]) {
        return told(encoding, mark_bytes);
    }
    if let Some(TextEncoding(encoding)) = named {
        return told(encoding, 0);
    }
    if let Some(encoding) = utf_16_by_zeros(&block[..length.min(512)]) {
        return told(encoding, 0);
    }
    let mut scan = Scan { line: 1, ..Scan::default() };
    let mut read_bytes = 0;
    let mut carried = 0;
    while length > 0 {
        read_bytes += (length - carried) as u64;
        if read_bytes > caps.bytes {
            return Err(Obstacle::of_file(ObstacleKind::OverCap { cap: Cap::Bytes, limit: caps.bytes }).into());
        }
        let is_end = length < block.len();
        let used = scan.block(&block[..length], is_end);
        block.copy_within(used..length, 0);
        carried = length - used;
        length = carried + fill(&mut *from, &mut block[carried..])?;
        if is_end {
            break;
        }
    }
    Ok(scan.verdict())
}

/// Reads until a buffer is full or the input is at its end.
pub(crate) fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Text in western scripts has a zero in every other byte.
fn utf_16_by_zeros(begin: &[u8]) -> Option<&'static Encoding> {
    let zeros = |first: usize| begin.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let half = begin.len() / 2;
    match (zeros(0), zeros(1)) {
        (even, odd) if odd * 2 > half && even * 8 < odd => Some(UTF_16LE),
        (even, odd) if even * 2 > half && odd * 8 < even => Some(UTF_16BE),
        _ => None,
    }
}

/// What all bytes say.
#[derive(Debug, Default)]
struct Scan {
    /// The line of the next byte, from 1.
    line: u64,
    /// The line of the first bytes that are not UTF-8.
    not_utf_8: Option<u64>,
    /// The line of the first character of several bytes in UTF-8.
    of_several_bytes: Option<u64>,
    /// The line of the first byte that a text in Windows-1252 hardly has.
    strange: Option<u64>,
}

impl Scan {
    /// Takes a block; answers how much of it was used: at most three bytes less than all.
    fn block(&mut self, block: &[u8], is_end: bool) -> usize {
        let used = if is_end { block.len() } else { block.len() - open_bytes(block) };
        let block = &block[..used];
        if !block.is_ascii() {
            self.foreign(block);
        }
        self.line += memchr::memchr_iter(b'\n', block).count() as u64;
        used
    }

    fn foreign(&mut self, block: &[u8]) {
        let line_of = |at: usize| self.line + memchr::memchr_iter(b'\n', &block[..at]).count() as u64;
        if self.strange.is_none() {
            self.strange = (0..block.len()).find(|at| is_strange(block, *at)).map(line_of);
        }
        if self.not_utf_8.is_some() && self.of_several_bytes.is_some() {
            return;
        }
        let mut at = 0;
        for chunk in block.utf8_chunks() {
            let valid = chunk.valid();
            if self.of_several_bytes.is_none() && !valid.is_ascii() {
                let first = valid.bytes().take_while(u8::is_ascii).count();
                self.of_several_bytes = Some(line_of(at + first));
            }
            if self.not_utf_8.is_none() && !chunk.invalid().is_empty() {
                self.not_utf_8 = Some(line_of(at + valid.len()));
            }
            at += valid.len() + chunk.invalid().len();
        }
    }

    fn verdict(self) -> EncodingFound {
        let (encoding, doubt) = match (self.not_utf_8, self.of_several_bytes, self.strange) {
            (None, ..) => (UTF_8, None),
            (Some(line), Some(other_line), _) => {
                (UTF_8, Some(Obstacle::on_line(ObstacleKind::MixedEncodings { utf_8_line: other_line }, line)))
            }
            (Some(_), None, Some(line)) => (WINDOWS_1252, Some(Obstacle::on_line(ObstacleKind::UnknownEncoding, line))),
            (Some(_), None, None) => (WINDOWS_1252, None),
        };
        EncodingFound { encoding: TextEncoding(encoding), mark_bytes: 0, doubt }
    }
}

/// How many bytes at the end of a block may be the beginning of a character.
pub(super) fn open_bytes(block: &[u8]) -> usize {
    let Some(back) = block.iter().rev().take(3).position(|byte| *byte >= 0xC0) else { return 0 };
    let due = match block[block.len() - 1 - back] {
        0xF0.. => 4,
        0xE0.. => 3,
        _ => 2,
    };
    if back + 1 < due { back + 1 } else { 0 }
}

/// A byte that Windows-1252 does not define, or that stands in a word where its character does not: what code page 850
/// and Mac Roman have for letters.
fn is_strange(block: &[u8], at: usize) -> bool {
    let byte = block[at];
    let is_letter = |at: Option<usize>| at.and_then(|at| block.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let is_small = |at: Option<usize>| at.and_then(|at| block.get(at)).is_some_and(u8::is_ascii_lowercase);
    let before = at.checked_sub(1);
    match byte {
        0x81 | 0x8D | 0x8F | 0x90 | 0x9D => true,
        // ‚ ƒ „ † ‡ ˆ ‰ ‹ ˜ ›: none ends a word from within
        0x82..=0x84 | 0x86..=0x89 | 0x8B | 0x98 | 0x9B => is_letter(before),
        // Š Œ Ž Ÿ behind a small letter
        0x8A | 0x8C | 0x8E => is_small(before),
        0x9F => is_small(before) || is_letter(before) && is_letter(Some(at + 1)),
        // € … “ ” ‘ • ™ between two letters
        0x80 | 0x85 | 0x91 | 0x93..=0x95 | 0x99 => is_letter(before) && is_letter(Some(at + 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Bytes;

    fn found(bytes: &[u8]) -> (&'static str, usize, Option<String>) {
        let found = find_encoding(&Bytes(bytes), None, &Caps::default()).unwrap();
        (found.encoding.name(), found.mark_bytes, found.doubt.map(|doubt| doubt.to_string()))
    }

    #[test]
    fn the_first_bytes_or_all_bytes_say_the_encoding() {
        assert_eq!(found(b""), ("UTF-8", 0, None));
        assert_eq!(found(b"a,b\n"), ("UTF-8", 0, None));
        assert_eq!(found("a,Café\n".as_bytes()), ("UTF-8", 0, None));
        assert_eq!(found("\u{FEFF}a".as_bytes()), ("UTF-8", 3, None));
        assert_eq!(found(b"\xFF\xFEa\0"), ("UTF-16LE", 2, None));
        assert_eq!(found(b"\xFE\xFF\0a"), ("UTF-16BE", 2, None));
        assert_eq!(found(b"a\0,\0b\0"), ("UTF-16LE", 0, None));
        assert_eq!(found(b"\0a\0,\0b"), ("UTF-16BE", 0, None));
        for text in [&b"Caf\xE9\n"[..], b"M\xFCnchen \x80 5", b"it\x92s", b"\x93quoted\x94", b"a\x96b", b"\x8Akoda"] {
            assert_eq!(found(text), ("windows-1252", 0, None), "{text:?}");
        }
    }

    #[test]
    fn what_is_in_no_encoding_for_sure_is_a_doubt() {
        let (_, _, doubt) = found(b"a\nCaf\xC3\xA9\nCaf\xE9\n");
        assert!(doubt.as_deref().is_some_and(|doubt| doubt.starts_with("line 3: ")), "{doubt:?}");
        // code page 850 and Mac Roman
        for text in [&b"a\nM\x81nchen"[..], b"a\nK\x94ln", b"a\nCaf\x82", b"a\nCaf\x8E", b"a\nM\x9Fnchen"] {
            let (_, _, doubt) = found(text);
            assert!(doubt.as_deref().is_some_and(|doubt| doubt.starts_with("line 2: ")), "{text:?} {doubt:?}");
        }
    }

    #[test]
    fn a_character_on_the_edge_of_two_blocks_is_whole() {
        for pad in BLOCK_BYTES - 4..BLOCK_BYTES + 1 {
            let text = format!("{}€,𝄞é\n", "x".repeat(pad));
            assert_eq!(found(text.as_bytes()), ("UTF-8", 0, None), "{pad}");
        }
    }

    #[test]
    fn the_profile_names_the_encoding_and_the_cap_holds() {
        let bytes = b"Kr\xB9k\n";
        let named = TextEncoding::named("windows-1250");
        let found = find_encoding(&Bytes(bytes), named, &Caps::default()).unwrap();
        assert_eq!(found.encoding.name(), "windows-1250");
        let caps = Caps { bytes: 3, ..Caps::default() };
        assert!(find_encoding(&Bytes(bytes), None, &caps).is_err());
    }
}
