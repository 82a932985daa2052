//! A short mail to each mail group, from the sender and by the mailer of a closing's mail. Deliberately absent: the
//! outbox. A test is sent as often as somebody asks for it.

use serde::{Deserialize, Serialize};
use truecount_platform::{Mail, MailError};
use truecount_store::LeaseMode;

use crate::{AppError, Environment, MailGroup, Settings, mail_address};

/// What became of one group's test mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMail {
    /// The mail group.
    pub group: String,
    /// The addresses that it was for.
    pub to: Vec<String>,
    /// What became of it.
    #[serde(rename = "outcome")]
    pub state: TestMailState,
    /// The mail server's answer, or why it was not sent.
    pub answer: String,
    /// What to do about that; only where SES said what was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What became of a test mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestMailState {
    /// The mail server accepted it.
    Sent,
    /// There is no mail server: it stays in the outbox.
    Kept,
    /// Certainly not sent.
    NotSent,
    /// It may have been sent.
    Unknown,
}

/// Sends a test mail to each group; `wanted`: to this group only, or to this address of the groups.
///
/// # Errors
/// [`AppError::Refused`] if nobody is configured, or not this one; [`AppError::Settings`] without a sender.
pub async fn send_test_mails(
    env: &Environment,
    settings: &Settings,
    wanted: Option<&str>,
) -> Result<Vec<TestMail>, AppError> {
    let from = settings.sender()?;
    let mut tried = Vec::new();
    for group in recipients(settings, wanted)? {
        tried.push(send(env, settings, from, group).await?);
    }
    Ok(tried)
}

fn recipients(settings: &Settings, wanted: Option<&str>) -> Result<Vec<MailGroup>, AppError> {
    let all = &settings.mail.groups;
    if all.is_empty() {
        return Err(AppError::Refused("nobody receives mail: the settings have no [[mail.groups]]".to_owned()));
    }
    let Some(wanted) = wanted else { return Ok(all.clone()) };
    if let Some(group) = all.iter().find(|group| group.id == wanted) {
        return Ok(vec![group.clone()]);
    }
    let to_wanted = all.iter().find_map(|group| {
        let to = group.to.iter().find(|to| mail_address(to).eq_ignore_ascii_case(wanted))?;
        Some(MailGroup { to: vec![to.clone()], ..group.clone() })
    });
    to_wanted.map(|group| vec![group]).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|group| format!("`{}`", group.id)).collect();
        let names = names.join(", ");
        AppError::Refused(format!(
            "there is no mail group `{wanted}`, and no group has that address; the settings have: {names}"
        ))
    })
}

async fn send(env: &Environment, settings: &Settings, from: &str, group: MailGroup) -> Result<TestMail, AppError> {
    let at = env.clock.now();
    let mail = Mail {
        key: format!("test-{}-{}", at.as_second(), group.id),
        attempt: 1,
        from: from.to_owned(),
        to: group.to.clone(),
        raw: truecount_reports::test_email(from, &group.to, &group.id, at)?,
    };
    // A data directory without a mail server: the mail stays in the outbox.
    let is_kept = env.store.lease_mode() == LeaseMode::SingleProcess && settings.mail.smtp.is_none();
    let (state, answer) = match env.mailer.send(&mail).await {
        Ok(name) if is_kept => (TestMailState::Kept, name),
        Ok(id) => (TestMailState::Sent, id),
        Err(MailError::NotSent(why)) => (TestMailState::NotSent, why.to_string()),
        Err(MailError::DeliveryUnknown(why)) => (TestMailState::Unknown, why.to_string()),
    };
    let fix = match (state, &env.sender) {
        (TestMailState::NotSent, Some(sender)) => fix(&answer, sender, &group.to),
        _ => None,
    };
    Ok(TestMail { group: group.id, to: group.to, state, answer, fix })
}

