//! The short mail that shows that mail delivery works: plain text, without any result.

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
pub fn test_email(from: &str, to: &[String], group: &str, at: Timestamp) -> Result<Vec<u8>, ReportError> {
    let envelope = Envelope::read(from, to, group)?;
    let group = sanitize::visible(group);
    let text = format!(
        "This is a test: Truecount's mail to the recipient group \"{group}\" is delivered.\n\n\
         Each month's closing run sends one mail to this group, with what is underbilled and overbilled. There is\n\
         nothing to do. If you did not expect this mail, ask your Truecount administrator.\n"
    );
    let id = format!("test-{}.{}", at.as_second(), word(&group));
    let message = envelope.message(at, &id, format!("Truecount: test mail to {group}"));
    Ok(message.body(MimePart::new("text/plain", text)).write_to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_that_it_is_a_test() {
        let (at, to) = (Timestamp::UNIX_EPOCH, ["Anna <a@msp.example>".to_owned()]);
        let bytes = test_email("t@msp.example", &to, "billing", at).unwrap();
        assert_eq!(bytes, test_email("t@msp.example", &to, "billing", at).unwrap(), "the same bytes");
        let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.subject(), Some("Truecount: test mail to billing"));
        assert!(mail.body_text(0).unwrap().starts_with("This is a test"));
        assert!(test_email("t@msp.example", &[], "billing", at).is_err());
        assert!(test_email("nobody", &to, "billing", at).is_err());
    }
}
