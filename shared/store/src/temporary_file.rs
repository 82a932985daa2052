//! A file of a report that may be larger than the memory: written to a temporary file first, its hash gathered on the
//! way, then stored from there.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::hash::hex;

/// Bytes of a stored file that are read at a time.
const READ_BYTES: usize = 256 * 1024;

/// A temporary file that is being written.
pub struct TemporaryFileWriter {
    file: BufWriter<NamedTempFile>,
    hash: Sha256,
    bytes: u64,
}

/// A temporary file that is written. It is deleted when this is dropped.
pub struct TemporaryFile {
    path: TempPath,
    sha256: String,
    bytes: u64,
}

impl TemporaryFileWriter {
    /// An empty one, in the folder for temporary files.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn create() -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(NamedTempFile::new()?), hash: Sha256::new(), bytes: 0 })
    }

    /// Ends it.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn finish(self) -> io::Result<TemporaryFile> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(TemporaryFile { path: file.into_temp_path(), sha256: hex(&self.hash.finalize()), bytes: self.bytes })
    }
}

impl Write for TemporaryFileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TemporaryFile {
    /// SHA-256 of its bytes, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many bytes it has.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a reader has the same bytes.
    pub(crate) async fn is_same_as(&self, mut stored: Box<dyn AsyncRead + Send + Unpin>) -> io::Result<bool> {
        let (mut hash, mut part) = (Sha256::new(), vec![0; READ_BYTES]);
        loop {
            match stored.read(&mut part).await? {
                0 => return Ok(hex(&hash.finalize()) == self.sha256),
                read => hash.update(&part[..read]),
            }
        }
    }
}
