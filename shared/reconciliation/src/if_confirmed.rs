//! What mappings that are proposed would come to if they were confirmed: of a row what it would say then, and of a
//! proposal what becomes of the client's rows.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::Currency;

use crate::evidence_record::{AccountRecord, WideningRecord};
use crate::outcome::RowKind;
use crate::record::is_zero;
use crate::run_difference::AddAndReduce;

/// What a row would say if every mapping that is proposed were confirmed. Nothing of it is in a figure or a total of the
/// run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IfConfirmed {
    /// The accounts proposed for the client on which that hangs, the most probable first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<ProposedAccount>,
    /// On how many accounts that are proposed for other clients it hangs, too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub others: u64,
    /// What the row says then.
    pub kind: RowKind,
    /// The least that should be billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The most; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
    /// Units that count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Decimal>,
    /// Units that should be billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_bill: Option<Decimal>,
    /// `should_bill` less what is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<Decimal>,
    /// Of which currency its money is; `None`: of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// What the change is worth a month, signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Decimal>,
    /// Whether a price is a guess.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_estimated: bool,
    /// Where it is not reconciled then, either: what is to be settled first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remains: Option<WideningRecord>,
}

/// An account that is proposed for a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedAccount {
    /// The account.
    pub account: AccountRecord,
    /// How probable it is that it is the client's, from 0 to 1 with three places; `None`: it is proposed for another reason
    /// than a similar name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Decimal>,
}

/// What becomes of a client's rows if the mapping that is proposed for an account is confirmed, with every other proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalEffect {
    /// How many other accounts that are proposed for the client the same rows hang on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub together_with: u64,
    /// Rows of which the figures become known, by what they say then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settled: BTreeMap<RowKind, u64>,
    /// Rows of which less is unknown then, and still something.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub open: u64,
    /// Rows of which nothing is told now, by what they say then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub new: BTreeMap<RowKind, u64>,
    /// What the changes of all these come to a month, by currency.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub amounts: BTreeMap<Currency, AddAndReduce>,
    /// Of these changes how many have no known value.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced: u64,
}

impl ProposalEffect {
    /// Whether no row says anything else then.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.settled.is_empty() && self.new.is_empty() && self.open == 0
    }
}
