//! Which of the items that are bought bind to be paid for.

use jiff::civil::Date;
use truecount_billing::Commitment;

/// Which items bind to be paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Binding {
    /// From when on it is looked at.
    pub(crate) count_day: Date,
    /// The day whose bill is looked at.
    pub(crate) looked_at: Date,
    /// Whether one of which nothing is told binds.
    pub(crate) without_term: bool,
}

impl Binding {
    /// One that can still be cancelled does not bind, and neither does one that ends before the day looked at.
    pub(crate) fn binds(&self, commitment: Option<&Commitment>) -> bool {
        commitment.map_or(self.without_term, |commitment| {
            commitment.cancellable_until.is_none_or(|last| last < self.count_day)
                && commitment.until.is_none_or(|last| last >= self.looked_at)
        })
    }
}
