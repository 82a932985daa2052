//! Files as people hand them over. One binary, which is built and linked once.

mod files;
mod random;
