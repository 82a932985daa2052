//! When a month is closed: the MSP's calendar, and which months are due.

mod calendar;
mod closing;
mod gate;

pub use calendar::Calendar;
pub use closing::{ClosingDue, closing_due, closing_due_seen, closing_expected};
pub(crate) use closing::{closing_run, done, is_done, last_closing, missed_before};
pub(crate) use gate::{CloseBecause, DailyStep, NoticeKind, Today, daily_step, months_to_tell};

/// Months that are looked back at the most.
pub(crate) const MONTHS_BACK_MAX: usize = 24;
