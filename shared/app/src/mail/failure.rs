//! The mail that reports that a month's closing run did not finish: one a day, however often it is tried. Where the
//! table is what is broken, each run that fails sends one.

use jiff::civil::Date;
use truecount_billing::{BillingMonth, start_of_day};
use truecount_reports::FailedClosing;
use truecount_store::BegunClosing;

use super::outbox::{self, MailIdentity, MailOutcome};
use crate::{AppError, Environment, MailGroup, Settings};

/// Mails the groups that hear of what has to be done, once a day, that the closing of a month did not finish: at which step, and why.
///
/// # Errors
/// [`AppError`] if the settings name no sender, or a mail was not sent.
pub async fn send_failure_mails(
    env: &Environment,
    settings: &Settings,
    month: BillingMonth,
    step: &str,
    cause: &str,
) -> Result<Vec<MailOutcome>, AppError> {
    let today = settings.today(env);
    send(env, settings, month, &format!("failed-{today}"), today, (step, cause)).await
}

/// Mails the same groups, once, that a closing died: its process ended in the middle of a step.
///
/// # Errors
/// As [`send_failure_mails`].
pub async fn send_crash_mails(
    env: &Environment,
    settings: &Settings,
    begun: &BegunClosing,
) -> Result<Vec<MailOutcome>, AppError> {
    let name = format!("died-{}", begun.at.strftime("%Y-%m-%dT%H%M%SZ"));
    let day = settings.closing.day_at(begun.at);
    send(env, settings, begun.month, &name, day, (&begun.step, &crash_in_words(begun))).await
}

/// When a closing that died began, and what may have ended it.
#[must_use]
pub fn crash_in_words(begun: &BegunClosing) -> String {
    format!(
        "the run that began on {} ended in the middle of this step without a word: it was killed, ran out of memory, or \
         the machine stopped",
        begun.at.strftime("%Y-%m-%d at %H:%M UTC")
    )
}

async fn send(
    env: &Environment,
    settings: &Settings,
    month: BillingMonth,
    name: &str,
    day: Date,
    (step, cause): (&str, &str),
) -> Result<Vec<MailOutcome>, AppError> {
    let (record_name, message_name) = (name.to_owned(), name.to_owned());
    let identity = MailIdentity { month, record_name, message_name, run_id: "", is_urgent: true };
    let failed = FailedClosing {
        month,
        step,
        cause,
        // The start of the day, not the moment, so that a repeat has the same bytes.
        at: start_of_day(day).unwrap_or_else(|| env.clock.now()),
        name: &format!("{month}-{name}"),
    };
    let write = |from: &str, group: &MailGroup, attempt| {
        let mail = outbox::short_mail(env, from, group, attempt);
        truecount_reports::failure_email(&failed, &mail).map_err(AppError::from)
    };
    let groups = settings.mail.of_notices();
    outbox::send_to_groups(env, settings, &groups, &identity, &write).await.into_iter().collect()
}

#[cfg(test)]
mod tests;
