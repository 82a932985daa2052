//! JSON lines and files, compressed. The same values give the same bytes: no time, no name in the header.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::{Compression, GzBuilder, read::GzDecoder, write::GzEncoder};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Corruption, StoreError};

/// The most that one stored object may decompress to, so that a damaged one cannot fill the memory.
const PLAIN_BYTES_MAX: u64 = 4 << 30;

/// Balances size and time; a change alters every stored byte.
const LEVEL: u32 = 6;

/// Compresses values, one JSON line each.
pub(crate) struct LinesWriter {
    gz: GzEncoder<Vec<u8>>,
    /// Bytes before compression.
    pub(crate) plain_bytes: usize,
}

impl Default for LinesWriter {
    fn default() -> Self {
        Self { gz: GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(LEVEL)), plain_bytes: 0 }
    }
}

impl LinesWriter {
    /// # Errors
    /// [`StoreError::Unwritable`] if the value has no JSON form.
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(value).map_err(|error| StoreError::unwritable("a line", error))?;
        line.push(b'\n');
        self.plain_bytes += line.len();
        self.gz.write_all(&line).map_err(|error| StoreError::unwritable("a line", error))
    }

    /// The compressed bytes.
    ///
    /// # Errors
    /// Never in practice: the writer is memory.
    pub(crate) fn finish(self) -> Result<Vec<u8>, StoreError> {
        self.gz.finish().map_err(|error| StoreError::unwritable("compressed lines", error))
    }
}

/// Compresses bytes as they are.
///
/// # Errors
/// Never in practice: the writer is memory.
pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(LEVEL));
    gz.write_all(bytes).and_then(|()| gz.finish()).map_err(|error| StoreError::unwritable("a file", error))
}

/// Decompresses what [`compress`] wrote.
///
/// # Errors
/// [`StoreError::Corrupt`] naming the location.
pub(crate) fn decompress(location: &str, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut plain = Vec::new();
    let read = GzDecoder::new(bytes).take(PLAIN_BYTES_MAX).read_to_end(&mut plain);
    read.map_err(|error| StoreError::corrupt(location, Corruption::Gzip(error)))?;
    Ok(plain)
}

/// Reads compressed lines as values, one at a time. Each error is [`StoreError::Corrupt`], naming location and line, and
/// the last that comes.
pub(crate) struct LinesReader<B> {
    location: String,
    reader: BufReader<io::Take<GzDecoder<io::Cursor<B>>>>,
    text: Vec<u8>,
    line: u64,
    is_over: bool,
}

impl<B: AsRef<[u8]>> LinesReader<B> {
    pub(crate) fn new(location: impl Into<String>, bytes: B) -> Self {
        let reader = BufReader::new(GzDecoder::new(io::Cursor::new(bytes)).take(PLAIN_BYTES_MAX));
        Self { location: location.into(), reader, text: Vec::new(), line: 0, is_over: false }
    }

    /// The next line; `None`: there is none, or one was damaged.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Option<Result<T, StoreError>> {
        if self.is_over {
            return None;
        }
        self.text.clear();
        let value = match self.reader.read_until(b'\n', &mut self.text) {
            Ok(0) => return None,
            Ok(_) => {
                self.line += 1;
                let line = self.line;
                serde_json::from_slice(&self.text).map_err(|source| Corruption::Json { line, source })
            }
            Err(error) => Err(Corruption::Gzip(error)),
        };
        self.is_over = value.is_err();
        Some(value.map_err(|cause| StoreError::corrupt(&self.location, cause)))
    }

    /// Where the lines are from.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }
}

/// Reads each line as a value, as [`LinesReader`] does.
pub(crate) fn lines<'b, T: DeserializeOwned>(
    location: &str,
    bytes: &'b [u8],
) -> impl Iterator<Item = Result<T, StoreError>> + use<'b, T> {
    let mut reader = LinesReader::new(location, bytes);
    std::iter::from_fn(move || reader.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed() -> Vec<u8> {
        let mut lines = LinesWriter::default();
        (0..1000).for_each(|n| lines.push(&("row", n)).unwrap());
        lines.finish().unwrap()
    }

    #[test]
    fn lines_come_back_in_order_and_the_same_values_give_the_same_bytes() {
        assert_eq!(packed(), packed());
        let bytes = packed();
        let seen: Vec<u32> =
            lines("x", &bytes).map(|line| line.map(|(_, n): (String, u32)| n)).map(Result::unwrap).collect();
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_header_holds_no_time_and_no_name() {
        let bytes = compress(b"x").unwrap();
        assert_eq!(bytes[3], 0, "no optional fields");
        assert_eq!(bytes[4..8], [0; 4], "no time");
        assert_eq!(decompress("x", &bytes).unwrap(), b"x");
    }

    #[test]
    fn damage_names_location_line_and_cause() {
        let bytes = compress(b"[1]\nnot json\n").unwrap();
        let mut read = lines::<Vec<u8>>("raw/x", &bytes);
        assert_eq!(read.next().unwrap().unwrap(), [1]);
        let error = read.next().unwrap().unwrap_err();
        assert!(read.next().is_none());
        assert!(error.to_string().starts_with("`raw/x` is damaged"), "{error}");
        let StoreError::Corrupt { source: Corruption::Json { line, .. }, .. } = error else { panic!("{error:?}") };
        assert_eq!(line, 2);
        let cut = &bytes[..bytes.len() - 4];
        let error = decompress("raw/x", cut).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Gzip(_), .. }), "{error:?}");
    }
}
