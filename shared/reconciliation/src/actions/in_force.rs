//! The decisions that are in force, put to the rows of a run client by client.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ClientId, Currency};

use super::{ActionKind, ActionOutcome, ActionRecord, ActionStanding, BilledNow, RowAction, exception_key, units};
use crate::exception_id::ExceptionDirection;
use crate::history::{Absence, ExceptionKey};
use crate::interval::add;
use crate::outcome::{OutcomeRow, RowKind, RunTotals};
use crate::record::{ClientRecord, PortfolioRecord, RowRecord};

/// What people have set aside, and is in no total of what is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// How many rows, by what was decided.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<ActionKind, u64>,
    /// The same, by what the rows say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<RowKind, u64>,
    /// Of these, rows that change a bill and whose value is not known.
    #[serde(default)]
    pub unpriced: u64,
    /// What the others come to, by currency.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<Currency, RunTotals>,
}

impl SetAside {
    /// Whether nothing is.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.rows.values().sum()
    }
}

impl PortfolioRecord {
    /// How many rows of a kind nobody has set aside.
    #[must_use]
    pub fn standing_rows(&self, kind: RowKind) -> u64 {
        let of = |rows: &BTreeMap<RowKind, u64>| rows.get(&kind).copied().unwrap_or_default();
        of(&self.rows).saturating_sub(of(&self.set_aside.kinds))
    }
}

impl RowRecord {
    /// Whether people have set it aside.
    #[must_use]
    pub fn is_set_aside(&self) -> bool {
        self.action.as_ref().is_some_and(RowAction::is_set_aside)
    }
}

/// The last decision about each exception, unless it was withdrawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionsInForce(BTreeMap<ClientId, BTreeMap<ExceptionKey, ActionRecord>>);

impl ActionsInForce {
    /// None.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Those of all decisions, in any order.
    #[must_use]
    pub fn of(records: impl IntoIterator<Item = ActionRecord>) -> Self {
        let mut last: BTreeMap<ClientId, BTreeMap<ExceptionKey, ActionRecord>> = BTreeMap::new();
        for record in records {
            let of_client = last.entry(record.client_id.clone()).or_default();
            match of_client.get(&record.key) {
                Some(later) if later.number >= record.number => {}
                _ => {
                    of_client.insert(record.key.clone(), record);
                }
            }
        }
        for of_client in last.values_mut() {
            of_client.retain(|_, record| record.action.kind() != ActionKind::Reopened);
        }
        last.retain(|_, of_client| !of_client.is_empty());
        Self(last)
    }

    /// By client, then by what they are about.
    pub fn records(&self) -> impl Iterator<Item = &ActionRecord> {
        self.0.values().flat_map(BTreeMap::values)
    }

    /// That about an exception.
    #[must_use]
    pub fn about(&self, client: &ClientId, key: &ExceptionKey) -> Option<&ActionRecord> {
        self.0.get(client)?.get(key)
    }

    /// Puts to each row of a client what was decided about it. Answers what became of the decisions to change a bill that are
    /// not older than the month before. `at`: month and day of the run. `absence`: what it says that a service, or a
    /// section of it, has no row.
    pub fn put_to(
        &self,
        client: &mut ClientRecord,
        at: (BillingMonth, Date),
        absence: impl Fn(&ExceptionKey) -> Absence,
    ) -> Vec<ActionOutcome> {
        let Some(of_client) = self.0.get(&client.client_id) else { return Vec::new() };
        let mut outcomes = Vec::new();
        for (key, record) in of_client {
            let billed = billed_now(client, key, &absence);
            let is_about = |row: &RowRecord| row.fault.is_none() && exception_key(row) == *key;
            let rows: Vec<&RowRecord> = client.rows.iter().filter(|row| is_about(row)).collect();
            let standing = rows.first().map(|first| record.standing(first.kind, sum_of(&rows), billed, at));
            if let Some(standing) = standing {
                let decided = RowAction::of(record, standing);
                for row in client.rows.iter_mut().filter(|row| is_about(row)) {
                    row.action = Some(decided.clone());
                }
            }
            let is_told = standing.is_some() || record.month >= at.0.previous();
            if record.is_change() && is_told {
                outcomes.push(record.outcome(client, record.done(billed), billed));
            }
        }
        outcomes
    }

    /// Of the rows of a client, what set each aside; in their order. `at`: month and day of the run.
    pub(crate) fn set_aside(
        &self,
        client: &ClientId,
        rows: &[OutcomeRow],
        at: (BillingMonth, Date),
    ) -> Vec<Option<ActionKind>> {
        let Some(of_client) = self.0.get(client) else { return vec![None; rows.len()] };
        let mut sums: BTreeMap<ExceptionKey, Decimal> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.fault.is_none()) {
            add(sums.entry(key_of(row)).or_default(), units_of(row));
        }
        let of_row = |row: &OutcomeRow| {
            let key = key_of(row);
            let record = of_client.get(&key).filter(|_| row.fault.is_none())?;
            let units = sums.get(&key).copied().unwrap_or_default();
            // What is billed says nothing of a decision that sets aside.
            let standing = record.standing(row.kind, units, BilledNow::Unknown, at);
            (standing == ActionStanding::SetAside).then(|| record.action.kind())
        };
        rows.iter().map(of_row).collect()
    }
}

fn key_of(row: &OutcomeRow) -> ExceptionKey {
    let direction = ExceptionDirection::of(row.kind);
    ExceptionKey { service: row.service.clone(), section: row.section.clone(), direction }
}

/// The same as of a record.
fn units_of(row: &OutcomeRow) -> Decimal {
    let figures = row.compared.as_ref().and_then(|compared| compared.figures.as_ref());
    figures.map_or(row.billed, |figures| figures.to_correct.unwrap_or(figures.variance))
}

fn sum_of(rows: &[&RowRecord]) -> Decimal {
    let mut sum = Decimal::ZERO;
    rows.iter().for_each(|row| add(&mut sum, units(row)));
    sum
}

/// What is billed of what an exception is about, whatever its row says by now.
fn billed_now(client: &ClientRecord, key: &ExceptionKey, absence: &impl Fn(&ExceptionKey) -> Absence) -> BilledNow {
    if !client.lines_read.is_complete() {
        return BilledNow::Unknown;
    }
    let is_of = |row: &&RowRecord| row.service == key.service && row.section == key.section && row.fault.is_none();
    let compared = |kind: RowKind| kind.is_compared() || kind == RowKind::NotReconciled;
    let rows: Vec<&RowRecord> = client.rows.iter().filter(is_of).filter(|row| compared(row.kind)).collect();
    if rows.is_empty() {
        let is_nothing = client.rows.iter().all(|row| !is_of(&row)) && absence(key) == Absence::Nothing;
        return if is_nothing { BilledNow::Units(Decimal::ZERO, false) } else { BilledNow::Unknown };
    }
    let mut billed = Decimal::ZERO;
    rows.iter().for_each(|row| add(&mut billed, row.billed));
    let differs = rows.iter().any(|row| ExceptionDirection::of(row.kind) == key.direction);
    BilledNow::Units(billed, differs)
}

impl ActionRecord {
    fn outcome(&self, client: &ClientRecord, standing: ActionStanding, billed: BilledNow) -> ActionOutcome {
        ActionOutcome {
            exception_id: self.exception_id.clone(),
            client_id: client.client_id.clone(),
            client_name: client.client_name.clone(),
            key: self.key.clone(),
            decided: RowAction::of(self, standing),
            billed: match billed {
                BilledNow::Units(units, _) => Some(units),
                BilledNow::Unknown => None,
            },
        }
    }
}
