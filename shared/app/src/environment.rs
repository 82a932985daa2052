//! Everything outside that a job touches, in one value.

use std::sync::Arc;

use truecount_platform::{Archive, Clock, Mailer, Ports, Secrets};
use truecount_store::{LeaseMode, Store};

/// One backend: AWS, or one machine. Nothing above this knows which.
#[derive(Clone)]
pub struct Environment {
    /// Snapshots, mappings, runs, leases; pages, inputs and reports.
    pub store: Store,
    /// Holds `config/settings.toml` and `config/rules.toml`; on AWS the same bucket as the archive.
    pub config: Arc<dyn Archive>,
    /// Sends the mail.
    pub mailer: Arc<dyn Mailer>,
    /// The only address that a deployed stack may send as; `None`: the settings name the sender.
    pub sender: Option<String>,
    /// The vendors' credentials.
    pub secrets: Arc<dyn Secrets>,
    /// When the command or the execution began: what day it is. Leases use the machine's own clock.
    pub clock: Arc<dyn Clock>,
    /// What a command in a short mail needs to reach this backend, such as ` --stack prod`; empty: nothing.
    pub command_options: String,
    /// Shows how far the work is.
    pub progress: Arc<dyn ProgressObserver>,
}

impl Environment {
    /// The environment of a backend that several processes may use at once. Nobody watches the progress.
    #[must_use]
    pub fn shared(ports: Ports, clock: Arc<dyn Clock>) -> Self {
        Self::new(ports, clock, LeaseMode::Shared)
    }

    /// The environment of a backend. Nobody watches the progress.
    #[must_use]
    pub fn new(ports: Ports, clock: Arc<dyn Clock>, lease_mode: LeaseMode) -> Self {
        let Ports { table, archive, config, mailer, secrets } = ports;
        let store = Store::new(table, archive, lease_mode);
        Self {
            store,
            config,
            mailer,
            sender: None,
            secrets,
            clock,
            command_options: String::new(),
            progress: Arc::new(Quiet),
        }
    }
}

/// What a job reports while it works, for a person who watches. Never part of a result.
pub trait ProgressObserver: Send + Sync {
    /// Pages of a source that were read so far.
    fn pages(&self, source: &str, pages: u64);
    /// A step began.
    fn step(&self, what: &str);
    /// Requests that were sent to a source, and how many responses asked to slow down.
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
