//! What people decided about vendor accounts: appended, never changed. Of those in force in a month the last counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};

use crate::key::{Key, Partition, escaped};
use crate::record::json_lines;
use crate::{CreateOutcome, Record, Store, StoreError};

/// Tries at the next number when somebody decides about the same account at the same moment.
const APPEND_TRIES_MAX: u32 = 8;

/// What was decided about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MappingDecision {
    /// It belongs to this client.
    Confirmed {
        /// The client.
        client_id: ClientId,
    },
    /// Nobody is billed for it.
    Ignored {
        /// Why nobody is.
        reason: IgnoreReason,
    },
    /// Its items belong to several clients. Items with none of these values stay undecided.
    Split {
        /// The attribute that tells its items apart: `site`, `domain`, `group`.
        by: String,
        /// The client of each value.
        parts: BTreeMap<String, ClientId>,
    },
    /// An earlier decision is withdrawn, and nothing is confirmed automatically until somebody decides again.
    Undecided,
}

/// Why nobody is billed for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoreReason {
    /// The MSP's own.
    Internal,
    /// Not for resale: a trial, a demonstration, a lab.
    NotForResale,
    /// In the vendor's list, but no business of the MSP.
    NotOurs,
}

impl IgnoreReason {
    /// Every reason, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Internal, Self::NotForResale, Self::NotOurs];

    /// The word in files and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::NotForResale => "not_for_resale",
            Self::NotOurs => "not_ours",
        }
    }

    /// The words that a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::NotForResale => "not for resale",
            Self::NotOurs => "not ours",
        }
    }

    /// The reason of a word, also as people write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// One decision about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRecord {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// What the vendor called it when this was decided; empty: not recorded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account_name: String,
    /// What was decided.
    pub decision: MappingDecision,
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
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Its place among the decisions about the account, from 1; assigned when it is appended.
    pub number: i64,
}

/// Every decision about the accounts of a source, by account and in order.
pub type MappingHistory = BTreeMap<AccountId, Vec<MappingRecord>>;

impl Record for MappingRecord {
    const KIND: &'static str = "";

    fn key(&self) -> Key {
        Partition::mappings(&self.source).sort(format!("{}{:06}", begin(&self.account_id), self.number))
    }
}

/// What the sort keys of an account's decisions begin with.
fn begin(account: &AccountId) -> String {
    format!("{}#", escaped(account))
}

impl MappingRecord {
    /// A decision for every month, without evidence, to be appended.
    #[must_use]
    pub fn new(
        source: SourceId,
        account_id: AccountId,
        decision: MappingDecision,
        actor: impl Into<String>,
        note: impl Into<String>,
        decided_at: Timestamp,
    ) -> Self {
        Self {
            source,
            account_id,
            account_name: String::new(),
            decision,
            from: None,
            actor: actor.into(),
            note: note.into(),
            evidence: Vec::new(),
            decided_at,
            number: 0,
        }
    }

    /// Whether it decides the same as another, whoever decided.
    #[must_use]
    pub fn decides_the_same(&self, other: &Self) -> bool {
        (&self.decision, self.from) == (&other.decision, other.from)
    }

    /// Appends the decision; answers its number.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if others keep appending about the same account.
    pub async fn append(&self, store: &Store) -> Result<i64, StoreError> {
        let partition = Partition::mappings(&self.source);
        for _ in 0..APPEND_TRIES_MAX {
            let last: Option<Self> = store.last(&partition, &begin(&self.account_id), None).await?;
            let last = last.map_or(0, |last| last.number);
            if self.append_after(store, last).await? == CreateOutcome::Created {
                return Ok(last + 1);
            }
        }
        Err(StoreError::Contended(self.account_id.to_string()))
    }

    /// Appends the decision if the last one about its account still has this number (0: there is none).
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was appended.
    pub async fn append_after(&self, store: &Store, last: i64) -> Result<CreateOutcome, StoreError> {
        store.create(&Self { number: last + 1, ..self.clone() }).await
    }

    /// Every decision about the accounts of a source.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn history(store: &Store, source: &SourceId) -> Result<MappingHistory, StoreError> {
        let mut history = MappingHistory::new();
        for record in store.list::<Self>(&Partition::mappings(source), "").await? {
            history.entry(record.account_id.clone()).or_default().push(record);
        }
        Ok(history)
    }

    /// Every decision about one account, in order.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn list(store: &Store, source: &SourceId, account: &AccountId) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::mappings(source), &begin(account)).await
    }

    /// The decisions in force in a month, by account.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn in_force(
        store: &Store,
        source: &SourceId,
        month: BillingMonth,
    ) -> Result<BTreeMap<AccountId, Self>, StoreError> {
        let history = Self::history(store, source).await?;
        let held = |(account, records): (AccountId, Vec<Self>)| Some((account, in_force(&records, month)?.clone()));
        Ok(history.into_iter().filter_map(held).collect())
    }

    /// Records as JSON lines: the same records give the same bytes.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if one has no JSON form.
    pub fn to_lines<'a>(records: impl IntoIterator<Item = &'a Self>) -> Result<Vec<u8>, StoreError> {
        json_lines(records, "a mapping")
    }
}

