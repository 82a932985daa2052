//! The outbox against the embedded backend and a mailer that answers by a script.

use super::*;
use crate::test_environment::{MailAnswer, TestEnvironment, month};

struct Outbox(TestEnvironment);

impl Outbox {
    fn new(answers: &[MailAnswer]) -> Self {
        let test = TestEnvironment::new();
        test.mailer.answer(answers);
        Self(test)
    }

    /// Sends the mail of a closing run to a group. What becomes of it: the outcome's word, or the error.
    async fn send(&self, number: &str, group: &str) -> Result<&'static str, AppError> {
        self.send_written(number, group, &|attempt| Ok(format!("attempt {attempt}").into_bytes())).await
    }

    async fn send_written(
        &self,
        number: &str,
        group: &str,
        write: &(dyn Fn(u8) -> Result<Vec<u8>, AppError> + Sync),
    ) -> Result<&'static str, AppError> {
        let (record_name, message_name) = (format!("closing-{number}"), number.to_owned());
        let identity = MailIdentity { month: month(), record_name, message_name, run_id: "run", is_urgent: false };
        let to = vec!["owner@msp.example".to_owned()];
        let mail_group = MailGroup { id: group.to_owned(), to, ..MailGroup::default() };
        let write = |_: &str, _: &MailGroup, attempt| write(attempt);
        send(&self.0.env, &identity, "truecount@msp.example", &mail_group, &write).await.map(|outcome| {
            assert_eq!(outcome.group, group);
            outcome.outcome
        })
    }

    fn texts(&self) -> Vec<String> {
        let mails = self.0.mailer.mails().into_iter();
        mails.map(|mail| String::from_utf8(mail.raw).unwrap()).collect()
    }
}

#[tokio::test]
async fn each_closing_run_and_group_gets_one_mail() {
    let outbox = Outbox::new(&[]);
    for (number, group, expected) in [
        ("1", "owner", "sent"),
        ("1", "owner", "already_sent"),
        ("1", "clerk", "sent"),
        ("2", "owner", "sent"),
        ("1", "owner", "already_sent"),
        ("2", "owner", "already_sent"),
    ] {
        assert_eq!(outbox.send(number, group).await.unwrap(), expected, "{number} {group}");
    }
    assert_eq!(outbox.0.mailer.keys(), ["2026-06-1-owner", "2026-06-1-clerk", "2026-06-2-owner"]);
}

#[tokio::test]
async fn a_mail_of_unknown_delivery_is_repeated_once_and_labelled() {
    let outbox = Outbox::new(&[MailAnswer::DeliveryUnknown]);
    let error = outbox.send("1", "owner").await.unwrap_err();
    assert!(matches!(&error, AppError::Mail(why) if why.contains("timed out")), "{error}");
    assert_eq!(outbox.send("1", "owner").await.unwrap(), "sent_again");
    assert_eq!(outbox.send("1", "owner").await.unwrap(), "already_sent");
    assert_eq!(outbox.texts(), ["attempt 1", "attempt 2"], "the second is written as the labelled repeat");
}

#[tokio::test]
async fn a_second_unknown_delivery_is_given_up() {
    let outbox = Outbox::new(&[MailAnswer::DeliveryUnknown, MailAnswer::DeliveryUnknown]);
    assert!(matches!(outbox.send("1", "owner").await, Err(AppError::Mail(_))));
    for _ in 0..3 {
        let error = outbox.send("1", "owner").await.unwrap_err();
        assert!(matches!(&error, AppError::MailGivenUp(why) if why.contains("`owner`")), "{error}");
    }
    assert_eq!(outbox.texts(), ["attempt 1", "attempt 2"], "nothing more is sent automatically");
    assert_eq!(outbox.send("1", "clerk").await.unwrap(), "sent", "the other groups are not concerned");
}

#[tokio::test]
async fn a_refused_mail_is_tried_again_as_the_first() {
    let outbox = Outbox::new(&[MailAnswer::Refuse, MailAnswer::Refuse]);
    for _ in 0..2 {
        let error = outbox.send("1", "owner").await.unwrap_err();
        assert!(matches!(&error, AppError::Mail(why) if why.contains("over the quota")), "{error}");
    }
    assert_eq!(outbox.send("1", "owner").await.unwrap(), "sent");
    assert_eq!(outbox.texts(), ["attempt 1", "attempt 1", "attempt 1"]);
}

#[tokio::test]
async fn a_refused_repeat_stays_a_repeat() {
    let outbox = Outbox::new(&[MailAnswer::DeliveryUnknown, MailAnswer::Refuse]);
    for _ in 0..2 {
        assert!(matches!(outbox.send("1", "owner").await, Err(AppError::Mail(_))));
    }
    assert_eq!(outbox.send("1", "owner").await.unwrap(), "sent_again");
    assert_eq!(outbox.texts(), ["attempt 1", "attempt 2", "attempt 2"], "the first may have been accepted");
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_never_counts_as_an_attempt() {
    let outbox = Outbox::new(&[]);
    let broken = |_: u8| Err(AppError::Refused("no such client".to_owned()));
    let error = outbox.send_written("1", "owner", &broken).await.unwrap_err();
    assert_eq!(error.to_string(), "no such client");
    assert_eq!(outbox.send("1", "owner").await.unwrap(), "sent");
    assert_eq!(outbox.texts(), ["attempt 1"]);
}

#[tokio::test]
async fn a_process_that_died_after_the_intention_is_followed_by_a_labelled_repeat() {
    // What is left of such a process is the intention alone, as after an unknown delivery.
    let outbox = Outbox::new(&[]);
    let dies = |_: u8| -> Result<Vec<u8>, AppError> { std::panic::resume_unwind(Box::new("killed")) };
    let died = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(outbox.send_written("1", "owner", &dies)));
    assert!(died.await.is_err());
    assert_eq!(outbox.send("1", "owner").await.unwrap(), "sent_again");
    assert_eq!(outbox.texts(), ["attempt 2"]);
}
