//! What an agreement bills, and what was done with it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AgreementId, Currency};

use crate::context::RunContext;
use crate::outcome::RevenueCoverage;
use crate::run_inputs::BilledClient;

/// The recurring revenue of an agreement in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementRevenue {
    /// The PSA's id.
    pub agreement_id: AgreementId,
    /// Its name. Foreign text.
    pub agreement_name: String,
    /// The next invoice date; `None`: the PSA tells none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_invoice_date: Option<Date>,
    /// What the PSA itself says that this invoice will be; `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_invoice_amount: Option<Decimal>,
    /// Months of one billing cycle; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle_months: Option<u32>,
    /// Of which currency.
    pub currency: Currency,
    /// What it bills a month, by what was done with it.
    pub revenue: RevenueCoverage,
}

impl AgreementRevenue {
    /// What it bills for a whole billing cycle; `None`: the cycle is not known, or there are too many digits.
    #[must_use]
    pub fn of_cycle(&self) -> Option<Decimal> {
        self.revenue.total()?.checked_mul(Decimal::from(self.cycle_months?.max(1)))
    }
}

/// The agreements of a client, by their ids; also those that were known before and were not read now.
pub(crate) fn agreement_revenues(
    client: &BilledClient,
    context: &RunContext,
    found: BTreeMap<(AgreementId, Currency), RevenueCoverage>,
) -> Vec<AgreementRevenue> {
    let all = || client.agreements.iter().chain(client.known_before()).map(|of| &of.agreement);
    let of = |((agreement_id, currency), revenue): ((AgreementId, Currency), RevenueCoverage)| {
        let agreement = all().find(|agreement| agreement.id == agreement_id);
        AgreementRevenue {
            agreement_name: agreement.map(|of| of.name.clone()).unwrap_or_default(),
            next_invoice_date: agreement.and_then(|of| context.next_invoice(of)),
            next_invoice_amount: agreement.and_then(|of| of.next_invoice_amount),
            cycle_months: agreement.and_then(|of| of.cycle_months),
            agreement_id,
            currency,
            revenue,
        }
    };
    found.into_iter().map(of).collect()
}
