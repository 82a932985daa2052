//! What came out of a world, in the words of its format, and where it is not what is right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use truecount_billing::Currency;

use super::{ExpectedRow, ExpectedWhen, ObservedEntry, ObservedFinding, World, WorldRowKind, WorldUpperEnd};

/// Amounts by currency and name.
pub type WorldAmounts = BTreeMap<Currency, BTreeMap<String, Decimal>>;

/// The outcome of one world. As JSON, numbers are text without zeros at their end; what there is none of is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ObservedWorld {
    /// The world's name.
    pub name: String,
    /// Every row, also those that ask for no attention.
    pub rows: Vec<ObservedRow>,
    /// Totals by currency and name.
    #[serde(serialize_with = "amounts")]
    pub totals: WorldAmounts,
    /// What the agreements say by themselves; `None`: the world does not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<ObservedFinding>>,
    /// The list of exceptions, in its order; `None`: the world does not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<ObservedEntry>>,
    /// Recurring revenue by currency and part.
    #[serde(serialize_with = "amounts")]
    pub coverage: WorldAmounts,
}

/// A row as it came out; the fields are those of [`ExpectedRow`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field means what it means in `ExpectedRow`")]
pub struct ObservedRow {
    pub kind: WorldRowKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub counted: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub at_least: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<WorldUpperEnd>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub billed: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub should_bill: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub variance: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub to_correct: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub left_alone: Option<Decimal>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "numbers")]
    pub explained: BTreeMap<String, Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub gross: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub impact: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    #[serde(rename = "basis", skip_serializing_if = "Option::is_none", serialize_with = "basis")]
    pub is_estimated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stake_up: Option<WorldUpperEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stake_down: Option<WorldUpperEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<ExpectedWhen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub widened_by: BTreeSet<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items_in: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items_out: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl ObservedRow {
    /// A row of which only the kind is known.
    #[must_use]
    pub fn new(kind: WorldRowKind) -> Self {
        Self {
            kind,
            client: None,
            service: None,
            agreement: None,
            source: None,
            account: None,
            to: None,
            counted: None,
            at_least: None,
            at_most: None,
            billed: None,
            should_bill: None,
            variance: None,
            to_correct: None,
            left_alone: None,
            explained: BTreeMap::new(),
            gross: None,
            peak_on: None,
            impact: None,
            currency: None,
            is_estimated: None,
            stake_up: None,
            stake_down: None,
            when: None,
            due: None,
            doubts: Vec::new(),
            widened_by: BTreeSet::new(),
            items_in: Vec::new(),
            items_out: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Whether it is the row that is expected, by kind and by what it is about.
    fn is(&self, expected: &ExpectedRow) -> bool {
        self.kind == expected.kind && self.is_about(expected) && self.agreement == expected.agreement
    }

    fn is_about(&self, expected: &ExpectedRow) -> bool {
        let same = |mine: &Option<String>, theirs: &Option<String>| theirs.is_none() || mine == theirs;
        same(&self.client, &expected.client)
            && same(&self.service, &expected.service)
            && same(&self.source, &expected.source)
            && same(&self.account, &expected.account)
            && same(&self.to, &expected.to)
    }
}

impl World {
    /// Where an outcome is not what is right: one sentence each, none if all is.
    #[must_use]
    pub fn differences(&self, observed: &ObservedWorld) -> Vec<String> {
        let mut found = Vec::new();
        let mut left: Vec<&ObservedRow> = observed.rows.iter().collect();
        for expected in &self.expect {
            let Some(at) = left.iter().position(|row| row.is(expected)) else {
                let near = left.iter().filter(|row| row.is_about(expected)).map(|row| row.kind.as_str());
                let near = near.collect::<Vec<_>>().join(", ");
                let instead = if near.is_empty() { "nothing".to_owned() } else { near };
                found.push(format!("{}: expected {}, found {instead}", about(expected), expected.kind.as_str()));
                continue;
            };
            let row = left.remove(at);
            found.extend(figures(expected, row).into_iter().map(|why| format!("{}: {why}", about(expected))));
        }
        for row in left.into_iter().filter(|row| row.kind.asks_for_attention()) {
            let names = [&row.client, &row.service, &row.agreement, &row.source, &row.account, &row.to];
            found.push(format!("{}: {} is not expected", words(names), row.kind.as_str()));
        }
        for (expected, observed, what) in
            [(&self.expect_totals, &observed.totals, "totals"), (&self.expect_coverage, &observed.coverage, "coverage")]
        {
            for (currency, amounts) in expected {
                for (name, amount) in amounts {
                    let got = observed.get(currency).and_then(|amounts| amounts.get(name)).copied().unwrap_or_default();
                    if got != *amount {
                        found.push(format!("{what} {currency} {name}: expected {amount}, found {}", got.normalize()));
                    }
                }
            }
        }
        if let (Some(expected), Some(observed)) = (&self.findings, &observed.findings) {
            found.extend(super::findings::differences(expected, observed));
        }
        if let (Some(expected), Some(observed)) = (&self.entries, &observed.entries) {
            found.extend(super::entries::differences(expected, observed));
        }
        found
    }
}

fn about(row: &ExpectedRow) -> String {
    words([&row.client, &row.service, &row.agreement, &row.source, &row.account, &row.to])
}

fn words<const N: usize>(names: [&Option<String>; N]) -> String {
    names.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Fields of a row that are not what is right.
fn figures(expected: &ExpectedRow, row: &ObservedRow) -> Vec<String> {
    let mut found = Vec::new();
    let mut field = |name: &str, expected: Option<String>, got: String| {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            found.push(format!("{name} should be {expected}, is {got}"));
        }
    };
    for (name, expected, got) in [
        ("at_least", expected.at_least, row.at_least),
        ("billed", expected.billed, row.billed),
        ("variance", expected.variance, row.variance),
        ("to_correct", expected.to_correct, row.to_correct),
        ("left_alone", expected.left_alone, row.left_alone),
        ("gross", expected.gross, row.gross),
    ] {
        field(name, expected.map(shown), optional(got.map(shown)));
    }
    for (name, expected, got) in [
        ("counted", expected.counted, row.counted),
        ("should_bill", expected.should_bill, row.should_bill),
        ("impact", expected.impact, row.impact),
    ] {
        field(name, expected.map(|number| optional(number.map(shown))), optional(got.map(shown)));
    }
    for (name, expected, got) in [
        ("at_most", expected.at_most, row.at_most),
        ("stake_up", expected.stake_up, row.stake_up),
        ("stake_down", expected.stake_down, row.stake_down),
    ] {
        field(name, expected.map(|end| end.to_string()), optional(got));
    }
    field("currency", expected.currency.map(|currency| currency.to_string()), optional(row.currency));
    field(
        "basis",
        expected.is_estimated.map(|is| basis_word(is).to_owned()),
        optional(row.is_estimated.map(basis_word)),
    );
    field("when", expected.when.map(|when| when.as_str().to_owned()), optional(row.when.map(ExpectedWhen::as_str)));
    field("peak_on", expected.peak_on.map(|day| day.to_string()), optional(row.peak_on));
    field("due", expected.due.map(|day| day.to_string()), optional(row.due));
    field("explained", expected.explained.as_ref().map(parts), parts(&row.explained));
    let codes = |codes: &BTreeSet<String>| optional(Some(Vec::from_iter(codes.iter().map(String::as_str)).join(", ")));
    field("widened_by", expected.widened_by.as_ref().map(codes), codes(&row.widened_by));
    field("lines", expected.lines.as_ref().map(|lines| lines.join("; ")), row.lines.join("; "));
    for (name, expected, got) in [
        ("doubts", &expected.doubts, &row.doubts),
        ("items_in", &expected.items_in, &row.items_in),
        ("items_out", &expected.items_out, &row.items_out),
    ] {
        for missing in expected.iter().filter(|one| !got.contains(one)) {
            found.push(format!("{name} should have {missing}, has {}", optional(Some(got.join(", ")))));
        }
    }
    found
}

fn parts(explained: &BTreeMap<String, Decimal>) -> String {
    let parts = explained.iter().map(|(reason, units)| format!("{reason} {}", shown(*units)));
    parts.collect::<Vec<_>>().join("; ")
}

fn optional(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).filter(|text| !text.is_empty()).unwrap_or_else(|| "empty".to_owned())
}

pub(super) fn shown(number: Decimal) -> String {
    number.normalize().to_string()
}

fn basis_word(is_estimated: bool) -> &'static str {
    if is_estimated { "estimated" } else { "calculated" }
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn number<S: Serializer>(number: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    number.map(shown).serialize(serializer)
}

fn numbers<S: Serializer>(numbers: &BTreeMap<String, Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(numbers.iter().map(|(name, number)| (name, shown(*number))))
}

fn amounts<S: Serializer>(amounts: &WorldAmounts, serializer: S) -> Result<S::Ok, S::Error> {
    let shown_amounts = |named: &BTreeMap<String, Decimal>| {
        named.iter().map(|(name, amount)| (name.clone(), shown(*amount))).collect::<BTreeMap<_, _>>()
    };
    serializer.collect_map(amounts.iter().map(|(currency, named)| (currency, shown_amounts(named))))
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn basis<S: Serializer>(is_estimated: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    is_estimated.map(basis_word).serialize(serializer)
}
