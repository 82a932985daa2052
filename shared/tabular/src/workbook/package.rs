//! The archive that a workbook is: its parts by name, unpacked as they are read.
//!
//! The table of contents is walked anew for each part, so that an archive of any size takes no memory.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::DeflateDecoder;
use rawzip::{
    CompressionMethod, ErrorKind, RECOMMENDED_BUFFER_SIZE, RangeReader, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder,
    ZipLocator, ZipVerifier,
};

use super::fault::{Damage, ForeignFormat};
use super::limits::{Limits, OverLimit, damaged, foreign, over};
use crate::{Cap, Stop};

/// Bytes of an archive that are read at once.
const PACKED_CHUNK_BYTES: usize = 64 << 10;
/// Bytes of a part that are unpacked at once.
const UNPACKED_CHUNK_BYTES: usize = 64 << 10;

/// An opened archive.
pub(super) struct Package<R> {
    archive: ZipArchive<Shared<R>>,
    limits: Limits,
    /// Bytes that were unpacked so far.
    unpacked: u64,
}

/// Bytes of a part, counted and checked.
pub(super) type Part<R> = BufReader<Counted<ZipVerifier<Unpacked<R>>>>;

type Packed<R> = BufReader<RangeReader<Shared<R>>>;

impl<R: Read + Seek> Package<R> {
    /// Finds the table of contents.
    pub(super) fn open(mut input: R, limits: Limits) -> Result<Self, Stop> {
        let end = input.seek(SeekFrom::End(0))?;
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipLocator::new()
            .locate_in_reader(Shared::new(input), &mut buffer, end)
            .map_err(|(_, error)| contents(error))?;
        let package = Self { archive, limits, unpacked: 0 };
        package.check_count()?;
        Ok(package)
    }

    /// Too many parts are refused before anything is looked for.
    fn check_count(&self) -> Result<(), Stop> {
        let mut count = 0;
        self.find(|_| {
            count += 1;
            count > self.limits.parts
        })?;
        if count > self.limits.parts { Err(over(Cap::Parts, self.limits.parts)) } else { Ok(()) }
    }

    /// Whether there is a part of this name.
    pub(super) fn has(&self, part: &str) -> Result<bool, Stop> {
        Ok(self.find(|name| is_same(name, part))?.is_some())
    }

    /// Whether a part's name is as wanted.
    pub(super) fn has_any(&self, mut wanted: impl FnMut(&[u8]) -> bool) -> Result<bool, Stop> {
        Ok(self.find(&mut wanted)?.is_some())
    }

    /// A part by its name; letters may be large or small. `spent` bytes are counted besides those of [`Self::count`].
    pub(super) fn part(&self, part: &str, spent: u64) -> Result<Part<R>, Stop> {
        let mut found = 0;
        let first = self.find(|name| {
            let is_wanted = is_same(name, part);
            found += u64::from(is_wanted);
            is_wanted && found == 1
        })?;
        let named = || part.to_owned();
        let Some(entry) = first else { return Err(damaged(Damage::MissingPart { part: named() })) };
        let mut count = 0;
        self.find(|name| {
            count += u64::from(is_same(name, part));
            count > 1
        })?;
        if count > 1 {
            return Err(damaged(Damage::PartTwice { part: named() }));
        }
        self.unpack(entry, part, spent)
    }

    fn unpack(&self, entry: Entry, part: &str, spent: u64) -> Result<Part<R>, Stop> {
        if entry.is_encrypted {
            return Err(foreign(ForeignFormat::EncryptedWorkbook));
        }
        let found = self.archive.get_entry(entry.wayfinder).map_err(|error| read_error(error, part))?;
        let (start, end) = found.compressed_data_range();
        let packed = RangeReader::new(self.archive.get_ref().clone(), start..end);
        let packed = BufReader::with_capacity(PACKED_CHUNK_BYTES, packed);
        let unpacked = match entry.method {
            CompressionMethod::STORE => Unpacked::Stored(packed),
            CompressionMethod::DEFLATE => Unpacked::Deflated(DeflateDecoder::new(packed)),
            _ => return Err(damaged(Damage::Packing { part: part.to_owned() })),
        };
        let left = self.limits.bytes.saturating_sub(self.unpacked).saturating_sub(spent);
        let counted = Counted { inner: found.verifying_reader(unpacked), left, limit: self.limits.bytes, read: 0 };
        Ok(BufReader::with_capacity(UNPACKED_CHUNK_BYTES, counted))
    }

    /// Counts a part that was read to the limit of the whole.
    pub(super) fn count(&mut self, bytes: u64) {
        self.unpacked = self.unpacked.saturating_add(bytes);
    }

    /// The first entry whose name is as wanted.
    fn find(&self, mut wanted: impl FnMut(&[u8]) -> bool) -> Result<Option<Entry>, Stop> {
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let mut entries = self.archive.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(contents)? {
            if wanted(entry.file_path().as_bytes()) {
                let (wayfinder, method) = (entry.wayfinder(), entry.compression_method());
                return Ok(Some(Entry { wayfinder, method, is_encrypted: entry.flags().is_encrypted() }));
            }
        }
        Ok(None)
    }
}

/// What is kept of an entry of the table of contents.
struct Entry {
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_encrypted: bool,
}

/// Some programs write the names of parts with backslashes, or in other letters than they refer to them.
fn is_same(name: &[u8], part: &str) -> bool {
    let plain = |byte: &u8| if *byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    let name = name.strip_prefix(b"/").or(name.strip_prefix(b"\\")).unwrap_or(name);
    name.len() == part.len() && name.iter().map(plain).eq(part.bytes().map(|byte| byte.to_ascii_lowercase()))
}

fn contents(error: rawzip::Error) -> Stop {
    match error.into_kind() {
        ErrorKind::IO(error) if error.kind() != io::ErrorKind::UnexpectedEof => Stop::Io(error),
        _ => damaged(Damage::Contents),
    }
}

fn read_error(error: rawzip::Error, part: &str) -> Stop {
    match error.into_kind() {
        ErrorKind::IO(error) if error.kind() != io::ErrorKind::UnexpectedEof => Stop::Io(error),
        _ => damaged(Damage::Unpacking { part: part.to_owned() }),
    }
}

/// An input that several parts are read from, each at its own place.
pub(super) struct Shared<R>(Arc<Mutex<R>>);

impl<R> Shared<R> {
    fn new(input: R) -> Self {
        Self(Arc::new(Mutex::new(input)))
    }
}

impl<R> Clone for Shared<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Read + Seek> ReaderAt for Shared<R> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut input = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        input.seek(SeekFrom::Start(offset))?;
        input.read(buffer)
    }
}

/// A part as it comes out of its packing.
pub(super) enum Unpacked<R: Read + Seek> {
    Stored(Packed<R>),
    Deflated(DeflateDecoder<Packed<R>>),
}

impl<R: Read + Seek> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(packed) => packed.read(buffer),
            Self::Deflated(packed) => packed.read(buffer),
        }
    }
}

/// Stops where more comes than is allowed.
pub(super) struct Counted<T> {
    inner: T,
    left: u64,
    limit: u64,
    read: u64,
}

impl<T> Counted<T> {
    /// Bytes read so far.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read
    }
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        self.left = self.left.checked_sub(bytes).ok_or_else(|| OverLimit::error(Cap::Bytes, self.limit))?;
        self.read += bytes;
        Ok(count)
    }
}
