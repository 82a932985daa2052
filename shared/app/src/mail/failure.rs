//! The mail that reports that a month's closing run did not finish: one a day, however often it is tried.

use truecount_billing::{BillingMonth, start_of_day};
use truecount_reports::FailedClosing;

use super::outbox::{self, MailIdentity, MailOutcome};
use crate::{AppError, Environment, MailGroup, Settings};

/// Mails every group, once a day, that the closing of a month did not finish: at which step, and why.
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
    let name = format!("failed-{today}");
    let identity = MailIdentity { month, record_name: name.clone(), message_name: name.clone(), run_id: "" };
    let failed = FailedClosing {
        month,
        step,
        cause,
        // The start of the day, not the moment, so that a repeat has the same bytes.
        at: start_of_day(today).unwrap_or_else(|| env.clock.now()),
        name: &format!("{month}-{name}"),
    };
    let write = |from: &str, group: &MailGroup, attempt| {
        truecount_reports::failure_email(&failed, from, &group.to, &group.id, attempt).map_err(AppError::from)
    };
    outbox::send_to_groups(env, settings, &identity, &write).await.into_iter().collect()
}

#[cfg(test)]
mod tests;
