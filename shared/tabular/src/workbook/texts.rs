//! The texts that the cells of a workbook share: all of them in one piece of memory.

use std::io::{Read, Seek};

use super::limits::{Limits, over};
use super::markup::{Markup, Piece};
use crate::{Cap, Stop};

/// The texts of `xl/sharedStrings.xml`, by their place.
#[derive(Debug, Default)]
pub(super) struct SharedTexts {
    all: String,
    ends: Vec<u32>,
}

impl SharedTexts {
    pub(super) fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)? as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.all.get(start..end)
    }

    pub(super) fn read<R: Read + Seek>(markup: &mut Markup<R>, limits: &Limits) -> Result<Self, Stop> {
        let mut texts = Self::default();
        loop {
            match markup.next()? {
                Piece::Open(element) if element.name() == "si" => {}
                Piece::End => return Ok(texts),
                _ => continue,
            }
            let start = texts.all.len();
            markup.rich_text(&mut texts.all, limits.cell_bytes)?;
            unescape(&mut texts.all, start);
            if texts.all.len() > limits.shared_text_bytes {
                return Err(over(Cap::SharedTextBytes, limits.shared_text_bytes as u64));
            }
            if texts.ends.len() == limits.shared_texts {
                return Err(over(Cap::SharedTexts, limits.shared_texts as u64));
            }
            texts.ends.push(u32::try_from(texts.all.len()).unwrap_or(u32::MAX));
        }
    }
}

/// Replaces what XML cannot hold and a workbook therefore writes as `_x000D_` (ECMA-376 part 1, 22.4.2.4), from a place
/// of the text on.
pub(super) fn unescape(text: &mut String, start: usize) {
    if !text[start..].contains("_x") {
        return;
    }
    let escaped = text.split_off(start);
    let mut rest = escaped.as_str();
    while let Some(at) = rest.find("_x") {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let units = [code_unit(rest), rest.get(UNIT_BYTES..).and_then(code_unit)];
        // A character beyond the first 65,536 is written as two units.
        let found = match units {
            [Some(high), Some(low)] if (0xD800..0xDC00).contains(&high) => {
                let pair = char::decode_utf16([high, low]).next().and_then(Result::ok);
                pair.map(|character| (character, 2 * UNIT_BYTES))
            }
            [Some(unit), _] => char::from_u32(u32::from(unit)).map(|character| (character, UNIT_BYTES)),
            _ => None,
        };
        let (character, length) = found.unwrap_or(('_', 1));
        text.push(character);
        rest = &rest[length..];
    }
    text.push_str(rest);
}

/// Bytes of `_x000D_`.
const UNIT_BYTES: usize = 7;

fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("_x")?.get(..5)?.strip_suffix('_')?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_put_back() {
        for (written, meant) in [
            ("plain", "plain"),
            ("a_x000D_\nb", "a\r\nb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x0041__x0042_", "AB"),
            ("_xD83D__xDE00_!", "\u{1F600}!"),
            ("_xD83D_", "_xD83D_"),
            ("_x00g0_ _x12 _x", "_x00g0_ _x12 _x"),
            ("_xé000_", "_xé000_"),
            ("_x000é_", "_x000é_"),
        ] {
            let mut text = format!("_x0041_{written}");
            unescape(&mut text, 7);
            assert_eq!(text, format!("_x0041_{meant}"));
        }
    }
}
