//! Which month is due to be closed today, and which were missed.
//!
//! The questions themselves are pure ([`closing_due`], [`super::gate`]); around them is what the table knows: when the
//! schedule was first asked, which months are closed, and what was read. A month is due from its closing day on, every
//! day, until its closing run is reported and mailed, or the closing day of the next one has come: then it counts as
//! missed, and the next closing run's mail says so. Until its latest day it waits for what was not read.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_reports::Notice;
use truecount_store::{Closing, Run, RunState, ScheduleStart, Store};

use super::{Calendar, MONTHS_BACK_MAX};
use crate::{AppError, Environment};

/// Whether a month is to be closed today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosingDue {
    /// Whether to close now.
    pub due: bool,
    /// The month to close, now or once what it waits for was read; `None`: none is due.
    pub month: Option<BillingMonth>,
    /// Today, in the time zone of the settings.
    pub day: Date,
    /// The closing day of the month that is due, else the next one.
    pub closing_day: Date,
    /// Closings whose latest day has passed and that are not done.
    pub overdue: u64,
    /// Whether the month is closed, and only its mail is left to be sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mail_left: bool,
    /// Missed months: the next month's closing day has come, so they are no longer closed automatically.
    pub missed: Vec<BillingMonth>,
    /// Short mails that are to go out today instead of a closing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// The same in a sentence.
    pub why: String,
}

/// Decides from the calendar, the day, the day on which this was first asked, and the months that are done.
#[must_use]
pub fn closing_due(calendar: &Calendar, day: Date, began: Date, done: &BTreeSet<BillingMonth>) -> ClosingDue {
    let open: Vec<_> = candidates(calendar, day, began).take_while(|month| !done.contains(month)).collect();
    let Some((month, missed)) = open.split_first() else {
        let newest = calendar.newest_by(day);
        let next = calendar.first_from(day.max(began));
        let next = if next == newest { next.next() } else { next };
        let closing_day = calendar.closing_day(next);
        let before = if done.contains(&newest) { format!("{newest} is closed; ") } else { String::new() };
        let why = format!("{before}{next} will be closed on {closing_day}");
        return ClosingDue {
            due: false,
            month: None,
            day,
            closing_day,
            overdue: 0,
            mail_left: false,
            missed: Vec::new(),
            notices: Vec::new(),
            why,
        };
    };
    let closing_day = calendar.closing_day(*month);
    let latest_day = calendar.latest_day(*month);
    let overdue = missed.len() as u64 + u64::from(day > latest_day);
    let mut why = if day > latest_day {
        format!("{month} was due on {latest_day} and is not closed")
    } else if day > closing_day && day < latest_day {
        format!("{month} is due since {closing_day}, and will be closed on {latest_day} at the latest")
    } else {
        format!("{month} is due to be closed today")
    };
    let missed: Vec<_> = missed.iter().rev().copied().collect();
    if !missed.is_empty() {
        let names: Vec<_> = missed.iter().map(ToString::to_string).collect();
        why.push_str(&format!("; never closed: {}", names.join(", ")));
    }
    ClosingDue {
        due: true,
        month: Some(*month),
        day,
        closing_day,
        overdue,
        mail_left: false,
        missed,
        notices: Vec::new(),
        why,
    }
}

/// The months whose closing day has come, the newest first, back to the first that was expected.
fn candidates(calendar: &Calendar, day: Date, began: Date) -> impl Iterator<Item = BillingMonth> {
    let first = calendar.first_expected_from(began);
    let newest = Some(calendar.newest_by(day));
    std::iter::successors(newest, |month| Some(month.previous()))
        .take_while(move |month| *month >= first)
        .take(MONTHS_BACK_MAX)
}

/// Whether a month's closing day has come, whatever was read. The first call is recorded: no month whose latest day lies
/// before it is ever due.
///
/// # Errors
/// [`AppError`] if the table cannot be read.
pub async fn closing_expected(env: &Environment, calendar: &Calendar) -> Result<ClosingDue, AppError> {
    let day = calendar.day_at(env.clock.now());
    let began = ScheduleStart::load_or_begin(&env.store, day).await?.day;
    due_since(env, calendar, day, began).await
}

/// As [`closing_expected`], without noting anything; `None`: it was never asked here.
///
/// # Errors
/// As [`closing_expected`].
pub async fn closing_due_seen(env: &Environment, calendar: &Calendar) -> Result<Option<ClosingDue>, AppError> {
    match ScheduleStart::load(&env.store).await? {
        Some(began) => due_since(env, calendar, calendar.day_at(env.clock.now()), began.day).await.map(Some),
        None => Ok(None),
    }
}

async fn due_since(env: &Environment, calendar: &Calendar, day: Date, began: Date) -> Result<ClosingDue, AppError> {
    Ok(closing_due(calendar, day, began, &done(env, calendar, day, began).await?))
}

/// The newest month whose closing day has come and whose closing is done, if there is one.
pub(crate) async fn done(
    env: &Environment,
    calendar: &Calendar,
    day: Date,
    began: Date,
) -> Result<BTreeSet<BillingMonth>, AppError> {
    let mut done = BTreeSet::new();
    for month in candidates(calendar, day, began) {
        if is_done(&env.store, month).await? {
            done.insert(month);
            break;
        }
    }
    Ok(done)
}

/// Whether the month's closing run is reported, and mailed to everyone who is to get it.
pub(crate) async fn is_done(store: &Store, month: BillingMonth) -> Result<bool, AppError> {
    Ok(closing_run(store, month).await?.is_some_and(|run| run.state == RunState::Reported && run.is_mailed))
}

pub(crate) async fn closing_run(store: &Store, month: BillingMonth) -> Result<Option<Run>, AppError> {
    let last = Closing::list(store, month).await?.pop();
    match last.and_then(|closing| closing.run_id) {
        Some(run_id) => Ok(Run::load(store, month, &run_id).await?),
        None => Ok(None),
    }
}

/// The closing run of the newest month before this one that has one with an outcome.
pub(crate) async fn last_closing(store: &Store, month: BillingMonth) -> Result<Option<Run>, AppError> {
    let months = Run::months(store).await?;
    for earlier in months.into_iter().rev().filter(|earlier| *earlier < month).take(MONTHS_BACK_MAX) {
        let run = closing_run(store, earlier).await?;
        if let Some(run) = run.filter(|run| run.state >= RunState::Reconciled && run.outcome_sha256.is_some()) {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// The months before `month` that should have been closed and have no closing run with its files, oldest first.
///
/// # Errors
/// [`AppError`] if the table cannot be read.
pub(crate) async fn missed_before(
    env: &Environment,
    calendar: &Calendar,
    month: BillingMonth,
) -> Result<Vec<BillingMonth>, AppError> {
    let earlier: BTreeSet<_> = Run::months(&env.store).await?.into_iter().filter(|earlier| *earlier < month).collect();
    let first = ScheduleStart::load(&env.store).await?.map(|began| calendar.first_expected_from(began.day));
    let mut missed = Vec::new();
    let mut before = month.previous();
    for _ in 0..MONTHS_BACK_MAX {
        let has_run = earlier.contains(&before);
        if has_run && closing_run(&env.store, before).await?.is_some_and(|run| run.state == RunState::Reported) {
            missed.reverse();
            return Ok(missed);
        }
        missed.push(before);
        before = before.previous();
    }
    // Nothing was ever closed here: only months that were expected can be missed.
    missed.retain(|missed| first.is_some_and(|first| *missed >= first));
    missed.reverse();
    Ok(missed)
}
