//! The command line at work on one machine: what it prints and where it writes, mappings, secrets and settings, the
//! automatic closing run with its mail, and what a person does with files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod actions;
mod agreements;
mod baseline;
mod check_exports;
mod command;
mod died;
mod explain;
mod failed_source;
mod files;
mod first_steps;
mod folder;
mod history;
mod logs;
mod mappings;
mod masked;
mod not_reconciled;
mod office;
mod one_matcher;
mod operate;
mod prompt;
mod replay;
mod retention;
mod rules_suggest;
mod schedule;
mod schema;
mod scope;
mod server;
mod smtp;
mod sources_add;
mod stack;
mod stand_in;
mod vendor;
mod why;
