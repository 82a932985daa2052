//! The ports implemented on one machine: a data directory with the table in a file, the archive as files, mail as
//! `.eml` files or sent through a mail server, and secrets from the environment or a file. Deliberately absent: any
//! other network access, and any use case. The Lambdas do not link this crate.
//!
//! ```text
//! DIR/table.db    the table (DynamoDB in this process, on SQLite)     DIR/archive/…       the archive
//! DIR/outbox/     mail, one `.eml` each                               DIR/config/secrets.toml   secrets, mode 600
//! ```

mod bytewise;
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

use truecount_platform::{BoxError, Ports, Table};

use self::{disk::Disk, lock::Lock, table::TableServer};
pub use self::{
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

/// All ports in one data directory, which this process holds exclusively until the value is dropped; then the table's
/// server stops, and clones of the table fail.
pub struct LocalBackend {
    folder: PathBuf,
    disk: Disk,
    // Dropped in this order: the lock is released after the table's file is closed.
    table: TableServer,
    _lock: Lock,
}

impl LocalBackend {
    /// Opens the folder and creates what does not exist yet.
    ///
    /// # Errors
    /// [`BackendError`], above all if another process has it open.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, BackendError> {
        let refused = |source| BackendError::Folder { folder: folder.to_owned(), source };
        disk::make_private_folder(folder).map_err(refused)?;
        let lock = Lock::take(folder)?;
        let disk = Disk::open(folder, durability).map_err(refused)?;
        let table = TableServer::start(&folder.join("table.db"), durability)?;
        Ok(Self { folder: folder.to_owned(), disk, table, _lock: lock })
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
