//! The clients that each undecided account may belong to, as a run would find them now.

use std::collections::BTreeMap;

use truecount_billing::{AccountId, SourceId};

use super::MappingWorkspace;
use crate::account_mapping::Candidates;

/// By source and undecided account, whose it may be.
pub type Proposals<'a> = BTreeMap<(&'a SourceId, &'a AccountId), &'a Candidates>;

impl MappingWorkspace {
    /// Whose each undecided account may be.
    #[must_use]
    pub fn proposals(&self) -> Proposals<'_> {
        let mut found = Proposals::new();
        for source in &self.sources {
            for (entry, candidates) in source.accounts.iter().zip(&source.candidates) {
                if let Some(candidates) = candidates {
                    found.insert((&source.id, &entry.account.id), candidates);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
