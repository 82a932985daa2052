//! How many requests this process has sent to AWS: the unit that AWS charges by.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef},
    error::BoxError,
};

use super::Service;

static SENT: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// Requests to AWS, each attempt counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// To the table.
    pub table: u64,
    /// To the archive.
    pub archive: u64,
    /// For mail.
    pub mail: u64,
    /// For secrets.
    pub secrets: u64,
}

/// The requests that this process has sent so far.
#[must_use]
pub fn requests() -> Requests {
    let sent = |service: Service| SENT[service as usize].load(Ordering::Relaxed);
    Requests {
        table: sent(Service::Table),
        archive: sent(Service::Archive),
        mail: sent(Service::Mailer),
        secrets: sent(Service::Secrets),
    }
}

impl Requests {
    /// The requests since an earlier count.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            table: self.table.saturating_sub(earlier.table),
            archive: self.archive.saturating_sub(earlier.archive),
            mail: self.mail.saturating_sub(earlier.mail),
            secrets: self.secrets.saturating_sub(earlier.secrets),
        }
    }
}

/// Counts a client's requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) Service);

impl Intercept for Count {
    fn name(&self) -> &'static str {
        "Count"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        SENT[self.0 as usize].fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
