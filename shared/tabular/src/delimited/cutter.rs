//! Cuts one row into its cells, in place. Strict where lenience loses rows: text behind a closing quotation mark is told,
//! and a quotation mark that is never closed ends the reading.
//!
//! A quotation mark inside a cell that does not begin with one is a character like any other.

use crate::cell::{CellKind, CellSpan};

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowEnd {
    LineFeed,
    CarriageReturn,
    /// The file ended.
    File,
}

/// What was found at the front of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// A row: its length, and that with its end.
    Row { length: usize, used: usize, end: RowEnd },
    /// The row goes on behind the text; a quotation mark at this place may be what is not closed.
    Open { quote: Option<usize> },
    /// A quotation mark at this place is not closed before the end of the file.
    Unclosed { at: usize },
}

/// What a row has that only some rows have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Oddities {
    /// The cell with text behind its closing quotation mark, and where that text is.
    pub(super) behind_quote: Option<(usize, usize)>,
    /// Some cell has doubled quotation marks.
    pub(super) is_doubled: bool,
    /// Some cell has a character below a blank that is neither tab nor line break.
    pub(super) has_control: bool,
    /// Some cell may have a line break.
    pub(super) has_quoted: bool,
}

#[derive(Debug)]
pub(super) struct Cutter {
    delimiter: u8,
    pub(super) spans: Vec<CellSpan>,
    pub(super) odd: Oddities,
}

impl Cutter {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter, spans: Vec::new(), odd: Oddities::default() }
    }

    /// Cuts the row at the front of a text; `is_last`: nothing comes behind the text.
    #[inline]
    pub(super) fn cut(&mut self, text: &[u8], is_last: bool) -> Cut {
        self.odd = Oddities::default();
        if let Some(cut) = self.cut_plain(text) {
            return cut;
        }
        self.spans.clear();
        self.cut_any(text, is_last)
    }

    /// A row without quotation marks and control characters whose end is near, eight bytes at a time.
    #[inline]
    fn cut_plain(&mut self, text: &[u8]) -> Option<Cut> {
        self.spans.clear();
        let mut start = 0;
        let (words, _) = text.as_chunks::<8>();
        for (place, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let ends = hits(word, self.delimiter);
            let stop = (hits(word & HIGH_BITS, 0) | hits(word, b'"')) & !ends;
            let mut ends = ends & stop.wrapping_sub(1) & !stop;
            while ends != 0 {
                let end = place * 8 + ends.trailing_zeros() as usize / 8;
                self.spans.push(span(start, end));
                start = end + 1;
                ends &= ends - 1;
            }
            if stop != 0 {
                let length = place * 8 + stop.trailing_zeros() as usize / 8;
                let used = match (text[length], text.get(length + 1)) {
                    (b'\n', _) => length + 1,
                    (b'\r', Some(b'\n')) => length + 2,
                    _ => return None,
                };
                self.spans.push(span(start, length));
                return Some(Cut::Row { length, used, end: RowEnd::LineFeed });
            }
        }
        None
    }

    fn cut_any(&mut self, text: &[u8], is_last: bool) -> Cut {
        let mut at = 0;
        loop {
            let begin = self.skip_blanks(text, at);
            at = if text.get(begin) == Some(&b'"') {
                match self.quoted(text, begin, is_last) {
                    Ok(at) => at,
                    Err(cut) => return cut,
                }
            } else {
                let end = self.plain_end(text, at);
                self.spans.push(span(at, end));
                end
            };
            match text.get(at) {
                Some(byte) if *byte == self.delimiter => at += 1,
                Some(_) => return row_end(text, at, is_last),
                None if is_last => return Cut::Row { length: at, used: at, end: RowEnd::File },
                None => return Cut::Open { quote: None },
            }
        }
    }

    /// A cell in quotation marks that opens at `begin`; answers where the text behind it is at its end.
    fn quoted(&mut self, text: &[u8], begin: usize, is_last: bool) -> Result<usize, Cut> {
        self.odd.has_quoted = true;
        let mut from = begin + 1;
        let close = loop {
            let Some(quote) = memchr::memchr(b'"', &text[from..]).map(|length| from + length) else {
                return Err(if is_last { Cut::Unclosed { at: begin } } else { Cut::Open { quote: Some(begin) } });
            };
            match text.get(quote + 1) {
                Some(b'"') => {
                    self.odd.is_doubled = true;
                    from = quote + 2;
                }
                None if !is_last => return Err(Cut::Open { quote: Some(begin) }),
                _ => break quote,
            }
        };
        self.note_control(&text[begin..close]);
        let behind = self.skip_blanks(text, close + 1);
        let end = self.plain_end(text, behind);
        if end > behind && self.odd.behind_quote.is_none() {
            self.odd.behind_quote = Some((self.spans.len(), behind));
        }
        self.spans.push(span(begin + 1, close));
        Ok(end)
    }

    /// Where a cell ends that is not in quotation marks.
    fn plain_end(&mut self, text: &[u8], from: usize) -> usize {
        let length = memchr::memchr3(self.delimiter, b'\n', b'\r', &text[from..]);
        let end = length.map_or(text.len(), |length| from + length);
        self.note_control(&text[from..end]);
        end
    }

    fn note_control(&mut self, cell: &[u8]) {
        self.odd.has_control |= cell.iter().any(|byte| is_control(*byte));
    }

    fn skip_blanks(&self, text: &[u8], from: usize) -> usize {
        text[from..].iter().position(|byte| *byte != b' ').map_or(text.len(), |length| from + length)
    }
}

