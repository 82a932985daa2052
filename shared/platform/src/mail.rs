//! The port that sends a mail: once, and honest about what it does not know. Deliberately absent: retries (a second
//! send of an accepted mail is a second mail) and how a mail is built.

use async_trait::async_trait;

/// The largest raw message, in bytes: what SES takes in `SendRawEmail` without a raised limit.
pub const MAIL_BYTES_MAX: usize = 10_000_000;

/// One message, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What makes the mail one: month, closing number, recipient group. Safe as a file's name.
    pub key: String,
    /// 1, or 2 for the one labelled repeat.
    pub attempt: u8,
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
    /// The whole message (RFC 5322).
    pub raw: Vec<u8>,
}

/// Why a mail has no message id. The difference decides whether it may be sent again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Surely not accepted: it may be sent again.
    #[error("the mail was not sent: {0}")]
    NotSent(String),
    /// It may have been accepted: sending again may make a second mail.
    #[error("it is not known whether the mail was sent: {0}")]
    Unknown(String),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands over the mail with exactly one request, and gives the id under which it was accepted.
    ///
    /// # Errors
    /// [`MailError`] says whether it may have been accepted all the same.
    async fn send(&self, mail: &Mail) -> Result<String, MailError>;
}
