//! Where else a device of a client is listed, by names.

use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use truecount_billing::{ClientId, SourceId};

use crate::columns::ItemNo;
use crate::evidence_record::{AccountRecord, NamedItem};
use crate::names::Names;
use crate::two_clients::clients_of;

/// Where else a device is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightingRecord {
    /// The account that has it.
    pub account: AccountRecord,
    /// The clients whose it is there; none: nobody decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientName>,
    /// The day on which it was seen there last; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Date>,
}

/// A client by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientName {
    /// The PSA's id.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
}

/// Devices that a source lists at two clients, by a serial number or a network address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDevices {
    /// The source.
    pub source: SourceId,
    /// The clients, in order of their ids.
    pub clients: [ClientName; 2],
    /// As the first client's account has them.
    pub devices: Vec<NamedItem>,
}

impl SharedDevices {
    pub(crate) fn key(&self) -> (&SourceId, [&ClientId; 2]) {
        (&self.source, self.clients.each_ref().map(|client| &client.client_id))
    }
}

impl Names<'_> {
    pub(crate) fn sightings(&self, items: &[ItemNo]) -> Vec<SightingRecord> {
        let sighting = |item: &ItemNo| {
            let account = self.index.account_of(*item)?;
            let clients = clients_of(self.inputs, self.index, account, *item);
            let clients = clients.into_iter().map(|client| self.client(client));
            let last_seen = self.inputs.items.last_seen(*item).map(|seen| Offset::UTC.to_datetime(seen).date());
            Some(SightingRecord { account: self.account(account), clients: clients.collect(), last_seen })
        };
        items.iter().filter_map(sighting).collect()
    }

    pub(crate) fn client(&self, client: usize) -> ClientName {
        let client = &self.inputs.clients[client];
        ClientName { client_id: client.id.clone(), client_name: client.name.clone() }
    }
}
