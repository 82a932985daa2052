//! What an agreement or its lines give away by themselves: no vendor is asked, and no total holds any of it. Everything is
//! data; words are made elsewhere.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{Agreement, AgreementId, ClientId, Money, ProductCode};

use crate::line_record::LineRecord;

/// Something about a client's agreements that somebody should look at. A row of `agreement_findings.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementFinding {
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// What it is, with what was compared.
    pub finding: AgreementIssue,
    /// The service or, where no rule names it, the product; `None`: it is about a whole agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductCode>,
    /// The agreements, the one that is to be looked at first.
    pub agreements: Vec<ReviewedAgreement>,
    /// The lines. None, where one is missing or an agreement bills an amount of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineRecord>,
    /// What is at stake in a month, never negative; `None`: that cannot be computed exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
}

/// What somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum AgreementIssue {
    /// An agreement ends before the next closing, and nothing of the client takes over. At stake: what it bills.
    AgreementNotRenewed {
        /// Its last day.
        last_day: Date,
    },
    /// An agreement still bills what a later one of the client bills, too. At stake: what the older one bills of it.
    AgreementSuperseded {
        /// The later agreement.
        by: AgreementId,
    },
    /// A recurring line bills less than nothing, and has no last day. At stake: what it takes off.
    CreditWithoutEnd,
    /// Lines change within a billing period of an agreement that bills no part of one.
    ChangeNotProrated {
        /// The first days of the changes.
        days: Vec<Date>,
    },
    /// A unit is sold for less than it costs. At stake: the difference of all units.
    PriceBelowCost {
        /// The price of one unit a month.
        price: Decimal,
        /// What one unit costs a month.
        cost: Decimal,
    },
    /// A price is far from what other clients pay for the product. At stake: the difference of all units.
    UnusualPrice {
        /// The price of one unit a month.
        price: Decimal,
        /// The median of the others' prices a month.
        median: Decimal,
        /// How many others there are.
        clients: u64,
    },
    /// A planned price holds already, and a line is below it. At stake: the difference of all units.
    IncreaseNotApplied {
        /// The price of one unit a month.
        price: Decimal,
        /// The planned one.
        planned: Decimal,
        /// Its first day.
        from: Date,
    },
    /// Lines that are billed have a quantity or a price of zero.
    BilledAtZero,
    /// A line ended within the last twelve months, and the client, which has other agreements, is billed it nowhere. At
    /// stake: what it billed.
    LineNotContinued {
        /// Its last day.
        last_day: Date,
    },
    /// A kind of agreement is expected to have a service, and the client is billed it nowhere.
    ExpectedServiceMissing,
}

impl AgreementIssue {
    /// Every code.
    pub const CODES: [&'static str; 10] = [
        "agreement_not_renewed",
        "agreement_superseded",
        "credit_without_end",
        "change_not_prorated",
        "price_below_cost",
        "unusual_price",
        "increase_not_applied",
        "billed_at_zero",
        "line_not_continued",
        "expected_service_missing",
    ];

    /// The code, as files have it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        let place = match self {
            Self::AgreementNotRenewed { .. } => 0,
            Self::AgreementSuperseded { .. } => 1,
            Self::CreditWithoutEnd => 2,
            Self::ChangeNotProrated { .. } => 3,
            Self::PriceBelowCost { .. } => 4,
            Self::UnusualPrice { .. } => 5,
            Self::IncreaseNotApplied { .. } => 6,
            Self::BilledAtZero => 7,
            Self::LineNotContinued { .. } => 8,
            Self::ExpectedServiceMissing => 9,
        };
        Self::CODES[place]
    }
}

/// An agreement as a finding names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedAgreement {
    /// The PSA's id.
    pub id: AgreementId,
    /// As people know it. Foreign text.
    pub name: String,
    /// Its kind, as the PSA names it. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement_type: Option<String>,
    /// First day, if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day, if it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

impl ReviewedAgreement {
    pub(crate) fn of(agreement: &Agreement) -> Self {
        Self {
            id: agreement.id.clone(),
            name: agreement.name.clone(),
            agreement_type: agreement.agreement_type.clone(),
            from: agreement.from,
            to: agreement.to,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_word_in_json() {
        let day = Date::constant(2026, 11, 30);
        let one = Decimal::ONE;
        let issues = [
            AgreementIssue::AgreementNotRenewed { last_day: day },
            AgreementIssue::AgreementSuperseded { by: AgreementId::new("B").unwrap() },
            AgreementIssue::CreditWithoutEnd,
            AgreementIssue::ChangeNotProrated { days: vec![day] },
            AgreementIssue::PriceBelowCost { price: one, cost: one },
            AgreementIssue::UnusualPrice { price: one, median: one, clients: 5 },
            AgreementIssue::IncreaseNotApplied { price: one, planned: one, from: day },
            AgreementIssue::BilledAtZero,
            AgreementIssue::LineNotContinued { last_day: day },
            AgreementIssue::ExpectedServiceMissing,
        ];
        assert_eq!(issues.clone().map(|issue| issue.code()), AgreementIssue::CODES);
        for issue in issues {
            let text = serde_json::to_string(&issue).unwrap();
            assert!(text.contains(&format!("\"code\":\"{}\"", issue.code())), "{text}");
            assert_eq!(serde_json::from_str::<AgreementIssue>(&text).unwrap(), issue);
        }
    }
}
