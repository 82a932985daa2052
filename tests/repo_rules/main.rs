//! Rules about the code that no compiler checks. Each is a function over files or manifests, and a test plants a breach
//! of it. Deliberately absent: anything that runs the product.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod files;
mod manifests;
mod modules;
mod names;
mod reasons;
mod source;
mod storage;
mod unix;
mod vendors;
