//! The AWS backends against servers that misbehave on purpose, and, where endpoints are named in the environment, against
//! something that speaks AWS's protocols in earnest. Deliberately absent: AWS itself.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod archive;
mod contract;
mod mailer;
mod server;
mod table;
