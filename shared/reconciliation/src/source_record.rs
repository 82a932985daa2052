//! How far a run's sources, accounts and clients were read, by names: what a report says beside its rows.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{ClientId, SourceId};

use crate::context::RunContext;
use crate::evidence::Widening;
use crate::evidence_record::AccountRecord;
use crate::names::Names;
use crate::pool::unread;
use crate::run_inputs::{AccountBelonging, ItemsRead, LinesRead};

/// A source of usage, and how far it could be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The source.
    pub source: SourceId,
    /// Whether its snapshot was used.
    pub read: SourceReadWord,
    /// The day of the snapshot; `None`: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_on: Option<Date>,
    /// A snapshot is used for so many days.
    pub fresh_days: u32,
    /// The day of a newer sync, which failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Date>,
    /// Its accounts.
    pub accounts: u64,
    /// Those of them that were not read completely.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<IncompleteAccount>,
}

/// Whether the snapshot of a source was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceReadWord {
    /// It was.
    Used,
    /// There is none.
    NotRead,
    /// It is too old.
    TooOld,
}

/// An account that was not read completely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncompleteAccount {
    /// The account.
    pub account: AccountRecord,
    /// How far it was read.
    pub read: AccountReadWord,
    /// Of a failed one the day of the reading that is used; of a gone one, since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// The client whose it is by decision; `None`: nobody's, several clients', or nobody decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Its name. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
}

/// How far an account was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountReadWord {
    /// These items, and perhaps more.
    Partial,
    /// Nothing of this sync.
    Failed,
    /// It contradicts itself.
    Doubtful,
    /// It fell, and nobody has confirmed that.
    Fell,
    /// The source no longer lists it.
    Gone,
}

/// How far the lines of a client were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinesReadWord {
    /// All.
    #[default]
    Complete,
    /// Lines are missing.
    Partial,
    /// None.
    Failed,
    /// There is less than before, and nobody has confirmed that.
    Fell,
}

impl LinesReadWord {
    pub(crate) fn of(read: &LinesRead) -> Self {
        match read {
            LinesRead::Complete => Self::Complete,
            LinesRead::Partial => Self::Partial,
            LinesRead::Failed => Self::Failed,
            LinesRead::Fell { .. } => Self::Fell,
        }
    }

    /// Whether all were read.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }
}

/// Each source, in the order of the inputs.
pub(crate) fn source_records(names: &Names<'_>, context: &RunContext) -> Vec<SourceRecord> {
    let inputs = names.inputs;
    let mut records: Vec<SourceRecord> = (inputs.sources.iter().enumerate())
        .map(|(number, source)| {
            let read = match unread(source, number, context.count_day) {
                None => SourceReadWord::Used,
                Some(Widening::SourceTooOld { .. }) => SourceReadWord::TooOld,
                Some(_) => SourceReadWord::NotRead,
            };
            SourceRecord {
                source: source.id.clone(),
                read,
                synced_on: source.was_read.then_some(source.synced_on),
                fresh_days: source.fresh_days,
                last_failure: source.last_failure,
                accounts: 0,
                incomplete: Vec::new(),
            }
        })
        .collect();
    for (number, account) in inputs.accounts.iter().enumerate() {
        let record = &mut records[account.source];
        record.accounts += 1;
        let Some((read, as_of)) = read_of(&account.reading) else { continue };
        let client = match account.belongs {
            AccountBelonging::Client(client) => Some(&inputs.clients[client]),
            // What is nobody's that is billed need not be read.
            AccountBelonging::Ignored => continue,
            AccountBelonging::Split { .. } | AccountBelonging::Undecided { .. } => None,
        };
        record.incomplete.push(IncompleteAccount {
            account: names.account(number),
            read,
            as_of,
            client_id: client.map(|client| client.id.clone()),
            client_name: client.map(|client| client.name.clone()),
        });
    }
    records
}

fn read_of(reading: &ItemsRead) -> Option<(AccountReadWord, Option<Date>)> {
    match reading {
        ItemsRead::Complete(_) => None,
        ItemsRead::Partial(_) => Some((AccountReadWord::Partial, None)),
        ItemsRead::Failed { earlier } => Some((AccountReadWord::Failed, earlier.as_ref().map(|(day, _)| *day))),
        ItemsRead::Doubtful => Some((AccountReadWord::Doubtful, None)),
        ItemsRead::Fell { .. } => Some((AccountReadWord::Fell, None)),
        ItemsRead::Gone { confirmed, .. } => Some((AccountReadWord::Gone, *confirmed)),
    }
}
