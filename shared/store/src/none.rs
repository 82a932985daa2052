//! What people decided about clients that have nothing in a source: appended, never changed. Of those in force in a month
//! the last counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ClientId, SourceId};

use crate::key::{Key, Partition, escaped};
use crate::record::json_lines;
use crate::{CreateOutcome, Record, Store, StoreError};

/// Whom a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum NoneScope {
    /// One client.
    Client {
        /// The client.
        client_id: ClientId,
    },
    /// Every client without an account in the source.
    Rest,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoneDecision {
    /// They have nothing in the source.
    None,
    /// An earlier decision is withdrawn.
    Undecided,
}

/// One decision about clients that have nothing in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoneRecord {
    /// The source.
    pub source: SourceId,
    /// Whom it is about.
    #[serde(flatten)]
    pub scope: NoneScope,
    /// What was decided.
    pub decision: NoneDecision,
    /// The first month in which it is in force; `None`: every month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<BillingMonth>,
    /// Who decided.
    pub actor: String,
    /// Why, in the actor's words.
    pub note: String,
    /// What supported it when it was decided, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The day of the source's sync that it was decided on; `None`: there was none. Accounts first seen later are new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_on: Option<Date>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Its place among the decisions about the same clients, from 1; assigned when it is appended.
    pub number: i64,
}

/// Every decision about the clients of a source, in order.
pub type NoneHistory = BTreeMap<NoneScope, Vec<NoneRecord>>;

impl Record for NoneRecord {
    const KIND: &'static str = "";

    fn key(&self) -> Key {
        Partition::nones(&self.source).sort(format!("{}{:06}", begin(&self.scope), self.number))
    }
}

/// What the sort keys of the decisions about the same clients begin with.
fn begin(scope: &NoneScope) -> String {
    match scope {
        NoneScope::Client { client_id } => format!("CLIENT#{}#", escaped(client_id)),
        NoneScope::Rest => "REST#".to_owned(),
    }
}

impl NoneRecord {
    /// Appends the decision if the last one about the same clients still has this number (0: there is none).
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was appended.
    pub async fn append_after(&self, store: &Store, last: i64) -> Result<CreateOutcome, StoreError> {
        store.create(&Self { number: last + 1, ..self.clone() }).await
    }

    /// Whether whoever decided knew of an account that was first seen on `since`; `None`: not known, and not new.
    #[must_use]
    pub fn knew_of(&self, since: Option<Date>) -> bool {
        let known_until = self.synced_on.unwrap_or_else(|| jiff::tz::Offset::UTC.to_datetime(self.decided_at).date());
        since.is_none_or(|since| since <= known_until)
    }

    /// Every decision about the clients of a source.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn history(store: &Store, source: &SourceId) -> Result<NoneHistory, StoreError> {
        let mut history = NoneHistory::new();
        for record in store.list::<Self>(&Partition::nones(source), "").await? {
            history.entry(record.scope.clone()).or_default().push(record);
        }
        Ok(history)
    }

    /// Records as JSON lines: the same records give the same bytes.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if one has no JSON form.
    pub fn to_lines<'a>(records: impl IntoIterator<Item = &'a Self>) -> Result<Vec<u8>, StoreError> {
        json_lines(records, "a decision about a client")
    }
}

/// The decisions that clients have nothing which are in force in a month, in order. One that was withdrawn is left out.
#[must_use]
pub fn nones_in_force(history: &NoneHistory, month: BillingMonth) -> Vec<&NoneRecord> {
    let is_in_force = |record: &&NoneRecord| record.from.is_none_or(|from| from <= month);
    let last = history.values().filter_map(|records| records.iter().rev().find(is_in_force));
    last.filter(|record| record.decision == NoneDecision::None).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    fn client(id: &str) -> NoneScope {
        NoneScope::Client { client_id: id.parse().unwrap() }
    }

    fn record(scope: NoneScope, decision: NoneDecision, from: Option<&str>) -> NoneRecord {
        NoneRecord {
            source: "rmm".parse().unwrap(),
            scope,
            decision,
            from: from.map(|month| month.parse().unwrap()),
            actor: "kim".to_owned(),
            note: "asked them".to_owned(),
            evidence: Vec::new(),
            synced_on: None,
            decided_at: Timestamp::UNIX_EPOCH,
            number: 0,
        }
    }

    #[tokio::test]
    async fn decisions_are_appended_and_the_last_in_force_counts() {
        let TestStore { store, .. } = &TestStore::new();
        for (scope, decision, from, last) in [
            (client("1"), NoneDecision::None, None, 0),
            (client("1"), NoneDecision::Undecided, Some("2026-07"), 1),
            (client("1#2"), NoneDecision::None, Some("2026-07"), 0),
            (NoneScope::Rest, NoneDecision::None, None, 0),
            (NoneScope::Rest, NoneDecision::Undecided, None, 1),
        ] {
            let outcome = record(scope, decision, from).append_after(store, last).await.unwrap();
            assert_eq!(outcome, CreateOutcome::Created);
        }
        let again = record(client("1"), NoneDecision::None, None);
        assert_eq!(again.append_after(store, 1).await.unwrap(), CreateOutcome::AlreadyExists, "somebody else decided");
        let history = NoneRecord::history(store, &again.source).await.unwrap();
        assert_eq!((history.len(), history[&client("1")].len()), (3, 2));
        let in_force = |month: &str| -> Vec<NoneScope> {
            nones_in_force(&history, month.parse().unwrap()).into_iter().map(|one| one.scope.clone()).collect()
        };
        assert_eq!(in_force("2026-06"), [client("1")]);
        assert_eq!(in_force("2026-07"), [client("1#2")]);
    }

    #[test]
    fn a_record_is_one_line_and_is_read_back() {
        for scope in [client("1"), NoneScope::Rest] {
            let written = record(scope, NoneDecision::None, Some("2026-07"));
            let lines = NoneRecord::to_lines([&written]).unwrap();
            assert_eq!(serde_json::from_slice::<NoneRecord>(&lines).unwrap(), written);
        }
    }
}
