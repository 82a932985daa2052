//! Atomic file writes: a file exists whole or not at all, even after a crash or a power cut. Written as a draft, synced,
//! then renamed. Deliberately absent: what the files mean.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use truecount_platform::CreateOutcome;

use crate::Durability;

/// The folder of drafts, on the same file system as the final files. No key can name it, as it begins with a dot.
pub(crate) const DRAFTS: &str = ".drafts";

/// What a file is to hold.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    /// What another file holds, copied piece by piece.
    File(&'a Path),
}

/// Writes files below one folder. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Disk {
    drafts: Arc<PathBuf>,
    durability: Durability,
    count: Arc<AtomicU64>,
    naming: Arc<Mutex<()>>,
}

impl Disk {
    /// Creates the folder of drafts and removes what a killed process left in it.
    pub(crate) fn open(folder: &Path, durability: Durability) -> io::Result<Self> {
        let drafts = folder.join(DRAFTS);
        make_private_folder(&drafts)?;
        for left in fs::read_dir(&drafts)? {
            // A link is removed itself, never what it leads to.
            fs::remove_file(left?.path())?;
        }
        Ok(Self { drafts: Arc::new(drafts), durability, count: Arc::default(), naming: Arc::default() })
    }

    /// Writes a file unless it exists.
    pub(crate) fn write_new(&self, path: &Path, content: Content<'_>) -> io::Result<CreateOutcome> {
        // Saves the work in the common case; the hard link below decides.
        if path.try_exists()? {
            return Ok(CreateOutcome::AlreadyExists);
        }
        self.prepare(path, content)?.keep()
    }

    /// Writes a draft, so that all that is left to do is to give it its name.
    pub(crate) fn prepare(&self, path: &Path, content: Content<'_>) -> io::Result<Prepared> {
        self.make_parent(path)?;
        Ok(Prepared { draft: self.draft(content)?, path: path.to_owned(), disk: self.clone() })
    }

    /// Writes a file and replaces an existing one.
    pub(crate) fn write(&self, path: &Path, content: Content<'_>) -> io::Result<()> {
        let parent = self.make_parent(path)?;
        let draft = self.draft(content)?;
        fs::rename(&draft.path, path)?;
        self.sync_folder(parent)
    }

    /// Gives a draft its name unless that exists. The system refuses a hard link to an existing name; on file systems
    /// without hard links (FAT) a mutex is enough, as no other process has the folder.
    fn name_new(&self, draft: &Path, path: &Path) -> io::Result<()> {
        match fs::hard_link(draft, path) {
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
                let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
                if path.try_exists()? { Err(ErrorKind::AlreadyExists.into()) } else { fs::rename(draft, path) }
            }
            answer => answer,
        }
    }

    fn draft(&self, content: Content<'_>) -> io::Result<Draft> {
        let path = self.drafts.join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        let mut file = File::create_new(&path)?;
        // From here on, dropping the value removes the draft.
        let draft = Draft { path };
        match content {
            Content::Bytes(bytes) => file.write_all(bytes)?,
            Content::File(from) => drop(io::copy(&mut File::open(from)?, &mut file)?),
        }
        if self.durability == Durability::Safe {
            file.sync_all()?;
        }
        Ok(draft)
    }

    /// Creates the folders above a file and syncs each one's parent.
    fn make_parent<'a>(&self, path: &'a Path) -> io::Result<&'a Path> {
        let parent = path.parent().ok_or(ErrorKind::InvalidInput)?;
        let root = self.drafts.parent().unwrap_or(&self.drafts);
        parent
            .ancestors()
            .take_while(|folder| folder.starts_with(root) && *folder != root)
            .try_for_each(refuse_link)?;
        let missing: Vec<&Path> = parent.ancestors().take_while(|folder| !folder.is_dir()).collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => self.sync_folder(folder.parent().unwrap_or(folder))?,
            }
        }
        Ok(parent)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        match self.durability {
            Durability::Safe => File::open(folder)?.sync_all(),
            Durability::Bulk => Ok(()),
        }
    }

    /// Other systems have no call to sync a folder.
    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// A draft and its final name; removed if dropped before [`Prepared::keep`].
pub(crate) struct Prepared {
    draft: Draft,
    path: PathBuf,
    disk: Disk,
}

impl Prepared {
    /// Gives it its name, unless a file of that name exists.
    pub(crate) fn keep(self) -> io::Result<CreateOutcome> {
        match self.disk.name_new(&self.draft.path, &self.path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(CreateOutcome::AlreadyExists),
            Err(error) => Err(error),
            Ok(()) => {
                let parent = self.path.parent().ok_or(ErrorKind::InvalidInput)?;
                self.disk.sync_folder(parent).map(|()| CreateOutcome::Created)
            }
        }
    }
}

/// A temporary file, removed when dropped.
struct Draft {
    path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It was renamed, or else it is removed at the next opening.
        let _ = fs::remove_file(&self.path);
    }
}

/// Refuses a symbolic link: what is written or deleted through one lies elsewhere.
pub(crate) fn refuse_link(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!(
                "`{}` is a symbolic link, through which nothing is written or deleted: put what it leads to in its \
                 place, or link the whole data directory",
                path.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// Refuses a symbolic link in place of a file below a folder, or of a folder between them.
///
/// # Errors
/// The link, in words.
pub fn refuse_links(folder: &Path, file: &Path) -> io::Result<()> {
    file.ancestors().take_while(|path| path.starts_with(folder) && *path != folder).try_for_each(refuse_link)
}

/// Creates a folder that only its owner may read, unless it exists.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
