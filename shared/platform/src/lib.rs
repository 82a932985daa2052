//! The ports through which Truecount reaches the outside (table, archive, mailer, secrets, clock), their AWS
//! implementations, and one conformance suite for every implementation. Deliberately absent: the implementations on one
//! machine (`truecount-embedded`), any use case, and the SDK's types in a public signature: above this crate nothing
//! knows which backend it runs on.

mod archive;
pub mod aws;
mod backoff;
mod clock;
pub mod conformance;
pub mod endpoint;
mod mail;
mod port_error;
mod ports;
mod secret;
mod table;

pub use archive::{
    Archive, ArchiveEntry, ArchiveError, KEY_BYTES_MAX, KEY_PART_BYTES_MAX, KeyError, LIST_ENTRIES_MAX, checked_key,
    content_type,
};
pub use async_trait::async_trait;
pub use clock::{Clock, ClockVariableError, FixedClock, SystemClock, clock_from_variable};
pub use mail::{MAIL_BYTES_MAX, Mail, MailError, Mailer};
pub use port_error::{BoxError, Detail, PortErrorKind, describe};
pub use ports::Ports;
pub use secrecy::{ExposeSecret, SecretString};
pub use secret::{Fields, SecretError, Secrets, fields_from_json};
pub use table::{CreateOutcome, QUERY_ROWS_MAX, Row, Table, TableError, Value};