/// A character that no table has: all below a blank but tab and line breaks.
pub(super) fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The end of a row at a line break. A second carriage return before a line feed belongs to it: text mode writes it.
fn row_end(text: &[u8], at: usize, is_last: bool) -> Cut {
    let row = |used, end| Cut::Row { length: at, used, end };
    match &text[at..] {
        [b'\r', b'\n', ..] => row(at + 2, RowEnd::LineFeed),
        [b'\r', b'\r', b'\n', ..] => row(at + 3, RowEnd::LineFeed),
        [b'\r'] | [b'\r', b'\r'] if !is_last => Cut::Open { quote: None },
        [b'\r', ..] => row(at + 1, RowEnd::CarriageReturn),
        _ => row(at + 1, RowEnd::LineFeed),
    }
}

/// A row is far shorter than 4 GiB: there is a cap on its bytes.
#[inline]
fn span(start: usize, end: usize) -> CellSpan {
    CellSpan { start: start as u32, end: end as u32, kind: CellKind::Text }
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
/// Bits of which a character below a blank has none.
const HIGH_BITS: u64 = ONES * 0xE0;

/// A byte of the answer has its highest bit set where the word has this byte.
#[inline]
fn hits(word: u64, byte: u8) -> u64 {
    const LOW: u64 = ONES * 0x7F;
    let differs = word ^ (ONES * u64::from(byte));
    !(((differs & LOW) + LOW) | differs | LOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of the first row as `a|b`, and how it was cut.
    fn cut(text: &str, is_last: bool) -> (String, Cut, Oddities) {
        let mut cutter = Cutter::new(b',');
        let cut = cutter.cut(text.as_bytes(), is_last);
        let cells: Vec<&str> = cutter.spans.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
        (cells.join("|"), cut, cutter.odd)
    }

    #[track_caller]
    fn check(text: &str, cells: &str, length: usize, used: usize, end: RowEnd) {
        let pad = "x".repeat(20);
        for (text, is_last) in [(text.to_owned(), true), (format!("{text}{pad}"), false)] {
            if end == RowEnd::File && !is_last {
                continue;
            }
            let (found, cut, _) = cut(&text, is_last);
            assert_eq!((found.as_str(), cut), (cells, Cut::Row { length, used, end }), "{text:?}");
        }
    }

    #[test]
    fn rows_end_at_line_breaks_outside_quotation_marks() {
        check("a,b\nc", "a|b", 3, 4, RowEnd::LineFeed);
        check("a,b\r\nc", "a|b", 3, 5, RowEnd::LineFeed);
        check("a,b\r\r\nc", "a|b", 3, 6, RowEnd::LineFeed);
        check("a,b\rc", "a|b", 3, 4, RowEnd::CarriageReturn);
        check("a,b", "a|b", 3, 3, RowEnd::File);
        check("\nc", "", 0, 1, RowEnd::LineFeed);
        check("a,\n", "a|", 2, 3, RowEnd::LineFeed);
        check("\"a\nb\",c\nd", "a\nb|c", 7, 8, RowEnd::LineFeed);
        check("some longer text,and more,\n", "some longer text|and more|", 26, 27, RowEnd::LineFeed);
    }

    #[test]
    fn quotation_marks_around_a_cell_are_none_of_its_text() {
        check("\"a\",\"b,c\"\n", "a|b,c", 9, 10, RowEnd::LineFeed);
        check("a, \"b\" ,c\n", "a|b|c", 9, 10, RowEnd::LineFeed);
        check("27\" screen,b\n", "27\" screen|b", 12, 13, RowEnd::LineFeed);
        check("\"\"\n", "", 2, 3, RowEnd::LineFeed);
        let (cells, _, odd) = cut("\"a\"\"b\",c\n", true);
        assert_eq!((cells.as_str(), odd.is_doubled), ("a\"\"b|c", true));
    }

    #[test]
    fn text_behind_a_closing_mark_is_told_and_reading_goes_on() {
        let (cells, cut, odd) = cut("a,\"24in,x\n1,27\" all,b\nc", true);
        assert_eq!(cells, "a|24in,x\n1,27|b");
        assert_eq!((cut, odd.behind_quote), (Cut::Row { length: 21, used: 22, end: RowEnd::LineFeed }, Some((1, 16))));
    }

    #[test]
    fn a_row_that_does_not_end_is_open_or_unclosed() {
        for text in ["a,b", "a,\"b", "a,\"b\"", "a,b\r", "a,\"b\"\"", "a,b\r\r"] {
            assert_eq!(cut(text, false).1, Cut::Open { quote: text.find('"') }, "{text:?}");
        }
        assert_eq!(cut("a,\"b\nc", true).1, Cut::Unclosed { at: 2 });
        assert_eq!(cut("a,\"b\"\"", true).1, Cut::Unclosed { at: 2 });
    }

    #[test]
    fn control_characters_are_noted_wherever_they_are() {
        for text in ["a\0b,c\n", "\"a\u{1}\",c\n", "aaaaaaaaaaaa,b\u{b}c\n"] {
            assert!(cut(text, true).2.has_control, "{text:?}");
        }
        assert!(!cut("a\tb,c\n", true).2.has_control);
    }
}
