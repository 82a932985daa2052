//! One harmless request to a source's vendor: whether it is there and accepts the secret, and what the key may do.

use std::time::Duration;

use jiff::SignedDuration;
use truecount_billing::Remedy;
use truecount_connectors::{Http, HttpSetup, KeyRights, Limits, SettingsError, Source, SourceError, probe};
use truecount_platform::Fields;

/// How long a vendor may take for one request, in seconds.
const PROBE_SECONDS: u64 = 20;

/// HTTP requests for it: a token, the request itself, and one retry.
const PROBE_REQUESTS_MAX: u32 = 3;

/// What came of it.
#[derive(Debug)]
pub struct VendorAnswer {
    /// Whether the vendor answered what can be read.
    pub outcome: Result<(), ProbeError>,
    /// How far the vendor's clock is ahead of this machine's, where it told.
    pub skew: Option<SignedDuration>,
    /// What the key may do, where the vendor told; also of one that was refused.
    pub rights: Option<KeyRights>,
}

/// Why the vendor did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The secret is not one that the source can sign in with.
    #[error(transparent)]
    Secret(#[from] SettingsError),
    /// The vendor refused, or was not reached.
    #[error(transparent)]
    Vendor(#[from] SourceError),
}

impl ProbeError {
    /// What helps.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Secret(_) => Remedy::FixCredentials,
            Self::Vendor(error) => error.remedy(),
        }
    }
}

/// Asks the source's vendor once.
pub async fn ask_vendor(source: &Source, secret: Fields) -> VendorAnswer {
    let limits = Limits { requests_per_ask_max: PROBE_REQUESTS_MAX, ..Limits::default() };
    let deadline = Some(Duration::from_secs(PROBE_SECONDS));
    let setup = HttpSetup { secret, deadline, limits, ..HttpSetup::default() };
    match Http::new(source, setup) {
        Ok(http) => {
            let outcome = probe(source, &http).await.map_err(ProbeError::from);
            VendorAnswer { outcome, skew: http.skew(), rights: http.key_rights(source) }
        }
        Err(error) => VendorAnswer { outcome: Err(error.into()), skew: None, rights: None },
    }
}
