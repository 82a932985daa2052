//! The short mails around a closing: one reminder a month, and one a day of what a month waits for, however often they
//! are asked for.

use truecount_billing::start_of_day;
use truecount_reports::{Notice, notice_email};

use super::outbox::{self, MailIdentity, MailOutcome};
use crate::{AppError, Environment, MailGroup, Settings};

/// Mails each of them to the groups that hear of what has to be done, those after one that failed as well.
///
/// # Errors
/// [`AppError`] if the settings name no sender, or a mail was not sent.
pub async fn send_notices(
    env: &Environment,
    settings: &Settings,
    notices: &[Notice],
) -> Result<Vec<MailOutcome>, AppError> {
    let groups = settings.mail.of_notices();
    let mut sent = Vec::new();
    // The start of the day, not the moment, so that a repeat has the same bytes.
    let at = start_of_day(settings.today(env)).unwrap_or_else(|| env.clock.now());
    for notice in notices {
        let (month, name) = (notice.month(), notice.name());
        let identity =
            MailIdentity { month, record_name: name.clone(), message_name: name, run_id: "", is_urgent: false };
        let write = |from: &str, group: &MailGroup, attempt| {
            notice_email(notice, at, &outbox::short_mail(env, from, group, attempt)).map_err(AppError::from)
        };
        sent.extend(outbox::send_to_groups(env, settings, &groups, &identity, &write).await);
    }
    sent.into_iter().collect()
}
