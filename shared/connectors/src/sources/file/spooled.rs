//! A file on this machine for as long as it is read: it is surveyed before it is read, and a workbook has its table of
//! contents at its end.

use std::io::{self, Read, Write};

use tempfile::NamedTempFile;
use truecount_tabular::{Input, SeekableInput};

/// A temporary copy of a file; it goes when this goes.
#[derive(Debug)]
pub struct SpooledFile(NamedTempFile);

impl SpooledFile {
    /// An empty one, to be written.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn create() -> io::Result<Self> {
        NamedTempFile::new().map(Self)
    }
}

impl Write for SpooledFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Input for SpooledFile {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.0.reopen()?))
    }

    fn open_seekable(&self) -> io::Result<Box<dyn SeekableInput + '_>> {
        Ok(Box::new(self.0.reopen()?))
    }
}
