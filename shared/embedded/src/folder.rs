//! The archive as a folder: a key is a path. Deliberately absent: hidden files (their names begin with a dot), and a key
//! that is also the prefix of another, which S3 would allow.

use std::{
    fmt, fs, io,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tokio::io::AsyncRead;
use truecount_platform::{
    Archive, ArchiveEntry, ArchiveError, CreateOutcome, Detail, LIST_ENTRIES_MAX, PortErrorKind, async_trait,
    checked_key,
};

use crate::disk::{Content, Disk};

/// Files below one folder.
pub struct FolderArchive {
    root: PathBuf,
    /// What writes; `None`: nothing may be written.
    disk: Option<Disk>,
}

impl FolderArchive {
    pub(crate) fn new(root: PathBuf, disk: Option<Disk>) -> Self {
        Self { root, disk }
    }

    /// The archive in a folder that nobody writes here, such as a copy. Nothing is created, and no other process is kept
    /// out.
    #[must_use]
    pub fn read_only(root: &Path) -> Self {
        Self { root: root.to_owned(), disk: None }
    }

    fn writer(&self, key: &str) -> Result<Disk, ArchiveError> {
        let refused = || {
            let error = io::Error::from(ErrorKind::ReadOnlyFilesystem);
            self.error("writing", key, PortErrorKind::Disk(Detail::of(error)))
        };
        self.disk.clone().ok_or_else(refused)
    }

    fn path(&self, operation: &'static str, key: &str) -> Result<PathBuf, ArchiveError> {
        match checked_key(key) {
            Ok(key) => Ok(self.root.join(key)),
            Err(error) => Err(self.error(operation, key, PortErrorKind::Invalid(Detail::of(error)))),
        }
    }

    fn error(&self, operation: &'static str, key: &str, cause: PortErrorKind) -> ArchiveError {
        ArchiveError { operation, place: self.place(key), cause }
    }

    /// Runs blocking file work off the async threads.
    async fn on_disk<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|error| self.error(operation, key, PortErrorKind::Disk(Detail::of(error))))
    }
}

#[async_trait]
impl Archive for FolderArchive {
    async fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<CreateOutcome, ArchiveError> {
        let path = self.path("writing", key)?;
        let disk = self.writer(key)?;
        self.on_disk("writing", key, move || disk.write_new(&path, Content::Bytes(&bytes))).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let path = self.path("writing", key)?;
        let disk = self.writer(key)?;
        self.on_disk("writing", key, move || disk.write(&path, Content::Bytes(&bytes))).await
    }

    async fn put_new_from(&self, key: &str, file: &Path) -> Result<CreateOutcome, ArchiveError> {
        let (path, from) = (self.path("writing", key)?, file.to_owned());
        let disk = self.writer(key)?;
        self.on_disk("writing", key, move || disk.write_new(&path, Content::File(&from))).await
    }

    async fn put_from(&self, key: &str, file: &Path) -> Result<(), ArchiveError> {
        let (path, from) = (self.path("writing", key)?, file.to_owned());
        let disk = self.writer(key)?;
        self.on_disk("writing", key, move || disk.write(&path, Content::File(&from))).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let path = self.path("reading", key)?;
        self.on_disk("reading", key, move || if_there(fs::read(path))).await
    }

    async fn open(&self, key: &str) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, ArchiveError> {
        let path = self.path("reading", key)?;
        let open = move || {
            let file = if_there(fs::File::open(path))?;
            // On Linux a folder can be opened but not read.
            Ok(match file {
                Some(file) if file.metadata()?.is_dir() => None,
                file => file,
            })
        };
        let file = self.on_disk("reading", key, open).await?;
        Ok(file.map(|file| Box::new(tokio::fs::File::from_std(file)) as Box<dyn AsyncRead + Send + Unpin>))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArchiveEntry>, ArchiveError> {
        let folder = match prefix.rsplit_once('/') {
            None => self.root.clone(),
            Some((folder, _)) => self.path("listing", folder)?,
        };
        let (root, wanted) = (self.root.clone(), prefix.to_owned());
        let entries = self.on_disk("listing", prefix, move || walk(&root, folder, &wanted)).await?;
        if entries.len() > LIST_ENTRIES_MAX {
            let cause = PortErrorKind::TooMuch(format!("{LIST_ENTRIES_MAX} files in one listing").into());
            return Err(self.error("listing", prefix, cause));
        }
        Ok(entries)
    }

    fn place(&self, key: &str) -> String {
        self.root.join(key).display().to_string()
    }
}

/// The result of reading a file; `None` if it does not exist, or a folder has its name, or a file its folder's.
fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Every file below a folder whose key begins with the prefix, in the order of the keys' bytes.
pub(crate) fn walk(root: &Path, folder: PathBuf, prefix: &str) -> io::Result<Vec<ArchiveEntry>> {
    let mut entries = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let Some(files) = if_there(fs::read_dir(&folder))? else { continue };
        for file in files {
            let file = file?;
            if file.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = file.path();
            let key = key_of(root, &path)?;
            let kind = file.file_type()?;
            if kind.is_dir() {
                if key.starts_with(prefix) || prefix.starts_with(&format!("{key}/")) {
                    folders.push(path);
                }
            } else if key.starts_with(prefix) {
                // A symbolic link counts as the file that it points to.
                let found = fs::metadata(&path)?;
                if found.is_file() {
                    let modified = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
                    entries.push(ArchiveEntry { key, size: found.len(), modified });
                }
            }
        }
        if entries.len() > LIST_ENTRIES_MAX {
            break;
        }
    }
    entries.sort_unstable();
    Ok(entries)
}

fn key_of(root: &Path, path: &Path) -> io::Result<String> {
    let parts = path.strip_prefix(root).map_err(io::Error::other)?.components();
    let parts: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
    match parts {
        Some(parts) => Ok(parts.join("/")),
        None => Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("the name of `{}` is not Unicode: rename it", path.display()),
        )),
    }
}

impl fmt::Debug for FolderArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderArchive").field("root", &self.root).finish_non_exhaustive()
    }
}
