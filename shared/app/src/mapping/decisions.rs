//! Mappings that a person decided: appended, never changed; of those in force in a month, the last one counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_platform::{CreateOutcome, Row, Table, Value};

use crate::{AppError, keys};

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
        #[serde(default)]
        reason: IgnoreReason,
    },
    /// What is in it belongs to several clients. What has none of these values stays undecided.
    Split {
        /// The attribute of its items that tells them apart: `site`, `domain`, `group`.
        by: String,
        /// Whose each value is.
        parts: BTreeMap<String, ClientId>,
    },
    /// Nothing is decided any more, and nothing confirms itself, until somebody decides anew.
    Undecided,
}

/// Why nobody is billed for an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoreReason {
    /// The MSP's own.
    #[default]
    Internal,
    /// Not for resale: a trial, a demonstration, a lab.
    NotForResale,
    /// Somebody else's: it is in the vendor's list, and no business of the MSP.
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
    pub fn for_people(self) -> &'static str {
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

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRecord {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// What the vendor called it when this was decided; empty: not noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account_name: String,
    /// What was decided.
    pub verdict: MappingDecision,
    /// The first month that it holds for; `None`: every month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<BillingMonth>,
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
    /// What spoke for it when it was decided, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// When.
    pub when: Timestamp,
    /// Its place among the decisions about the account, from 1; the table's, whatever is set here.
    #[serde(default)]
    pub number: i64,
}

impl MappingRecord {
    /// A decision for every month, without evidence, to be appended.
    #[must_use]
    pub fn new(
        source: SourceId,
        account_id: AccountId,
        verdict: MappingDecision,
        who: impl Into<String>,
        why: impl Into<String>,
        when: Timestamp,
    ) -> Self {
        Self {
            source,
            account_id,
            account_name: String::new(),
            verdict,
            from: None,
            who: who.into(),
            why: why.into(),
            evidence: Vec::new(),
            when,
            number: 0,
        }
    }

    /// Whether it says the same as another, whoever said it.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.verdict, self.from) == (&other.verdict, other.from)
    }
}

/// Appends a decision; answers its number.
///
/// # Errors
/// [`AppError::Table`] if the table cannot be reached.
pub async fn append(table: &Table, decision: &MappingRecord) -> Result<i64, AppError> {
    let partition = keys::decisions(&decision.source);
    for _ in 0..APPEND_TRIES_MAX {
        let last = table.last(&partition, &keys::decision(&decision.account_id, None), None).await?;
        let last = last.and_then(|row| row.number("number")).unwrap_or(0);
        if append_after(table, decision, last).await? == CreateOutcome::Created {
            return Ok(last + 1);
        }
    }
    let account = &decision.account_id;
    Err(AppError::Unknown(format!(
        "others are deciding about `{account}` right now; look at the mapping, then try again"
    )))
}

/// Appends a decision if the last one about its account still has this number (0: there is none).
///
/// # Errors
/// [`AppError::Table`] if the table cannot be reached.
pub async fn append_after(table: &Table, decision: &MappingRecord, last: i64) -> Result<CreateOutcome, AppError> {
    let number = last + 1;
    let body = serde_json::to_string(&MappingRecord { number, ..decision.clone() });
    let body = body.map_err(|e| AppError::damaged("a decision", e))?;
    let row = Row::new(keys::decisions(&decision.source), keys::decision(&decision.account_id, Some(number)))
        .with("number", Value::Number(number))
        .with("account_id", Value::Text(decision.account_id.to_string()))
        .with("decision", Value::Text(body));
    Ok(table.put_new(row).await?)
}

/// Every decision about the accounts of a source, by account and in order.
pub type History = BTreeMap<AccountId, Vec<MappingRecord>>;

/// Every decision about the accounts of a source.
///
/// # Errors
/// [`AppError`] if they cannot be read.
pub async fn history(table: &Table, source: &SourceId) -> Result<History, AppError> {
    of_rows(table, &keys::decisions(source), "").await
}

