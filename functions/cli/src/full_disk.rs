//! A full disk, said as such: the system and the database say it in words of their own, or not at all.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The data directory that this process works in.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// What the system and the database say of a full disk.
const WORDS: [&str; 3] = ["No space left on device", "database or disk is full", "Disk quota exceeded"];

/// What the database says where it could not grow one of its files, and otherwise broke.
const PERHAPS: &str = "disk I/O error";

/// With less space, in bytes, the database cannot grow.
const FREE_BYTES_MIN: u64 = 1_000_000;

/// From now on a full disk is that of this folder.
pub(crate) fn watch(folder: &Path) {
    let _ = FOLDER.set(folder.to_owned());
}

/// An error in words: that the disk is full where that is its cause, else its own.
pub(crate) fn describe(error: &(dyn Error + 'static)) -> String {
    let text = truecount_platform::describe(error);
    match FOLDER.get() {
        Some(folder) if is_full(error, &text, folder) => {
            format!("the disk with `{}` is full; free some space, then run again", folder.display())
        }
        _ => text,
    }
}

fn is_full<'a>(error: &'a (dyn Error + 'static), text: &str, folder: &Path) -> bool {
    let is_of_disk = |error: &io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    let mut links = std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source());
    links.any(|link| link.downcast_ref::<io::Error>().is_some_and(is_of_disk))
        || WORDS.iter().any(|words| text.contains(words))
        || (text.contains(PERHAPS) && free_bytes(folder).is_some_and(|free| free < FREE_BYTES_MIN))
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// No call is safe to make on every other system.
#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_known_by_its_kind_and_by_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let full = |error: io::Error| is_full(&error, &error.to_string(), folder.path());
        assert!(full(ErrorKind::StorageFull.into()));
        assert!(full(io::Error::other("InternalServerError: database or disk is full")));
        assert!(!full(io::Error::other("disk I/O error")), "there is space");
        assert!(!full(ErrorKind::PermissionDenied.into()));
    }
}
