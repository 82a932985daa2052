//! What is kept for a limited time is deleted here when that time is over: rows by their `expires`, as DynamoDB's TTL
//! does, and archived files by age, as a bucket's lifecycle rule does. Deliberately absent: what is kept for how long.

use std::{fs, io, path::Path};

use crate::{BackendError, LocalBackend, folder, refuse_links};

/// How much was deleted because its time was over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Rows of the table.
    pub rows: usize,
    /// Files of the archive.
    pub files: usize,
}

impl LocalBackend {
    /// Deletes each row whose `expires` (seconds since 1970) has passed, and each archived file below `prefix` whose
    /// key `is_expired` says so for. A link is deleted itself, never what it leads to.
    ///
    /// # Errors
    /// [`BackendError`] if something could not be deleted; what was deleted until then stays deleted, and the next
    /// call goes on.
    pub fn delete_expired(&self, prefix: &str, is_expired: impl Fn(&str) -> bool) -> Result<Expired, BackendError> {
        let rows = self.table.delete_expired()?;
        let root = self.folder().join("archive");
        let files = delete_files(&root, prefix, is_expired)
            .map_err(|source| BackendError::Folder { folder: root.clone(), source })?;
        Ok(Expired { rows, files })
    }
}

fn delete_files(root: &Path, prefix: &str, is_expired: impl Fn(&str) -> bool) -> io::Result<usize> {
    refuse_links(root, &root.join(prefix))?;
    let mut deleted = 0;
    for entry in folder::walk(root, root.join(prefix), prefix)? {
        if !is_expired(&entry.key) {
            continue;
        }
        let path = root.join(&entry.key);
        fs::remove_file(&path)?;
        deleted += 1;
        // Succeeds once the folder is empty; until then it holds files that are kept, or not yet reached.
        if let Some(folder) = path.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use truecount_platform::{Archive, Row, Value};

    use crate::{Durability, Expired, LocalBackend};

    fn row(name: &str, expires: Option<i64>) -> Row {
        let row = Row::new("kept", name);
        match expires {
            Some(at) => row.with("expires", Value::Number(at)),
            None => row,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_what_has_expired_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let table = backend.table();
        for (name, expires) in [("past", Some(now - 60)), ("future", Some(now + 3600)), ("always", None)] {
            table.put_new(row(name, expires)).await.unwrap();
        }
        let archive = backend.archive();
        for key in ["raw/s/2025-01-01-000001/000001.gz", "raw/s/2026-01-01-000002/000001.gz", "reports/2025-01/x.csv"] {
            archive.put_new(key, b"x".to_vec()).await.unwrap();
        }
        let is_expired = |key: &str| key.contains("2025-01-01");
        assert_eq!(backend.delete_expired("raw", is_expired).unwrap(), Expired { rows: 1, files: 1 });
        assert_eq!(backend.delete_expired("raw", is_expired).unwrap(), Expired::default());
        let rows: Vec<String> = table.query("kept", "").await.unwrap().into_iter().map(|row| row.sk).collect();
        assert_eq!(rows, ["always", "future"]);
        let keys: Vec<String> = archive.list("").await.unwrap().into_iter().map(|entry| entry.key).collect();
        assert_eq!(keys, ["raw/s/2026-01-01-000002/000001.gz", "reports/2025-01/x.csv"]);
        assert!(!folder.path().join("archive/raw/s/2025-01-01-000001").exists());
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_link_is_deleted_and_not_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let precious = elsewhere.path().join("precious.gz");
        std::fs::write(&precious, b"x").unwrap();
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let inside = folder.path().join("archive/raw/s");
        std::fs::create_dir_all(&inside).unwrap();
        std::os::unix::fs::symlink(&precious, inside.join("old.gz")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), inside.join("folder")).unwrap();
        assert_eq!(backend.delete_expired("raw", |_| true).unwrap().files, 1);
        assert!(precious.exists());
        std::fs::rename(folder.path().join("archive/raw"), folder.path().join("raw")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("archive/raw")).unwrap();
        let refused = backend.delete_expired("raw", |_| true).unwrap_err().to_string();
        assert!(refused.contains("archive/raw` is a symbolic link"), "{refused}");
        assert!(precious.exists());
    }
}
