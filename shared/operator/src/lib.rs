//! What only a person at a prompt needs: a deployed stack found by its name, and what is wrong before month-end. The
//! Lambdas link nothing of it.

pub mod cloud;
pub mod doctor;
pub mod stack;
