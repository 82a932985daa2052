//! The sample in a folder of this machine: what the stacks are compared with. Deliberately absent: AWS's protocols but
//! for the table's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use truecount_app::{Config, Environment};
use truecount_embedded::{Durability, LocalBackend};
use truecount_sandbox::{FaultProfile, Sample, VendorEndpoints};
use truecount_store::{LeaseMode, Store};

use crate::digest::Digest;
use crate::lambda::binary;
use crate::stack::decide;

/// A folder with the sample's settings, rules, secrets, dropped files and decisions.
pub(crate) struct Folder {
    sample: Arc<Sample>,
    folder: tempfile::TempDir,
}

impl Folder {
    /// Prepares it for vendors at these addresses.
    pub(crate) async fn new(sample: &Arc<Sample>, endpoints: &VendorEndpoints) -> Self {
        let folder = Self { sample: Arc::clone(sample), folder: tempfile::tempdir().unwrap() };
        folder.write("config/settings.toml", sample.settings_toml(endpoints).as_bytes());
        folder.write("config/rules.toml", sample.rules_toml().as_bytes());
        folder.write("config/secrets.toml", sample.secrets_toml().as_bytes());
        only_for_its_owner(&folder.folder.path().join("config/secrets.toml"));
        for file in sample.inbox() {
            folder.drop_file(&file.source, &file.name, &file.bytes);
        }
        let backend = folder.open();
        decide(&store(&backend), sample).await;
        folder
    }

    /// Puts a file into a source's inbox.
    pub(crate) fn drop_file(&self, source: &str, name: &str, bytes: &[u8]) {
        self.write(&format!("archive/inbox/sources/{source}/{name}"), bytes);
    }

    /// Today's files as a tool leaves them when its export fails.
    pub(crate) fn replace_files(&self, sample: &Sample, fault: &FaultProfile) {
        for file in sample.inbox() {
            fs::remove_file(self.folder.path().join(format!("archive/inbox/sources/{}/{}", file.source, file.name)))
                .unwrap();
        }
        for file in sample.inbox_with(fault) {
            self.drop_file(&file.source, &file.name, &file.bytes);
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        truecount_support::write_file(self.folder.path(), name, bytes);
    }

    /// Opens it in this process.
    pub(crate) fn open(&self) -> LocalBackend {
        LocalBackend::open(self.folder.path(), Durability::Bulk).unwrap()
    }

    /// Closes the month at a prompt, with the built `truecount`; gives its exit code.
    pub(crate) async fn close(&self) -> i32 {
        let mut command = Command::new(binary("truecount"));
        command.args(["run", "--closing", "--json", "--data"]).arg(self.folder.path());
        command.env("TRUECOUNT_CLOCK", self.sample.now().to_string());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        output.status.code().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// What the month left behind.
    pub(crate) async fn digest(&self) -> Digest {
        let backend = self.open();
        let mut mails: Vec<_> = fs::read_dir(self.folder.path().join("outbox")).into_iter().flatten().collect();
        mails.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
        let mails: Vec<_> = mails.into_iter().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        Digest::of(&store(&backend), &*backend.archive(), &mails, self.sample.month(), &self.sample.sources()).await
    }
}

/// The settings and rules of an open backend.
pub(crate) async fn config(env: &Environment) -> Config {
    Config::load(env).await.unwrap()
}

/// The rows of a CSV file by column.
pub(crate) fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

#[cfg(unix)]
fn only_for_its_owner(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Other systems have no such mode.
#[cfg(not(unix))]
fn only_for_its_owner(_: &Path) {}

/// The store of an open data directory.
fn store(local: &LocalBackend) -> Store {
    Store::new(local.table(), local.archive(), LeaseMode::SingleProcess)
}
