//! Rules about the code that no compiler checks: which crate may reach which, and how files look.
//!
//! Nothing here runs the product.
