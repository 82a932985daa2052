//! Tells workbooks from the other files that are handed over in their place, by what is in them, never by their names.

use std::io::{self, Read, Seek, SeekFrom};

use super::fault::ForeignFormat;

const COMPOUND: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
/// Bytes of a compound file's directory that are looked at: its first 32 streams.
const DIRECTORY_BYTES: u64 = 4096;

/// Whether a file that begins like this is read as a workbook, or refused as one, and not as delimited text.
#[must_use]
pub fn is_workbook(begin: &[u8]) -> bool {
    begin.starts_with(b"PK\x03\x04") || begin.starts_with(b"PK\x05\x06") || foreign_begin(begin).is_some()
}

/// The kind of a file that cannot be a workbook by its first bytes. Compound files are looked at more closely later.
pub(super) fn foreign_begin(begin: &[u8]) -> Option<ForeignFormat> {
    if begin.starts_with(&COMPOUND[..4]) {
        return Some(ForeignFormat::CompoundFile);
    }
    if begin.starts_with(b"%PDF-") {
        return Some(ForeignFormat::Pdf);
    }
    // The records of workbooks older than compound files: Excel 2 to 4, and what some reports still write.
    if [&[9, 0, 4, 0][..], &[9, 2, 6, 0], &[9, 4, 6, 0], &[9, 8, 8, 0], &[9, 8, 16, 0]]
        .iter()
        .any(|b| begin.starts_with(b))
    {
        return Some(ForeignFormat::OldWorkbook);
    }
    // Gzip, 7-Zip, RAR, bzip2.
    if [&[0x1F, 0x8B][..], b"7z\xBC\xAF", b"Rar!\x1A", b"BZh9"].iter().any(|mark| begin.starts_with(mark)) {
        return Some(ForeignFormat::Archive);
    }
    let text = begin.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(begin).trim_ascii_start();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    if ["<!doctype html", "<html", "<table", "<meta", "<head", "<style"].into_iter().any(begins) {
        return Some(ForeignFormat::Html);
    }
    begins("<?xml").then_some(ForeignFormat::Xml)
}

/// What a compound file holds.
pub(super) fn compound_kind(input: &mut (impl Read + Seek)) -> io::Result<ForeignFormat> {
    let mut header = [0; 76];
    input.seek(SeekFrom::Start(0))?;
    if input.read_exact(&mut header).is_err() {
        return Ok(ForeignFormat::CompoundFile);
    }
    let shift = u32::from(u16::from_le_bytes([header[30], header[31]])).min(20);
    let sector = u64::from(u32::from_le_bytes([header[48], header[49], header[50], header[51]]));
    let mut directory = Vec::new();
    input.seek(SeekFrom::Start((sector + 1) << shift))?;
    input.take(DIRECTORY_BYTES).read_to_end(&mut directory)?;
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0]).collect();
        directory.chunks(128).any(|entry| entry.starts_with(&name))
    };
    Ok(if has("EncryptedPackage") {
        ForeignFormat::EncryptedWorkbook
    } else if has("Workbook") || has("Book") {
        ForeignFormat::OldWorkbook
    } else if has("WordDocument") || has("PowerPoint Document") {
        ForeignFormat::OtherDocument
    } else {
        ForeignFormat::CompoundFile
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_how_they_begin() {
        for (begin, kind) in [
            (&b"%PDF-1.7"[..], Some(ForeignFormat::Pdf)),
            (b"\xEF\xBB\xBF\r\n <HTML><body>", Some(ForeignFormat::Html)),
            (b"<!DOCTYPE html>", Some(ForeignFormat::Html)),
            (b"<table border=1>", Some(ForeignFormat::Html)),
            (b"<?xml version=\"1.0\"?><Workbook", Some(ForeignFormat::Xml)),
            (b"\x1F\x8B\x08\x00", Some(ForeignFormat::Archive)),
            (b"\x09\x08\x10\x00\x00\x06\x05\x00", Some(ForeignFormat::OldWorkbook)),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Some(ForeignFormat::CompoundFile)),
            (b"name;quantity", None),
            (b"<none>,1", None),
            (b"\tQty\t", None),
            (b"", None),
        ] {
            assert_eq!(foreign_begin(begin), kind, "{begin:?}");
            assert_eq!(is_workbook(begin), kind.is_some(), "{begin:?}");
        }
        assert!(is_workbook(b"PK\x03\x04") && is_workbook(b"PK\x05\x06"));
    }
}
