//! Rules about the code that no compiler checks: which crate may reach which, and how files look.
//! Deliberately absent: anything that runs the product.

mod crates;
mod files;
