//! Files of this machine, as what reads tables wants them.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use truecount_tabular::{Input, SeekableInput};

/// A file of this machine.
#[derive(Debug, Clone, Copy)]
pub struct FileOnDisk<'a>(pub &'a Path);

impl Input for FileOnDisk<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(self.0)?))
    }

    fn open_seekable(&self) -> io::Result<Box<dyn SeekableInput + '_>> {
        Ok(Box::new(File::open(self.0)?))
    }
}
