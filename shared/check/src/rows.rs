//! Rows of comma-separated text (RFC 4180), as the csv crate reads them and in a fraction of its time.
//!
//! Most lines hold no quote, or quotes around whole fields: they are split in place in the buffer. Every other
//! line goes through csv-core, which is the reference; a property test compares both on arbitrary text.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader};

const BLOCK_BYTES: usize = 1 << 18;
/// A longer row is taken to have an unclosed quote.
const ROW_BYTES_MAX: usize = 1 << 24;

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Fault<E> {
    /// The receiver of the rows failed.
    Taker(E),
    /// The file could not be read.
    Read(io::Error),
    /// A field is not UTF-8.
    NotUtf8 { line: u64, field: usize },
    /// A row does not end.
    Endless { line: u64 },
}

/// The fields of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    text: &'a str,
    spans: &'a [Span],
    line: u64,
}

/// Start and end of a field in its text.
type Span = (u32, u32);

impl<'a> Fields<'a> {
    /// The field at a place; empty beyond the last.
    #[inline]
    pub(super) fn get(&self, place: usize) -> &'a str {
        let span = self.spans.get(place).and_then(|(start, end)| self.text.get(*start as usize..*end as usize));
        span.unwrap_or("")
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The line that the row begins on, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

/// A file being read.
pub(super) struct Rows<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_whole: bool,
    line: u64,
    cutter: Cutter,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(from: R) -> Self {
        let buffer = vec![0; BLOCK_BYTES];
        Self { from, buffer, start: 0, end: 0, is_whole: false, line: 1, cutter: Cutter::default() }
    }

    /// Passes every row on; empty lines are skipped.
    pub(super) fn each<E>(&mut self, mut take: impl FnMut(Fields<'_>) -> Result<(), E>) -> Result<(), Fault<E>> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            let length = match memchr::memrchr(b'\n', unread) {
                _ if self.is_whole => unread.len(),
                Some(last) => last + 1,
                None => 0,
            };
            let block = &unread[..length];
            let (text, is_all) = match std::str::from_utf8(block) {
                Ok(text) => (text, true),
                Err(e) => {
                    let good = &block[..e.valid_up_to()];
                    let lines = memchr::memrchr(b'\n', good).map_or(0, |last| last + 1);
                    (std::str::from_utf8(&good[..lines]).unwrap_or(""), false)
                }
            };
            let is_last = self.is_whole && is_all;
            let used = self.cutter.rows(text, is_last, &mut self.line, &mut take).map_err(Fault::Taker)?;
            let is_stuck = used < text.len();
            if !is_all && !is_stuck {
                return Err(self.not_utf8(self.start + used));
            }
            self.start += used;
            if self.is_whole && !is_stuck {
                return Ok(());
            }
            self.fill().map_err(Fault::Read)?;
            if self.end - self.start > ROW_BYTES_MAX {
                return Err(Fault::Endless { line: self.line });
            }
        }
    }

    /// Moves the rest to the front and reads more, into a larger buffer if one row fills it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while self.end < self.buffer.len() {
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.is_whole = true;
                    break;
                }
                Ok(count) => {
                    self.end += count;
                    break;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    #[cold]
    fn not_utf8<E>(&self, at: usize) -> Fault<E> {
        let bytes = &self.buffer[at..self.end];
        let bad = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), |_| bytes.len());
        let begins = memchr::memrchr(b'\n', &bytes[..bad]).map_or(0, |last| last + 1);
        let field = memchr::memchr_iter(b',', &bytes[begins..bad]).count();
        let line = self.line + memchr::memchr_iter(b'\n', &bytes[..bad]).count() as u64;
        Fault::NotUtf8 { line, field }
    }
}

/// Splits lines into fields.
#[derive(Default)]
struct Cutter {
    spans: Vec<Span>,
    slow: Slow,
}

impl Cutter {
    /// Hands on the rows of a text that begins at a row's beginning; answers how much of it was used: less than all
    /// if its last row goes on behind it.
    fn rows<E>(
        &mut self,
        text: &str,
        is_last: bool,
        line: &mut u64,
        take: &mut impl FnMut(Fields<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if let Some(length) = self.cut_plain(&bytes[at..]).filter(|length| *length > 0) {
                take(Fields { text: &text[at..at + length], spans: &self.spans, line: *line })?;
                (at, *line) = (at + length + 1, *line + 1);
                continue;
            }
            let (end, next) = match memchr::memchr(b'\n', &bytes[at..]) {
                Some(length) => (at + length, at + length + 1),
                None => (bytes.len(), bytes.len()),
            };
            let end = if end > at && bytes[end - 1] == b'\r' { end - 1 } else { end };
            if end == at {
                (at, *line) = (next, *line + 1);
                continue;
            }
            if self.cut(&bytes[at..end]) {
                take(Fields { text: &text[at..end], spans: &self.spans, line: *line })?;
                (at, *line) = (next, *line + 1);
                continue;
            }
            let Some(used) = self.slow.row(&bytes[at..], is_last) else { return Ok(at) };
            if let Some((text, spans)) = self.slow.fields() {
                take(Fields { text, spans, line: *line })?;
            }
            *line += memchr::memchr_iter(b'\n', &bytes[at..at + used]).count() as u64;
            at += used;
        }
        Ok(at)
    }