/// The decision in force in a month: the last one that is not only for later months.
#[must_use]
pub fn in_force(records: &[MappingRecord], month: BillingMonth) -> Option<&MappingRecord> {
    records.iter().rev().find(|record| record.from.is_none_or(|from| from <= month))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    fn record(account: &str, client: &str) -> MappingRecord {
        let decision = MappingDecision::Confirmed { client_id: client.parse().unwrap() };
        let (source, account) = ("rmm".parse().unwrap(), account.parse().unwrap());
        MappingRecord::new(source, account, decision, "kim", "by phone", Timestamp::UNIX_EPOCH)
    }

    fn numbered(number: i64, from: Option<&str>, client: &str) -> MappingRecord {
        let from = from.map(|month| month.parse().unwrap());
        MappingRecord { number, from, ..record("a", client) }
    }

    #[test]
    fn an_earlier_month_keeps_the_decision_of_then() {
        let records =
            [numbered(1, None, "old"), numbered(2, Some("2026-05"), "new"), numbered(3, Some("2026-07"), "third")];
        for (month, expected) in [("2025-01", 1), ("2026-04", 1), ("2026-05", 2), ("2026-06", 2), ("2026-07", 3)] {
            let held = in_force(&records, month.parse().unwrap()).unwrap();
            assert_eq!(held.number, expected, "{month}");
        }
        assert_eq!(in_force(&records[1..], "2026-04".parse().unwrap()), None, "none was in force yet");
        let again = [numbered(1, Some("2026-05"), "new"), numbered(2, None, "always")];
        assert_eq!(in_force(&again, "2026-06".parse().unwrap()).unwrap().number, 2, "one for every month replaces all");
    }

    #[test]
    fn reasons_are_read_as_people_write_them() {
        for reason in IgnoreReason::ALL {
            assert_eq!(IgnoreReason::parse(reason.as_str()), Some(reason));
            assert_eq!(IgnoreReason::parse(&reason.label().to_uppercase()), Some(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
        }
        assert_eq!(IgnoreReason::parse("because"), None);
    }

    #[tokio::test]
    async fn decisions_are_appended_and_numbered() {
        let TestStore { store, .. } = &TestStore::new();
        for (account, client, number) in [("a", "1", 1), ("a", "2", 2), ("a#1", "3", 1), ("a", "4", 3)] {
            assert_eq!(record(account, client).append(store).await.unwrap(), number);
        }
        let (source, account) = ("rmm".parse().unwrap(), "a".parse().unwrap());
        let of_a = MappingRecord::list(store, &source, &account).await.unwrap();
        assert_eq!(of_a.iter().map(|record| record.number).collect::<Vec<_>>(), [1, 2, 3]);
        let history = MappingRecord::history(store, &source).await.unwrap();
        assert_eq!(history.len(), 2);
        assert_eq!(history[&account], of_a);
        let held = MappingRecord::in_force(store, &source, "2026-06".parse().unwrap()).await.unwrap();
        assert_eq!(held[&account], of_a[2]);
    }

    #[tokio::test]
    async fn who_decides_on_what_is_no_longer_last_is_refused() {
        let TestStore { store, .. } = &TestStore::new();
        assert_eq!(record("a", "1").append_after(store, 0).await.unwrap(), CreateOutcome::Created);
        assert_eq!(record("a", "2").append_after(store, 0).await.unwrap(), CreateOutcome::AlreadyExists);
        assert_eq!(record("a", "2").append_after(store, 1).await.unwrap(), CreateOutcome::Created);
    }

    #[tokio::test]
    async fn two_who_decide_at_once_both_stand() {
        let TestStore { store, .. } = &TestStore::new();
        let (one, other) = (record("a", "1"), record("a", "2"));
        let (one, other) = tokio::join!(one.append(store), other.append(store));
        let mut numbers = [one.unwrap(), other.unwrap()];
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
    }

    #[test]
    fn the_same_records_give_the_same_lines() {
        let lines = || MappingRecord::to_lines(&[record("a", "1"), record("b", "2")]).unwrap();
        assert_eq!(lines(), lines());
        assert_eq!(String::from_utf8(lines()).unwrap().lines().count(), 2);
    }
}
