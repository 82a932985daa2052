//! The short mail by which a person sees that mail arrives: plain text, and nothing of any run.

use jiff::Timestamp;
use mail_builder::mime::MimePart;

use crate::{
    ReportError,
    mail::{Envelope, word},
    sanitize,
};

/// The message, ready to be sent.
///
/// # Errors
/// [`ReportError::Address`] or [`ReportError::NoRecipient`] if the settings cannot be used.
pub fn trial_email(from: &str, to: &[String], group: &str, at: Timestamp) -> Result<Vec<u8>, ReportError> {
    let envelope = Envelope::read(from, to, group)?;
    let group = sanitize::visible(group);
    let text = format!(
        "This is a test: Truecount's mail to the group \"{group}\" arrives.\n\n\
         Each closing run of a month sends one mail here, with what is billed too few or too many. There is nothing\n\
         to do. If you did not expect this, tell whoever looks after Truecount.\n"
    );
    let id = format!("test-{}.{}", at.as_second(), word(&group));
    let message = envelope.message(at, &id, format!("Truecount: a test mail to {group}"));
    Ok(message.body(MimePart::new("text/plain", text)).write_to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_that_it_is_a_test() {
        let (at, to) = (Timestamp::UNIX_EPOCH, ["Anna <a@msp.example>".to_owned()]);
        let bytes = trial_email("t@msp.example", &to, "billing", at).unwrap();
        assert_eq!(bytes, trial_email("t@msp.example", &to, "billing", at).unwrap(), "the same bytes");
        let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.subject(), Some("Truecount: a test mail to billing"));
        assert!(mail.body_text(0).unwrap().starts_with("This is a test"));
        assert!(trial_email("t@msp.example", &[], "billing", at).is_err());
        assert!(trial_email("nobody", &to, "billing", at).is_err());
    }
}
