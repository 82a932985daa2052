//! Mail as `.eml` files, which any mail program opens. Deliberately absent: sending them on.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use truecount_platform::{CreateOutcome, Mail, MailError, Mailer, async_trait, checked_key};

use crate::disk::{Disk, Prepared};

/// Mail into one folder: `KEY.eml`, and `KEY-repeat.eml` for the one labelled repeat.
pub struct EmlOutbox {
    folder: PathBuf,
    disk: Disk,
}

impl EmlOutbox {
    pub(crate) fn new(folder: PathBuf, disk: Disk) -> Self {
        Self { folder, disk }
    }

    /// Where a mail lies, or will.
    ///
    /// # Errors
    /// [`MailError::NotSent`] if its key cannot name a file, or it is neither the first send nor the repeat.
    pub fn place(&self, mail: &Mail) -> Result<PathBuf, MailError> {
        let key = checked_key(&mail.key).map_err(|error| MailError::NotSent(error.to_string()))?;
        let name = match mail.attempt {
            _ if key.contains('/') => return Err(MailError::NotSent(format!("`{key}` cannot name a file"))),
            1 => format!("{key}.eml"),
            2 => format!("{key}-repeat.eml"),
            more => return Err(MailError::NotSent(format!("it was sent twice already, and this is number {more}"))),
        };
        Ok(self.folder.join(name))
    }

    /// Writes a mail's copy, without a name as long as nobody knows whether it goes out.
    pub(crate) fn prepare(&self, mail: &Mail) -> Result<Prepared, MailError> {
        let path = self.place(mail)?;
        let refused = |error| MailError::NotSent(format!("its copy `{}` cannot be written: {error}", path.display()));
        self.disk.prepare(&path, &mail.raw).map_err(refused)
    }
}

#[async_trait]
impl Mailer for EmlOutbox {
    /// Writes the file; its name is the message id. The same mail again is the same file.
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let path = self.place(mail)?;
        let (disk, raw) = (self.disk.clone(), mail.raw.clone());
        let work = tokio::task::spawn_blocking(move || write(&disk, &path, &raw)).await;
        work.unwrap_or_else(|error| Err(MailError::Unknown(error.to_string())))
    }
}

fn write(disk: &Disk, path: &Path, raw: &[u8]) -> Result<String, MailError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let place = path.display();
    match disk.write_new(path, raw) {
        Ok(CreateOutcome::Created) => Ok(name),
        Ok(CreateOutcome::AlreadyExists) => match fs::read(path) {
            Ok(there) if there == raw => Ok(name),
            Ok(_) => Err(MailError::NotSent(format!("another mail lies at `{place}`: move it away"))),
            Err(error) => Err(MailError::Unknown(format!("`{place}`: {error}"))),
        },
        // Named, but perhaps not for good: it may be there after a power cut, or not.
        Err(error) if path.exists() => Err(MailError::Unknown(format!("`{place}`: {error}"))),
        Err(error) => Err(MailError::NotSent(format!("`{place}`: {error}"))),
    }
}

impl fmt::Debug for EmlOutbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmlOutbox").field("folder", &self.folder).finish_non_exhaustive()
    }
}
