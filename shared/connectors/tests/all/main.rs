//! The engine and the sources against small servers on loopback.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod every_source;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod file_rows;
#[cfg(test)]
mod files;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod list;
#[cfg(test)]
mod load;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod receipt;
#[cfg(test)]
mod server;
#[cfg(test)]
mod vendors;
