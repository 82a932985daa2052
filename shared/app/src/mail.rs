//! The mails: what each one says and to whom it goes, and the outbox that sends each at most once.

mod closing;
mod failure;
mod notice;
mod outbox;
mod test;

pub(crate) use closing::{ReportedRun, send_run_mails};
pub use failure::{crash_in_words, send_crash_mails, send_failure_mails};
pub use notice::send_notices;
pub use outbox::MailOutcome;
pub use test::{TestMail, TestMailState, send_test_mails};
