//! The mail server that `.ci/smtp` brings along, as a process of each test's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Who may sign in.
pub(crate) const USER: &str = "truecount";
/// With what.
pub(crate) const PASSWORD: &str = "c4n4ry-pass";

/// A mail server; dropping it ends it.
pub(crate) struct MailServer {
    process: Child,
    folder: TempDir,
    pub(crate) port: u16,
}

impl MailServer {
    /// Starts one of a kind that does so to one conversation after the other; see `.ci/smtp_server.py`.
    pub(crate) fn start(kind: &str, answers: &[&str]) -> Self {
        let command = std::env::var("TRUECOUNT_TEST_MAIL_SERVER").unwrap();
        let mut words = command.split(' ');
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(words.next().unwrap())
            .args(words)
            .arg(folder.path())
            .arg(kind)
            .args(answers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, folder, port: port.trim().parse().unwrap() }
    }

    /// What the settings say of it.
    pub(crate) fn settings(&self, tls: &str) -> String {
        let (port, authority) = (self.port, self.folder.path().join("ca.pem"));
        let authority = authority.display();
        format!("host = \"localhost\"\nport = {port}\ntls = \"{tls}\"\nusername = \"{USER}\"\nca_file = '{authority}'")
    }

    /// The file with the authority that vouches for it.
    pub(crate) fn authority(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The messages that it took, in that order.
    pub(crate) fn taken(&self) -> Vec<Vec<u8>> {
        (1..).map_while(|number| fs::read(self.folder.path().join(format!("{number}.eml"))).ok()).collect()
    }

    /// Waits until it took so many messages.
    pub(crate) fn wait_for(&self, count: usize) {
        let begun = Instant::now();
        while self.taken().len() < count {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} of {count} messages came", self.taken().len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Who the first message was from and for.
    pub(crate) fn envelope(&self) -> String {
        fs::read_to_string(self.folder.path().join("1.to")).unwrap()
    }

    /// The commands that it received, under TLS or not.
    pub(crate) fn commands(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("commands")).unwrap_or_default()).into_owned()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
