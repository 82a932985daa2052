//! Mails that leave the system: each at most once.

pub(crate) mod outbox;
