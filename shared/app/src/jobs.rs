//! The jobs: sync a source, accept a fall, reconcile a month, report a run. Each file reads top-down as the job's story.

pub(crate) mod accept;
pub(crate) mod daily;
pub(crate) mod outlook;
pub(crate) mod reconcile;
pub(crate) mod report;
mod runner;
pub(crate) mod sync;
