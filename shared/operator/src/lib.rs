//! What only a person at a prompt needs. The Lambdas link nothing of it.

pub mod check;