    /// Splits a line without quotes in place while its end is looked for; `None` if it has any, or may have. Answers with
    /// its length.
    fn cut_plain(&mut self, text: &[u8]) -> Option<usize> {
        self.spans.clear();
        let mut start = 0;
        let (words, _) = text.as_chunks::<8>();
        for (place, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            // one look for both kinds of line break: what else is like them is a control character, and rare
            let end = hits(word & BREAK_BITS, 0x08) | hits(word, b'"');
            let mut commas = hits(word, b',') & end.wrapping_sub(1) & !end;
            while commas != 0 {
                let comma = place * 8 + commas.trailing_zeros() as usize / 8;
                self.spans.push(span(start, comma));
                start = comma + 1;
                commas &= commas - 1;
            }
            if end != 0 {
                let end = place * 8 + end.trailing_zeros() as usize / 8;
                self.spans.push(span(start, end));
                return (text[end] == b'\n').then_some(end);
            }
        }
        None
    }

    /// Splits a line in place; `false` if its quotes or line breaks need csv-core.
    fn cut(&mut self, line: &[u8]) -> bool {
        self.spans.clear();
        match memchr::memchr2(b'"', b'\r', line) {
            None => {
                cut_at_commas(line, 0, &mut self.spans);
                true
            }
            Some(_) => self.cut_quoted(line),
        }
    }

    /// Quotes around whole fields, with no quote in them.
    fn cut_quoted(&mut self, line: &[u8]) -> bool {
        let mut at = 0;
        loop {
            let rest = &line[at..];
            if rest.first() == Some(&b'"') {
                let Some(length) = memchr::memchr(b'"', &rest[1..]) else { return false };
                self.spans.push(span(at + 1, at + 1 + length));
                at += length + 2;
                match line.get(at) {
                    None => return memchr::memchr(b'\r', line).is_none(),
                    Some(b',') => at += 1,
                    Some(_) => return false,
                }
                continue;
            }
            // up to the comma before the next quoted field, or to the end
            let quote = memchr::memchr2(b'"', b'\r', rest);
            let Some(quote) = quote else {
                cut_at_commas(rest, at, &mut self.spans);
                return true;
            };
            if rest[quote] == b'\r' || rest[..quote].last() != Some(&b',') {
                return false;
            }
            cut_at_commas(&rest[..quote - 1], at, &mut self.spans);
            at += quote;
        }
    }
}

#[inline]
fn span(start: usize, end: usize) -> Span {
    (start as u32, end as u32)
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
/// Bits in which line feed and carriage return are the same.
const BREAK_BITS: u64 = ONES * 0xf8;

/// Eight bytes at a time: a byte of the answer has its highest bit set where the word has this byte.
#[inline]
fn hits(word: u64, byte: u8) -> u64 {
    const LOW: u64 = ONES * 0x7f;
    let differs = word ^ (ONES * u64::from(byte));
    !(((differs & LOW) + LOW) | differs | LOW)
}

fn cut_at_commas(text: &[u8], offset: usize, spans: &mut Vec<Span>) {
    let mut start = 0;
    let (words, rest) = text.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let mut commas = hits(u64::from_le_bytes(*word), b',');
        while commas != 0 {
            let comma = place * 8 + commas.trailing_zeros() as usize / 8;
            spans.push(span(offset + start, offset + comma));
            start = comma + 1;
            commas &= commas - 1;
        }
    }
    for (place, byte) in rest.iter().enumerate() {
        if *byte == b',' {
            let comma = words.len() * 8 + place;
            spans.push(span(offset + start, offset + comma));
            start = comma + 1;
        }
    }
    spans.push(span(offset + start, offset + text.len()));
}

/// Rows read by csv-core.
struct Slow {
    reader: Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
    text: String,
    spans: Vec<Span>,
}

impl Default for Slow {
    fn default() -> Self {
        // not `Default`, whose tables are empty
        Self { reader: Reader::new(), output: Vec::new(), ends: Vec::new(), text: String::new(), spans: Vec::new() }
    }
}

