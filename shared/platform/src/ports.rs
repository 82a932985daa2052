//! The five ports of one backend, as its use cases get them.

use std::sync::Arc;

use crate::{Archive, Mailer, Secrets, Table};

/// Everything that a backend gives.
#[derive(Clone)]
pub struct Ports {
    /// Records: snapshots, mappings, runs, leases.
    pub table: Table,
    /// Pages, inputs and reports.
    pub archive: Arc<dyn Archive>,
    /// Holds `config/settings.toml` and `config/rules.toml`; on AWS the same bucket as the archive.
    pub config: Arc<dyn Archive>,
    /// Sends the mail.
    pub mailer: Arc<dyn Mailer>,
    /// The vendors' credentials.
    pub secrets: Arc<dyn Secrets>,
}
