//! The ports implemented on one machine: a data directory with the table in a file, the archive as files, mail as
//! `.eml` files or sent through a mail server, and secrets from the environment or a file. Deliberately absent: any
//! other network access, and any use case. The Lambdas do not link this crate.
//!
//! ```text
//! DIR/table.db    the table (DynamoDB in this process, on SQLite)     DIR/archive/…       the archive
//! DIR/outbox/     mail, one `.eml` each                               DIR/config/secrets.toml   secrets, mode 600
//! ```

mod bytewise;
mod copy;
mod disk;
mod expiry;
mod folder;
mod lock;
mod outbox;
mod secret;
mod smtp;
mod table;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;
use truecount_platform::{BoxError, Ports, Table};

use self::{disk::Disk, lock::Lock, table::TableServer};
pub use self::{
    disk::refuse_links,
    expiry::Expired,
    folder::FolderArchive,
    outbox::EmlOutbox,
    secret::LocalSecrets,
    smtp::{SMTP_SECRET, SmtpMailer, SmtpServer, TlsMode},
};

/// Whether a write survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every write is synced to disk before it is reported as done.
    Safe,
    /// Much faster; survives a killed process but not a power cut. For data that can be recreated, such as the demo's.
    Bulk,
}

/// Error of opening a data directory.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Another process has it open.
    #[error(
        "the folder `{folder}` is in use by another truecount process{holder}: wait until it ends, or use another folder"
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// ` (process 123)`, or nothing if not known.
        holder: String,
    },
    /// The file system refused.
    #[error("the folder `{folder}` cannot be used: {source}")]
    Folder {
        /// The folder or file.
        folder: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The table's file cannot be opened.
    #[error("the table in `{file}` cannot be opened: {source}")]
    Table {
        /// The file.
        file: PathBuf,
        /// The error of the database or its server.
        source: BoxError,
    },
}

/// All ports in one data directory, until the value is dropped: then the table's server stops, and clones of the table
/// fail. It is either held exclusively by this process, or only looked at.
pub struct LocalBackend {
    folder: PathBuf,
    /// What writes; `None`: nothing is written to the folder.
    disk: Option<Disk>,
    // Dropped in this order: the lock is released after the table's file is closed.
    table: TableServer,
    _held: Held,
}

/// What lasts as long as the backend.
enum Held {
    Lock { _lock: Lock },
    Copy { _folder: TempDir },
}

/// The table's file in a data directory.
const TABLE_FILE: &str = "table.db";

/// What lies in a data directory under names of ours: nothing is written or deleted through a link in its place.
const OWN: [&str; 8] =
    [".lock", disk::DRAFTS, TABLE_FILE, "table.db-wal", "table.db-shm", "archive", "outbox", "config"];

impl LocalBackend {
    /// Opens the folder and creates what does not exist yet.
    ///
    /// # Errors
    /// [`BackendError`], above all if another process has it open.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, BackendError> {
        let refused = |source| BackendError::Folder { folder: folder.to_owned(), source };
        disk::make_private_folder(folder).map_err(refused)?;
        OWN.iter().try_for_each(|name| disk::refuse_link(&folder.join(name))).map_err(refused)?;
        let lock = Lock::take(folder)?;
        let disk = Disk::open(folder, durability).map_err(refused)?;
        let table = TableServer::start(&folder.join(TABLE_FILE), durability)?;
        Ok(Self { folder: folder.to_owned(), disk: Some(disk), table, _held: Held::Lock { _lock: lock } })
    }

    /// Opens the folder to look at it, as it is at this moment, whoever else works in it. Nothing in it is created or
    /// changed: it may be a copy that nobody may write to. What is put into the table is gone with this value, and what
    /// is put anywhere else is refused.
    ///
    /// # Errors
    /// [`BackendError`] if something in it may not be read.
    pub fn look(folder: &Path) -> Result<Self, BackendError> {
        let refused = |source| BackendError::Folder { folder: folder.to_owned(), source };
        let copied = copy::copy(&folder.join(TABLE_FILE)).map_err(refused)?;
        let table = TableServer::start(&copied.path().join(TABLE_FILE), Durability::Bulk)?;
        Ok(Self { folder: folder.to_owned(), disk: None, table, _held: Held::Copy { _folder: copied } })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> Table {
        self.table.table()
    }

    /// The DynamoDB endpoint of the table while this backend is open, such as `http://127.0.0.1:40123/`. It accepts any
    /// credentials.
    #[must_use]
    pub fn table_endpoint(&self) -> &str {
        self.table.endpoint()
    }

    /// The archive in `archive/`.
    #[must_use]
    pub fn archive(&self) -> Arc<FolderArchive> {
        Arc::new(FolderArchive::new(self.folder.join("archive"), self.disk.clone()))
    }

    /// All ports, with mail into `outbox/`.
    #[must_use]
    pub fn ports(&self) -> Ports {
        Ports {
            table: self.table(),
            archive: self.archive(),
            config: self.config(),
            mailer: self.mailer(),
            secrets: self.secrets(),
        }
    }

    /// The folder itself, for `config/settings.toml` and `config/rules.toml`.
    #[must_use]
    pub fn config(&self) -> Arc<FolderArchive> {
        Arc::new(FolderArchive::new(self.folder.clone(), self.disk.clone()))
    }

    /// The folder of the mails.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.folder.join("outbox")
    }

    /// Mail into `outbox/`.
    #[must_use]
    pub fn mailer(&self) -> Arc<EmlOutbox> {
        Arc::new(EmlOutbox::new(self.outbox(), self.disk.clone()))
    }

    /// Mail through a mail server, with a copy of each in `outbox/`.
    #[must_use]
    pub fn smtp_mailer(&self, server: SmtpServer) -> SmtpMailer {
        SmtpMailer::new(server, self.secrets(), self.mailer())
    }

    /// Secrets from the environment, else from `config/secrets.toml`.
    #[must_use]
    pub fn secrets(&self) -> Arc<LocalSecrets> {
        Arc::new(LocalSecrets::new(self.folder.join("config").join("secrets.toml")))
    }
}

impl fmt::Debug for LocalBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalBackend").field("folder", &self.folder).finish_non_exhaustive()
    }
}
