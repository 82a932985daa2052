//! What only a person at a prompt needs of AWS and of the set-up: a deployed stack found by its name, its functions' log,
//! and a check of everything that could go wrong before month-end. Deliberately absent: anything that a Lambda function links.

pub mod alarms;
mod aws_json;
pub mod doctor;
pub mod executions;
pub mod function;
pub mod inspector;
pub mod logs;
pub mod name_servers;
pub mod stack;
pub mod vendor;
