//! The language of the rules file: what it refuses and in which words, and what it resolves to.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cases;
mod commitments;
mod example;
mod for_whom;
mod groups;
mod properties;
mod refusals;
mod seats;
mod services;
mod slips;
mod vocabulary;
mod whole_files;
