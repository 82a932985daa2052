//! One sync under its lease: what all its steps need.

use jiff::civil::Date;
use truecount_store::{Checkpoint, Lease, Retention, StoreError};

use crate::schedule::Calendar;
use crate::{Deadline, Environment, SourceSettings};

/// Seconds before the deadline at which no new work is begun.
pub(super) const RESERVE_SECONDS: i64 = 5;

/// One sync under its lease.
pub(super) struct SourceSync<'a> {
    pub(super) env: &'a Environment,
    pub(super) source: &'a SourceSettings,
    pub(super) lease: &'a Lease,
    pub(super) deadline: Deadline,
    /// The day in the MSP's time zone.
    pub(super) today: Date,
    pub(super) retention: Retention,
    pub(super) closing: &'a Calendar,
}

impl SourceSync<'_> {
    /// Stores how far the sync is. The pages that it counts are in the archive already.
    pub(super) async fn save(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        checkpoint.save(&self.env.store, self.lease.fence()).await
    }

    pub(super) fn is_out_of_time(&self) -> bool {
        self.deadline.is_near(RESERVE_SECONDS)
    }
}
