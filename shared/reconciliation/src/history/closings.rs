//! What the last closings counted and billed of each service, whatever they found: whether a count has been the same for
//! months, or fell last month, is the first question about a difference.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ProductCode};

use super::Part;
use super::merge::months_between;
use crate::outcome::RowKind;
use crate::record::RowRecord;
use crate::source_record::LinesReadWord;

/// Closings that are told beside a row.
const CLOSINGS_TOLD: usize = 3;

/// Months after which what a closing counted is no longer told.
const MONTHS_TOLD: i32 = 12;

/// What the last closings counted and billed of a service at a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceClosings {
    /// The service's code.
    pub service: ProductCode,
    /// The section of the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The closings, the oldest first.
    pub closings: Vec<ClosingFigures>,
}

/// What one closing counted and billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingFigures {
    /// Its month.
    pub month: BillingMonth,
    /// Units that counted; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Decimal>,
    /// Units that were billed; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Decimal>,
}

/// Puts into each row what the closings before counted and billed, and answers what the next one is told.
pub(super) fn tell_closings(
    before: Vec<ServiceClosings>,
    rows: &mut [RowRecord],
    read: LinesReadWord,
    month: BillingMonth,
) -> Vec<ServiceClosings> {
    let mut known: BTreeMap<Part, Vec<ClosingFigures>> =
        before.into_iter().map(|one| ((one.service, one.section), one.closings)).collect();
    for closings in known.values_mut() {
        closings.retain(|one| months_between(one.month, month) <= MONTHS_TOLD);
    }
    let mut now: BTreeMap<Part, ClosingFigures> = BTreeMap::new();
    for row in rows.iter_mut().filter(|row| is_compared(row.kind)) {
        let part = (row.service.clone(), row.section.clone());
        row.last_closings = known.get(&part).cloned().unwrap_or_default();
        let is_known = row.fault.is_none() && row.kind != RowKind::NotReconciled;
        let found = ClosingFigures {
            month,
            counted: row.counted.filter(|_| is_known),
            billed: (row.fault.is_none() && read != LinesReadWord::Failed).then_some(row.billed),
        };
        // Of several rows, the one that compares.
        let told = now.entry(part).or_insert_with(|| found.clone());
        if told.counted.is_none() && found.counted.is_some() {
            *told = found;
        }
    }
    for (part, figures) in now {
        let closings = known.entry(part).or_default();
        closings.push(figures);
        closings.drain(..closings.len().saturating_sub(CLOSINGS_TOLD));
    }
    let is_told = |(_, closings): &(Part, Vec<ClosingFigures>)| !closings.is_empty();
    let told = known.into_iter().filter(is_told);
    told.map(|((service, section), closings)| ServiceClosings { service, section, closings }).collect()
}

/// Whether units of a kind of row are compared at all.
const fn is_compared(kind: RowKind) -> bool {
    !matches!(kind, RowKind::UncountedLine | RowKind::Flat | RowKind::Ignored | RowKind::Internal)
}
