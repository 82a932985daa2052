//! What the vendors serve, row by row: held in memory, or computed when asked for.

use std::sync::Arc;

use crate::{
    dataset::{Agreement, Company, Dataset, Device, Organization},
    large::Large,
};

/// Rows of a sample.
#[derive(Debug, Clone)]
pub(crate) enum World {
    Held(Arc<Dataset>),
    Computed(Large),
}

impl World {
    /// What is held; `None` where everything is computed.
    pub(crate) fn held(&self) -> Option<&Dataset> {
        match self {
            Self::Held(dataset) => Some(dataset),
            Self::Computed(_) => None,
        }
    }

    pub(crate) fn company_count(&self) -> u64 {
        match self {
            Self::Held(dataset) => dataset.companies.len() as u64,
            Self::Computed(large) => large.accounts,
        }
    }

    /// Deleted companies are the last ones.
    pub(crate) fn live_company_count(&self) -> u64 {
        match self {
            Self::Held(dataset) => dataset.companies.iter().filter(|one| !one.deleted).count() as u64,
            Self::Computed(large) => large.accounts,
        }
    }

    pub(crate) fn company(&self, n: u64) -> Option<Company> {
        match self {
            Self::Held(dataset) => row(&dataset.companies, n),
            Self::Computed(large) => large.company(n),
        }
    }

    pub(crate) fn agreement_count(&self) -> u64 {
        match self {
            Self::Held(dataset) => dataset.agreements.len() as u64,
            Self::Computed(large) => large.accounts,
        }
    }

    pub(crate) fn agreement(&self, n: u64) -> Option<Agreement> {
        match self {
            Self::Held(dataset) => row(&dataset.agreements, n),
            Self::Computed(large) => large.agreement(n),
        }
    }

    pub(crate) fn agreement_by_id(&self, id: u64) -> Option<Agreement> {
        match self {
            Self::Held(dataset) => dataset.agreements.iter().find(|one| one.id == id).cloned(),
            Self::Computed(large) => id.checked_sub(40).and_then(|n| large.agreement(n)),
        }
    }

    pub(crate) fn company_by_id(&self, id: u64) -> Option<Company> {
        match self {
            Self::Held(dataset) => dataset.companies.iter().find(|one| one.id == id).cloned(),
            Self::Computed(large) => id.checked_sub(250).and_then(|n| large.company(n)),
        }
    }

    pub(crate) fn organization(&self, n: u64) -> Option<Organization> {
        match self {
            Self::Held(dataset) => row(&dataset.organizations, n),
            Self::Computed(large) => large.organization(n),
        }
    }

    /// Device ids begin at 1001 and have no holes.
    pub(crate) fn device(&self, n: u64) -> Option<Device> {
        match self {
            Self::Held(dataset) => row(&dataset.devices, n),
            Self::Computed(large) => large.device(n),
        }
    }
}

fn row<T: Clone>(rows: &[T], n: u64) -> Option<T> {
    usize::try_from(n).ok().and_then(|n| rows.get(n)).cloned()
}
