//! A mailer that answers as a script says and records what it was asked to send.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use truecount_platform::{Mail, MailError, Mailer};

/// What the mailer answers to one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailAnswer {
    Accepted,
    NotSent,
    DeliveryUnknown,
}

#[derive(Default)]
pub(crate) struct ScriptedMailer {
    answers: Mutex<VecDeque<MailAnswer>>,
    sent: Mutex<Vec<(String, u8)>>,
}

impl ScriptedMailer {
    /// Gives these answers in turn, then accepts everything.
    pub(crate) fn new(answers: &[MailAnswer]) -> Arc<Self> {
        let mailer = Self::default();
        mailer.then(answers);
        Arc::new(mailer)
    }

    /// Adds answers.
    pub(crate) fn then(&self, answers: &[MailAnswer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Key and attempt of each mail, in order.
    pub(crate) fn sent(&self) -> Vec<(String, u8)> {
        self.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl Mailer for ScriptedMailer {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        self.sent.lock().unwrap().push((mail.key.clone(), mail.attempt));
        match self.answers.lock().unwrap().pop_front().unwrap_or(MailAnswer::Accepted) {
            MailAnswer::Accepted => Ok("id".to_owned()),
            MailAnswer::NotSent => Err(MailError::NotSent("quota".into())),
            MailAnswer::DeliveryUnknown => Err(MailError::DeliveryUnknown("timeout".into())),
        }
    }
}
