//! Truecount at work on one machine: the automatic closing run, its mail through a mail server, and what a person does
//! with files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod failed_source;
mod files;
mod not_reconciled;
mod office;
mod retention;
mod schedule;
mod server;
mod smtp;
