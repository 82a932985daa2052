//! The short mail that reports that a month's closing run did not finish. Plain text: it needs no result of the run.

use jiff::Timestamp;
use mail_builder::mime::MimePart;
use truecount_billing::BillingMonth;

use crate::{
    ReportError, label,
    mail::{Letter, ShortMailTo},
    sanitize, wrapped,
};

/// How much of the cause is shown; the logs have all of it.
const CAUSE_CHARACTERS_MAX: usize = 600;

/// A closing that did not finish.
#[derive(Debug, Clone)]
pub struct FailedClosing<'a> {
    /// The month.
    pub month: BillingMonth,
    /// The step that failed: `sync`, `reconcile` or `report`.
    pub step: &'a str,
    /// What went wrong; foreign text.
    pub cause: &'a str,
    /// When the failure was noticed; the same for a repeat.
    pub at: Timestamp,
    /// Part of the message's id, different for each failure.
    pub name: &'a str,
}

/// How wide the paragraph with what to do is, in characters.
const COLUMNS_MAX: usize = 110;

/// What whoever looks after Truecount does once a run failed. `options` follow each command, such as ` --stack prod`.
#[must_use]
pub fn after_failure(failed: FailedRun, options: &str) -> String {
    let doctor = format!("`truecount doctor{options}` shows what is wrong");
    match failed {
        FailedRun::Closing(month) => format!(
            "{doctor}, and `truecount run --closing --month {month}{options}` closes the month once that is fixed."
        ),
        FailedRun::Draft(month) => {
            format!("{doctor}, and `truecount run --month {month}{options}` makes the draft once that is fixed.")
        }
        FailedRun::Daily => format!("{doctor}; once that is fixed, the next daily run goes on."),
    }
}

/// A run that did not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedRun {
    /// The closing of a month.
    Closing(BillingMonth),
    /// A draft of a month.
    Draft(BillingMonth),
    /// A daily run that did not come to know of a month.
    Daily,
}

/// The message, ready to be sent.
///
/// # Errors
/// [`ReportError::Address`] or [`ReportError::NoRecipient`] if the settings cannot be used.
pub fn failure_email(failed: &FailedClosing<'_>, mail: &ShortMailTo<'_>) -> Result<Vec<u8>, ReportError> {
    let ShortMailTo { from, to, group, attempt, options } = *mail;
    let letter = Letter::of(failed.name, from, to, group, attempt)?;
    let (month, step) = (label::month(failed.month), sanitize::shortened(failed.step, 40));
    let cause = sanitize::unlinked(&sanitize::shortened(failed.cause.trim(), CAUSE_CHARACTERS_MAX));
    let step = sanitize::unlinked(&step);
    let repeat = letter.repeat.map(|line| format!("{line}\n\n")).unwrap_or_default();
    let to_do = format!(
        "What to do: if you receive this mail again, or if invoices go out before tomorrow, forward it to your Truecount \
         administrator: {}",
        after_failure(FailedRun::Closing(failed.month), options)
    );
    let text = format!(
        "{repeat}The closing run of {month} did not finish.\n\n\
         STEP     {step}\n\
         CAUSE    {cause}\n\n\
         What this means: there is no report for {month} yet, or not every recipient has it. No data is lost, and no\n\
         report is mailed twice.\n\n\
         What happens next: the daily run tries again tomorrow, and every day until the month is closed.\n\n\
         {}\n",
        wrapped(&to_do, COLUMNS_MAX, 0)
    );
    let message = letter.message(failed.at, &format!("Truecount {month}: the closing run did not finish"));
    Ok(message.body(MimePart::new("text/plain", text)).write_to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_step_and_remedy_and_neutralizes_foreign_text() {
        let failed = FailedClosing {
            month: "2026-06".parse().unwrap(),
            step: "report",
            cause: "the mail to `billing` was not sent:\r\nBcc: all@example.com https://evil.example/",
            at: Timestamp::UNIX_EPOCH,
            name: "failed-2026-06-26",
        };
        let to = ["a@msp.example".to_owned()];
        let first =
            ShortMailTo { from: "t@msp.example", to: &to, group: "billing", attempt: 1, options: " --stack prod" };
        let bytes = failure_email(&failed, &first).unwrap();
        assert_eq!(bytes, failure_email(&failed, &first).unwrap(), "the same bytes");
        let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.subject(), Some("Truecount June 2026: the closing run did not finish"));
        let text = mail.body_text(0).unwrap();
        assert!(text.contains("STEP     report"), "{text}");
        let told = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&after_failure(FailedRun::Closing(failed.month), " --stack prod")), "{text}");
        assert!(mail.bcc().is_none() && !text.contains("https://"), "{text}");
        let repeat = failure_email(&failed, &ShortMailTo { attempt: 2, ..first }).unwrap();
        let repeat = mail_parser::MessageParser::default().parse(&repeat).unwrap();
        assert!(repeat.subject().unwrap().starts_with("Possible repeat: "));
        assert!(repeat.body_text(0).unwrap().starts_with("This mail may be a repeat: "));
        assert_ne!(mail.message_id(), repeat.message_id());
        assert!(failure_email(&failed, &ShortMailTo { to: &[], ..first }).is_err());
    }
}
