//! One mail per closing run and recipient group, and one per failure and day: an intention first, then the send, then a
//! note of it.
//!
//! A mail about a failure is sent without a note where the table is what is broken.
//!
//! If the process dies between the mail being accepted and the note, the next attempt sends once more, and that mail
//! says that it may be a repeat. After that nothing more is sent automatically.

use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_platform::{CreateOutcome, Mail, MailError};
use truecount_reports::ShortMailTo;
use truecount_store::{Delivery, DeliveryState, StoreError};

use crate::{AppError, Environment, MailGroup, Settings};

/// What happened to one group's mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailOutcome {
    /// The recipient group.
    pub group: String,
    /// `sent`, `sent_again`, `already_sent`.
    pub outcome: &'static str,
}

/// What makes a mail one mail: each group gets one of this identity.
pub(super) struct MailIdentity<'a> {
    /// The month whose partition its record is in.
    pub(super) month: BillingMonth,
    /// Its name in the record's key.
    pub(super) record_name: String,
    /// Its name in the message's own key.
    pub(super) message_name: String,
    /// Its run; empty if it is about none.
    pub(super) run_id: &'a str,
    /// Whether it is sent without a note if the table cannot be used: perhaps twice, rather than not at all.
    pub(super) is_urgent: bool,
}

/// Writes the message from a sender to a group, for attempt 1 or 2.
pub(super) type WriteMessage<'a> = dyn Fn(&str, &MailGroup, u8) -> Result<Vec<u8>, AppError> + Sync + 'a;

/// A short mail from a sender to a group.
pub(super) fn short_mail<'a>(
    env: &'a Environment,
    from: &'a str,
    group: &'a MailGroup,
    attempt: u8,
) -> ShortMailTo<'a> {
    ShortMailTo { from, to: &group.to, group: &group.id, attempt, options: &env.command_options }
}

/// Sends a mail to these groups of the settings, also to those after one that it could not be sent to. Without a sender
/// that is a single error.
pub(super) async fn send_to_groups(
    env: &Environment,
    settings: &Settings,
    groups: &[&MailGroup],
    identity: &MailIdentity<'_>,
    write: &WriteMessage<'_>,
) -> Vec<Result<MailOutcome, AppError>> {
    if groups.is_empty() {
        return Vec::new();
    }
    let from = match settings.sender() {
        Ok(from) => from,
        Err(error) => return vec![Err(error)],
    };
    let mut sent = Vec::new();
    for group in groups {
        env.progress.step("sending the mail");
        sent.push(send(env, identity, from, group, write).await);
    }
    sent
}

/// Sends a mail to a group, at most once more if the first outcome is unknown.
///
/// # Errors
/// [`AppError::Mail`] if it was not sent; [`AppError::MailGivenUp`] if nobody knows, and nothing more is tried.
async fn send(
    env: &Environment,
    identity: &MailIdentity<'_>,
    from: &str,
    group: &MailGroup,
    write: &WriteMessage<'_>,
) -> Result<MailOutcome, AppError> {
    let (mut delivery, attempt) = match begin(env, identity, group).await {
        Ok(Attempt::Send { delivery, attempt }) => (delivery, attempt),
        Ok(Attempt::AlreadySent) => return Ok(outcome(group, "already_sent")),
        Ok(Attempt::GiveUp) => return Err(delivery_unknown(group, identity.month)),
        Err(AppError::Store(StoreError::Table(_))) if identity.is_urgent => {
            let message = message(identity, from, group, 1, write(from, group, 1)?);
            let sent = env.mailer.send(&message).await;
            return sent.map(|_| outcome(group, "sent")).map_err(|error| {
                AppError::Mail(format!("the mail to `{}`, which the table can take no note of: {error}", group.id))
            });
        }
        Err(error) => return Err(error),
    };
    let raw = match write(from, group, attempt) {
        Ok(raw) => raw,
        Err(error) => {
            if attempt == 1 {
                // The message never reached the mail server: withdraw the intention, so that the next attempt counts
                // as the first.
                delivery.withdraw(&env.store).await?;
            }
            return Err(error);
        }
    };
    let message = message(identity, from, group, attempt, raw);
    match env.mailer.send(&message).await {
        Ok(_) => {
            delivery.record(&env.store, DeliveryState::Sent).await?;
            Ok(outcome(group, if attempt == 1 { "sent" } else { "sent_again" }))
        }
        Err(MailError::NotSent(why)) => {
            not_sent(env, &mut delivery).await?;
            Err(AppError::Mail(format!(
                "the mail to `{}` was not sent: {why}; fix that and run the report again",
                group.id
            )))
        }
        Err(MailError::DeliveryUnknown(why)) if attempt == 1 => Err(AppError::Mail(format!(
            "it is not known whether the mail to `{}` was sent: {why}; running the report again sends it once more, \
             labelled as a possible repeat",
            group.id
        ))),
        Err(MailError::DeliveryUnknown(_)) => {
            delivery.record(&env.store, DeliveryState::Unknown).await?;
            Err(delivery_unknown(group, identity.month))
        }
    }
}

fn message(identity: &MailIdentity<'_>, from: &str, group: &MailGroup, attempt: u8, raw: Vec<u8>) -> Mail {
    let key = format!("{}-{}-{}", identity.month, identity.message_name, group.id);
    Mail { key, attempt, from: from.to_owned(), to: group.to.clone(), raw }
}

/// What is to be done about a mail.
enum Attempt {
    Send { delivery: Delivery, attempt: u8 },
    AlreadySent,
    GiveUp,
}

/// Stores the intention to send, for the first time or once more.
async fn begin(env: &Environment, identity: &MailIdentity<'_>, group: &MailGroup) -> Result<Attempt, AppError> {
    let store = &env.store;
    let delivery = Delivery::intend(identity.month, &identity.record_name, &group.id, identity.run_id);
    if delivery.create(store).await? == CreateOutcome::Created {
        return Ok(Attempt::Send { delivery, attempt: 1 });
    }
    let mut found = delivery.reload(store).await?;
    match found.state {
        DeliveryState::Sent => Ok(Attempt::AlreadySent),
        DeliveryState::Repeating | DeliveryState::Unknown => Ok(Attempt::GiveUp),
        DeliveryState::Intended => {
            if !found.advance(store, DeliveryState::Repeating).await? {
                return Err(StoreError::Fenced(format!("the mail to `{}`", group.id)).into());
            }
            Ok(Attempt::Send { delivery: found, attempt: 2 })
        }
    }
}

/// The mail server refused: the next attempt is the first again, or once more a repeat.
async fn not_sent(env: &Environment, delivery: &mut Delivery) -> Result<(), StoreError> {
    match delivery.state {
        DeliveryState::Intended => delivery.withdraw(&env.store).await,
        // The first may have been accepted all the same: the next one is a repeat again, and says so.
        _ => delivery.advance(&env.store, DeliveryState::Intended).await.map(drop),
    }
}

fn outcome(group: &MailGroup, outcome: &'static str) -> MailOutcome {
    MailOutcome { group: group.id.clone(), outcome }
}

fn delivery_unknown(group: &MailGroup, month: BillingMonth) -> AppError {
    AppError::MailGivenUp(format!(
        "the mail of {month} to `{}` was tried twice and neither outcome is known; nothing more is sent automatically: \
         ask the recipients, the report is in the archive",
        group.id
    ))
}

#[cfg(test)]
mod tests;
