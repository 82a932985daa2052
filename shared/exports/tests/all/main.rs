//! What an export's columns become, from the profile to lines and items.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod gathering;
mod generated;
mod presets;
mod profiles;
mod recognising;
mod rows;
mod table;
