//! Takes a file apart while it comes: pages of whole records, a few megabytes each, so that a file of any size takes
//! the way of every other page.
//!
//! Records end where a reader of RFC 4180 ends them: a line break between quotes does not.

use super::{STREAM, profile::Profile};
use crate::{
    error::PageError,
    request::{FilePart, Page, Request},
};

/// About how many bytes one page holds.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// More than any record has: a quote that never closes must not take the whole file.
const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Splits one file into pages, fed with its bytes as they come.
#[derive(Debug)]
pub struct CsvSplitter {
    profile: Profile,
    file: String,
    header: Option<Vec<String>>,
    /// Bytes not yet given out.
    pending: Vec<u8>,
    /// How far `pending` was looked at, and where its last whole record ends.
    scanned: usize,
    boundary: usize,
    place: Place,
    /// Line breaks given out, and between the start of `pending` and its boundary, and behind that.
    lines_before: u64,
    lines_whole: u64,
    lines_open: u64,
    pages: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// Right behind a quote within a quoted field: its end, or half of a doubled quote.
    Quote,
}

impl CsvSplitter {
    pub(super) fn new(profile: Profile, file_name: &str) -> Self {
        Self {
            profile,
            file: file_name.chars().take(200).flat_map(char::escape_debug).collect(),
            header: None,
            pending: Vec::new(),
            scanned: 0,
            boundary: 0,
            place: Place::FieldStart,
            lines_before: 0,
            lines_whole: 0,
            lines_open: 0,
            pages: 0,
        }
    }

    /// Takes the next bytes of the file and gives the pages that are full.
    ///
    /// # Errors
    /// [`PageError`] that names file and line.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Page>, PageError> {
        let mut pages = Vec::new();
        for part in bytes.chunks(PAGE_BYTES) {
            self.pending.extend_from_slice(part);
            self.scan()?;
            if self.boundary >= PAGE_BYTES {
                pages.push(self.page()?);
            }
        }
        Ok(pages)
    }

    /// The end of the file: gives the rest. A file with nothing but a header gives one page without records.
    ///
    /// # Errors
    /// [`PageError`] that names file and line.
    pub fn finish(mut self) -> Result<Vec<Page>, PageError> {
        if self.header.is_none() && !self.pending.is_empty() && self.pending.last() != Some(&b'\n') {
            self.pending.push(b'\n');
            self.scan()?;
        }
        if self.header.is_none() {
            return Err(self.wrong(1, "the file is empty: it needs a line with the names of its columns"));
        }
        if self.place == Place::Quoted {
            return Err(self.wrong(self.record_line(), "a quoted field begins that does not end"));
        }
        self.boundary = self.pending.len();
        self.lines_whole += self.lines_open;
        if self.boundary == 0 && self.pages > 0 { Ok(vec![]) } else { Ok(vec![self.page()?]) }
    }

    /// Looks for the ends of records in what is new.
    fn scan(&mut self) -> Result<(), PageError> {
        while let Some(&byte) = self.pending.get(self.scanned) {
            self.scanned += 1;
            let at_line_end = byte == b'\n';
            self.lines_open += u64::from(at_line_end);
            self.place = match (self.place, byte) {
                (Place::FieldStart | Place::Quote, b'"') => Place::Quoted,
                (Place::Quoted, b'"') => Place::Quote,
                (Place::Quoted, _) => Place::Quoted,
                (_, b'\n' | b'\r') => Place::FieldStart,
                (_, byte) if byte == self.profile.delimiter => Place::FieldStart,
                _ => Place::Plain,
            };
            if at_line_end && self.place == Place::FieldStart {
                self.boundary = self.scanned;
                self.lines_whole += std::mem::take(&mut self.lines_open);
                if self.header.is_none() {
                    self.take_header()?;
                }
            }
            if self.scanned - self.boundary > RECORD_BYTES_MAX {
                return Err(
                    self.wrong(self.record_line(), "a record is longer than 4 MB: does a quoted field not end?")
                );
            }
        }
        Ok(())
    }

    fn take_header(&mut self) -> Result<(), PageError> {
        let text = self.take_text()?;
        let text = text.trim_start_matches('\u{feff}');
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(self.profile.delimiter).from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            // Blank lines before the header.
            Ok(false) => return Ok(()),
            Err(_) => return Err(self.wrong(1, "the line with the names of the columns cannot be read")),
        }
        let header: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
        self.profile.layout(&header).map_err(|why| self.wrong(self.lines_before, &why))?;
        self.header = Some(header);
        Ok(())
    }

    fn page(&mut self) -> Result<Page, PageError> {
        let first_line = self.lines_before + 1;
        let body = self.take_text()?;
        let header = self.header.clone().unwrap_or_default();
        let part = FilePart { file: self.file.clone(), first_line, header };
        let request = Request { page: self.pages, ..Request::new(STREAM, self.file.clone()) };
        self.pages += 1;
        Ok(Page { status: 0, part: Some(part), ..Page::new(request, body) })
    }

    /// Takes the whole records out of what is pending.
    fn take_text(&mut self) -> Result<String, PageError> {
        let rest = self.pending.split_off(self.boundary);
        let bytes = std::mem::replace(&mut self.pending, rest);
        self.scanned = self.scanned.saturating_sub(self.boundary);
        self.boundary = 0;
        let first_line = self.lines_before + 1;
        self.lines_before += std::mem::take(&mut self.lines_whole);
        String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = first_line + good.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.wrong(line, "has characters that are not UTF-8: save the file as CSV UTF-8")
        })
    }

    /// The line where the record begins that is being looked at.
    fn record_line(&self) -> u64 {
        self.lines_before + self.lines_whole + 1
    }

    fn wrong(&self, line: u64, why: &str) -> PageError {
        PageError::of_file(STREAM, format!("{} line {line}: {why}", self.file))
    }
}
