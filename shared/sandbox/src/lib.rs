//! A sample MSP, its vendors as HTTP servers on loopback, and the answer sheet of what was planted in it.
//!
//! **Architecture invariant:** knows neither the connectors nor the reconciliation. The vendors speak the wire
//! formats of their own documentation, and the answers are written down while the differences are planted, so
//! that agreement between the two sides means something.

mod backup;
mod bill;
mod catalogue;
mod chapters;
mod dataset;
mod expectation;
mod fault;
mod grow;
mod history;
mod json;
mod large;
mod names;
mod plan;
mod random;
mod sample;
mod seed_discrepancies;
mod sell;
mod serve;
mod settings;
mod sheet;
mod sold;
mod states;
mod story;
mod vendors;
mod world;

pub use fault::FaultProfile;
pub use sample::{EarlierMonth, EarlierTotal, Sample, SampleDecision, SampleFile, SampleNone, SampleSize};
pub use serve::{VendorEndpoints, Vendors};
pub use settings::secrets_toml;
pub use sheet::{COLUMNS, Planted, Tally, compare, normal};
pub use states::{MonthStates, StateTally, states};
