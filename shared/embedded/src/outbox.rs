//! Mail as `.eml` files, which any mail program opens. Deliberately absent: sending them.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use truecount_platform::{CreateOutcome, Detail, Mail, MailError, Mailer, async_trait, checked_key};

use crate::disk::{Content, Disk, Prepared};

/// Mail into one folder: `KEY.eml`, and `KEY-repeat.eml` for the single labelled repeat.
pub struct EmlOutbox {
    folder: PathBuf,
    /// What writes; `None`: no mail may be written.
    disk: Option<Disk>,
}

impl EmlOutbox {
    pub(crate) fn new(folder: PathBuf, disk: Option<Disk>) -> Self {
        Self { folder, disk }
    }

    /// The file of a mail, existing or not.
    ///
    /// # Errors
    /// [`MailError::NotSent`] if its key cannot name a file, or it is neither the first send nor the repeat.
    pub fn place(&self, mail: &Mail) -> Result<PathBuf, MailError> {
        let key = checked_key(&mail.key).map_err(|error| MailError::NotSent(Detail::of(error)))?;
        let name = match mail.attempt {
            _ if key.contains('/') => return Err(MailError::NotSent(format!("`{key}` cannot name a file").into())),
            1 => format!("{key}.eml"),
            2 => format!("{key}-repeat.eml"),
            more => {
                return Err(MailError::NotSent(
                    format!("it was sent twice already, and this is attempt {more}").into(),
                ));
            }
        };
        Ok(self.folder.join(name))
    }

    fn writer(&self) -> io::Result<&Disk> {
        self.disk.as_ref().ok_or_else(|| io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Writes a mail's copy under a temporary name: it gets its final one once the mail may have been accepted.
    pub(crate) fn prepare(&self, mail: &Mail) -> Result<Prepared, MailError> {
        let path = self.place(mail)?;
        let refused = |error| {
            let message = format!("its copy `{}` cannot be written: {error}", path.display());
            MailError::NotSent(Detail::new(message, error))
        };
        let prepared = self.writer().and_then(|disk| disk.prepare(&path, Content::Bytes(&mail.raw)));
        prepared.map_err(refused)
    }
}

#[async_trait]
impl Mailer for EmlOutbox {
    /// Writes the file; its name is the message id. Sending the same mail again changes nothing.
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let path = self.place(mail)?;
        let disk = self.writer().map_err(|error| MailError::NotSent(Detail::of(error)))?.clone();
        let raw = mail.raw.clone();
        let work = tokio::task::spawn_blocking(move || write(&disk, &path, &raw)).await;
        work.unwrap_or_else(|error| Err(MailError::DeliveryUnknown(Detail::of(error))))
    }
}

fn write(disk: &Disk, path: &Path, raw: &[u8]) -> Result<String, MailError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let at = |error: std::io::Error| Detail::new(format!("`{}`: {error}", path.display()), error);
    match disk.write_new(path, Content::Bytes(raw)) {
        Ok(CreateOutcome::Created) => Ok(name),
        Ok(CreateOutcome::AlreadyExists) => match fs::read(path) {
            Ok(there) if there == raw => Ok(name),
            Ok(_) => {
                Err(MailError::NotSent(format!("a different mail exists at `{}`: move it away", path.display()).into()))
            }
            Err(error) => Err(MailError::DeliveryUnknown(at(error))),
        },
        // The file has its name, but the folder was not synced: it may or may not survive a power cut.
        Err(error) if path.exists() => Err(MailError::DeliveryUnknown(at(error))),
        Err(error) => Err(MailError::NotSent(at(error))),
    }
}

impl fmt::Debug for EmlOutbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmlOutbox").field("folder", &self.folder).finish_non_exhaustive()
    }
}
