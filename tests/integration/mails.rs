//! What becomes of a mail when the mailer fails: at most one repeat, and it says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use truecount_app::MailPolicy;
use truecount_platform::{Mail, MailError, Mailer};

use crate::{backend::soon, smoke};

/// Answers as it is told, and keeps the attempts that it was given.
#[derive(Default)]
struct Told {
    answers: Mutex<VecDeque<Result<String, MailError>>>,
    attempts: Mutex<Vec<u8>>,
}

#[async_trait]
impl Mailer for Told {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        self.attempts.lock().unwrap().push(mail.attempt);
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok("id".to_owned()))
    }
}

/// Reports until the mail is out or nothing more is sent; gives the attempts.
async fn attempts(answers: &[Result<String, MailError>]) -> Vec<u8> {
    let mut home = smoke::home().await;
    let mailer = Arc::new(Told { answers: Mutex::new(answers.iter().cloned().collect()), ..Told::default() });
    home.env.mailer = mailer.clone();
    home.sync("psa").await;
    home.sync("rmm").await;
    let run_id = home.close().await;
    let month = "2026-06".parse().unwrap();
    for _ in 0..6 {
        let reported = truecount_app::report(&home.env, &home.config, month, Some(&run_id), MailPolicy::Usual, soon());
        let _ = reported.await;
    }
    mailer.attempts.lock().unwrap().clone()
}

#[tokio::test]
async fn a_mail_that_may_have_gone_is_repeated_once_and_labelled() {
    let not_sent = || Err(MailError::NotSent("quota".to_owned()));
    let unknown = || Err(MailError::Unknown("timeout".to_owned()));
    for (answers, expected) in [
        (vec![], vec![1]),
        (vec![not_sent()], vec![1, 1]),
        (vec![unknown()], vec![1, 2]),
        (vec![unknown(), unknown()], vec![1, 2]),
        // the repeat surely did not go: the next is a repeat still
        (vec![unknown(), not_sent()], vec![1, 2, 2]),
        (vec![unknown(), not_sent(), unknown()], vec![1, 2, 2]),
    ] {
        assert_eq!(attempts(&answers).await, expected, "{answers:?}");
    }
}
