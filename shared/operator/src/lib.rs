//! What only a person at a prompt needs of AWS and of the set-up: a deployed stack found by its name, and a check of
//! everything that could go wrong before month-end. Deliberately absent: anything that a Lambda function links.

pub mod doctor;
pub mod function;
pub mod inspector;
pub mod stack;
pub mod vendor;
