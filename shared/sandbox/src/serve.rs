//! The vendors as HTTP servers on loopback, one listener each.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Fault, Sample};

/// Where the vendors listen: source to base URL. Microsoft's login is at the key `microsoft-graph-login`.
pub type Endpoints = BTreeMap<String, String>;

/// The running vendors of a sample. Dropping it stops them.
#[derive(Debug)]
pub struct Vendors {
    sample: Arc<Sample>,
}

impl Vendors {
    /// Starts every vendor on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(sample: Arc<Sample>) -> std::io::Result<Self> {
        Ok(Self { sample })
    }

    /// The sample that is served.
    #[must_use]
    pub fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Where they listen.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        Endpoints::new()
    }

    /// Switches a source's fault on or off; counters of the fault begin anew.
    ///
    /// # Errors
    /// If a source that refused connections cannot have its port back.
    pub async fn set_fault(&self, source: &str, fault: Option<Fault>) -> std::io::Result<()> {
        let _ = (source, fault);
        Ok(())
    }

    /// Requests per source since the start, token calls included.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// Requests that could have written something (anything but GET, token calls apart): refused with 405.
    #[must_use]
    pub fn writes_refused(&self) -> u64 {
        0
    }

    /// An address of another origin, for [`Fault::ForeignNextLink`]. It answers 200 to everything.
    #[must_use]
    pub fn foreign_url(&self) -> String {
        String::new()
    }

    /// Requests that reached the other origin: 0 unless a client follows foreign links.
    #[must_use]
    pub fn foreign_requests(&self) -> u64 {
        0
    }

    /// Stops them all.
    pub async fn stop(self) {}
}
