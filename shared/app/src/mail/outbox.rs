//! One mail per closing run and recipient group, and one per failure: an intention first, then the send, then a note of it.
//!
//! If the process dies between the mail being accepted and the note, the next one sends once more, and that mail
//! says that it may be a repeat. After that nothing is sent by itself any more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::BillingMonth;
use truecount_platform::{CreateOutcome, Mail, MailError, Row, Value};

use crate::environment::Environment;
use crate::{AppError, keys};

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MailState {
    /// About to be sent for the first time; the outcome of that may be unknown.
    Intended,
    /// About to be sent once more, labelled.
    Repeating,
    /// Accepted, and noted.
    Sent,
    /// The outcome of the repeat is not known either: nothing is sent by itself any more.
    Unknown,
}

impl MailState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Repeating => "repeating",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of one group's mail.
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

/// Sends a letter, at most once more if the first outcome is unknown.
///
/// # Errors
/// [`AppError::Mail`] if it was not sent; [`AppError::MailGivenUp`] if nobody knows, and nothing more is tried.
pub(crate) async fn send(
    env: &Environment,
    subject: &Subject<'_>,
    letter: &OutgoingMail<'_>,
) -> Result<MailOutcome, AppError> {
    let month = subject.month;
    let (pk, sk) = (keys::month(month), keys::outbox(&subject.name, letter.group));
    let row = |state: MailState| {
        Row::new(&pk, &sk)
            .with("state", Value::Text(state.as_str().to_owned()))
            .with("run_id", Value::Text(subject.run_id.to_owned()))
            .with("noted_at", Value::Text(Timestamp::now().to_string()))
    };
    let attempt = if env.table.put_new(row(MailState::Intended)).await? == CreateOutcome::Created {
        1
    } else {
        let found = env.table.get(&pk, &sk).await?.ok_or_else(|| AppError::damaged(&pk, "an outbox row vanished"))?;
        match found.text("state") {
            Some("sent") => return Ok(outcome(letter, "already_sent")),
            Some("intended") => {
                let intended = Value::Text(MailState::Intended.as_str().to_owned());
                if !env.table.put_if(row(MailState::Repeating), "state", &intended).await? {
                    return Err(AppError::Fenced(format!("the mail to `{}`", letter.group)));
                }
                2
            }
            _ => return Err(nobody_knows(letter, month)),
        }
    };
    let raw = match (letter.write)(attempt) {
        Ok(raw) => raw,
        Err(error) => {
            if attempt == 1 {
                // Nothing left the house: the next try is the first.
                let intended = Value::Text(MailState::Intended.as_str().to_owned());
                env.table.delete_if(&pk, &sk, "state", &intended).await?;
            }
            return Err(error);
        }
    };
    let mail = Mail {
        key: format!("{month}-{}-{}", subject.key, letter.group),
        attempt,
        from: letter.from.to_owned(),
        to: letter.to.to_vec(),
        raw,
    };
    match env.mailer.send(&mail).await {
        Ok(_) => {
            env.table.put(row(MailState::Sent)).await?;
            Ok(outcome(letter, if attempt == 1 { "sent" } else { "sent_again" }))
        }
        Err(MailError::NotSent(why)) => {
            let state = |state: MailState| Value::Text(state.as_str().to_owned());
            if attempt == 1 {
                env.table.delete_if(&pk, &sk, "state", &state(MailState::Intended)).await?;
            } else {
                // The first may have been accepted all the same: the next one is a repeat again, and says so.
                let intended = row(MailState::Intended);
                env.table.put_if(intended, "state", &state(MailState::Repeating)).await?;
            }
            Err(AppError::Mail(format!(
                "the mail to `{}` was not sent: {why}; mend that and run the report again",
                letter.group
            )))
        }
        Err(MailError::DeliveryUnknown(why)) if attempt == 1 => {
            let group = letter.group;
            Err(AppError::Mail(format!(
                "whether the mail to `{group}` was sent is not known: {why}; running the report again sends it once more and says so"
            )))
        }
        Err(MailError::DeliveryUnknown(_)) => {
            env.table.put(row(MailState::Unknown)).await?;
            Err(nobody_knows(letter, month))
        }
    }
}

fn outcome(letter: &OutgoingMail<'_>, outcome: &'static str) -> MailOutcome {
    MailOutcome { group: letter.group.to_owned(), outcome }
}

fn nobody_knows(letter: &OutgoingMail<'_>, month: BillingMonth) -> AppError {
    let group = letter.group;
    AppError::MailGivenUp(format!(
        "the mail of {month} to `{group}` was tried twice and neither outcome is known; nothing more is sent by itself: ask the group, the report is in the archive"
    ))
}
