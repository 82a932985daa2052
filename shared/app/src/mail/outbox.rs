//! One mail per closing run and recipient group, and one per failure and day: an intention first, then the send, then a
//! note of it.
//!
//! If the process dies between the mail being accepted and the note, the next attempt sends once more, and that mail
//! says that it may be a repeat. After that nothing more is sent automatically.

use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_platform::{CreateOutcome, Mail, MailError};
use truecount_store::{Delivery, DeliveryState, StoreError};

use crate::{AppError, Environment};

/// What happened to one group's mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailOutcome {
    /// The recipient group.
    pub group: String,
    /// `sent`, `sent_again`, `already_sent`.
    pub outcome: &'static str,
}

/// What a mail is about: of it each group gets one.
pub(crate) struct Subject<'a> {
    /// The month whose partition its row is in.
    pub(crate) month: BillingMonth,
    /// Its name in the row's key.
    pub(crate) name: String,
    /// Its name in the mail's own key.
    pub(crate) key: String,
    /// The run, if it is of one.
    pub(crate) run_id: &'a str,
}

/// One mail to be sent: who gets it, and how it is written for an attempt.
pub(crate) struct OutgoingMail<'a> {
    /// The recipient group.
    pub(crate) group: &'a str,
    /// Sender.
    pub(crate) from: &'a str,
    /// Addresses.
    pub(crate) to: &'a [String],
    /// Writes the message for attempt 1 or 2.
    pub(crate) write: &'a (dyn Fn(u8) -> Result<Vec<u8>, AppError> + Sync),
}

/// Sends a mail, at most once more if the first outcome is unknown.
///
/// # Errors
/// [`AppError::Mail`] if it was not sent; [`AppError::MailGivenUp`] if nobody knows, and nothing more is tried.
pub(crate) async fn send(
    env: &Environment,
    subject: &Subject<'_>,
    mail: &OutgoingMail<'_>,
) -> Result<MailOutcome, AppError> {
    let (mut delivery, attempt) = match begin(env, subject, mail).await? {
        Attempt::Send { delivery, attempt } => (delivery, attempt),
        Attempt::AlreadySent => return Ok(outcome(mail, "already_sent")),
        Attempt::GiveUp => return Err(delivery_unknown(mail, subject.month)),
    };
    let raw = match (mail.write)(attempt) {
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
    let message = Mail {
        key: format!("{}-{}-{}", subject.month, subject.key, mail.group),
        attempt,
        from: mail.from.to_owned(),
        to: mail.to.to_vec(),
        raw,
    };
    match env.mailer.send(&message).await {
        Ok(_) => {
            delivery.record(&env.store, DeliveryState::Sent).await?;
            Ok(outcome(mail, if attempt == 1 { "sent" } else { "sent_again" }))
        }
        Err(MailError::NotSent(why)) => {
            not_sent(env, &mut delivery).await?;
            Err(AppError::Mail(format!(
                "the mail to `{}` was not sent: {why}; fix that and run the report again",
                mail.group
            )))
        }
        Err(MailError::DeliveryUnknown(why)) if attempt == 1 => Err(AppError::Mail(format!(
            "it is not known whether the mail to `{}` was sent: {why}; running the report again sends it once more, \
             labelled as a possible repeat",
            mail.group
        ))),
        Err(MailError::DeliveryUnknown(_)) => {
            delivery.record(&env.store, DeliveryState::Unknown).await?;
            Err(delivery_unknown(mail, subject.month))
        }
    }
}

/// What is to be done about a mail.
enum Attempt {
    Send { delivery: Delivery, attempt: u8 },
    AlreadySent,
    GiveUp,
}

/// Stores the intention to send, for the first time or once more.
async fn begin(env: &Environment, subject: &Subject<'_>, mail: &OutgoingMail<'_>) -> Result<Attempt, AppError> {
    let store = &env.store;
    let delivery = Delivery::intend(subject.month, &subject.name, mail.group, subject.run_id);
    if delivery.create(store).await? == CreateOutcome::Created {
        return Ok(Attempt::Send { delivery, attempt: 1 });
    }
    let mut found = delivery.reload(store).await?;
    match found.state {
        DeliveryState::Sent => Ok(Attempt::AlreadySent),
        DeliveryState::Repeating | DeliveryState::Unknown => Ok(Attempt::GiveUp),
        DeliveryState::Intended => {
            if !found.advance(store, DeliveryState::Repeating).await? {
                return Err(StoreError::Fenced(format!("the mail to `{}`", mail.group)).into());
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

fn outcome(mail: &OutgoingMail<'_>, outcome: &'static str) -> MailOutcome {
    MailOutcome { group: mail.group.to_owned(), outcome }
}

fn delivery_unknown(mail: &OutgoingMail<'_>, month: BillingMonth) -> AppError {
    AppError::MailGivenUp(format!(
        "the mail of {month} to `{}` was tried twice and neither outcome is known; nothing more is sent automatically: \
         ask the recipients, the report is in the archive",
        mail.group
    ))
}

#[cfg(test)]
mod tests;
