//! What several suites of tests set up: settings and rules, folders and files, an environment on a local backend.
//! Deliberately absent: anything that the product links, and any test.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod config;
mod name_server;

pub use self::config::{CSV_SOURCES, SETTINGS, rule};
pub use self::name_server::{DnsAnswer, NameServer};

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use truecount_app::Environment;
use truecount_embedded::LocalBackend;
use truecount_platform::FixedClock;
use truecount_store::LeaseMode;

/// The environment on a local backend that this process holds alone, at a moment.
#[must_use]
pub fn environment(backend: &LocalBackend, now: Timestamp) -> Environment {
    Environment::new(backend.ports(), Arc::new(FixedClock(now)), LeaseMode::SingleProcess)
}

/// Writes a file below a folder, and the folders above it.
///
/// # Panics
/// If the file cannot be written.
pub fn write_file(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap_or(folder)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Drops a file into a source's inbox below a data directory.
///
/// # Panics
/// If the file cannot be written.
pub fn drop_file(data: &Path, source: &str, name: &str, bytes: impl AsRef<[u8]>) {
    write_file(data, &format!("archive/inbox/sources/{source}/{name}"), bytes);
}

/// The names in a folder, sorted; none if the folder does not exist.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub fn file_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
