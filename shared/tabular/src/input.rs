//! What is read: bytes that can be opened again, because a file is surveyed before it is read.

use std::io::{self, Cursor, Read, Seek};

/// Something that can be read from its beginning as often as needed.
pub trait Input {
    /// Opens it at its beginning.
    ///
    /// # Errors
    /// Whatever stands in the way of opening it.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;

    /// Opens it so that any part of it can be read: a workbook has its table of contents at its end.
    ///
    /// # Errors
    /// Whatever stands in the way of opening it.
    fn open_seekable(&self) -> io::Result<Box<dyn SeekableInput + '_>>;
}

/// An opened input any part of which can be read.
pub trait SeekableInput: Read + Seek {}

impl<T: Read + Seek + ?Sized> SeekableInput for T {}

/// Bytes in memory.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Input for Bytes<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.0))
    }

    fn open_seekable(&self) -> io::Result<Box<dyn SeekableInput + '_>> {
        Ok(Box::new(Cursor::new(self.0)))
    }
}
