//! The product from a file or a vendor's page to the email, in this process.
//!
//! What needs the built binaries or another service is elsewhere.

mod home;
mod skeleton;
