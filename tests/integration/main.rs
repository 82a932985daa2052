//! The product from a file or a vendor's page to the email, in this process.
//!
//! What needs the built binaries or another service is elsewhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod actions;
mod backend;
mod began;
mod closings;
mod cloud;
mod doctor;
mod drop_guard;
mod exports;
mod mails;
mod mappings;
mod microsoft_365;
mod moving_lists;
mod not_reconciled;
mod refused_files;
mod renewal;
mod resumable_files;
mod runs;
mod scripted_mailer;
mod several_months;
mod sheets;
mod smoke;
mod snapshots;
mod sold;
mod warnings;
