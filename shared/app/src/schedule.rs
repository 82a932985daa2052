//! When a month is closed: the MSP's calendar, and which months are due.

mod calendar;
mod closing;

pub use calendar::Calendar;
pub(crate) use closing::missed_before;
pub use closing::{ClosingDue, closing_due, closing_due_now, closing_due_seen};
