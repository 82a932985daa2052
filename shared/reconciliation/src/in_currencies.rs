//! What a client's record says of some currencies alone: for readers who are only concerned with those.

use std::collections::BTreeSet;

use truecount_billing::Currency;

use crate::history::EarlierException;
use crate::record::{ClientRecord, RowRecord};

impl ClientRecord {
    /// Keeps what is of these currencies, and what is of none; answers whether anything is left.
    pub fn retain_currencies(&mut self, currencies: &BTreeSet<Currency>) -> bool {
        self.rows.retain(|row| is_of(row, currencies));
        self.coverage.retain(|currency, _| currencies.contains(currency));
        self.agreements.retain(|agreement| currencies.contains(&agreement.currency));
        let was_of = |earlier: &EarlierException| {
            earlier.last.monthly_impact.is_none_or(|worth| currencies.contains(&worth.currency))
        };
        self.closed.retain(|closed| was_of(&closed.earlier));
        self.not_known.retain(was_of);
        !(self.rows.is_empty() && self.coverage.is_empty() && self.closed.is_empty() && self.not_known.is_empty())
    }
}

/// A row without a single currency is of those of its lines.
fn is_of(row: &RowRecord, currencies: &BTreeSet<Currency>) -> bool {
    match row.currency {
        Some(currency) => currencies.contains(&currency),
        None => row.lines.is_empty() || row.lines.iter().any(|line| currencies.contains(&line.currency)),
    }
}

#[cfg(test)]
mod tests {
    use truecount_billing::{AgreementId, ClientId, LineId, ProductCode};

    use super::*;
    use crate::agreement_revenue::AgreementRevenue;
    use crate::line_record::LineRecord;
    use crate::outcome::RowKind;
    use crate::source_record::LinesReadWord;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    fn row(service: &str, of: Option<&str>, lines: &[&str]) -> RowRecord {
        let line = |code: &&str| LineRecord {
            line_id: LineId::new("L").unwrap(),
            agreement_id: AgreementId::new("A").unwrap(),
            agreement_name: "Managed".to_owned(),
            product_code: ProductCode::new(service).unwrap(),
            product_name: None,
            quantity: 1.into(),
            unit_price: None,
            cycle_months: None,
            prorates: None,
            currency: currency(code),
            from: None,
            to: None,
        };
        let mut row = RowRecord::empty(RowKind::Underbilled, ProductCode::new(service).unwrap());
        row.currency = of.map(currency);
        row.lines = lines.iter().map(line).collect();
        row
    }

    fn agreement(code: &str) -> AgreementRevenue {
        AgreementRevenue {
            agreement_id: AgreementId::new("A").unwrap(),
            agreement_name: String::new(),
            next_invoice_date: None,
            next_invoice_amount: None,
            cycle_months: None,
            currency: currency(code),
            revenue: Default::default(),
        }
    }

    #[test]
    fn what_is_of_another_currency_is_left_out() {
        let mut client = ClientRecord {
            format: 1,
            client_id: ClientId::new("1").unwrap(),
            client_name: "Alder".to_owned(),
            lines_read: LinesReadWord::Complete,
            rows: vec![
                row("EUR", Some("EUR"), &["EUR"]),
                row("USD", Some("USD"), &["USD"]),
                row("BOTH", None, &["USD", "EUR"]),
                row("USD-LINES", None, &["USD"]),
                row("NO-LINE", None, &[]),
            ],
            coverage: [(currency("USD"), Default::default()), (currency("EUR"), Default::default())].into(),
            agreements: ["USD", "EUR"].map(agreement).to_vec(),
            closed: Vec::new(),
            not_known: Vec::new(),
        };
        assert!(client.retain_currencies(&[currency("EUR")].into()));
        let services: Vec<_> = client.rows.iter().map(|row| row.service.as_str()).collect();
        assert_eq!(services, ["EUR", "BOTH", "NO-LINE"]);
        assert_eq!(client.coverage.keys().map(Currency::as_str).collect::<Vec<_>>(), ["EUR"]);
        assert_eq!(client.agreements, [agreement("EUR")]);
        client.rows.retain(|row| row.service.as_str() == "EUR");
        assert!(!client.retain_currencies(&[currency("GBP")].into()), "nothing is left");
    }
}
