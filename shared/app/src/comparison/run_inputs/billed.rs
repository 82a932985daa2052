//! The clients of the PSA with their agreements, and how far their lines were read.

use std::collections::BTreeMap;

use truecount_billing::{BilledLine, ClientId, ReadReason, ReadState};
use truecount_reconciliation::{BilledAgreement, BilledClient, LinesRead, agreements};
use truecount_store::{EarlierReading, FrozenSource, InputAccount, ListedBase, SnapshotEntry};

use super::{ComparisonInputs, LoadedSource, is_partial};
use crate::AppError;
use crate::account_mapping::Client;

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
        of: &ComparisonInputs<'_>,
        source: &FrozenSource,
    ) -> Result<LoadedSource, AppError> {
        let is_partial = is_partial(source);
        self.is_whole = source.snapshot.is_some() && !is_partial;
        let (mut reader, mut accounts) = (of.accounts.of(source), Vec::new());
        while let Some(group) = reader.next_group().await? {
            for account in group {
                let (read, last_known) = match lines_read(&account) {
                    LinesRead::Complete if is_partial => (LinesRead::Partial, Vec::new()),
                    LinesRead::Fell { before } if is_partial => (LinesRead::Partial, before),
                    read @ (LinesRead::Complete | LinesRead::Fell { .. }) => (read, Vec::new()),
                    read @ (LinesRead::Partial | LinesRead::Failed) => (read, last_known(&account)),
                };
                self.add(&account, read, last_known)?;
                accounts.push(account.listed);
            }
        }
        Ok(LoadedSource { frozen: source.clone(), accounts })
    }

    fn add(&mut self, of: &InputAccount, read: LinesRead, last_known: Vec<BilledAgreement>) -> Result<(), AppError> {
        let account = &of.listed.account;
        let id = ClientId::new(account.id.as_str()).map_err(|error| AppError::damaged(account.id.as_str(), error))?;
        let agreements = match read {
            LinesRead::Failed => Vec::new(),
            LinesRead::Complete | LinesRead::Partial | LinesRead::Fell { .. } => agreements(lines_of(&of.entries)),
        };
        self.numbers.insert(id.clone(), self.clients.len());
        self.clients.push(BilledClient {
            id: id.clone(),
            name: account.name.clone(),
            identifier: account.facts.identifiers.first().cloned(),
            read,
            last_known,
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
            last_known: Vec::new(),
            agreements: Vec::new(),
        });
        number
    }

    /// The clients, and those of the PSA with what it knows of them.
    pub(super) fn into_clients(self) -> (Vec<BilledClient>, Vec<Client>) {
        (self.clients, self.known)
    }
}

fn lines_read(account: &InputAccount) -> LinesRead {
    match &account.listed.account.read_state {
        ReadState::Complete => LinesRead::Complete,
        _ if account.listed.is_gone() => before(account).unwrap_or(LinesRead::Failed),
        // Without what it was before, there may be any number more.
        ReadState::Doubtful(ReadReason::Dropped { .. }) => before(account).unwrap_or(LinesRead::Partial),
        ReadState::Partial(_) => LinesRead::Partial,
        ReadState::Failed(_) | ReadState::Doubtful(_) => LinesRead::Failed,
    }
}

/// The lines when they were last read completely; none: they are no longer stored.
fn last_known(account: &InputAccount) -> Vec<BilledAgreement> {
    let reading = account.earlier.iter().find(|reading| reading.read_state.is_complete());
    reading.map(|reading| agreements(lines_of(&reading.entries))).unwrap_or_default()
}

/// The lines before a fall; `None`: they are no longer stored.
fn before(account: &InputAccount) -> Option<LinesRead> {
    let ListedBase { count, as_of, .. } = account.listed.bases.get(LINE)?;
    let holds = |found: &EarlierReading| found.counts.get(LINE) == Some(count);
    let entries = account.earlier_on(*as_of, holds)?;
    Some(LinesRead::Fell { before: agreements(lines_of(entries)) })
}

fn lines_of(records: &[SnapshotEntry]) -> impl Iterator<Item = &BilledLine> {
    records.iter().filter_map(|record| match record {
        SnapshotEntry::Line(line) => Some(line),
        SnapshotEntry::Item(_) | SnapshotEntry::Move(_) => None,
    })
}
