//! Lines of JSON, compressed: how pages, items and inputs are stored. The same values give the same bytes.

use std::io::{BufRead, BufReader, Read, Write};

use flate2::{Compression, GzBuilder, read::GzDecoder, write::GzEncoder};
use serde::{Serialize, de::DeserializeOwned};

use crate::AppError;

/// The most that one stored object may unpack to, so that a damaged one cannot fill the memory.
const UNPACKED_BYTES_MAX: u64 = 4 << 30;

/// Writes values as compressed lines.
pub(crate) struct Lines {
    gz: GzEncoder<Vec<u8>>,
    /// Bytes before compression.
    pub plain_bytes: usize,
}

impl Default for Lines {
    fn default() -> Self {
        Self { gz: GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6)), plain_bytes: 0 }
    }
}

impl Lines {
    /// # Errors
    /// [`AppError::Damaged`] if the value cannot be written as JSON.
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), AppError> {
        let mut line = serde_json::to_vec(value).map_err(|e| AppError::damaged("a line", e))?;
        line.push(b'\n');
        self.plain_bytes += line.len();
        self.gz.write_all(&line).map_err(|e| AppError::damaged("a line", e))
    }

    /// The compressed bytes.
    ///
    /// # Errors
    /// Never in practice: the writer is memory.
    pub(crate) fn finish(self) -> Result<Vec<u8>, AppError> {
        self.gz.finish().map_err(|e| AppError::damaged("a pack", e))
    }
}

/// Compresses bytes as they are.
///
/// # Errors
/// Never in practice: the writer is memory.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>, AppError> {
    let mut gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    gz.write_all(bytes).and_then(|()| gz.finish()).map_err(|e| AppError::damaged("a pack", e))
}

/// Unpacks what [`gzip`] packed.
///
/// # Errors
/// [`AppError::Damaged`] naming the place.
pub(crate) fn gunzip(place: &str, bytes: &[u8]) -> Result<Vec<u8>, AppError> {
    let mut plain = Vec::new();
    let read = GzDecoder::new(bytes).take(UNPACKED_BYTES_MAX).read_to_end(&mut plain);
    read.map_err(|e| AppError::damaged(place, e))?;
    Ok(plain)
}

/// Reads each line as a value, one at a time.
///
/// # Errors
/// [`AppError::Damaged`] naming place and line, or what `each` answers.
pub(crate) fn each_line<T: DeserializeOwned>(
    place: &str,
    bytes: &[u8],
    mut each: impl FnMut(T) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut reader = BufReader::new(GzDecoder::new(bytes).take(UNPACKED_BYTES_MAX));
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|e| AppError::damaged(place, e))?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        let value =
            serde_json::from_slice(&line).map_err(|e| AppError::damaged(format!("{place} line {number}"), e))?;
        each(value)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_order_and_pack_to_the_same_bytes() {
        let pack = || {
            let mut lines = Lines::default();
            for n in 0..1000 {
                lines.push(&("row", n)).unwrap();
            }
            lines.finish().unwrap()
        };
        assert_eq!(pack(), pack());
        let mut seen = Vec::new();
        each_line("x", &pack(), |(_, n): (String, u32)| {
            seen.push(n);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let packed = gzip(b"[1]\nnot json\n").unwrap();
        let error = each_line("raw/x", &packed, |_: Vec<u8>| Ok(())).unwrap_err().to_string();
        assert!(error.starts_with("`raw/x line 2` does not read as it was written"), "{error}");
        let cut = &packed[..packed.len() - 4];
        assert!(gunzip("raw/x", cut).is_err());
    }
}
