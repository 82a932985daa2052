//! What the agreements of a world say by themselves: what is right, what came out, and where they differ.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::Currency;
use truecount_reconciliation::{AgreementFinding, AgreementIssue};

use super::fields::Fields;
use super::observed::{number, shown};

/// A finding that is right. What is `None` is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedFinding {
    /// Its code.
    pub kind: &'static str,
    /// The client's id.
    pub client: String,
    /// The service, else the product.
    pub product: Option<String>,
    /// The agreements' ids.
    pub agreements: Option<Vec<String>>,
    /// The lines' ids.
    pub lines: Option<Vec<String>>,
    /// What is at stake a month; `Some(None)`: not known.
    pub monthly: Option<Option<Decimal>>,
    /// Of which currency.
    pub currency: Option<Currency>,
    /// The day that it is about: a last day, the first of a planned price, or of the first change.
    pub day: Option<Date>,
    /// The price of one unit a month.
    pub price: Option<Decimal>,
    /// What that is held against: a cost, a median, a planned price.
    pub against: Option<Decimal>,
    /// How many other clients there are.
    pub others: Option<Decimal>,
}

/// A finding as it came out; the fields are those of [`ExpectedFinding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field means what it means in `ExpectedFinding`")]
pub struct ObservedFinding {
    pub kind: &'static str,
    pub client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    pub agreements: Vec<String>,
    pub lines: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub monthly: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub price: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub against: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub others: Option<Decimal>,
}

impl ObservedFinding {
    pub(super) fn of(found: AgreementFinding) -> Self {
        let plain = Self {
            kind: found.finding.code(),
            client: found.client_id.to_string(),
            product: found.product.map(|product| product.to_string()),
            agreements: found.agreements.iter().map(|one| one.id.to_string()).collect(),
            lines: found.lines.iter().map(|one| one.line_id.to_string()).collect(),
            monthly: found.monthly.map(|monthly| monthly.amount),
            currency: found.monthly.map(|monthly| monthly.currency),
            day: None,
            price: None,
            against: None,
            others: None,
        };
        match found.finding {
            AgreementIssue::AgreementNotRenewed { last_day } | AgreementIssue::LineNotContinued { last_day } => {
                Self { day: Some(last_day), ..plain }
            }
            AgreementIssue::ChangeNotProrated { days } => Self { day: days.first().copied(), ..plain },
            AgreementIssue::PriceBelowCost { price, cost } => Self { price: Some(price), against: Some(cost), ..plain },
            AgreementIssue::UnusualPrice { price, median, clients } => {
                Self { price: Some(price), against: Some(median), others: Some(clients.into()), ..plain }
            }
            AgreementIssue::IncreaseNotApplied { price, planned, from } => {
                Self { price: Some(price), against: Some(planned), day: Some(from), ..plain }
            }
            AgreementIssue::AgreementSuperseded { .. }
            | AgreementIssue::CreditWithoutEnd
            | AgreementIssue::BilledAtZero
            | AgreementIssue::ExpectedServiceMissing => plain,
        }
    }

    fn is(&self, expected: &ExpectedFinding) -> bool {
        let same = |mine: &[String], theirs: &Option<Vec<String>>| theirs.as_ref().is_none_or(|theirs| mine == theirs);
        self.kind == expected.kind
            && self.client == expected.client
            && (expected.product.is_none() || self.product == expected.product)
            && same(&self.agreements, &expected.agreements)
            && same(&self.lines, &expected.lines)
    }

    fn told(&self) -> String {
        let names = [&self.client, self.kind].map(str::to_owned);
        let names = names.into_iter().chain(self.product.clone()).chain(self.agreements.clone());
        names.chain(self.lines.clone()).collect::<Vec<_>>().join(" ")
    }
}

/// Where findings are not what is right: one sentence each.
pub(super) fn differences(expected: &[ExpectedFinding], observed: &[ObservedFinding]) -> Vec<String> {
    let mut left: Vec<&ObservedFinding> = observed.iter().collect();
    let mut found = Vec::new();
    for expected in expected {
        let Some(at) = left.iter().position(|one| one.is(expected)) else {
            let product = expected.product.as_deref().unwrap_or_default();
            found.push(format!("{} {} {product}: this finding is expected", expected.client, expected.kind));
            continue;
        };
        let one = left.remove(at);
        let text = |number: Option<Decimal>| number.map(shown).unwrap_or_default();
        let fields = [
            ("monthly", expected.monthly.map(text), text(one.monthly)),
            ("price", expected.price.map(shown), text(one.price)),
            ("against", expected.against.map(shown), text(one.against)),
            ("others", expected.others.map(shown), text(one.others)),
            (
                "currency",
                expected.currency.map(|one| one.to_string()),
                one.currency.map(|one| one.to_string()).unwrap_or_default(),
            ),
            ("day", expected.day.map(|one| one.to_string()), one.day.map(|one| one.to_string()).unwrap_or_default()),
        ];
        let wrong = fields.into_iter().filter_map(|(name, right, got)| Some((name, right?, got)));
        for (name, right, got) in wrong.filter(|(_, right, got)| right != got) {
            found.push(format!("{}: {name} should be `{right}`, is `{got}`", one.told()));
        }
    }
    found.extend(left.iter().map(|one| format!("{}: this finding is not expected", one.told())));
    found
}

pub(super) fn finding(fields: &Fields<'_>) -> ExpectedFinding {
    let kinds = AgreementIssue::CODES.map(|code| (code, code));
    let kind = fields.choice("kind", &kinds);
    if !fields.has("kind") {
        fields.fault("kind", "it is missing".to_owned());
    }
    ExpectedFinding {
        kind: kind.unwrap_or_default(),
        client: fields.need_text("client"),
        product: fields.text("product"),
        agreements: fields.has("agreements").then(|| fields.texts("agreements")),
        lines: fields.has("lines").then(|| fields.texts("lines")),
        monthly: fields.number_or("monthly", ""),
        currency: fields.currency("currency"),
        day: fields.day("day"),
        price: fields.number("price"),
        against: fields.number("against"),
        others: fields.number("others"),
    }
}
