//! The product from a file or a vendor's page to the email, in this process.
//!
//! What needs the built binaries or another service is elsewhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alarms;
mod closings;
mod cloud;
mod doctor;
mod home;
mod mails;
mod mappings;
mod pieces;
mod renewal;
mod runs;
mod seals;
mod sheets;
mod skeleton;
