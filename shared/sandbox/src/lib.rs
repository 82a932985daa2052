//! A sample MSP, its vendors as HTTP servers on loopback, and the answer sheet of what was planted in it.
//!
//! **Architecture invariant:** knows neither the connectors nor the reconciliation. The vendors speak the wire
//! formats of their own documentation, and the answers are written down while the differences are planted, so
//! that agreement between the two sides means something.

mod fault;
mod json;
mod random;
mod sample;
mod serve;
mod sheet;

pub use fault::Fault;
pub use sample::{EarlierMonth, EarlierTotal, InboxFile, Sample, SampleDecision, SampleSize};
pub use serve::{Endpoints, Vendors};
pub use sheet::{Agreement, COLUMNS, Planted, compare, normal};
