//! The port that stores files: pages read from vendors, reports, and files dropped by people. Deliberately absent:
//! deleting, and overwriting anything but settings and the inbox.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::io::AsyncRead;
use truecount_billing::Remedy;

use crate::{CreateOutcome, PortErrorKind};

/// The longest key, in bytes, as on S3.
pub const KEY_BYTES_MAX: usize = 1_024;
/// The longest part of a key between two slashes, in bytes: a file name holds 255, and a temporary name needs some.
pub const KEY_PART_BYTES_MAX: usize = 200;

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchiveEntry {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, if the archive tells.
    pub modified: Option<Timestamp>,
}

/// Error of an archive operation.
#[derive(Debug, thiserror::Error)]
#[error("{operation} `{place}`: {cause}")]
pub struct ArchiveError {
    /// What was attempted, such as `writing`.
    pub operation: &'static str,
    /// Where a person would look for the file.
    pub place: String,
    /// What kind of failure it was.
    #[source]
    pub cause: PortErrorKind,
}

impl ArchiveError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        self.cause.remedy()
    }
}

/// Stores files under keys such as `reports/2026-11/RUN/exceptions.csv`.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Stores a file under a key that does not exist yet; never overwrites. Of concurrent writers exactly one gets
    /// [`CreateOutcome::Created`]. [`CreateOutcome::AlreadyExists`] may also mean that an earlier attempt of this very
    /// call succeeded and its answer was lost: a caller that needs to know compares the bytes.
    ///
    /// # Errors
    /// [`ArchiveError`] if it is not known whether the file was stored.
    async fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<CreateOutcome, ArchiveError>;

    /// The same of a file on this machine, however large: it is not held in memory.
    ///
    /// # Errors
    /// [`ArchiveError`] as for [`Archive::put_new`], or if the file cannot be read to its end.
    async fn put_new_from(&self, key: &str, file: &Path) -> Result<CreateOutcome, ArchiveError>;

    /// Stores a file and replaces an existing one: for `config/` and `inbox/` only.
    ///
    /// # Errors
    /// [`ArchiveError`] if it is not known whether it was stored; either the old or the new file is there, whole.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError>;

    /// The same of a file on this machine, however large: it is not held in memory.
    ///
    /// # Errors
    /// [`ArchiveError`] as for [`Archive::put`], or if the file cannot be read to its end.
    async fn put_from(&self, key: &str, file: &Path) -> Result<(), ArchiveError>;

    /// Replaces exactly this existing content: for `config/`. `false` if the content is different by now, or there is no
    /// file, and nothing was written. A backend that several processes share must make this atomic.
    ///
    /// # Errors
    /// [`ArchiveError`] as for [`Archive::put`].
    async fn replace(&self, key: &str, earlier: &[u8], bytes: Vec<u8>) -> Result<bool, ArchiveError> {
        if self.get(key).await?.as_deref() != Some(earlier) {
            return Ok(false);
        }
        self.put(key, bytes).await.map(|()| true)
    }

    /// A file's bytes; `None` if it does not exist.
    ///
    /// # Errors
    /// [`ArchiveError`] if it could not be read.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError>;

    /// A reader of a file; `None` if it does not exist.
    ///
    /// # Errors
    /// [`ArchiveError`] if it could not be opened.
    async fn open(&self, key: &str) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, ArchiveError>;

    /// All files whose key begins with the prefix, sorted by the bytes of their keys.
    ///
    /// # Errors
    /// [`ArchiveError`], also if there are more than a million.
    async fn list(&self, prefix: &str) -> Result<Vec<ArchiveEntry>, ArchiveError>;

    /// Where a person finds the file: a path, or `s3://bucket/key`.
    fn place(&self, key: &str) -> String;
}

/// The most files that one [`Archive::list`] returns.
pub const LIST_ENTRIES_MAX: usize = 1_000_000;

/// Error of a text that cannot be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` cannot name a file in the archive: {why}")]
pub struct KeyError {
    /// The text, with control characters escaped.
    pub key: String,
    /// Which rule it breaks.
    pub why: &'static str,
}

/// Checks that a key names the same file in every backend: parts joined by `/`, none empty, none that begins or ends
/// with a dot or a space, no control characters, none of `\ : * ? " < > |`.
///
/// # Errors
/// [`KeyError`] says which rule it breaks.
pub fn checked_key(key: &str) -> Result<&str, KeyError> {
    let why = if key.is_empty() {
        "it is empty"
    } else if key.len() > KEY_BYTES_MAX {
        "it is longer than 1,024 bytes"
    } else if key.chars().any(char::is_control) {
        "it has control characters"
    } else if key.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) {
        "it has one of the characters \\ : * ? \" < > |"
    } else if key.split('/').any(str::is_empty) {
        "it has an empty part between slashes"
    } else if key.split('/').any(|part| part.starts_with(['.', ' ']) || part.ends_with(['.', ' '])) {
        "a part of it begins or ends with a dot or a space"
    } else if key.split('/').any(|part| part.len() > KEY_PART_BYTES_MAX) {
        "a part of it is longer than 200 bytes"
    } else {
        return Ok(key);
    };
    Err(KeyError { key: key.chars().take(80).flat_map(char::escape_debug).collect(), why })
}

/// The content type for a file name.
#[must_use]
pub fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv") => "text/csv; charset=utf-8",
        Some("eml") => "message/rfc822",
        Some("gz") => "application/gzip",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        Some("toml") => "application/toml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("zst") => "application/zstd",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_portable_keys_are_accepted() {
        for key in [
            "a",
            "a/b.csv",
            "raw/ninjaone/2026-11-30/0001.json.gz",
            "inbox/Übersicht März (2) & co.csv",
            "a=1/b%2F#c+d,e'f",
        ] {
            assert_eq!(checked_key(key), Ok(key));
        }
        let long = "x".repeat(KEY_PART_BYTES_MAX + 1);
        let longer = "x/".repeat(600);
        for key in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            ".hidden",
            "a/.b",
            "a.",
            "a /b",
            " a",
            "a\\b",
            "c:a",
            "a\0b",
            "a\nb",
            "a*",
            "what?",
            "a\"b",
            "<a>",
            "a|b",
            long.as_str(),
            longer.as_str(),
        ] {
            let error = checked_key(key).expect_err(key);
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}
