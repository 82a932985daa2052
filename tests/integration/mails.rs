//! What follows a failed mail: at most one repeat, labelled as such.

use truecount_app::MailPolicy;

use crate::backend::soon;
use crate::scripted_mailer::{
    MailAnswer::{self, DeliveryUnknown, NotSent},
    ScriptedMailer,
};
use crate::smoke;

/// Reports six times, whatever each answer is; returns the attempt numbers of the mails that were handed over.
async fn attempts(answers: &[MailAnswer]) -> Vec<u8> {
    let mut backend = smoke::backend().await;
    let mailer = ScriptedMailer::new(answers);
    backend.env.mailer = mailer.clone();
    backend.sync("psa").await;
    backend.sync("rmm").await;
    let run_id = backend.close().await;
    let month = "2026-06".parse().unwrap();
    for _ in 0..6 {
        let reported =
            truecount_app::report(&backend.env, &backend.config, month, Some(&run_id), MailPolicy::Usual, soon());
        let _ = reported.await;
    }
    mailer.sent().into_iter().map(|(_, attempt)| attempt).collect()
}

#[tokio::test]
async fn a_mail_of_unknown_delivery_is_repeated_once_and_labelled() {
    for (answers, expected) in [
        (vec![], vec![1]),
        (vec![NotSent], vec![1, 1]),
        (vec![DeliveryUnknown], vec![1, 2]),
        (vec![DeliveryUnknown, DeliveryUnknown], vec![1, 2]),
        // The repeat was certainly not sent, so the next attempt is still the repeat.
        (vec![DeliveryUnknown, NotSent], vec![1, 2, 2]),
        (vec![DeliveryUnknown, NotSent, DeliveryUnknown], vec![1, 2, 2]),
    ] {
        assert_eq!(attempts(&answers).await, expected, "{answers:?}");
    }
}
