//! Everything outside that a use case touches, in one value.

use std::sync::Arc;

use truecount_platform::{Archive, Clock, Mailer, Ports, Secrets, Table};

/// The ports of one home: AWS, or one machine. Nothing above this knows which.
#[derive(Clone)]
pub struct Environment {
    /// Seals, snapshots, decisions, runs, leases.
    pub table: Table,
    /// Pages, inputs and reports.
    pub archive: Arc<dyn Archive>,
    /// Holds `config/settings.toml` and `config/rules.toml`; on AWS the same bucket as the archive.
    pub config: Arc<dyn Archive>,
    /// Sends the mail.
    pub mailer: Arc<dyn Mailer>,
    /// The vendors' credentials.
    pub secrets: Arc<dyn Secrets>,
    /// What day it is. Leases use the machine's own clock.
    pub clock: Arc<dyn Clock>,
    /// Whether this process alone has the home (one machine, locked): a lease found there is then that of a
    /// process that died.
    pub is_exclusive: bool,
    /// Told how far the work is.
    pub progress: Arc<dyn ProgressObserver>,
}

impl Environment {
    /// The environment of a backend that several processes may use at once. Nobody watches the progress.
    #[must_use]
    pub fn shared(ports: Ports, clock: Arc<dyn Clock>) -> Self {
        let Ports { table, archive, config, mailer, secrets } = ports;
        Self { table, archive, config, mailer, secrets, clock, is_exclusive: false, progress: Arc::new(Quiet) }
    }
}

/// What a use case tells while it works, for a person who watches. Never part of a result.
pub trait ProgressObserver: Send + Sync {
    /// So many pages of a source were read.
    fn pages(&self, source: &str, pages: u64);
    /// A step began.
    fn step(&self, what: &str);
    /// A vendor was asked so many times; so many of its answers said to ask less often.
    fn asked(&self, source: &str, requests: u64, throttles: u64) {
        let _ = (source, requests, throttles);
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl ProgressObserver for Quiet {
    fn pages(&self, _source: &str, _pages: u64) {}
    fn step(&self, _what: &str) {}
}
