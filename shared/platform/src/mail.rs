//! The port that sends a mail: once, saying so when the outcome is not known. Deliberately absent: retries (sending an
//! accepted mail again delivers it twice) and how a mail is built.

use async_trait::async_trait;

use crate::Detail;

/// The largest raw message, in bytes: what SES accepts in `SendRawEmail` without a raised quota.
pub const MAIL_BYTES_MAX: usize = 10_000_000;

/// A message ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Identifies the mail: month, closing number, recipient group. Safe as a file name.
    pub key: String,
    /// 1, or 2 for the single labelled repeat.
    pub attempt: u8,
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
    /// The whole message (RFC 5322).
    pub raw: Vec<u8>,
}

/// Error of sending a mail. The variant decides whether it may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Certainly not accepted: it may be sent again.
    #[error("the mail was not sent: {0}")]
    NotSent(#[source] Detail),
    /// It may have been accepted: sending it again may deliver it twice.
    #[error("it is not known whether the mail was sent: {0}")]
    DeliveryUnknown(#[source] Detail),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends the mail with exactly one request and returns the message id under which it was accepted.
    ///
    /// # Errors
    /// [`MailError`] says whether it may have been accepted nevertheless.
    async fn send(&self, mail: &Mail) -> Result<String, MailError>;
}
