//! Clients that have nothing in a source, because somebody decided so, and which accounts may be theirs all the same.

use std::collections::BTreeSet;

use jiff::civil::Date;
use truecount_billing::ClientId;
use truecount_store::{NoneRecord, NoneScope};

/// The decisions about the clients of one source.
pub(super) struct Nones<'a> {
    records: &'a [NoneRecord],
    /// Clients with an account of their own: none of those that are left.
    with_account: BTreeSet<ClientId>,
}

impl<'a> Nones<'a> {
    pub(super) fn of(records: &'a [NoneRecord], with_account: BTreeSet<ClientId>) -> Self {
        Self { records, with_account }
    }

    /// Whether an account was known when it was decided that the client has nothing: then it is not the client's. A new
    /// one may be.
    pub(super) fn excludes(&self, client: &ClientId, since: Option<Date>) -> bool {
        let is_about = |record: &&NoneRecord| match &record.scope {
            NoneScope::Client { client_id } => client_id == client,
            NoneScope::Rest => !self.with_account.contains(client),
        };
        self.records.iter().filter(is_about).any(|record| record.knew_of(since))
    }

    /// Whether all clients that are left have nothing.
    pub(super) fn is_for_rest(&self) -> bool {
        self.records.iter().any(|record| record.scope == NoneScope::Rest)
    }

    /// The clients that have nothing by name.
    pub(super) fn clients(&self) -> BTreeSet<ClientId> {
        let client = |record: &NoneRecord| match &record.scope {
            NoneScope::Client { client_id } => Some(client_id.clone()),
            NoneScope::Rest => None,
        };
        self.records.iter().filter_map(client).collect()
    }
}
