//! What the list of exceptions of a world says, in its order: what is right, what came out, and where they differ.

use serde::Serialize;
use truecount_reconciliation::{DatedRate, ReportWeights};
use truecount_reports::ExceptionRow;

use super::fields::Fields;

/// An entry that is right. What is `None` is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedEntry {
    /// What it says.
    pub kind: &'static str,
    /// The client, or how many, as the list shows it.
    pub client: Option<String>,
    /// The service's code; of an uncounted line, its product.
    pub service: Option<String>,
    /// The source.
    pub source: Option<String>,
    /// The account's id.
    pub account: Option<String>,
    /// For how many comparisons it stands.
    pub rows: Option<u64>,
}

/// An entry as it came out; the fields are those of [`ExpectedEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field means what it means in `ExpectedEntry`")]
pub struct ObservedEntry {
    pub kind: &'static str,
    pub client: String,
    pub service: String,
    pub source: String,
    pub account: String,
    pub rows: u64,
}

impl ObservedEntry {
    pub(super) fn of(row: ExceptionRow) -> Self {
        Self {
            kind: row.kind,
            client: row.client,
            service: row.product_code,
            source: row.source,
            account: row.account_id,
            rows: row.rows,
        }
    }

    fn is(&self, expected: &ExpectedEntry) -> bool {
        let same = |mine: &str, theirs: &Option<String>| theirs.as_ref().is_none_or(|theirs| mine == theirs);
        self.kind == expected.kind
            && same(&self.client, &expected.client)
            && same(&self.service, &expected.service)
            && same(&self.source, &expected.source)
            && same(&self.account, &expected.account)
            && expected.rows.is_none_or(|rows| self.rows == rows)
    }
}

/// Where the entries are not what is right, in their order: one sentence each.
pub(super) fn differences(expected: &[ExpectedEntry], observed: &[ObservedEntry]) -> Vec<String> {
    let places = 0..expected.len().max(observed.len());
    let told = places.filter_map(|at| match (expected.get(at), observed.get(at)) {
        (Some(right), Some(one)) if one.is(right) => None,
        (Some(right), Some(one)) => Some(format!("entry {}: expected {right:?}, found {one:?}", at + 1)),
        (Some(right), None) => Some(format!("entry {}: expected {right:?}, found nothing", at + 1)),
        (None, Some(one)) => Some(format!("entry {}: {one:?} is not expected", at + 1)),
        (None, None) => None,
    });
    told.collect()
}

pub(super) fn entry(fields: &Fields<'_>) -> ExpectedEntry {
    let kinds: Vec<_> = ExceptionRow::kinds().map(|(word, _)| (word, word)).collect();
    let kind = fields.choice("kind", &kinds);
    if !fields.has("kind") {
        fields.fault("kind", "it is missing".to_owned());
    }
    ExpectedEntry {
        kind: kind.unwrap_or_default(),
        client: fields.text("client"),
        service: fields.text("service"),
        source: fields.text("source"),
        account: fields.text("account"),
        rows: fields.count("rows").map(u64::from),
    }
}

/// What the settings say of how much weighs how much.
pub(super) fn settings(fields: &Fields<'_>) -> ReportWeights {
    let rate = |one: &Fields<'_>| {
        if !one.has("currency") {
            one.fault("currency", "it is missing".to_owned());
        }
        let rate = DatedRate { rate: one.need_number("rate"), on: one.need_day("on") };
        one.currency("currency").map(|currency| (currency, rate))
    };
    ReportWeights {
        materiality: fields.number("materiality"),
        rates: fields.tables("rates", rate).into_iter().flatten().collect(),
    }
}
