//! What a daily run does about closings: it closes what is ready, waits for what is not, reminds, and tells on the last
//! working day what is left. Pure: what was read and what was mailed come in.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::civil::Date;
use truecount_billing::BillingMonth;

use super::Calendar;
use super::closing::closing_due;

/// What is known on the day of a daily run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Today<'a> {
    /// The day, in the MSP's time zone.
    pub(crate) day: Date,
    /// The day on which the schedule was first asked.
    pub(crate) began: Date,
    /// The months whose closing run is reported and mailed.
    pub(crate) done: &'a BTreeSet<BillingMonth>,
    /// The months about which each group was reminded, or told on the last working day.
    pub(crate) mailed: &'a BTreeSet<(BillingMonth, NoticeKind)>,
    /// Whether everything was read that the month waits for which is due, or it is compared already.
    pub(crate) is_ready: bool,
}

/// A mail that goes out once for each month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoticeKind {
    /// The closing is near.
    Reminder,
    /// The invoices are near.
    LastDay,
}

/// What a daily run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DailyStep {
    /// Neither a closing nor a mail.
    Nothing,
    /// It reminds that this month will be closed.
    Remind(BillingMonth),
    /// It says what this month's closing waits for.
    Wait(BillingMonth),
    /// It closes this month.
    Close(BillingMonth, CloseBecause),
    /// It says what has become of this month's closing.
    LastDay(BillingMonth),
}

/// Why a month is closed today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseBecause {
    /// Everything that it waits for was read.
    Ready,
    /// It waits no longer, and is closed with what there is.
    Latest,
}

/// What is to be done on a day.
pub(crate) fn daily_step(calendar: &Calendar, today: &Today<'_>) -> DailyStep {
    let due = closing_due(calendar, today.day, today.began, today.done);
    if let Some(month) = due.month {
        return match today.is_ready {
            true => DailyStep::Close(month, CloseBecause::Ready),
            false if today.day >= calendar.latest_day(month) => DailyStep::Close(month, CloseBecause::Latest),
            false => DailyStep::Wait(month),
        };
    }
    let is_new = |month, kind| !today.mailed.contains(&(month, kind));
    if let Some(month) = last_day_of(calendar, today.day).filter(|month| today.done.contains(month))
        && is_new(month, NoticeKind::LastDay)
    {
        return DailyStep::LastDay(month);
    }
    match reminder_of(calendar, today.day).filter(|month| !today.done.contains(month)) {
        Some(month) if is_new(month, NoticeKind::Reminder) => DailyStep::Remind(month),
        _ => DailyStep::Nothing,
    }
}

/// The months of which a mail may be told on a day, whether or not it was.
pub(crate) fn months_to_tell(calendar: &Calendar, day: Date) -> impl Iterator<Item = BillingMonth> {
    [last_day_of(calendar, day), reminder_of(calendar, day)].into_iter().flatten()
}

/// The month that will be closed soon.
fn reminder_of(calendar: &Calendar, day: Date) -> Option<BillingMonth> {
    let next = calendar.first_from(day.tomorrow().ok()?);
    Some(next).filter(|month| calendar.reminder_day(*month) <= day)
}

/// The month whose last working day has come, and whose invoice date has not. A run that did not take place on that day
/// is made good.
fn last_day_of(calendar: &Calendar, day: Date) -> Option<BillingMonth> {
    let month = calendar.newest_by(day);
    let last = calendar.last_working_day(month)?;
    (last <= day && day < calendar.invoice_date(month)).then_some(month)
}
