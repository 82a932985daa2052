//! What an export's columns become, from the profile to lines and items.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod gathering;
mod presets;
mod profiles;
mod rows;
mod table;
