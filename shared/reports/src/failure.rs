//! The short mail that says that a month's closing did not finish: plain text, so that it needs nothing of the run.

use jiff::Timestamp;
use mail_builder::mime::MimePart;
use truecount_billing::BillingMonth;

use crate::{
    ReportError, label,
    mail::{Envelope, PREFIX, REPEAT, word},
    sanitize,
};

/// How much is shown of why it failed; all of it is in the logs.
const WHY_CHARACTERS_MAX: usize = 600;

/// A closing that did not finish.
#[derive(Debug, Clone)]
pub struct FailedClosing<'a> {
    /// The month.
    pub month: BillingMonth,
    /// How far it came, in one word: `sync`, `reconcile`, `report`.
    pub step: &'a str,
    /// What went wrong; foreign text.
    pub why: &'a str,
    /// When it was noticed; the same for a repeat.
    pub at: Timestamp,
    /// Of the message's id: no two failures share it.
    pub name: &'a str,
}

/// The message, ready to be sent, for attempt 1 or 2.
///
/// # Errors
/// [`ReportError::Address`] or [`ReportError::NoRecipient`] if the settings cannot be used.
pub fn failure_email(
    failed: &FailedClosing<'_>,
    from: &str,
    to: &[String],
    group: &str,
    attempt: u8,
) -> Result<Vec<u8>, ReportError> {
    let envelope = Envelope::read(from, to, group)?;
    let (month, step) = (label::month(failed.month), sanitize::shortened(failed.step, 40));
    let why = sanitize::unlinked(&sanitize::shortened(failed.why.trim(), WHY_CHARACTERS_MAX));
    let step = sanitize::unlinked(&step);
    let (repeat, prefix) = if attempt > 1 { (format!("{REPEAT}\n\n"), PREFIX) } else { (String::new(), "") };
    let text = format!(
        "{repeat}The closing of {month} did not finish.\n\n\
         STEP     {step}\n\
         WHY      {why}\n\n\
         What it means: there is no report of {month} yet, or not everyone has it. Nothing is lost: what was read is\n\
         kept, and nothing is mailed twice.\n\n\
         What happens next: the daily run tries again tomorrow, and every day until it is done.\n\n\
         What to do: if this mail comes a second time, or invoices go out before tomorrow, give it to whoever looks\n\
         after Truecount: `truecount doctor` names what is wrong, and `truecount run --closing --month {}` closes the\n\
         month as soon as that is mended.\n",
        failed.month
    );
    let id = format!("{}.{}.{attempt}", word(failed.name), word(group));
    let message = envelope.message(failed.at, &id, format!("{prefix}Truecount {month}: the closing did not finish"));
    Ok(message.body(MimePart::new("text/plain", text)).write_to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_and_what_to_do_and_obeys_nothing() {
        let failed = FailedClosing {
            month: "2026-06".parse().unwrap(),
            step: "report",
            why: "the mail to `billing` was not sent:\r\nBcc: all@example.com https://evil.example/",
            at: Timestamp::UNIX_EPOCH,
            name: "failed-2026-06-26",
        };
        let to = ["a@msp.example".to_owned()];
        let bytes = failure_email(&failed, "t@msp.example", &to, "billing", 1).unwrap();
        assert_eq!(bytes, failure_email(&failed, "t@msp.example", &to, "billing", 1).unwrap(), "the same bytes");
        let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.subject(), Some("Truecount June 2026: the closing did not finish"));
        let text = mail.body_text(0).unwrap();
        assert!(text.contains("STEP     report") && text.contains("truecount doctor"), "{text}");
        assert!(mail.bcc().is_none() && !text.contains("https://"), "{text}");
        let repeat = failure_email(&failed, "t@msp.example", &to, "billing", 2).unwrap();
        let repeat = mail_parser::MessageParser::default().parse(&repeat).unwrap();
        assert!(repeat.subject().unwrap().starts_with("Possible repeat: "));
        assert!(repeat.body_text(0).unwrap().starts_with(REPEAT));
        assert_ne!(mail.message_id(), repeat.message_id());
        assert!(failure_email(&failed, "t@msp.example", &[], "billing", 1).is_err());
    }
}
