//! Takes a file apart for the archive, byte by byte as it is: pages of a few megabytes each, whatever it holds.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::STREAM;
use crate::{
    error::PageError,
    request::{FilePart, Page, PartForm, Request},
};

/// How many bytes one page holds.
const PART_BYTES: usize = 2 * 1024 * 1024;
/// Of a character that goes on in the next part, this many bytes may be at the end of one.
const CHARACTER_BYTES_MAX: usize = 4;

/// Splits one file into pages, fed with its bytes as they come. The same file gives the same pages, however it comes.
#[derive(Debug)]
pub struct FileParts {
    file: String,
    pending: Vec<u8>,
    pages: u32,
}

impl FileParts {
    pub(super) fn new(file_name: &str) -> Self {
        Self { file: file_name.to_owned(), pending: Vec::new(), pages: 0 }
    }

    /// Takes the next bytes of the file and gives the pages that are full.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Page> {
        self.pending.extend_from_slice(bytes);
        let mut pages = Vec::new();
        while self.pending.len() >= PART_BYTES {
            let rest = self.pending.split_off(PART_BYTES);
            let full = std::mem::replace(&mut self.pending, rest);
            pages.push(self.page(full, false));
        }
        pages
    }

    /// The end of the file: gives the rest. An empty file gives one empty page.
    #[must_use]
    pub fn finish(mut self) -> Option<Page> {
        let rest = std::mem::take(&mut self.pending);
        (!rest.is_empty() || self.pages == 0).then(|| self.page(rest, true))
    }

    fn page(&mut self, mut bytes: Vec<u8>, is_last: bool) -> Page {
        if let Err(error) = std::str::from_utf8(&bytes)
            && !is_last
            && bytes.len() - error.valid_up_to() < CHARACTER_BYTES_MAX
        {
            // the beginning of a character, as far as one can tell: it goes with its end
            let begun = bytes.split_off(error.valid_up_to());
            self.pending.splice(..0, begun);
        }
        let (body, form) = match String::from_utf8(bytes) {
            Ok(text) => (text, PartForm::Text),
            Err(error) => (STANDARD.encode(error.as_bytes()), PartForm::Base64),
        };
        let request = Request { page: self.pages, ..Request::new(STREAM, self.file.clone()) };
        self.pages += 1;
        Page { status: 0, part: Some(FilePart { file: self.file.clone(), form }), ..Page::new(request, body) }
    }
}

/// The bytes that a page was made of.
pub(super) fn bytes_of(page: &Page, part: &FilePart) -> Result<Vec<u8>, PageError> {
    match part.form {
        PartForm::Text => Ok(page.body.as_bytes().to_vec()),
        PartForm::Base64 => STANDARD
            .decode(&page.body)
            .map_err(|error| PageError::of_copy(&part.file, format!("a part of it in the archive: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(bytes: &[u8], piece: usize) -> Vec<Page> {
        let mut parts = FileParts::new("x.csv");
        let mut pages: Vec<Page> = bytes.chunks(piece.max(1)).flat_map(|piece| parts.push(piece)).collect();
        pages.extend(parts.finish());
        pages
    }

    fn whole(pages: &[Page]) -> Vec<u8> {
        pages.iter().flat_map(|page| bytes_of(page, page.part.as_ref().unwrap()).unwrap()).collect()
    }

    #[test]
    fn a_file_is_what_its_parts_are_and_text_stays_text() {
        let text = "Müller,1\n".repeat(500_000);
        let pages = parts(text.as_bytes(), 65_536);
        assert_eq!(pages.len(), 3);
        assert!(pages.iter().all(|page| page.part.as_ref().unwrap().form == PartForm::Text));
        assert_eq!(whole(&pages), text.as_bytes());
        assert_eq!(parts(text.as_bytes(), 1_000_003), pages, "however it comes");
        assert_eq!(parts(b"", 1).len(), 1, "an empty file is a file");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn any_bytes_come_back(seed: Vec<u8>, times in 1_usize..40_000, piece in 1_usize..3_000_000) {
            let bytes = seed.repeat(times.min(5_000_000 / seed.len().max(1)));
            let pages = parts(&bytes, piece);
            prop_assert_eq!(whole(&pages), bytes);
        }
    }
}
