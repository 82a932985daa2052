//! The sample and its vendors. One binary, which is built and linked once.

mod sample;
mod vendors;