/// Every decision about one account, in order.
///
/// # Errors
/// [`AppError`] if they cannot be read.
pub async fn about(table: &Table, source: &SourceId, account: &AccountId) -> Result<Vec<MappingRecord>, AppError> {
    let found = of_rows(table, &keys::decisions(source), &keys::decision(account, None)).await?;
    Ok(found.into_values().next().unwrap_or_default())
}

async fn of_rows(table: &Table, partition: &str, begin: &str) -> Result<History, AppError> {
    let mut history = History::new();
    for row in table.query(partition, begin).await? {
        let place = format!("{partition} {}", row.sk);
        let text = row.text("decision").ok_or_else(|| AppError::damaged(&place, "it has no decision"))?;
        let mut decision: MappingRecord = serde_json::from_str(text).map_err(|e| AppError::damaged(&place, e))?;
        decision.number = row.number("number").unwrap_or(0);
        history.entry(decision.account_id.clone()).or_default().push(decision);
    }
    for decisions in history.values_mut() {
        decisions.sort_by_key(|decision| decision.number);
    }
    Ok(history)
}

/// The decision that holds in a month: the last one that is not only for later months.
#[must_use]
pub fn in_force(decisions: &[MappingRecord], month: BillingMonth) -> Option<&MappingRecord> {
    decisions.iter().rev().find(|decision| decision.from.is_none_or(|from| from <= month))
}

/// The decisions in force in a month for a source, by account.
///
/// # Errors
/// [`AppError`] if they cannot be read.
pub async fn load(
    table: &Table,
    source: &SourceId,
    month: BillingMonth,
) -> Result<BTreeMap<AccountId, MappingRecord>, AppError> {
    let history = history(table, source).await?;
    let held =
        history.into_iter().filter_map(|(account, decisions)| Some((account, in_force(&decisions, month)?.clone())));
    Ok(held.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(number: i64, from: Option<&str>, client: &str) -> MappingRecord {
        let verdict = MappingDecision::Confirmed { client_id: client.parse().unwrap() };
        let from = from.map(|month| month.parse().unwrap());
        let blank =
            MappingRecord::new("rmm".parse().unwrap(), "a".parse().unwrap(), verdict, "kim", "", Timestamp::UNIX_EPOCH);
        MappingRecord { number, from, ..blank }
    }

    #[test]
    fn an_earlier_month_keeps_what_held_then() {
        let decisions =
            [decision(1, None, "old"), decision(2, Some("2026-05"), "new"), decision(3, Some("2026-07"), "third")];
        for (month, expected) in [("2025-01", 1), ("2026-04", 1), ("2026-05", 2), ("2026-06", 2), ("2026-07", 3)] {
            let held = in_force(&decisions, month.parse().unwrap()).unwrap();
            assert_eq!(held.number, expected, "{month}");
        }
        assert_eq!(in_force(&decisions[1..], "2026-04".parse().unwrap()), None, "none held yet");
        let again = [decision(1, Some("2026-05"), "new"), decision(2, None, "always")];
        assert_eq!(in_force(&again, "2026-06".parse().unwrap()).unwrap().number, 2, "one for every month replaces all");
    }

    #[test]
    fn a_decision_of_before_is_still_read() {
        let text = r#"{"source":"rmm","account_id":"a","verdict":{"kind":"ignored"},"who":"kim","why":"lab","when":"2026-06-30T20:00:00Z"}"#;
        let read: MappingRecord = serde_json::from_str(text).unwrap();
        assert_eq!(read.verdict, MappingDecision::Ignored { reason: IgnoreReason::Internal });
        assert_eq!((read.from, read.number, read.account_name.as_str()), (None, 0, ""));
    }

    #[test]
    fn reasons_are_read_as_people_write_them() {
        for reason in IgnoreReason::ALL {
            assert_eq!(IgnoreReason::parse(reason.as_str()), Some(reason));
            assert_eq!(IgnoreReason::parse(&reason.for_people().to_uppercase()), Some(reason));
        }
        assert_eq!(IgnoreReason::parse("because"), None);
    }
}
