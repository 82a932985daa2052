//! What a daily run does once its syncs have ended: close the month that is due and ready, or send the short mails of the
//! day. What is done is decided by the schedule's pure gate; here is what it is decided on.

mod last_day;
mod notices;
mod readiness;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::civil::Date;
use truecount_billing::BillingMonth;
use truecount_reports::ClosingReadiness;
use truecount_store::{RunState, ScheduleStart};

use self::readiness::readiness;
use crate::schedule::{
    CloseBecause, ClosingDue, DailyStep, Today, closing_due, closing_run, daily_step, done, is_done, months_to_tell,
};
use crate::{AppError, Config, Environment};

/// Decides what a daily run does once its syncs have ended: close a month, or send a short mail, or nothing. The first
/// call is recorded, as by [`closing_expected`](crate::closing_expected).
///
/// # Errors
/// [`AppError`] if something cannot be read back.
pub async fn closing_due_now(env: &Environment, config: &Config) -> Result<ClosingDue, AppError> {
    let day = config.settings.today(env);
    let began = ScheduleStart::load_or_begin(&env.store, day).await?.day;
    let (due, step) = decide(env, config, began).await?;
    match step {
        DailyStep::Remind(month) => {
            let notices = vec![notices::reminder(env, config, month, day).await?];
            Ok(ClosingDue { notices, ..due })
        }
        DailyStep::LastDay(month) => {
            let notices = last_day::review(env, config, month).await?.into_iter().collect();
            Ok(ClosingDue { notices, ..due })
        }
        DailyStep::Close(..) | DailyStep::Wait(_) | DailyStep::Nothing => Ok(due),
    }
}

/// What a daily run would do about a closing by the syncs that there are, without noting anything; `None`: there was none
/// here.
///
/// # Errors
/// As [`closing_due_now`].
pub async fn closing_outlook(env: &Environment, config: &Config) -> Result<Option<ClosingDue>, AppError> {
    match ScheduleStart::load(&env.store).await? {
        Some(began) => Ok(Some(decide(env, config, began.day).await?.0)),
        None => Ok(None),
    }
}

/// What is due, and what is done about it. Of the short mails it has the one of what a month waits for.
async fn decide(env: &Environment, config: &Config, began: Date) -> Result<(ClosingDue, DailyStep), AppError> {
    let calendar = &config.settings.closing;
    let day = config.settings.today(env);
    let (mut done, mut mailed) = (done(env, calendar, day, began).await?, BTreeSet::new());
    for month in months_to_tell(calendar, day) {
        // A month that is closed early is among them, too.
        if is_done(&env.store, month).await? {
            done.insert(month);
        }
        mailed.extend(notices::mailed(env, config, month).await?);
    }
    let due = closing_due(calendar, day, began, &done);
    let unread = match due.month {
        Some(month) => unread_before_closing(env, config, month).await?,
        None => None,
    };
    let today = Today { day, began, done: &done, mailed: &mailed, is_ready: unread.is_none() };
    let step = daily_step(calendar, &today);
    let due = match (step, unread) {
        (DailyStep::Wait(month), Some(unread)) => waits(config, due, month, unread),
        (DailyStep::Close(month, CloseBecause::Latest), Some(unread)) => {
            let missing = unread.missing(calendar.ready_percent()).unwrap_or_default();
            let why = format!("{}; {month} is closed with what there is: {missing}", due.why);
            ClosingDue { why, ..due }
        }
        (DailyStep::Close(month, _), None) => mail_left(env, due, month).await?,
        _ => due,
    };
    Ok((due, step))
}

/// The same, if the month is closed and only its mail is left.
async fn mail_left(env: &Environment, due: ClosingDue, month: BillingMonth) -> Result<ClosingDue, AppError> {
    let run = closing_run(&env.store, month).await?;
    if run.is_none_or(|run| run.state < RunState::Reported || run.is_mailed) {
        return Ok(due);
    }
    let why = format!("{month} is closed, and its mail was not sent to everyone: the daily run tries that again");
    Ok(ClosingDue { mail_left: true, why, ..due })
}

/// A month that is due and not closed today.
fn waits(config: &Config, due: ClosingDue, month: BillingMonth, unread: ClosingReadiness) -> ClosingDue {
    let calendar = &config.settings.closing;
    let why = format!(
        "{month} is not closed yet: {}; it is closed once that is read, and on {} at the latest",
        unread.missing(calendar.ready_percent()).unwrap_or_default(),
        calendar.latest_day(month)
    );
    let notices = vec![notices::waits(config, month, due.day, unread)];
    ClosingDue { due: false, notices, why, ..due }
}

/// What a month's closing waits for, or would have waited for; `None`: everything was read, or it is compared already.
async fn unread_before_closing(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
) -> Result<Option<ClosingReadiness>, AppError> {
    if is_compared(env, month).await? { Ok(None) } else { unread_now(env, config, month).await }
}

/// Whether a month's closing was compared: whatever is read since then makes no difference to it.
pub(crate) async fn is_compared(env: &Environment, month: BillingMonth) -> Result<bool, AppError> {
    Ok(closing_run(&env.store, month).await?.is_some_and(|run| run.state >= RunState::Reconciled))
}

/// What a closing of a month would wait for if it began now; `None`: everything was read.
pub(crate) async fn unread_now(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
) -> Result<Option<ClosingReadiness>, AppError> {
    let readiness = Box::pin(readiness(env, config, month)).await?;
    Ok(Some(readiness).filter(|readiness| !readiness.is_ready(config.settings.closing.ready_percent())))
}
