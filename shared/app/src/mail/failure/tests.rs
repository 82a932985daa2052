//! How often a failed closing is mailed, and to whom.

use super::*;
use crate::test_environment::MailAnswer::{Accept, DeliveryUnknown, Refuse};
use crate::test_environment::{FLAT_RULES, RULES, SETTINGS, TestEnvironment, config, month};

async fn fail(test: &TestEnvironment, month: BillingMonth, cause: &str) -> Result<Vec<&'static str>, AppError> {
    let sent = send_failure_mails(&test.env, &test.config.settings, month, "reconcile", cause).await?;
    Ok(sent.into_iter().map(|mail| mail.outcome).collect())
}

#[tokio::test]
async fn each_group_gets_one_mail_a_day_and_month() {
    let mut test = TestEnvironment::new();
    assert_eq!(fail(&test, month(), "the table is gone").await.unwrap(), ["sent", "sent"]);
    assert_eq!(fail(&test, month(), "it is still gone").await.unwrap(), ["already_sent", "already_sent"]);
    assert_eq!(fail(&test, month().previous(), "the table is gone").await.unwrap(), ["sent", "sent"]);
    test.on("2026-07-01");
    assert_eq!(fail(&test, month(), "the table is gone").await.unwrap(), ["sent", "sent"]);
    let keys = test.mailer.keys();
    assert_eq!(keys[..2], ["2026-06-failed-2026-06-30-owner", "2026-06-failed-2026-06-30-clerk"]);
    assert_eq!(keys[4], "2026-06-failed-2026-07-01-owner");
    assert_eq!(keys.len(), 6);
    assert!(test.mailer.mails()[0].to.contains(&"owner@msp.example".to_owned()));
}

#[tokio::test]
async fn a_mail_written_later_on_the_same_day_has_the_same_bytes() {
    let mut test = TestEnvironment::new();
    test.mailer.answer(&[Refuse, Accept]);
    assert!(fail(&test, month(), "the table is gone").await.is_err());
    test.env.clock = std::sync::Arc::new(truecount_platform::FixedClock("2026-06-30T22:59:00Z".parse().unwrap()));
    assert_eq!(fail(&test, month(), "the table is gone").await.unwrap(), ["sent", "already_sent"]);
    let mails = test.mailer.mails();
    assert_eq!((&mails[0].key, &mails[0].raw), (&mails[2].key, &mails[2].raw));
}

#[tokio::test]
async fn a_group_after_one_whose_mail_is_uncertain_is_mailed_all_the_same() {
    let test = TestEnvironment::new();
    test.mailer.answer(&[DeliveryUnknown, Accept]);
    assert!(matches!(fail(&test, month(), "the table is gone").await, Err(AppError::Mail(_))));
    assert_eq!(fail(&test, month(), "the table is gone").await.unwrap(), ["sent_again", "already_sent"]);
    let mails = test.mailer.mails();
    assert_eq!(mails.iter().map(|mail| mail.attempt).collect::<Vec<_>>(), [1, 1, 2]);
    assert_ne!(mails[0].raw, mails[2].raw, "the second says that it may be a repeat");
}

#[tokio::test]
async fn without_a_sender_it_is_an_error_and_without_groups_it_is_nobody() {
    let mut test = TestEnvironment::new();
    test.config = config(&SETTINGS.replace("from = \"truecount@msp.example\"", ""), RULES);
    assert!(matches!(fail(&test, month(), "gone").await, Err(AppError::Settings { .. })));
    test.config = config(SETTINGS.split("[[mail.groups]]").next().unwrap(), FLAT_RULES);
    assert_eq!(fail(&test, month(), "gone").await.unwrap(), [""; 0]);
    assert_eq!(test.mailer.mails(), []);
}

/// A note that it was sent has no place then: rather twice than not at all.
#[tokio::test]
async fn without_the_table_each_group_is_mailed_all_the_same() {
    let mut test = TestEnvironment::new();
    test.lose_table();
    assert_eq!(fail(&test, month(), "the table is gone").await.unwrap(), ["sent", "sent"]);
    let keys = test.mailer.keys();
    assert_eq!(keys, ["2026-06-failed-2026-06-30-owner", "2026-06-failed-2026-06-30-clerk"]);
    assert_eq!(fail(&test, month(), "the table is gone").await.unwrap(), ["sent", "sent"]);
    test.mailer.answer(&[Refuse, Accept]);
    assert!(matches!(fail(&test, month(), "the table is gone").await, Err(AppError::Mail(_))));
    assert_eq!(test.mailer.keys().len(), 6, "the second group is mailed whatever becomes of the first");
}
