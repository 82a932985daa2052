//! How each decision in force stands by the newest syncs: what the PSA bills now, and what rests.

use std::collections::BTreeMap;

use serde::Serialize;
use truecount_reconciliation::{ActionRecord, ActionStanding, OutcomeLine, RowAction, exception_key};

use crate::rules_review::of_newest_syncs;
use crate::{AppError, Config, Environment};

/// A decision in force.
#[derive(Debug, Clone, Serialize)]
pub struct StandingAction {
    /// The decision.
    pub action: ActionRecord,
    /// How it stands; `None`: the exception is gone, and it was to change no bill.
    pub decided: Option<RowAction>,
}

impl StandingAction {
    /// What it says of itself.
    #[must_use]
    pub fn as_decided(&self) -> RowAction {
        RowAction::of(&self.action, ActionStanding::SetAside)
    }
}

/// The decisions in force, by client, with how each stands by the newest syncs.
///
/// # Errors
/// [`AppError`] if they cannot be read, or nothing can be compared.
pub async fn standing_now(env: &Environment, config: &Config) -> Result<Vec<StandingAction>, AppError> {
    let in_force = super::in_force(env).await?;
    if in_force.records().next().is_none() {
        return Ok(Vec::new());
    }
    let mut found: BTreeMap<String, RowAction> = BTreeMap::new();
    of_newest_syncs(env, config, |comparison| {
        comparison.compare(None, |line| {
            match line {
                OutcomeLine::Action(one) => {
                    found.insert(one.exception_id.clone(), one.decided.clone());
                }
                OutcomeLine::Client(client) => {
                    for row in &client.rows {
                        let Some(decided) = &row.action else { continue };
                        let id = exception_key(row).exception_id(&client.client_id);
                        found.entry(id).or_insert_with(|| decided.clone());
                    }
                }
                _ => {}
            }
            Ok(())
        })
    })
    .await?;
    let standing = |record: &ActionRecord| {
        let decided = found.get(&record.exception_id).cloned();
        StandingAction { action: record.clone(), decided }
    };
    Ok(in_force.records().map(standing).collect())
}
