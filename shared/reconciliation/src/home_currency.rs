//! The currency that is told first: that of the rules, else that of most lines.

use std::collections::BTreeMap;

use truecount_billing::{Currency, IdError};

use crate::run_inputs::BilledClient;

/// The code that stands for no currency at all: of money in a run that names none anywhere.
pub const NO_CURRENCY: &str = "XXX";

/// The home currency of a run. `of_rules`: that which the rules name.
///
/// # Errors
/// Never: every code that stands here is one.
pub fn home_currency(of_rules: Option<Currency>, clients: &[BilledClient]) -> Result<Currency, IdError> {
    of_rules.map_or_else(|| most_used(clients), Ok)
}

/// The currency of most lines, the first by name of several; of rules that name none.
fn most_used(clients: &[BilledClient]) -> Result<Currency, IdError> {
    let mut lines: BTreeMap<Currency, usize> = BTreeMap::new();
    let agreements = clients.iter().flat_map(|client| &client.agreements);
    for currency in agreements.flat_map(|one| &one.lines).filter_map(|line| line.currency) {
        *lines.entry(currency).or_default() += 1;
    }
    let most = lines.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most });
    most.map_or_else(|| Currency::new(NO_CURRENCY), |(currency, _)| Ok(currency))
}

#[cfg(test)]
mod tests {
    use truecount_billing::{Agreement, AgreementId, BillingStatus, ClientId, LineId, LineRole, ProductCode};

    use super::*;
    use crate::run_inputs::{AgreementLine, BilledAgreement, LinesRead};

    fn line(currency: &str) -> AgreementLine {
        AgreementLine {
            id: LineId::new("L").unwrap(),
            product: ProductCode::new("SEAT").unwrap(),
            product_name: None,
            category: None,
            role: LineRole::Recurring,
            quantity: rust_decimal::Decimal::ONE,
            less_included: None,
            unit_price: None,
            catalogue_price: None,
            unit_cost: None,
            currency: Currency::new(currency).ok(),
            from: None,
            to: None,
            status: BillingStatus::Billable,
        }
    }

    /// The home currency where lines are in these, an agreement each.
    fn home(of_rules: Option<&str>, lines: &[&str]) -> String {
        let agreement = |currency: &&str| BilledAgreement {
            agreement: Agreement::new(AgreementId::new("A").unwrap(), "Managed"),
            amount: None,
            currency: None,
            lines: vec![line(currency)],
        };
        let client = BilledClient {
            id: ClientId::new("1").unwrap(),
            name: "Alder Dental".to_owned(),
            identifier: None,
            read: LinesRead::Complete,
            last_known: Vec::new(),
            agreements: lines.iter().map(agreement).collect(),
        };
        home_currency(of_rules.map(|code| Currency::new(code).unwrap()), &[client]).unwrap().to_string()
    }

    #[test]
    fn the_currency_of_most_lines_is_told_first() {
        assert_eq!(home(None, &["EUR", "GBP", "USD", "GBP"]), "GBP");
        assert_eq!(home(None, &["USD", "EUR", "EUR", "USD"]), "EUR", "of as many, the first by name");
        assert_eq!(home(None, &["EUR", "USD", "USD"]), "USD");
        assert_eq!(home(None, &[""]), NO_CURRENCY);
    }

    #[test]
    fn the_currency_of_the_rules_comes_before_that_of_the_lines() {
        assert_eq!(home(Some("CHF"), &["EUR", "EUR"]), "CHF");
    }
}