/// What to do about SES's refusal of a stack's mail. It lists the identities that are not verified: the sender's, and in
/// the sandbox the recipients'.
fn fix(answer: &str, sender: &str, to: &[String]) -> Option<String> {
    if answer.contains("ending is paused") || answer.contains("endingPaused") {
        return Some(
            "SES has paused sending for this account or stack: see the SES console, Account dashboard".to_owned(),
        );
    }
    if answer.starts_with("AccessDenied") {
        return Some("deploy the stack again: its report function may send as the stack's `Sender` only".to_owned());
    }
    let (_, unverified) = answer.split_once("not verified")?;
    let unverified = unverified.to_ascii_lowercase();
    let names = |address: &str| {
        let mut words = unverified.split(|c: char| c == ',' || c == '<' || c == '>' || c.is_whitespace());
        words.any(|word| word == address.to_ascii_lowercase())
    };
    let refused: Vec<_> = to.iter().map(|to| mail_address(to)).filter(|to| names(to)).collect();
    let mut fixes = Vec::new();
    if names(sender) || refused.is_empty() {
        fixes.push(format!(
            "SES has not verified the sender `{sender}`: add the DNS records among the stack's outputs, or click the link that SES mailed"
        ));
    }
    if !refused.is_empty() {
        fixes.push(format!(
            "SES is in its sandbox, and has not verified {}: verify each, or request production access",
            refused.join(", ")
        ));
    }
    Some(fixes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_environment::MailAnswer::{Accept, DeliveryUnknown, Refuse};
    use crate::test_environment::TestEnvironment;

    async fn states(test: &TestEnvironment, wanted: Option<&str>) -> Result<Vec<(String, TestMailState)>, AppError> {
        let tried = send_test_mails(&test.env, &test.config.settings, wanted).await?;
        Ok(tried.into_iter().map(|one| (one.group, one.state)).collect())
    }

    #[tokio::test]
    async fn each_group_is_tried_also_after_one_that_failed() {
        let test = TestEnvironment::new();
        test.mailer.answer(&[Refuse, Accept, DeliveryUnknown, Accept]);
        let (owner, clerk) = ("owner".to_owned(), "clerk".to_owned());
        let tried = states(&test, None).await.unwrap();
        assert_eq!(tried, [(owner.clone(), TestMailState::NotSent), (clerk.clone(), TestMailState::Sent)]);
        let again = states(&test, None).await.unwrap();
        assert_eq!(again, [(owner, TestMailState::Unknown), (clerk, TestMailState::Sent)], "it is sent each time");
        assert!(test.mailer.mails().iter().all(|mail| mail.from == "truecount@msp.example"));
    }

    #[tokio::test]
    async fn one_group_or_one_address_can_be_tried_and_no_other() {
        let test = TestEnvironment::new();
        assert_eq!(states(&test, Some("clerk")).await.unwrap().len(), 1);
        states(&test, Some("Owner@msp.example")).await.unwrap();
        assert_eq!(test.mailer.mails()[1].to, ["owner@msp.example"]);
        for stranger in ["kim@other.example", "sales"] {
            let error = states(&test, Some(stranger)).await.unwrap_err().to_string();
            let expected = format!(
                "there is no mail group `{stranger}`, and no group has that address; the settings have: `owner`, `clerk`"
            );
            assert_eq!(error, expected);
        }
        assert_eq!(test.mailer.mails().len(), 2);
    }

    #[test]
    fn a_refusal_of_ses_is_told_apart() {
        let to = ["B. <B@msp.example>".to_owned(), "c@msp.example".to_owned()];
        let refused = |who: &str| {
            let answer = format!(
                "MessageRejected: Email address is not verified. The following identities failed the check in region EU-WEST-2: {who}"
            );
            fix(&answer, "a@msp.example", &to).unwrap()
        };
        let (sender, sandbox) =
            ("SES has not verified the sender `a@msp.example`", "SES is in its sandbox, and has not verified ");
        let both = refused("b@msp.example, a@msp.example");
        assert!(both.contains(sender) && both.contains(&format!("{sandbox}B@msp.example: ")), "{both}");
        let only_sender = refused("Truecount <a@msp.example>");
        assert!(only_sender.contains(sender) && !only_sender.contains(sandbox), "{only_sender}");
        let only_recipients = refused("b@msp.example, c@msp.example");
        assert!(!only_recipients.contains(sender), "{only_recipients}");
        assert!(only_recipients.contains(&format!("{sandbox}B@msp.example, c@msp.example: ")), "{only_recipients}");
        let paused = "AccountSendingPausedException: Email sending is paused";
        assert!(fix(paused, "a@msp.example", &to).unwrap().contains("paused sending"));
        assert!(fix("AccessDenied: no", "a@msp.example", &to).unwrap().contains("deploy the stack again"));
        assert_eq!(fix("Throttling: Rate exceeded", "a@msp.example", &to), None);
    }
}
