//! What every backend of a port must do, as functions that panic at the first breach. Deliberately absent: anything that
//! is true of one backend only. They write under names of their own and can run on a backend that is in use.

#![expect(clippy::expect_used, reason = "a breach is a panic: these are tests that several crates run")]

mod archive;
mod table;

use std::hash::{BuildHasher, Hasher, RandomState};

use secrecy::ExposeSecret;
use truecount_billing::SourceId;

pub use self::{
    archive::archive,
    table::{missing_table, table},
};
use crate::{Mail, Mailer, SecretError, Secrets};

/// How many race where one may win.
const RACERS: usize = 20;

/// A name that no earlier run used.
fn fresh(what: &str) -> String {
    format!("conformance-{what}-{:016x}", RandomState::new().build_hasher().finish())
}

/// A mailer accepts a mail and its repeat, under two ids.
///
/// # Panics
/// If the backend does not conform.
pub async fn mailer(mailer: &dyn Mailer) {
    let mut mail = Mail {
        key: fresh("mail"),
        attempt: 1,
        from: "truecount@example.com".to_owned(),
        to: vec!["finance@example.com".to_owned(), "owner@example.com".to_owned()],
        raw: b"From: truecount@example.com\r\nTo: finance@example.com, owner@example.com\r\nSubject: =?utf-8?q?=C3=A9?=\r\n\r\n.\r\n..two dots\r\n".to_vec(),
    };
    let first = mailer.send(&mail).await.expect("the first send is accepted");
    mail.attempt = 2;
    let repeat = mailer.send(&mail).await.expect("the repeat is accepted");
    assert!(!first.is_empty() && !repeat.is_empty() && first != repeat, "two mails, two ids: {first}, {repeat}");
}

/// Secrets give a planted source's fields exactly, say of another source that it has none and how to help, and never
/// show a value.
///
/// # Panics
/// If the backend does not conform.
pub async fn secrets(secrets: &dyn Secrets, planted: &SourceId, fields: &[(&str, &str)], missing: &SourceId) {
    let found = secrets.source(planted).await.expect("the planted secret is found");
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected, "the fields of {planted}");
    let shown = format!("{found:?}");
    for (name, value) in fields {
        assert!(found[*name].expose_secret() == *value, "the field {name} is as planted");
        assert!(!shown.contains(value), "the field {name} is not shown by Debug");
    }
    match secrets.source(missing).await {
        Err(SecretError::Missing { source_id, hint }) => {
            assert_eq!(&source_id, missing);
            assert!(hint.contains(' '), "a hint says what to do: {hint}");
        }
        Err(other) => panic!("a missing secret is reported as missing, not: {other}"),
        Ok(_) => panic!("{missing} has no secret"),
    }
}
