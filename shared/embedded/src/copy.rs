//! A private copy of the table's file, for those who only read: it needs no lock and writes nothing beside the original,
//! and shows what was committed when it was made. Deliberately absent: following what is written afterwards.
//!
//! The file is copied first and its log (`-wal`) after it. A writer only appends to the log, whose unfinished end is
//! ignored, until it moves the log into the file: then either has changed after copying, and the copy is made again.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

/// How often a copy is tried.
const TRIES_MAX: u32 = 200;

/// A file that changed so lately may change again without another time of change.
const STILL: Duration = Duration::from_millis(50);

/// The beginning of the log, which is another after each time that it was moved into the file.
const LOG_HEAD_BYTES: u64 = 32;

/// The folder that holds the copy under the original's name, removed when dropped.
pub(crate) fn copy(file: &Path) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("truecount-").tempdir()?;
    let name = file.file_name().ok_or(ErrorKind::InvalidInput)?;
    let (log, copied) = (log_of(file), folder.path().join(name));
    for _ in 0..TRIES_MAX {
        let before = State::of(file, &log)?;
        if !before.is_still() {
            sleep(STILL);
            continue;
        }
        copy_file(file, &copied)?;
        copy_file(&log, &log_of(&copied))?;
        if State::of(file, &log)? == before {
            return Ok(folder);
        }
    }
    Err(io::Error::new(ErrorKind::ResourceBusy, format!("`{}` changes all the time: try again", file.display())))
}

fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Copies a file's content, whatever may be done with the original; removes the copy of one that is not there.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    match File::open(from) {
        Ok(mut from) => io::copy(&mut from, &mut File::create(to)?).map(drop),
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::remove_file(to) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        Err(error) => Err(error),
    }
}

/// What tells that nothing was moved from the log into the file.
#[derive(PartialEq, Eq)]
struct State {
    changed: Option<(u64, SystemTime)>,
    log_head: Vec<u8>,
}

impl State {
    fn of(file: &Path, log: &Path) -> io::Result<Self> {
        let changed = match fs::metadata(file) {
            Ok(found) => Some((found.len(), found.modified()?)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut log_head = Vec::new();
        match File::open(log) {
            Ok(log) => drop(log.take(LOG_HEAD_BYTES).read_to_end(&mut log_head)?),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self { changed, log_head })
    }

    fn is_still(&self) -> bool {
        self.changed.is_none_or(|(_, at)| !at.elapsed().is_ok_and(|ago| ago < STILL))
    }
}
