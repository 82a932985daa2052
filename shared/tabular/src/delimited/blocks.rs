//! A file's characters in blocks of UTF-8, whatever its encoding, with the places of bytes that are no characters.

use std::io::Read;

use encoding_rs::{Decoder, DecoderResult};

use super::encoding::{EncodingFound, fill, open_bytes};
use crate::{
    caps::{Cap, Caps},
    obstacle::{Obstacle, ObstacleKind},
    row::Stop,
};

/// Tests see the ends of many blocks.
const BLOCK_BYTES: usize = if cfg!(test) { 16 } else { 1 << 18 };
/// Damaged places of one block that are kept.
const DAMAGED_MAX: usize = 1000;

/// Characters as they come. What was not consumed stays at the front of the block.
pub(super) struct Blocks<'i> {
    from: Box<dyn Read + 'i>,
    decoder: Option<Decoder>,
    /// Bytes read and not yet decoded.
    raw: Vec<u8>,
    block: String,
    start: usize,
    block_bytes: usize,
    is_whole: bool,
    read_bytes: u64,
    bytes_max: u64,
    /// Places in the block where the bytes were no characters.
    damaged: Vec<usize>,
}

impl<'i> Blocks<'i> {
    /// Begins behind the mark that says the encoding.
    pub(super) fn new(mut from: Box<dyn Read + 'i>, found: &EncodingFound, caps: &Caps) -> Result<Self, Stop> {
        fill(&mut *from, &mut [0; 4][..found.mark_bytes.min(4)])?;
        Ok(Self {
            from,
            decoder: (!found.encoding.is_utf_8()).then(|| found.encoding.decoder()),
            raw: Vec::new(),
            block: String::new(),
            start: 0,
            block_bytes: BLOCK_BYTES,
            is_whole: false,
            read_bytes: 0,
            bytes_max: caps.bytes,
            damaged: Vec::new(),
        })
    }

    /// The characters that are there and not consumed.
    #[inline]
    pub(super) fn rest(&self) -> &str {
        &self.block[self.start..]
    }

    /// Characters of the block from a place on that [`Blocks::place`] gave.
    #[inline]
    pub(super) fn between(&self, start: usize, length: usize) -> &str {
        &self.block[start..start + length]
    }

    /// Where in the block the rest begins.
    #[inline]
    pub(super) fn place(&self) -> usize {
        self.start
    }

    #[inline]
    pub(super) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Whether nothing comes behind the rest.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether a damaged place lies in the next bytes.
    #[inline]
    pub(super) fn is_damaged(&self, length: usize) -> bool {
        !self.damaged.is_empty() && self.damaged.iter().any(|at| (self.start..self.start + length).contains(at))
    }

    /// Brings more characters: twice as many if the rest fills half a block, because a row does not end in it.
    pub(super) fn more(&mut self) -> Result<(), Stop> {
        let mut bytes = std::mem::take(&mut self.block).into_bytes();
        bytes.copy_within(self.start.., 0);
        let kept = bytes.len() - self.start;
        bytes.truncate(kept);
        let start = std::mem::take(&mut self.start);
        self.damaged.retain_mut(|at| {
            let is_ahead = *at >= start;
            *at = at.saturating_sub(start);
            is_ahead
        });
        if kept * 2 > self.block_bytes {
            self.block_bytes *= 2;
        }
        let wanted = self.block_bytes;
        let before = bytes.len();
        if self.decoder.is_some() {
            self.decode(&mut bytes, wanted)?;
        } else {
            self.read_plain(&mut bytes, wanted)?;
        }
        self.read_bytes += (bytes.len() - before) as u64;
        if self.read_bytes > self.bytes_max {
            return Err(Obstacle::of_file(ObstacleKind::OverCap { cap: Cap::Bytes, limit: self.bytes_max }).into());
        }
        self.block = self.mended(bytes, kept);
        Ok(())
    }

    /// UTF-8 as it is; a character whose end has not come waits in `raw`.
    fn read_plain(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<(), Stop> {
        bytes.append(&mut self.raw);
        let begin = bytes.len();
        bytes.resize(wanted.max(begin + 4), 0);
        let count = fill(&mut *self.from, &mut bytes[begin..])?;
        self.is_whole = begin + count < bytes.len();
        bytes.truncate(begin + count);
        if !self.is_whole {
            let whole = bytes.len() - open_bytes(bytes);
            self.raw.extend_from_slice(&bytes[whole..]);
            bytes.truncate(whole);
        }
        Ok(())
    }

    fn decode(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<(), Stop> {
        let mut raw = std::mem::take(&mut self.raw);
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let begin = raw.len();
        raw.resize(wanted / 2, 0);
        let count = fill(&mut *self.from, &mut raw[begin..])?;
        let is_last = begin + count < raw.len();
        raw.truncate(begin + count);
        let mut used = 0;
        loop {
            let room = decoder.max_utf8_buffer_length_without_replacement(raw.len() - used).unwrap_or(raw.len() * 4);
            let written = bytes.len();
            bytes.resize(written + room + 8, 0);
            let (result, read, wrote) =
                decoder.decode_to_utf8_without_replacement(&raw[used..], &mut bytes[written..], is_last);
            used += read;
            bytes.truncate(written + wrote);
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    if self.damaged.len() < DAMAGED_MAX {
                        self.damaged.push(bytes.len());
                    }
                    bytes.extend_from_slice("\u{FFFD}".as_bytes());
                }
            }
        }
        self.is_whole = is_last;
        Ok(())
    }

    /// The bytes as text; each that is no character becomes a question mark and is remembered.
    fn mended(&mut self, bytes: Vec<u8>, from: usize) -> String {
        let mut bytes = match String::from_utf8(bytes) {
            Ok(text) => return text,
            Err(error) => error.into_bytes(),
        };
        let mut at = from;
        while let Err(error) = std::str::from_utf8(&bytes[at..]) {
            let begin = at + error.valid_up_to();
            let end = error.error_len().map_or(bytes.len(), |length| begin + length);
            bytes[begin..end].fill(b'?');
            if self.damaged.len() < DAMAGED_MAX {
                self.damaged.push(begin);
            }
            at = end;
        }
        // `from` is on a character's edge, so nothing is lost here
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}