impl Slow {
    /// Reads one row; answers how many bytes it takes, or nothing if it goes on behind the input.
    fn row(&mut self, input: &[u8], is_last: bool) -> Option<usize> {
        self.reader.reset();
        let (mut used, mut written, mut ended) = (0, 0, 0);
        self.output.resize(self.output.len().max(1 << 10), 0);
        self.ends.resize(self.ends.len().max(1 << 6), 0);
        loop {
            let (result, read, wrote, ends) =
                self.reader.read_record(&input[used..], &mut self.output[written..], &mut self.ends[ended..]);
            (used, written, ended) = (used + read, written + wrote, ended + ends);
            match result {
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if !is_last => return None,
                // an empty input marks the end
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => break,
                ReadRecordResult::End => {
                    self.spans.clear();
                    return Some(used);
                }
            }
        }
        // CRLF belongs to the row as a whole
        if input.get(used.wrapping_sub(1)) == Some(&b'\r') && input.get(used) == Some(&b'\n') {
            used += 1;
        }
        self.text.clear();
        self.spans.clear();
        // quotes are ASCII: what is left between them is UTF-8 as before
        self.text.push_str(std::str::from_utf8(&self.output[..written]).unwrap_or(""));
        let mut start = 0;
        for end in &self.ends[..ended] {
            self.spans.push(span(start, *end));
            start = *end;
        }
        Some(used)
    }

    fn fields(&self) -> Option<(&str, &[Span])> {
        (!self.spans.is_empty()).then_some((self.text.as_str(), self.spans.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A reader that gives a few bytes at a time.
    struct Sips<'a>(&'a [u8], usize);

    impl Read for Sips<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn ours(text: &[u8], sip: usize) -> Vec<(u64, Vec<String>)> {
        let mut rows = Vec::new();
        Rows::new(Sips(text, sip))
            .each(|fields| {
                rows.push((fields.line(), (0..fields.len()).map(|n| fields.get(n).to_owned()).collect()));
                Ok::<_, ()>(())
            })
            .unwrap();
        rows
    }

    fn theirs(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        let rows = reader.records().map(|row| row.unwrap());
        rows.map(|row| (row.position().unwrap().line(), row.iter().map(str::to_owned).collect())).collect()
    }

    #[test]
    fn forms_that_exports_have() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n1,2\r\n",
            "a,b\n1,2",
            "a\n\n\nb\n",
            ",\n,,\n",
            "\"a,b\",c\n",
            "\"a\"\"b\",c\n",
            "\"a\nb\",c\nd,e\n",
            "a \"b\" c,d\n",
            "\"a\" b,c\n",
            "\"\",\"\"\n",
            "\"",
            "\"a\n",
            "a,\"b\"",
            "a,\"b\",",
            "x,-1,,\u{e9}\u{20ac},\n",
            "a\rb\rc",
            "\"a\"\r\n\"b\"\r\n",
            "a,b\r\n\"c\r\nd\",e\r\nf,g\r\n",
        ] {
            for sip in [1, 3, 1 << 20] {
                let rows = |rows: Vec<(u64, Vec<String>)>| rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
                assert_eq!(rows(ours(text.as_bytes(), sip)), rows(theirs(text.as_bytes())), "{text:?}");
            }
        }
    }

    #[test]
    fn lines_are_counted_over_quoted_line_breaks() {
        let lines: Vec<u64> =
            ours(b"a\n\n\"b\nc\"\nd\r\n\"e\"\"\"\nf\n", 2).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3, 5, 6, 7]);
    }

    #[test]
    fn what_is_not_text_is_named() {
        let fault = Rows::new(&b"a,b\nc,d\ne,\xff\ng,h\n"[..]).each(|_| Ok::<_, ()>(())).unwrap_err();
        assert!(matches!(fault, Fault::NotUtf8 { line: 3, field: 1 }), "{fault:?}");
        let open = [b"a,b\n\"", vec![b'x'; ROW_BYTES_MAX + 1].as_slice()].concat();
        let fault = Rows::new(open.as_slice()).each(|_| Ok::<_, ()>(())).unwrap_err();
        assert!(matches!(fault, Fault::Endless { line: 2 }), "{fault:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn the_same_rows_as_the_csv_crate(text in "[ab,,\"\"\n\r\u{e9}-]{0,60}", sip in 1usize..40) {
            let rows = |rows: Vec<(u64, Vec<String>)>| rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
            prop_assert_eq!(rows(ours(text.as_bytes(), sip)), rows(theirs(text.as_bytes())));
        }
    }
}
