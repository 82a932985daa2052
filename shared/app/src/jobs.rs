//! The jobs: sync a source, reconcile a month, report a run.

pub(crate) mod account_history;
pub(crate) mod anomaly;
pub(crate) mod crawl;
pub(crate) mod reconcile;
pub(crate) mod report;
pub(crate) mod sync;
