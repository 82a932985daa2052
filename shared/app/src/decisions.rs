//! Mappings that a person decided: appended, never changed; the last one for an account counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_billing::{AccountId, ClientId, SourceId};
use truecount_platform::{Placed, Row, Table, Value};

use crate::{AppError, keys};

/// Tries at the next number when somebody decides about the same account at the same moment.
const APPEND_TRIES_MAX: u32 = 8;

/// What was decided about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verdict {
    /// It belongs to this client.
    Confirmed {
        /// The client.
        client_id: ClientId,
    },
    /// Nobody is billed for it: internal, not for resale.
    Ignored,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// What was decided.
    pub verdict: Verdict,
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub when: Timestamp,
}

/// Appends a decision.
///
/// # Errors
/// [`AppError::Table`] if the table cannot be reached.
pub async fn append(table: &Table, decision: &Decision) -> Result<(), AppError> {
    let partition = keys::decisions(&decision.source);
    for _ in 0..APPEND_TRIES_MAX {
        let last = table.last(&partition, &keys::decision(&decision.account_id, None), None).await?;
        let number = last.and_then(|row| row.number("number")).unwrap_or(0) + 1;
        let body = serde_json::to_string(decision).map_err(|e| AppError::damaged("a decision", e))?;
        let row = Row::new(&partition, keys::decision(&decision.account_id, Some(number)))
            .with("number", Value::Number(number))
            .with("account_id", Value::Text(decision.account_id.to_string()))
            .with("decision", Value::Text(body));
        if table.put_new(row).await? == Placed::New {
            return Ok(());
        }
    }
    let account = &decision.account_id;
    Err(AppError::Unknown(format!(
        "others are deciding about `{account}` right now; look at the mapping, then try again"
    )))
}

/// The decisions in force for a source, by account.
///
/// # Errors
/// [`AppError`] if they cannot be read.
pub async fn load(table: &Table, source: &SourceId) -> Result<BTreeMap<AccountId, Decision>, AppError> {
    let partition = keys::decisions(source);
    let mut decisions = BTreeMap::new();
    let mut numbers: BTreeMap<AccountId, i64> = BTreeMap::new();
    for row in table.query(&partition, "").await? {
        let place = format!("{partition} {}", row.sk);
        let text = row.text("decision").ok_or_else(|| AppError::damaged(&place, "it has no decision"))?;
        let decision: Decision = serde_json::from_str(text).map_err(|e| AppError::damaged(&place, e))?;
        let number = row.number("number").unwrap_or(0);
        let newest = numbers.entry(decision.account_id.clone()).or_insert(0);
        if number >= *newest {
            *newest = number;
            decisions.insert(decision.account_id.clone(), decision);
        }
    }
    Ok(decisions)
}
