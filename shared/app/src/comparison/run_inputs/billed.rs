//! The clients of the PSA with their agreements, and how far their lines were read.

use std::collections::BTreeMap;

use truecount_billing::{BilledLine, ClientId, ReadReason, ReadState};
use truecount_reconciliation::{BilledClient, LinesRead};
use truecount_store::{Base, SnapshotAccount, SnapshotEntry, groups};

use super::earlier::EarlierSnapshots;
use super::lines::agreements;
use super::{ComparisonInputs, LoadedSource, input_writer, is_partial};
use crate::account_mapping::Client;
use crate::{AppError, Environment};

/// The kind under which a snapshot counts lines.
const LINE: &str = "line";

/// Everything that is billed.
#[derive(Default)]
pub(super) struct BilledSide {
    clients: Vec<BilledClient>,
    numbers: BTreeMap<ClientId, usize>,
    /// The PSA's clients: whom an account may belong to.
    pub(super) known: Vec<Client>,
    /// Whether every client of the PSA is known.
    is_whole: bool,
}

impl BilledSide {
    /// Reads the PSA.
    pub(super) async fn read(
        &mut self,
        env: &Environment,
        of: &ComparisonInputs<'_>,
        source: &LoadedSource,
    ) -> Result<(), AppError> {
        let is_partial = is_partial(source);
        self.is_whole = source.frozen.snapshot.is_some() && !is_partial;
        let mut writer = input_writer(env, of, source);
        let mut earlier = EarlierSnapshots::of(env, &source.frozen);
        for group in groups(&source.accounts) {
            let contents = SnapshotAccount::contents(&env.store, &source.frozen.source, group).await?;
            for (entry, records) in group.iter().zip(&contents) {
                writer.push(&entry.account, records)?;
                let read = match lines_read(entry, &mut earlier).await? {
                    LinesRead::Complete | LinesRead::Fell { .. } if is_partial => LinesRead::Partial,
                    read => read,
                };
                self.add(entry, records, read)?;
            }
            writer.flush_if_full().await?;
        }
        writer.finish().await?;
        Ok(())
    }

    fn add(&mut self, entry: &SnapshotAccount, records: &[SnapshotEntry], read: LinesRead) -> Result<(), AppError> {
        let account = &entry.account;
        let id = ClientId::new(account.id.as_str()).map_err(|error| AppError::damaged(account.id.as_str(), error))?;
        let agreements = match read {
            LinesRead::Failed => Vec::new(),
            LinesRead::Complete | LinesRead::Partial | LinesRead::Fell { .. } => agreements(lines_of(records)),
        };
        self.numbers.insert(id.clone(), self.clients.len());
        self.clients.push(BilledClient {
            id: id.clone(),
            name: account.name.clone(),
            identifier: account.facts.identifiers.first().cloned(),
            read,
            agreements,
        });
        self.known.push(Client { id, name: account.name.clone(), facts: account.facts.clone() });
        Ok(())
    }

    /// The number of a client that somebody named. One that the PSA does not have is billed nothing, if the PSA's list is
    /// whole; else nobody knows.
    pub(super) fn number_of(&mut self, id: &ClientId) -> usize {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = self.clients.len();
        self.numbers.insert(id.clone(), number);
        self.clients.push(BilledClient {
            id: id.clone(),
            name: id.to_string(),
            identifier: None,
            read: if self.is_whole { LinesRead::Complete } else { LinesRead::Failed },
            agreements: Vec::new(),
        });
        number
    }

    /// The clients, and those of the PSA with what it knows of them.
    pub(super) fn into_clients(self) -> (Vec<BilledClient>, Vec<Client>) {
        (self.clients, self.known)
    }
}

async fn lines_read(entry: &SnapshotAccount, earlier: &mut EarlierSnapshots<'_>) -> Result<LinesRead, AppError> {
    Ok(match &entry.account.read_state {
        ReadState::Complete => LinesRead::Complete,
        _ if entry.is_gone() => before(entry, earlier).await?.unwrap_or(LinesRead::Failed),
        // Without what it was before, there may be any number more.
        ReadState::Doubtful(ReadReason::Dropped { .. }) => before(entry, earlier).await?.unwrap_or(LinesRead::Partial),
        ReadState::Partial(_) => LinesRead::Partial,
        ReadState::Failed(_) | ReadState::Doubtful(_) => LinesRead::Failed,
    })
}

/// The lines before a fall; `None`: they are no longer stored.
async fn before(entry: &SnapshotAccount, earlier: &mut EarlierSnapshots<'_>) -> Result<Option<LinesRead>, AppError> {
    let Some(Base { count, as_of, .. }) = entry.bases.get(LINE) else { return Ok(None) };
    let holds = |found: &SnapshotAccount| found.counts.get(LINE) == Some(count);
    let records = earlier.contents_of(&entry.account.id, *as_of, holds).await?;
    Ok(records.map(|records| LinesRead::Fell { before: agreements(lines_of(&records)) }))
}

fn lines_of(records: &[SnapshotEntry]) -> impl Iterator<Item = &BilledLine> {
    records.iter().filter_map(|record| match record {
        SnapshotEntry::Line(line) => Some(line),
        SnapshotEntry::Item(_) => None,
    })
}
